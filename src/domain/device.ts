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
}

export function newDevice(at: number): Device {
  return { service: null, seenAt: at, looking: null, lastKey: 'no-matter', prefill: null };
}

/** The kind of a relayed phone page, as far as signing in goes. */
export type RelayedPage = 'sign-in' | 'input' | 'other';

/**
 * A relayed page shows whether the device is signed in there: any phone XML other than a sign-in form says yes, a sign-in
 * form of that service says no, other inputs say nothing (contract.md, "States of a service").
 */
export function reduceRelayed(device: Device, service: string, page: RelayedPage, logout: boolean): Device {
  const signedOut = device.service === service ? { ...device, service: null } : device;
  if (logout || page === 'sign-in') return signedOut;
  return page === 'input' || device.service === service ? device : { ...device, service };
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
    return value !== null && value !== '' && [...value].length <= MAX_VALUE && isPrintable(value) ? value : null;
  };
  const prefill = { id: read('id'), extension: read('extension') };
  return prefill.id === null && prefill.extension === null ? null : prefill;
}

function isPrintable(value: string): boolean {
  return !/\p{C}/u.test(value);
}

/** Whether a query holds nothing but `id` and `extension`, so that answering it ourselves loses nothing. */
export function isEntryQuery(query: string | null): boolean {
  return query === null || query.split('&').every((pair) => /^(?:id|extension)?(?:=|$)/.test(pair));
}

/** Whether a request signs in: then its `id` and `extension` are the agent's own. */
export function hasPassword(query: string | null): boolean {
  return query !== null && /(?:^|&)password=/.test(query);
}
