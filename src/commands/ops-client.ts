/** Talks to the ops port of a running proxy, for `status`, `outages`, `drain`, `ready` and `maint`. */

import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AdminState } from '../domain/model.ts';
import { createTlsAgent, type Trust } from '../http/client/trust.ts';

export interface OpsAnswer {
  readonly status: number;
  /** The JSON of the answer, or null when it was not JSON: something else listens there. */
  readonly body: unknown;
  /** As it came. */
  readonly text: string;
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
    setting: { admin: AdminState; reason: string | null; until: string | null; in?: string },
  ): Promise<OpsAnswer>;
  /** With the token. Rejects with an OpsUnreachable. */
  change(method: 'POST' | 'DELETE', path: string, body?: object): Promise<OpsAnswer>;
  /**
   * With the token: posts, and tells of each line of JSON as it comes, for as long as it comes. Of another status than 200
   * nothing is told but the answer. Rejects with an OpsUnreachable.
   */
  stream(path: string, body: object, onLine: (line: unknown) => void): Promise<OpsAnswer>;
}

export interface OpsPlace {
  /** Scheme, host and port of the ops port. */
  readonly origin: string;
  /** null: nothing is to be set. */
  readonly token: string | null;
  /** What says so, for messages. */
  readonly from: string;
  /** With https: which certificate is taken. */
  readonly trust: Trust;
}

/** The proxy did not answer; the message is for the operator. */
export class OpsUnreachable extends Error {}

const ANSWER_WITHIN_MS = 5000;

/** `stop` ends what is under way. */
export function createOpsClient(place: OpsPlace, stop?: AbortSignal): OpsClient {
  const { origin, token } = place;
  const ask = async (path: string, asked: Asked): Promise<OpsAnswer> => {
    const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN_MS), ...(stop === undefined ? [] : [stop])]);
    try {
      return await exchange(new URL(path, origin), { ...asked, signal }, place.trust);
    } catch (error) {
      const timedOut = signal.aborted && stop?.aborted !== true;
      throw new OpsUnreachable(renderUnreachable(place, timedOut ? signal.reason : error), { cause: error });
    }
  };
  const authorization = { Authorization: `Bearer ${headerText(token ?? '')}` };
  const change: OpsClient['change'] = (method, path, body) =>
    ask(path, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...authorization },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    origin,
    health: () => ask('/health', {}),
    get: (path) => ask(path, token === null ? {} : { headers: authorization }),
    setAdmin: (service, setting) => change('POST', `/services/${encodeURIComponent(service)}`, setting),
    change,
    async stream(path, body, onLine) {
      const headers = { 'Content-Type': 'application/json', ...authorization };
      const asked = {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        ...(stop === undefined ? {} : { signal: stop }),
      };
      try {
        return await exchange(new URL(path, origin), { ...asked, onLine }, place.trust);
      } catch (error) {
        throw new OpsUnreachable(renderUnreachable(place, error), { cause: error });
      }
    },
  };
}

interface Asked extends Pick<RequestOptions, 'method' | 'headers' | 'signal'> {
  readonly body?: string;
  /** Is given each line of an answer of status 200. */
  readonly onLine?: (line: unknown) => void;
}

function exchange(url: URL, { body, onLine, ...options }: Asked, trust: Trust): Promise<OpsAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const agent = url.protocol === 'https:' ? createTlsAgent(trust) : false;
    const asked = send(url, { ...options, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        if (onLine === undefined || answer.statusCode !== 200 || !chunk.includes('\n')) return;
        const lines = text.split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) onLine(parseJson(line));
      });
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parseJson(text), text }));
    });
    asked.on('error', reject);
    // With a text Node would write the headers together with it, and as UTF-8.
    asked.end(body === undefined ? undefined : Buffer.from(body));
  });
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

function renderUnreachable({ origin, from }: OpsPlace, error: unknown): string {
  return `The proxy does not answer at ${origin} (${from}): ${renderCause(error, from)}`;
}

function renderCause(error: unknown, from: string): string {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `no answer within ${ANSWER_WITHIN_MS / 1000} s. Does it hang, or is something else there?`;
  }
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : null;
  if (code === 'ECONNREFUSED') return 'nothing listens there. Is it running, and with this configuration?';
  if (typeof code === 'string' && CERTIFICATE.test(code)) {
    return `its certificate is not trusted (${code}). With --url, --ca FILE or --fingerprint says which one is.`;
  }
  if (code === 'ENOTFOUND') return `the name does not resolve. Check ${from}.`;
  return `${typeof code === 'string' ? code : 'no HTTP answer'}. Is it the proxy that listens there?`;
}

/** What OpenSSL and Node call certificates that are not trusted. */
const CERTIFICATE = /CERT|ISSUER|SIGNATURE|ALTNAME/;

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
