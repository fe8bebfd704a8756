/** Which records of outages there are: found by id and by service, and bounded (outage-bounds.ts). */

import { isToCome } from '../domain/outage-sides.ts';
import type { Kept } from './kept-outage.ts';
import { type OutageBounds, selectOutages } from './outage-bounds.ts';

export interface OutageBook {
  /** By id, oldest first. */
  readonly records: Map<string, Kept>;
  /** Records that were found to be part of another one, and of which. */
  readonly merged: Map<string, string>;
  /** Also by the id of one that has become part of it. */
  find(id: string): Kept | undefined;
  /** Those of whose devices is taken note, newest first. */
  followed(): readonly Kept[];
  /** The outage or the drill of the service that is on. */
  current(service: string, isDrill?: boolean): Kept | undefined;
  /** The last one of the service; not one that a clock which was ahead has dated in the time to come, if there is another. */
  last(service: string, withDrills: boolean): Kept | undefined;
  /** One that has ended for all who saw it, because they are gone say, although its service still fails since then. */
  reopened(service: string, since: number): Kept | undefined;
  /** Short, of two services never the same, and in order when sorted. */
  newId(service: string, startedAt: number): string;
  /** A record has come from elsewhere, or is more than it was; another one has gone, or none. Sorting and pruning is for later. */
  changed(come: Kept, gone: Kept | null): void;
  /** Oldest first, whenever they were heard of. */
  sort(): void;
  /** What is too old or too much goes, and nobody follows what is long over. */
  prune(): void;
}

export interface OutageBookOptions {
  readonly bounds: () => OutageBounds;
  /** By the clock that proxies share. */
  readonly now: () => number;
  readonly forgotten: (id: string) => void;
  /** Of a record that stays, or goes next. */
  readonly devicesForgotten: (id: string, devices: Iterable<string>) => void;
  /** Something was forgotten. */
  readonly pruned: () => void;
}

export function createOutageBook({ bounds, now, ...tell }: OutageBookOptions): OutageBook {
  const records = new Map<string, Kept>();
  const merged = new Map<string, string>();
  let followed: readonly Kept[] = [];

  const forgetDevices = ({ outage: { id }, devices }: Kept) => {
    tell.devicesForgotten(id, devices.keys());
    devices.clear();
  };
  const forget = (record: Kept) => {
    const { id } = record.outage;
    forgetDevices(record);
    records.delete(id);
    tell.forgotten(id);
  };
  const isFollowed = ({ outage: { endedAt, startedAt } }: Kept) =>
    endedAt === null || now() - startedAt < bounds().followMs;

  return {
    records,
    merged,
    find: (id) => records.get(id) ?? records.get(merged.get(id) ?? ''),
    followed: () => followed,
    current: (service, isDrill = false) =>
      followed.find(({ outage }) => outage.service === service && outage.endedAt === null && outage.drill === isDrill),
    last(service, withDrills) {
      const all = followed.filter(({ outage }) => outage.service === service && (withDrills || !outage.drill));
      return all.find(({ outage }) => !isToCome(outage, now())) ?? all[0];
    },
    reopened: (service, since) =>
      followed.find(
        ({ outage }) =>
          outage.service === service &&
          !outage.drill &&
          since >= outage.startedAt - 1000 &&
          since < (outage.endedAt ?? 0),
      ),
    newId(service, startedAt) {
      const time = new Date(startedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
      const base = `${time}-${service}`;
      for (let number = 1; ; number++) {
        const id = number === 1 ? base : `${base}-${number}`;
        if (!records.has(id) && !merged.has(id)) return id;
      }
    },
    changed(come, gone) {
      const isOpen = !followed.includes(come) && isFollowed(come);
      followed = [...(isOpen ? [come] : []), ...followed].filter((each) => each !== gone);
    },
    sort() {
      const sorted = [...records].sort(([, { outage: one }], [, { outage: other }]) => one.startedAt - other.startedAt);
      records.clear();
      for (const [id, kept] of sorted) records.set(id, kept);
    },
    prune() {
      const all = [...records.values()].reverse();
      const { kept, emptied, ...rest } = selectOutages(all, now(), bounds());
      const stays = new Set(kept);
      for (const record of all) if (!stays.has(record)) forget(record);
      for (const record of emptied) forgetDevices(record);
      if (kept.length < all.length || emptied.length > 0) tell.pruned();
      followed = rest.followed;
    },
  };
}
