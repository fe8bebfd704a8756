/**
 * What open consoles cost: CPU time of a relayed page with and without them, and what one costs a proxy that is idle. Each does as
 * the page does: it reads `/events`, and asks for the state and the probes every five seconds.
 */

import { get, type IncomingMessage } from 'node:http';
import { cpuMs, freePort, pause, type Started } from './child.ts';
import { clustersOf, type Setting, serveReady } from './contestants.ts';
import { CONNECTIONS, type Load, measure, paths } from './relay.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { number, table } from './table.ts';

export interface ConsoleCost {
  /** Consoles that are open at the same time. */
  readonly consoles: number;
  /** CPU time of a page, in ms. */
  readonly without: Spread;
  readonly with: Spread;
  /** CPU time that one open console takes in a second, in ms, of a proxy that does nothing else. */
  readonly idleMs: number;
  readonly idleWithoutMs: number;
}

/** As many as one address may have without a token. */
const CONSOLES = 8;
const POLL_MS = 5000;
/** Four rounds of questions: the system counts CPU time in steps of 10 ms. */
const IDLE_MS = 4 * POLL_MS;
const PAGES = 48_000;

export async function measureConsole(
  load: Load,
  setting: Setting,
  { rounds, scale }: { readonly rounds: number; readonly scale: number },
): Promise<ConsoleCost> {
  const [port, ops] = [await freePort(), await freePort()];
  const proxy = await start(setting, port, ops);
  const samples = { without: [] as number[], with: [] as number[] };
  const page = async () => {
    const pace = { connections: CONNECTIONS, pages: Math.round(PAGES * scale) };
    const job = { port, paths, fresh: false, tls: null, pace, markers: ['/a/fippa/SEP001122334455/ready'] };
    return (await measure(load, { name: 'proxy', pid: proxy.pid }, job)).cpuMs;
  };
  for (let round = 0; round <= rounds; round++) {
    const without = await page();
    const consoles = await openConsoles(ops, CONSOLES);
    const beside = await page();
    consoles.close();
    // The first round warms up.
    if (round === 0) continue;
    samples.without.push(without);
    samples.with.push(beside);
  }
  const idleWithoutMs = await idle(proxy);
  const consoles = await openConsoles(ops, CONSOLES);
  const idleWith = await idle(proxy);
  consoles.close();
  await proxy.stop();
  return {
    ...{ consoles: CONSOLES, without: spreadOf(samples.without), with: spreadOf(samples.with), idleWithoutMs },
    idleMs: (idleWith - idleWithoutMs) / CONSOLES,
  };
}

async function start({ folder, upstreams }: Setting, port: number, ops: number): Promise<Started> {
  const config = `phones: { listeners: [{ host: 127.0.0.1, port: ${port} }] }
ops: { port: ${ops} }
log: { format: json }
${clustersOf(upstreams)}`;
  const proxy = await serveReady(folder, config);
  return proxy;
}

/** CPU time in a second, in ms. */
async function idle({ pid }: Started): Promise<number> {
  const before = cpuMs(pid);
  await pause(IDLE_MS);
  return ((cpuMs(pid) - before) / IDLE_MS) * 1000;
}

async function openConsoles(ops: number, count: number): Promise<{ close(): void }> {
  const streams: IncomingMessage[] = [];
  for (let index = 0; index < count; index++) {
    const stream = await ask(ops, '/events?devices=no');
    streams.push(stream);
    stream.resume();
    await Promise.all(
      ['/console/about', '/console/health', '/outages', '/changes', '/probes'].map((path) => read(ops, path)),
    );
  }
  // Not all at once, as browsers would not either.
  const timers = streams.map((_, index) => {
    const poll = () => void Promise.all([read(ops, '/console/health'), read(ops, '/probes')]);
    let every: NodeJS.Timeout | undefined;
    const first = setTimeout(
      () => {
        poll();
        every = setInterval(poll, POLL_MS);
      },
      (POLL_MS / count) * index,
    );
    return () => {
      clearTimeout(first);
      clearInterval(every);
    };
  });
  return {
    close() {
      for (const stop of timers) stop();
      for (const stream of streams) stream.destroy();
    },
  };
}

function ask(port: number, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path }, (answer) => {
      // A stream that is closed here ends as an error.
      answer.on('error', () => {});
      resolve(answer);
    }).on('error', reject);
  });
}

async function read(port: number, path: string): Promise<void> {
  const answer = await ask(port, path);
  answer.resume();
  await new Promise<void>((resolve) => void answer.once('close', () => resolve()));
}

export function renderConsole({ consoles, without, with: beside, idleMs, idleWithoutMs }: ConsoleCost): string {
  const row = (name: string, { median, min, max }: Spread) => {
    return [name, number(median * 1000), `${number(min * 1000)}–${number(max * 1000)}`];
  };
  const ratios = spreadOf(beside.rounds.map((ms, round) => ms / (without.rounds[round] ?? ms)));
  const pages = table(
    ['relay and rewrite, keep-alive', 'µs CPU/page', 'spread'],
    [row('no console open', without), row(`${consoles} consoles open`, beside)],
  );
  return `${pages}\nwith ÷ without, by rounds: ${number(ratios.median)} (${number(ratios.min)}–${number(ratios.max)})
an idle proxy: ${number(idleWithoutMs)} ms CPU a second; each open console ${number(idleMs)} ms more`;
}
