/**
 * Several proxies as one: real processes on one real redis-server, between simulated servers and phones that hop, with proxies
 * killed at each stage of the timeline and the store killed or frozen (docs/two-proxies.md).
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numberedAgents } from '../../src/simulators/finesse/options.ts';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { type CuttingRelay, startCuttingRelay } from '../cutting-relay.ts';
import { freePort } from '../free-port.ts';
import { type RedisServer, startRedis } from '../redis-rig.ts';
import {
  checkAnswers,
  checkPushes,
  checkRecords,
  checkSummaries,
  checkTimeline,
  checkTokens,
  type Episode,
  type OutageSeen,
} from './checker.ts';
import { type Crowd, createCrowd, sleep } from './phones.ts';
import { PairProxy } from './proxies.ts';

export const STAGES = ['before', '1', '2', '3', 'verdict', 'choosing', 'clock', 'recovery', 'none'] as const;
export type Stage = (typeof STAGES)[number];
/** `cut`: only the victim cannot reach it. */
export const STORE_FAULTS = ['none', 'freeze', 'kill', 'flush', 'cut'] as const;
export type StoreFault = (typeof STORE_FAULTS)[number];

/** What goes wrong together: a server fails, a proxy is killed at a stage of that, and the store has a fault of its own. */
export interface Trouble {
  readonly service: 'a' | 'b';
  readonly fault: string;
  readonly stage: Stage;
  readonly victim: number;
  /** What happens to the victim at that stage: it ends, or stands still so long that the others take it for gone. */
  readonly how?: 'kill' | 'freeze';
  readonly store: StoreFault;
}

export interface PairOptions {
  readonly proxies: number;
  readonly phones: number;
  readonly seed: number;
  /** Endless where it comes from a generator: ends after `forMs`. */
  readonly troubles: Iterable<Trouble>;
  readonly forMs: number;
  readonly intervalMs?: number;
  readonly progress?: (line: string) => void;
}

export interface PairReport {
  readonly seconds: number;
  readonly episodes: number;
  readonly kills: number;
  readonly outages: number;
  /** In all records together. */
  readonly signedIn: number;
  readonly pages: number;
  readonly pushes: number;
  readonly tokens: number;
  readonly longestWaitMs: number;
  readonly problems: readonly string[];
}

const FAULTS = ['refuse', 'silent', 'out-of-service', '503', 'reset'];
const SUMMARY_AFTER_MS = 7000;
/** The others take a proxy for gone that was not heard for 5 s. */
const FROZEN_MS = 7000;

interface Parts {
  readonly servers: ReadonlyMap<string, Finesse>;
  readonly proxies: readonly PairProxy[];
  readonly redis: RedisServer;
  readonly wires: readonly CuttingRelay[];
  readonly crowd: Crowd;
  readonly intervalMs: number;
}

export async function runPair(options: PairOptions): Promise<PairReport> {
  const { intervalMs = 1000, progress = () => {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'ippa-pair-'));
  const redis = await startRedis();
  const wires: CuttingRelay[] = [];
  const servers = new Map<string, Finesse>();
  const random = seeded(options.seed);
  const proxies: PairProxy[] = [];
  let crowd: Crowd | null = null;
  try {
    for (const id of ['a', 'b']) servers.set(id, await startServer(id, options.phones));
    const pushPort = await freePort();
    const urls = Object.fromEntries([...servers].map(([id, { url }]) => [id, url]));
    for (let index = 0; index < options.proxies; index++) {
      const name = `p${index + 1}`;
      const wire = await startCuttingRelay(redis.port);
      wires.push(wire);
      const shared = { folder, name, services: urls, storePort: wire.port, pushPort, intervalMs };
      const proxy = await PairProxy.create({ ...shared, summaryAfterMs: SUMMARY_AFTER_MS });
      proxies.push(proxy);
      await proxy.start();
    }
    const origins = proxies.map(({ origin }) => origin);
    crowd = await createCrowd({ origins, count: options.phones, pushPort, everyMs: 2 * intervalMs, random });
    return await run({ servers, proxies, redis, wires, crowd, intervalMs }, options, progress);
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await crowd?.stop();
    await Promise.all([...servers.values()].map((server) => server.stop()));
    await Promise.all(wires.map((wire) => wire.stop()));
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(parts: Parts, options: PairOptions, progress: (line: string) => void): Promise<PairReport> {
  const { crowd, proxies, servers, intervalMs } = parts;
  const began = Date.now();
  const over = new AbortController();
  const phones = crowd.run(over.signal);
  const problems: string[] = [];
  const episodes: Episode[] = [];
  await until(
    () => [...crowd.where.values()].every((service) => service !== null),
    20_000,
    () => problems.push('not every phone signed in'),
  );
  let kills = 0;
  for (const trouble of options.troubles) {
    if (Date.now() - began > options.forMs) break;
    const episode = await cause(trouble, parts, problems);
    kills += Number(trouble.stage !== 'none');
    episodes.push(episode);
    const found = await checkEpisode(episode, parts);
    problems.push(...found);
    const { how = 'kill', victim } = trouble;
    const words = `${trouble.fault} on ${trouble.service}, p${victim + 1} ${how}: ${trouble.stage}, store: ${trouble.store}`;
    progress(
      `${Math.round((Date.now() - began) / 1000)} s · ${words} · ${found.length === 0 ? 'held' : found.join('; ')}`,
    );
  }
  await sleep(SUMMARY_AFTER_MS + 1000);
  const outages = (await proxies[0]?.get<{ outages: OutageSeen[] }>('/outages'))?.outages ?? [];
  const lost = () => [...crowd.where].filter(([, service]) => service === null).map(([device]) => device);
  await until(
    () => lost().length === 0,
    25_000,
    () => problems.push(`signed in nowhere in the end: ${lost().join(', ')}`),
  );
  over.abort();
  await phones;
  const targets = [...servers.values()].flatMap(({ requests }) => requests.map(({ target }) => target));
  const withStore = new Set(episodes.filter((each) => each.withStore).map(({ beganAt }) => beganAt));
  const summed = outages.filter(({ startedAt }) =>
    [...episodes].some(
      ({ beganAt, settledAt }) =>
        withStore.has(beganAt) && Date.parse(startedAt) >= beganAt - 1000 && Date.parse(startedAt) <= settledAt,
    ),
  );
  problems.push(
    ...checkTokens(targets),
    ...checkAnswers(crowd.pages),
    ...checkSummaries(summed, proxies),
    ...crowd.bad,
  );
  for (const { name, stderr } of proxies)
    if (stderr !== '') problems.push(`${name} wrote to stderr: ${stderr.slice(0, 300)}`);
  for (const { name, lines } of proxies) {
    for (const line of lines) {
      if (['internal', 'subscriber-fault', 'probe-fault', 'ops-fault'].includes(line.event))
        problems.push(`${name} logged ${JSON.stringify(line).slice(0, 400)}`);
    }
  }
  return {
    seconds: Math.round((Date.now() - began) / 1000),
    ...{ episodes: episodes.length, kills, outages: outages.length },
    signedIn: outages.reduce((sum, each) => sum + each.signedIn, 0),
    ...{ pages: crowd.pages.length, pushes: crowd.pushes.length },
    tokens: targets.filter((target) => target.includes('token=')).length,
    longestWaitMs: Math.max(0, ...crowd.pages.map(({ tookMs }) => tookMs)),
    problems,
  };

  async function checkEpisode(episode: Episode, { proxies: all }: Parts): Promise<string[]> {
    // Within ten seconds of its return all agree.
    let records: OutageSeen[][] = [];
    const end = Date.now() + 10_000;
    let found: string[] = [];
    do {
      records = await Promise.all(
        all.map(async (proxy) => (await proxy.get<{ outages: OutageSeen[] }>('/outages')).outages),
      );
      found = checkRecords(episode, records);
      if (found.length > 0) await sleep(200);
    } while (found.length > 0 && Date.now() < end);
    const slackMs = intervalMs * 0.6;
    return [
      ...found,
      ...checkTimeline(episode, all, crowd.pages, { intervalMs, slackMs }),
      ...checkPushes(episode, records[0] ?? [], crowd.pushes),
    ];
  }
}

/** One trouble, from its beginning until all proxies are there and see the service back. */
async function cause(trouble: Trouble, parts: Parts, problems: string[]): Promise<Episode> {
  const { servers, proxies, redis, intervalMs } = parts;
  const { service, fault, stage, store, how = 'kill' } = trouble;
  const server = servers.get(service) as Finesse;
  const victim = proxies[trouble.victim % proxies.length] as PairProxy;
  const witness = proxies[(trouble.victim + 1) % proxies.length] as PairProxy;
  const from = witness.lines.length;
  const beganAt = Date.now();
  const withStore = store === 'none';
  const storeOver = breakStore(redis, parts.wires[trouble.victim % proxies.length] as CuttingRelay, store, intervalMs);
  const restarted = Promise.withResolvers<void>();
  const strike = async () => {
    if (how === 'freeze') {
      victim.freeze();
      await sleep(FROZEN_MS);
      return victim.thaw();
    }
    victim.kill();
    await sleep(intervalMs * 3);
    await victim.start();
  };
  const seen = (event: string, fields: Record<string, unknown>) => witness.saw(event, { service, ...fields }, from);
  if (stage === 'before') void strike().then(restarted.resolve, restarted.reject);
  await server.fault(fault);
  await seen('service-state', { to: 'reconnecting' });
  if (['1', '2', '3'].includes(stage)) {
    if (stage !== '1') await seen('service-attempt', { attempt: Number(stage) });
    void strike().then(restarted.resolve, restarted.reject);
  }
  await seen('service-state', { to: 'out-of-service' });
  if (stage === 'choosing') await sleep(intervalMs * 0.5);
  if (stage === 'clock') await sleep(intervalMs * 3);
  if (['verdict', 'choosing', 'clock'].includes(stage)) void strike().then(restarted.resolve, restarted.reject);
  if (stage === 'none') restarted.resolve();
  await sleep(intervalMs * 2);
  const endedAt = Date.now();
  await server.fault('none');
  if (stage === 'recovery') void strike().then(restarted.resolve, restarted.reject);
  await restarted.promise;
  await storeOver;
  const isBack = async () => {
    const all = await Promise.all(
      proxies.map((proxy) => proxy.get<{ services: { id: string; state: string }[] }>('/health')),
    );
    return all.every(({ services }) => services.every(({ state }) => state === 'in-service'));
  };
  await until(isBack, 20_000, () => problems.push(`${fault} on ${service} (${stage}): not every proxy saw it back`));
  // What was to be told of the recovery has been told by then, by another proxy too.
  await sleep(intervalMs * 2);
  return { service, fault, stage, beganAt, endedAt, settledAt: Date.now(), withStore };
}

async function breakStore(
  redis: RedisServer,
  wire: CuttingRelay,
  fault: StoreFault,
  intervalMs: number,
): Promise<void> {
  if (fault === 'none') return;
  await sleep(intervalMs);
  if (fault === 'cut') {
    wire.cut();
    await sleep(intervalMs * 8);
    return wire.mend();
  }
  if (fault === 'flush') return void (await redis.ask('FLUSHALL'));
  if (fault === 'freeze') redis.freeze();
  else await redis.kill();
  await sleep(intervalMs * 4);
  if (fault === 'freeze') redis.thaw();
  else await redis.start();
}

/** Any of them, for as long as somebody asks. */
export function* randomTroubles(seed: number, proxies: number): Generator<Trouble> {
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  for (;;) {
    yield {
      service: pick(['a', 'b'] as const),
      fault: pick(FAULTS),
      stage: pick(STAGES),
      victim: Math.floor(random() * proxies),
      how: pick(['kill', 'kill', 'freeze'] as const),
      store: random() < 0.3 ? pick(STORE_FAULTS) : 'none',
    };
  }
}

async function startServer(id: string, agents: number): Promise<Finesse> {
  const name = `finesse-${id}.example.com`;
  const server = createFinesse({ name, keepAliveMs: 60_000, agents: numberedAgents(Math.max(20, agents)) });
  await server.start();
  return server;
}

async function until(isSo: () => boolean | Promise<boolean>, limitMs: number, otherwise: () => void): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await isSo())) {
    if (Date.now() > end) return otherwise();
    await sleep(50);
  }
}

/** mulberry32: small, and the same everywhere. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
