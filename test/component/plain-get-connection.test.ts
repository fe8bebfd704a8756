/** Connections on which plain GETs come, and what happens when something else does. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/config/limits.ts';
import type { HttpExchange } from '../../src/http/server/exchange.ts';
import {
  answerAtOnce,
  answersIn,
  cleanUp,
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

describe('one after the other', () => {
  test('GETs, a form, GETs again: each has its answer, on one connection', async () => {
    const { port, asked } = await start((exchange) => {
      if (exchange.method === 'GET') answerAtOnce(exchange);
      else void exchange.readForm().then((form) => exchange.answer(page(form.ok ? `<form>${form.body}</form>` : '')));
    });
    const client = openRaw(port);
    for (const [index, request] of [GET, GET, POST, GET].entries()) {
      client.write(request);
      await client.received(new RegExp(`(?:HTTP[\\s\\S]*?/[xform]*>){${index + 1}}`));
    }
    client.write(LAST);
    const { text, orderly } = await client.closed;
    expect(asked.map((each) => each.split(' ')[0])).toEqual(['GET', 'GET', 'POST', 'GET', 'GET']);
    expect(text.match(/<x\/>|<form>a=b<\/form>/g)).toEqual(['<x/>', '<x/>', '<form>a=b</form>', '<x/>', '<x/>']);
    expect(text.match(/Connection: \S+/g)?.at(-1)).toBe('Connection: close');
    expect(orderly).toBe(true);
  });

  test('a GET that comes in two parts, and one byte by byte', async () => {
    const { port } = await start();
    const client = openRaw(port);
    client.socket.setNoDelay(true);
    client.write(GET);
    await client.received('<x/>');
    client.write(GET.slice(0, 30));
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.write(GET.slice(30));
    await client.received(/<x\/>[\s\S]*<x\/>/);
    for (const byte of LAST) client.write(byte);
    expect(answersIn((await client.closed).text)).toBe(3);
  });

  test('requests are counted across both ways of reading', async () => {
    const { port } = await start(answerAtOnce, { requestsPerConnection: 3 });
    const client = openRaw(port);
    client.write(GET);
    await client.received('<x/>');
    client.write(OTHER);
    await client.received(/<x\/>[\s\S]*<x\/>/);
    client.write(GET);
    const { text } = await client.closed;
    expect(text.match(/Connection: \S+/g)).toEqual([
      'Connection: keep-alive',
      'Connection: keep-alive',
      'Connection: close',
    ]);
  });

  test('bytes that are no HTTP get their page after GETs too', async () => {
    const { port, refused } = await start();
    const client = openRaw(port);
    client.write(GET);
    await client.received('<x/>');
    client.write('nonsense\r\n\r\n');
    expect((await client.closed).text).toMatch(/<x\/>[\s\S]*<refused>malformed<\/refused>$/);
    expect(refused).toHaveLength(1);
  });
});

/** Twenty requests on each of five connections, from a thread of its own: in this one it would never be as quick. */
const HASTY_CLIENT = `
const { connect } = require('node:tls');
const { parentPort, workerData } = require('node:worker_threads');
const request = 'GET / HTTP/1.1\\r\\nHost: proxy\\r\\n\\r\\n';
const one = (left) => {
  const socket = connect({ port: workerData, host: '127.0.0.1', rejectUnauthorized: false }, () => socket.write(request));
  let answers = 0;
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += chunk;
    if (!text.endsWith('<END/>')) return;
    text = '';
    answers += 1;
    if (answers < 20) socket.write(request);
    else socket.destroy();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    parentPort.postMessage(answers);
    if (left > 1) one(left - 1);
  });
};
one(5);`;

test('over TLS too, the next request may come as soon as the client has the answer', async () => {
  // What a timer writes is there before Node tells that it has been written; work after it makes that later still.
  const late = (exchange: HttpExchange) => {
    setTimeout(() => {
      exchange.answer(page('<END/>'));
      const since = performance.now();
      while (performance.now() - since < 1);
    }, 1);
  };
  const { port } = await start(late, {}, makeTls());
  const worker = new Worker(HASTY_CLIENT, { eval: true, workerData: port });
  cleanUp.push(() => worker.terminate());
  for (let connections = 0; connections < 5; connections++) expect(await once(worker, 'message')).toEqual([20]);
});

test('a request that follows while a large answer is still being taken has its own', async () => {
  const large = `<x>${'y'.repeat(8 * 1024 * 1024)}</x>`;
  const { port } = await start((exchange) => exchange.answer(page(exchange.url === '/2' ? '<second/>' : large)));
  const client = openRaw(port);
  client.socket.pause();
  client.write(GET);
  await once(client.socket, 'readable');
  client.write('GET /2 HTTP/1.1\r\nHost: proxy\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 30));
  client.socket.resume();
  const text = await client.received('<second/>');
  expect(text).toContain(large);
  client.socket.destroy();
});

test('what was pipelined does not cut the answer before it, however slowly that is taken', async () => {
  const large = `<x>${'y'.repeat(8 * 1024 * 1024)}</x>`;
  const { onRequest, next } = holding();
  const { port } = await start(onRequest);
  const client = openRaw(port);
  client.write(GET);
  const exchange = await next();
  client.write(GET);
  await new Promise((resolve) => setTimeout(resolve, 30));
  client.socket.pause();
  exchange.answer(page(large));
  // More than what is waited for once an answer has been taken.
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  client.socket.resume();
  expect((await client.closed).text).toContain(large);
});

test('a stop does not wait for a connection whose answer has been taken meanwhile', async () => {
  const large = `<x>${'y'.repeat(8 * 1024 * 1024)}</x>`;
  const { listener, port } = await start((exchange) => exchange.answer(page(large)));
  const client = openRaw(port);
  client.socket.pause();
  client.write(GET);
  await once(client.socket, 'readable');
  const stopped = listener.stop(600_000);
  client.socket.resume();
  expect((await client.closed).text).toContain(large);
  await stopped;
});

test('repeated headers are joined, but for those of which the first counts', async () => {
  const found: (string | undefined)[] = [];
  const { port } = await start((exchange) => {
    found.push(exchange.header('x-forwarded-for'), exchange.header('user-agent'), exchange.header('none'));
    answerAtOnce(exchange);
  });
  const twice = 'X-Forwarded-For: 10.0.0.1\r\nUser-Agent: a\r\nx-forwarded-for: 10.0.0.2\r\nuser-agent: b\r\n\r\n';
  for (const request of [LAST, `\r\n${LAST}`]) await sendRaw(port, request.replace('\r\n\r\n', `\r\n${twice}`));
  expect(found).toEqual([...Array(2)].flatMap(() => ['10.0.0.1, 10.0.0.2', 'a', undefined]));
});

test('a connection that opens and says nothing is closed at a stop', async () => {
  const { listener, port } = await start();
  const silent = openRaw(port);
  await once(silent.socket, 'connect');
  await sendRaw(port, LAST);
  await listener.stop(20_000);
  expect((await silent.closed).orderly).toBe(true);
});

test("B245 a listener that is told so gives new connections to Node's parser, and back", async () => {
  const readers: string[] = [];
  const { listener, port } = await start((exchange) => {
    readers.push(exchange.constructor.name);
    answerAtOnce(exchange);
  });
  for (const parser of ['auto', 'node', 'auto'] as const) {
    listener.reconfigure(DEFAULT_LIMITS, parser, null);
    expect((await sendRaw(port, LAST)).text).toMatch(/<x\/>$/);
  }
  expect(readers).toEqual(['GetExchange', 'ParsedExchange', 'GetExchange']);
});
