/**
 * Nothing can be hidden behind, in or beside a request: one request of a phone is at most one request of the proxy, towards
 * a server that would read any other into it (lenient-server.ts), and the next phone gets its own page.
 */

import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Rig, startRig } from '../rig.ts';
import { type LenientServer, readStrictly, startLenientServer } from './lenient-server.ts';
import { openRaw, sendRaw } from './raw-sockets.ts';

let server: LenientServer;
let rig: Rig;
let port: number;

beforeAll(async () => {
  server = await startLenientServer();
  rig = await startRig({ servers: 1, urls: [server.url] });
  port = Number(new URL(rig.phones).port);
});
afterAll(async () => {
  await rig.stop();
  await server.close();
});
beforeEach(() => server.forget());

const HOST = 'Host: proxy\r\n';
const HIDDEN = `GET /a/fippa/SEP2/hidden HTTP/1.1\r\n${HOST}\r\n`;
/** As a server would have to read it, had the proxy passed it on. */
const HIDDEN_BEHIND = 'GET /fippa/SEP2/hidden HTTP/1.1\r\nHost: finesse\r\n\r\n';
const GET = `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}`;
const POST = `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}`;

const pages = (text: string) => text.split('HTTP/1.1 200 OK').length - 1;
let victims = 0;

/** The next phone, on a connection of its own, is shown what it asked for. */
async function expectOwnPage(): Promise<void> {
  const target = `/fippa/SEP9/page${victims++}`;
  const { body } = await rig.get(`/a${target}`);
  expect(body).toContain(`asked for ${target}.`);
}

/** How many requests reached the server, none of them in doubt. */
function expectAtMostOneRequest(): number {
  const requests = server.bytes().flatMap(readStrictly);
  expect(requests.length).toBeLessThanOrEqual(1);
  expect(server.requestLines()).toHaveLength(requests.length);
  for (const target of requests) expect(target).toMatch(/^\/fippa\/SEP1(?![^/?;])/);
  return requests.length;
}

describe('a request in doubt is refused whole', () => {
  test.each<[string, string]>([
    ['a GET with a length', `${GET}Content-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
    ['B243 a length by another name', `${POST}Content_Length: ${HIDDEN.length}\r\nContent-Length: 0\r\n\r\n${HIDDEN}`],
    ['B243 a length with two hyphens', `${GET}Content--Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
    ['B243 a coding by another name', `${GET}Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['B243 a coding without a hyphen', `${GET}TransferEncoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['B243 a coding behind a hyphen', `${GET}-transfer.encoding-: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['a GET with a shorter length', `${GET}Content-Length: 1\r\n\r\nx${HIDDEN}`],
    ['a chunked GET', `${GET}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['chunked on HTTP/1.0', `GET /a/fippa/SEP1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['CL.TE', `${POST}Content-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['TE.CL', `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['TE.0', `${POST}Transfer-Encoding: identity\r\n\r\n${HIDDEN}`],
    ['TE.TE', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['a coding with a tab', `${POST}Transfer-Encoding:\tchunked, x\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['a coding with a vertical tab', `${POST}Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['a quoted coding', `${POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['a folded coding', `${POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['a coding and a space', `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['a coding behind a bare CR', `${POST}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`],
    ['two lengths', `${POST}Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
    ['a list of lengths', `${POST}Content-Length: 0, ${HIDDEN.length}\r\n\r\n${HIDDEN}`],
    ['a hexadecimal length', `${POST}Content-Length: 0x0\r\n\r\n${HIDDEN}`],
    ['a signed length', `${POST}Content-Length: +0\r\n\r\n${HIDDEN}`],
    ['a negative length', `${POST}Content-Length: -1\r\n\r\n${HIDDEN}`],
    ['a length that overflows', `${POST}Content-Length: 18446744073709551616\r\n\r\n${HIDDEN}`],
    ['an empty length', `${POST}Content-Length:\r\n\r\n${HIDDEN}`],
    ['a chunk size that overflows', `${POST}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n${HIDDEN}`],
    ['a chunk size with 0x', `${POST}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${HIDDEN}`],
    ['a chunk longer than its size', `${POST}Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n${HIDDEN}`],
    ['a line feed in a chunk line', `${POST}Transfer-Encoding: chunked\r\n\r\n1;\nx\r\n0\r\n\r\n${HIDDEN}`],
    ['a bare CR in a chunk line', `${POST}Transfer-Encoding: chunked\r\n\r\n1;\rx\r\n0\r\n\r\n${HIDDEN}`],
    ['framing in a trailer', `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n${HIDDEN}`],
    ['line feeds alone', `GET /a/fippa/SEP1 HTTP/1.1\nHost: proxy\nContent-Length: 5\n\n${HIDDEN}`],
    ['carriage returns alone', `GET /a/fippa/SEP1 HTTP/1.1\rHost: proxy\r\r${HIDDEN}`],
    ['an Upgrade', `${GET}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n${HIDDEN}`],
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['CONNECT', `CONNECT a:1 HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['a path that is refused', `GET /a HTTP/1.1\r\n${HOST}\r\n${HIDDEN}`],
    ['HTTP/0.9', `GET /a/fippa/SEP1\r\n\r\n${HIDDEN}`],
    ['HTTP/0.9 with a line feed', `GET /a/fippa/SEP1\n${HIDDEN}`],
    ['a line end in the target', `GET /a/fippa/SEP1\rGET /fippa/SEP2/hidden HTTP/1.1\r\n${HOST}\r\n`],
    ['a blank in the target', `GET /a/fippa/SEP1 HTTP/1.1 GET /fippa/SEP2/hidden HTTP/1.1\r\n${HOST}\r\n`],
    ['an encoded line end in the path', `GET /a/fippa/SEP1/%0d%0aGET%20/x HTTP/1.1\r\n${HOST}\r\n`],
    ['a NUL in a header', `${GET}Cookie: a\0\r\nX: y\r\n\r\n${HIDDEN}`],
  ])('%s', async (_, bytes) => {
    const client = openRaw(port);
    client.write(bytes);
    client.socket.end();
    expect(pages((await client.closed).text)).toBe(1);
    expect(server.requestLines()).toEqual([]);
    await expectOwnPage();
  });

  test('the same in pieces, byte by byte', async () => {
    const bytes = `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`;
    expect(pages((await sendRaw(port, ...bytes)).text)).toBe(1);
    expect(server.requestLines()).toEqual([]);
    await expectOwnPage();
  });
});

describe('what follows a request is not served with it', () => {
  test.each<[string, string]>([
    ['a request that says close', `${GET}Connection: close\r\n\r\n${HIDDEN}`],
    ['a request on HTTP/1.0', `GET /a/fippa/SEP1 HTTP/1.0\r\n\r\n${HIDDEN}`],
    ['a request whose answer is not there yet', `${GET}\r\n${HIDDEN}`],
    ['a form', `${POST}Content-Length: 3\r\n\r\nx=1${HIDDEN}`],
    ['an empty form', `${POST}Content-Length: 0\r\n\r\n${HIDDEN}`],
    ['a form without a length', `${POST}\r\n${HIDDEN}`],
    ['a chunked form', `${POST}Transfer-Encoding: chunked\r\n\r\n3\r\nx=1\r\n0\r\n\r\n${HIDDEN}`],
    ['garbage after a request', `${GET}\r\n\x00\x01\r\n${HIDDEN}`],
  ])('%s: that one is answered, and it is the last', async (_, bytes) => {
    const { text, orderly } = await sendRaw(port, bytes);
    expect(pages(text)).toBe(1);
    expect(text).toMatch(/\r\nConnection: close\r\n/);
    expect(text).toContain('asked for /fippa/SEP1.');
    expect(orderly).toBe(true);
    expect(server.bytes().flatMap(readStrictly)).toEqual(['/fippa/SEP1']);
    expect(server.requestLines()).toHaveLength(1);
    await expectOwnPage();
  });
});

describe('what is inside a request stays inside it', () => {
  test.each<[string, string]>([
    [
      'a request as a form',
      `${POST}Connection: close\r\nContent-Length: ${HIDDEN_BEHIND.length}\r\n\r\n${HIDDEN_BEHIND}`,
    ],
    [
      'a request as a chunk',
      `${POST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${HIDDEN_BEHIND.length.toString(16)}\r\n${HIDDEN_BEHIND}\r\n0\r\n\r\n`,
    ],
    [
      'a request in a chunk extension',
      `${POST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3;x=GET\r\nx=1\r\n0\r\n\r\n`,
    ],
    [
      'a request in a trailer',
      `${POST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nx=1\r\n0\r\nX: GET /fippa/SEP2/hidden HTTP/1.1\r\n\r\n`,
    ],
    ['a length named in Connection', `${POST}Connection: close, Content-Length\r\nContent-Length: 3\r\n\r\nx=1`],
    ['Host and cookies named in Connection', `${GET}Connection: close, Host, Cookie\r\nCookie: a=b\r\n\r\n`],
    ['a header for the method', `${GET}Connection: close\r\nX-HTTP-Method-Override: DELETE\r\n\r\n`],
    [
      'an encoded line end in the query',
      `GET /a/fippa/SEP1?x=%0d%0aGET%20/y HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
    ],
  ])('%s', async (_, bytes) => {
    const { text } = await sendRaw(port, bytes);
    expect(pages(text)).toBe(1);
    const [target, ...more] = server.bytes().flatMap(readStrictly);
    expect(target).toMatch(/^\/fippa\/SEP1(\?x=%0d%0aGET%20\/y)?$/);
    expect(more).toEqual([]);
    expect(server.requestLines()).toHaveLength(1);
    expect(server.bytes().join('')).not.toMatch(/transfer.encoding|override|content_length|chunked/i);
    await expectOwnPage();
  });
});

describe('any combination', () => {
  const lineEnd = fc.oneof({ weight: 12, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', '\r\r\n', ''));
  const requestLine = fc.constantFrom(
    ...['POST /a/fippa/SEP1 HTTP/1.1', 'GET /a/fippa/SEP1?x HTTP/1.1', 'POST /a/fippa/SEP1/y HTTP/1.0'],
    ...['POST /a/fippa/SEP1', 'POST  /a/fippa/SEP1 HTTP/1.1', 'post /a/fippa/SEP1 HTTP/1.1'],
  );
  const header = fc.constantFrom(
    ...['Content-Length: 3', 'Content-Length: 40', 'Content-Length: 0', 'content-length:0003', 'Content-Length : 3'],
    ...['Content-Length: 3, 3', 'Content-Length: 3;', 'Content-Length:', ' Content-Length: 3'],
    ...['Transfer-Encoding: chunked', 'transfer-encoding: CHUNKED', 'Transfer-Encoding: identity, chunked'],
    ...['Transfer-Encoding: chunked;x', 'Transfer-Encoding : chunked', 'Transfer-Encoding:', '\tTransfer-Encoding: x'],
    ...['Connection: keep-alive, Transfer-Encoding', 'Connection: close', 'Expect: 100-continue', 'TE: trailers'],
    ...['Cookie: a=b', 'Cookie: \xff', 'X: GET /fippa/SEP2/hidden HTTP/1.1', 'Upgrade: h2c', 'Host: other', 'X'],
  );
  const bodyPart = fc.constantFrom(
    ...['0\r\n\r\n', 'x=1', '3\r\nx=1\r\n', '3;a=b\r\nx=1\r\n', '0\r\nX: y\r\n\r\n', '\r\n', '\n', '\r', '\0', '0\n\n'],
    ...[HIDDEN, HIDDEN_BEHIND, 'GET /fippa/SEP2/hidden\n', `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n`],
  );
  const bytes = fc
    .record({
      first: requestLine,
      headers: fc.array(header, { maxLength: 4 }),
      ends: fc.array(lineEnd, { minLength: 7, maxLength: 7 }),
      body: fc.array(bodyPart, { maxLength: 4 }),
    })
    .map(({ first, headers, ends, body }) => {
      const lines = [first, 'Host: proxy', ...headers, ''];
      return lines.map((line, i) => line + (ends[i] ?? '\r\n')).join('') + body.join('');
    });

  test('is at most one request, and the next phone gets its own page', async () => {
    let reached = 0;
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        server.forget();
        const client = openRaw(port);
        client.write(sent);
        client.socket.end();
        const { text } = await client.closed;
        for (const line of text.match(/HTTP\/1\.1 [^\r]*/g) ?? []) expect(line).toMatch(/ (200 OK|100 Continue)$/);
        reached += expectAtMostOneRequest();
        await expectOwnPage();
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 400) },
    );
    expect(reached).toBeGreaterThan(0);
  });
});
