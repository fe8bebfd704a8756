/**
 * One process and two (`processes: 2`): what a page costs all of them together, and a wave of phones over HTTP and HTTPS at the
 * moment a service fails. The phones of the benchmark take their share of the same cores, so beside the pages a second that come of
 * it stands what the CPU time of a page allows on two cores that do nothing else.
 */

import { readFileSync } from 'node:fs';
import { type Asked, cpuMs, freePort, pause, type Started, untilOpen } from './child.ts';
import { type Setting, serve } from './contestants.ts';
import { deviceName, SERVERS } from './fixture.ts';
import type { LoadJob, LoadResult } from './load.ts';
import { type Load, measure, paths, type Scenario } from './relay.ts';
import { median, ratioOf, type Spread, spreadOf } from './statistics.ts';
import type { UpstreamOrder } from './upstream.ts';

export const PROCESSES = [1, 2] as const;
export const SHARED_SCENARIOS = ['keep-alive', 'connection', 'tls-resumed', 'tls-full'] as const satisfies Scenario[];
const CORES = 2;

export interface ProcessesPage {
  readonly scenario: (typeof SHARED_SCENARIOS)[number];
  readonly processes: number;
  /** Of all processes of the proxy together. */
  readonly cpuMs: Spread;
  /** Of it the process that there is one of; all where there is no other. */
  readonly mainMs: number;
  readonly pagesPerSecond: number;
  /** Shares of the CPU time of both cores that the proxy and the phones took. */
  readonly proxyShare: number;
  readonly phonesShare: number;
}

export interface Wave {
  readonly scheme: 'http' | 'https';
  readonly processes: number;
  readonly phones: number;
  readonly bad: number;
  readonly complaints: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** In seconds of one core, until the last answer. */
  readonly cpuSeconds: number;
  readonly phonesCpuSeconds: number;
}

export interface Processes {
  readonly pages: readonly ProcessesPage[];
  readonly waves: readonly Wave[];
}

interface Running {
  readonly processes: number;
  readonly port: number;
  readonly tlsPort: number;
  readonly proxy: Started;
}

export async function measureProcesses(
  load: Load,
  upstream: Asked<UpstreamOrder>,
  setting: Setting,
  options: { readonly rounds: number; readonly scale: number; readonly wave: number },
): Promise<Processes> {
  const running: Running[] = [];
  for (const processes of PROCESSES) running.push(await start(setting, processes));
  const pages = await measurePages(load, running, options);
  await Promise.all(running.map(({ proxy }) => proxy.stop()));
  const waves: Wave[] = [];
  for (const processes of PROCESSES) {
    for (const scheme of ['http', 'https'] as const) {
      waves.push(await measureWave(load, upstream, await start(setting, processes), scheme, options.wave));
    }
  }
  return { pages, waves };
}

async function start({ folder, upstreams, cert, key }: Setting, processes: number): Promise<Running> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const config = `phones:
  listeners:
    - { host: 127.0.0.1, port: ${port} }
    - { host: 127.0.0.1, port: ${tlsPort}, tls: { cert: ${cert}, key: ${key} } }
processes: ${processes}
ops: { port: 0 }
log: { format: json }
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "http://127.0.0.1:${upstreams[0]}", aliases: [${SERVERS.a}] }
      - { id: b, name: Finesse B, url: "http://127.0.0.1:${upstreams[1]}", aliases: [${SERVERS.b}] }
`;
  const proxy = serve(folder, config);
  await untilOpen(tlsPort);
  while (!proxy.output().includes('"event":"ready"')) await pause(20);
  return { processes, port, tlsPort, proxy };
}

/** CPU time of a process and of those that it started, in ms; the first by itself too. */
function cpuOf(pid: number): { readonly all: number; readonly main: number } {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  const each = children === '' ? [] : children.split(' ').map((child) => cpuMs(Number(child)));
  const main = cpuMs(pid);
  return { all: each.reduce((sum, ms) => sum + ms, main), main };
}

function jobOf({ processes, port, tlsPort }: Running, scenario: (typeof SHARED_SCENARIOS)[number], scale: number) {
  const pages = { 'keep-alive': 16_000, connection: 6_000, 'tls-resumed': 2_500, 'tls-full': 1_600 }[scenario];
  const tls = scenario === 'tls-full' ? 'full' : scenario === 'tls-resumed' ? 'resumed' : null;
  // As many under way for each process: pages that come together share the cost of waking up.
  const pace = { connections: 8 * processes, pages: Math.round(pages * scale) };
  return {
    ...{ paths, pace, markers: ['/a/fippa/SEP001122334455/ready'], fresh: scenario !== 'keep-alive' },
    ...{ port: tls === null ? port : tlsPort, tls },
  } as const satisfies Omit<LoadJob, 'id'>;
}

async function measurePages(
  load: Load,
  running: readonly Running[],
  { rounds, scale }: { readonly rounds: number; readonly scale: number },
): Promise<ProcessesPage[]> {
  interface Sample {
    readonly cpu: number;
    readonly main: number;
    readonly rate: number;
    readonly proxyShare: number;
    readonly phonesShare: number;
  }
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const scenario of SHARED_SCENARIOS) {
      for (const one of running) {
        const job = jobOf(one, scenario, scale);
        const before = { proxy: cpuOf(one.proxy.pid), phones: cpuMs(load.pid) };
        const { result } = await measure(load, { name: `processes: ${one.processes}`, pid: one.proxy.pid }, job);
        const after = { proxy: cpuOf(one.proxy.pid), phones: cpuMs(load.pid) };
        if (scenario === 'tls-resumed' && result.resumed < job.pace.pages * 0.99) {
          throw new Error(`${result.resumed} of ${job.pace.pages} sessions were resumed`);
        }
        // The first round warms up.
        if (round === 0) continue;
        const key = `${scenario} ${one.processes}`;
        const available = result.seconds * 1000 * CORES;
        const sample = {
          cpu: (after.proxy.all - before.proxy.all) / job.pace.pages,
          main: (after.proxy.main - before.proxy.main) / job.pace.pages,
          rate: job.pace.pages / result.seconds,
          proxyShare: (after.proxy.all - before.proxy.all) / available,
          phonesShare: (after.phones - before.phones) / available,
        };
        samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
    }
  }
  return SHARED_SCENARIOS.flatMap((scenario) =>
    running.map(({ processes }): ProcessesPage => {
      const all = samples.get(`${scenario} ${processes}`) ?? [];
      const of = (field: keyof Sample) => median(all.map((sample) => sample[field]));
      return {
        ...{ scenario, processes, cpuMs: spreadOf(all.map(({ cpu }) => cpu)), mainMs: of('main') },
        ...{ pagesPerSecond: of('rate'), proxyShare: of('proxyShare'), phonesShare: of('phonesShare') },
      };
    }),
  );
}

/** All phones ask within a second, each on a connection of its own, at the moment their service fails. */
async function measureWave(
  load: Load,
  upstream: Asked<UpstreamOrder>,
  { processes, port, tlsPort, proxy }: Running,
  scheme: Wave['scheme'],
  phones: number,
): Promise<Wave> {
  const all = Array.from({ length: phones }, (_, index) => `/a/fippa/${deviceName(index)}`);
  const markers = ['Reconnecting: ', '/~to/b', 'Agent 1001', '<CiscoIPPhone'];
  const job = { fresh: true, markers, pace: { rate: phones, pages: phones } };
  await upstream.ask({ failing: [], probeDelayMs: 30 });
  // Signed in, over plain HTTP: what is meant is a proxy that has run for a while, and its phones are known.
  await load.ask<LoadResult>({ ...job, port, paths: all, tls: null, pace: { connections: 16, pages: phones } });
  if (scheme === 'https') {
    const few = { connections: 8, pages: 400 };
    await load.ask<LoadResult>({ ...job, port: tlsPort, paths: all, tls: 'full', pace: few });
  }
  const before = { proxy: cpuOf(proxy.pid).all, phones: cpuMs(load.pid) };
  await upstream.ask({ failing: ['a'] });
  const waved = await load.ask<LoadResult>({
    ...job,
    paths: all.map((path) => `${path}/ready`),
    ...(scheme === 'https' ? { port: tlsPort, tls: 'full' } : { port, tls: null }),
  });
  const cpuSeconds = (cpuOf(proxy.pid).all - before.proxy) / 1000;
  const phonesCpuSeconds = (cpuMs(load.pid) - before.phones) / 1000;
  await upstream.ask({ failing: [], probeDelayMs: 0 });
  await proxy.stop();
  return {
    ...{ scheme, processes, phones, bad: waved.bad, complaints: waved.complaints, cpuSeconds, phonesCpuSeconds },
    ...{ p50Ms: waved.p50, p99Ms: waved.p99, maxMs: waved.max },
  };
}

/** By how much the pages a second grow from one process to two, on two cores that do nothing else: by CPU time of a page. */
export function selectGrowth(pages: readonly ProcessesPage[], scenario: string): number | null {
  const of = (processes: number) => pages.find((page) => page.scenario === scenario && page.processes === processes);
  const [one, two] = [of(1), of(2)];
  return one === undefined || two === undefined ? null : CORES * ratioOf(one.cpuMs, two.cpuMs);
}
