/** Reading the elements of a request, and writing those of an answer. */

import { group, leaf, type XmlElement } from '../finesse/xml.ts';
import { AxlFault } from './axl-fault.ts';
import type { Database } from './database.ts';

export interface Context {
  readonly database: Database;
  /** What Unified CM says it is. */
  readonly release: string;
  /** Rows that fit into one answer; null: any number. */
  readonly rows: number | null;
}

export function first(element: XmlElement, name: string): XmlElement {
  const found = element.children.find((each) => each.name === name);
  if (found === undefined) throw new AxlFault('-1', `${name} is missing`);
  return found;
}

export function text(element: XmlElement, ...path: readonly string[]): string {
  const end = path.reduce<XmlElement | undefined>(
    (at, name) => at?.children.find((each) => each.name === name),
    element,
  );
  return end?.text ?? '';
}

/** A pattern of SQL: % for any characters. */
export function matches(pattern: string, value: string): boolean {
  const escaped = pattern.split('%').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`, 'i').test(value);
}

export function paged(request: XmlElement, context: Context, rows: readonly string[]): readonly string[] {
  const [skip, count] = [text(request, 'skip'), text(request, 'first')];
  // skip counts only together with first (reference §2).
  return limited(context, count === '' ? rows : rows.slice(Number(skip || 0), Number(skip || 0) + Number(count)));
}

export function limited({ rows: most }: Context, rows: readonly string[]): readonly string[] {
  if (most === null || rows.length <= most) return rows;
  throw new AxlFault(
    '-1',
    `Query request too large. Total rows matched: ${rows.length} rows. Suggestive Row Fetch: less than ${most + 1} rows`,
  );
}

export function truth(value: string): string {
  return ['t', 'true', '1'].includes(value) ? 'true' : 'false';
}

export function renderVendorConfig(values: Readonly<Record<string, string>>): string {
  return group(
    'vendorConfig',
    Object.entries(values).map(([name, value]) => leaf(name, value)),
  );
}
