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

type Fields = { readonly [key: string]: Json };

/**
 * What this version says of a thing, with what a newer one has said more of it. Fields that are not among its `keys` stay. The
 * value of one that is stays whole, with all that is in it and however deep, as long as this version says of it what it
 * understands of it (`known`; undefined: nothing). Where it says something else that is another fact, and what was said of the
 * former goes with that.
 */
export function keepUnknown(
  said: Fields,
  before: Json | undefined,
  keys: readonly string[],
  known: object | undefined,
): Fields {
  if (!isFields(before)) return said;
  const unknown = Object.entries(before).filter(([key]) => !keys.includes(key));
  const kept = Object.entries(said).map(([key, value]) => {
    const was = fieldOf(before, key);
    return [key, was !== undefined && isSame(value, fieldOf(known as Fields | undefined, key)) ? was : value] as const;
  });
  return Object.fromEntries([...unknown, ...kept]);
}

export function fieldOf(value: Json | undefined, key: string): Json | undefined {
  return isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(one: Json, other: Json | undefined): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  const [all, others] = [Object.entries(one), new Map(Object.entries(other))];
  if (Array.isArray(one) !== Array.isArray(other) || all.length !== others.size) return false;
  return all.every(([key, value]) => others.has(key) && isSame(value, others.get(key)));
}
