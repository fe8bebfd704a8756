/** The server side of the shared memory: its user's exact rule, TLS, Sentinels, and what `check --probe` and `doctor` say of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { lookAtStore } from '../../src/commands/doctor/store-look.ts';
import { checkStore, renderStoreCheck } from '../../src/commands/store-check.ts';
import type { Config, RedisConfig } from '../../src/config/config.ts';
import { createRedisLink } from '../../src/shared/redis-link.ts';
import { createFacts } from '../../src/shared/replica.ts';
import { tryStore } from '../../src/shared/store-trial.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import { systemClock } from '../../src/time/clock.ts';
import { freePort } from '../free-port.ts';
import { redisConfig, startRedis, startSentinel, until } from '../redis-rig.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function server(args: readonly string[] = []) {
  const redis = await startRedis(args);
  stops.push(redis.stop);
  return redis;
}

function link(name: string, redis: RedisConfig) {
  const facts = createFacts({ proxy: name, clock: systemClock });
  const trail: string[] = [];
  const made = createRedisLink({
    ...{ redis, facts, clock: systemClock, report: () => {} },
    trail: {
      own: (part) => (part === 'changes' ? ['an entry'] : []),
      heard: (entry) => trail[trail.push(entry) - 1] ?? null,
    },
  });
  made.start();
  stops.push(() => made.stop(100));
  return { facts, link: made, trail };
}

const withStore = (redis: RedisConfig) => ({ store: { redis }, state: { folder: '/somewhere' } }) as unknown as Config;
const DOCS = readFileSync(new URL('../../docs/shared-memory.md', import.meta.url), 'utf8');

describe('the user of the proxies', () => {
  it('B660 needs no more than the rule of docs/shared-memory.md, and no less', async () => {
    const redis = await server();
    const [, name = '', rule = ''] = /^user (\S+) (on >PASSWORD .*)$/m.exec(DOCS) ?? [];
    await redis.ask('ACL', 'SETUSER', name, ...rule.split(' '));
    const config = redisConfig(redis.port, { username: name, password: 'PASSWORD' });
    const [one, two] = [link('p1', config), link('p2', config)];
    await until(() => [one, two].every((each) => each.link.status().state === 'connected'), 'connected');
    one.facts.set('devices', 'SEP1', 'a');
    one.facts.set('outage-devices', 'o1/SEP1', 'told');
    one.link.append('another entry', 'sessions');
    expect(await one.facts.claim('summary', 60_000)).toBe('ours');
    expect(await two.facts.claim('summary', 60_000)).toBe('theirs');
    await until(() => two.facts.get('outage-devices', 'o1/SEP1') !== null, 'heard');
    await until(() => two.trail.includes('another entry'), 'the entry');
    await redis.ask('FLUSHALL');
    await until(async () => Number(await redis.ask('HLEN', 'ippa:devices')) === 1, 'filled again');
    expect(one.link.status().fault).toBeNull();
    expect((await tryStore(config)).refused).toEqual([]);
    // Each command is needed: without it the trial names it.
    for (const command of ['time', 'get', 'set', 'eval', 'hget', 'hset', 'hdel', 'hscan', 'pexpire', 'xadd', 'xread']) {
      await redis.ask('ACL', 'SETUSER', name, `-${command}`);
      const { refused } = await tryStore(config);
      expect(
        refused.map(({ fault }) => fault.code),
        command,
      ).toContain('store-acl');
      await redis.ask('ACL', 'SETUSER', name, `+${command}`);
    }
    const other = await tryStore({ ...config, prefix: 'other:' });
    expect(other.refused[0]?.fault.code).toBe('store-acl');
  });
});

describe('check --probe and doctor', () => {
  it('B661 say that the store works, and what is not as it should be', async () => {
    const redis = await server();
    const config = withStore(redisConfig(redis.port));
    expect(await checkStore(config)).toMatchObject({
      ok: true,
      results: [expect.stringMatching(/^works, (?:redis|valkey) \d/)],
    });
    await redis.ask('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const findings = await lookAtStore({ ...config, state: { folder: null } }, () => Date.now() + 60_000);
    expect(findings.map(({ code, found }) => `${code} ${found}`)).toEqual([
      expect.stringContaining('store-caution maxmemory-policy is allkeys-lru'),
      expect.stringContaining("store-caution its clock is 60 s behind this machine's"),
      expect.stringContaining('store-caution it has saved nothing'),
      expect.stringContaining('store-without-state'),
    ]);
    expect((await redis.ask('KEYS', '*')) as string[]).not.toContain('ippa:devices');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await redis.ask('KEYS', '*')).toEqual([]);
  });

  it('B661 say what is wrong: nothing there, a wrong password, a full memory; without the password', async () => {
    const redis = await server();
    const nowhere = withStore(redisConfig(await freePort()));
    const check = await checkStore(nowhere);
    expect(renderStoreCheck(nowhere, check)).toMatch(/FAILED .*It cannot be reached \(.*ECONNREFUSED/);
    await redis.ask('ACL', 'SETUSER', 'ippa', 'on', '>right-canary', '~*', '+@all');
    const wrong = await checkStore(withStore(redisConfig(redis.port, { username: 'ippa', password: 'wrong-canary' })));
    expect(wrong?.results.join()).toMatch(/refuses the user or the password/);
    expect(JSON.stringify(wrong)).not.toContain('canary');
    await redis.ask('CONFIG', 'SET', 'maxmemory', 1);
    const full = await checkStore(withStore(redisConfig(redis.port)));
    expect(full?.results.join()).toMatch(/memory is full/);
  });
});

it('B662 TLS is checked against `ca` and the name; in the clear there is nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-tls-'));
  stops.push(async () => rmSync(folder, { recursive: true, force: true }));
  const { cert, key } = selfSigned(['store.example.com'], Date.now());
  writeFileSync(join(folder, 'store.pem'), cert);
  writeFileSync(join(folder, 'store.key'), key);
  const tlsPort = await freePort();
  const files = ['--tls-cert-file', join(folder, 'store.pem'), '--tls-key-file', join(folder, 'store.key')];
  const ca = ['--tls-ca-cert-file', join(folder, 'store.pem'), '--tls-auth-clients', 'no'];
  const redis = await server(['--tls-port', String(tlsPort), ...files, ...ca]);
  const config = redisConfig(tlsPort, { tls: { ca: cert, servername: 'store.example.com' } });
  const one = link('p1', config);
  await until(() => one.link.status().state === 'connected', 'connected');
  one.facts.set('devices', 'SEP1', 'a');
  await until(async () => Number(await redis.ask('HLEN', 'ippa:devices')) === 1, 'written');
  for (const tls of [
    { ca: null, servername: 'store.example.com' },
    { ca: cert, servername: 'other.example.com' },
    { ca: selfSigned(['store.example.com'], Date.now()).cert, servername: 'store.example.com' },
  ]) {
    const { refused } = await tryStore({ ...config, tls });
    expect(refused.map(({ fault }) => fault.code)).toEqual(['store-tls']);
  }
});

it('B663 Sentinels name another master when theirs is frozen, and all proxies meet there with what they know', async () => {
  const [master, replica] = [await server(), await server()];
  await replica.ask('REPLICAOF', '127.0.0.1', master.port);
  await until(
    async () => String(await replica.ask('INFO', 'replication')).includes('master_link_status:up'),
    'replicates',
  );
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(master.port)));
  for (const { stop } of sentinels) stops.push(stop);
  // A set a few seconds old fails over not at all.
  const isReady = async () =>
    (await Promise.all(sentinels.map(({ info }) => info()))).every((text) => /slaves=1,sentinels=3/.test(text));
  await until(isReady, 'the Sentinels know each other', 40_000);
  const config = redisConfig(0, {
    servers: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    name: 'ippa',
  });
  const [one, two] = [link('p1', config), link('p2', config)];
  const connected = () => [one, two].every((each) => each.link.status().state === 'connected');
  await until(connected, 'connected');
  one.facts.set('devices', 'SEP1', 'before');
  await until(() => two.facts.get('devices', 'SEP1') !== null, 'heard');
  master.freeze();
  one.facts.set('devices', 'SEP1', 'meanwhile');
  two.facts.set('devices', 'SEP2', 'meanwhile');
  await until(() => !connected(), 'gone');
  await until(connected, 'connected to the new master', 30_000);
  await until(
    () => two.facts.get('devices', 'SEP1')?.value === 'meanwhile' && one.facts.get('devices', 'SEP2') !== null,
    'they agree',
  );
  await until(async () => Number(await replica.ask('HLEN', 'ippa:devices')) === 2, 'both at the new master');
  // The old one comes back with what it knew, and becomes a replica: nobody hears of it.
  master.thaw();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  expect(two.facts.get('devices', 'SEP1')?.value).toBe('meanwhile');
  await until(connected, 'still connected');
});
