/** What is known of one phone, and how a relayed page or a request changes it. Pure. */

import type { Prefill } from './phone-url.ts';

/**
 * What became of the key that led to a page of the proxy's own. `no-matter`: nothing is lost, the phone asked for the
 * service's first page. `may-be-done`: a byte of the request may have arrived, so what it asks for may have happened.
 */
export type LastKey = 'no-matter' | 'not-done' | 'may-be-done';

export interface Device {
  /** The service where it is signed in, or null. */
  readonly service: string | null;
  /** Last request, epoch ms. */
  readonly seenAt: number;
  /** The service about whose outage it was last shown a page of the proxy's own, or null. */
  readonly looking: string | null;
  /** What that page said of the last key. */
  readonly lastKey: LastKey;
  /** What One Button Sign In supplied, and the address that supplied it; never a password. */
  readonly prefill: (Prefill & { readonly address: string }) | null;
  /** Services where it was signed in before it signed in elsewhere, the last one last: its history leads back to them. */
  readonly left: readonly LeftService[];
  /** One of those to which its agent has gone all the same, until the device is signed in again; null: none. */
  readonly chosen: string | null;
  /** What the link to such a service on the last page `elsewhere` ends in. It serves once; null: there is none. */
  readonly offer: string | null;
  /** The beginning of the maintenance of which it was told last, epoch ms; null: of none. */
  readonly noticed: number | null;
}

export interface LeftService {
  readonly service: string;
  /** Epoch ms. */
  readonly at: number;
}

export function newDevice(at: number): Device {
  const signIns = { left: NOWHERE, chosen: null, offer: null, noticed: null };
  return { service: null, seenAt: at, looking: null, lastKey: 'no-matter', prefill: null, ...signIns };
}

const NOWHERE: readonly LeftService[] = [];
/** As long as a phone that sends nothing is remembered by default: what is older is in no history that anybody goes back in. */
const LEFT_FOR_MS = 12 * 3_600_000;
const MAX_LEFT = 4;

/** Whether the device has left a service for another one, not too long ago. */
export function hasLeft({ left }: Device, service: string, now: number): boolean {
  return left.some((each) => each.service === service && now - each.at < LEFT_FOR_MS);
}

/** Once it is signed in on `service`. */
function selectLeft({ left, service: from, seenAt: at }: Device, service: string): readonly LeftService[] {
  const others = left.filter((each) => each.service !== service && each.service !== from && at - each.at < LEFT_FOR_MS);
  const all = from === null ? others : [...others, { service: from, at }];
  return all.length === 0 ? NOWHERE : all.slice(-MAX_LEFT);
}

/** The kind of a relayed phone page, as far as signing in goes. */
export type RelayedPage = 'sign-in' | 'input' | 'other';

/**
 * A relayed page shows whether the device is signed in there: any phone XML other than a sign-in form says yes, a sign-in
 * form of that service says no, other inputs say nothing (contract.md, "States of a service").
 */
export function reduceRelayed(device: Device, service: string, page: RelayedPage, logout: boolean): Device {
  const isHere = device.service === service;
  if (isHere && (logout || page === 'sign-in')) return { ...device, service: null };
  if (logout) return device;
  if (page !== 'other') return isHere ? device : chooses(device, service);
  if (isHere) return device.chosen === null ? device : { ...device, chosen: null };
  return { ...device, service, left: selectLeft(device, service), chosen: null };
}

/** With a form on the screen that was not refused its agent, what is entered there must not be. */
function chooses(device: Device, service: string): Device {
  const isLeft = device.service !== null && device.left.some((each) => each.service === service);
  return isLeft ? { ...device, chosen: service } : device;
}

/** The prefill for a page sent to `address`: shown only to the address that supplied it. */
export function selectPrefill(device: Device | null, address: string): Prefill | null {
  return device?.prefill?.address === address ? device.prefill : null;
}

/**
 * Whether `address` may say what the device's `id` and `extension` are. Anyone can claim a device name, so what a signed-in
 * agent's own address supplied is replaced from elsewhere only by a request that brings a password too.
 */
export function mayPrefill(device: Device | null, address: string, withPassword: boolean): boolean {
  if (withPassword || device === null || device.prefill === null || device.service === null) return true;
  return device.prefill.address === address;
}

/** Longest `id` or `extension` carried: an input field of a phone holds 32 characters (CiscoIPPhone.xsd). */
const MAX_VALUE = 32;

/** `id` and `extension` of a query string; null when it has neither. Values that no agent could have typed are dropped. */
export function parsePrefill(query: string | null): Prefill | null {
  if (query === null || !/(?:^|&)(?:id|extension)=/.test(query)) return null;
  const parameters = new URLSearchParams(query);
  const read = (name: string): string | null => {
    const value = parameters.get(name);
    return value !== null && isPrefillValue(value) ? value : null;
  };
  const prefill = { id: read('id'), extension: read('extension') };
  return prefill.id === null && prefill.extension === null ? null : prefill;
}

/** What an agent could have typed. Nothing else can stand in a URL either: of half a surrogate pair none can be made. */
export function isPrefillValue(value: string): boolean {
  return value !== '' && [...value].length <= MAX_VALUE && !/\p{C}/u.test(value);
}

/** Whether a query holds nothing but `id` and `extension`, so that answering it ourselves loses nothing. */
export function isEntryQuery(query: string | null): boolean {
  return query === null || query.split('&').every((pair) => /^(?:id|extension)?(?:=|$)/.test(pair));
}

/** Whether a request signs in: then its `id` and `extension` are the agent's own. */
export function hasPassword(query: string | null): boolean {
  return query !== null && /(?:^|&)password=/.test(query);
}
