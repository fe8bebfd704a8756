/**
 * What several proxies know of the same outages, made one (domain/outage-sides.ts): what others say is joined with what is known
 * here, and whatever they know less of they are told.
 */

import { isDeepStrictEqual } from 'node:util';
import type { EventOf, Report } from '../domain/events.ts';
import {
  countDevices,
  newOutage,
  type Outage,
  type OutageDevice,
  recountDevice,
  wasSignedIn,
} from '../domain/outage.ts';
import {
  closeSide,
  isSameOutage,
  joinDevices,
  joinHeads,
  type OutageHead,
  type OutageSides,
  reopenSide,
  selectLast,
  selectTimes,
} from '../domain/outage-sides.ts';
import type { Facts } from '../shared/facts.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import type { Journal } from './journal.ts';
import { countsFrom, countsOf, type Kept, keep } from './kept-outage.ts';
import type { OutageBook } from './outage-book.ts';
import { createSharedOutages, type SharedOutages } from './shared-outages.ts';

export interface OutageJoiningOptions {
  readonly book: OutageBook;
  readonly journal: Pick<Journal, 'changed' | 'renew'>;
  /** There are others now: they are to be sorted and pruned, once for many. */
  readonly recordsChanged: () => void;
  readonly reportEnd: (kept: Kept) => void;
  readonly facts: Facts;
  readonly isAlive: (proxy: string) => boolean;
  readonly store: Pick<ServiceStore, 'get'>;
  readonly devices: Pick<DeviceRegistry, 'get'>;
  readonly clock: Clock;
  readonly report: Report;
}

export interface OutageJoining {
  readonly links: SharedOutages;
  /** What is said of a device, joined with what is known here. */
  takeDevice(kept: Kept, said: OutageDevice): void;
  /** Another proxy has said where a phone is signed in. */
  hearWhere(device: string): void;
  /** What the outages were that this proxy saw at a site that it could not reach. */
  noteCut(event: EventOf<'site-reached'>): void;
  /** A proxy that is gone sees nothing any more. */
  closeSides(proxy: string): void;
}

const MINUTE_MS = 60_000;
const ENDED_CLAIM_MS = 3_600_000;
/** In place of a device's name: all devices of an outage. */
export const ALL = '*';

export function createOutageJoining(options: OutageJoiningOptions): OutageJoining {
  const { book, journal, facts, isAlive, store, devices, clock, report } = options;
  const { records, merged, find } = book;
  const self = facts.proxy;

  const changed = (come: Kept, gone: Kept | null) => {
    book.changed(come, gone);
    options.recordsChanged();
  };

  /** What another proxy has said of a device, joined with what is known here. */
  const takeDevice = (kept: Kept, said: OutageDevice): void => {
    const before = kept.devices.get(said.device);
    const after = withWhere(kept.outage, before === undefined ? said : joinDevices(before, said, facts.now()));
    const { id } = kept.outage;
    // Whatever the others know less of they are told again.
    if (!isDeepStrictEqual(after, said) || before === undefined) links.changed(id, said.device);
    if (isDeepStrictEqual(after, before)) return;
    // Until then the counts were what another one said of devices that were not known here.
    if (kept.devices.size === 0) kept.outage = { ...kept.outage, ...countDevices({ ...kept.outage, signedIn: 0 }, []) };
    kept.devices.set(said.device, after);
    journal.changed(`${id} ${said.device}`);
    kept.outage = recountDevice(kept.outage, before ?? null, after);
    // How many there are stands in the record's own line.
    if (!wasSignedIn(kept.outage, after)) journal.changed(id);
  };

  /**
   * What is known of where a phone is signed in: whoever relayed its sign-in may not have known that the record has it. On the
   * service itself it says nothing: it was signed in there.
   */
  const withWhere = (outage: Outage, device: OutageDevice): OutageDevice => {
    const { service = null, since = null } = devices.get(device.device) ?? {};
    if (service === null || since === null || service === outage.service || service === device.service) return device;
    const at = Math.round(since + facts.now() - clock.now());
    if (at <= (device.at ?? device.leftAt ?? -1)) return device;
    return joinDevices(device, { ...device, outcome: 'elsewhere', service, at, backAt: at });
  };

  const hearWhere = (device: string) => {
    for (const kept of book.followed()) {
      const known = kept.devices.get(device);
      if (known !== undefined) takeDeviceAndTell(kept, known);
    }
  };

  const takeDeviceAndTell = (kept: Kept, said: OutageDevice) => {
    const before = kept.outage;
    takeDevice(kept, said);
    if (kept.outage === before) return;
    report({ kind: 'outage-changed', at: clock.now(), service: before.service, outage: before.id });
  };

  /** What the outages were that this proxy saw at a site that it could not reach. */
  const noteCut = ({ site, since, until, nature }: EventOf<'site-reached'>) => {
    const aheadMs = facts.now() - clock.now();
    const cut = { site, since: Math.round(since + aheadMs), until: Math.round(until + aheadMs), nature };
    for (const kept of book.followed()) {
      const { service, startedAt, drill } = kept.outage;
      const status = store.get(service);
      if (drill || status?.site !== site || status.isNear || kept.sides[self] === undefined) continue;
      // Its services fail one after the other, as they are asked.
      if (startedAt < cut.since - MINUTE_MS || startedAt > cut.until) continue;
      takeHead(kept, { ...kept.outage, cut, sides: {} });
    }
  };

  /** A proxy that is gone sees nothing any more. */
  const closeSides = (proxy: string) => {
    const heardAt = facts.get('proxies', proxy)?.at ?? facts.now();
    for (const kept of book.followed()) {
      const side = kept.sides[proxy];
      if (side === undefined || side.until !== null) continue;
      takeHead(kept, { ...kept.outage, sides: { [proxy]: closeSide(side, heardAt) } });
    }
  };

  const takeHead = (kept: Kept, said: OutageHead) => {
    const before = kept.outage;
    const { sides, ...rest } = joinHeads({ ...kept.outage, sides: kept.sides }, said);
    kept.sides = withOwnSide(kept.outage, sides);
    const times = selectTimes(kept.sides);
    const counts = kept.devices.size > 0 ? countsFrom(kept, times.startedAt) : countsOf(said);
    kept.outage = { ...before, ...rest, ...counts, ...times };
    const known = { sides: kept.sides, ...rest };
    const { withinFiveMinutes, summarisedAt, cut } = said;
    const heard = { sides: said.sides, withinFiveMinutes, summarisedAt, ...(cut === undefined ? {} : { cut }) };
    if (!isDeepStrictEqual(known, heard)) links.changed(before.id);
    if (isDeepStrictEqual(kept.outage, before)) return;
    journal.changed(before.id);
    if (before.endedAt === null && kept.outage.endedAt !== null) {
      const last = selectLast(kept.sides);
      if (last === self) options.reportEnd(kept);
      else if (last !== null && !isAlive(last)) void reportEndOnce(kept);
    }
    report({ kind: 'outage-changed', at: clock.now(), service: before.service, outage: before.id });
    mergeWithOthers(kept);
  };

  /** Nobody who saw the end is left to tell of it. */
  const reportEndOnce = async (kept: Kept) => {
    const claim = await facts.claim(`ended/${kept.outage.id}`, ENDED_CLAIM_MS);
    if (claim !== 'theirs' && kept.outage.endedAt !== null) options.reportEnd(kept);
  };

  /** Others took this proxy for gone, and it sees the failure still. */
  const withOwnSide = ({ service, drill }: Outage, sides: OutageSides): OutageSides => {
    const own = sides[self];
    const t0 = drill ? null : (store.get(service)?.t0 ?? null);
    if (own === undefined || own.until === null || t0 === null || t0 + facts.now() - clock.now() > own.until)
      return sides;
    return { ...sides, [self]: reopenSide(own, facts.now()) };
  };

  const hearHead = (head: OutageHead) => {
    const into = merged.get(head.id);
    const kept = find(head.id);
    if (into !== undefined) links.merged(head.id, into);
    if (kept !== undefined) return takeHead(kept, head);
    const { sides, ...rest } = head;
    const outage: Outage = { ...rest, ...selectTimes(sides) };
    const made = keep(outage, sides, []);
    records.set(outage.id, made);
    changed(made, null);
    if (book.followed().includes(made)) {
      for (const device of links.devicesOf(outage.id)) takeDevice(made, device);
    }
    journal.changed(outage.id);
    journal.changed(`${outage.id} ${ALL}`);
    report({ kind: 'outage-changed', at: clock.now(), service: outage.service, outage: outage.id });
    mergeWithOthers(made);
  };

  const hearMerged = (id: string, into: string) => {
    if (merged.get(id) === into) return;
    const kept = records.get(id);
    merged.set(id, into);
    if (kept === undefined) return;
    const target = find(into) ?? keep(newOutage({ ...kept.outage, id: into }, 0), {}, []);
    records.set(target.outage.id, target);
    merge(kept, target);
  };

  /** Proxies that could not hear each other may have begun a record each: the one with the lesser id is that of all. */
  const mergeWithOthers = (kept: Kept) => {
    const now = facts.now();
    const other = book.followed().find((each) => each !== kept && isSameOutage(each.outage, kept.outage, now));
    if (other === undefined || !records.has(kept.outage.id)) return;
    const [into, from] = other.outage.id < kept.outage.id ? [other, kept] : [kept, other];
    merge(from, into);
  };

  const merge = (from: Kept, into: Kept) => {
    const { id } = from.outage;
    records.delete(id);
    for (const [old, target] of merged) if (target === id) merged.set(old, into.outage.id);
    merged.set(id, into.outage.id);
    for (const device of from.devices.values()) {
      takeDevice(into, device);
      links.changed(into.outage.id, device.device);
    }
    links.merged(id, into.outage.id);
    changed(into, from);
    journal.renew();
    links.changed(into.outage.id);
    takeHead(into, { ...from.outage, sides: from.sides });
  };

  const links: SharedOutages = createSharedOutages({
    ...{ facts, clock, onHead: hearHead, onMerged: hearMerged },
    head(id) {
      const kept = records.get(id);
      if (kept === undefined) return null;
      const { startedAt: _, verdictAt, endedAt, cause, decidedBy, ...rest } = kept.outage;
      return { ...rest, sides: kept.sides };
    },
    device: (id, device) => records.get(id)?.devices.get(device) ?? null,
    onDevice(id, device) {
      const kept = find(id);
      // Of those that nobody follows any more the counts are all that is kept.
      if (kept === undefined || !book.followed().includes(kept)) return;
      takeDeviceAndTell(kept, device);
    },
  });

  return { links, takeDevice, hearWhere, noteCut, closeSides };
}
