/** The console's page as the server sends it: what everybody may see stands in it as a table, for browsers without JavaScript. Pure. */

import { renderFailure, runbookOf } from '../domain/failure.ts';
import type { Outage, OutageDevice } from '../domain/outage.ts';
import type { Piece } from '../text/phrases.ts';
import { escapeXml } from '../text/xml-escape.ts';
import type { HealthReport, ServiceEntry } from './health.ts';
import { DISSENT_RUNBOOK, problemsBesideReasons, splitDissent } from './service-reason.ts';

export type Words = Readonly<Record<string, string>>;

export interface ConsolePageInput {
  readonly report: HealthReport;
  /** Those that are to be told of. */
  readonly outages: readonly PlainOutage[];
  readonly words: Words;
  readonly language: string;
  /** Of the proxy's own words; null: they are in that language. */
  readonly translate: ((text: string) => readonly Piece[]) | null;
  /** Who is signed in with this browser; null: nobody. */
  readonly operator: string | null;
  readonly canSignIn: boolean;
  /** Epoch ms. */
  readonly now: number;
}

export interface PlainOutage {
  readonly outage: Outage;
  /** Who is missing, by name; null: whoever looks is no operator. */
  readonly missing: Missing | null;
}

interface Missing {
  readonly names: readonly OutageDevice[];
  readonly more: number;
}

/** Named of one outage; more are a list that nobody reads. */
const NAMED_OF_OUTAGE = 50;
const AFTER_MS = 3_600_000;

/** Those that are on, and for an hour those after which agents are missing. Pure. */
export function selectPlainOutages(outages: readonly Outage[], now: number): readonly Outage[] {
  return outages.filter(({ endedAt, drill, missing }) => {
    return endedAt === null || (!drill && missing > 0 && now - endedAt < AFTER_MS);
  });
}

export function namesOfMissing(devices: readonly OutageDevice[]): Missing {
  const missing = devices.filter(({ outcome }) => outcome === 'missing');
  return { names: missing.slice(0, NAMED_OF_OUTAGE), more: Math.max(0, missing.length - NAMED_OF_OUTAGE) };
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
  const problems = problemsBesideReasons(report).map((problem) => `<li>${renderOwn(problem, input)}</li>`);
  // As the console has them: those that are on, real ones first, the newest on top; then those that are over.
  const rank = ({ drill, endedAt }: Outage) => (endedAt !== null ? 2 : drill ? 1 : 0);
  const sorted = outages.toSorted(({ outage: one }, { outage: other }) => {
    return rank(one) - rank(other) || other.startedAt - one.startedAt;
  });
  return `<h1>ippa-proxy: ${escapeXml(renderVerdict(input))}</h1>
<p class="quiet">${say('facts.intro')} ${renderMoment(now, now)}.</p>
${sorted.map((outage) => renderOutage(outage, input)).join('\n')}
<div class="table" tabindex="0" role="region" aria-label="${say('nav.overview')}"><table><thead><tr>${head.join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>
${problems.length === 0 ? '' : `<h2>${say('overview.problems')}</h2><ul>${problems.join('')}</ul>`}
${renderSession(input)}`;
}

/** Who is signed in, and the way in or out. */
function renderSession({ operator, canSignIn, words }: ConsolePageInput): string {
  const say = sayIn(words);
  if (operator !== null) {
    return `<form method="post" action="/console/sign-out"><p>${escapeXml(operator)} <button type="submit">${say('sign-out')}</button></p></form>`;
  }
  return canSignIn ? `<p><a href="/console/sign-in">${say('sign-in')}</a></p>` : '';
}

/** What the proxy itself put into words. */
function renderOwn(text: string, { translate }: Pick<ConsolePageInput, 'translate'>): string {
  if (translate === null) return escapeXml(text);
  const pieces = translate(text).map((piece) => {
    const escaped = escapeXml(piece.text);
    return piece.isTranslated || !/\p{L}{2}/u.test(piece.text) ? escaped : `<span lang="en">${escaped}</span>`;
  });
  return pieces.join('');
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

/** Since when it is on, why, and how many are missing; to operators by name. */
function renderOutage({ outage, missing: named }: PlainOutage, input: ConsolePageInput): string {
  const { report, words, language, now, canSignIn } = input;
  const { service, name, drill, startedAt, verdictAt, endedAt, missing, signedIn, cause } = outage;
  const say = sayIn(words);
  const kind =
    endedAt !== null ? 'in-service' : drill ? 'drill' : verdictAt === null ? 'reconnecting' : 'out-of-service';
  const key = endedAt !== null ? 'outage.over' : verdictAt === null ? 'outage.reconnecting' : 'outage.out';
  const title = `${drill ? `${say('drill.word')}: ` : ''}${say(key).replace('{name}', () => escapeXml(name))}`;
  const moments = drill
    ? `${say('since')} ${renderMoment(startedAt, now)}`
    : `${say('outage.failed')} ${renderMoment(startedAt, now)}${verdictAt === null ? '' : `, ${say('outage.out-since')} ${renderMoment(verdictAt, now)}`}`;
  const over = endedAt === null ? '' : ` ${say('outage.until')} ${renderMoment(endedAt, now)}`;
  // What the service says now, as in the table; the record keeps what was noticed first.
  const status = report.services.find(({ id }) => id === service);
  const { failed, dissent } = status === undefined ? { failed: null, dissent: null } : splitDissent(status);
  const isNow = endedAt === null && status !== undefined && failed !== null;
  const why = isNow ? failed : cause === null ? null : renderFailure(cause);
  const runbook = isNow ? status.runbook : cause === null ? null : runbookOf(cause.code);
  const reason = drill
    ? say('drill.explained')
    : `${why === null ? say('cause.unknown') : renderOwn(why, input)}${renderRunbook(runbook, words)}${endedAt === null ? renderDissent(dissent, input) : ''}`;
  const who =
    signedIn === 0
      ? say('outage.nobody')
      : `<strong>${escapeXml(countIn(words, language, 'outage.missing', missing))}</strong> (${say('outage.signed-in')}: ${signedIn})`;
  const hint =
    missing > 0 && named === null && canSignIn ? ` <a href="/console/sign-in">${say('outage.sign-in')}</a>` : '';
  return `<section class="outage is-${kind}"><h2>${title}</h2>
<p>${moments}${over}.</p>
<p>${reason}</p>
<p>${who}${hint}</p>
${renderNames(named, input)}</section>`;
}

function renderNames(missing: Missing | null, { words, language }: ConsolePageInput): string {
  if (missing === null || missing.names.length === 0) return '';
  const say = sayIn(words);
  const names = missing.names.map(({ device, agent, extension }) => {
    const at = extension === null ? '' : `, ${say('extension').replace('{extension}', () => escapeXml(extension))}`;
    return `<li title="${escapeXml(device)}">${agent === null ? escapeXml(device) : `<strong>${escapeXml(agent)}</strong>${at}`}</li>`;
  });
  const more = missing.more === 0 ? '' : `<p>${escapeXml(countIn(words, language, 'outage.more', missing.more))}</p>`;
  return `<div class="missing"><ul>${names.join('')}</ul>${more}</div>`;
}

/** Such as `docs/runbook.md#refused`: that part of the page as plain-help.ts has it. */
function renderRunbook(runbook: string | null, words: Words): string {
  if (runbook === null) return '';
  const path = runbook.replace(/^docs\/(\w+)\.md/, '/console/help/$1');
  return ` <a href="${escapeXml(path)}">${sayIn(words)('runbook.link')}</a>`;
}

/** With help of its own. */
function renderDissent(dissent: string | null, input: ConsolePageInput): string {
  return dissent === null ? '' : `<br>${renderOwn(dissent, input)}${renderRunbook(DISSENT_RUNBOOK, input.words)}`;
}

function renderRow(service: ServiceEntry, input: ConsolePageInput): string {
  const { words, now } = input;
  const { name, id, state, attempt, since, runbook, admin, adminReason, phones, lastProbe } = service;
  const say = sayIn(words);
  const drill = service.drill === null ? '' : `<br><strong>${say('drill.on')}</strong>`;
  const { failed, dissent } = splitDissent(service);
  const link = `${renderRunbook(runbook, words)}${renderDissent(dissent, input)}`;
  const { notAlternateBecause } = service;
  const kept =
    notAlternateBecause === null || state !== 'in-service'
      ? ''
      : `<br>${say('note.no-alternate')} ${renderOwn(notAlternateBecause, input)}`;
  const isOffered = state === 'in-service' && notAlternateBecause === null && admin === 'ready' && drill === '';
  const cells = {
    state: `${say(`state.${state}`)}${attempt === null ? '' : ` (${attempt})`}${drill}${isOffered ? `<br>${say('facts.alternate')}` : ''}`,
    since: since === null ? '' : renderMoment(Date.parse(since), now),
    reason: `${failed === null ? '' : renderOwn(failed, input)}${link}${kept}`,
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
