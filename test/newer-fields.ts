/** What a newer version says more in a register, at every depth, and what of it has to be there when this version has written it anew. */

import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { Json } from '../src/domain/register.ts';
import type { FactKind, Facts } from '../src/shared/facts.ts';

const NEWER = 'tomorrow';
type Fields = { readonly [key: string]: Json };

/** Every object of it says something more, each time something else. */
export function withNewer(value: Json, next: () => Json): Json {
  if (Array.isArray(value)) return value.map((each) => withNewer(each, next));
  if (!isFields(value)) return value;
  const fields = Object.entries(value).filter(([key]) => key !== NEWER);
  const rest = Object.fromEntries(fields.map(([key, each]) => [key, withNewer(each, next)]));
  return { ...rest, [NEWER]: next() };
}

/** What proxy `own` made of what stood there, field by field: to be looked at afterwards, since who listens may not throw. */
export function watchWrites(facts: Facts, kinds: readonly FactKind[], own: string): readonly (readonly [Json, Json])[] {
  const last = new Map<string, Json>();
  const writes: (readonly [Json, Json])[] = [];
  for (const kind of kinds)
    facts.subscribe(kind, (field, { value, proxy }) => {
      const before = last.get(`${kind} ${field}`) ?? null;
      if (proxy === own && before !== null && value !== null) writes.push([before, value]);
      last.set(`${kind} ${field}`, value);
    });
  return writes;
}

/**
 * `after` is what this version made of `before`. `isThing`: at that path is a thing which changes and stays the same (a phone, what
 * a proxy saw); everything else is one fact, which stays as a whole or is replaced by another.
 */
export function expectKept(before: Json, after: Json, isThing: (path: readonly string[]) => boolean): void {
  const look = (was: Json, is: Json, path: readonly string[]) => {
    if (isFields(was) && isFields(is) && isThing(path)) {
      expect([path, is[NEWER]]).toEqual([path, was[NEWER]]);
      for (const [key, value] of Object.entries(is))
        if (key !== NEWER && was[key] !== undefined) look(was[key], value, [...path, key]);
    } else if (Array.isArray(was) && Array.isArray(is)) {
      for (const each of is as Json[]) {
        const found = was.find((one: Json) => isSame(one, each, 1000)) ?? null;
        expect([path, isDeepStrictEqual(each, found ?? stripped(each))]).toEqual([path, true]);
      }
    } else if (isSame(was, is)) expect([path, is]).toEqual([path, was]);
    else expect([path, isDeepStrictEqual(is, stripped(is))]).toEqual([path, true]);
  };
  look(before, after, []);
}

/** As this version understands them. Times within lists may have been through another clock. */
function isSame(one: Json, other: Json, withinMs = 0): boolean {
  const [mine, its] = [stripped(one), stripped(other)];
  if (!isFields(mine) || !isFields(its) || typeof mine.at !== 'number' || typeof its.at !== 'number')
    return isDeepStrictEqual(mine, its);
  return Math.abs(mine.at - its.at) <= withinMs && isDeepStrictEqual({ ...mine, at: 0 }, { ...its, at: 0 });
}

function stripped(value: Json): Json {
  if (Array.isArray(value)) return value.map(stripped);
  if (!isFields(value)) return value;
  const fields = Object.entries(value).filter(([key]) => key !== NEWER);
  return Object.fromEntries(fields.map(([key, each]) => [key, stripped(each)]));
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
