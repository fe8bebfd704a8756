/** Every row of reference/http-hardening.md as bytes on a socket: nothing of it reaches a server that would take anything. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sendPage } from '../../src/proxy/answer.ts';
import { readForm } from '../../src/proxy/form.ts';
import { selectForwardHeaders } from '../../src/proxy/forward-headers.ts';
import { parsePhoneRequest } from '../../src/proxy/gate.ts';
import { createListener, type Listener } from '../../src/proxy/listener.ts';
import { createUpstream, type Upstream } from '../../src/proxy/upstream.ts';
import { openRaw, type RawServer, sendRaw, startRawServer } from './raw-sockets.ts';

let server: RawServer;
let upstream: Upstream;
let listener: Listener;
let port: number;

/** The shortest path from a phone to a server: gate, form, upstream, answer. */
async function relay(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const page = (text: string, own: boolean) => ({
    body: Buffer.from(text),
    contentType: 'text/xml; charset=utf-8',
    own,
  });
  const refuse = (code: string) => {
    res.shouldKeepAlive = false;
    sendPage(req, res, page(`<refused>${code}</refused>`, true));
  };
  const { method, url, httpVersion, rawHeaders } = req;
  const verdict = parsePhoneRequest({ method, url, httpVersion, rawHeaders });
  if (!verdict.ok) return refuse(verdict.failure.code);
  const form = method === 'POST' ? await readForm(req) : { ok: true as const, body: null };
  if (!form.ok) return refuse(form.code);
  const result = await upstream.request({
    method: verdict.request.method,
    target: verdict.request.upstreamTarget,
    headers: selectForwardHeaders(rawHeaders, {
      clientAddress: '127.0.0.1',
      scheme: 'http',
      host: verdict.request.host,
    }),
    body: form.body,
    limitMs: 10_000,
  });
  sendPage(req, res, page(result.ok ? result.body.toString() : `<failed>${result.failure.code}</failed>`, false));
}

beforeAll(async () => {
  // As lenient as a server can be: whatever comes, in whatever shape, is answered with a page.
  server = await startRawServer((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<relayed>'));
  upstream = createUpstream({ url: `http://127.0.0.1:${server.port}`, aliases: [], ca: null, fingerprints: [] });
  listener = createListener(
    { host: '127.0.0.1', port: 0, publicUrl: null, tls: null, service: null },
    {
      key: 'phones.listeners[0]',
      onRequest: (req, res) => void relay(req, res),
      onRefused: () => {},
      errorPage: (code) => ({
        body: Buffer.from(`<refused>${code}</refused>`),
        contentType: 'text/xml; charset=utf-8',
      }),
    },
  );
  await listener.start();
  port = listener.address().port;
});
afterAll(async () => {
  await listener.stop(0);
  await upstream.close();
  await server.close();
});
beforeEach(() => {
  server.seen.fill('');
});

const HOST = 'Host: proxy\r\n';

function expectPage(text: string, code: string): void {
  const [head = '', body = '', ...rest] = text.split('\r\n\r\n');
  expect(rest).toEqual([]);
  expect(head.split('\r\n')[0]).toBe('HTTP/1.1 200 OK');
  expect(head).toMatch(/\r\nContent-Type: text\/xml; charset=utf-8\r\n/);
  expect(head).toMatch(/\r\nExpires: Thu, 01 Jan 2015 00:00:00 GMT\r\n/);
  expect(head).toMatch(/\r\nConnection: close/);
  expect(head).not.toMatch(/transfer-encoding|keep-alive|x-powered-by|server:/i);
  expect(body).toBe(`<refused>${code}</refused>`);
  expect(head).toMatch(new RegExp(`\r\nContent-Length: ${body.length}(\r\n|$)`));
}

describe('what is refused gets a page, and the connection is closed', () => {
  test.each<[string, string, string]>([
    ['HTTP/0.9', 'request-malformed', 'GET /a/fippa/SEP1\n\n'],
    ['HTTP/0.9 with headers', 'request-malformed', `GET /a/fippa/SEP1\r\n${HOST}\r\n`],
    ['HTTP/1.2', 'request-malformed', `GET /a/fippa/SEP1 HTTP/1.2\r\n${HOST}\r\n`],
    ['HTTP/2.0 as text', 'request-malformed', `GET /a/fippa/SEP1 HTTP/2.0\r\n${HOST}\r\n`],
    ['two Host headers', 'request-malformed', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Host: evil\r\n\r\n`],
    ['no Host', 'request-malformed', 'GET /a/fippa/SEP1 HTTP/1.1\r\nAccept: */*\r\n\r\n'],
    ['absolute-form', 'request-malformed', `GET http://evil/fippa/SEP1 HTTP/1.1\r\n${HOST}\r\n`],
    ['two slashes', 'request-malformed', `GET //evil/fippa/SEP1 HTTP/1.1\r\n${HOST}\r\n`],
    ['asterisk-form', 'request-malformed', `GET * HTTP/1.1\r\n${HOST}\r\n`],
    ['a fragment', 'request-malformed', `GET /a/fippa/SEP1#x HTTP/1.1\r\n${HOST}\r\n`],
    ['a backslash', 'request-malformed', `GET /a/fippa/SEP1\\x HTTP/1.1\r\n${HOST}\r\n`],
    ['dot segments', 'request-malformed', `GET /a/fippa/SEP1/../../finesse/api/User HTTP/1.1\r\n${HOST}\r\n`],
    ['encoded dot segments', 'request-malformed', `GET /a/fippa/SEP1/%2e%2E/x HTTP/1.1\r\n${HOST}\r\n`],
    ['an encoded slash', 'request-malformed', `GET /a/fippa/SEP1/..%2f..%2fx HTTP/1.1\r\n${HOST}\r\n`],
    ['an encoded backslash', 'request-malformed', `GET /a/fippa/SEP1/%5c HTTP/1.1\r\n${HOST}\r\n`],
    ['an encoded NUL', 'request-malformed', `GET /a/fippa/SEP1/%00 HTTP/1.1\r\n${HOST}\r\n`],
    ['a control character', 'request-malformed', `GET /a/fippa/SEP1/\x01 HTTP/1.1\r\n${HOST}\r\n`],
    ['a tab', 'request-malformed', `GET /a/fippa/SEP1\tx HTTP/1.1\r\n${HOST}\r\n`],
    ['a NUL in the target', 'request-malformed', `GET /a/fippa/SEP1\x00 HTTP/1.1\r\n${HOST}\r\n`],
    ['Latin-1', 'request-malformed', `GET /a/fippa/SEP1/\xe9 HTTP/1.1\r\n${HOST}\r\n`],
    [
      'chunked on HTTP/1.0',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a GET with a length', 'request-malformed', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nx=1`],
    [
      'a GET whose body never comes',
      'request-malformed',
      `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\n`,
    ],
    [
      'a chunked GET',
      'request-malformed',
      `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'length and chunked',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'chunked and length',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    ],
    [
      'two lengths',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nx=12`,
    ],
    [
      'two equal lengths',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nx=1`,
    ],
    ['a signed length', 'request-malformed', `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: +3\r\n\r\nx=1`],
    [
      'xchunked',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    ],
    [
      'gzip, chunked',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a folded header', 'request-malformed', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Accept: a\r\n b\r\n\r\n`],
    [
      'a space before the colon',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a space before the first header', 'request-malformed', `GET /a/fippa/SEP1 HTTP/1.1\r\n ${HOST}\r\n`],
    ['a NUL in a header', 'request-malformed', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Accept: a\x00b\r\n\r\n`],
    ['a bare CR in a header', 'request-malformed', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Accept: a\rX: b\r\n\r\n`],
    ['no method', 'request-malformed', '\x00\x01\x02\r\n\r\n'],
    ['a method nobody knows', 'request-malformed', `FETCH /a/fippa/SEP1 HTTP/1.1\r\n${HOST}\r\n`],
    [
      'an Upgrade',
      'request-malformed',
      `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    ],
    [
      'another Expect',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Expect: a miracle\r\nContent-Length: 3\r\n\r\n`,
    ],
    ['CONNECT', 'request-method', `CONNECT evil:443 HTTP/1.1\r\n${HOST}\r\n`],
    ['PUT', 'request-method', `PUT /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nx=1`],
    ['OPTIONS *', 'request-method', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`],
    ['a long target', 'request-too-long', `GET /a/fippa/SEP1?${'x'.repeat(2048)} HTTP/1.1\r\n${HOST}\r\n`],
    [
      'a target longer than the parser takes',
      'request-too-long',
      `GET /a/fippa/SEP1?${'x'.repeat(40_000)} HTTP/1.1\r\n${HOST}\r\n`,
    ],
    [
      'a header longer than the parser takes',
      'request-too-long',
      `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}X: ${'x'.repeat(40_000)}\r\n\r\n`,
    ],
    ['61 headers', 'request-malformed', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(60)}\r\n`],
    [
      'a large form',
      'request-body-too-large',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 16385\r\n\r\n${'x'.repeat(16_385)}`,
    ],
    [
      'a large form without a length',
      'request-body-too-large',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n4e20\r\n${'x'.repeat(20_000)}\r\n0\r\n\r\n`,
    ],
    [
      'a broken chunk',
      'request-malformed',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ],
    ['a push', 'request-push', `POST /CGI/Execute HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nXML=x`],
    ['no such path', 'request-path', `GET /finesse/api/User/1 HTTP/1.1\r\n${HOST}\r\n`],
    ['no device', 'request-device', `GET /a/fippa/ HTTP/1.1\r\n${HOST}\r\n`],
  ])('%s: %s', async (_, code, bytes) => {
    const { text, orderly } = await sendRaw(port, bytes);
    expectPage(text, code);
    expect(orderly).toBe(true);
    expect(server.seen.join('')).toBe('');
  });

  test('a second Host that Node would drop unseen behind sixty other headers', async () => {
    const { text } = await sendRaw(
      port,
      `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(100)}Host: evil\r\n\r\n`,
    );
    expect(text).toMatch(/<refused>request-(malformed|too-long)<\/refused>$/);
    expect(server.seen.join('')).toBe('');
  });

  test('also byte by byte', async () => {
    const bytes = `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
    const { text } = await sendRaw(port, ...bytes);
    expectPage(text, 'request-malformed');
    expect(server.seen.join('')).toBe('');
  });

  test('the answer arrives although the client goes on sending', async () => {
    const client = openRaw(port);
    client.write(`POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 10000000\r\n\r\n`);
    for (let i = 0; i < 20; i++) client.write('x'.repeat(5_000));
    expectPage(await client.received('</refused>'), 'request-body-too-large');
    client.socket.end();
    expect((await client.closed).orderly).toBe(true);
  });

  test('a client that never stops sending is cut off', async () => {
    const client = openRaw(port);
    client.write(`POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 100000000\r\n\r\n`);
    const more = () => !client.socket.destroyed && client.socket.write('x'.repeat(65_536), () => setImmediate(more));
    more();
    await client.closed;
    expect(server.seen.join('')).toBe('');
  });

  test('TLS on a plain listener is closed with a page that no phone can read', async () => {
    const { text } = await sendRaw(port, Buffer.from('160301020001', 'hex'), Buffer.alloc(512));
    expect(text).toContain('request-malformed');
    expect(server.seen.join('')).toBe('');
  });
});

describe('nothing can be hidden behind a request', () => {
  const HIDDEN = `GET /a/fippa/SEP2/hidden HTTP/1.1\r\n${HOST}\r\n`;

  test.each<[string, string]>([
    ['a GET with a length', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
    ['a GET with a shorter length', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\nx${HIDDEN}`],
    ['a GET on HTTP/1.0', `GET /a/fippa/SEP1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    [
      'CL.TE',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    [
      'TE.CL',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ['TE.0', `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n\r\n${HIDDEN}`],
    [
      'a line feed as line end in chunks',
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1;\nx\r\n0\r\n\r\n${HIDDEN}`,
    ],
    ['an Upgrade', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n${HIDDEN}`],
    ['CONNECT', `CONNECT a:1 HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['a refused request', `GET /a HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['HTTP/0.9', `GET /a/fippa/SEP1\r\n\r\n${HIDDEN}`],
  ])('%s', async (_, bytes) => {
    const { text } = await sendRaw(port, bytes);
    expect(text.split('HTTP/1.1 200 OK')).toHaveLength(2);
    expect(server.seen.join('')).toBe('');
  });

  test.each<[string, string]>([
    ['a request that says close', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n${HIDDEN}`],
    ['a request on HTTP/1.0', `GET /a/fippa/SEP1 HTTP/1.0\r\n\r\n${HIDDEN}`],
    ['a request whose answer is not there yet', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['a form', `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nx=1${HIDDEN}`],
    ['garbage after a request', `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}\r\n\x00\x01\r\n${HIDDEN}`],
  ])('behind %s: that one is answered, and it is the last', async (_, bytes) => {
    const { text, orderly } = await sendRaw(port, bytes);
    expect(text.split('HTTP/1.1 200 OK')).toHaveLength(2);
    expect(text).toMatch(/\r\nConnection: close\r\nDate: [^\r]*\r\n\r\n<relayed>$/);
    expect(orderly).toBe(true);
    expect(server.seen.join('').match(/ \/\S* /g)).toEqual([' /fippa/SEP1 ']);
  });
});

describe('what is relayed', () => {
  test('keeps its target byte for byte and leaves hop-by-hop headers behind', async () => {
    const target = '/fippa/SEP1;jsessionid=1F/x?id=1&password=p%2Fw%5C%';
    await sendRaw(
      port,
      `GET /a${target} HTTP/1.1\r\n${HOST}Connection: close, X-CiscoIPPhoneDisplay\r\nX-CiscoIPPhoneDisplay: 1\r\nX-Forwarded-For: evil\r\nTE: trailers\r\nAccept: a\r\n\r\n`,
    );
    expect(server.seen.join('')).toBe(
      `GET ${target} HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: keep-alive\r\nAccept: a\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: proxy\r\nAccept-Encoding: identity\r\n\r\n`,
    );
  });

  test('an empty line before a request, as old clients send it', async () => {
    const { text } = await sendRaw(port, `\r\nGET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    expect(text).toMatch(/<relayed>$/);
  });

  test('a chunked form is sent on with a length', async () => {
    const bytes = `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nx=\r\n1\r\n1\r\n0\r\n\r\n`;
    const { text } = await sendRaw(port, bytes);
    expect(text).toMatch(/<relayed>$/);
    expect(server.seen.join('')).toMatch(/content-length: 3\r\n\r\nx=1$/);
  });

  test('Expect: 100-continue gets its 100', async () => {
    const client = openRaw(port);
    client.write(
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Connection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
    );
    await client.received('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('x=1');
    expect((await client.closed).text).toMatch(/<relayed>$/);
    expect(server.seen.join('')).not.toMatch(/expect/i);
  });
});
