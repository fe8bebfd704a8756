import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createUpstream, type UpstreamRequest } from '../../src/http/client/upstream.ts';
import { followRedirects, isRedirect, type ServerResult } from '../../src/relay/redirect.ts';
import { serverOrigins } from '../../src/relay/server-origins.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';

/** What the server answers to a path: a status, headers and a body. */
type Answers = Record<string, { status: number; headers?: Record<string, string | string[]>; body?: string }>;

const answers: Answers = {};
const SILENCE = { status: 0 };
const seen: string[] = [];
const cleanUp: (() => Promise<unknown> | unknown)[] = [];

beforeEach(() => {
  seen.length = 0;
  for (const path of Object.keys(answers)) delete answers[path];
});
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

function log(req: IncomingMessage, body: string, door: string): void {
  const { cookie, 'content-type': type } = req.headers;
  seen.push([door, req.method, req.url, cookie && `cookie ${cookie}`, type, body].filter(Boolean).join(' '));
}

async function serve(
  door: string,
  options: { host?: string; port?: number; tls?: { cert: string; key: string } } = {},
) {
  const listener = async (req: IncomingMessage, res: import('node:http').ServerResponse) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    log(req, body, door);
    const answer = answers[req.url?.split('?')[0] ?? ''] ?? { status: 404 };
    if (answer === SILENCE) return;
    res.writeHead(answer.status, answer.headers);
    res.end(answer.body);
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

interface Ask extends Partial<UpstreamRequest> {
  readonly url: string;
  readonly ca?: string;
  readonly isSameServer?: (host: string, port: number) => boolean;
}

async function ask({ url, ca, isSameServer = () => false, ...request }: Ask): Promise<ServerResult> {
  const service = { url, aliases: [], ca: ca ?? null, fingerprints: [] };
  const upstream = createUpstream({ ...service, origins: serverOrigins(service) });
  cleanUp.push(() => upstream.close());
  const whole = { method: 'GET' as const, target: '/fippa/1', headers: [], body: null, limitMs: 20_000, ...request };
  const startedAt = performance.now();
  const first = await upstream.request(whole);
  if (!first.ok || !isRedirect(first)) return first;
  return followRedirects(upstream, whole, first, { service, isSameServer }, startedAt);
}

function codeOf(result: ServerResult): string {
  return result.ok ? `status ${result.status}` : `${result.failure.code}, ${result.sent ? 'sent' : 'not sent'}`;
}

const PAGE = { status: 200, headers: { 'Content-Type': 'text/xml' }, body: '<x/>' };

describe('redirects within the server', () => {
  test('are followed, cookies go along and come back', async () => {
    const url = `http://127.0.0.1:${await serve('a')}`;
    answers['/fippa/1'] = { status: 302, headers: { Location: '2?id=1', 'Set-Cookie': ['A=1; Path=/fippa', 'B=1'] } };
    answers['/fippa/2'] = { status: 307, headers: { Location: `${url}/fippa/3`, 'Set-Cookie': 'B=; Max-Age=0' } };
    answers['/fippa/3'] = { ...PAGE, headers: { ...PAGE.headers, 'Set-Cookie': 'C=1' } };
    const result = await ask({ url, headers: ['Cookie', 'P=0', 'Accept', 'x'] });
    expect(seen).toEqual([
      'a GET /fippa/1 cookie P=0',
      'a GET /fippa/2?id=1 cookie P=0; A=1; B=1',
      'a GET /fippa/3 cookie P=0; A=1',
    ]);
    expect(result).toMatchObject({
      ok: true,
      status: 200,
      headers: { contentType: 'text/xml', setCookies: ['A=1; Path=/fippa', 'B=1', 'B=; Max-Age=0', 'C=1'] },
      body: Buffer.from('<x/>'),
    });
  });

  test.each([301, 302, 303])('a POST becomes a GET after %i', async (status) => {
    const url = `http://127.0.0.1:${await serve('a')}`;
    answers['/fippa/1'] = { status, headers: { Location: '/fippa/2' } };
    answers['/fippa/2'] = PAGE;
    const form = { method: 'POST' as const, body: Buffer.from('x=1'), headers: ['Content-Type', 'form'] };
    expect(codeOf(await ask({ url, ...form }))).toBe('status 200');
    expect(seen).toEqual(['a POST /fippa/1 form x=1', 'a GET /fippa/2']);
  });

  test.each([307, 308])('a %i does not repeat a POST', async (status) => {
    const url = `http://127.0.0.1:${await serve('a')}`;
    answers['/fippa/1'] = { status, headers: { Location: '/fippa/2' } };
    expect(codeOf(await ask({ url, method: 'POST', body: Buffer.from('x=1') }))).toBe('redirect, sent');
    expect(seen).toHaveLength(1);
  });

  test('five are followed, a sixth is not', async () => {
    const url = `http://127.0.0.1:${await serve('a')}`;
    for (let n = 1; n <= 6; n++) answers[`/fippa/${n}`] = { status: 302, headers: { Location: `/fippa/${n + 1}` } };
    answers['/fippa/6'] = PAGE;
    expect(codeOf(await ask({ url }))).toBe('status 200');
    seen.length = 0;
    answers['/fippa/6'] = { status: 302, headers: { Location: '/fippa/7' } };
    expect(codeOf(await ask({ url }))).toBe('redirect, sent');
    expect(seen).toHaveLength(6);
  });

  test('one limit holds for all of them', async () => {
    const url = `http://127.0.0.1:${await serve('a')}`;
    answers['/fippa/1'] = { status: 302, headers: { Location: '/fippa/2' } };
    answers['/fippa/2'] = SILENCE;
    expect(codeOf(await ask({ url, limitMs: 300 }))).toBe('timeout, sent');
    expect(codeOf(await ask({ url, limitMs: 0 }))).toBe('connect-timeout, not sent');
  });

  test('a 3xx without a Location, or another one, is an answer like any other', async () => {
    const url = `http://127.0.0.1:${await serve('a')}`;
    answers['/fippa/1'] = { status: 302 };
    expect(codeOf(await ask({ url }))).toBe('status 302');
    answers['/fippa/1'] = { status: 304, headers: { Location: '/fippa/2' } };
    expect(codeOf(await ask({ url }))).toBe('status 304');
  });

  test('a connection that fails on the way still means that the first request was sent', async () => {
    const host = randomLoopback();
    const url = `http://${host}:${await serve('plain', { host, port: 8082 })}`;
    answers['/fippa/1'] = { status: 302, headers: { Location: `https://${host}:8445/fippa/1` } };
    expect(codeOf(await ask({ url }))).toBe('refused, sent');
  });
});

describe('redirects elsewhere', () => {
  test.each(['http://localhost:PORT/fippa/2', 'http://127.0.0.1:OTHER/fippa/2', '/desktop', '/fippa/../desktop'])(
    '%s',
    async (where) => {
      const port = await serve('a');
      const other = await serve('b');
      const location = where.replace('PORT', String(port)).replace('OTHER', String(other));
      answers['/fippa/1'] = { status: 302, headers: { Location: location } };
      const result = await ask({ url: `http://127.0.0.1:${port}` });
      expect(codeOf(result)).toBe('redirect, sent');
      expect(!result.ok && result.failure.detail).not.toContain('desktop');
      expect(seen).toEqual(['a GET /fippa/1']);
    },
  );
});

/** 8082 and 8445 are Finesse's ports; an address of one's own for each test keeps them free. Linux listens on all of 127/8. */
function randomLoopback(): string {
  const part = () => 1 + Math.floor(Math.random() * 254);
  return `127.${part()}.${part()}.${part()}`;
}

describe('from 8082 to 8445', () => {
  test('by address, and by a name that is known to be the server’s: the connection goes to the configured host', async () => {
    const host = randomLoopback();
    const tls = selfSigned([host], Date.now());
    await serve('plain', { host, port: 8082 });
    await serve('tls', { host, port: 8445, tls });
    answers['/fippa/2'] = PAGE;
    for (const name of [host, 'fin-a.invalid']) {
      seen.length = 0;
      answers['/fippa/1'] = {
        status: 302,
        headers: { Location: `https://${name}:8445/fippa/2`, 'Set-Cookie': 'S=1; Path=/; Secure' },
      };
      const isSameServer = (found: string, port: number) => found === 'fin-a.invalid' && port === 8445;
      expect(codeOf(await ask({ url: `http://${host}:8082`, ca: tls.cert, isSameServer }))).toBe('status 200');
      expect(seen).toEqual(['plain GET /fippa/1', 'tls GET /fippa/2 cookie S=1']);
    }
  });
});
