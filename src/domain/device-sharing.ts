/** What two proxies know of one phone, made one. Pure. */

import type { Device, LeftService } from './device.ts';
import type { PhonePlace } from './phone-address.ts';

/** What is told of a phone. Times are epoch ms. */
export interface SharedDevice extends Device {
  readonly since: number | null;
  readonly from: PhonePlace | null;
  readonly model: string | null;
  readonly place: PhonePlace | null;
  /**
   * When it signed in or out last, by the store's clock. Whatever else is told of it later by somebody who has not heard of that
   * yet (what it looks at, say) does not take that back.
   */
  readonly signedAt: number;
}

const MAX_LEFT = 4;
/** Clocks are known to some ms: times that differ by no more may be the same. */
export const CLOCKS_DIFFER_MS = 1000;

/**
 * The later sign-in or sign-out counts, and of the rest what `newer` says. Who has only just met a phone does not know all of it
 * (its model, its agent), and that is no reason to forget it.
 */
export function mergeDevices<T extends SharedDevice>(older: T, newer: T): T {
  const [first, last] = newer.signedAt >= older.signedAt ? [older, newer] : [newer, older];
  const isSame = first.service === last.service;
  return {
    ...newer,
    service: last.service,
    since: isSame ? earlier(first.since, last.since) : last.since,
    from: last.from ?? (isSame ? first.from : null),
    left: mergeLeft(first, last),
    chosen: last.chosen,
    signedAt: last.signedAt,
    seenAt: Math.max(older.seenAt, newer.seenAt),
    model: newer.model ?? older.model,
    prefill: newer.prefill ?? older.prefill,
    place: newer.place ?? older.place,
  };
}

/** Else two proxies would correct each other for ever. */
function earlier(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return other;
  return one < other - CLOCKS_DIFFER_MS ? one : other;
}

/** A proxy that signs a phone in without knowing where it was could not note that it left there. */
function mergeLeft(first: SharedDevice, last: SharedDevice): readonly LeftService[] {
  const { service } = first;
  if (last.service === null || service === null || service === last.service) return last.left;
  if (last.left.some((each) => each.service === service)) return last.left;
  const all = [...first.left, { service, at: first.seenAt }, ...last.left];
  const byService = new Map(all.map((each) => [each.service, each]));
  byService.delete(last.service);
  return [...byService.values()].sort((one, other) => one.at - other.at).slice(-MAX_LEFT);
}
