/**
 * Upgrading one proxy after the other (docs/two-proxies.md), with phones that hop between them all the while: version n and n+1 on
 * one store. The next version is this one behind a relay that puts fields of tomorrow into all it writes.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { numberedAgents } from '../../src/simulators/finesse/options.ts';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { freePort } from '../free-port.ts';
import { startNextVersion } from '../next-version.ts';
import { checkAnswers, checkTokens } from '../pair/checker.ts';
import { seeded } from '../pair/pair.ts';
import { createCrowd } from '../pair/phones.ts';
import { PairProxy } from '../pair/proxies.ts';
import { startRedis, until } from '../redis-rig.ts';

const PHONES = 8;
const INTERVAL_MS = 1000;

interface Health {
  readonly services: readonly {
    readonly id: string;
    readonly state: string;
    readonly seenOtherwise: readonly unknown[];
  }[];
  readonly store: { readonly state: string; readonly refused: number };
  readonly proxies: readonly { readonly id: string; readonly self: boolean; readonly heard: boolean }[];
}

async function startServer(id: string): Promise<Finesse> {
  const name = `finesse-${id}.example.com`;
  const server = createFinesse({ name, keepAliveMs: 60_000, agents: numberedAgents(20) });
  await server.start();
  onTestFinished(() => server.stop());
  return server;
}

test('B977 B824 version n and n+1 share a store: they are exchanged one after the other, there and back, and no signed-in agent notices', {
  timeout: 300_000,
}, async () => {
  const redis = await startRedis();
  onTestFinished(redis.stop);
  const next = await startNextVersion(redis.port);
  onTestFinished(next.stop);
  const folder = mkdtempSync(join(tmpdir(), 'ippa-versions-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const servers = { a: await startServer('a'), b: await startServer('b') };
  const pushPort = await freePort();
  const shared = { folder, storePort: redis.port, pushPort, intervalMs: INTERVAL_MS, summaryAfterMs: 5000 };
  const services = { a: servers.a.url, b: servers.b.url };
  const one = await PairProxy.create({ ...shared, name: 'p1', services });
  const two = await PairProxy.create({ ...shared, name: 'p2', services });
  const both = [one, two];
  for (const proxy of both) {
    onTestFinished(async () => void (await proxy.stop()));
    await proxy.start();
  }
  const origins = both.map(({ origin }) => origin);
  const crowd = await createCrowd({ origins, count: PHONES, pushPort, everyMs: INTERVAL_MS, random: seeded(3) });
  onTestFinished(crowd.stop);
  const over = new AbortController();
  const phones = crowd.run(over.signal);
  onTestFinished(async () => {
    over.abort();
    await phones;
  });
  await until(() => [...crowd.where.values()].every((service) => service !== null), 'all signed in', 60_000);

  const health = (proxy: PairProxy) => proxy.get<Health>('/health');
  const idOf = async (proxy: PairProxy) => (await health(proxy)).proxies.find(({ self }) => self)?.id ?? '';
  /** Step 3 of the instructions: not before that the other one is touched. */
  const isSettled = async () =>
    (await Promise.all(both.map(health))).every(
      ({ services: all, store, proxies }) =>
        all.every(({ state, seenOtherwise }) => state === 'in-service' && seenOtherwise.length === 0) &&
        store.state === 'connected' &&
        proxies.length === 2 &&
        proxies.every(({ heard }) => heard),
    );
  await until(isSettled, 'both agree', 60_000);
  const exchange = async (proxy: PairProxy, storePort: number) => {
    expect(await proxy.stop()).toBe(0);
    proxy.configure({ storePort });
    await proxy.start();
    await until(isSettled, `both agree after ${proxy.name} was exchanged`, 60_000);
  };
  const looks = () => crowd.pages.filter(({ kind }) => kind === 'home').length;
  /** Some pages of each phone that looks by itself, on both proxies as they are now. */
  const look = async () => {
    const from = looks();
    await until(() => looks() >= from + 3 * PHONES, 'phones look at their pages', 60_000);
  };
  const noticed = (from: number) => crowd.pages.slice(from).filter(({ kind }) => kind !== 'home' && kind !== 'other');
  const registers = async (hash: string) => {
    const flat = (await redis.ask('HGETALL', `ippa:${hash}`)) as string[];
    return flat.flatMap((text, index) => {
      if (index % 2 === 0) return [];
      const [, proxy = '', ...json] = text.split(' ');
      return [{ field: flat[index - 1] ?? '', proxy, value: JSON.parse(json.join(' ')) as Record<string, unknown> }];
    });
  };

  // There: first the one, then the other.
  const idOfOne = await idOf(one);
  let from = crowd.pages.length;
  await exchange(two, next.port);
  // A kind, a stream and a key that only the next version knows.
  await redis.ask('HSET', 'ippa:shifts', 'early', `${Date.now()} p9 {"from":6}`);
  await redis.ask('XADD', 'ippa:log', '*', 'h', 'shifts', 'f', 'early', 'r', `${Date.now()} p9 {"from":6}`);
  await redis.ask('XADD', 'ippa:audit', '*', 'e', '{"action":"of tomorrow"}');
  await redis.ask('SET', 'ippa:schema:minor', '7');
  await look();
  expect(noticed(from)).toEqual([]);
  // What the next version has said more of a phone and of its agent stays there when this one tells of it.
  await until(
    async () =>
      (await registers('devices')).some(
        ({ proxy, value }) => proxy === idOfOne && 'tomorrow' in value && 'tomorrow' in Object(value.prefill),
      ),
    'kept by the older one',
    60_000,
  );

  // While they differ: one outage, one record, told by both versions.
  await servers.a.fault('refuse');
  const states = async (id: string) =>
    (await Promise.all(both.map(health))).map(({ services: all }) => all.find((each) => each.id === id)?.state);
  await until(async () => (await states('a')).every((state) => state === 'out-of-service'), 'out at both', 60_000);
  await servers.a.fault('none');
  await until(isSettled, 'back at both', 60_000);
  // Phones that look now and then only have all seen their pages since, and who was led elsewhere is signed in there.
  const backAt = Date.now();
  const isHome = (device: string) => {
    const last = crowd.pages.findLast((page) => page.device === device);
    return last?.kind === 'home' && last.at > backAt;
  };
  await until(() => [...crowd.where.keys()].every(isHome), 'all are back', 90_000);
  const recordsOf = (proxy: PairProxy) => proxy.get<{ outages: { id: string; endedAt: string | null }[] }>('/outages');
  await until(
    async () => {
      const [mine, its] = await Promise.all(both.map(recordsOf));
      return mine?.outages[0]?.endedAt !== null && JSON.stringify(mine) === JSON.stringify(its);
    },
    'the same record',
    60_000,
  );
  expect((await recordsOf(one)).outages).toHaveLength(1);
  const summaries = () => both.flatMap(({ lines }) => lines.filter(({ event }) => event === 'outage-summary'));
  await until(() => summaries().length > 0, 'the summary', 60_000);
  const [head] = await registers('outages');
  expect(head?.value).toMatchObject({ tomorrow: expect.anything() });

  from = crowd.pages.length;
  await exchange(one, next.port);
  await look();
  expect(noticed(from)).toEqual([]);

  // And back: nothing of tomorrow is lost. One that looks at nothing was told of by no proxy since.
  const withNews = async () =>
    (await registers('devices')).filter(({ value }) => 'tomorrow' in value).map(({ field }) => field);
  const before = await withNews();
  expect(before.length).toBeGreaterThan(PHONES / 2 - 1);
  from = crowd.pages.length;
  await exchange(two, redis.port);
  await look();
  await exchange(one, redis.port);
  await look();
  expect(noticed(from)).toEqual([]);
  expect(await registers('devices')).toHaveLength(PHONES);
  expect(await withNews()).toEqual(expect.arrayContaining(before));
  expect((await registers('outages'))[0]?.value).toMatchObject({ tomorrow: expect.anything() });
  expect(await redis.ask('HKEYS', 'ippa:shifts')).toEqual(['early']);
  expect(await redis.ask('GET', 'ippa:schema:minor')).toBe('7');
  expect(await redis.ask('GET', 'ippa:schema')).toBe('1');

  over.abort();
  await phones;
  expect(summaries()).toHaveLength(1);
  expect(next.changed()).toBeGreaterThan(50);
  for (const proxy of both) expect((await health(proxy)).store.refused).toBe(0);
  const targets = Object.values(servers).flatMap(({ requests }) => requests.map(({ target }) => target));
  expect([...checkTokens(targets), ...checkAnswers(crowd.pages), ...crowd.bad]).toEqual([]);
  expect(both.map(({ stderr }) => stderr).join('')).toBe('');
});
