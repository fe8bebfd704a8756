/**
 * An hour without the store, by a clock that the test moves: what changed meanwhile at both sides of the cut, what of it waits and
 * takes memory, and what all know afterwards. The store is a real redis-server but for its clock.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import type { RedisConfig } from '../../src/config/config.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import {
  createRedisConnection,
  type RedisConnection,
  type RedisConnectionOptions,
} from '../../src/shared/redis-connection.ts';
import { createRedisLink, type RedisLink } from '../../src/shared/redis-link.ts';
import { createFacts, type Replica } from '../../src/shared/replica.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { redisConfig, startRedis } from '../redis-rig.ts';
import { withStoreTime } from '../store-time.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const HOUR_MS = 3_600_000;
const PHONES = 20_000;
const ROUNDS = 40;

interface Proxy {
  readonly facts: Replica;
  readonly link: RedisLink;
  readonly events: ProxyEvent[];
  readonly heard: Set<string>;
  cut(): void;
  mend(): void;
}

/** The store goes by the clock of the test. */
function withClock(connection: RedisConnection, clock: FakeClock, isCut: () => boolean): RedisConnection {
  const timed = withStoreTime(connection, clock.now);
  return {
    ...timed,
    isUp: () => !isCut() && timed.isUp(),
    async run(commands) {
      if (isCut()) return commands.map(() => ({ fault: { code: 'store-unreachable', detail: 'cut' } }));
      return timed.run(commands);
    },
  };
}

function proxy(name: string, redis: RedisConfig, clock: FakeClock): Proxy {
  const facts = createFacts({ proxy: name, clock });
  const events: ProxyEvent[] = [];
  const heard = new Set<string>();
  let isCut = false;
  let listeners: Pick<RedisConnectionOptions, 'onUp' | 'onDown'> | null = null;
  const link = createRedisLink({
    ...{ redis, facts, clock, report: (event: ProxyEvent) => events.push(event) },
    trail: { own: () => [], heard: (entry) => (heard.add(entry) ? entry : null) },
    connect(options) {
      listeners = options;
      return withClock(createRedisConnection(options), clock, () => isCut);
    },
  });
  link.start();
  stops.push(() => link.stop(0));
  return {
    ...{ facts, link, events, heard },
    cut() {
      isCut = true;
      listeners?.onDown({ code: 'store-unreachable', detail: 'cut' });
    },
    mend() {
      isCut = false;
      listeners?.onUp();
    },
  };
}

/** Time passes by the clock of the test while real answers come. */
async function until(clock: FakeClock, isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within a minute: ${what}`);
    await clock.advance(20);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function heapMb(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 1_000_000;
}

const phone = (index: number) => `SEP${String(index).padStart(12, '0')}`;
const values = ({ facts }: Proxy) =>
  new Map(
    [...facts.entries('devices')].filter(([, { value }]) => value !== null).map(([name, { value }]) => [name, value]),
  );

it('B979 after an hour behind a cut, with 20,000 phones changing all the while, all proxies know the last of each, and no list has grown', {
  timeout: 240_000,
}, async () => {
  const redis = await startRedis();
  stops.push(redis.stop);
  const clock = createFakeClock();
  const config = redisConfig(redis.port, { pollMs: 100, timeoutMs: 2000 });
  const [near, far] = [proxy('p1', config, clock), proxy('p2', config, clock)];
  const all = [near, far];
  await until(clock, () => all.every(({ link }) => link.status().state === 'connected'), 'connected');
  const sign = (at: Proxy, index: number, round: number) =>
    at.facts.set('devices', phone(index), {
      ...{ service: round % 2 === 0 ? 'a' : 'b', since: round, by: at.facts.proxy, seenAt: round },
      prefill: { id: String(1000 + index), extension: String(2000 + index), address: '10.1.2.3' },
    });
  for (let index = 0; index < PHONES; index += 1) sign(near, index, 0);
  await until(clock, () => far.facts.size() === PHONES && near.link.status().waiting === 0, 'all known to both');

  far.cut();
  const cutAt = clock.now();
  let [first, last, most] = [0, 0, 0];
  // Phones of the far side are those with an even number.
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (let index = 0; index < PHONES; index += 2) sign(far, index, round);
    if (round % 10 === 0) for (let index = 1; index < PHONES; index += 2) sign(near, index, round);
    for (let entry = 0; entry < 200; entry += 1) far.link.append(`entry ${round} ${entry}`, 'changes');
    await clock.advance(HOUR_MS / ROUNDS);
    most = Math.max(most, far.link.status().waiting);
    if (round === 2) first = heapMb();
    if (round === ROUNDS) last = heapMb();
    // What is written at the near side is written by the time that passes meanwhile, and by real answers.
    await until(clock, () => near.link.status().waiting === 0, 'written at the near side');
  }
  expect(clock.now() - cutAt).toBeGreaterThanOrEqual(HOUR_MS);
  expect(far.link.status()).toMatchObject({ state: 'gone', fault: { code: 'store-unreachable' } });
  expect(far.link.status().lagMs).toBeGreaterThan(HOUR_MS - 5000);
  // 10,000 phones and 2,000 entries of the trail, of 400,000 changes and 8,000 entries.
  expect(most).toBe(PHONES / 2 + 2000);
  process.stdout.write(`heap after 2 of ${ROUNDS} rounds ${first.toFixed(1)} MB, after all ${last.toFixed(1)} MB\n`);
  expect(last - first).toBeLessThan(10);

  // At the very end: some are deleted at either side, and some change at the other side after that.
  for (let index = 0; index < 200; index += 1) far.facts.set('devices', phone(index), null);
  await clock.advance(1000);
  for (let index = 0; index < 100; index += 1) sign(near, index, 1000);
  for (let index = 1000; index < 1100; index += 1) near.facts.set('devices', phone(index), null);
  await until(clock, () => near.link.status().waiting === 0, 'written at the near side');

  far.mend();
  const third = proxy('p3', config, clock);
  await until(clock, () => far.link.status().state === 'connected' && far.link.status().waiting === 0, 'all written');
  await until(clock, () => third.link.status().state === 'connected', 'the third is connected');
  await until(clock, () => near.heard.size >= 2000, 'the trail heard');
  // By the stamps: all three have the very same registers.
  const stamps = ({ facts }: Proxy) =>
    [...facts.entries('devices')].map(([name, { at, proxy: by }]) => `${name} ${at} ${by}`).sort();
  const same = () => new Set([near, far, third].map((each) => stamps(each).join())).size === 1;
  await until(clock, same, 'all say the same');
  const known = values(near);
  expect(values(far)).toEqual(known);
  expect(values(third)).toEqual(known);
  expect(known.size).toBe(PHONES - 100 - 100);
  for (const [index, is] of [
    [0, { since: 1000, by: 'p1' }],
    [99, { since: 1000, by: 'p1' }],
    [1100, { since: ROUNDS, by: 'p2' }],
    [1101, { since: ROUNDS, by: 'p1' }],
  ] as const)
    expect(known.get(phone(index)), phone(index)).toMatchObject(is);
  for (const index of [100, 199, 1000, 1099]) expect(known.has(phone(index)), phone(index)).toBe(false);
  // Deletions are remembered, so that who was cut off brings nothing back: here too with a full read.
  await clock.advance(120_000);
  await until(clock, () => all.every(({ link }) => link.status().waiting === 0), 'written');
  expect(values(far)).toEqual(known);
  // The newest entries of the trail, and the log of the store is no longer than ever.
  expect(near.heard.has(`entry ${ROUNDS} 199`)).toBe(true);
  expect(Number(await redis.ask('XLEN', 'ippa:log'))).toBeLessThan(11_000);
  expect(far.events.map(({ kind }) => kind)).toEqual(['store-changed', 'store-changed', 'store-changed']);
});
