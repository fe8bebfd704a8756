/** Relaying and rewriting one page, by every contestant in turn, round after round. */

import { type Asked, cpuMs, memoryKiB } from './child.ts';
import type { Contestant, Name } from './contestants.ts';
import { deviceName } from './fixture.ts';
import type { LoadJob, LoadResult } from './load.ts';
import { median, type Spread, spreadOf } from './statistics.ts';

/** `full`: TLS with a full handshake for every page; `resumed`: TLS, each page on a connection that resumes a session. */
export const SCENARIOS = ['keep-alive', 'connection', 'tls-keep-alive', 'tls-resumed', 'tls-full'] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** Phones whose requests are repeated in turn. */
const PHONES = 2_000;
/**
 * Pages under way at the same time: what 2,000 pages a second come to when each takes 2 ms. More of them favour whoever is
 * faster than the phones here: then many come at once, and share the cost of waking up.
 */
export const CONNECTIONS = 4;
/** Pages a second at which answer times are compared: what the slowest contestant still carries. */
export const FIXED_RATE = 500;

/** Share of a round's pages that come before it and are not measured. */
export const LEAD_IN = 0.4;

export interface Measured {
  readonly name: Name;
  readonly scenario: Scenario;
  /** CPU time of the process for a page. */
  readonly cpuMs: Spread;
  readonly pagesPerSecond: number;
}

export interface Paced {
  readonly name: Name;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of one CPU. */
  readonly cpu: number;
  readonly peakMiB: number;
}

export type Load = Asked<LoadJob>;

export const paths = Array.from({ length: PHONES }, (_, index) => `/a/fippa/${deviceName(index)}/ready`);

/** One job against one contestant, checked: CPU time for a page, and what the phones saw. */
export async function measure(
  load: Load,
  { name, pid }: { readonly name: string; readonly pid: number },
  job: Omit<LoadJob, 'id'>,
): Promise<{ cpuMs: number; result: LoadResult }> {
  const before = cpuMs(pid);
  const result = await load.ask<LoadResult>(job);
  const spent = cpuMs(pid) - before;
  if (result.bad > 0) throw new Error(`${result.bad} bad answers of ${name}, such as: ${result.complaints.join('\n')}`);
  return { cpuMs: spent / job.pace.pages, result };
}

function jobOf(contestant: Contestant, scenario: Scenario, pages: number): Omit<LoadJob, 'id'> {
  const { port, tlsPort, fullTlsPort, marker } = contestant;
  const pace = { connections: CONNECTIONS, pages };
  const job = { paths, pace, markers: [marker] };
  switch (scenario) {
    case 'keep-alive':
      return { ...job, port, fresh: false, tls: null };
    case 'connection':
      return { ...job, port, fresh: true, tls: null };
    case 'tls-keep-alive':
      return { ...job, port: tlsPort, fresh: false, tls: 'full' };
    case 'tls-resumed':
      return { ...job, port: tlsPort, fresh: true, tls: 'resumed' };
    case 'tls-full':
      return { ...job, port: fullTlsPort, fresh: true, tls: 'full' };
  }
}

/** Pages for a round: about a second of CPU time for a Node proxy, less for what takes long. */
function pagesOf(name: Name, scenario: Scenario, scale: number): number {
  const pages = {
    'keep-alive': 16_000,
    connection: 6_000,
    'tls-keep-alive': 12_000,
    'tls-resumed': 2_500,
    'tls-full': 1_200,
  };
  const slower = name === 'express' && scenario !== 'tls-full' ? 0.15 : 1;
  return Math.round(pages[scenario] * slower * scale);
}

export async function measureRelay(
  load: Load,
  contestants: readonly Contestant[],
  options: {
    readonly rounds: number;
    readonly scale: number;
    readonly scenarios: readonly Scenario[];
    readonly tell: (text: string) => void;
  },
): Promise<Measured[]> {
  const samples = new Map<string, { cpu: number[]; rate: number[] }>();
  // What is measured is a process that has been running for a while: V8 takes some ten thousand pages to make the best of a path.
  for (const contestant of contestants) {
    for (const scenario of options.scenarios) {
      const pages = pagesOf(contestant.name, scenario, contestant.name === 'nginx' ? 0.2 : 2);
      await measure(load, contestant, jobOf(contestant, scenario, pages));
    }
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const scenario of options.scenarios) {
      for (const contestant of contestants) {
        // Meant is a process under load: one that has been idle has let go of memory, and takes a moment to get it back.
        const pages = pagesOf(contestant.name, scenario, options.scale);
        await measure(load, contestant, jobOf(contestant, scenario, Math.ceil(pages * LEAD_IN)));
        const job = jobOf(contestant, scenario, pages);
        const { cpuMs, result } = await measure(load, contestant, job);
        if (scenario === 'tls-resumed' && result.resumed < job.pace.pages * 0.99) {
          throw new Error(`${contestant.name} resumed ${result.resumed} of ${job.pace.pages} sessions`);
        }
        if (scenario === 'tls-full' && result.resumed > 0) throw new Error(`${contestant.name} resumed sessions`);
        const key = `${contestant.name} ${scenario}`;
        const sample = samples.get(key) ?? { cpu: [], rate: [] };
        samples.set(key, sample);
        sample.cpu.push(cpuMs);
        sample.rate.push(job.pace.pages / result.seconds);
      }
    }
    options.tell(`round ${round} of ${options.rounds}`);
  }
  return options.scenarios.flatMap((scenario) =>
    contestants.map(({ name }) => {
      const { cpu, rate } = samples.get(`${name} ${scenario}`) ?? { cpu: [], rate: [] };
      return { name, scenario, cpuMs: spreadOf(cpu), pagesPerSecond: median(rate) };
    }),
  );
}

/** Answer times at a rate that all can carry, one connection for each page as phones do; and the most memory ever held. */
export async function measurePaced(load: Load, contestants: readonly Contestant[], seconds: number): Promise<Paced[]> {
  const paced: Paced[] = [];
  for (const contestant of contestants) {
    const job = jobOf(contestant, 'connection', 1);
    const pages = FIXED_RATE * seconds;
    const { cpuMs, result } = await measure(load, contestant, { ...job, pace: { rate: FIXED_RATE, pages } });
    paced.push({
      name: contestant.name,
      p50Ms: result.p50,
      p99Ms: result.p99,
      cpu: (cpuMs * FIXED_RATE) / 1000,
      peakMiB: memoryKiB(contestant.pid, 'VmHWM') / 1024,
    });
  }
  return paced;
}
