/** The console's page as the server sends it: what everybody may see stands in it as a table, for browsers without JavaScript. Pure. */

import type { Outage } from '../domain/outage.ts';
import { escapeXml } from '../text/xml-escape.ts';
import type { HealthReport, ServiceEntry } from './health.ts';

export type Words = Readonly<Record<string, string>>;

export interface ConsolePageInput {
  readonly report: HealthReport;
  /** Those that are on. */
  readonly outages: readonly Outage[];
  readonly words: Words;
  readonly language: string;
  /** Epoch ms. */
  readonly now: number;
}

/** Where it goes in index.html. */
const PLACES = {
  language: '<html lang="en">',
  title: '<title>ippa-proxy</title>',
  facts: '<!-- FACTS -->',
} as const;

export function renderConsolePage(shell: string, input: ConsolePageInput): string {
  // By functions: in what is put in, `$&` would mean something.
  return shell
    .replace(PLACES.language, () => `<html lang="${input.language}">`)
    .replace(PLACES.title, () => `<title>${escapeXml(renderVerdict(input))} · ippa-proxy</title>`)
    .replace(PLACES.facts, () => renderFacts(input));
}

const COLUMNS = ['service', 'state', 'since', 'reason', 'setting', 'phones', 'lastProbe'] as const;
/** Named in the title; of more only their number. */
const NAMED = 2;

function renderFacts(input: ConsolePageInput): string {
  const { report, outages, words, now } = input;
  const say = sayIn(words);
  const head = COLUMNS.map((column) => `<th scope="col">${say(`facts.${column}`)}</th>`);
  const rows = report.services.map((service) => renderRow(service, input));
  const problems = report.problems.map((problem) => `<li lang="en">${escapeXml(problem)}</li>`);
  // As the console has them: real ones first, the newest on top.
  const sorted = outages.toSorted((one, other) => {
    return Number(one.drill) - Number(other.drill) || other.startedAt - one.startedAt;
  });
  return `<h1>ippa-proxy: ${escapeXml(renderVerdict(input))}</h1>
<p>${say('facts.intro')} ${renderMoment(now, now)}.</p>
${sorted.map((outage) => renderOutage(outage, input)).join('\n')}
<table><thead><tr>${head.join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table>
${problems.length === 0 ? '' : `<h2>${say('overview.problems')}</h2><ul>${problems.join('')}</ul>`}`;
}

/** What is wrong, and where; all in service is said of no drill. Not escaped. */
function renderVerdict({ report, words, language }: ConsolePageInput): string {
  const { services, status } = report;
  const part = (found: readonly ServiceEntry[], state: string, counted: string) => {
    if (found.length === 0) return [];
    if (found.length > NAMED) return [countIn(words, language, counted, found.length)];
    return [`${found.map(({ name }) => name).join(', ')} ${words[state] ?? state}`];
  };
  const unset = services.filter(({ admin }) => admin !== 'maint');
  const parts = [
    ...part(
      unset.filter(({ state }) => state === 'out-of-service'),
      'state.out-of-service',
      'summary.out',
    ),
    ...part(
      unset.filter(({ state }) => state === 'reconnecting'),
      'state.reconnecting',
      'summary.reconnecting',
    ),
  ];
  const drilled = services.filter(({ drill }) => drill !== null);
  if (drilled.length > 0) parts.push(`${words['drill.word'] ?? ''}: ${drilled.map(({ name }) => name).join(', ')}`);
  if (parts.length > 0) return parts.join(' · ');
  return words[`status.${status}`] ?? status;
}

/** Since when it is on, and how many are missing. Who they are is told to operators, who need JavaScript to sign in. */
function renderOutage(outage: Outage, { words, language, now }: ConsolePageInput): string {
  const { name, drill, startedAt, verdictAt, missing, signedIn } = outage;
  const say = sayIn(words);
  const key = verdictAt === null ? 'outage.reconnecting' : 'outage.out';
  const title = `${drill ? `${say('drill.word')}: ` : ''}${say(key).replace('{name}', () => escapeXml(name))}`;
  const moments = drill
    ? `${say('since')} ${renderMoment(startedAt, now)}`
    : `${say('outage.failed')} ${renderMoment(startedAt, now)}${verdictAt === null ? '' : `, ${say('outage.out-since')} ${renderMoment(verdictAt, now)}`}`;
  const who =
    signedIn === 0
      ? say('outage.nobody')
      : `${escapeXml(countIn(words, language, 'outage.missing', missing))} (${say('outage.signed-in')}: ${signedIn})`;
  return `<h2>${title}</h2>\n<p>${moments}. ${who}</p>`;
}

function renderRow(service: ServiceEntry, { words, now }: ConsolePageInput): string {
  const { name, id, state, attempt, since, reason, runbook, admin, adminReason, phones, lastProbe } = service;
  const say = sayIn(words);
  const drill = service.drill === null ? '' : `<br><strong>${say('drill.on')}</strong>`;
  const link = runbook === null ? '' : ` <a href="/console/${escapeXml(runbook)}">${say('runbook.link')}</a>`;
  const { notAlternateBecause } = service;
  const kept =
    notAlternateBecause === null || state !== 'in-service'
      ? ''
      : `<br>${say('note.no-alternate')} <span lang="en">${escapeXml(notAlternateBecause)}</span>`;
  const isOffered = state === 'in-service' && notAlternateBecause === null && admin === 'ready' && drill === '';
  const cells = {
    state: `${say(`state.${state}`)}${attempt === null ? '' : ` (${attempt})`}${drill}${isOffered ? `<br>${say('facts.alternate')}` : ''}`,
    since: since === null ? '' : renderMoment(Date.parse(since), now),
    reason: `${reason === null ? '' : `<span lang="en">${escapeXml(reason)}</span>`}${link}${kept}`,
    setting: `${say(`admin.${admin}`)}${adminReason === null ? '' : `: ${escapeXml(adminReason)}`}`,
    phones: String(phones),
    lastProbe: lastProbe === null ? '' : renderMoment(Date.parse(lastProbe), now),
  };
  // A narrow screen stacks them, each with its column's name.
  const rendered = Object.entries(cells).map(([column, cell]) => {
    return `<td data-label="${say(`facts.${column}`)}">${cell}</td>`;
  });
  return `<tr class="is-${state}"><th scope="row">${escapeXml(name)} (${escapeXml(id)})</th>${rendered.join('')}</tr>`;
}

/** Such as `02:33:21 UTC`, with the day unless that is today: without a script nobody knows the zone of the reader. */
function renderMoment(at: number, now: number): string {
  const iso = new Date(at).toISOString();
  const [day = '', time = ''] = [iso.slice(0, 10), iso.slice(11, 19)];
  const isToday = day === new Date(now).toISOString().slice(0, 10);
  return `<time datetime="${iso}">${isToday ? '' : `${day} `}${time} UTC</time>`;
}

function sayIn(words: Words): (key: string) => string {
  return (key) => escapeXml(words[key] ?? key);
}

/** As `sayCount` of the console does. Not escaped. */
function countIn(words: Words, language: string, key: string, n: number): string {
  const text = words[`${key}.${new Intl.PluralRules(language).select(n)}`] ?? key;
  return text.replace('{n}', () => n.toLocaleString(language));
}
