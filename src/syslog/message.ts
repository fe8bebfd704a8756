/** A line of the log as a message of syslog (RFC 5424). Pure. */

import { FACILITIES, type Facility } from '../config/syslog-url.ts';

export interface SyslogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** All of it as one line of JSON. */
  readonly json: string;
}

export interface SyslogOrigin {
  readonly facility: Facility;
  readonly hostname: string;
  readonly pid: number;
  /** null: no structured data. */
  readonly enterprise: number | null;
}

/** RFC 5424 §6.2.1. The log knows no others. */
const SEVERITIES = { debug: 7, info: 6, warn: 4, error: 3 } as const;

/** `at`: epoch ms; `maxBytes`: of the whole message. A longer one loses the ends of its longest fields, and says so. */
export function renderMessage(line: SyslogLine, at: number, origin: SyslogOrigin, maxBytes: number): Buffer {
  const { facility, hostname, pid, enterprise } = origin;
  const priority = FACILITIES.indexOf(facility) * 8 + SEVERITIES[line.level];
  const time = new Date(at).toISOString();
  const head = `<${priority}>1 ${time} ${header(hostname, 255)} ippa-proxy ${pid} ${header(line.event, 32)}`;
  const data = enterprise === null ? '-' : renderData(line.fields, enterprise);
  const whole = Buffer.from(`${head} ${data} ${toAscii(line.json)}`);
  if (whole.length <= maxBytes) return whole;
  const short = JSON.stringify({ level: line.level, time, event: line.event, cut: true, ...shorten(line.fields) });
  return Buffer.from(`${head} - ${toAscii(short)}`).subarray(0, maxBytes);
}

/** A field of the header: printable ASCII without spaces (§6). */
function header(text: string, maxLength: number): string {
  return text.replace(/[^\x21-\x7e]/g, '_').slice(0, maxLength) || '-';
}

const MAX_VALUE = 500;

/** §6.3: one element with a parameter for each field; in values `"`, `\` and `]` are escaped. */
function renderData(fields: SyslogLine['fields'], enterprise: number): string {
  const parameters = Object.entries(fields).flatMap(([name, value]) => {
    if (value === null || value === undefined) return [];
    const text = (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, MAX_VALUE);
    const escaped = text
      .toWellFormed()
      .replace(/\p{Cc}/gu, ' ')
      .replace(/["\\\]]/g, '\\$&');
    return [` ${header(name, 32).replace(/[="\]]/g, '_')}="${escaped}"`];
  });
  return `[ippa@${enterprise}${parameters.join('')}]`;
}

/** JSON says the same in ASCII; text in UTF-8 would need a byte order mark before it (§6.4), at which readers of JSON stumble. */
function toAscii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const SHORT = 200;

function shorten(fields: SyslogLine['fields']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (value === null || typeof value === 'number' || typeof value === 'boolean') return [name, value];
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return [name, text.length <= SHORT ? value : `${text.slice(0, SHORT)}…`];
    }),
  );
}
