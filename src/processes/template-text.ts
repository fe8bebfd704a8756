/** Page templates on their way to another process: what was read and checked once is not read again, since files change. */

import { deserialize, serialize } from 'node:v8';
import type { PageTemplates } from '../pages/templates.ts';

export function renderTemplates({ pages, languages }: PageTemplates): string {
  return serialize({ pages, languages }).toString('base64');
}

export function parseTemplates(text: string): PageTemplates {
  return { ...deserialize(Buffer.from(text, 'base64')), profiles: new Map(), compiled: new Map() };
}
