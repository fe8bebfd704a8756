/**
 * One process and two (`processes: 2`): what a page costs all of them together, and a wave of phones over HTTP and HTTPS at the
 * moment a service fails. The phones of the benchmark take their share of the same cores, so beside the pages a second that come of
 * it stands what the CPU time of a page allows on two cores that do nothing else.
 */

import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { type Asked, cpuMs, freePort, type Started, startAsked } from './child.ts';
import { clustersOf, type KeyType, makeCertificate, type Setting, serveReady } from './contestants.ts';
import { deviceName } from './fixture.ts';
import type { LoadJob, LoadResult } from './load.ts';
import { LEAD_IN, type Load, measure, paths } from './relay.ts';
import { median, ratioOf, type Spread, spreadOf } from './statistics.ts';
import type { UpstreamOrder } from './upstream.ts';

export const PROCESSES = [1, 2] as const;
const CORES = 2;

/** TLS 1.2 is what phones speak (reference/phone-xml.md §9); what resumes a session of 1.3 makes half a handshake all the same. */
const SCENARIOS = {
  'keep-alive': { pages: 16_000, fresh: false, tls: null },
  connection: { pages: 6_000, fresh: true, tls: null },
  'tls-1.2-resumed': { pages: 2_500, fresh: true, tls: 'resumed', version: 'TLSv1.2' },
  'tls-1.2-full': { pages: 1_600, fresh: true, tls: 'full', version: 'TLSv1.2' },
  'tls-1.3-resumed': { pages: 1_600, fresh: true, tls: 'resumed' },
  'tls-1.3-full': { pages: 1_600, fresh: true, tls: 'full' },
} as const satisfies Record<string, { readonly pages: number } & Pick<LoadJob, 'fresh' | 'tls' | 'version'>>;

export type SharedScenario = keyof typeof SCENARIOS;
export const SHARED_SCENARIOS = Object.keys(SCENARIOS) as SharedScenario[];

/**
 * Pages of a kind that each process has answered before it is measured. Of two processes each gets half of the pages, so with a
 * fixed number for all of them two would be measured before V8 has made the best of their code, and one after.
 */
const WARM_PAGES = 4_000;

export interface ProcessesPage {
  readonly scenario: SharedScenario;
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
  /** null: no TLS. */
  readonly key: KeyType | null;
  readonly processes: number;
  readonly phones: number;
  readonly bad: number;
  readonly complaints: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** By how much the phones were late to ask. */
  readonly latestMs: number;
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
  // One process of phones would be what is slow: they compute as much as the proxy does, and real ones do so by themselves.
  const loads = [load];
  while (loads.length < CORES) loads.push(await startAsked<LoadJob>('./load.ts'));
  const rsa = { ...setting, ...makeCertificate(setting.folder, 'RSA-2048') };
  for (const processes of PROCESSES) {
    for (const key of [null, 'P-256', 'RSA-2048'] as const) {
      const started = await start(key === 'RSA-2048' ? rsa : setting, processes);
      waves.push(await measureWave(loads, upstream, started, key, options));
    }
  }
  for (const added of loads.slice(1)) added.stop();
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
${clustersOf(upstreams)}`;
  const proxy = await serveReady(folder, config);
  return { processes, port, tlsPort, proxy };
}

/** Processes that a process has started. */
function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return children === '' ? [] : children.split(' ').map(Number);
}

/** CPU time of a process and of those that it started, in ms; the first by itself too. */
function cpuOf(pid: number): { readonly all: number; readonly main: number } {
  const each = childrenOf(pid).map(cpuMs);
  const main = cpuMs(pid);
  return { all: each.reduce((sum, ms) => sum + ms, main), main };
}

function jobOf({ processes, port, tlsPort }: Running, scenario: SharedScenario, scale: number) {
  const { pages, ...how } = SCENARIOS[scenario];
  // As many under way, and as many in all, for each process: pages that come together share the cost of waking up.
  const pace = { connections: 8 * processes, pages: Math.round(pages * scale) * processes };
  const markers = ['/a/fippa/SEP001122334455/ready'];
  return { ...how, paths, pace, markers, port: how.tls === null ? port : tlsPort } satisfies Omit<LoadJob, 'id'>;
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
  const prepare = (one: Running, job: Omit<LoadJob, 'id'>, pages: number) =>
    measure(load, nameOf(one), { ...job, pace: { ...job.pace, pages: Math.ceil(pages) } });
  for (const scenario of SHARED_SCENARIOS) {
    for (const one of running) await prepare(one, jobOf(one, scenario, 1), WARM_PAGES * scale * 2 * one.processes);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const scenario of SHARED_SCENARIOS) {
      for (const one of running) {
        const job = jobOf(one, scenario, scale);
        await prepare(one, job, job.pace.pages * LEAD_IN);
        const before = { proxy: cpuOf(one.proxy.pid), phones: cpuMs(load.pid) };
        const { result } = await measure(load, nameOf(one), job);
        const after = { proxy: cpuOf(one.proxy.pid), phones: cpuMs(load.pid) };
        const expected = job.tls === 'resumed' ? job.pace.pages : 0;
        if (Math.abs(result.resumed - expected) > expected * 0.01) {
          throw new Error(`${scenario}: ${result.resumed} of ${job.pace.pages} sessions were resumed`);
        }
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

function nameOf({ processes, proxy }: Running) {
  return { name: `processes: ${processes}`, pid: proxy.pid };
}

/** In which the proxy yields to the phones: those that there are wait for no processor of the proxy's machine. */
const YIELDS = 5;

/** All phones ask within a second, each on a connection of its own and with a full handshake, at the moment their service fails. */
async function measureWave(
  loads: readonly Load[],
  upstream: Asked<UpstreamOrder>,
  { processes, port, tlsPort, proxy }: Running,
  key: KeyType | null,
  { wave: phones, scale }: { readonly wave: number; readonly scale: number },
): Promise<Wave> {
  const all = Array.from({ length: phones }, (_, index) => `/a/fippa/${deviceName(index)}`);
  const markers = ['Reconnecting: ', '/~to/b', 'Agent 1001', '<CiscoIPPhone'];
  const job = { fresh: true, markers, paths: all };
  const plain = { ...job, port, tls: null };
  const met = key === null ? plain : ({ ...job, port: tlsPort, tls: 'full', version: 'TLSv1.2' } as const);
  const phonesCpuMs = () => loads.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
  await upstream.ask({ failing: [], probeDelayMs: 30 });
  // What is meant is a proxy that has run for a while, and its phones are signed in.
  await loads[0]?.ask<LoadResult>({ ...plain, pace: { connections: 16, pages: phones } });
  const warm = { connections: 8 * processes, pages: Math.ceil((WARM_PAGES * scale * 2 * processes) / loads.length) };
  for (const load of loads) await load.ask<LoadResult>({ ...met, pace: warm });
  for (const pid of [proxy.pid, ...childrenOf(proxy.pid)]) setPriority(pid, YIELDS);
  const before = { proxy: cpuOf(proxy.pid).all, phones: phonesCpuMs() };
  await upstream.ask({ failing: ['a'] });
  const share = phones / loads.length;
  const waved = await Promise.all(
    loads.map((load, index) => {
      const paths = all.slice(index * share, (index + 1) * share).map((path) => `${path}/ready`);
      return load.ask<LoadResult>({ ...met, paths, tellsTimes: true, pace: { rate: share, pages: share } });
    }),
  );
  const cpuSeconds = (cpuOf(proxy.pid).all - before.proxy) / 1000;
  const phonesCpuSeconds = (phonesCpuMs() - before.phones) / 1000;
  await upstream.ask({ failing: [], probeDelayMs: 0 });
  await proxy.stop();
  const times = waved.flatMap((each) => each.times).sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  return {
    ...{ scheme: key === null ? 'http' : 'https', key, processes, phones, cpuSeconds, phonesCpuSeconds },
    ...{ bad: waved.reduce((sum, { bad }) => sum + bad, 0), complaints: waved.flatMap((each) => each.complaints) },
    ...{ p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), latestMs: Math.max(...waved.map(({ latest }) => latest)) },
  };
}

/** By how much the pages a second grow from one process to two, on two cores that do nothing else: by CPU time of a page. */
export function selectGrowth(pages: readonly ProcessesPage[], scenario: string): number | null {
  const of = (processes: number) => pages.find((page) => page.scenario === scenario && page.processes === processes);
  const [one, two] = [of(1), of(2)];
  return one === undefined || two === undefined ? null : CORES * ratioOf(one.cpuMs, two.cpuMs);
}
