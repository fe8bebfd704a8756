/**
 * Posts to the web server of a phone (reference/phone-xml.md §8). Each push has a connection of its own, and nothing here
 * sends it twice: `connected` says whether a byte of it may have arrived.
 */

import { type ClientRequest, type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import type { PhonePorts } from '../config/config.ts';
import type { Watched } from '../domain/tap.ts';
import { classifyNetworkError } from '../http/client/network-error.ts';
import { urlHost } from '../text/url-host.ts';

export type PhoneScheme = keyof PhonePorts;

export interface PhonePush {
  /** An IP address. */
  readonly address: string;
  readonly scheme: PhoneScheme;
  /** Value of the header; null: none. */
  readonly authorization: string | null;
  readonly contentType: string;
  readonly body: Buffer;
  /** A capture is told of it. */
  readonly watched?: Watched | null;
  /** For whom it is told. */
  readonly service?: string | null;
}

export interface PhoneAnswer {
  readonly ok: true;
  readonly status: number;
  readonly contentType: string | null;
  readonly authenticate: string | null;
  readonly body: Buffer;
  /** As received. */
  readonly rawHeaders: readonly string[];
}

export type PhoneReply =
  | PhoneAnswer
  | {
      readonly ok: false;
      readonly code: 'push-phone-gone' | 'push-phone-slow' | 'push-phone-broken';
      /** The connection was established, so the push may have arrived. */
      readonly connected: boolean;
      /** For the operator; no secrets. */
      readonly detail: string;
    };

export interface PhoneClient {
  /** Never rejects. */
  readonly post: (push: PhonePush) => Promise<PhoneReply>;
  /** Whether anything listens on one of the ports of a phone's web server there. Never rejects. */
  readonly takesConnections: (address: string) => Promise<boolean>;
}

/** A phone that is there accepts within milliseconds; one that is switched off never answers the SYN. */
const CONNECT_MS = 2_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * A phone's certificate is self-signed or Unified CM's own, and named by its MAC address, so there is nothing to check it
 * against (reference/phone-xml.md §8); phones of the 7900 series speak TLS 1.0 alone, which OpenSSL refuses above level 0.
 */
const PHONE_TLS = {
  rejectUnauthorized: false,
  servername: '',
  minVersion: 'TLSv1',
  ciphers: 'DEFAULT@SECLEVEL=0',
} as const;

/** `timeoutMs` is for the whole of a push. */
export function createPhoneClient(ports: PhonePorts, timeoutMs: number): PhoneClient {
  return {
    post: (push) => {
      const port = ports[push.scheme];
      return push.watched ? postWatched(push, push.watched, port, timeoutMs) : postTo(push, port, timeoutMs);
    },
    takesConnections: async (address) => {
      const taken = [ports.https, ports.http].map((port) => connects(address, port, Math.min(CONNECT_MS, timeoutMs)));
      return (await Promise.all(taken)).includes(true);
    },
  };
}

async function postWatched(push: PhonePush, watched: Watched, port: number, timeoutMs: number): Promise<PhoneReply> {
  const startedAt = watched.now();
  const reply = await postTo(push, port, timeoutMs);
  const { scheme, address, body, service = null } = push;
  watched.passed({
    ...{ leg: 'push-out', service, startedAt, client: null, method: 'POST', body },
    url: `${scheme}://${hostOf(address, scheme, port)}/CGI/Execute`,
    headers: Object.entries(headersOf(push, port)).flatMap(([name, value]) => [name, String(value)]),
    answer: reply.ok ? { status: reply.status, headers: reply.rawHeaders, body: reply.body } : null,
    error: reply.ok ? null : reply.code,
  });
  return reply;
}

function postTo(push: PhonePush, port: number, timeoutMs: number): Promise<PhoneReply> {
  return new Promise((resolve) => {
    const call = startCall(push, port);
    let connected = false;
    const settle = (reply: PhoneReply) => {
      clearTimeout(connectTimer);
      clearTimeout(timer);
      resolve(reply);
      call.destroy();
    };
    const fail = (code: (PhoneReply & { ok: false })['code'], detail: string) =>
      settle({ ok: false, code, connected, detail });
    const connectMs = Math.min(CONNECT_MS, timeoutMs);
    const connectTimer = setTimeout(() => fail('push-phone-gone', `no connection within ${connectMs} ms`), connectMs);
    const timer = setTimeout(
      () => fail('push-phone-slow', `no complete answer within ${timeoutMs} ms`),
      Math.max(timeoutMs, connectMs + 1),
    );
    call.on('socket', (socket) => {
      // The request is written as soon as the connection stands, with TLS once its handshake is over.
      socket.once(push.scheme === 'https' ? 'secureConnect' : 'connect', () => {
        connected = true;
        clearTimeout(connectTimer);
      });
    });
    call.on('error', (error) => {
      fail(connected ? 'push-phone-broken' : 'push-phone-gone', classifyNetworkError(error).detail);
    });
    call.on('response', (response) => {
      readAnswer(response).then(
        (answer) => (answer === null ? fail('push-phone-broken', 'an answer over 64 KiB') : settle(answer)),
        () => fail('push-phone-broken', 'the answer broke off'),
      );
    });
    call.end(push.body);
  });
}

function hostOf(address: string, scheme: PhoneScheme, port: number): string {
  const host = urlHost(address);
  return port === (scheme === 'https' ? 443 : 80) ? host : `${host}:${port}`;
}

function headersOf({ address, scheme, authorization, contentType, body }: PhonePush, port: number) {
  return {
    Host: hostOf(address, scheme, port),
    ...(authorization === null ? {} : { Authorization: authorization }),
    'Content-Type': contentType,
    'Content-Length': body.length,
    Connection: 'close',
  };
}

function startCall(push: PhonePush, port: number): ClientRequest {
  const { address, scheme } = push;
  const options = {
    host: address,
    port,
    method: 'POST',
    path: '/CGI/Execute',
    agent: false,
    headers: headersOf(push, port),
  };
  return scheme === 'https' ? requestTls({ ...options, ...PHONE_TLS }) : requestPlain(options);
}

/** null: too large. */
async function readAnswer(response: IncomingMessage): Promise<PhoneAnswer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) return null;
    chunks.push(chunk);
  }
  const { headers, rawHeaders, statusCode } = response;
  return {
    ok: true,
    status: statusCode ?? 0,
    contentType: headers['content-type'] ?? null,
    authenticate: headers['www-authenticate'] ?? null,
    rawHeaders,
    body: Buffer.concat(chunks, size),
  };
}

function connects(address: string, port: number, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const settle = (result: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => settle(false), limitMs);
    socket.once('connect', () => settle(true));
    socket.on('error', () => settle(false));
  });
}
