import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { renderHealthReport } from '../../src/commands/status.ts';
import type { Config, ReportNodeConfig } from '../../src/config/config.ts';
import type { HealthReport } from '../../src/ops/health.ts';
import { fetchRaw, type Rig, type RigOptions, startRig } from '../rig.ts';

let rig: Rig;
afterEach(() => rig.stop());

const PHONE = 'SEP001122334455';
const GERMAN = { 'accept-language': 'de' };
const listener = { host: '127.0.0.1', port: 0, publicUrl: null, tls: null };

/** Services a and c are here (east), b is in the west. */
function twoSites(config: Config, node: ReportNodeConfig): Config {
  const [main] = config.clusters;
  const sites = [null, 'west', 'east'];
  const services = (main?.services ?? []).map((service, index) => ({ ...service, site: sites[index] ?? null }));
  return {
    ...config,
    site: 'east',
    clusters: [{ id: 'main', frontDoor: true, services }],
    reports: { listeners: [listener], home: '/cuicui/Main.jsp', services: [node] },
  };
}

async function start(
  but: RigOptions & { folder?: string; nodeSite?: string; suspectAfterMs?: number } = {},
): Promise<{ reports: string; node: string }> {
  const { folder = null, nodeSite = 'east', suspectAfterMs = 300, ...options } = but;
  const server = createServer((_, response) => response.end('up'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const node = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const probe = { path: '/', statuses: [200], fallback: null, intervalMs: 100, timeoutMs: 5000, rise: 1, fall: 1 };
  const config: ReportNodeConfig = {
    ...{ id: 'r', name: 'Reports', url: node, site: nodeSite, ca: null, fingerprints: [], certificateNames: [] },
    probe,
  };
  rig = await startRig({
    servers: 3,
    config: (base) => ({ ...twoSites(base, config), island: { suspectAfterMs, warnAfterMs: 1200 }, state: { folder } }),
    ...options,
  });
  const reports = `http://127.0.0.1:${rig.app.reportAddresses()[0]?.port}`;
  await expect.poll(async () => (await fetchRaw(reports)).status).not.toBe(503);
  return { reports, node };
}

const health = async () => (await rig.health()) as unknown as HealthReport;
const logged = (name: string) => rig.lines.filter(({ event }) => event === name);
const offered = (body: string) => [...body.matchAll(/~to\/(\w+)/g)].map(([, id]) => id);

it('B401 menus of the own site come first', async () => {
  await start();
  await rig.finesse[0]?.fault('refuse');
  await rig.get(`/a/fippa/${PHONE}`);
  await rig.until('a', 'out-of-service');
  expect(offered((await rig.get(`/a/fippa/${PHONE}`)).body)).toEqual(['c', 'b']);
  expect((await rig.get(`/main/fippa/${PHONE}`)).body).toContain('/c/fippa/');
});

it('B402 B404 B405 two sites that are cut apart and joined again', { timeout: 120_000 }, async () => {
  const { reports, node } = await start();
  await rig.get(`/b/fippa/${PHONE}?id=1001&password=cisco&extension=2001`);
  await rig.finesse[1]?.fault('refuse');
  await expect.poll(async () => (await health()).islands).toHaveLength(1);
  await rig.until('b', 'out-of-service');

  const cut = await health();
  expect(cut.site).toBe('east');
  expect(cut.islands).toMatchObject([{ site: 'west', since: expect.stringMatching(/Z$/) }]);
  expect(cut.problems).toContainEqual(expect.stringContaining('island suspected: nothing of site west'));
  expect(cut.services.map(({ site }) => site)).toEqual([null, 'west', 'east']);
  expect(cut.services[1]?.notAlternateBecause).toContain('an island is suspected');
  expect(renderHealthReport(cut, Date.now())).toMatch(/^! nothing of site west reachable for \d+ s$/m);
  expect((await rig.get(`${rig.ops}/metrics`)).body).toMatch(/^ippa_island_seconds\{site="west"\} [\d.]*[1-9]/m);

  const page = await rig.get(`/b/fippa/${PHONE}`);
  expect(page.body).toContain('<Prompt>No connection to other site</Prompt>');
  expect(offered(page.body)).toEqual(['a', 'c']);
  expect((await rig.get(`/b/fippa/${PHONE}`, GERMAN)).body).toContain('Anderer Standort getrennt');

  const warning = await fetchRaw(`${reports}/cuicui/x?y=1`);
  expect(warning.status).toBe(200);
  expect(warning.body).toContain('figures of the two sides differ');
  expect(warning.body).toContain(`href="${node}/cuicui/x?y=1"`);

  await expect.poll(() => logged('island-long')).toHaveLength(1);
  expect((await health()).problems).toContainEqual(expect.stringContaining('replication of the databases'));

  await rig.finesse[1]?.fault('none');
  await rig.until('b', 'in-service');
  expect((await health()).islands).toEqual([]);
  expect((await rig.get(`${rig.ops}/metrics`)).body).toContain('ippa_island_seconds{site="west"} 0');
  expect((await fetchRaw(reports)).status).toBe(302);
  expect([logged('island-suspected').length, logged('island-ended').length]).toEqual([1, 1]);
  expect(logged('island-ended')).toMatchObject([{ site: 'west', because: 'reached' }]);
});

it('B550 while a node for reports of the other site answers, no link is cut', { timeout: 120_000 }, async () => {
  const { reports, node } = await start({ nodeSite: 'west', suspectAfterMs: 2000 });
  await rig.finesse[1]?.fault('refuse');
  await rig.get(`/b/fippa/${PHONE}`);
  await rig.until('b', 'out-of-service');
  // Longer than `suspectAfter` ago: several probes of the node.
  const since = Date.parse((await health()).services[1]?.since ?? '');
  const probedAt = async () => Date.parse((await health()).reports?.[0]?.lastProbe ?? '');
  await expect.poll(() => probedAt()).toBeGreaterThan(since + 2500);
  expect((await health()).islands).toEqual([]);
  expect(logged('island-suspected')).toEqual([]);
  expect((await rig.get(`/b/fippa/${PHONE}`)).body).not.toContain('No connection to other site');
  expect((await fetchRaw(`${reports}/`)).headers).toMatchObject({ location: `${node}/cuicui/Main.jsp` });
});

it('B405 B406 a server of the other site that is out by its own word is an ordinary outage', {
  timeout: 120_000,
}, async () => {
  await start();
  await rig.finesse[1]?.fault('out-of-service');
  await rig.until('b', 'out-of-service');
  await rig.get(`/b/fippa/${PHONE}`);
  const page = await rig.get(`/b/fippa/${PHONE}`);
  expect(page.body).toMatch(/<Prompt>(CTI lost|Not ready)\. Choose another<\/Prompt>/);
  expect((await health()).islands).toEqual([]);
  expect(logged('island-suspected')).toEqual([]);
});

it('B407 since when lasts over a restart', { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-islands-'));
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 10 }));
  const file = join(folder, 'islands.jsonl');
  await start({ folder });
  // Where nothing was ever cut off there is nothing to keep.
  expect(existsSync(file)).toBe(false);
  const [a = '', , c = ''] = rig.config.clusters[0]?.services.map(({ url }) => url) ?? [];
  await rig.finesse[1]?.fault('refuse');
  await expect.poll(async () => (await health()).islands).toHaveLength(1);
  const { since } = (await health()).islands[0] ?? {};
  await rig.app.stop(4000);
  expect(readFileSync(file, 'utf8')).toContain(`{"site":"west","since":${Date.parse(since ?? '')}}`);

  const before = rig;
  onTestFinished(() => before.stop());
  await start({ folder, urls: [a, 'http://127.0.0.1:1', c] });
  await expect.poll(async () => (await health()).islands).toMatchObject([{ site: 'west', since }]);
});
