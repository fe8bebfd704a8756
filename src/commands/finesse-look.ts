/** What can be seen of a Finesse server beside SystemInfo: its redirect, its Notification port, its clock. */

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { ServiceConfig } from '../config/config.ts';
import { createTlsAgent } from '../http/client/trust.ts';

/** Whether something takes connections there within the time. */
export function isOpen(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (open: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(open);
    };
    const timer = setTimeout(() => finish(false), timeoutMs);
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

interface Head {
  readonly status: number;
  readonly location: string | null;
  /** Epoch ms by its Date header, to a second; null: it has none. */
  readonly date: number | null;
  /** The first 64 KiB. */
  readonly body: string;
}

const MAX_BODY = 64 * 1024;

/** One GET; null when no answer came within the time. */
function get(
  url: string,
  timeoutMs: number,
  options: { agent?: ReturnType<typeof createTlsAgent>; auth?: string } = {},
): Promise<Head | null> {
  return new Promise((resolve) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, { ...options, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      let body = '';
      const finish = () => {
        const date = Date.parse(response.headers.date ?? '');
        const location = response.headers.location ?? null;
        resolve({ status: response.statusCode ?? 0, location, date: Number.isNaN(date) ? null : date, body });
        request.destroy();
      };
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_BODY) finish();
      });
      response.once('end', finish);
      response.once('error', () => resolve(null));
    });
    request.once('error', () => resolve(null));
    request.end();
  });
}

/** What the plain port of Finesse does: since 12.5 it leads to 8445, before it answered (reference/finesse-ippa.md). */
export type PlainPort =
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'answers' }
  | { readonly kind: 'refuses'; readonly status: number }
  | { readonly kind: 'closed' };

export async function lookAtPlainPort(host: string, port: number, timeoutMs: number): Promise<PlainPort> {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  const head = await get(`http://${bracketed}:${port}/finesse/api/SystemInfo`, timeoutMs);
  if (head === null) return { kind: 'closed' };
  const to = URL.parse(head.location ?? '', `http://${bracketed}:${port}`);
  if (head.status >= 300 && head.status < 400 && to !== null) return { kind: 'redirect', to: to.origin };
  return head.status === 200 ? { kind: 'answers' } : { kind: 'refuses', status: head.status };
}

export interface ClockLook {
  /** How far the server's clock is ahead of this machine's, ms; negative: behind. */
  readonly offsetMs: number;
  /** Of what the server said; a Date header has whole seconds. */
  readonly precisionMs: number;
}

/** The server's clock by SystemInfo's currentTimestamp, else by the Date header; null when it told neither. */
export async function lookAtClock(
  service: ServiceConfig,
  timeoutMs: number,
  now: () => number = Date.now,
): Promise<ClockLook | null> {
  const { url, username, password } = service.probe;
  const before = now();
  const head = await get(url, timeoutMs, {
    ...(url.startsWith('https:') ? { agent: createTlsAgent(service) } : {}),
    ...(username === null ? {} : { auth: `${username}:${password ?? ''}` }),
  });
  if (head === null) return null;
  // When the server wrote it, as near as can be known.
  const seenAt = (before + now()) / 2;
  const told = Date.parse(/<currentTimestamp>([^<]{1,40})<\/currentTimestamp>/.exec(head.body)?.[1] ?? '');
  if (!Number.isNaN(told)) return { offsetMs: Math.round(told - seenAt), precisionMs: 1 };
  if (head.date === null) return null;
  return { offsetMs: Math.round(head.date + 500 - seenAt), precisionMs: 1000 };
}
