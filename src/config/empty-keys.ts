/** Keys with nothing after them, or with `null`: they count as absent, which is rarely meant. Pure. */

import { describeKey, type KeyDescription, renderAllowed, renderDefault } from './key-description.ts';
import type { Finding, KeyPath } from './problem.ts';

/**
 * A warning for each, but where absent is the same as an empty mapping or list: a section whose keys are all commented out.
 * The value is a configuration without faults, as the document has it: nothing there is undefined.
 */
export function warnOfEmptyKeys(value: unknown, path: KeyPath = []): Finding[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => warnOfEmptyKeys(item, [...path, index]));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => warnOfEmptyKeys(inner, [...path, key]));
  const key = value === undefined && path.length > 0 ? describeKey(path) : null;
  if (key === null || isEmptyByDefault(key)) return [];
  const found = `nothing stands here, so it counts as absent (default: ${renderDefault(key).replaceAll('`', '')})`;
  return [{ path, found, allowed: `allowed: ${renderAllowed(key)}` }];
}

function isEmptyByDefault({ default: value }: KeyDescription): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
