/** What the rules of the configuration are made of: raw values, each with the way to it. Pure. */

import { renderFound } from './document.ts';
import { type Finding, type KeyPath, renderKey } from './problem.ts';

/** A value and the way to it. */
export interface Part {
  readonly path: KeyPath;
  readonly value: unknown;
}

export function at(place: Part, key: string): Part {
  const { path, value } = place;
  const has = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return { path: [...path, key], value: has ? (value as Record<string, unknown>)[key] : undefined };
}

export function items(place: Part): Part[] {
  const list: unknown[] = Array.isArray(place.value) ? place.value : [];
  return list.map((value, index) => ({ path: [...place.path, index], value }));
}

export function text(place: Part): string | null {
  return typeof place.value === 'string' ? place.value : null;
}

export function finding(place: Part, found: string, allowed: string): Finding {
  return { path: place.path, found, allowed };
}

/** No two of them have the same value there. */
export function unique(places: readonly Part[], key: string, allowed: string): Finding[] {
  const first = new Map<string, Part>();
  return places.flatMap((owner) => {
    const place = at(owner, key);
    const value = text(place);
    const earlier = value === null ? undefined : first.get(value);
    if (value !== null && earlier === undefined) first.set(value, owner);
    if (earlier === undefined) return [];
    return [finding(place, `${renderFound(value)}, which ${renderKey(earlier.path)} already has`, allowed)];
  });
}
