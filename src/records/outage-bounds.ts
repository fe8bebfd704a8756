/** How many records of outages are kept, and of whose devices is still taken note. Pure. */

import type { Outage } from '../domain/outage.ts';

export interface OutageBounds {
  /** Records beyond this many go, the oldest first; their devices go before. */
  readonly records: number;
  readonly devices: number;
  /** Outages that are over and of whose devices is still taken note: each costs a look at every relayed page. */
  readonly followed: number;
  /** After t0. Who signs in after that begins another day. */
  readonly followMs: number;
  readonly keepForMs: number;
}

export const OUTAGE_BOUNDS: Omit<OutageBounds, 'keepForMs'> = {
  ...{ records: 10_000, devices: 200_000 },
  ...{ followed: 16, followMs: 12 * 3_600_000 },
};

export interface BoundedOutage {
  readonly outage: Outage;
  readonly devices: { readonly size: number };
}

export interface OutageSelection<R> {
  /** Newest first, as the others. */
  readonly kept: readonly R[];
  /** Those of the kept ones that lose their devices. */
  readonly emptied: readonly R[];
  readonly followed: readonly R[];
}

/** `records` are newest first. One that is on stays whatever it costs, and the devices of the newest do. */
export function selectOutages<R extends BoundedOutage>(
  records: readonly R[],
  now: number,
  bounds: OutageBounds,
): OutageSelection<R> {
  const isOver = ({ outage }: R) => outage.endedAt !== null;
  const ageOf = ({ outage }: R) => now - outage.startedAt;
  const kept = records.filter((record, index) => {
    return !isOver(record) || (ageOf(record) <= bounds.keepForMs && index < bounds.records);
  });
  let left = bounds.devices;
  const emptied = kept.filter((record, index) => {
    left -= record.devices.size;
    return left < 0 && index > 0 && isOver(record) && record.devices.size > 0;
  });
  const over = kept.filter((record) => isOver(record) && ageOf(record) < bounds.followMs).slice(0, bounds.followed);
  return { kept, emptied, followed: kept.filter((record) => !isOver(record) || over.includes(record)) };
}
