/** What the ops port serves for the console: its page and files, and what only it asks for. */

import { afterEach, describe, expect, it } from 'vitest';
import { failures } from '../../src/domain/failure.ts';
import type { Outage, OutageDevice } from '../../src/domain/outage.ts';
import { createChanges } from '../../src/ops/changes.ts';
import { createProbeSeries } from '../../src/ops/probe-series.ts';
import { fetchRaw } from '../rig.ts';
import { checkedFetch } from './checked-answers.ts';
import { openEvents } from './event-source.ts';
import { type OpsRig, startOps, TOKEN } from './ops-rig.ts';

const running: OpsRig[] = [];
const start = async (...over: Parameters<typeof startOps>) => {
  const rig = await startOps(...over);
  running.push(rig);
  return rig;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ server }) => server.stop()));
});

const OUTAGE: Outage = {
  ...{ id: 'x-a', service: 'a', name: 'Finesse A', cluster: 'main', drill: false, startedAt: 1000 },
  ...{ verdictAt: 16_000, endedAt: 90_000, cause: { code: 'refused', detail: '' }, decidedBy: 'systemInfo' },
  ...{ withinFiveMinutes: null, summarisedAt: null, signedIn: 2, told: 0, elsewhere: 1, returned: 0, missing: 1 },
};

describe('the page and its files', () => {
  it('B942 every file that the page or a file names is there, with a policy that allows nothing from elsewhere and nothing inline', async () => {
    const { origin } = await start();
    const seen = new Map<string, string>();
    const follow = async (path: string): Promise<void> => {
      if (seen.has(path)) return;
      const answer = await fetch(`${origin}${path}`);
      expect(answer.status, path).toBe(200);
      const policy = answer.headers.get('content-security-policy') ?? '';
      for (const part of [
        "default-src 'none'",
        "script-src 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ]) {
        expect(policy).toContain(part);
      }
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
      const text = await answer.text();
      seen.set(path, text);
      const named = path === '/' ? /(?:href|src)="(\/[^"]+)"/g : /\bfrom\s*['"]([\w./-]+)['"]/g;
      if (path !== '/' && !path.endsWith('.js')) return;
      for (const [, name = ''] of text.matchAll(named)) {
        expect(name, path).toMatch(/^(\.\/|\/)/);
        await follow(new URL(name, `http://x${path}`).pathname);
      }
    };
    await follow('/');
    for (const path of ['/console/words/de.json', '/console/icons/down.svg', '/console/help/runbook'])
      await follow(path);
    expect([...seen.keys()]).toEqual(
      expect.arrayContaining([
        '/console/lib/preact.js',
        '/console/lib/hooks.js',
        '/console/lib/htm.js',
        '/console/base.css',
      ]),
    );
    expect(seen.get('/')).not.toMatch(/<style|<script(?! type="module" src=)| on\w+=|style=/);
  });

  it('B942 a file is sent again only if it has changed; nothing else is below /console/', async () => {
    const { origin } = await start();
    const first = await fetch(`${origin}/console/main.js`);
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('no-cache');
    expect(first.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    const again = (known: string) => fetch(`${origin}/console/main.js`, { headers: { 'if-none-match': known } });
    expect((await again(`"x", W/${etag}`)).status).toBe(304);
    expect((await again('"other"')).status).toBe(200);
    expect((await fetch(`${origin}/`)).headers.get('cache-control')).toBe('no-store');
    for (const path of [
      ...[
        '/console/../package.json',
        '/console/%2e%2e/package.json',
        '/console/..%2fpackage.json',
        '/console/tsconfig.json',
      ],
      ...['/console/', '/console/lib', '/console/docs/runbook.md', '/console/constructor', '/console/%00'],
    ]) {
      expect((await fetchRaw(`${origin}${path}`)).status, path).toBe(404);
    }
    expect((await fetch(`${origin}/console/main.js`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${origin}/console/main.js`, { headers: { origin: 'http://evil.example.com' } })).status).toBe(
      403,
    );
  });

  it('B942 asking who is signed in is no guess at a token, and prolongs no session', async () => {
    const { origin, lines } = await start();
    for (let n = 0; n < 15; n += 1) {
      const answer = await fetch(`${origin}/console/about`);
      expect(await answer.json()).toMatchObject({ operator: null, may: null, canSignIn: true });
    }
    expect(lines).toEqual([]);
  });
});

it('B840 why a service is out is the same words, addresses of servers included, for everybody who reaches the port', async () => {
  const cause = { code: 'refused', detail: 'ECONNREFUSED 10.20.30.40:8445' } as const;
  const on = { ...OUTAGE, endedAt: null, cause };
  const { origin, store, setState } = await start({ outages: { all: () => [on], get: () => on, devices: () => [] } });
  setState('a', 'out-of-service');
  store.restore('a', { health: { ...store.health('a'), failure: cause } });
  const read = async (path: string, headers = {}) => (await checkedFetch(`${origin}${path}`, { headers })).text();
  const words = `${failures.refused.operator} (ECONNREFUSED 10.20.30.40:8445)`;
  const { services } = JSON.parse(await read('/health')) as { services: { reason: string | null }[] };
  expect(services[0]?.reason).toBe(words);
  const [first] = (JSON.parse(await read('/outages')) as { outages: { cause: { words: string } }[] }).outages;
  expect(first?.cause.words).toBe(words);
  // With the outage, and in the table.
  const told = (page: string) => page.split(words).length - 1;
  expect(told(await read('/'))).toBe(2);
  const session = await fetch(`${origin}/session`, {
    ...{ method: 'POST', body: JSON.stringify({ token: TOKEN }) },
    headers: { 'content-type': 'application/json', origin },
  });
  const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
  const page = await read('/', { cookie });
  expect(page).toContain('/console/sign-out');
  expect(told(page)).toBe(2);
});

describe('the documentation without JavaScript', () => {
  it('B841 a link of the plain page leads to the part of the runbook that is about the failure, for every failure', async () => {
    const { origin, setState } = await start();
    setState('a', 'out-of-service');
    const plain = await (await checkedFetch(`${origin}/`)).text();
    expect(plain).toContain('<a href="/console/help/runbook#refused">');
    const answer = await checkedFetch(`${origin}/console/help/runbook`);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    const page = await answer.text();
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id = '']) => id);
    expect(Object.keys(failures).filter((code) => !ids.includes(code))).toEqual([]);
    expect(page).toMatch(/<span id="refused"><\/span>(<span id="[\w-]+"><\/span>)*\n<h4 id="tomcat-is-down/);
  });

  it('B841 its pages lead to each other, and no mark of Markdown is left', async () => {
    const { origin } = await start();
    const pages = ['runbook', 'operations', 'console'];
    const texts = new Map<string, string>();
    for (const name of pages) texts.set(name, await (await checkedFetch(`${origin}/console/help/${name}`)).text());
    const leadNowhere: string[] = [];
    for (const [name, text] of texts) {
      for (const [, other = '', part] of text.matchAll(/href="\/console\/help\/(\w+)(?:#([\w-]+))?"/g)) {
        expect(pages, name).toContain(other);
        if (part !== undefined && texts.get(other)?.includes(` id="${part}"`) !== true)
          leadNowhere.push(`${other}#${part}`);
      }
      const prose = text.replaceAll(/<(pre|code)\b[^>]*>[\s\S]*?<\/\1>/g, '').replaceAll(/<[^>]*>/g, '');
      expect(prose.match(/^.*(\]\(|\*\*|```|^#+ |^\* |^\||&lt;a id).*$/m)?.[0], name).toBeUndefined();
    }
    expect(leadNowhere).toEqual([]);
    expect((await checkedFetch(`${origin}/console/help/security`)).status).toBe(404);
  });
});

describe('what changed in the last hours', () => {
  it('B943 each change is an entry, newest first, and so many are held and no more', () => {
    const changes = createChanges(10);
    const set = { admin: 'drain', reason: 'patching', until: null } as const;
    const ready = { admin: 'ready', reason: null, until: null } as const;
    for (let at = 1; at <= 30; at += 1) {
      changes.handlers['service-set']?.({
        ...{ kind: 'service-set', at, service: 'a', from: ready, to: set, who: 'kim', address: '10.0.0.1' },
      });
    }
    const all = changes.since(0);
    expect(all.length).toBeLessThan(20);
    expect(all[0]).toMatchObject({ at: 30, what: 'setting', about: 'a', to: 'drain', words: 'patching', who: 'kim' });
    expect(changes.since(29).map(({ at }) => at)).toEqual([30, 29]);
    // Who began a drill, and from where, is told to operators by the audit trail.
    changes.handlers['drill-began']?.({
      ...{ kind: 'drill-began', at: 31, service: 'a', until: 99, devices: ['SEP1'], reason: 'practice' },
      ...{ who: 'kim', address: '10.0.0.1' },
    });
    expect(JSON.stringify(changes.since(31))).not.toMatch(/kim|SEP1|10\.0/);
  });

  it('B943 after a restart what the records kept is there again, in its order', () => {
    const changes = createChanges();
    const entry = { at: 20_000, who: 'kim', from: null, action: 'drain', service: 'b', reason: 'x' } as const;
    changes.restore([OUTAGE, { ...OUTAGE, id: 'y-a', drill: true }], [entry]);
    expect(changes.since(0).map(({ at, about, to }) => [at, about, to])).toEqual([
      [90_000, 'a', 'in-service'],
      [20_000, 'b', 'drain'],
      [16_000, 'a', 'out-of-service'],
      [1000, 'a', 'reconnecting'],
    ]);
  });
});

it('B944 of each service the last 60 probes are held, and none of one that is gone', () => {
  const known = new Set(['a', 'b']);
  const series = createProbeSeries((id) => known.has(id));
  const failure = { code: 'refused', detail: '' } as const;
  for (let at = 1; at <= 100; at += 1) {
    for (const service of known) {
      series.handlers['probe-ended']?.({
        ...{ kind: 'probe-ended', at, service, latencyMs: at + 0.4, certificate: null },
        outcome: { kind: 'failed', failure, info: null },
      });
    }
  }
  expect(series.of('a')).toHaveLength(60);
  expect(series.of('a', 98)).toEqual([
    { at: 99, latencyMs: 99, confirmed: false },
    { at: 100, latencyMs: 100, confirmed: false },
  ]);
  known.delete('b');
  series.handlers['configuration-applied']?.({ kind: 'configuration-applied', at: 101 });
  expect(series.of('b')).toEqual([]);
});

describe('outages for a spreadsheet', () => {
  const device = (name: string, agent: string, outcome: OutageDevice['outcome']): OutageDevice => ({
    ...{ device: name, agent, extension: '2001', told: true, outcome, service: null, at: null, backAt: null },
  });
  const devices = [device('SEP1', '1001', 'elsewhere'), device('SEP2', '=1+1', 'missing')];
  const outages = {
    all: () => [{ ...OUTAGE, id: 'y-a', startedAt: 500_000, endedAt: 600_000 }, OUTAGE],
    get: (id: string) => (id === OUTAGE.id ? OUTAGE : null),
    devices: () => devices,
  };
  const authorization = { authorization: `Bearer ${TOKEN}` };

  it('B959 the records of a period, and with a token what became of each agent, who is missing first; no cell is a formula', async () => {
    const { origin } = await start({ outages });
    const all = await checkedFetch(`${origin}/outages.csv`);
    expect(all.headers.get('content-disposition')).toBe('attachment; filename=outages.csv');
    expect((await all.text()).split('\r\n').map((row) => row.split(',')[0])).toEqual(['id', 'y-a', 'x-a', '']);
    const until = new Date(400_000).toISOString();
    expect(await (await checkedFetch(`${origin}/outages.csv?until=${until}`)).text()).not.toContain('y-a');
    expect((await checkedFetch(`${origin}/outages/x-a.csv`)).status).toBe(401);
    const one = await checkedFetch(`${origin}/outages/x-a.csv`, { headers: authorization });
    expect(await one.text()).toMatch(/^device,.*\r\nSEP2,'=1\+1,2001,missing,.*\r\nSEP1,1001,2001,elsewhere,/);
  });

  it('B957 of the devices of an outage, and of the phones, as many as are asked for', async () => {
    const rig = await start({ outages });
    const path = `${rig.origin}/outages/x-a?outcome=missing&limit=1`;
    expect(await (await checkedFetch(path, { headers: authorization })).json()).toMatchObject({
      ...{ missing: 1, devices: [{ device: 'SEP2' }] },
    });
    for (let index = 0; index < 1200; index += 1) rig.devices.relayed(`SEP${index}`, 'a', 'other', false, index);
    const asked = `${rig.origin}/devices?q=sep&limit=2`;
    const found = (await (await checkedFetch(asked, { headers: authorization })).json()) as {
      total: number;
      devices: { device: string }[];
    };
    expect(found.total).toBe(1200);
    expect(found.devices.map(({ device: name }) => name)).toEqual(['SEP1198', 'SEP1199']);
  });
});

it('B957 a page that shows no phones is not told of each that signs in', async () => {
  const { origin, report } = await start();
  const authorization = { authorization: `Bearer ${TOKEN}` };
  const [all, few] = [await openEvents(origin, authorization), await openEvents(origin, authorization, '?devices=no')];
  for (const source of [all, few]) await source.next('snapshot');
  const at = Date.now();
  report({ kind: 'device-signed-in', at, device: 'SEP1', service: 'a', from: null, address: '10.0.0.1' });
  report({ kind: 'certificate-refused', at, listener: 'ops', problem: 'x' });
  expect((await all.next()).name).toBe('device');
  expect((await few.next()).name).toBe('proxy');
  for (const source of [all, few]) source.close();
});
