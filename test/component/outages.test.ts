/** Records of outages, by real phones' requests and real Finesse servers: what becomes of each agent, and who is told what. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, describe, expect, it } from 'vitest';
import { runOutages } from '../../src/commands/outages.ts';
import type { OutageDeviceEntry, OutageEntry } from '../../src/ops/outage-view.ts';
import { type Rig, type RigOptions, startRig, TOKEN } from '../rig.ts';

let rig: Rig;
const start = async (options: RigOptions = {}) => {
  rig = await startRig({ ...options, finesse: { agents: AGENTS } });
  return rig;
};
const folders: string[] = [];
afterEach(async () => {
  await rig.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, maxRetries: 10 });
});

/** Two of them try to be a formula and a broken row. */
const AGENTS = [
  ...[1, 2, 3, 4].map((index) => ({ id: `100${index}`, password: 'cisco', extension: `200${index}` })),
  { id: '=1+1",x', password: 'cisco', extension: '2005' },
  { id: '+4912', password: 'cisco', extension: 'Zoë; "x"' },
];
const phone = (index: number) => `SEP00000000000${index}`;
const signIn = (service: string, index: number) =>
  rig.get(`/${service}/fippa/${phone(index)}?id=100${index}&password=cisco&extension=200${index}`);
const page = (service: string, index: number, path = '') => rig.get(`/${service}/fippa/${phone(index)}${path}`);
const BEARER = { authorization: `Bearer ${TOKEN}` };

const outages = async (query = ''): Promise<OutageEntry[]> =>
  JSON.parse((await rig.get(`${rig.ops}/outages${query}`)).body).outages;
const newest = async (): Promise<OutageEntry> => (await outages())[0] as OutageEntry;
const one = async (id: string): Promise<OutageEntry & { devices: OutageDeviceEntry[] }> =>
  JSON.parse((await rig.get(`${rig.ops}/outages/${id}`, BEARER)).body);
const sums = ({ signedIn, elsewhere, returned, missing }: OutageEntry) => [signedIn, elsewhere, returned, missing];
const line = async (event: string) => {
  for (;;) {
    const found = rig.lines.find((each) => each.event === event);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

describe('the record of an outage', () => {
  it('B350 B351 B353 B467 says who was signed in at t0, who was told, who is elsewhere, has returned, is missing', async () => {
    await start();
    for (const index of [1, 2, 3]) await signIn('a', index);
    await signIn('b', 4);
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    expect(await newest()).toMatchObject({
      ...{ service: 'a', name: 'Finesse A', cluster: 'main', drill: false, endedAt: null, decidedBy: 'systemInfo' },
      cause: { code: 'refused', runbook: 'docs/runbook.md#refused' },
      ...{ signedIn: 3, told: 0, elsewhere: 0, returned: 0, missing: 3, withinFiveMinutes: null },
    });
    await page('a', 1);
    expect((await page('a', 1, '/~to/b')).body).toContain('CiscoIPPhoneInput');
    expect(await newest()).toMatchObject({ told: 1, elsewhere: 0, missing: 3 });
    await signIn('b', 1);
    expect(sums(await newest())).toEqual([3, 1, 0, 2]);

    await rig.finesse[0]?.fault('none');
    await rig.until('a', 'in-service');
    await page('a', 2);
    // Nobody is moved back: the front door leads to where the agent is.
    expect((await rig.get(`/main/fippa/${phone(1)}`)).body).toContain(`/b/fippa/${phone(1)}`);
    const { id, startedAt, verdictAt, endedAt } = await newest();
    expect(Date.parse(verdictAt ?? '') - Date.parse(startedAt)).toBe(3000);
    expect(Date.parse(endedAt ?? '')).toBeGreaterThan(Date.parse(verdictAt ?? ''));
    const { devices, ...record } = await one(id);
    expect(sums(record)).toEqual([3, 1, 1, 1]);
    expect(
      devices.map(({ device, agent, extension, outcome, service }) => [device, agent, extension, outcome, service]),
    ).toEqual([
      [phone(1), '1001', '2001', 'elsewhere', 'b'],
      [phone(2), '1002', '2002', 'returned', 'a'],
      [phone(3), '1003', '2003', 'missing', null],
    ]);
    expect(devices[0]?.seconds).toBeGreaterThan(0);
    expect(devices[2]).toMatchObject({ at: null, seconds: null });
  });

  it('B351 a sign-in form of the service that failed is no return, a page behind it is', async () => {
    await start();
    await signIn('a', 1);
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    await rig.finesse[0]?.fault('none');
    // Signed in on another phone, past the proxy: this one is signed out.
    await rig.get(`${rig.finesse[0]?.url}/fippa/${phone(9)}?id=1001&password=cisco&extension=2001`);
    await rig.until('a', 'in-service');
    expect((await page('a', 1, '/home')).body).toContain('CiscoIPPhoneInput');
    expect(sums(await newest())).toEqual([1, 0, 0, 1]);
    await signIn('a', 1);
    expect(sums(await newest())).toEqual([1, 0, 1, 0]);
    expect((await page('a', 1, '/logout')).body).toContain('CiscoIPPhoneInput');
    expect(sums(await newest())).toEqual([1, 0, 0, 1]);
  });

  it('B350 one that ends before the verdict is a record too, and the next one another', async () => {
    // The verdict is at 6 s: well after the probe that ends it, on a busy machine too.
    await start({ intervalMs: 2000 });
    await signIn('a', 1);
    for (const count of [1, 2]) {
      await rig.finesse[0]?.fault('refuse');
      await rig.until('a', 'reconnecting');
      expect(await outages()).toHaveLength(count);
      await rig.finesse[0]?.fault('none');
      await rig.until('a', 'in-service');
    }
    const [second, first] = await outages();
    expect([first?.verdictAt, second?.verdictAt]).toEqual([null, null]);
    expect(first?.id).not.toBe(second?.id);
    expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThan(Date.parse(first?.endedAt ?? ''));
  });

  it('B350 it goes on when its service is renamed, and ends when that is no longer configured', async () => {
    await start();
    await signIn('a', 1);
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    const { id } = await newest();
    const [main] = rig.config.clusters;
    const [a, b] = main?.services ?? [];
    if (main === undefined || a === undefined || b === undefined) throw new Error('no services');
    rig.app.apply({ ...rig.config, clusters: [{ ...main, services: [{ ...a, name: 'Finesse X' }, b] }] });
    await signIn('b', 1);
    expect(await newest()).toMatchObject({ id, endedAt: null, elsewhere: 1 });
    rig.app.apply({ ...rig.config, clusters: [{ ...main, services: [a] }] });
    expect(await newest()).toMatchObject({ id, endedAt: null, elsewhere: 0, missing: 1 });
    rig.app.apply({ ...rig.config, clusters: [{ ...main, services: [b] }] });
    expect((await newest()).endedAt).not.toBeNull();
    expect(await outages('?service=a')).toHaveLength(1);
  });

  it('B355 has one summary in the log, when its time has come', async () => {
    await start({ config: (config) => ({ ...config, outages: { ...config.outages, summaryAfterMs: 8000 } }) });
    await signIn('a', 1);
    await signIn('a', 2);
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    await signIn('b', 1);
    const summary = await line('outage-summary');
    const { id, startedAt } = await newest();
    expect(summary).toMatchObject({
      ...{ level: 'info', outage: id, service: 'a', startedAt, endedAt: null, code: 'refused' },
      ...{ signedIn: 2, elsewhere: 1, returned: 0, missing: 1 },
    });
    await rig.finesse[0]?.fault('none');
    await rig.until('a', 'in-service');
    expect(rig.lines.filter(({ event }) => event === 'outage-summary')).toHaveLength(1);
  });

  it('B365 metrics count who is missing, and how long the others took', async () => {
    await start();
    await signIn('a', 1);
    await signIn('a', 2);
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    await signIn('b', 1);
    const { body } = await rig.get(`${rig.ops}/metrics`);
    expect(body).toContain('ippa_outage_missing_devices{service="a"} 1');
    expect(body).toContain('ippa_outage_missing_devices{service="b"} 0');
    expect(body).toContain('ippa_outages_total{service="a"} 1');
    expect(body).toContain('ippa_sign_in_again_seconds_count{service="a",outcome="elsewhere"} 1');
    expect(body).toContain('ippa_sign_in_again_seconds_bucket{le="15",service="a",outcome="elsewhere"} 1');
    expect(body).not.toContain('SEP');
  });
});

describe('who may read it', () => {
  it('B357 counts are for all who reach the port, devices and agents for those with the token', async () => {
    await start();
    await signIn('a', 1);
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    const { id, startedAt } = await newest();
    const open = await rig.get(`${rig.ops}/outages/${id}`);
    expect(JSON.parse(open.body)).toMatchObject({ id, signedIn: 1 });
    for (const { body } of [open, await rig.get(`${rig.ops}/outages`)]) expect(body).not.toMatch(/SEP|1001|devices/);
    const wrong = { authorization: 'Bearer wrong' };
    for (const path of [`/outages/${id}`, '/devices']) {
      expect((await rig.get(`${rig.ops}${path}`, wrong)).status).toBe(401);
    }
    expect((await rig.get(`${rig.ops}/devices`)).status).toBe(401);
    expect((await rig.get(`${rig.ops}/outages/nothing`)).status).toBe(404);
    expect((await rig.get(`${rig.ops}/outages?since=yesterday`)).status).toBe(400);

    expect(await outages('?service=b')).toEqual([]);
    expect(await outages(`?service=a&since=${startedAt}`)).toHaveLength(1);
    await rig.finesse[0]?.fault('none');
    await rig.until('a', 'in-service');
    const after = new Date(Date.parse((await newest()).endedAt ?? '') + 1).toISOString();
    expect(await outages(`?since=${after}`)).toEqual([]);
  });

  it('B359 devices: where each is signed in, since when, from where, as whom', async () => {
    await start();
    await rig.get(`/a/fippa/${phone(1)}?id=1001&password=cisco&extension=2001`, {
      'x-ciscoipphonemodelname': 'CP-8851',
    });
    await signIn('b', 2);
    const ask = async (query = '') => JSON.parse((await rig.get(`${rig.ops}/devices${query}`, BEARER)).body).devices;
    const [first, second] = await ask();
    expect(first).toEqual({
      ...{ device: phone(1), model: 'CP-8851', address: '127.0.0.1', agent: '1001', extension: '2001', service: 'a' },
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      seenAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(second).toMatchObject({ device: phone(2), model: null, service: 'b' });
    for (const query of ['?q=1002', '?q=sep000000000002', '?q=2002']) expect(await ask(query)).toEqual([second]);
    expect(await ask('?q=nobody')).toEqual([]);
  });
});

describe('ippa-proxy outages', () => {
  const run = async (options: Omit<Parameters<typeof runOutages>[0], 'config'>, token = true) => {
    const folder = mkdtempSync(join(tmpdir(), 'ippa-outages-'));
    folders.push(folder);
    const config = join(folder, 'ippa.yaml');
    const { port } = new URL(rig.ops);
    writeFileSync(
      config,
      `phones: { listeners: [{ host: 127.0.0.1, port: 0 }] }
ops: { port: ${port}${token ? `, token: ${TOKEN}` : ''} }
clusters: [{ id: main, services: [{ id: a, name: Finesse A, url: "http://127.0.0.1:1" }] }]
`,
    );
    let [out, err] = ['', ''];
    const output = { stdout: (text: string) => (out += text), stderr: (text: string) => (err += text) };
    const code = await runOutages({ config, ...options }, output);
    return { code, out, err };
  };

  it('B358 prints a table, JSON, or CSV that another program reads back, in which nothing is a formula', async () => {
    await start();
    for (const [index, { id, password, extension }] of AGENTS.slice(-2).entries()) {
      await rig.get(`/a/fippa/${phone(index)}?${new URLSearchParams({ id, password, extension })}`);
    }
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'out-of-service');
    const { id } = await newest();

    const list = await run({ csv: true });
    expect(list.out).toMatch(/^id,service,name,.*\r\n/);
    const [row] = parse(list.out, { columns: true }) as Record<string, string>[];
    expect(row).toMatchObject({ id, service: 'a', drill: 'false', endedAt: '', cause: 'refused', signedIn: '2' });

    const agents = await run({ id, csv: true });
    expect(agents.out.startsWith('\ufeff')).toBe(true);
    const rows = parse(agents.out, { columns: true, bom: true }) as Record<string, string>[];
    expect(rows.map(({ device, agent, extension, outcome }) => [device, agent, extension, outcome])).toEqual([
      [phone(0), `'=1+1",x`, '2005', 'missing'],
      [phone(1), "'+4912", 'Zoë; "x"', 'missing'],
    ]);

    const table = await run({ id });
    expect(table.out).toMatch(/2 were signed in, 0 were told: 0 are elsewhere, 0 returned, 2 are missing/);
    expect(table.out).toContain('docs/runbook.md#refused');
    expect((await run({})).out).toContain(id);
    expect(JSON.parse((await run({ json: true })).out).outages).toHaveLength(1);
    expect(JSON.parse((await run({ id, json: true })).out).devices).toHaveLength(2);
  });

  it.each(['UTC', 'Asia/Kolkata', 'America/St_Johns'])(
    'B530 tells times as the clock of %s shows them',
    async (zone) => {
      await start();
      await rig.finesse[0]?.fault('refuse');
      await rig.until('a', 'reconnecting');
      const { id, startedAt } = await newest();
      const before = process.env.TZ;
      process.env.TZ = zone;
      try {
        const offset = { UTC: /\+00:00$/, 'Asia/Kolkata': /\+05:30$/ }[zone] ?? /-0[23]:30$/;
        for (const { out } of [await run({}), await run({ id })]) {
          const shown = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d/.exec(out)?.[0] ?? '';
          expect(shown).toMatch(offset);
          expect(Date.parse(shown)).toBe(Math.floor(Date.parse(startedAt) / 1000) * 1000);
        }
        expect((await run({ csv: true })).out).toContain(startedAt);
      } finally {
        if (before === undefined) delete process.env.TZ;
        else process.env.TZ = before;
      }
    },
  );

  it('B358 takes --since, and says what it does not take', async () => {
    await start();
    expect(await run({})).toEqual({ code: 0, out: 'No outages.\n', err: '' });
    await rig.finesse[0]?.fault('refuse');
    await rig.until('a', 'reconnecting');
    const { id } = await newest();
    expect((await run({ since: '7d' })).out).toContain(id);
    expect((await run({ since: 'yesterday' })).code).toBe(2);
    expect((await run({ csv: true, json: true })).code).toBe(2);
    expect((await run({ id, since: '7d' })).code).toBe(2);
    expect(await run({ id: 'nothing' })).toMatchObject({ code: 2, out: '' });
    const without = await run({ id }, false);
    expect(without).toMatchObject({ code: 0, err: expect.stringContaining('ops.token') });
    expect((await run({ id, csv: true }, false)).code).toBe(2);
  });
});
