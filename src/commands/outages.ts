/** `outages`: the records of outages of the running proxy, or one of them with what became of each agent. */

import { parseDuration } from '../config/values.ts';
import { parseTime } from '../ops/admin-request.ts';
import { renderOutageDevicesCsv, renderOutagesCsv, sortByOutcome } from '../ops/outage-csv.ts';
import type { OutageDeviceEntry, OutageEntry } from '../ops/outage-view.ts';
import { renderLocalTime } from './local-time.ts';
import { findOps, type OpsAccess } from './ops-access.ts';
import {
  createOpsClient,
  errorMessageOf,
  field,
  type OpsAnswer,
  OpsUnreachable,
  renderUnexpected,
} from './ops-client.ts';
import type { Output } from './output.ts';
import { renderTable } from './table.ts';

export interface OutagesOptions extends OpsAccess {
  /** Of one outage; absent: all of them. */
  readonly id?: string;
  /** An ISO 8601 time with a zone, or a duration such as 24h. */
  readonly since?: string;
  readonly csv?: boolean;
  readonly json?: boolean;
}

/** Exit code 0 when printed, 1 when the proxy does not answer or refuses, 2 for a wrong command line or configuration. */
export async function runOutages(options: OutagesOptions, output: Output, now = Date.now()): Promise<number> {
  const fail = (code: 1 | 2, message: string) => {
    output.stderr(`${message.trimEnd()}\n`);
    return code;
  };
  const found = await findOps(options, options.id === undefined ? 'none' : 'if-set');
  if (!found.ok) return fail(2, found.message);
  const { token } = found.place;
  const misuse = validateOptions(options, token, now);
  if (misuse !== null) return fail(2, misuse);
  const client = createOpsClient(found.place);
  try {
    const answer = await client.get(pathOf(options, now));
    if (answer.status === 404 && errorMessageOf(answer) !== null) {
      return fail(2, `There is no outage ${options.id}; without an id this command lists all of them.`);
    }
    const message = errorMessageOf(answer);
    if (answer.status !== 200 && message !== null) {
      return fail(1, `The proxy at ${client.origin} refused (HTTP ${answer.status}): ${message}`);
    }
    const text = renderAnswer(answer, options, now);
    if (text === null) return fail(1, renderUnexpected(client.origin, answer));
    output.stdout(text);
    if (options.id !== undefined && token === null) output.stderr(NO_DEVICES);
    return 0;
  } catch (error) {
    if (!(error instanceof OpsUnreachable)) throw error;
    return fail(1, error.message);
  }
}

const NO_DEVICES = 'What became of each agent is told with ops.token only, which is not set.\n';

function validateOptions({ id, since, csv, json }: OutagesOptions, token: string | null, now: number): string | null {
  if (csv === true && json === true) return '--csv or --json, not both.';
  if (since !== undefined && id !== undefined) return '--since is for the list; an id names one outage.';
  if (since !== undefined && parseSince(since, now) === null) {
    return '--since takes a time with a zone, such as 2030-01-31T18:00:00Z, or a duration, such as 24h or 7d.';
  }
  // A sheet of agents without agents would look as if nobody was missing.
  return csv === true && id !== undefined && token === null ? NO_DEVICES : null;
}

function parseSince(text: string, now: number): string | null {
  const duration = parseDuration(text);
  if (duration !== null) return new Date(Math.max(0, now - duration)).toISOString();
  return parseTime(text) === null ? null : text;
}

function pathOf({ id, since }: OutagesOptions, now: number): string {
  if (id !== undefined) return `/outages/${encodeURIComponent(id)}`;
  const from = since === undefined ? null : parseSince(since, now);
  return from === null ? '/outages' : `/outages?since=${encodeURIComponent(from)}`;
}

/** null: that is no answer of this proxy. */
function renderAnswer({ status, body }: OpsAnswer, options: OutagesOptions, now: number): string | null {
  if (status !== 200) return null;
  if (options.id !== undefined) {
    if (typeof field(body, 'startedAt') !== 'string') return null;
    if (options.json === true) return `${JSON.stringify(body, null, 2)}\n`;
    const devices = field(body, 'devices');
    return renderOne(body as OutageEntry, Array.isArray(devices) ? devices : null, options.csv === true, now);
  }
  const outages = field(body, 'outages');
  if (!Array.isArray(outages)) return null;
  if (options.json === true) return `${JSON.stringify(body, null, 2)}\n`;
  return renderList(outages as OutageEntry[], options.csv === true, now);
}

function renderList(outages: readonly OutageEntry[], asCsv: boolean, now: number): string {
  if (asCsv) return renderOutagesCsv(outages);
  if (outages.length === 0) return 'No outages.\n';
  const rows = outages.map((outage) => [
    outage.id,
    outage.name,
    renderLocalTime(outage.startedAt),
    renderLength(outage, now),
    outage.verdictAt === null ? 'no verdict' : outage.endedAt === null ? 'out of service' : 'was out of service',
    outage.cause.code,
    ...[outage.signedIn, outage.elsewhere, outage.returned, outage.missing].map(String),
  ]);
  const head = ['ID', 'NAME', 'BEGAN', 'FOR', 'STATE', 'CAUSE', 'SIGNED IN', 'ELSEWHERE', 'RETURNED', 'MISSING'];
  return renderLines([head, ...rows]);
}

function renderOne(
  outage: OutageEntry,
  devices: readonly OutageDeviceEntry[] | null,
  asCsv: boolean,
  now: number,
): string {
  const sorted = sortByOutcome(devices ?? []);
  if (asCsv) return renderOutageDevicesCsv(sorted);
  const { name, startedAt, cause, decidedBy, signedIn, told, elsewhere, returned, missing, withinFiveMinutes } = outage;
  const within = withinFiveMinutes === null ? '' : `, ${withinFiveMinutes} of them within five minutes`;
  const lines = [
    `${name} (${outage.service}) failed at ${renderLocalTime(startedAt)}, for ${renderLength(outage, now)}: ${cause.words}`,
    `Told by ${decidedBy ?? 'an unknown signal'}. Runbook: ${cause.runbook}`,
    `${signedIn} were signed in, ${told} were told: ${elsewhere} are elsewhere, ${returned} returned${within}, ${missing} are missing.`,
  ];
  const rows = sorted.map((each) => [
    ...[each.device, each.agent ?? '-', each.extension ?? '-', each.outcome, each.service ?? '-'],
    each.seconds === null ? '-' : `${Math.round(each.seconds)} s`,
  ]);
  const head = ['DEVICE', 'AGENT', 'EXTENSION', 'OUTCOME', 'SERVICE', 'AFTER'];
  return `${lines.map(printable).join('\n')}\n${rows.length === 0 ? '' : `\n${renderLines([head, ...rows])}`}`;
}

function renderLength({ startedAt, endedAt }: OutageEntry, now: number): string {
  const seconds = Math.max(
    0,
    Math.round(((endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt)) / 1000),
  );
  const text = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  return endedAt === null ? `${text}, still on` : text;
}

function renderLines(rows: readonly (readonly string[])[]): string {
  return `${renderTable(rows).map(printable).join('\n')}\n`;
}

/** What a device or a Finesse server said must not steer the terminal. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '?');
}
