/** The schema as plain data, for error messages and for the manual. */

import { z } from 'zod';
import { configSchema } from './schema.ts';
import type { KeyMeta } from './schema-parts.ts';

/** A key of the schema as messages and the manual need it. */
export interface KeyDescription extends Partial<KeyMeta> {
  readonly type?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, KeyDescription>>;
  readonly required?: readonly string[];
  readonly items?: KeyDescription;
  /** Of a key that takes several kinds of values. */
  readonly anyOf?: readonly KeyDescription[];
}

let rootDescription: KeyDescription | null = null;

/** The whole schema as plain data. */
export function describeConfig(): KeyDescription {
  rootDescription ??= z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as KeyDescription;
  return rootDescription;
}

/** The key at a path (list positions are numbers), or null when the schema has none there. */
export function describeKey(path: readonly (string | number)[]): KeyDescription | null {
  let key: KeyDescription | undefined = describeConfig();
  for (const step of path) {
    const properties: Readonly<Record<string, KeyDescription>> = key.properties ?? {};
    const items: KeyDescription | undefined = key.items ?? key.anyOf?.find((kind) => kind.items !== undefined)?.items;
    key = typeof step === 'number' ? items : Object.hasOwn(properties, step) ? properties[step] : undefined;
    if (key === undefined) return null;
  }
  return key;
}

/** What holds where the key is absent, for the manual and for messages. */
export function renderDefault({ defaultText, default: value }: KeyDescription): string {
  if (defaultText !== undefined) return defaultText;
  if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) return 'none';
  return Array.isArray(value) ? `\`[${value.join(', ')}]\`` : `\`${value}\``;
}

/** What is allowed there, in words. */
export function renderAllowed(key: KeyDescription | null): string {
  if (key?.allowed !== undefined) return key.allowed;
  if (key?.properties !== undefined) return `a mapping with the keys ${renderKeysOf(key)}`;
  return key?.items?.allowed !== undefined ? `a list, each ${key.items.allowed}` : 'a list';
}

export function renderKeysOf(key: KeyDescription): string {
  return Object.keys(key.properties ?? {}).join(', ');
}
