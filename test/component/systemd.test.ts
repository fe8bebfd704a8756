/** The watchdog is fed by answers, not by a timer; what is taken out of the environment. */

import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { takeNotify } from '../../src/systemd/notify.ts';
import { askOwnHealth, renderHealth } from '../../src/systemd/own-health.ts';
import { createSystemdReport } from '../../src/systemd/report.ts';
import { createFakeClock } from '../fake-clock.ts';

async function listening(server: Server): Promise<AddressInfo> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return server.address() as AddressInfo;
}

it('B702 a listener that accepts and says nothing is not alive', async () => {
  const silent = await listening(createServer((socket) => void socket.on('error', () => {})));
  expect(await askOwnHealth(silent, 50)).toEqual({ isAlive: false, words: null });
});

it('B702 a port on which nothing listens is not alive', async () => {
  const server = createServer();
  const address = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  expect((await askOwnHealth(address, 5_000)).isAlive).toBe(false);
});

it('B702 a listener that is full closes at once, and is alive', async () => {
  const full = await listening(createServer((socket) => void socket.destroy()));
  expect(await askOwnHealth(full, 5_000)).toEqual({ isAlive: true, words: null });
});

it('B702 an answer of any status is alive', async () => {
  const down = await listening(
    createHttpServer((_, response) => void response.writeHead(503).end('{"status": "down"}')),
  );
  expect(await askOwnHealth(down, 5_000)).toEqual({ isAlive: true, words: null });
});

it('the status line counts services and phones', () => {
  const services = [
    { state: 'in-service', phones: 40 },
    { state: 'out-of-service', phones: 2 },
  ];
  expect(renderHealth(JSON.stringify({ status: 'degraded', services }))).toBe(
    'degraded: 1 of 2 services in service, 42 phones signed in',
  );
  expect(renderHealth('<html>')).toBeNull();
});

it('B702 one beat without an answer is not fed, the next with one is; none after the stop', async () => {
  const clock = createFakeClock();
  const told: string[][] = [];
  const answers = [false, true];
  const notify = { watchdogMs: 30_000, tell: async (...words: string[]) => void told.push(words) };
  const report = createSystemdReport(notify, clock, async () => ({ isAlive: answers.shift() ?? true, words: null }));
  const app = report.reported({ start: async () => {}, stop: async () => {}, opsAddress: () => ({}) as AddressInfo });
  await app.start();
  await clock.advance(10_000);
  expect(told.flat()).not.toContain('WATCHDOG=1');
  await clock.advance(10_000);
  expect(told.at(-1)).toEqual(['WATCHDOG=1']);
  await app.stop();
  await clock.advance(60_000);
  expect(told.at(-1)?.[0]).toBe('STOPPING=1');
  await report.reloading(async () => {});
  expect(told.at(-1)?.[0]).toBe('STOPPING=1');
});

it('B703 nothing of systemd stays in the environment', () => {
  const env = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid), PATH: '/bin' };
  expect(takeNotify(env, () => {})?.watchdogMs).toBe(30_000);
  expect(env).toEqual({ PATH: '/bin' });
  expect(takeNotify(env, () => {})).toBeNull();
  const foreign = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1' };
  expect(takeNotify(foreign, () => {})?.watchdogMs).toBeNull();
});
