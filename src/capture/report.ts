/** What a capture proves: each assumption by its number, and which reading of pushes the site needs. Pure. */

import type { Fact, Finding } from './fact.ts';
import { notSeen } from './fact.ts';
import { assumptions } from './facts.ts';
import type { Seen, Traffic } from './read-har.ts';
import { judgeReading, type Reading } from './reading.ts';

export interface CaptureReport {
  readonly file: string;
  readonly source: string;
  readonly from: string | null;
  readonly until: string | null;
  readonly counts: string;
  readonly warnings: readonly string[];
  readonly reading: Reading;
  readonly rows: readonly ReportRow[];
  /** The entries that are pointed to. */
  readonly shown: ReadonlyMap<number, string>;
}

export interface ReportRow extends Pick<Fact, 'id' | 'what' | 'ifNot' | 'look'>, Finding {}

export function createReport(file: string, traffic: Traffic): CaptureReport {
  const { seen, stanzas, notes, creator } = traffic;
  // In a file of another program values are as they were.
  const show = notes === null ? hideValues : (text: string) => text;
  const rows = assumptions.map(({ id, what, ifNot, look, judge }) => {
    const finding = judge?.(traffic) ?? notSeen('a capture does not show it');
    return { id, what, ifNot, look, ...finding, found: show(finding.found) };
  });
  const judged = judgeReading(traffic);
  const reading = { ...judged, found: show(judged.found) };
  const pointed = new Set([...rows.flatMap(({ shownBy }) => shownBy), ...reading.shownBy]);
  const times = seen.map(({ at }) => at).filter((at) => at > 0);
  return {
    ...{ file, rows, reading },
    source: notes === null ? `another program (${creator === '' ? 'which does not say its name' : creator})` : creator,
    from: times.length === 0 ? null : new Date(Math.min(...times)).toISOString(),
    until: times.length === 0 ? null : new Date(Math.max(...times)).toISOString(),
    counts: renderCounts(seen, stanzas.length),
    warnings: findWarnings(traffic),
    shown: new Map(seen.filter(({ number }) => pointed.has(number)).map((one) => [one.number, show(renderSeen(one))])),
  };
}

/** Parameters, cookies and credentials in URLs, without their values. */
function hideValues(text: string): string {
  return text
    .replace(/\/\/[^/?#@\s`]*@/g, '//…@')
    .replace(/([?&][^=&#\s`"'<>]*=)[^&#\s`"'<>]+/g, '$1…')
    .replace(/(?<=\/[^?#\s`]*)(;[\w.-]+=)[^;?/#\s`]+/g, '$1…')
    .replace(/(Set-Cookie: [^=;`]*=)[^;`]+/g, '$1…');
}

const LEGS = {
  phone: ['of phones', 'of phones'],
  finesse: ['to Finesse', 'to Finesse'],
  'push-in': ['push to the proxy', 'pushes to the proxy'],
  'push-out': ['push to a phone', 'pushes to phones'],
  probe: ['probe', 'probes'],
} as const;

function renderCounts(seen: readonly Seen[], stanzas: number): string {
  const counts = Object.entries(LEGS).flatMap(([leg, [single, several]]) => {
    const count = seen.filter((one) => one.leg === leg).length;
    return count === 0 ? [] : [`${count} ${count === 1 ? single : several}`];
  });
  return [...counts, ...(stanzas === 0 ? [] : [`${stanzas} notifications`])].join(', ') || 'no entries';
}

function findWarnings({ seen, notes }: Traffic): string[] {
  const unread = seen.filter(({ notWritten }) => notWritten !== null).length;
  return [
    ...(notes === null ? ['Another program wrote this file: nothing in it is masked unless that program did so.'] : []),
    ...(seen.some(({ leg }) => leg !== 'probe')
      ? []
      : ['Nothing of a phone is in it: is the device called so, and did its service lead to the proxy?']),
    ...(notes === null ? [] : (ENDS[notes.ended] ?? [])),
    ...(notes !== null && notes.dropped > 0 ? [`${notes.dropped} exchanges were dropped for want of room.`] : []),
    ...(notes !== null && notes.withheld > 0
      ? [`${notes.withheld} exchanges were left out: they could not be masked.`]
      : []),
    ...(unread > 0 ? [`${unread} answers are not in the file: they could not be parsed.`] : []),
  ];
}

const ENDS: Readonly<Record<string, readonly string[]>> = {
  size: ['It was full before its end: what came later is not in it. More takes --max-size.'],
  exchanges: ['It was full before its end: what came later is not in it.'],
  stopping: ['The proxy stopped while it was on.'],
};

function renderSeen({ leg, method, url, status, at }: Seen): string {
  const time = at > 0 ? `${new Date(at).toISOString().slice(11, 23)} ` : '';
  return `${time}${leg}: ${method} ${url.pathname}${url.search} → ${status === 0 ? 'no answer' : status}`;
}

export function renderText(report: CaptureReport): string {
  const { reading, rows, shown, warnings } = report;
  const by = (numbers: readonly number[]) =>
    numbers.length === 0 ? [] : [`     entries ${numbers.join(', ')}: ${shown.get(numbers[0] ?? 0) ?? ''}`];
  const row = (one: ReportRow) => [
    `${one.id.padEnd(4)} ${one.verdict === 'does not hold' ? 'DOES NOT HOLD' : one.verdict}: ${plain(one.what)}`,
    `     ${plain(one.found)}`,
    ...by(one.shownBy),
    ...(one.verdict === 'does not hold' ? [`     → ${plain(one.ifNot)}`] : []),
    ...(one.verdict === 'not seen' && one.look !== 'not in a capture: by hand'
      ? [`     to see it: ${plain(one.look)}`]
      : []),
  ];
  const of = (verdict: Finding['verdict']) => rows.filter((one) => one.verdict === verdict);
  const lines = [
    `${report.file}: by ${report.source}${report.from === null ? '' : `, ${report.from} to ${report.until}`}`,
    report.counts,
    ...warnings,
    '',
    `Pushes: ${reading.reading === 'unknown' ? 'not seen' : `reading (${reading.reading})`}`,
    `     ${plain(reading.found)}`,
    ...by(reading.shownBy),
    `     → ${plain(reading.configure)}`,
    '',
    ...[...of('does not hold'), ...of('holds'), ...of('not seen')].flatMap(row),
    '',
    `${of('does not hold').length} do not hold, ${of('holds').length} hold, ${of('not seen').length} were not seen.`,
  ];
  return `${lines.join('\n')}\n`;
}

function plain(words: string): string {
  return words.replaceAll('`', '');
}
