/** `status`: the services of the running proxy, as a table or as JSON, once or again and again. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillEntry, HealthReport, ServiceEntry } from '../ops/health.ts';
import type { ReportEntry } from '../ops/report-health.ts';
import { reasonBesideProblems } from '../ops/service-reason.ts';
import { renderLocalTime, withLocalTimes } from './local-time.ts';
import { findOps, type OpsAccess } from './ops-access.ts';
import { createOpsClient, field, type OpsClient, OpsUnreachable, renderUnexpected } from './ops-client.ts';
import type { Output } from './output.ts';
import { renderProxies } from './status-proxies.ts';
import { renderSpan, renderTable } from './table.ts';

export interface StatusOptions extends OpsAccess {
  readonly json?: boolean;
  /** Until Ctrl-C. */
  readonly watch?: boolean;
}

export interface Watching {
  readonly now: () => number;
  readonly everyMs: number;
  /** Ends it. */
  readonly stop: AbortSignal;
}

/** Exit code 0 for ok and degraded, 1 for down or no answer, 2 for a wrong configuration; 0 once watching was ended. */
export async function runStatus(
  options: StatusOptions,
  output: Output,
  watching: Watching = { now: Date.now, everyMs: 2000, stop: interrupted(options) },
): Promise<number> {
  const found = await findOps(options, 'none');
  if (!found.ok) {
    output.stderr(`${found.message.trimEnd()}\n`);
    return 2;
  }
  const client = createOpsClient(found.place, watching.stop);
  if (options.watch === true) return watch(client, options.json === true, output, watching);
  const report = await look(client);
  if (typeof report === 'string') {
    output.stderr(report);
    return 1;
  }
  output.stdout(
    options.json === true ? `${JSON.stringify(report, null, 2)}\n` : renderHealthReport(report, watching.now()),
  );
  return report.status === 'down' ? 1 : 0;
}

/** The report, or why there is none. */
async function look(client: OpsClient): Promise<HealthReport | string> {
  try {
    const answer = await client.health();
    return isReport(answer.body) ? answer.body : renderUnexpected(client.origin, answer);
  } catch (error) {
    if (!(error instanceof OpsUnreachable)) throw error;
    return `${error.message}\n`;
  }
}

function isReport(body: unknown): body is HealthReport {
  return typeof field(body, 'status') === 'string' && Array.isArray(field(body, 'services'));
}

async function watch(client: OpsClient, json: boolean, output: Output, { now, everyMs, stop }: Watching): Promise<0> {
  const redraws = !json && output.isTerminal === true;
  let last = '';
  if (redraws) output.stdout('\u001b[2J');
  while (!stop.aborted) {
    const seen = await look(client);
    if (stop.aborted) break;
    const content = JSON.stringify(seen, (key, value) => (RESTLESS.has(key) ? undefined : value));
    if (redraws) output.stdout(redraw(renderMoment(seen, now())));
    else if (content !== last) output.stdout(json ? renderLine(seen, now()) : `${renderMoment(seen, now())}\n`);
    last = content;
    await sleep(everyMs, undefined, { signal: stop }).catch(() => undefined);
  }
  return 0;
}

/** What is another at every look and no change. */
const RESTLESS: ReadonlySet<string> = new Set([
  ...['uptimeSeconds', 'seconds', 'lastProbe', 'latencyMs'],
  ...['heardAt', 'lagMs', 'facts', 'peers'],
]);

function renderMoment(seen: HealthReport | string, now: number): string {
  const text = typeof seen === 'string' ? seen.split('\n').map(printable).join('\n') : renderHealthReport(seen, now);
  return `${renderLocalTime(now)}\n${text}`;
}

function renderLine(seen: HealthReport | string, now: number): string {
  const at = new Date(now).toISOString();
  return `${JSON.stringify(typeof seen === 'string' ? { at, status: null, error: seen.trimEnd() } : { at, ...seen })}\n`;
}

/** Over what is there: clearing it all first would flicker. */
function redraw(text: string): string {
  return `\u001b[H${text.replaceAll('\n', '\u001b[K\n')}\u001b[J`;
}

/** Every Ctrl-C from now on: npm passes it on a second time, which must not break off what the first one ends. */
function interrupted({ watch: isWatching }: StatusOptions): AbortSignal {
  const controller = new AbortController();
  if (isWatching === true) process.on('SIGINT', () => controller.abort()).on('SIGTERM', () => controller.abort());
  return controller.signal;
}

/** The table a person reads. */
export function renderHealthReport(report: HealthReport, now: number): string {
  const clusters = report.clusters.map(({ id, status }) => `${id} ${status}`).join(', ');
  const head = `${report.status} (${clusters}); ippa-proxy ${report.version}, up for ${renderSpan(report.uptimeSeconds)}`;
  const rows = report.services.map((service) => renderRow(service, now));
  const reports = (report.reports ?? []).map((node) => renderReportNode(node, now));
  const reasons = report.services.flatMap((service) => renderNotes(service, report.problems));
  const islands = (report.islands ?? []).map(
    ({ site, seconds }) => `! nothing of site ${site} reachable for ${renderSpan(seconds)}`,
  );
  const problems = [...islands, ...report.problems.map((problem) => `! ${problem}`)];
  const notes = [...reasons, ...problems];
  const lines = [
    head,
    '',
    ...renderTable([COLUMNS, ...rows]),
    ...renderReports(reports),
    ...renderProxies(report, now),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ];
  return `${lines.map((line) => printable(withLocalTimes(line))).join('\n')}\n`;
}

/** A second table; none without reports. A proxy of another version may know of none. */
function renderReports(rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : ['', ...renderTable([REPORT_COLUMNS, ...rows])];
}

const REPORT_COLUMNS = ['REPORTS', 'NAME', 'SITE', 'STATE', 'FOR', 'PROBE'];

function renderReportNode({ id, name, site, state, since, latencyMs }: ReportEntry, now: number): string[] {
  const span = since === null ? '-' : renderSpan((now - Date.parse(since)) / 1000);
  return [id, name, site ?? '-', state, span, latencyMs === null ? '-' : `${latencyMs} ms`];
}

const COLUMNS = ['SERVICE', 'NAME', 'CLUSTER', 'STATE', 'FOR', 'ADMIN', 'PHONES', 'PROBE'];

function renderRow(service: ServiceEntry, now: number): string[] {
  const { id, name, cluster, state, attempt, since, admin, phones, latencyMs } = service;
  return [
    id,
    name,
    cluster,
    attempt === null ? state : `${state} (attempt ${attempt})`,
    since === null ? '-' : renderSpan((now - Date.parse(since)) / 1000),
    admin,
    String(phones),
    latencyMs === null ? '-' : `${latencyMs} ms`,
  ];
}

/** Reasons are sentences: they stand below the table. */
function renderNotes(service: ServiceEntry, problems: readonly string[]): string[] {
  const { id, admin, adminReason, until, notAlternateBecause, drill } = service;
  const reason = reasonBesideProblems(service, problems);
  // A running proxy may be of an earlier version.
  const { maintAt = null, setBy = null, setAt = null } = service;
  const end = until === null ? '' : ` until ${renderLocalTime(until)}`;
  const next = maintAt === null ? '' : `, to maint at ${renderLocalTime(maintAt)}`;
  const by = setAt === null ? '' : ` by ${setBy ?? 'somebody'} at ${renderLocalTime(setAt)}`;
  return [
    ...(reason === null ? [] : [`${id}: ${reason}`]),
    ...(admin === 'ready' && setAt === null
      ? []
      : [`${id}: set to ${admin}${end}${next}${by}: ${adminReason ?? 'no reason given'}`]),
    ...(drill == null
      ? []
      : [`${id}: drill until ${renderLocalTime(drill.until)}: ${renderDrilled(drill)} told that it has failed`]),
    ...(notAlternateBecause === null ? [] : [`${id}: not offered to agents of other services: ${notAlternateBecause}`]),
  ];
}

function renderDrilled({ devices }: DrillEntry): string {
  if (devices === null) return 'phones are';
  return devices === 1 ? '1 phone is' : `${devices} phones are`;
}

/** What a Finesse server said must not steer the terminal. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '?');
}
