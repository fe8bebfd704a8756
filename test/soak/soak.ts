/**
 * The soak: many phones and several servers with one fault after another around a proxy in a process of its own, in
 * compressed time, and what has to hold all the while (docs/soak.md).
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numberedAgents } from '../../src/simulators/finesse/options.ts';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { systemClock } from '../../src/simulators/phone/duration.ts';
import { freePort } from '../free-port.ts';
import { checkTimelines, type Floors, floorsOf, outagesIn } from './checks.ts';
import { type Episode, runFaults } from './faults.ts';
import { Answers, type Latency, Problems, watchStalls } from './judges.ts';
import { runCrowd, TOKEN } from './phones.ts';
import { ProxyProcess, type Sample } from './proxy-process.ts';

export interface SoakOptions {
  readonly forMs: number;
  readonly phones: number;
  /** How many times faster than real everything is. */
  readonly speed: number;
  readonly seed: number;
  /** Gets a running line every ten seconds. */
  readonly progress?: (line: string) => void;
}

export interface SoakReport {
  readonly seconds: number;
  readonly phones: number;
  readonly answers: number;
  readonly latencyMs: Latency;
  /** Answers over the limit while the machine stood still. */
  readonly lateByMachine: number;
  /** Requests that servers saw with a token. */
  readonly tokens: number;
  readonly episodes: number;
  /** Episodes in which the machine was fast enough to tell an outage of the server from one of the machine. */
  readonly judged: number;
  readonly outages: number;
  readonly verdicts: number;
  readonly steered: number;
  readonly liveMiB: Floors;
  readonly residentMiB: Floors;
  readonly sockets: Floors;
  /** Of the proxy, when the phones had gone. */
  readonly socketsLeft: number;
  /** Empty: all held. */
  readonly problems: readonly string[];
}

/** What the floor of the memory in use, and of the open sockets, may rise between the first and the last third. */
export const LIMITS = { liveMiB: 4, residentMiB: 40, sockets: 100, socketsLeft: 12 };
const SERVICES = ['a', 'b', 'c', 'd'];
const ATTEMPTS = 3;
/** Longer than the latest detection of a silent server: poll interval, time-out and repeat. */
const SURELY_NOTICED_MS = 4000;
/** An outage may be noticed so long after its cause has ended. */
const AFTER_MS = 1500;
const SAMPLE_MS = 1000;
/** By the phones' clock. */
const EVERY_MS = 25_000;

export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-soak-'));
  const servers = new Map<string, Finesse>();
  let proxy: ProxyProcess | null = null;
  try {
    for (const id of SERVICES) servers.set(id, await startServer(id, options.phones));
    const port = await freePort();
    const file = join(folder, 'soak.yaml');
    writeFileSync(file, renderConfig(servers, port, 5000 / options.speed));
    proxy = new ProxyProcess(file);
    await proxy.logged('ready');
    return await soak(options, servers, proxy, `http://127.0.0.1:${port}`);
  } finally {
    await proxy?.stop();
    await Promise.all([...servers.values()].map((server) => server.stop()));
    rmSync(folder, { recursive: true });
  }
}

async function soak(
  options: SoakOptions,
  servers: ReadonlyMap<string, Finesse>,
  proxy: ProxyProcess,
  url: string,
): Promise<SoakReport> {
  const random = seeded(options.seed);
  const problems = new Problems((problem) => options.progress?.(`${new Date().toISOString()} PROBLEM ${problem}`));
  const startedAt = Date.now();
  const faultsOver = new AbortController();
  const phonesOver = new AbortController();
  const tokens = watchTokens(servers, problems);
  const episodes: Episode[] = [];
  const stalls = watchStalls();
  const stalled = (from: number, to: number) =>
    [...stalls.seen, ...proxy.stalls].some((stall) => stall.from < to && stall.to > from);
  const answers = new Answers(problems);
  const samples: Sample[] = [];
  const crowd = runCrowd(
    {
      url,
      count: options.phones,
      speed: options.speed,
      everyMs: EVERY_MS,
      random,
      onAnswer: (one) => answers.add(one),
    },
    phonesOver.signal,
  );
  const faults = [1, 2].map(() =>
    runFaults(
      {
        servers,
        isReady: (id) => proxy.states.get(id) === 'in-service' && !isRecent(episodes, id),
        random,
        sleep: (ms) => systemClock.sleep(ms, faultsOver.signal),
        signal: faultsOver.signal,
        lastsMs: [1000, 7000],
      },
      (episode) => episodes.push(episode),
    ),
  );
  const warmUpMs = Math.min(60_000, options.forMs / 3);
  let nextLine = startedAt + 10_000;
  while (Date.now() < startedAt + options.forMs) {
    await systemClock.sleep(SAMPLE_MS);
    if (Date.now() > startedAt + warmUpMs) samples.push(await proxy.sample());
    if (Date.now() < nextLine) continue;
    nextLine += 10_000;
    options.progress?.(
      `${Math.round((Date.now() - startedAt) / 1000)} s · ${answers.count} answers · ${episodes.length} faults · ${proxy.sockets()} sockets · ${problems.count} problems`,
    );
  }
  faultsOver.abort();
  await Promise.all(faults);
  await until(
    () => SERVICES.every((id) => proxy.states.get(id) === 'in-service'),
    30_000,
    () => problems.add('not every service came back'),
  );
  phonesOver.abort();
  await crowd;
  let socketsLeft = proxy.sockets();
  await until(
    () => {
      socketsLeft = proxy.sockets();
      return socketsLeft <= LIMITS.socketsLeft;
    },
    20_000,
    () => problems.add(`${socketsLeft} sockets left without phones`),
  );
  const timelines = checkTimelines(proxy.lines, 5000 / options.speed, ATTEMPTS, stalled);
  for (const problem of timelines.problems) problems.add(problem);
  const judged = episodes.filter(({ beganAt, endedAt }) => !stalled(beganAt, endedAt + AFTER_MS));
  const lateByMachine = answers.decideLate(stalled);
  checkEpisodes(judged, proxy, problems);
  stalls.stop();
  const code = await proxy.stop();
  if (code !== 0) problems.add(`the proxy ended with ${code}`);
  if (proxy.stderr !== '') problems.add(`the proxy wrote to stderr: ${proxy.stderr.slice(0, 200)}`);
  for (const event of ['internal', 'probe-fault', 'ops-fault']) {
    if (proxy.events.has(event)) problems.add(`the log has ${event}`);
  }
  const floors = checkFloors(samples, problems);
  return {
    seconds: Math.round((Date.now() - startedAt) / 1000),
    phones: options.phones,
    answers: answers.count,
    latencyMs: answers.latency(),
    lateByMachine,
    tokens: tokens.size,
    episodes: episodes.length,
    judged: judged.length,
    outages: timelines.outages,
    verdicts: timelines.verdicts,
    steered: proxy.events.get('steered') ?? 0,
    ...floors,
    socketsLeft,
    problems: problems.list(),
  };
}

/** A token that any server sees a second time is a request that was sent twice. */
function watchTokens(servers: ReadonlyMap<string, Finesse>, problems: Problems): ReadonlySet<string> {
  const tokens = new Set<string>();
  for (const [id, server] of servers) {
    server.on('request', ({ target }) => {
      const token = TOKEN.exec(target)?.[1];
      // The hops of a redirect name themselves.
      if (token !== undefined && !target.includes('hop=')) {
        if (tokens.has(token)) problems.add(`${id} saw a request that a server had seen: ${target.split('?')[0]}`);
        tokens.add(token);
      }
      // Kept for tests; here it would fill the memory.
      server.requests.length = 0;
    });
  }
  return tokens;
}

/** What happens next would not be told apart from what this fault may still cause. */
function isRecent(episodes: readonly Episode[], id: string): boolean {
  return episodes.some(({ service, endedAt }) => service === id && endedAt > Date.now() - AFTER_MS);
}

/** A fault that SystemInfo shows for long enough is one outage, neither none nor two. */
function checkEpisodes(episodes: readonly Episode[], proxy: ProxyProcess, problems: Problems): void {
  for (const { service, fault, outage, beganAt, endedAt } of episodes) {
    const reasons = outagesIn(proxy.lines, service, beganAt, endedAt + AFTER_MS);
    const surely = outage && endedAt - beganAt >= SURELY_NOTICED_MS;
    const [least, most] = [surely ? 1 : 0, outage ? 1 : 0];
    if (reasons.length >= least && reasons.length <= most) continue;
    problems.add(`${fault} on ${service} was ${reasons.length} outages: ${reasons.join('; ')}`);
  }
}

function checkFloors(samples: readonly Sample[], problems: Problems) {
  const mebibytes = ({ first, last }: Floors) => ({ first: round(first / 2 ** 20), last: round(last / 2 ** 20) });
  const floors = {
    liveMiB: mebibytes(floorsOf(samples.map(({ liveBytes }) => liveBytes))),
    residentMiB: mebibytes(floorsOf(samples.map(({ residentBytes }) => residentBytes))),
    sockets: floorsOf(samples.map(({ sockets }) => sockets)),
  };
  for (const [name, { first, last }] of Object.entries(floors)) {
    const limit = LIMITS[name as keyof typeof floors];
    if (!(last - first <= limit)) problems.add(`${name} rose from ${first} to ${last}, by more than ${limit}`);
  }
  return floors;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

async function startServer(id: string, agents: number): Promise<Finesse> {
  const name = `finesse-${id}.example.com`;
  const server = createFinesse({
    name,
    // From 1000 on, so that the numbers of agents do not depend on how many phones there are.
    agents: numberedAgents(Math.max(1000, agents)),
    patienceMs: 3000,
    keepAliveMs: 60_000,
  });
  await server.start();
  return server;
}

function renderConfig(servers: ReadonlyMap<string, Finesse>, port: number, intervalMs: number): string {
  const probe = `{ interval: ${intervalMs}ms, timeout: ${intervalMs * 0.8}ms }`;
  return `phones:
  listeners: [{ host: 127.0.0.1, port: ${port} }]
  answerWithin: 2s
ops: { host: 127.0.0.1, port: 0 }
clusters:
  - id: main
    services:
${[...servers].map(([id, { url }]) => `      - { id: ${id}, name: Finesse ${id.toUpperCase()}, url: "${url}", probe: ${probe} }`).join('\n')}
reconnect: { interval: ${intervalMs}ms, attempts: ${ATTEMPTS} }
log: { level: info, format: json }
`;
}

async function until(isSo: () => boolean, limitMs: number, otherwise: () => void): Promise<void> {
  const end = Date.now() + limitMs;
  while (!isSo()) {
    if (Date.now() > end) return otherwise();
    await systemClock.sleep(50);
  }
}

/** mulberry32: small, and the same everywhere. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
