/** Page templates on their way to another process: what was read and checked once is not read again, since files change. */

import { deserialize, serialize } from 'node:v8';
import type { PageTemplates } from '../pages/templates.ts';

/** What was read. The rest is what a process remembers of the pages that it made. */
type Read = Pick<PageTemplates, 'pages' | 'languages'>;

export function renderTemplates({ pages, languages }: PageTemplates): string {
  const read: Read = { pages, languages };
  return serialize(read).toString('base64');
}

export function parseTemplates(text: string): PageTemplates {
  const { pages, languages }: Read = deserialize(Buffer.from(text, 'base64'));
  return { pages, languages, profiles: new Map(), compiled: new Map(), counts: { compiled: 0 } };
}
