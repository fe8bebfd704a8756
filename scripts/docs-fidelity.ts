/** Writes docs/fidelity.md, and the table of what is assumed in docs/unified-cm.md, from the list of facts. */

import { readFileSync, writeFileSync } from 'node:fs';
import type { Fact } from '../src/capture/fact.ts';
import { assumptions, facts } from '../src/capture/facts.ts';

export function renderFidelityDoc(): string {
  const table = (some: readonly Fact[], source: string) => {
    const rows = some.map(({ id, what, source: from, finesse, phone, look }) => {
      return `| ${id} | ${what} | ${from} | ${finesse} | ${phone} | ${look} |`;
    });
    const head = `| | Fact | ${source} | Simulated Finesse | Simulated phone | In a capture |\n|---|---|---|---|---|---|`;
    return `${head}\n${rows.join('\n')}`;
  };
  const documented = facts.filter((fact) => !assumptions.includes(fact));
  return `# Fidelity

How far the simulated [Finesse](simulators-finesse.md) and [phone](simulators-phone.md) are like real ones, fact by fact. This page is
generated from src/capture/facts.ts (\`npm run docs\`), the list that \`ippa-proxy capture report\` goes by: see [captures](capture.md).
Nothing was copied from a real Finesse, and nobody has compared with one yet.

## Assumed

No public source says so. The number is that of [unified-cm.md](unified-cm.md#what-is-assumed), which says what to do where it is not so.

${table(assumptions, 'Assumed because')}

## Documented

${table(documented, 'Source')}
`;
}

const BEGIN = /<!-- assumptions: [^>]*-->\n/;
const END = '<!-- /assumptions -->';

/** The page with its table anew. */
export function renderUnifiedCmDoc(page: string): string {
  const begin = BEGIN.exec(page);
  const end = page.indexOf(END);
  if (begin === null || end === -1) throw new Error('docs/unified-cm.md has no place for the table of assumptions');
  const rows = assumptions.map(({ id, what, source, ifNot }) => `| ${id} | ${what} | ${source} | ${ifNot} |`);
  const table = `| | Assumption | Why | If it is wrong |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  return `${page.slice(0, begin.index + begin[0].length)}\n${table}\n${page.slice(end)}`;
}

if (import.meta.main) {
  const docs = new URL('../docs/', import.meta.url);
  writeFileSync(new URL('fidelity.md', docs), renderFidelityDoc());
  const page = new URL('unified-cm.md', docs);
  writeFileSync(page, renderUnifiedCmDoc(readFileSync(page, 'utf8')));
}
