/** What somebody who can write to the store puts there, or a proxy with a fault: it stops nothing and rules nobody. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RedisConfig } from '../../src/config/config.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { createRedisLink } from '../../src/shared/redis-link.ts';
import { createFacts } from '../../src/shared/replica.ts';
import { systemClock } from '../../src/time/clock.ts';
import { type RedisServer, redisConfig, startRedis, until } from '../redis-rig.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function server(): Promise<RedisServer> {
  const redis = await startRedis();
  stops.push(redis.stop);
  return redis;
}

async function proxy(name: string, redis: RedisConfig) {
  const facts = createFacts({ proxy: name, clock: systemClock });
  const events: ProxyEvent[] = [];
  const link = createRedisLink({
    ...{ redis, facts, clock: systemClock },
    trail: { own: () => [], heard: (entry) => entry },
    report: (event) => events.push(event),
  });
  link.start();
  stops.push(() => link.stop(100));
  await until(() => link.status().state !== 'connecting', 'read');
  const said = (kind: ProxyEvent['kind']) => events.filter((event) => event.kind === kind);
  return { facts, link, said };
}

/** As the merge script leaves it. */
async function poison(redis: RedisServer, hash: string, field: string, text: string) {
  await redis.ask('HSET', `ippa:${hash}`, field, text);
  await redis.ask('XADD', 'ippa:log', '*', 'h', hash, 'f', field, 'r', text);
}
const kept = (redis: RedisServer, hash: string, field: string) => redis.ask('HGET', `ippa:${hash}`, field);

const EVIL = '9999999999999999 evilproxy {"boot":"x","name":"evil","site":null,"version":"9","services":{}}';

describe('a register with a stamp that no clock can have', () => {
  it('B665 is refused and counted once, undone by what is `set` at a proxy, and gone after a full read', async () => {
    const redis = await server();
    const one = await proxy('p1', redisConfig(redis.port));
    one.facts.set('settings', 'a', 'drain');
    await until(() => one.link.status().waiting === 0, 'written');
    await poison(redis, 'proxies', 'evilproxy', EVIL);
    // Twice, and again in the poll after that: it is said once.
    await poison(redis, 'proxies', 'evilproxy', EVIL);
    await poison(redis, 'settings', 'a', '9007199254740992 evilproxy "maint"');
    await poison(redis, 'settings', 'b', `${Date.now() + 60_000} evilproxy "maint"`);
    await poison(redis, 'devices', 'SEP1', `${Date.now()} p2 "a"`);
    await until(() => one.facts.get('devices', 'SEP1') !== null, 'the next entry');
    expect([...one.facts.entries('proxies')]).toEqual([]);
    expect(one.facts.get('settings', 'a')?.value).toBe('drain');
    expect(one.facts.get('settings', 'b')).toBeNull();
    expect(one.link.status().refused).toBe(3);
    expect(one.said('store-fact-refused')).toEqual([
      expect.objectContaining({ why: 'ahead', hash: 'proxies', field: 'evilproxy' }),
    ]);
    one.facts.set('settings', 'a', 'ready');
    await until(async () => /^\d{13} p1 "ready"$/.test(String(await kept(redis, 'settings', 'a'))), 'undone');
    // Whoever comes later reads all of it, and leaves nothing of it behind.
    const two = await proxy('p2', redisConfig(redis.port));
    expect(two.facts.get('settings', 'a')?.value).toBe('ready');
    await until(async () => (await kept(redis, 'proxies', 'evilproxy')) === null, 'removed');
    expect(await kept(redis, 'settings', 'b')).toBeNull();
    await redis.ask('FLUSHALL');
    await until(async () => (await kept(redis, 'settings', 'a')) !== null, 'written anew');
    expect(await kept(redis, 'proxies', 'evilproxy')).toBeNull();
  });

  it('B665 is overwritten in a `full read` by what a proxy knows', async () => {
    const redis = await server();
    const one = await proxy('p1', redisConfig(redis.port, { rereadMs: 300 }));
    one.facts.set('settings', 'a', 'drain');
    await until(() => one.link.status().waiting === 0, 'written');
    await redis.ask('HSET', 'ippa:settings', 'a', `${'9'.repeat(30)} evilproxy "maint"`);
    await until(async () => / p1 "drain"$/.test(String(await kept(redis, 'settings', 'a'))), 'a full read');
    expect(one.facts.get('settings', 'a')?.value).toBe('drain');
  });
});

describe('a value', () => {
  it('B666 `20000` deep, or too long, stops neither the entries after it nor a full read', async () => {
    const redis = await server();
    const one = await proxy('p1', redisConfig(redis.port));
    const at = Date.now();
    const deep = `${at} p2 ${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    await poison(redis, 'devices', 'SEP1', deep);
    await poison(redis, 'devices', 'SEP1', deep);
    await poison(redis, 'devices', 'SEP2', `${at} p2 "${'x'.repeat(300_000)}"`);
    await poison(redis, 'devices', 'SEP3', `${at} p2 {"broken`);
    await poison(redis, 'devices', 'SEP4', `${at} p2 "a"`);
    await until(() => one.facts.get('devices', 'SEP4') !== null, 'the next entry');
    const two = await proxy('p3', redisConfig(redis.port));
    for (const { facts, link, said } of [one, two]) {
      expect([...facts.entries('devices')].map(([field]) => field)).toEqual(['SEP4']);
      expect(link.status()).toMatchObject({ state: 'connected', refused: 3 });
      expect(said('store-fact-refused')).toHaveLength(1);
    }
    // The next change of each is later, and read by all.
    one.facts.set('devices', 'SEP1', 'b');
    await until(() => two.facts.get('devices', 'SEP1')?.value === 'b', 'heard');
  });
});

describe('a key of the store that', () => {
  it('B667 holds something else is named in the `reason`; the state does not go to and fro, and all else is shared', async () => {
    const redis = await server();
    const one = await proxy('p1', redisConfig(redis.port, { rereadMs: 200 }));
    const two = await proxy('p2', redisConfig(redis.port));
    await redis.ask('DEL', 'ippa:devices');
    await redis.ask('SET', 'ippa:devices', 'str');
    await until(() => one.link.status().state === 'reading-only', 'said');
    expect(one.link.status().fault).toMatchObject({
      code: 'store-key',
      detail: expect.stringContaining('ippa:devices'),
    });
    for (let beat = 0; beat < 15; beat += 1) {
      one.facts.set('devices', 'SEP1', beat);
      one.facts.set('proxies', 'p1', beat);
      await until(() => two.facts.get('proxies', 'p1')?.value === beat, 'heard');
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    expect(one.said('store-changed').map((event) => 'to' in event && event.to)).toEqual(['connected', 'reading-only']);
    await redis.ask('DEL', 'ippa:devices');
    await until(() => one.link.status().state === 'connected', 'mended');
    await until(() => two.facts.get('devices', 'SEP1')?.value === 14, 'told');
  });

  it.each(['ippa:log', 'ippa:epoch', 'ippa:clock'])(
    'B667 is `%s` leaves nobody in the belief that all know the same',
    async (key) => {
      const redis = await server();
      const one = await proxy('p1', redisConfig(redis.port, { rereadMs: 200 }));
      await redis.ask('DEL', key);
      await redis.ask('HSET', key, 'a', 'b');
      await until(() => one.link.status().state === 'gone', 'gone');
      expect(one.link.status().fault?.code).toBe('store-key');
      await new Promise((resolve) => setTimeout(resolve, 1000));
      expect(one.said('store-changed')).toHaveLength(2);
      await redis.ask('DEL', key);
      await until(() => one.link.status().state === 'connected', 'mended');
    },
  );

  it('B668 has a `schema` that is no number is of a layout that is not understood, also while it is used', async () => {
    const redis = await server();
    const one = await proxy('p1', redisConfig(redis.port, { rereadMs: 200 }));
    await redis.ask('SET', 'ippa:schema', 'abc');
    await until(() => one.link.status().state === 'refused', 'refused');
    expect(one.link.status().fault?.detail).toContain('abc');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(one.said('store-changed')).toHaveLength(2);
    const two = await proxy('p2', redisConfig(redis.port));
    expect(two.link.status().state).toBe('refused');
    await redis.ask('SET', 'ippa:schema', '1');
    await until(() => one.link.status().state === 'connected', 'mended');
  });
});
