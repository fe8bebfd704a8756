/** What holds for every connection, tested once against both readers: src/http/server/connection-policy.ts. */

import { constants } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import {
  answerAtOnce,
  answersIn,
  GET,
  holding,
  LAST,
  makeTls,
  OTHER,
  POST,
  page,
  startAsked as start,
} from './listener-rig.ts';
import { openRaw, sendRaw } from './raw-sockets.ts';

/** An empty line before a GET makes it Node's parser that reads it. */
const READERS: [string, string][] = [
  ['the reader of plain GETs', GET],
  ["Node's parser", OTHER],
];
/** Requests that Node's parser tells of by events of their own. */
const ODD: [string, string][] = [
  ['CONNECT', 'CONNECT proxy:80 HTTP/1.1\r\nHost: proxy\r\n\r\n'],
  ['an expectation', GET.replace('\r\n\r\n', '\r\nExpect: nothing\r\n\r\n')],
  ['another protocol', GET.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n')],
];
test.each(ODD)('pipelined %s takes the place of no answer, and holds nothing', async (_, second) => {
  const { onRequest, next } = holding();
  const { port, asked } = await start(onRequest);
  const client = openRaw(port);
  client.write(OTHER);
  const exchange = await next();
  client.write(second);
  await new Promise((resolve) => setTimeout(resolve, 50));
  exchange.answer(page('<first/>'));
  const { text } = await client.closed;
  expect(text).toMatch(/Connection: close\r\n[\s\S]*<first\/>$/);
  expect(answersIn(text)).toBe(1);
  expect(asked).toEqual(['GET /a/fippa/SEP1']);
});

/** What ends a connection behind two requests that came with it, each answered at once. */
const ENDS: [string, string, string][] = [
  ['a last request', LAST.replace('SEP1', 'SEP3'), '/a/fippa/SEP3'],
  ['CONNECT', ODD[0]?.[1] ?? '', 'refused'],
  ['an expectation', ODD[1]?.[1] ?? '', 'refused'],
  ['no HTTP', 'nonsense\r\n\r\n', 'refused'],
];
test.each(ENDS)('answers keep their order although %s comes with the requests before it', async (_, last, answer) => {
  const { port } = await start((exchange) => exchange.answer(page(`<${exchange.url}/>`)));
  const client = openRaw(port);
  client.write(OTHER + GET.replace('SEP1', 'SEP2') + last);
  const { text } = await client.closed;
  const answers = [...text.matchAll(/\r\n\r\n<([^>]*?)\/?>/g)].map((match) => match[1]);
  expect(answers).toEqual(['/a/fippa/SEP1', '/a/fippa/SEP2', answer]);
});

describe.each(READERS)('%s', (_, first) => {
  test('pipelined: what came first is answered, the rest never happens', async () => {
    const { onRequest, next } = holding();
    const { port, asked } = await start(onRequest);
    const client = openRaw(port);
    client.write(first);
    const exchange = await next();
    client.write(GET.replace('SEP1', 'SEP2'));
    client.write('x'.repeat(300_000));
    await new Promise((resolve) => setTimeout(resolve, 50));
    exchange.answer(page('<first/>'));
    const { text } = await client.closed;
    expect(text).toMatch(/Connection: close\r\n[\s\S]*<first\/>$/);
    expect(answersIn(text)).toBe(1);
    expect(asked).toEqual(['GET /a/fippa/SEP1']);
  });

  test('a client that ends its side once it has asked gets its answer', async () => {
    const { onRequest, next } = holding();
    const { port } = await start(onRequest);
    const client = openRaw(port);
    client.socket.end(first);
    const exchange = await next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    exchange.answer(page('<late/>'));
    const { text, orderly } = await client.closed;
    expect(text).toMatch(/Connection: close[\s\S]*<late\/>$/);
    expect(orderly).toBe(true);
  });

  test('a client that has gone is no error, whenever it is answered', async () => {
    const { onRequest, next } = holding();
    const { port } = await start(onRequest);
    const client = openRaw(port);
    client.write(first);
    const exchange = await next();
    client.socket.resetAndDestroy();
    await client.closed;
    await new Promise((resolve) => setTimeout(resolve, 30));
    exchange.answer(page('<late/>'));
    exchange.breakOff();
    const other = sendRaw(port, LAST);
    (await next()).answer(page('<next/>'));
    expect((await other).text).toMatch(/<next\/>$/);
  });

  test('a drain closes after the answer that is due', async () => {
    const { onRequest, next } = holding();
    const { port, listener } = await start(onRequest);
    const client = openRaw(port);
    client.write(first);
    const exchange = await next();
    listener.drain();
    exchange.answer(page('<last/>'));
    expect((await client.closed).text).toMatch(/Connection: close[\s\S]*<last\/>$/);
  });

  test('a large answer is whole, on a kept connection and before a close', async () => {
    const large = `<x>${'\xe9'.repeat(300_000)}</x>`;
    const { port } = await start((exchange) => exchange.answer(page(large)));
    const client = openRaw(port);
    client.write(first);
    await client.received(large);
    client.write(LAST);
    const { text, orderly } = await client.closed;
    expect(text.split(large)).toHaveLength(3);
    expect(orderly).toBe(true);
  });

  test('an idle connection is closed in time, and one that was never answered', async () => {
    const limits = { headersMs: 50, requestMs: 50, keepAliveMs: 50, answerMs: 50, stalledMs: 300, checkMs: 20 };
    const { port } = await start(() => {}, limits);
    expect((await sendRaw(port, first)).text).toBe('');
    // Its request may take its time on a busy machine; what is short is the rest after it.
    const { port: answering } = await start(answerAtOnce, { keepAliveMs: 50, checkMs: 20 });
    expect((await sendRaw(answering, first)).text).toMatch(/keep-alive[\s\S]*<x\/>$/);
  });

  test('exactly one answer, however often it is given', async () => {
    const { port } = await start((exchange) => {
      expect(exchange.isAnswered).toBe(false);
      answerAtOnce(exchange);
      expect(exchange.isAnswered).toBe(true);
    });
    expect(answersIn((await sendRaw(port, first.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).text)).toBe(1);
  });
});

/** With `Connection: close`. */
const LAST_REQUESTS: [string, string][] = [
  ['a plain GET', LAST],
  ["a GET that Node's parser reads", `\r\n${LAST}`],
  ['a form', POST.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')],
];
const LARGE = `<x>${'y'.repeat(1024 * 1024)}</x>`;
const later = () => new Promise((resolve) => setTimeout(resolve, 100));

describe.each(LAST_REQUESTS)('lingering close: %s', (_, request) => {
  describe.each([
    ['plain', false],
    ['TLS', true],
  ])('%s', (_name, isTls) => {
    const open = (port: number) =>
      openRaw(
        port,
        '127.0.0.1',
        isTls ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : connectTcp(port, '127.0.0.1'),
      );

    test.each([
      ['an empty line', '\r\n'],
      ['another request', GET],
      ['a lot', 'x'.repeat(3_000_000)],
    ])('B241 an answer is whole although it is taken late and %s comes behind its request', async (_what, behind) => {
      const { port, asked } = await start((exchange) => exchange.answer(page(LARGE)), {}, isTls ? makeTls() : null);
      const client = open(port);
      client.socket.pause();
      client.write(request);
      await later();
      client.write(behind);
      await later();
      client.socket.resume();
      const { text, orderly } = await client.closed;
      expect(text.endsWith(`\r\n\r\n${LARGE}`)).toBe(true);
      expect(orderly).toBe(true);
      expect(asked).toHaveLength(1);
    });

    test('B241 a client that takes its answer and does not close is let go in time', async () => {
      const limits = { answerMs: 200, checkMs: 20 };
      const { listener, port, refused } = await start(answerAtOnce, limits, isTls ? makeTls() : null);
      const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true });
      const client = openRaw(port, '', isTls ? connectTls({ socket, rejectUnauthorized: false }) : socket);
      client.write(request);
      await client.received('<x/>');
      // Ends once no connection is left.
      await listener.stop(600_000);
      expect(refused).toEqual([]);
      socket.destroy();
    });
  });
});

describe('B242 a client that ends its side over TLS once it has asked gets its answer', () => {
  const VERSIONS: [string, ConnectionOptions][] = [
    ['TLS 1.3', { minVersion: 'TLSv1.3' }],
    ['TLS 1.2 with tickets', { maxVersion: 'TLSv1.2' }],
    ['TLS 1.2 with session ids', { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET }],
  ];
  describe.each(VERSIONS)('%s', (_, version) => {
    test.each([
      ['a plain GET', GET],
      ['a plain GET, the last', LAST],
      ["a GET that Node's parser reads", OTHER],
      ['a form', POST],
    ])('%s, with a full handshake and a resumed one', async (_name, request) => {
      const { onRequest, next } = holding();
      const { port } = await start(onRequest, {}, makeTls());
      let session: Buffer | undefined;
      for (const isResumed of [false, true]) {
        const socket: TLSSocket = connectTls({
          ...{ port, host: '127.0.0.1', rejectUnauthorized: false, ...version },
          ...(session === undefined ? {} : { session }),
        });
        socket.on('session', (found) => {
          session = found;
        });
        const client = openRaw(port, '', socket);
        await once(socket, 'secureConnect');
        expect(socket.isSessionReused()).toBe(isResumed);
        socket.end(request);
        const exchange = await next();
        await later();
        exchange.answer(page('<late/>'));
        expect(await client.closed).toEqual({ text: expect.stringMatching(/<late\/>$/), orderly: true });
      }
    });
  });
});
