/** Talks to the ops port of a running proxy, for `status`, `outages`, `drain`, `ready` and `maint`. */

import { isIPv6 } from 'node:net';
import type { Config } from '../config/config.ts';
import type { AdminState } from '../domain/model.ts';

export interface OpsAnswer {
  readonly status: number;
  /** The JSON of the answer, or null when it was not JSON: something else listens there. */
  readonly body: unknown;
}

export interface OpsClient {
  /** Where it asks, for messages. */
  readonly origin: string;
  /** Rejects with an OpsUnreachable. */
  health(): Promise<OpsAnswer>;
  /** With the token, if there is one. Rejects with an OpsUnreachable. */
  get(path: string): Promise<OpsAnswer>;
  /** Rejects with an OpsUnreachable. */
  setAdmin(
    service: string,
    setting: { admin: AdminState; reason: string | null; until: string | null },
  ): Promise<OpsAnswer>;
}

/** The proxy did not answer; the message is for the operator. */
export class OpsUnreachable extends Error {}

const ANSWER_WITHIN_MS = 5000;

export function createOpsClient({ host, port, token }: Config['ops']): OpsClient {
  const origin = `http://${hostOf(host)}:${port}`;
  const ask = async (path: string, init: RequestInit): Promise<OpsAnswer> => {
    try {
      const response = await fetch(origin + path, {
        ...init,
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      return { status: response.status, body: parseJson(await response.text()) };
    } catch (error) {
      throw new OpsUnreachable(renderUnreachable(origin, error), { cause: error });
    }
  };
  const authorization = { Authorization: `Bearer ${headerText(token ?? '')}` };
  return {
    origin,
    health: () => ask('/health', {}),
    get: (path) => ask(path, token === null ? {} : { headers: authorization }),
    setAdmin: (service, setting) =>
      ask(`/services/${encodeURIComponent(service)}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...authorization },
        body: JSON.stringify(setting),
      }),
  };
}

/** A proxy that listens on every address is reached by loopback. */
function hostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return isIPv6(host) ? `[${host}]` : host;
}

/** Header values travel as Latin-1; this one is meant as UTF-8. */
function headerText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function renderUnreachable(origin: string, error: unknown): string {
  return `The proxy does not answer at ${origin} (ops.host and ops.port of the configuration): ${renderCause(error)}`;
}

function renderCause(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `no answer within ${ANSWER_WITHIN_MS / 1000} s. Does it hang, or is something else there?`;
  }
  const cause: unknown = error instanceof Error ? error.cause : null;
  const code: unknown = cause instanceof Error ? Reflect.get(cause, 'code') : null;
  if (code === 'ECONNREFUSED') return 'nothing listens there. Is it running, and with this configuration?';
  if (code === 'ENOTFOUND') return 'the name does not resolve. Check ops.host.';
  return `${typeof code === 'string' ? code : 'no HTTP answer'}. Is it the proxy that listens there?`;
}

/** The `message` of a JSON error of the ops port, or null. */
export function errorMessageOf(answer: OpsAnswer): string | null {
  const message = field(field(answer.body, 'error'), 'message');
  return typeof message === 'string' ? message : null;
}

export function renderUnexpected(origin: string, answer: OpsAnswer): string {
  return `Unexpected answer from ${origin} (HTTP ${answer.status}): is it ippa-proxy that listens there?\n`;
}

/** A field of what may be any JSON. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
