/** Users of the store whose rule lacks something, and a store that is frozen: what is said of it, and what comes through after. */
import { afterEach, expect, it } from 'vitest';
import type { RedisConfig } from '../../src/config/config.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { createRedisLink, type RedisLink } from '../../src/shared/redis-link.ts';
import { createFacts, type Replica } from '../../src/shared/replica.ts';
import { systemClock } from '../../src/time/clock.ts';
import { type RedisServer, redisConfig, startRedis, until } from '../redis-rig.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

interface Proxy {
  readonly facts: Replica;
  readonly link: RedisLink;
  readonly events: ProxyEvent[];
}

async function server(): Promise<RedisServer> {
  const redis = await startRedis();
  stops.push(redis.stop);
  return redis;
}

function proxy(name: string, redis: RedisConfig): Proxy {
  const facts = createFacts({ proxy: name, clock: systemClock });
  const events: ProxyEvent[] = [];
  const link = createRedisLink({
    ...{ redis, facts, clock: systemClock, report: (event: ProxyEvent) => events.push(event) },
    trail: { own: () => [], heard: (entry) => entry },
  });
  link.start();
  stops.push(() => link.stop(100));
  return { facts, link, events };
}

/** One proxy sets something all the time, as heartbeats do; every state that it says meanwhile. */
async function watch(one: Proxy, ms: number): Promise<ReadonlySet<string>> {
  const said = new Set<string>();
  const until = performance.now() + ms;
  for (let beat = 0; performance.now() < until; beat += 1) {
    if (beat % 20 === 0) one.facts.set('proxies', 'p1', { beat });
    const { state, fault } = one.link.status();
    said.add(`${state} ${fault?.code ?? ''}`.trim());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return said;
}

const connected = (...proxies: readonly Proxy[]) =>
  until(() => proxies.every(({ link }) => link.status().state === 'connected'), 'connected');

it('B813 a frozen store is `gone` after a second and never `reading-only`, in words of the proxy', async () => {
  const redis = await server();
  const one = proxy('p1', redisConfig(redis.port, { timeoutMs: 1000 }));
  await connected(one);
  await watch(one, 200);
  redis.freeze();
  const said = [...(await watch(one, 500))];
  // What is under way when the connection breaks the client fails with words of its own.
  await redis.kill();
  said.push(...(await watch(one, 2500)));
  expect(said.filter((words) => words.startsWith('reading-only'))).toEqual([]);
  expect(one.link.status()).toMatchObject({
    state: 'gone',
    fault: { code: expect.stringMatching(/^store-(timeout|unreachable)$/) },
  });
  expect(JSON.stringify(one.events)).not.toContain('max retries');
  expect(one.events.filter(({ kind }) => kind === 'store-changed')).toHaveLength(2);
});

it.each(['xadd', 'hset', 'eval'])(
  'B814 a rule without a command that writes (%s) is `reading-only` until one has succeeded; then others hear within `2 s`',
  async (command) => {
    const redis = await server();
    await redis.ask('ACL', 'SETUSER', 'ippa', 'on', '>canary', '~ippa:*', '+@all');
    const config = redisConfig(redis.port, { username: 'ippa', password: 'canary' });
    const [one, two] = [proxy('p1', config), proxy('p2', redisConfig(redis.port))];
    await connected(one, two);
    await redis.ask('ACL', 'SETUSER', 'ippa', `-${command}`);
    one.facts.set('settings', 'a', 'drain');
    one.facts.set('devices', 'SEP1', 'a');
    await until(() => one.link.status().state === 'reading-only', 'reading only');
    expect([...(await watch(one, 2500))]).toEqual(['reading-only store-acl']);
    expect(one.events.filter(({ kind }) => kind === 'store-changed')).toHaveLength(2);
    expect(one.link.status().waiting).toBeGreaterThanOrEqual(3);
    await redis.ask('ACL', 'SETUSER', 'ippa', `+${command}`);
    await until(
      () => two.facts.get('settings', 'a') !== null && two.facts.get('devices', 'SEP1') !== null,
      'heard',
      2000,
    );
    await connected(one);
    await until(() => one.link.status().waiting === 0, 'written');
    expect(one.events.filter(({ kind }) => kind === 'store-changed')).toHaveLength(3);
  },
);
