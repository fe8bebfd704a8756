/** A store that takes over with another clock than the one before it had: what is said afterwards counts over what was said before. */
import { afterEach, expect, it } from 'vitest';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { createPeers } from '../../src/peers/peers.ts';
import { createRedisConnection } from '../../src/shared/redis-connection.ts';
import { createRedisLink } from '../../src/shared/redis-link.ts';
import { createFacts } from '../../src/shared/replica.ts';
import { createDeviceRegistry } from '../../src/store/devices.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createSharedDevices } from '../../src/store/shared-devices.ts';
import { createSharedSettings } from '../../src/store/shared-settings.ts';
import { systemClock } from '../../src/time/clock.ts';
import { type RedisServer, redisConfig, startRedis, until } from '../redis-rig.ts';
import { withStoreTime } from '../store-time.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const PHONE = 'SEP001122334455';
const HOUR_MS = 3_600_000;

async function startProxy(name: string, redis: RedisServer, storeNow: () => number) {
  const clock = systemClock;
  const events: ProxyEvent[] = [];
  const report = (event: ProxyEvent) => void events.push(event);
  const facts = createFacts({ proxy: name, clock });
  const devices = createDeviceRegistry();
  const store = createServiceStore(
    [{ id: 'a', name: 'a', cluster: 'main', probeIntervalMs: 5000 }],
    { intervalMs: 5000, attempts: 3 },
    clock,
  );
  const link = createRedisLink({
    ...{ redis: redisConfig(redis.port), facts, clock, report },
    trail: { own: () => [], heard: (entry) => entry },
    connect: (options) => withStoreTime(createRedisConnection(options), storeNow),
  });
  const shared = createSharedDevices({
    ...{ facts, devices, clock, report, forgetAfterMs: 12 * HOUR_MS },
    isService: () => true,
  });
  const settings = createSharedSettings({ facts, store, clock, report });
  const peers = createPeers({
    ...{ facts, store, clock, report, name, site: null, version: '1' },
    ...{ signedIn: devices.signedIn, heard: () => {} },
  });
  link.start();
  stops.push(() => link.stop(100));
  await until(() => link.status().state === 'connected', 'connected');
  await shared.begin();
  settings.begin();
  peers.start();
  stops.push(async () => {
    peers.stop();
    shared.stop();
  });
  const relay = (page: 'other' | 'sign-in') => {
    const at = clock.now();
    devices.relayed(PHONE, 'a', page, false, at);
    shared.handlers['page-relayed']?.({ kind: 'page-relayed', at, service: 'a', device: PHONE, page, durationMs: 0 });
  };
  return {
    ...{ facts, link, store, events, peers },
    signIn: () => relay('other'),
    signOut: () => relay('sign-in'),
    set: (admin: 'drain' | 'ready') =>
      store.setAdmin('a', { admin, reason: null, until: null, by: { who: 'ann', at: clock.now() } }),
    where: () => devices.get(PHONE)?.service ?? null,
    admin: () => store.get('a')?.admin.admin,
  };
}

/** Two proxies and their store, whose clock can be set. */
async function startTwo(...redisOptions: readonly string[]) {
  const redis = await startRedis([...redisOptions]);
  stops.push(redis.stop);
  let aheadMs = 0;
  const storeNow = () => Date.now() + aheadMs;
  const [one, two] = [await startProxy('p1', redis, storeNow), await startProxy('p2', redis, storeNow)];
  const all = [one, two];
  const isAt = (service: string | null) => () => all.every((each) => each.where() === service);
  const setAhead = (byMs: number) => {
    aheadMs = byMs;
  };
  /** Of a phone that is signed in, and a service that drains; each is the word of the other proxy. */
  const untilNewWordsCount = async () => {
    two.signOut();
    two.set('ready');
    await until(isAt(null), 'signed out');
    await until(() => one.admin() === 'ready', 'ready');
    one.signIn();
    await until(isAt('a'), 'signed in again');
    two.signOut();
    await until(isAt(null), 'signed out again');
  };
  return { redis, one, two, all, isAt, storeNow, setAhead, untilNewWordsCount };
}

it.each([
  ['behind', -90_000],
  ['ahead', 90_000],
] as const)(
  'B821 B822 a store whose clock is ninety seconds %s of that of the one before has nothing new lost',
  async (_, byMs) => {
    const pair = await startTwo('--appendonly', 'yes', '--appendfsync', 'always');
    const { redis, one, two, all, isAt, storeNow, setAhead } = pair;
    one.signIn();
    one.set('drain');
    await until(isAt('a'), 'signed in');
    await until(() => two.admin() === 'drain' && all.every(({ link }) => link.status().waiting === 0), 'written');

    await redis.kill();
    await until(() => all.every(({ link }) => link.status().state === 'gone'), 'gone');
    setAhead(byMs);
    await redis.start();
    await until(() => all.every(({ link }) => link.status().state === 'connected'), 'connected');
    await pair.untilNewWordsCount();
    two.signIn();
    one.set('drain');
    await until(isAt('a'), 'and in');
    await until(() => two.admin() === 'drain', 'drained');

    // One that starts now has the time of the others.
    await until(() => all.every(({ link }) => link.status().waiting === 0), 'written');
    const three = await startProxy('p3', redis, storeNow);
    expect([three.where(), three.admin()]).toEqual(['a', 'drain']);
    await until(() => three.peers.all().filter(({ alive }) => alive).length === 3, 'it hears of the others');
    await until(() => one.peers.all().filter(({ alive }) => alive).length === 3, 'and they of it');
    three.signOut();
    await until(isAt(null), 'signed out at the third');
    for (const { link, events } of [one, two, three]) {
      expect(link.status().refused).toBe(0);
      expect(events.filter(({ kind }) => kind === 'proxy-gone')).toEqual([]);
    }
  },
);

it('B823 a `clock` in the store that no proxy wrote moves nobody by more than two hours', async () => {
  const redis = await startRedis();
  stops.push(redis.stop);
  const one = await startProxy('p1', redis, Date.now);
  for (const text of ['99999999999999999999', '9007199254740991', 'x', '-1', String(Date.now() + 3 * HOUR_MS)]) {
    await redis.ask('SET', 'ippa:clock', text);
    one.set(one.admin() === 'drain' ? 'ready' : 'drain');
    await until(() => one.link.status().waiting === 0, 'written');
    await until(async () => Math.abs(Number(await redis.ask('GET', 'ippa:clock')) - Date.now()) < HOUR_MS, 'set right');
    expect(Math.abs(one.facts.now() - Date.now())).toBeLessThan(HOUR_MS);
  }
  expect(one.link.status().refused).toBe(0);
});

it('B842 what was said by a clock that was days ahead does not count over what is said once it is right', async () => {
  const { one, two, all, isAt, setAhead, untilNewWordsCount } = await startTwo();
  const isAhead = (by: number) => () => all.every(({ facts }) => Math.abs(facts.now() - Date.now() - by) < HOUR_MS);
  setAhead(3 * 24 * HOUR_MS);
  await until(isAhead(3 * 24 * HOUR_MS), 'ahead');
  one.signIn();
  one.set('drain');
  await until(isAt('a'), 'signed in');
  await until(() => two.admin() === 'drain', 'drain');
  setAhead(0);
  await until(isAhead(0), 'right again');
  await untilNewWordsCount();
  expect(all.map((each) => each.admin())).toEqual(['ready', 'ready']);
});
