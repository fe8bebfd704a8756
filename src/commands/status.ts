/** `status`: the services of the running proxy, as a table or as JSON. */

import { loadConfig, renderProblems } from '../config/load.ts';
import type { HealthReport, ServiceEntry } from '../ops/health.ts';
import { createOpsClient, field, type OpsAnswer, OpsUnreachable, renderUnexpected } from './ops-client.ts';
import type { Output } from './output.ts';

export interface StatusOptions {
  /** The configuration file. */
  readonly config: string;
  readonly json?: boolean;
}

/** Exit code 0 for ok and degraded, 1 for down or no answer, 2 for a wrong configuration. */
export async function runStatus(options: StatusOptions, output: Output, now = Date.now()): Promise<number> {
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) {
    output.stderr(renderProblems(loaded.problems));
    return 2;
  }
  const client = createOpsClient(loaded.config.ops);
  let answer: OpsAnswer;
  try {
    answer = await client.health();
  } catch (error) {
    if (!(error instanceof OpsUnreachable)) throw error;
    output.stderr(`${error.message}\n`);
    return 1;
  }
  if (!isReport(answer.body)) {
    output.stderr(renderUnexpected(client.origin, answer));
    return 1;
  }
  const report = answer.body;
  output.stdout(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : renderStatus(report, now));
  return report.status === 'down' ? 1 : 0;
}

function isReport(body: unknown): body is HealthReport {
  return typeof field(body, 'status') === 'string' && Array.isArray(field(body, 'services'));
}

/** The table a person reads. */
export function renderStatus(report: HealthReport, now: number): string {
  const clusters = report.clusters.map(({ id, status }) => `${id} ${status}`).join(', ');
  const head = `${report.status} (${clusters}); ippa-proxy ${report.version}, up for ${renderSpan(report.uptimeSeconds)}`;
  const rows = report.services.map((service) => renderRow(service, now));
  const reasons = report.services.flatMap(renderNotes);
  const problems = report.problems.map((problem) => `! ${problem}`);
  const notes = [...reasons, ...problems];
  const lines = [head, '', ...renderTable([COLUMNS, ...rows]), ...(notes.length > 0 ? ['', ...notes] : [])];
  return `${lines.map(printable).join('\n')}\n`;
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
function renderNotes(service: ServiceEntry): string[] {
  const { id, reason, admin, adminReason, until, notAlternateBecause } = service;
  const end = until === null ? '' : ` until ${until}`;
  return [
    ...(reason === null ? [] : [`${id}: ${reason}`]),
    ...(admin === 'ready' ? [] : [`${id}: set to ${admin}${end}: ${adminReason ?? 'no reason given'}`]),
    ...(notAlternateBecause === null ? [] : [`${id}: not offered to agents of other services: ${notAlternateBecause}`]),
  ];
}

function renderTable(rows: readonly (readonly string[])[]): string[] {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** Two units at most: `3 d 4 h`, `5 min 12 s`. */
function renderSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0 s';
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

/** What a Finesse server said must not steer the terminal. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '?');
}
