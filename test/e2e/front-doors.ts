/** What docs/front-doors.md tells administrators to enter, for tests that do so. */

import { readFileSync } from 'node:fs';

const PAGE = readFileSync(new URL('../../docs/front-doors.md', import.meta.url), 'utf8');

/** The block of the page in that language, with other words at its places. Each of these must be there. */
export function configurationOf(language: string, places: Readonly<Record<string, string>>): string {
  const block = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(PAGE)?.[1];
  if (block === undefined) throw new Error(`docs/front-doors.md has no block ${language}`);
  return Object.entries(places).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the block ${language} of docs/front-doors.md has no ${from}`);
    return text.replaceAll(from, to);
  }, block);
}
