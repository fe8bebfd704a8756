/** Facts of several proxies over a real redis-server: what is lost on the way, and what happens to the server itself. */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { RedisConfig } from '../../src/config/config.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { createRedisLink, type RedisLink } from '../../src/shared/redis-link.ts';
import { createFacts, type Replica } from '../../src/shared/replica.ts';
import { systemClock } from '../../src/time/clock.ts';
import { startCuttingRelay } from '../cutting-relay.ts';
import { freePort } from '../free-port.ts';
import { dumpRedis, type RedisServer, redisConfig, startRedis, until } from '../redis-rig.ts';

interface Proxy {
  readonly facts: Replica;
  readonly link: RedisLink;
  readonly events: ProxyEvent[];
  readonly trail: string[];
  readonly own: string[];
}

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function server(args: readonly string[] = []): Promise<RedisServer> {
  const redis = await startRedis(args);
  stops.push(redis.stop);
  return redis;
}

function proxy(name: string, redis: RedisConfig, clock = systemClock): Proxy {
  const facts = createFacts({ proxy: name, clock });
  const [events, trail, own]: [ProxyEvent[], string[], string[]] = [[], [], []];
  const link = createRedisLink({
    ...{ redis, facts, clock },
    trail: { own: (part) => (part === 'changes' ? own : []), heard: (entry) => trail[trail.push(entry) - 1] ?? null },
    report: (event) => events.push(event),
  });
  link.start();
  stops.push(() => link.stop(100));
  return { facts, link, events, trail, own };
}

const connected = (...proxies: readonly Proxy[]) =>
  until(() => proxies.every(({ link }) => link.status().state === 'connected'), 'connected');
const values = ({ facts }: Proxy) =>
  Object.fromEntries([...facts.entries('devices')].map(([field, { value }]) => [field, value]).sort());
const agree = (proxies: readonly Proxy[], withinMs = 10_000) =>
  until(() => new Set(proxies.map((one) => JSON.stringify(values(one)))).size === 1, 'they agree', withinMs);
const store = (redis: RedisServer) => redis.ask('HGETALL', 'ippa:devices') as Promise<string[]>;

describe('two proxies', () => {
  it('B640 hear of each other within `200 ms`, and a third that comes later reads everything', async () => {
    const redis = await server();
    const [one, two] = [proxy('p1', redisConfig(redis.port)), proxy('p2', redisConfig(redis.port))];
    await connected(one, two);
    const times: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      one.facts.set('devices', 'SEP1', { service: `a${round}` });
      times.push(await until(() => JSON.stringify(values(two)) === `{"SEP1":{"service":"a${round}"}}`, 'heard'));
    }
    // On a machine that does something else too.
    expect(times.sort((a, b) => a - b)[2]).toBeLessThan(200);
    one.facts.set('outages', 'o1', { of: 'a' });
    one.facts.set('outage-devices', 'o1/SEP1', 'told');
    await until(() => one.link.status().waiting === 0, 'written');
    const three = proxy('p3', redisConfig(redis.port));
    await connected(three);
    expect(values(three)).toEqual(values(one));
    // What became of phones in outages too, of which it knows by what it has just read.
    expect(three.facts.get('outage-devices', 'o1/SEP1')?.value).toBe('told');
    await until(() => two.facts.get('outage-devices', 'o1/SEP1') !== null, 'heard');
    expect(two.link.status().peers).toEqual([expect.objectContaining({ proxy: 'p1', heard: 12 })]);
    expect(await redis.ask('GET', 'ippa:schema')).toBe('1');
  });

  it('take the clock of the store: one whose own is an hour ahead or behind rules nobody', async () => {
    const redis = await server();
    const skewed = (ms: number) => ({ ...systemClock, now: () => Date.now() + ms });
    const ahead = proxy('p9', redisConfig(redis.port), skewed(3_600_000));
    // Set before it ever heard the time of the store.
    ahead.facts.set('devices', 'SEP1', 'ahead');
    const behind = proxy('p1', redisConfig(redis.port), skewed(-3_600_000));
    await connected(ahead, behind);
    await agree([ahead, behind]);
    // As near as the answer was quick, which on a busy machine it is not.
    expect(Math.abs(ahead.facts.now() - Date.now())).toBeLessThan(5000);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    behind.facts.set('devices', 'SEP1', 'later');
    await agree([ahead, behind]);
    expect(values(ahead)).toEqual({ SEP1: 'later' });
  });

  it('B641 `20000` devices are read without holding the event loop for longer than 100 ms', async () => {
    const redis = await server();
    const one = proxy('p1', redisConfig(redis.port, { timeoutMs: 1000 }));
    await connected(one);
    for (let index = 0; index < 20_000; index += 1) {
      const prefill = { id: '1001', extension: '2001', address: '10.1.2.3' };
      one.facts.set('devices', `SEP${index}`, {
        service: 'a',
        since: 1,
        seenAt: 2,
        prefill,
        model: 'CP-8841',
        left: [],
      });
      if (index % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => one.link.status().waiting === 0, 'written', 20_000);
    const two = createFacts({ proxy: 'p2', clock: systemClock });
    // By CPU time: on a busy machine the clock goes on while others have their turn.
    let longest = 0;
    let last = process.cpuUsage();
    const timer = setInterval(() => {
      const { user, system } = process.cpuUsage(last);
      longest = Math.max(longest, (user + system) / 1000);
      last = process.cpuUsage();
    }, 5);
    const began = performance.now();
    const link = createRedisLink({
      ...{ redis: redisConfig(redis.port), facts: two, clock: systemClock, report: () => {} },
      trail: { own: () => [], heard: (entry) => entry },
    });
    link.start();
    stops.push(() => link.stop(0));
    await until(() => two.size() === 20_000, 'read');
    clearInterval(timer);
    process.stdout.write(
      `20,000 devices read in ${Math.round(performance.now() - began)} ms, loop held ${Math.round(longest)} ms\n`,
    );
    expect(longest).toBeLessThan(100);
  });
});

describe('a store that is', () => {
  it('B642 `frozen` is said to be gone, nobody waits for it, and what changed meanwhile is there `10 s` after its return', async () => {
    const redis = await server();
    const [one, two] = [proxy('p1', redisConfig(redis.port)), proxy('p2', redisConfig(redis.port))];
    await connected(one, two);
    redis.freeze();
    const began = performance.now();
    one.facts.set('devices', 'SEP1', 'from one');
    two.facts.set('devices', 'SEP2', 'from two');
    // A busy machine may take the processor away meanwhile; the store is frozen until the next step.
    expect(performance.now() - began).toBeLessThan(2000);
    await until(() => one.link.status().state === 'gone', 'gone');
    expect(one.link.status()).toMatchObject({
      waiting: 1,
      fault: { code: expect.stringMatching(/timeout|unreachable/) },
    });
    expect(await one.facts.claim('summary', 1000)).toBe('unknown');
    redis.thaw();
    await agree([one, two]);
    expect(values(one)).toEqual({ SEP1: 'from one', SEP2: 'from two' });
    await connected(one, two);
    expect(one.events.map(({ kind }) => kind)).toEqual(['store-changed', 'store-changed', 'store-changed']);
  });

  it('B642 `killed` and empty when it is back gets all of it from whoever knows it', async () => {
    const redis = await server();
    const [one, two] = [proxy('p1', redisConfig(redis.port)), proxy('p2', redisConfig(redis.port))];
    await connected(one, two);
    one.facts.set('devices', 'SEP1', 'a');
    two.facts.set('devices', 'SEP2', 'b');
    await agree([one, two]);
    await until(() => one.link.status().waiting + two.link.status().waiting === 0, 'written');
    await redis.kill();
    one.facts.set('devices', 'SEP1', 'c');
    await until(() => one.link.status().state === 'gone' && two.link.status().state === 'gone', 'gone');
    await redis.start();
    await agree([one, two]);
    expect(values(two)).toEqual({ SEP1: 'c', SEP2: 'b' });
    await until(async () => (await store(redis)).length === 4, 'both are in the store again');
    expect([...one.events, ...two.events]).toContainEqual(expect.objectContaining({ kind: 'store-replaced' }));
  });

  it('B643 `flushed` under their hands is noticed by its epoch and filled again, the audit trail too', async () => {
    const redis = await server();
    const [one, two] = [proxy('p1', redisConfig(redis.port)), proxy('p2', redisConfig(redis.port))];
    await connected(one, two);
    one.facts.set('devices', 'SEP1', 'a');
    one.own.push('entry 1');
    one.link.append('entry 1', 'changes');
    await until(() => two.trail.includes('entry 1'), 'the entry');
    const epoch = await redis.ask('GET', 'ippa:epoch');
    await redis.ask('FLUSHALL');
    await until(async () => (await store(redis)).length === 2, 'filled again', 5000);
    await until(async () => Number(await redis.ask('XLEN', 'ippa:audit')) === 1, 'the entry again');
    expect(await redis.ask('GET', 'ippa:epoch')).not.toBe(epoch);
    expect(values(two)).toEqual({ SEP1: 'a' });
    // Each says so once: one of them found it empty, or both.
    const replaced = () => [one, two].map(({ events }) => events.filter(({ kind }) => kind === 'store-replaced'));
    await until(() => replaced().every(({ length }) => length === 1), 'said by both');
    expect(replaced().flat()).toContainEqual(expect.objectContaining({ flushed: true }));
  });

  it('B591 changes have the stream `audit` for themselves, and what older versions put there is read', async () => {
    const redis = await server();
    await redis.ask('XADD', 'ippa:audit', '*', 'e', 'an older sign-in');
    const one = proxy('p1', redisConfig(redis.port));
    const two = proxy('p2', redisConfig(redis.port));
    // Before there is a connection too: more than may wait, after the change.
    one.link.append('the change', 'changes');
    for (let n = 0; n < 2500; n++) one.link.append(`sign-in ${n}`, 'sessions');
    for (let n = 0; n < 2500; n++) one.link.append(`phone ${n}`, 'phones');
    await connected(one, two);
    await until(() => two.trail.includes('sign-in 2499') && two.trail.includes('phone 2499'), 'the newest');
    await until(() => two.trail.includes('the change'), 'the change');
    expect(two.trail).toContain('an older sign-in');
    const lengths = await Promise.all(
      ['audit', 'audit:sessions', 'audit:phones'].map((key) => redis.ask('XLEN', `ippa:${key}`)),
    );
    expect(lengths.map(Number)).toEqual([2, 2000, 2000]);
    // One that comes later reads all three.
    const three = proxy('p3', redisConfig(redis.port));
    await connected(three);
    expect(new Set(three.trail)).toEqual(new Set(two.trail));
  });

  it('B644 a replica is `reading-only`: what others say is heard, and what is said here waits', async () => {
    const master = await server();
    const replica = await server();
    const one = proxy('p1', redisConfig(master.port));
    await connected(one);
    await replica.ask('REPLICAOF', '127.0.0.1', master.port);
    const two = proxy('p2', redisConfig(replica.port));
    await until(() => two.link.status().state === 'connected', 'connected', 15_000);
    two.facts.set('devices', 'SEP2', 'b');
    await until(() => two.link.status().state === 'reading-only', 'reading only');
    expect(two.link.status().fault?.code).toBe('store-read-only');
    one.facts.set('devices', 'SEP1', 'a');
    await until(() => two.facts.get('devices', 'SEP1') !== null, 'heard');
    expect(two.link.status().waiting).toBe(1);
    await replica.ask('REPLICAOF', 'NO', 'ONE');
    await connected(two);
    await until(() => two.link.status().waiting === 0, 'written');
  });

  it('B644 `out of memory` is reading only too, and says what to do', async () => {
    const redis = await server();
    const [one, two] = [proxy('p1', redisConfig(redis.port)), proxy('p2', redisConfig(redis.port))];
    await connected(one, two);
    await redis.ask('CONFIG', 'SET', 'maxmemory', 1);
    one.facts.set('devices', 'SEP1', 'a');
    await until(() => one.link.status().state === 'reading-only', 'reading only');
    expect(one.link.status().fault?.code).toBe('store-memory');
    await redis.ask('CONFIG', 'SET', 'maxmemory', 0);
    await agree([one, two]);
    expect(values(two)).toEqual({ SEP1: 'a' });
    await connected(one);
  });

  it('slow is waited for by nobody, and heard of again when it is done', async () => {
    const redis = await server();
    const [one, two] = [proxy('p1', redisConfig(redis.port)), proxy('p2', redisConfig(redis.port))];
    await connected(one, two);
    await redis.ask('CLIENT', 'PAUSE', 2500, 'ALL');
    one.facts.set('devices', 'SEP1', 'a');
    await until(() => one.link.status().state === 'gone', 'gone');
    await agree([one, two]);
    expect(values(two)).toEqual({ SEP1: 'a' });
    await connected(one, two);
  });

  it('B645 refuses the `password` or a `command` says so in words, without the password', async () => {
    const redis = await server();
    await redis.ask('ACL', 'SETUSER', 'ippa', 'on', '>right-canary', '~ippa:*', '+@all');
    await redis.ask('ACL', 'SETUSER', 'poor', 'on', '>right-canary', '~ippa:*', '+@all', '-hscan');
    const wrong = proxy('p1', redisConfig(redis.port, { username: 'ippa', password: 'wrong-canary' }));
    const poor = proxy('p2', redisConfig(redis.port, { username: 'poor', password: 'right-canary' }));
    const right = proxy('p3', redisConfig(redis.port, { username: 'ippa', password: 'right-canary' }));
    await connected(right);
    await until(() => wrong.link.status().state === 'gone' && poor.link.status().state === 'gone', 'gone');
    expect(wrong.link.status().fault?.code).toBe('store-credentials');
    expect(poor.link.status().fault?.code).toBe('store-acl');
    expect(JSON.stringify([wrong, poor].map(({ link, events }) => [link.status(), events]))).not.toContain('canary');
  });

  it('B820 that turns other machines away says so, not that it cannot be reached', async () => {
    // What Redis does to whoever comes from another machine while its user `default` has no password.
    const turning = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(
        '-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface.\r\n',
      );
    }).listen(0, '127.0.0.1');
    await once(turning, 'listening');
    stops.push(async () => void turning.close());
    const { port } = turning.address() as AddressInfo;
    const one = proxy('p1', redisConfig(port, { username: 'ippa', password: 'canary' }));
    await until(() => one.link.status().state === 'gone', 'gone');
    await until(() => one.link.status().fault?.code === 'store-protected', 'why');
    expect(one.link.status().fault?.detail).toMatch(/^DENIED Redis is running in protected mode/);
  });

  it('B646 of a `newer` layout is left alone, read and written by nobody who does not know it', async () => {
    const redis = await server();
    await redis.ask('SET', 'ippa:schema', '2');
    await redis.ask('SET', 'ippa:epoch', 'x');
    await redis.ask('HSET', 'ippa:devices', 'SEP9', `${Date.now()} p2 {}`);
    const one = proxy('p1', redisConfig(redis.port));
    one.facts.set('devices', 'SEP1', 'a');
    await until(() => one.link.status().state === 'refused', 'refused');
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await store(redis)).toHaveLength(2);
    expect(values(one)).toEqual({ SEP1: 'a' });
    await redis.ask('SET', 'ippa:schema', '1');
    await connected(one);
  });

  it('holds what is too old loses it: deletions after a day, by the clock of the store', async () => {
    const redis = await server();
    const age = (days: number) => Date.now() - days * 86_400_000;
    await redis.ask(
      'HSET',
      'ippa:devices',
      'SEP1',
      `${age(1.1)} p2 null`,
      'SEP2',
      `${age(0.9)} p2 null`,
      'SEP3',
      'broken',
    );
    await redis.ask('HSET', 'ippa:devices', 'SEP4', `${age(30)} p2 {"service":"a"}`);
    const one = proxy('p1', redisConfig(redis.port));
    await connected(one);
    await until(async () => Number(await redis.ask('HEXISTS', 'ippa:devices', 'SEP1')) === 0, 'removed');
    expect(await redis.ask('HKEYS', 'ippa:devices')).toEqual(['SEP2', 'SEP3', 'SEP4']);
    expect(one.facts.get('devices', 'SEP1')).toBeNull();
    // What cannot be read is no fact, and gives way to one.
    one.facts.set('devices', 'SEP3', 'a');
    await until(async () => String(await redis.ask('HGET', 'ippa:devices', 'SEP3')).endsWith(' p1 "a"'), 'replaced');
  });

  it('B647 one of `yesterday`, restored from a backup, undoes nothing', async () => {
    const redis = await server(['--save', '3600 1']);
    const [one, two] = [proxy('p1', redisConfig(redis.port)), proxy('p2', redisConfig(redis.port))];
    await connected(one, two);
    one.facts.set('devices', 'SEP1', 'yesterday');
    await agree([one, two]);
    await until(() => one.link.status().waiting === 0, 'written');
    await redis.ask('SAVE');
    one.facts.set('devices', 'SEP1', 'today');
    two.facts.set('devices', 'SEP2', 'today');
    await agree([one, two]);
    await redis.kill();
    await until(() => one.link.status().state === 'gone', 'gone');
    await redis.start();
    await until(async () => (await store(redis)).length === 4, 'written back');
    await agree([one, two]);
    expect(values(one)).toEqual({ SEP1: 'today', SEP2: 'today' });
  });
});

describe('a link that is cut', () => {
  it('B648 for long costs nothing but the news: what changed on both sides is merged, the last change of each wins', async () => {
    const redis = await server();
    const relay = await startCuttingRelay(redis.port);
    stops.push(relay.stop);
    const [one, two] = [proxy('p1', redisConfig(redis.port)), proxy('p2', redisConfig(relay.port))];
    await connected(one, two);
    relay.cut();
    await until(() => two.link.status().state === 'gone', 'gone');
    // A thousand changes of ten devices: ten to be sent.
    for (let round = 0; round < 1000; round += 1) two.facts.set('devices', `SEP${round % 10}`, `cut off ${round}`);
    expect(two.link.status().waiting).toBe(10);
    await new Promise((resolve) => setTimeout(resolve, 250));
    one.facts.set('devices', 'SEP3', 'later');
    relay.mend();
    await agree([one, two]);
    expect(values(two)).toMatchObject({ SEP3: 'later', SEP4: 'cut off 994' });
  });

  it('to a server that is not there yet is up when it comes', async () => {
    const port = await freePort();
    const one = proxy('p1', redisConfig(port));
    one.facts.set('devices', 'SEP1', 'a');
    await until(() => one.link.status().state === 'gone', 'gone');
    expect(one.link.status().fault?.code).toBe('store-unreachable');
    const redis = await startRedis([], port);
    stops.push(redis.stop);
    await connected(one);
    await until(async () => (await dumpRedis(redis)).includes('SEP1'), 'written');
  });
});
