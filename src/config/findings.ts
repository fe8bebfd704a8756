/** What the schema finds wrong: types, ranges, unknown keys. In the words of the schema, not of the validator. */

import type { z } from 'zod';
import { renderFound } from './document.ts';
import { describeKey, type KeyDescription, renderAllowed, renderKeysOf } from './key-description.ts';
import type { Finding, KeyPath } from './problem.ts';
import { configSchema, type ParsedConfig } from './schema.ts';

export type SchemaResult = { readonly parsed: ParsedConfig } | { readonly findings: readonly Finding[] };

/** Checks every key by itself; rules that join several keys are in rules.ts. */
export function parseConfig(value: unknown): SchemaResult {
  const result = configSchema.safeParse(value ?? {});
  if (result.success) return { parsed: result.data };
  return { findings: result.error.issues.flatMap((issue) => describeIssue(value, issue)) };
}

/** `pages` alone, which can be right where other keys are wrong; null: it is not. */
export function parsePages(value: unknown): ParsedConfig['pages'] | null {
  const result = configSchema.shape.pages.safeParse(valueAt(value, ['pages']));
  return result.success ? result.data : null;
}

/** `ops` alone, for commands that need nothing else. */
export function parseOps(
  value: unknown,
): { readonly parsed: ParsedConfig['ops'] } | { readonly findings: readonly Finding[] } {
  const result = configSchema.shape.ops.safeParse(valueAt(value, ['ops']));
  if (result.success) return { parsed: result.data };
  const issues = result.error.issues.map((issue) => ({ ...issue, path: ['ops', ...issue.path] }));
  return { findings: issues.flatMap((issue) => describeIssue(value, issue)) };
}

/** `state` alone; null: it is not right. */
export function parseState(value: unknown): ParsedConfig['state'] | null {
  const result = configSchema.shape.state.safeParse(valueAt(value, ['state']));
  return result.success ? result.data : null;
}

function describeIssue(root: unknown, issue: z.core.$ZodIssue): Finding[] {
  const path = issue.path as KeyPath;
  const key = describeKey(path);
  if (issue.code === 'unrecognized_keys') {
    if (key?.secret === true) return [describeSecret(path, valueAt(root, path), key)];
    return issue.keys.map((unknown) => describeUnknownKey(path, unknown));
  }
  const inside = issue.code === 'invalid_union' && key?.secret !== true ? issue.errors.find(isInside) : undefined;
  if (inside !== undefined)
    return inside.flatMap((each) =>
      describeIssue(root, { ...each, path: [...path, ...each.path] } as z.core.$ZodIssue),
    );
  const value = valueAt(root, path);
  if (key?.secret === true) return [describeSecret(path, value, key)];
  // A file that is one text as a whole may well be a password file given by mistake.
  const found = path.length === 0 && isScalar(value) ? NOT_PRINTED : renderFound(value);
  return [{ path, found, allowed: renderAllowed(key) }];
}

const NOT_PRINTED = 'a value that is not printed';

/** What stands where a secret does may be one, also as a key: `{ env: NAME, hunter2 }`. */
function describeSecret(path: KeyPath, value: unknown, key: KeyDescription): Finding {
  const allowed = renderAllowed(key);
  if (isScalar(value)) return { path, found: NOT_PRINTED, allowed };
  if (!isMapping(value)) return { path, found: renderFound(value), allowed };
  const keys = Object.keys(value);
  if (keys.some((name) => name !== 'env' && name !== 'file'))
    return { path, found: 'a key that is not printed', allowed };
  if (keys.length === 2) return { path, found: 'both env and file', allowed: `one of them alone: ${allowed}` };
  const [name] = keys;
  const found =
    name === undefined ? 'a mapping with neither env nor file' : `${name} without ${WHAT_OF[name] ?? 'text'}`;
  return { path, found, allowed };
}

const WHAT_OF: Readonly<Record<string, string>> = { env: 'the name of a variable', file: 'the path of a file' };

/** Of a key that takes several kinds of values: the right kind, with something wrong in it. */
function isInside(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.length > 0 && issues.every(({ path }) => path.length > 0);
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' && value !== undefined;
}

function describeUnknownKey(parent: KeyPath, name: string): Finding {
  const path = [...parent, name];
  const mapping = describeKey(parent);
  const nearest = nearestKey(name, Object.keys(mapping?.properties ?? {}));
  const known = mapping === null ? '' : renderKeysOf(mapping);
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
  return { path, found: 'an unknown key', allowed: `${known}${hint}` };
}

function valueAt(root: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, step) => {
    return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
      ? (value as Record<string | number, unknown>)[step]
      : undefined;
  }, root);
}

/** The key that was probably meant: at most two letters off, and no more than half of them; letter case apart. */
function nearestKey(name: string, known: readonly string[]): string | null {
  if (name.length > 40) return null;
  const ranked = known
    .map((key) => ({ key, distance: editDistance(name.toLowerCase(), key.toLowerCase()) }))
    .filter(({ key, distance }) => distance <= 2 && distance <= key.length / 2)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.key ?? null;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
