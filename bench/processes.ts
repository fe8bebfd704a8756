/**
 * One process and two (`processes: 2`): what a page costs all of them together, how many pages a second there are, and what a wave
 * of phones gets. The phones of the benchmark compute on the same cores, so the pages a second of a proxy that may take whole cores
 * are what the phones leave of them. Two ways lead round that: the CPU time of a page, which says what two cores that do nothing
 * else carry, and cores of the proxy that are slowed down until the phones are not what is slow, on which pages are counted.
 */

import { type Asked, cpuMs, startAsked } from './child.ts';
import type { Setting } from './contestants.ts';
import type { LoadJob } from './load.ts';
import { cpuOf, describe, PROCESSES, pidsOf, type Running, startProxy, yieldToPhones } from './proxy-processes.ts';
import { LEAD_IN, type Load, measure, paths } from './relay.ts';
import { slowCores } from './slow-cores.ts';
import { median, ratioOf, type Spread, spreadOf } from './statistics.ts';
import type { UpstreamOrder } from './upstream.ts';
import { measureWaves, type Wave } from './wave.ts';

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

/** Turns in which the pages of a round are asked of one process and of two: the machine changes its speed within a second. */
const TURNS = 4;

/** What is left of each core of the proxy when pages are counted: its phones and servers take less than the rest. */
const SLOWED_TO = 0.4;
/** Of the pages of a kind; so both ways take about the same time. */
const SLOWED_PAGES = 0.4;

export interface ProcessesPage {
  readonly scenario: SharedScenario;
  readonly processes: number;
  /** Of all processes of the proxy together. */
  readonly cpuMs: Spread;
  /** Of it the process that there is one of; all where there is no other. */
  readonly mainMs: number;
  readonly pagesPerSecond: Spread;
  /** Shares of the CPU time of both cores that the proxy and the phones took. */
  readonly proxyShare: number;
  readonly phonesShare: number;
}

export interface Processes {
  /** All that the phones leave of two cores is the proxy's. */
  readonly pages: readonly ProcessesPage[];
  /** With slowed cores; null where they cannot be slowed. */
  readonly slowed: readonly ProcessesPage[] | null;
  readonly waves: readonly Wave[];
}

export async function measureProcesses(
  load: Load,
  upstream: Asked<UpstreamOrder>,
  setting: Setting,
  options: { readonly rounds: number; readonly scale: number; readonly wave: number },
): Promise<Processes> {
  // One process of phones would be what is slow: they compute as much as the proxy does, and real ones do so by themselves.
  const loads = [load];
  while (loads.length < CORES) loads.push(await startAsked<LoadJob>('./load.ts'));
  const running: Running[] = [];
  for (const processes of PROCESSES) running.push(await startProxy(setting, processes));
  for (const one of running) yieldToPhones(one);
  await warm(loads, running, options.scale);
  const pages = await measurePages(loads, running, options);
  const ends = running.map((one) => slowCores(pidsOf(one), one.processes, SLOWED_TO));
  const slow = ends.every((end) => end !== null);
  const slower = { ...options, scale: options.scale * SLOWED_PAGES };
  const slowed = slow ? await measurePages(loads, running, slower) : null;
  await Promise.all(running.map(({ proxy }) => proxy.stop()));
  for (const end of ends) end?.();
  const waves = await measureWaves(loads, upstream, setting, options);
  for (const added of loads.slice(1)) added.stop();
  return { pages, slowed, waves };
}

type Job = ReturnType<typeof jobOf>;

function jobOf({ processes, port, tlsPort }: Running, scenario: SharedScenario, pages: number) {
  const { pages: _, ...how } = SCENARIOS[scenario];
  // As many under way, and as many in all, for each process: pages that come together share the cost of waking up.
  const pace = { connections: 8 * processes, pages: pages * processes };
  const markers = ['/a/fippa/SEP001122334455/ready'];
  return { ...how, paths, pace, markers, port: how.tls === null ? port : tlsPort } satisfies Omit<LoadJob, 'id'>;
}

/** Each process of the phones has its share of the connections and of the pages. */
function askAll(loads: readonly Load[], running: Running, job: Job) {
  const share = (all: number) => Math.ceil(all / loads.length);
  const pace = { connections: share(job.pace.connections), pages: share(job.pace.pages) };
  return Promise.all(loads.map((load) => measure(load, describe(running), { ...job, pace })));
}

async function warm(loads: readonly Load[], running: readonly Running[], scale: number): Promise<void> {
  for (const scenario of SHARED_SCENARIOS) {
    for (const one of running) await askAll(loads, one, jobOf(one, scenario, WARM_PAGES * scale * 2));
  }
}

async function measurePages(
  loads: readonly Load[],
  running: readonly Running[],
  { rounds, scale }: { readonly rounds: number; readonly scale: number },
): Promise<ProcessesPage[]> {
  const measured = new Map<string, Stretch[]>();
  const nameOf = (scenario: SharedScenario, processes: number) => `${scenario} ${processes}`;
  for (let round = 1; round <= rounds; round++) {
    for (const scenario of SHARED_SCENARIOS) {
      const turns = new Map<Running, Stretch[]>(running.map((one) => [one, []]));
      for (let turn = 0; turn < TURNS; turn++) {
        // There and back, so that none is always the one before or after.
        for (const one of turn % 2 === 0 ? running : [...running].reverse()) {
          const pages = (SCENARIOS[scenario].pages * scale) / TURNS;
          await askAll(loads, one, jobOf(one, scenario, pages * LEAD_IN));
          turns.get(one)?.push(await measureStretch(loads, one, jobOf(one, scenario, pages)));
        }
      }
      for (const [{ processes }, stretches] of turns) {
        const name = nameOf(scenario, processes);
        measured.set(name, [...(measured.get(name) ?? []), join(stretches)]);
      }
    }
  }
  return SHARED_SCENARIOS.flatMap((scenario) =>
    running.map(({ processes }): ProcessesPage => {
      const all = measured.get(nameOf(scenario, processes)) ?? [];
      const of = (value: (stretch: Stretch) => number) => median(all.map(value));
      return {
        ...{ scenario, processes, cpuMs: spreadOf(all.map(({ cpuMs, pages }) => cpuMs / pages)) },
        mainMs: of(({ mainMs, pages }) => mainMs / pages),
        pagesPerSecond: spreadOf(all.map(({ pages, ms }) => (pages / ms) * 1000)),
        proxyShare: of(({ cpuMs, ms }) => cpuMs / ms / CORES),
        phonesShare: of(({ phonesMs, ms }) => phonesMs / ms / CORES),
      };
    }),
  );
}

/** Pages, how long they took, and the CPU time of the proxy, of its main process and of the phones meanwhile. */
interface Stretch {
  readonly pages: number;
  readonly ms: number;
  readonly cpuMs: number;
  readonly mainMs: number;
  readonly phonesMs: number;
}

function join(stretches: readonly Stretch[]): Stretch {
  const sum = (field: keyof Stretch) => stretches.reduce((total, stretch) => total + stretch[field], 0);
  return {
    ...{ pages: sum('pages'), ms: sum('ms') },
    ...{ cpuMs: sum('cpuMs'), mainMs: sum('mainMs'), phonesMs: sum('phonesMs') },
  };
}

async function measureStretch(loads: readonly Load[], running: Running, job: Job): Promise<Stretch> {
  const phonesOf = () => loads.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
  const before = { at: performance.now(), proxy: cpuOf(running), phones: phonesOf() };
  const results = (await askAll(loads, running, job)).map(({ result }) => result);
  const after = { at: performance.now(), proxy: cpuOf(running), phones: phonesOf() };
  const pages = results.reduce((sum, { pages }) => sum + pages, 0);
  const resumed = results.reduce((sum, { resumed }) => sum + resumed, 0);
  const expected = job.tls === 'resumed' ? pages : 0;
  if (Math.abs(resumed - expected) > expected * 0.01) throw new Error(`${resumed} of ${pages} sessions were resumed`);
  return {
    ...{ pages, ms: after.at - before.at, cpuMs: after.proxy.all - before.proxy.all },
    ...{ mainMs: after.proxy.main - before.proxy.main, phonesMs: after.phones - before.phones },
  };
}

const ofScenario = (pages: readonly ProcessesPage[], scenario: string) =>
  PROCESSES.map((processes) => pages.find((page) => page.scenario === scenario && page.processes === processes));

/** By how much the pages a second of two cores that do nothing else grow from one process to two: by CPU time of a page. */
export function selectGrowth(pages: readonly ProcessesPage[], scenario: string): number | null {
  const [one, two] = ofScenario(pages, scenario);
  return one === undefined || two === undefined ? null : CORES * ratioOf(one.cpuMs, two.cpuMs);
}

/** The same, as pages a second were counted. */
export function selectCountedGrowth(pages: readonly ProcessesPage[], scenario: string): number | null {
  const [one, two] = ofScenario(pages, scenario);
  return one === undefined || two === undefined ? null : ratioOf(two.pagesPerSecond, one.pagesPerSecond);
}
