/** One summary for an outage of several proxies, whatever the store refuses: whole proxies and a real redis-server. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createRedisLink } from '../../src/shared/redis-link.ts';
import { createFacts } from '../../src/shared/replica.ts';
import { systemClock } from '../../src/time/clock.ts';
import { type RedisServer, redisConfig, startRedis, until } from '../redis-rig.ts';
import { type Rig, startRig } from '../rig.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function startStore(): Promise<RedisServer> {
  const redis = await startRedis();
  stops.push(redis.stop);
  await redis.ask('ACL', 'SETUSER', 'ippa', 'on', '>CANARYstore', '~ippa:*', '+@all');
  return redis;
}

interface Proxy extends Rig {
  readonly folder: string;
}

const SUMMARY_AFTER_MS = 9000;

async function startProxy(redis: RedisServer, first: Rig | null = null, kept: string | null = null): Promise<Proxy> {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'ippa-summaries-'));
  stops.push(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const rig = await startRig({
    ...(first === null ? { servers: 2 } : { servers: 0, urls: [] }),
    config: (base) => ({
      ...base,
      clusters: first === null ? base.clusters : first.config.clusters,
      store: { redis: redisConfig(redis.port, { username: 'ippa', password: 'CANARYstore' }) },
      state: { folder },
      outages: { ...base.outages, summaryAfterMs: SUMMARY_AFTER_MS },
    }),
  });
  stops.push(rig.stop);
  return { ...rig, folder };
}

const connected = (...proxies: readonly Rig[]) =>
  until(
    async () =>
      (await Promise.all(proxies.map((each) => each.health()))).every(
        ({ store }) => (store as { state: string }).state === 'connected',
      ),
    'connected',
  );
const summaries = (...proxies: readonly Rig[]) =>
  proxies.flatMap(({ lines }) => lines.filter(({ event }) => event === 'outage-summary'));
/** By what it keeps: the last line about the outage counts. */
const knowsOfSummary = ({ folder }: Proxy) => {
  const file = join(folder, 'outages.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const last = lines.findLast((line) => line.includes('summarisedAt'));
  return last !== undefined && !last.includes('"summarisedAt":null');
};
const recordsOf = async (proxy: Rig) =>
  JSON.parse((await proxy.get(`${proxy.ops}/outages`, { authorization: 'Bearer test-token' })).body) as {
    outages: { id: string }[];
  };

it.each(['xadd', 'set'])(
  'B975 an outage has one summary though the rule of the user loses %s in the middle of it',
  {
    timeout: 120_000,
  },
  async (command) => {
    const redis = await startStore();
    const one = await startProxy(redis);
    const two = await startProxy(redis, one);
    await connected(one, two);
    await one.finesse[0]?.fault('refuse');
    for (const each of [one, two]) await each.until('a', 'out-of-service');
    await until(async () => {
      const [mine, its] = await Promise.all([recordsOf(one), recordsOf(two)]);
      return mine.outages.length === 1 && JSON.stringify(mine) === JSON.stringify(its);
    }, 'one record');
    expect(summaries(one, two)).toEqual([]);
    await redis.ask('ACL', 'SETUSER', 'ippa', `-${command}`);
    // Either nobody hears that it is written by the record, but by asking for it; or nobody can ask, but hears it by the record.
    await until(() => knowsOfSummary(one) && knowsOfSummary(two), 'both know that it is written', 70_000);
    expect(summaries(one, two)).toHaveLength(1);
    await redis.ask('ACL', 'SETUSER', 'ippa', `+${command}`);
    await connected(one, two);
    // Nor does one that is started now write a second.
    const three = await startProxy(redis, one);
    await until(async () => (await recordsOf(three)).outages.length === 1, 'known to the third');
    await until(() => knowsOfSummary(three), 'that it is written too');
    expect(summaries(one, two, three)).toHaveLength(1);
  },
);

it('B975 what a proxy has done the store hears as soon as it can be had, and again when it was flushed', async () => {
  const redis = await startStore();
  const [one, two] = ['p1', 'p2'].map((name) => {
    const facts = createFacts({ proxy: name, clock: systemClock });
    const config = redisConfig(redis.port, { username: 'ippa', password: 'CANARYstore' });
    const link = createRedisLink({
      ...{ redis: config, facts, clock: systemClock, report: () => {} },
      trail: { own: () => [], heard: (entry) => entry },
    });
    link.start();
    stops.push(() => link.stop(100));
    return { facts, link };
  });
  if (one === undefined || two === undefined) throw new Error('two were started');
  await until(() => [one, two].every(({ link }) => link.status().state === 'connected'), 'connected');
  expect([await one.facts.claimTask('t', 3000), await two.facts.claimTask('t', 3000)]).toEqual(['ours', 'theirs']);
  // Who had it is gone: another one is given it.
  await until(async () => (await two.facts.claimTask('t', 10_000)) === 'ours', 'taken over');
  redis.freeze();
  await until(() => two.link.status().state === 'gone', 'gone');
  two.facts.finishTask('t', 60_000);
  redis.thaw();
  await until(async () => String(await redis.ask('GET', 'ippa:claim:t')).startsWith('done p2'), 'said after the thaw');
  // The other one may have yet to connect again: it is not told that the task is its own.
  const told: string[] = [];
  await until(async () => told[told.push(await one.facts.claimTask('t', 10)) - 1] === 'done', 'known to the other');
  expect(told.filter((each) => each !== 'unknown')).toEqual(['done']);
  const left = Number(await redis.ask('PTTL', 'ippa:claim:t'));
  expect(left).toBeGreaterThan(30_000);
  expect(left).toBeLessThanOrEqual(60_000);
  await redis.ask('FLUSHALL');
  await until(async () => String(await redis.ask('GET', 'ippa:claim:t')).startsWith('done p2'), 'said after the flush');
});
