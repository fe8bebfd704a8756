/** What is read without Node's parser must be what Node's parser would have read: both are given the same bytes. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parsePlainGet } from '../../src/http/server/plain-get.ts';
import { MAX_HEADERS } from '../../src/http/server/request-head.ts';

const PHONE = [
  'GET /a/fippa/SEP001122334455/ready?x=1&y=%20 HTTP/1.1',
  'Host: proxy.example.com:8082',
  'User-Agent: Cisco-Phone/14.2',
  'Accept: x-CiscoIPPhone/*, text/*,image/png,*/*',
  'Accept-Charset: utf-8,iso-8859-1;q=0.8',
  'x-CiscoIPPhoneModelName: CP-8845',
  'Cookie: JSESSIONID=1; x=\xe9',
  'Connection: close',
  '\r\n',
].join('\r\n');

const bytesOf = (text: string) => Buffer.from(text, 'latin1');

/** What Node reads: every request that a connection's bytes make, and whether it gave up on them. */
interface Seen {
  readonly requests: { url: string | undefined; rawHeaders: string[]; keeps: boolean; hasBody: boolean }[];
  failed: boolean;
}

let server: Server;
let seen: Seen;
beforeAll(async () => {
  // As the listener's: strict, and the gate judges Host.
  server = createServer({ requireHostHeader: false, insecureHTTPParser: false, maxHeaderSize: 16 * 1024 });
  server.maxHeadersCount = MAX_HEADERS + 1;
  server.on('request', (req, res) => {
    const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined;
    seen.requests.push({ url: req.url, rawHeaders: req.rawHeaders, keeps: res.shouldKeepAlive, hasBody });
    res.end();
  });
  const refuse = (_: unknown, socket: { destroy(): void }) => {
    seen.failed = true;
    socket.destroy();
  };
  server.on('clientError', refuse);
  for (const event of ['upgrade', 'connect', 'checkExpectation']) server.on(event, refuse);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

async function readByNode(bytes: Buffer): Promise<Seen> {
  seen = { requests: [], failed: false };
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  socket.end(bytes);
  await once(socket, 'close');
  return seen;
}

async function expectAgreement(bytes: Buffer): Promise<boolean> {
  const own = parsePlainGet(bytes);
  if (own === null) return false;
  const { url, rawHeaders, keepsConnection } = own;
  expect(await readByNode(bytes)).toEqual({
    failed: false,
    requests: [{ url, rawHeaders, keeps: keepsConnection, hasBody: false }],
  });
  return true;
}

test('the request of a phone is read, with all its bytes as they are', async () => {
  expect(parsePlainGet(bytesOf(PHONE))).toMatchObject({
    url: '/a/fippa/SEP001122334455/ready?x=1&y=%20',
    keepsConnection: false,
  });
  expect(await expectAgreement(bytesOf(PHONE))).toBe(true);
});

const alike: [string, string][] = [
  ['spaces and tabs around a value', PHONE.replace('Host: proxy', 'Host:\t  proxy').replace('8082\r', '8082 \t\r')],
  ['a value of blanks alone', PHONE.replace('CP-8845', ' \t ')],
  ['a no-break space at the end of a value, which belongs to it', PHONE.replace('CP-8845', 'CP-8845\xa0')],
  ['a header twice', PHONE.replace('Cookie', 'Cookie: a=b\r\nCookie')],
  ['no Connection, which keeps it', PHONE.replace('Connection: close\r\n', '')],
  ['Connection in another spelling', PHONE.replace('Connection: close', 'CONNECTION: Keep-Alive')],
  ['no Host, which the gate refuses', PHONE.replace(/Host: [^\r]*\r\n/, '')],
  ['dots, which the gate refuses', PHONE.replace('/ready', '/../x')],
  ['a name of odd characters', PHONE.replace('Accept:', "!#$%&'*+.^_`|~-9:")],
  ['as many headers as phones may send', PHONE.replace('Accept:', `${'X: y\r\n'.repeat(MAX_HEADERS - 7)}Accept:`)],
];
test.each(alike)('%s', async (_, text) => {
  expect(await expectAgreement(bytesOf(text))).toBe(true);
});

const left: [string, string][] = [
  ['half a request', PHONE.slice(0, 100)],
  ['all but the last byte', PHONE.slice(0, -1)],
  ['two requests', PHONE + PHONE],
  ['a request and what follows it', `${PHONE}x\r\n\r\n`],
  ['an empty line before', `\r\n${PHONE}`],
  ['another method', PHONE.replace('GET', 'POST')],
  ['a method in lower case', PHONE.replace('GET', 'get')],
  ['HTTP/1.0', PHONE.replace('/1.1', '/1.0')],
  ['HTTP/2.0', PHONE.replace('/1.1', '/2.0')],
  ['no version', PHONE.replace(' HTTP/1.1', '')],
  ['an absolute target', PHONE.replace('/a/', 'http://proxy/a/')],
  ['the target *', PHONE.replace(/\/a\S+/, '*')],
  ['two spaces', PHONE.replace('GET ', 'GET  ')],
  ['a tab for a space', PHONE.replace('GET ', 'GET\t')],
  ['a fragment', PHONE.replace('ready', 'ready#x')],
  ['a target beyond ASCII', PHONE.replace('ready', 'r\xe9ady')],
  ['a length', PHONE.replace('Accept:', 'Content-Length: 0\r\nAccept:')],
  ['a length in another spelling', PHONE.replace('Accept:', 'cONTENT-lENGTH: 5\r\nAccept:')],
  ['chunks', PHONE.replace('Accept:', 'Transfer-Encoding: chunked\r\nAccept:')],
  ['an upgrade', PHONE.replace('Accept:', 'Upgrade: h2c\r\nAccept:')],
  ['an expectation', PHONE.replace('Accept:', 'Expect: 100-continue\r\nAccept:')],
  ['Proxy-Connection', PHONE.replace('Accept:', 'Proxy-Connection: close\r\nAccept:')],
  ['Connection with a list', PHONE.replace('Connection: close', 'Connection: close, X-Y')],
  ['Connection twice', PHONE.replace('Accept:', 'Connection: close\r\nAccept:')],
  ['a space before the colon', PHONE.replace('Host:', 'Host :')],
  ['a folded line', PHONE.replace('Accept:', ' folded\r\nAccept:')],
  ['a line without a colon', PHONE.replace('Accept:', 'Accept\r\nAccept:')],
  ['a name that is empty', PHONE.replace('Accept:', ': x\r\nAccept:')],
  ['a bare line feed', PHONE.replace('Agent: Cisco', 'Agent: Cis\nco')],
  ['line feeds alone', PHONE.replaceAll('\r\n', '\n')],
  ['a bare carriage return', PHONE.replace('Agent: Cisco', 'Agent: Cis\rco')],
  ['a NUL', PHONE.replace('Agent: Cisco', 'Agent: Cis\0co')],
  ['a DEL', PHONE.replace('Agent: Cisco', 'Agent: Cis\x7fco')],
  ['no header at all', 'GET / HTTP/1.1\r\n\r\n'],
  ['too many headers', PHONE.replace('Accept:', `${'X: y\r\n'.repeat(MAX_HEADERS)}Accept:`)],
  ['more than 8 KiB', PHONE.replace('Accept:', `X: ${'y'.repeat(8 * 1024)}\r\nAccept:`)],
  ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\r\n\r\n'],
  ['nothing', ''],
];
test.each(left)("%s is left to Node's parser", (_, text) => {
  expect(parsePlainGet(bytesOf(text))).toBeNull();
});

describe('whatever comes', () => {
  const RUNS = Number(process.env.FUZZ_RUNS ?? 1_500);
  const odd = fc.constantFrom(
    ...['\r\n', '\n', '\r', ' ', '\t', ':', '\0', '\x7f', '\x80', '\xff', '#', '%', '"', '\\', '/', 'GET ', 'HTTP/1.1'],
    ...['\r\nContent-Length: 3', '\r\nTransfer-Encoding: chunked', '\r\nConnection: x', '\r\n\r\n', 'Host: x\r\n', ''],
  );
  const edit = fc.record({
    at: fc.nat(PHONE.length - 1),
    remove: fc.nat(3),
    insert: fc.oneof(odd, fc.string({ maxLength: 3 })),
  });

  test('what is taken is one request, the same to the last byte', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        let text = PHONE;
        for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
        if (await expectAgreement(bytesOf(text))) taken += 1;
      }),
      { numRuns: RUNS },
    );
    // Else it proves nothing.
    expect(taken).toBeGreaterThan(RUNS / 15);
  });

  test('of requests put together from parts, what is taken is the same to the last byte', async () => {
    const token = fc.string({ unit: fc.constantFrom(..."abXY09-_!#$%&'*+.^`|~"), minLength: 1, maxLength: 12 });
    const name = fc.oneof(
      { weight: 3, arbitrary: token },
      fc.constantFrom('Host', 'HOST', 'Cookie', 'User-Agent', 'Connection', 'Keep-Alive', 'TE', 'Trailer', 'Expect'),
      fc.constantFrom('Content-Length', 'Content_Length', 'Transfer-Encoding', 'Upgrade', 'Proxy-Connection', 'Date'),
    );
    const value = fc.oneof(
      { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...'aZ0 \t:,;="\\\x80\xa0\xff/~'), maxLength: 20 }) },
      fc.constantFrom('close', 'Close', 'keep-alive', 'x, close', 'chunked', '0', '3', '100-continue', 'proxy', ''),
    );
    const colon = fc.constantFrom(':', ': ', ':\t', ':  ');
    const header = fc.tuple(name, colon, value).map((parts) => parts.join(''));
    const odd = fc.oneof(
      { weight: 9, arbitrary: fc.constant('') },
      fc.constantFrom(' ', '\t', '\n', '\r', '\0', '\x7f', '\r\n x'),
    );
    const target = fc.string({ unit: fc.constantFrom(...'ab/?&=%.;:@~#[]\'"{}|<>^`\\-_+$,!*()'), maxLength: 20 });
    const requests = fc.record({
      method: fc.oneof({ weight: 9, arbitrary: fc.constant('GET') }, fc.constantFrom('HEAD', 'POST', 'get', 'GETX')),
      target: target.map((rest) => `/${rest}`),
      version: fc.oneof(
        { weight: 9, arbitrary: fc.constant('HTTP/1.1') },
        fc.constantFrom('HTTP/1.0', 'HTTP/1.2', 'http/1.1'),
      ),
      headers: fc.array(
        fc.tuple(header, odd).map((parts) => parts.join('')),
        { minLength: 1, maxLength: 6 },
      ),
      behind: fc.oneof({ weight: 9, arbitrary: fc.constant('') }, fc.constantFrom('\r\n', 'x', PHONE)),
    });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(requests, async ({ method, target, version, headers, behind }) => {
        const text = `${method} ${target} ${version}\r\n${headers.join('\r\n')}\r\n\r\n${behind}`;
        if (await expectAgreement(bytesOf(text))) taken += 1;
      }),
      { numRuns: RUNS },
    );
    expect(taken).toBeGreaterThan(RUNS / 20);
  });
});
