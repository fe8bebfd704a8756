/** Another configuration while phones are served: what stays, what changes, and that no request is lost. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../src/commands/configuration.ts';
import type { Config, ServiceConfig } from '../../src/config/config.ts';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { fetchRaw, type Rig, type RigOptions, startRig, TOKEN } from '../rig.ts';
import { VALID, writeFiles } from '../unit/config-files.ts';

let rig: Rig;
const more: Finesse[] = [];
afterEach(async () => {
  await rig.stop();
  await Promise.all(more.splice(0).map((server) => server.stop()));
});

const PHONE = 'SEP001122334455';
const SIGN_IN = '?id=1001&password=cisco&extension=2001';

async function start(options?: RigOptions): Promise<void> {
  rig = await startRig(options);
}

/** The configuration at the start with some of its services changed; null takes one out. */
function withServices(
  change: (service: ServiceConfig) => ServiceConfig | null,
  more: readonly ServiceConfig[] = [],
): Config {
  const clusters = rig.config.clusters.map((cluster) => ({
    ...cluster,
    services: [...cluster.services.flatMap((service) => change(service) ?? []), ...more],
  }));
  return { ...rig.config, clusters };
}

const only = (id: string, change: (service: ServiceConfig) => ServiceConfig | null) =>
  withServices((service) => (service.id === id ? change(service) : service));

/** `service` as another server. */
async function moved(service: ServiceConfig): Promise<ServiceConfig> {
  const finesse = createFinesse({ name: 'finesse-n.example.com', peer: 'finesse-z.example.com' });
  await finesse.start();
  more.push(finesse);
  return { ...service, url: finesse.url, probe: { ...service.probe, url: `${finesse.url}/finesse/api/SystemInfo` } };
}

const entry = async (id: string) => (await rig.health()).services.find((service) => service.id === id);
const fippa = (server: Finesse | undefined) =>
  server?.requests.filter(({ target }) => target.startsWith('/fippa/')) ?? [];
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};
const setAdmin = (id: string, admin: string, token = TOKEN) =>
  fetch(`${rig.ops}/services/${id}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ admin, reason: 'test' }),
  });

describe('what has not changed', () => {
  it('B202 keeps its health, its phones and what the operator set', async () => {
    await start({ servers: 3 });
    await rig.get(`/a/fippa/${PHONE}${SIGN_IN}`);
    await setAdmin('b', 'drain');
    const before = await rig.health();
    rig.app.apply(only('c', () => null));
    const after = await rig.health();
    for (const id of ['a', 'b']) {
      const stable = (health: typeof before) => {
        const found = health.services.find((service) => service.id === id);
        // What the next probe changes.
        return { ...found, lastProbe: null, latencyMs: null, signals: null };
      };
      expect(stable(after)).toEqual(stable(before));
    }
    expect(await entry('c')).toBeUndefined();
    expect((await rig.get(`/a/fippa/${PHONE}`)).body).toContain('Agent 1001');
  });

  it('B202 goes through its outage without losing a step', async () => {
    await start({ servers: 3, intervalMs: 800 });
    await rig.finesse[0]?.fault('refuse');
    const { since } = await rig.until('a', 'reconnecting');
    rig.app.apply(only('c', () => null));
    expect(await entry('a')).toMatchObject({ state: 'reconnecting', since });
    const out = await rig.until('a', 'out-of-service');
    expect(Date.parse(String(out.since)) - Date.parse(String(since))).toBe(3 * 800);
  });

  it('B202 is not probed or connected to anew', async () => {
    await start({ intervalMs: 60_000 });
    await rig.get(`/a/fippa/${PHONE}`);
    const probes = () => rig.finesse[0]?.requests.filter(({ target }) => target.includes('SystemInfo')).length;
    const before = probes();
    rig.app.apply({ ...rig.config, phones: { ...rig.config.phones, answerWithinMs: 3000 } });
    await rig.get(`/a/fippa/${PHONE}`);
    expect(probes()).toBe(before);
  });
});

describe('a service', () => {
  it('B203 under the same id at another url begins as unknown, with its setting kept, and phones go there', async () => {
    await start();
    await setAdmin('a', 'drain');
    await rig.get(`/a/fippa/${PHONE}`);
    const at = await moved(rig.config.clusters[0]?.services[0] as ServiceConfig);
    rig.app.apply(only('a', () => at));
    expect(await entry('a')).toMatchObject({ state: 'unknown', admin: 'drain' });
    await rig.until('a', 'in-service');
    await setAdmin('a', 'ready');
    const old = fippa(rig.finesse[0]).length;
    expect((await rig.get(`/a/fippa/${PHONE}`)).body).toContain('CiscoIPPhoneInput');
    expect(fippa(more[0])).toHaveLength(1);
    expect(fippa(rig.finesse[0])).toHaveLength(old);
  });

  it('B202 that is renamed keeps its health and is called by the new name at once', async () => {
    await start();
    const since = (await entry('a'))?.since;
    rig.app.apply(only('a', (service) => ({ ...service, name: 'Finesse Nord' })));
    expect(await entry('a')).toMatchObject({ name: 'Finesse Nord', state: 'in-service', since });
    await rig.finesse[1]?.fault('refuse');
    await rig.until('b', 'out-of-service');
    expect((await rig.get(`/b/fippa/${PHONE}`)).body).toContain('<Name>Sign in on Finesse Nord</Name>');
  });

  it('B203 that is removed is no alternate any more, its prefix is unknown, nobody is signed in there', async () => {
    await start({ servers: 3 });
    await rig.get(`/b/fippa/${PHONE}${SIGN_IN}`);
    rig.app.apply(only('b', () => null));
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    const menu = (await rig.get(`/a/fippa/${PHONE}`)).body;
    expect(menu).toContain('Finesse C');
    expect(menu).not.toContain('Finesse B');
    expect((await rig.get(`/b/fippa/${PHONE}`)).body).toContain('<CiscoIPPhoneText>');
    expect((await rig.get(`/a/fippa/${PHONE}/~to/b`)).body).not.toContain('CiscoIPPhoneInput');
    rig.app.apply(rig.config);
    expect(await entry('b')).toMatchObject({ phones: 0 });
  });

  it('B203 that is added is probed at once and becomes an alternate', async () => {
    await start();
    const [a] = rig.config.clusters[0]?.services ?? [];
    const added = { ...(await moved(a as ServiceConfig)), id: 'n', name: 'Finesse New' };
    rig.app.apply(withServices((service) => service, [added]));
    await rig.until('n', 'in-service');
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    expect((await rig.get(`/a/fippa/${PHONE}`)).body).toContain('<Name>Sign in on Finesse New</Name>');
    const metrics = (await rig.get(`${rig.ops}/metrics`)).body;
    expect(metrics).toContain('ippa_verdicts_total{service="n"} 0');
  });

  it('may move to another cluster', async () => {
    await start();
    const [cluster] = rig.config.clusters;
    const [a, b] = cluster?.services ?? [];
    const clusters = [
      { id: 'main', frontDoor: true, services: [a as ServiceConfig] },
      { id: 'other', frontDoor: false, services: [b as ServiceConfig] },
    ];
    rig.app.apply({ ...rig.config, clusters });
    expect((await rig.health()).clusters).toMatchObject([{ id: 'main' }, { id: 'other' }]);
    expect((await rig.get(`/other/fippa/${PHONE}`)).body).toContain('/b/fippa/');
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    expect((await rig.get(`/a/fippa/${PHONE}`)).body).not.toContain('Finesse B');
  });
});

describe('requests under way', () => {
  it.each([
    ['is removed', () => null],
    ['changes', (service: ServiceConfig) => ({ ...service, name: 'Other', aliases: ['x.example.com'] })],
  ])('B204 end as they began when their service %s', async (_name, change) => {
    await start();
    await rig.finesse[0]?.fault('slow', { ms: 600, scope: 'fippa' });
    const slow = Array.from({ length: 20 }, (_, n) => rig.get(`/a/fippa/SEP${n}`));
    await until(() => fippa(rig.finesse[0]).length === 20);
    rig.app.apply(only('a', change));
    for (const answer of await Promise.all(slow)) expect(answer.body).toContain('CiscoIPPhoneInput');
    expect(fippa(rig.finesse[0])).toHaveLength(20);
  });

  it('B204 whose service is removed and then fails them have a page', async () => {
    await start();
    await rig.finesse[0]?.fault('silent', { scope: 'fippa' });
    const stuck = rig.get(`/a/fippa/${PHONE}`);
    await until(() => fippa(rig.finesse[0]).length === 1);
    rig.app.apply(only('a', () => null));
    await rig.finesse[0]?.fault('refuse');
    // The alternates of its cluster, or what there is without any.
    expect((await stuck).body).toMatch(/<CiscoIPPhone(?:Text|Menu)><Title>(?:No answer: )?Finesse A/);
    expect(rig.lines.filter(({ event }) => event === 'internal')).toEqual([]);
  });

  it('B204 are none the worse for one reload after the other', async () => {
    await start();
    let isOn = true;
    const reloading = (async () => {
      for (let n = 0; isOn; n++) {
        rig.app.apply(only('a', (service) => ({ ...service, name: `Finesse ${n % 7}` })));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    try {
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => rig.get(`/a/fippa/SEP${n}`)));
        for (const { body } of answers) expect(body).toContain('CiscoIPPhoneInput');
      }
    } finally {
      // A test that failed must not reload the proxies of those after it.
      isOn = false;
      await reloading;
    }
    expect(await entry('a')).toMatchObject({ state: 'in-service' });
  });
});

describe('the rest', () => {
  it('B205 the time-out, the grid and the attempts hold from then on', async () => {
    await start();
    rig.app.apply({
      ...rig.config,
      phones: { ...rig.config.phones, answerWithinMs: 700 },
      reconnect: { intervalMs: 900, attempts: 2 },
    });
    await rig.finesse[0]?.fault('silent', { scope: 'fippa' });
    const from = performance.now();
    expect((await rig.get(`/a/fippa/${PHONE}`)).body).toMatch(/may have/);
    expect(performance.now() - from).toBeLessThan(4000);
    await rig.finesse[0]?.fault('refuse');
    const { since } = await rig.until('a', 'reconnecting');
    const out = await rig.until('a', 'out-of-service');
    expect(Date.parse(String(out.since)) - Date.parse(String(since))).toBe(1800);
  });

  it('B205 the token: the old one is refused, the new one taken', async () => {
    await start();
    rig.app.apply({
      ...rig.config,
      ops: { ...rig.config.ops, operators: [{ name: 'token', token: 'another', may: 'set' }] },
    });
    expect((await setAdmin('a', 'drain')).status).toBe(401);
    expect((await setAdmin('a', 'drain', 'another')).status).toBe(200);
  });

  it('the public URL and the service of a listener', async () => {
    await start();
    const listeners = rig.config.phones.listeners.map((one) => ({
      ...one,
      publicUrl: 'http://ippa.example.com',
      service: 'b',
    }));
    rig.app.apply({ ...rig.config, phones: { ...rig.config.phones, listeners } });
    const { body } = await rig.get(`/fippa/${PHONE}`);
    expect(body).toContain(`http://ippa.example.com/b/fippa/${PHONE}`);
  });

  it('trusted fronts', async () => {
    await start();
    const refused = () => rig.lines.filter(({ event }) => event === 'request-refused').map(({ address }) => address);
    await rig.get('/nothing', { 'x-forwarded-for': '10.1.1.1' });
    rig.app.apply({ ...rig.config, phones: { ...rig.config.phones, trustedFronts: ['127.0.0.1'] } });
    await rig.get('/nothing', { 'x-forwarded-for': '10.1.1.1' });
    expect(refused()).toEqual(['127.0.0.1', '10.1.1.1']);
  });

  it('B200 B205 pages, and broken ones change nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pages-'));
    try {
      await start();
      const template = readFileSync(new URL('../../phone-xml/error.xml', import.meta.url), 'utf8');
      writeFileSync(join(folder, 'error.xml'), template.replace('<CiscoIPPhoneText', '<!-- ours --><CiscoIPPhoneText'));
      writeFileSync(join(folder, 'languages.txt'), '');
      const next = { ...rig.config, pages: { folder, languages: ['de'], help: null } };
      rig.app.apply(next);
      expect((await rig.get('/nothing', { 'accept-language': 'en' })).body).toMatch(/Adresse/);
      writeFileSync(join(folder, 'error.xml'), '<CiscoIPPhoneText>');
      const changed = { ...next, ops: { ...next.ops, token: 'another' } };
      expect(() => rig.app.apply(changed)).toThrow('error.xml');
      expect((await setAdmin('a', 'ready')).status).toBe(200);
      expect((await rig.get('/nothing')).body).toMatch(/Adresse/);
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 10 });
    }
  });

  it('B200 templates are read once: what was checked is what is shown, whatever becomes of the files meanwhile', async () => {
    const folder = writeFiles({ 'waiting.xml': '', 'ippa.yaml': `${VALID}pages: { folder: . }\n` });
    const write = (words: string) => {
      const exit = '<SoftKeyItem key="exit"><Name>Exit</Name></SoftKeyItem>';
      writeFileSync(join(folder, 'waiting.xml'), `<CiscoIPPhoneText>${exit}<Text>${words}</Text></CiscoIPPhoneText>`);
    };
    write('checked');
    const loaded = await loadConfiguration(join(folder, 'ippa.yaml'));
    if (!loaded.ok) throw new Error('refused');
    write('changed</Text>');
    await start();
    rig.app.apply({ ...rig.config, pages: loaded.config.pages }, loaded.templates);
    await Promise.all(rig.finesse.map((server) => server.fault('refuse')));
    await Promise.all([rig.until('a', 'out-of-service'), rig.until('b', 'out-of-service')]);
    expect((await rig.get(`/a/fippa/${PHONE}`)).body).toContain('<Text>checked</Text>');
  });

  it('the folder of the state: settings are written there at once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'state-'));
    try {
      await start();
      await setAdmin('a', 'maint');
      rig.app.apply({ ...rig.config, state: { folder } });
      expect(JSON.parse(readFileSync(join(folder, 'admin.json'), 'utf8'))).toMatchObject({ a: { admin: 'maint' } });
      rig.app.apply(rig.config);
    } finally {
      rmSync(folder, { recursive: true, maxRetries: 10 });
    }
  });

  it('B205 a listener that is gone from the configuration serves on until the restart', async () => {
    await start();
    const listeners = [{ host: '127.0.0.2', port: 0, publicUrl: null, tls: null, service: null }];
    rig.app.apply({ ...rig.config, phones: { ...rig.config.phones, listeners } });
    expect((await fetchRaw(`${rig.phones}/a/fippa/${PHONE}`)).body).toContain('CiscoIPPhoneInput');
  });
});
