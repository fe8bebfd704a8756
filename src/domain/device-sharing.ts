/** What two proxies know of one phone, made one. Pure. */

import type { Device, LeftService } from './device.ts';
import type { PhonePlace } from './phone-address.ts';

/** What is told of a phone. Times are epoch ms. */
export interface SharedDevice extends Device {
  readonly since: number | null;
  readonly from: PhonePlace | null;
  readonly model: string | null;
  readonly place: PhonePlace | null;
}

const MAX_LEFT = 4;

/**
 * `newer` counts: where the phone is, and what it looks at. Who has only just met it does not know all of it (its model, its
 * agent), and that is no reason to forget it.
 */
export function mergeDevices<T extends SharedDevice>(older: SharedDevice, newer: T): T {
  const isSame = older.service === newer.service;
  return {
    ...newer,
    seenAt: Math.max(older.seenAt, newer.seenAt),
    since: isSame && older.since !== null && newer.since !== null ? Math.min(older.since, newer.since) : newer.since,
    from: newer.from ?? (isSame ? older.from : null),
    model: newer.model ?? older.model,
    prefill: newer.prefill ?? older.prefill,
    place: newer.place ?? older.place,
    left: mergeLeft(older, newer),
  };
}

/** A proxy that signs a phone in without knowing where it was could not note that it left there. */
function mergeLeft(older: SharedDevice, newer: SharedDevice): readonly LeftService[] {
  const { service } = older;
  if (newer.service === null || service === null || service === newer.service) return newer.left;
  if (newer.left.some((each) => each.service === service)) return newer.left;
  const all = [...older.left, { service, at: older.seenAt }, ...newer.left];
  const last = new Map(all.map((each) => [each.service, each]));
  last.delete(newer.service);
  return [...last.values()].sort((one, other) => one.at - other.at).slice(-MAX_LEFT);
}
