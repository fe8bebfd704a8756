/**
 * A fact that several proxies, or the processes of one, know together. The newer stamp wins, so it does not matter in which
 * order, how often or how late registers arrive (docs/shared-memory.md).
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Register {
  /** When it was set, ms by the store's clock. */
  readonly at: number;
  /** Who set it: the id of a proxy. */
  readonly proxy: string;
  /** null: the fact was deleted, which is a fact too. */
  readonly value: Json;
}

/**
 * Whether `one` says something newer than `other`. Of two that were set in the same millisecond that of the greater id counts; of
 * two by processes of the same proxy, that with the greater text, so that all agree whichever they heard of first.
 */
export function isNewer(one: Register, other: Register | null): boolean {
  if (other === null) return true;
  if (one.at !== other.at) return one.at > other.at;
  if (one.proxy !== other.proxy) return one.proxy > other.proxy;
  return one.value !== other.value && JSON.stringify(one.value) > JSON.stringify(other.value);
}

/** What a newer version of the proxy has put into a value: it stays there when this one changes the rest. */
export function unknownFields(value: Json | undefined, known: readonly string[]): { readonly [key: string]: Json } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([key]) => !known.includes(key)));
}
