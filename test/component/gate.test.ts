/**
 * Every row of reference/http-hardening.md as bytes on a socket of the whole proxy: nothing of it reaches a server that would
 * take anything. What could hide behind such a request is in smuggling.test.ts.
 */

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type FailureCode, failures } from '../../src/domain/failure.ts';
import { type Rig, startRig } from '../rig.ts';
import { type LenientServer, startLenientServer } from './lenient-server.ts';
import { openRaw, sendRaw } from './raw-sockets.ts';

const words = parse(readFileSync(new URL('../../phone-xml/languages/en.yaml', import.meta.url), 'utf8')).messages;

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

function expectPage(text: string, code: FailureCode): void {
  const [head = '', body = '', ...rest] = text.split('\r\n\r\n');
  expect(rest).toEqual([]);
  expect(head.split('\r\n')[0]).toBe('HTTP/1.1 200 OK');
  expect(head).toMatch(/\r\nContent-Type: text\/xml; charset=/);
  expect(head).toMatch(/\r\nExpires: Thu, 01 Jan 2015 00:00:00 GMT(\r\n|$)/);
  expect(head).toMatch(/\r\nConnection: close/);
  expect(head).not.toMatch(/transfer-encoding|keep-alive|x-powered-by|server:|refresh|set-cookie/i);
  expect(head).toMatch(new RegExp(`\r\nContent-Length: ${body.length}(\r\n|$)`));
  expect(body).toMatch(/<CiscoIPPhoneText[ >].*<\/CiscoIPPhoneText>\s*$/s);
  // Only what no phone sees has no words, and phones see every refusal.
  expect(body).toContain(words[failures[code].phone ?? ''].text.split('. ')[0]);
}

describe('what is refused gets a page, and the connection is closed', () => {
  test.each<[string, FailureCode, string]>([
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
    expect(server.requestLines()).toEqual([]);
  });

  test('a second Host that Node would drop unseen behind sixty other headers', async () => {
    const { text } = await sendRaw(
      port,
      `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(100)}Host: evil\r\n\r\n`,
    );
    expect(text).toMatch(/<CiscoIPPhoneText.*(was not understood|is too long)/s);
    expect(server.requestLines()).toEqual([]);
  });

  test('also byte by byte', async () => {
    const bytes = `GET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
    const { text } = await sendRaw(port, ...bytes);
    expectPage(text, 'request-malformed');
    expect(server.requestLines()).toEqual([]);
  });

  test('the answer arrives although the client goes on sending', async () => {
    const client = openRaw(port);
    client.write(`POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 10000000\r\n\r\n`);
    for (let i = 0; i < 20; i++) client.write('x'.repeat(5_000));
    expectPage(await client.received('</CiscoIPPhoneText>'), 'request-body-too-large');
    client.socket.end();
    expect((await client.closed).orderly).toBe(true);
  });

  test('a client that never stops sending is cut off', async () => {
    const client = openRaw(port);
    client.write(`POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Content-Length: 100000000\r\n\r\n`);
    const more = () => !client.socket.destroyed && client.socket.write('x'.repeat(65_536), () => setImmediate(more));
    more();
    await client.closed;
    expect(server.requestLines()).toEqual([]);
  });

  test('TLS on a plain listener is closed with a page that no phone can read', async () => {
    const { text } = await sendRaw(port, Buffer.from('160301020001', 'hex'), Buffer.alloc(512));
    expectPage(text, 'request-malformed');
    expect(server.requestLines()).toEqual([]);
  });
});

describe('what is relayed', () => {
  test('keeps its target byte for byte and leaves hop-by-hop headers behind', async () => {
    const target = '/fippa/SEP1;jsessionid=1F/x?id=1&password=p%2Fw%5C%';
    await sendRaw(
      port,
      `GET /a${target} HTTP/1.1\r\n${HOST}Connection: close, X-CiscoIPPhoneDisplay\r\nX-CiscoIPPhoneDisplay: 1\r\nX-Forwarded-For: evil\r\nTE: trailers\r\nAccept: a\r\n\r\n`,
    );
    expect(server.bytes().join('')).toBe(
      `GET ${target} HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: keep-alive\r\nAccept: a\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: proxy\r\nAccept-Encoding: identity\r\n\r\n`,
    );
  });

  test('an empty line before a request, as old clients send it', async () => {
    const { text } = await sendRaw(port, `\r\nGET /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
    expect(text).toContain('asked for /fippa/SEP1');
  });

  test('a chunked form is sent on with a length', async () => {
    const bytes = `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nx=\r\n1\r\n1\r\n0\r\n\r\n`;
    const { text } = await sendRaw(port, bytes);
    expect(text).toContain('asked for /fippa/SEP1');
    expect(server.bytes().join('')).toMatch(/content-length: 3\r\n\r\nx=1$/);
  });

  test('Expect: 100-continue gets its 100', async () => {
    const client = openRaw(port);
    client.write(
      `POST /a/fippa/SEP1 HTTP/1.1\r\n${HOST}Connection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`,
    );
    await client.received('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('x=1');
    expect((await client.closed).text).toContain('asked for /fippa/SEP1');
    expect(server.bytes().join('')).not.toMatch(/expect/i);
  });
});
