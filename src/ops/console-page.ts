/** The console's page as the server sends it: what everybody may see stands in it as a table, for browsers without JavaScript. Pure. */

import { escapeXml } from '../text/xml-escape.ts';
import type { HealthReport, ServiceEntry } from './health.ts';

export type Words = Readonly<Record<string, string>>;

export interface ConsolePageInput {
  readonly report: HealthReport;
  readonly words: Words;
  readonly language: string;
  /** Epoch ms. */
  readonly now: number;
}

/** Where it goes in index.html. */
const PLACES = { language: '<html lang="en">', facts: '<!-- FACTS -->' } as const;

export function renderConsolePage(shell: string, input: ConsolePageInput): string {
  // By functions: in what is put in, `$&` would mean something.
  return shell
    .replace(PLACES.language, () => `<html lang="${input.language}">`)
    .replace(PLACES.facts, () => renderFacts(input));
}

function renderFacts({ report, words, now }: ConsolePageInput): string {
  const say = (key: string) => escapeXml(words[key] ?? key);
  const head = ['service', 'state', 'since', 'reason', 'setting', 'phones', 'lastProbe'].map(
    (column) => `<th scope="col">${say(`facts.${column}`)}</th>`,
  );
  const rows = report.services.map((service) => renderRow(service, say));
  const problems = report.problems.map((problem) => `<li lang="en">${escapeXml(problem)}</li>`);
  return `<h1>ippa-proxy: ${say(`status.${report.status}`)}</h1>
<p>${say('facts.intro')} ${escapeXml(new Date(now).toISOString())}</p>
<table><thead><tr>${head.join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table>
${problems.length === 0 ? '' : `<h2>${say('overview.problems')}</h2><ul>${problems.join('')}</ul>`}`;
}

function renderRow(service: ServiceEntry, say: (key: string) => string): string {
  const { name, id, state, attempt, since, reason, runbook, admin, adminReason, phones, lastProbe } = service;
  const drill = service.drill === null ? '' : `<br><strong>${say('drill.on')}</strong>`;
  const link = runbook === null ? '' : ` <a href="/console/${escapeXml(runbook)}">${say('runbook.link')}</a>`;
  const cells = [
    `${say(`state.${state}`)}${attempt === null ? '' : ` (${attempt})`}${drill}`,
    escapeXml(since ?? ''),
    `<span lang="en">${escapeXml(reason ?? '')}</span>${link}`,
    `${say(`admin.${admin}`)}${adminReason === null ? '' : `: ${escapeXml(adminReason)}`}`,
    String(phones),
    escapeXml(lastProbe ?? ''),
  ];
  return `<tr class="is-${state}"><th scope="row">${escapeXml(name)} (${escapeXml(id)})</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}
