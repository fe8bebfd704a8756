import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/config/limits.ts';
import { createListener } from '../../src/http/server/listener.ts';
import type { RequestFault } from '../../src/http/server/request-fault.ts';
import { openRaw } from './raw-sockets.ts';

let stop: () => Promise<void>;
afterEach(() => stop());

/** More than the buffers of the kernel take on both sides. */
const LARGE = Buffer.alloc(64 * 1024 * 1024, 'x');
const GET = 'GET / HTTP/1.1\r\nHost: proxy\r\n\r\n';

async function start(answerMs: number) {
  const refused: [RequestFault, string | null][] = [];
  const listener = createListener(
    { host: '127.0.0.1', port: 0, tls: null },
    {
      key: 'phones.listeners[0]',
      limits: { ...DEFAULT_LIMITS, answerMs, checkMs: 50 },
      onRequest: (exchange) => exchange.answer({ body: LARGE, contentType: 'text/xml' }),
      onRefused: (failure, address) => refused.push([failure, address]),
      errorAnswer: () => ({ body: Buffer.from('<x/>'), contentType: 'text/xml' }),
    },
  );
  await listener.start();
  stop = () => listener.stop(0);
  return { port: listener.address().port, refused };
}

/** An empty line before the request makes it Node's parser that reads it. */
const ways: [string, string][] = [
  ['a plain GET', GET],
  ["what Node's parser reads", `\r\n${GET}`],
];
describe.each(ways)('%s', (_, request) => {
  test('B230 an answer that is not taken in time is cut off, although a little of it is read now and then', async () => {
    const { port, refused } = await start(500);
    const client = openRaw(port);
    client.write(request);
    client.socket.pause();
    const sip = setInterval(() => client.socket.read(1024), 20);
    await once(client.socket, 'connect');
    while (refused.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    clearInterval(sip);
    client.socket.resume();
    const { text } = await client.closed;
    expect(text.length).toBeLessThan(LARGE.length);
    expect(refused).toEqual([[{ code: 'not-taken', detail: 'the answer was not taken in time' }, '127.0.0.1']]);
  });

  test('one that is taken in time is whole', async () => {
    const { port, refused } = await start(20_000);
    const client = openRaw(port);
    client.write(request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    const { text } = await client.closed;
    expect(text.length).toBeGreaterThan(LARGE.length);
    expect(refused).toEqual([]);
  });
});
