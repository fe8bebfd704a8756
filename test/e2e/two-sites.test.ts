/**
 * Two sites with two Finesse servers and a proxy each, and a store that both can reach (docs/sites.md): the link between them is cut and
 * joined again, and after that the servers of one site fail by themselves.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { type CuttingRelay, startCuttingRelay } from '../cutting-relay.ts';
import { freePort } from '../free-port.ts';
import { PairProxy } from '../pair/proxies.ts';
import { startRedis, until } from '../redis-rig.ts';

const SITES = { a: 'east', b: 'east', c: 'west', d: 'west' };
const INTERVAL_MS = 1000;
/** A cut that was shorter is none of which anybody tells. */
const LEAST_MS = 15_000;

interface Health {
  readonly services: readonly { readonly id: string; readonly state: string }[];
  readonly islands: readonly { readonly site: string; readonly since: string; readonly proven: boolean }[];
  readonly proxies: readonly { readonly site: string; readonly heard: boolean }[];
}
interface OutageSeen {
  readonly service: string;
  readonly endedAt: string | null;
  readonly cut: { readonly site: string; readonly nature: string; readonly seconds: number } | null;
}

/** A phone at an address of its own that keeps its cookies. */
function phoneAt(proxy: PairProxy, device: string, address: string) {
  let cookie = '';
  const get = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { 'X-CiscoIPPhoneModelName': 'CP-8845', ...(cookie === '' ? {} : { cookie }) };
      const asked = request(`${proxy.origin}${path}`, { localAddress: address, agent: false, headers }, (answer) => {
        const set = [answer.headers['set-cookie'] ?? []].flat().map((each) => each.split(';')[0] ?? '');
        if (set.length > 0) cookie = set.join('; ');
        let text = '';
        answer.on('data', (chunk) => (text += String(chunk)));
        answer.on('error', reject);
        answer.on('end', () => resolve(text));
      });
      asked.on('error', reject);
      asked.end();
    });
  return {
    signIn: (service: string, id: number) =>
      get(`/${service}/fippa/${device}?id=${id}&password=cisco&extension=${id + 1000}`),
    look: (service: string) => get(`/${service}/fippa/${device}/home`),
    enter: (service: string) => get(`/${service}/fippa/${device}`),
  };
}

const isHomeOf = (service: string, page: string) =>
  page.includes(`/${service}/fippa/`) && /\/(?:ready|notready)</.test(page);
const offered = (page: string) => [...page.matchAll(/~to\/(\w+)/g)].map(([, id]) => id);

test('B978 a proxy at each site tells a cut link from an outage of the other site, while it lasts and in the records afterwards', {
  timeout: 300_000,
}, async () => {
  const redis = await startRedis();
  onTestFinished(redis.stop);
  const folder = mkdtempSync(join(tmpdir(), 'ippa-sites-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const servers = new Map<string, Finesse>();
  const links: CuttingRelay[] = [];
  const behindLink = new Map<string, string>();
  for (const id of Object.keys(SITES)) {
    const server = createFinesse({ name: `finesse-${id}.example.com`, keepAliveMs: 60_000 });
    await server.start();
    onTestFinished(() => server.stop());
    servers.set(id, server);
    // The port is that of the server, which says it in its pages.
    const link = await startCuttingRelay(Number(new URL(server.url).port), '127.0.0.2');
    onTestFinished(link.stop);
    links.push(link);
    behindLink.set(id, `http://127.0.0.2:${link.port}`);
  }
  const pushPort = await freePort();
  const startAt = async (site: string) => {
    const url = (id: string, at: string) => (at === site ? servers.get(id)?.url : behindLink.get(id)) ?? '';
    const services = Object.fromEntries(Object.entries(SITES).map(([id, at]) => [id, url(id, at)]));
    const shared = { folder, storePort: redis.port, pushPort, intervalMs: INTERVAL_MS, summaryAfterMs: 300_000 };
    const proxy = await PairProxy.create({ ...shared, name: site, services, site, sites: SITES });
    onTestFinished(async () => void (await proxy.stop()));
    await proxy.start();
    return proxy;
  };
  const east = await startAt('east');
  const west = await startAt('west');
  const both = [east, west];
  const health = (proxy: PairProxy) => proxy.get<Health>('/health');
  const allHealth = () => Promise.all(both.map(health));
  const isWell = async () =>
    (await allHealth()).every(
      ({ services, proxies }) =>
        services.every(({ state }) => state === 'in-service') &&
        proxies.length === 2 &&
        proxies.every(({ heard }) => heard),
    );
  await until(isWell, 'both see all four', 60_000);

  const near = phoneAt(east, 'SEP0000000A0001', '127.0.1.1');
  const far = phoneAt(east, 'SEP0000000A0002', '127.0.1.2');
  const western = phoneAt(west, 'SEP0000000A0003', '127.0.1.3');
  expect(isHomeOf('a', await near.signIn('a', 1001))).toBe(true);
  expect(isHomeOf('c', await far.signIn('c', 1002))).toBe(true);
  expect(isHomeOf('d', await western.signIn('d', 1003))).toBe(true);

  // The link is cut: nothing of the other site can be reached, from neither.
  const cutAt = Date.now();
  for (const link of links) link.cut();
  await until(
    async () => (await allHealth()).every(({ islands }) => islands.length === 1),
    'an island at both',
    60_000,
  );
  // Well before the minute after which it would have been suspected without the word of the other proxy.
  expect((await allHealth()).map(({ islands }) => islands.map(({ site, proven }) => ({ site, proven })))).toEqual([
    [{ site: 'west', proven: true }],
    [{ site: 'east', proven: true }],
  ]);
  expect(isHomeOf('a', await near.look('a'))).toBe(true);
  expect(isHomeOf('d', await western.look('d'))).toBe(true);
  const page = await far.enter('c');
  expect(page).toContain('No connection to other site');
  expect(offered(page)).toEqual(['a', 'b']);
  expect(isHomeOf('b', await far.signIn('b', 1002))).toBe(true);

  await until(() => Date.now() - cutAt > LEAST_MS + 8000, 'the cut has lasted', 60_000);
  for (const link of links) link.mend();
  await until(isWell, 'both see all four again', 60_000);
  for (const [proxy, site] of [
    [east, 'west'],
    [west, 'east'],
  ] as const) {
    await proxy.saw('island-ended', { site, because: 'reached' });
    await proxy.saw('site-reached', { site, nature: 'island' });
    const told = proxy.lines.find(({ event }) => event === 'site-reached');
    expect(Number(told?.seconds)).toBeGreaterThanOrEqual(LEAST_MS / 1000);
    expect(proxy.lines.filter(({ event }) => event === 'site-reached')).toHaveLength(1);
  }
  const recordsOf = async (proxy: PairProxy) => (await proxy.get<{ outages: OutageSeen[] }>('/outages')).outages;
  const agreed = async (count: number) => {
    await until(
      async () => {
        const [mine, its] = await Promise.all(both.map(recordsOf));
        const isOver = mine?.every(({ endedAt, cut }) => endedAt !== null && cut !== null);
        return mine?.length === count && isOver === true && JSON.stringify(mine) === JSON.stringify(its);
      },
      `${count} records, the same at both`,
      90_000,
    );
    return await recordsOf(east);
  };
  const cuts = (await agreed(4)).map(({ service, cut }) => [service, cut?.site, cut?.nature]).sort();
  expect(cuts).toEqual(Object.entries(SITES).map(([id, site]) => [id, site, 'island']));

  // Now the servers of the west fail by themselves: the proxy there says so, and there is no island.
  const outAt = Date.now();
  for (const id of ['c', 'd']) await servers.get(id)?.fault('silent');
  const isOut = async () =>
    (await allHealth()).every(({ services }) =>
      ['c', 'd'].every((id) => services.find((each) => each.id === id)?.state === 'out-of-service'),
    );
  await until(isOut, 'out at both', 60_000);
  await until(() => Date.now() - outAt > LEAST_MS + 8000, 'the outage has lasted', 60_000);
  expect((await allHealth()).map(({ islands }) => islands)).toEqual([[], []]);
  for (const id of ['c', 'd']) await servers.get(id)?.fault('none');
  await until(isWell, 'both see all four in the end', 60_000);
  await east.saw('site-reached', { site: 'west', nature: 'outage' });
  const newest = (await agreed(6)).slice(0, 2).map(({ service, cut }) => [service, cut?.site, cut?.nature]);
  expect(newest.sort()).toEqual([
    ['c', 'west', 'outage'],
    ['d', 'west', 'outage'],
  ]);
  expect(both.map(({ lines }) => lines.filter(({ event }) => event === 'island-suspected').length)).toEqual([1, 1]);
  expect(both.map(({ stderr }) => stderr).join('')).toBe('');
});
