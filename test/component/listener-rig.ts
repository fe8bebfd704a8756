/** A listener by itself, for tests of what it does with connections. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/config/limits.ts';
import type { ListenerLimits } from '../../src/http/server/connection-policy.ts';
import type { HttpExchange } from '../../src/http/server/exchange.ts';
import {
  createListener,
  type ListenAddress,
  type Listener,
  type ListenerOptions,
} from '../../src/http/server/listener.ts';
import type { ListenerTls } from '../../src/http/server/listener-certificate.ts';
import type { RequestFault } from '../../src/http/server/request-fault.ts';
import { HTTP_PARSER } from '../http-parser.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from '../unit/config-certificates.ts';

const CONFIG: ListenAddress = { host: '127.0.0.1', port: 0, tls: null };

/** What a test leaves behind: done in reverse order after it. */
export const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

export interface Running {
  readonly listener: Listener;
  readonly port: number;
  readonly refused: RequestFault[];
}

export interface RunOptions {
  readonly config?: Partial<ListenAddress>;
  readonly limits?: Partial<ListenerLimits>;
  readonly more?: Partial<ListenerOptions>;
}

/** Refusals have their code as their page. */
export async function startListener(
  onRequest: (exchange: HttpExchange) => void,
  { config = {}, limits = {}, more = {} }: RunOptions = {},
): Promise<Running> {
  const refused: RequestFault[] = [];
  const listener = createListener(
    { ...CONFIG, ...config },
    {
      key: 'phones.listeners[1]',
      limits: { ...DEFAULT_LIMITS, ...limits },
      parser: HTTP_PARSER,
      onRequest,
      onRefused: (failure) => refused.push(failure),
      errorAnswer: (code) => ({ body: `<refused>${code}</refused>`, contentType: 'text/xml' }),
      ...more,
    },
  );
  await listener.start();
  cleanUp.push(() => listener.stop(0));
  return { listener, port: listener.address().port, refused };
}

export const GET = 'GET /a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\n\r\n';
/** With `Connection: close`. */
export const LAST = GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
export const POST = 'POST /a/fippa/SEP1 HTTP/1.1\r\nHost: proxy\r\nContent-Length: 3\r\n\r\na=b';
/** A GET that Node's parser reads. */
export const OTHER = `\r\n${GET}`;

export const page = (text: string) => ({ body: text, contentType: 'text/xml' });
export const answerAtOnce = (exchange: HttpExchange) => exchange.answer(page('<x/>'));

/** `asked`: requests so far, as method and URL. */
export async function startAsked(
  onRequest: (exchange: HttpExchange) => void = answerAtOnce,
  limits: Partial<ListenerLimits> = {},
  tls: ListenerTls | null = null,
): Promise<Running & { readonly asked: string[] }> {
  const asked: string[] = [];
  const running = await startListener(
    (exchange) => {
      asked.push(`${exchange.method} ${exchange.url}`);
      onRequest(exchange);
    },
    { config: { tls }, limits },
  );
  return { ...running, asked };
}

/** Holds each request until it is let go. */
export function holding() {
  const held: HttpExchange[] = [];
  const waiting: (() => void)[] = [];
  return {
    onRequest: (exchange: HttpExchange) => {
      held.push(exchange);
      for (const wake of waiting.splice(0)) wake();
    },
    next: async (): Promise<HttpExchange> => {
      while (held.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      return held.shift() as HttpExchange;
    },
  };
}

export function makeTls(): ListenerTls {
  const folder = mkdtempSync(join(tmpdir(), 'listener-'));
  cleanUp.push(() => rmSync(folder, { recursive: true }));
  const tls = { cert: join(folder, 'p.pem'), key: join(folder, 'p.key') };
  writeFileSync(tls.cert, PROXY_CERTIFICATE);
  writeFileSync(tls.key, PROXY_KEY);
  return tls;
}

export const answersIn = (text: string) => text.match(/HTTP\/1\.1 200 OK/g)?.length ?? 0;
