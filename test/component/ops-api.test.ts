/** /openapi.json: every answer of the ops port is as it says, and it says nothing that the port does not answer. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newOutage, newOutageDevice } from '../../src/domain/outage.ts';
import { createFakeClock } from '../fake-clock.ts';
import { checkAnswer, checkedFetch, checkSchema, openApi, request, seen } from './checked-answers.ts';
import { type EventSource, openEvents } from './event-source.ts';
import { type OpsRig, READ_TOKEN, startOps, TOKEN } from './ops-rig.ts';

const facts = { id: 'x-a', service: 'a', name: 'Finesse a', cluster: 'main', drill: false, startedAt: 0 };
const cause = { code: 'refused', detail: 'port 8445' } as const;
const outage = newOutage({ ...facts, cause, decidedBy: 'systemInfo' }, 1);
const outages = {
  all: () => [outage],
  get: (id: string) => (id === outage.id ? outage : null),
  devices: () => [newOutageDevice('SEP1', '1001', null)],
};

let rig: OpsRig;
const running: OpsRig[] = [];
const start = async (...over: Parameters<typeof startOps>) => {
  const started = await startOps(...over);
  running.push(started);
  return started;
};
beforeEach(async () => {
  rig = await start({ outages });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ server }) => server.stop()));
});

const BEARER = `Bearer ${TOKEN}`;
const get = (path: string, authorization?: string) => {
  const asked = request(rig.origin).get(path);
  return authorization === undefined ? asked : asked.set('Authorization', authorization);
};
const post = (path: string, body: string | object, authorization = BEARER) =>
  request(rig.origin).post(path).set('Authorization', authorization).set('Content-Type', 'application/json').send(body);

describe('B510 the answers of the ops port are those of /openapi.json', () => {
  it('the document is valid OpenAPI 3.1', async () => {
    const { body } = await get('/openapi.json').expect(200);
    const { valid, errors } = await new Validator().validate(structuredClone(body));
    expect([valid, errors]).toEqual([true, undefined]);
    expect(body.openapi).toBe('3.1.0');
  });

  it('an answer that is not documented, or not so, is noticed', () => {
    const json = { type: 'application/json', text: '{"live":true}' };
    expect(() => checkAnswer('get', '/livez', { status: 201, ...json })).toThrow('the status is not documented');
    expect(() => checkAnswer('get', '/secret', { status: 200, ...json })).toThrow('is not documented');
    expect(() => checkAnswer('post', '/livez', { status: 200, ...json })).toThrow('is not documented');
    expect(() => checkAnswer('get', '/livez', { ...json, status: 200, text: '{"live":1}' })).toThrow('must be');
    expect(() => checkAnswer('get', '/livez', { ...json, status: 200, type: 'text/html' })).toThrow('documented is');
    checkAnswer('get', '/livez', { status: 200, ...json });
  });

  it('reading', async () => {
    for (const path of ['/', '/livez', '/readyz', '/metrics', '/outages', '/outages/x-a']) await get(path).expect(200);
    await get('/health').expect(503);
    rig.setState('a', 'in-service');
    rig.devices.relayed('SEP1', 'a', 'other', false, Date.now());
    await get('/health').expect(200);
    await get('/outages/x-a', BEARER).expect(200);
    await get('/outages/x-a', 'Bearer wrong').expect(401);
    await get('/outages/nothing').expect(404);
    await get('/outages?since=yesterday').expect(400);
    const { body } = await get('/devices?q=sep', BEARER).expect(200);
    expect(body.devices).toHaveLength(1);
    await get('/devices').expect(401);
    await get('/audit').expect(401);
    await get('/audit?since=x', BEARER).expect(400);
    await post('/services/a', { admin: 'drain', reason: 'x' }).expect(200);
    expect((await get('/audit', BEARER).expect(200)).body.entries).toHaveLength(1);
    const unready = await start({ isReady: () => false });
    await request(unready.origin).get('/readyz').expect(503);
  });

  it('changing', async () => {
    await post('/services/a', { admin: 'maint', reason: 'x', until: '2099-01-01T00:00:00Z' }).expect(200);
    await post('/services/a', {}).expect(400);
    await post('/services/a', {}, 'Bearer wrong').expect(401);
    await post('/services/a', {}, `Bearer ${READ_TOKEN}`).expect(403);
    await post('/services/nothing', {}).expect(404);
    await post('/services/a', { reason: 'x'.repeat(9000) }).expect(413);
  });

  it('drills', async () => {
    const drill = { service: 'a', forSeconds: 60, reason: 'practice' };
    await post('/drills', drill).expect(409);
    for (const id of ['a', 'b']) rig.setState(id, 'in-service');
    await post('/drills', { ...drill, devices: [] }).expect(400);
    await post('/drills', { ...drill, service: 'nothing' }).expect(404);
    await post('/drills', drill, 'Bearer wrong').expect(401);
    await post('/drills', drill, `Bearer ${READ_TOKEN}`).expect(403);
    await post('/drills', { reason: 'x'.repeat(9000) }).expect(413);
    await post('/drills', drill).expect(200);
    const end = (authorization: string) => request(rig.origin).delete('/drills/a').set('Authorization', authorization);
    await end('Bearer wrong').expect(401);
    await end(BEARER).expect(204);
    await end(BEARER).expect(404);
    await get('/audit', BEARER).expect(200);
  });

  it('captures', async () => {
    const capture = { devices: ['SEP001122334455'], forSeconds: 1 };
    await post('/captures', { ...capture, devices: [] }).expect(400);
    await post('/captures', capture, 'Bearer wrong').expect(401);
    await post('/captures', capture, `Bearer ${READ_TOKEN}`).expect(403);
    await post('/captures', { devices: 'x'.repeat(9000) }).expect(413);
    const whole = checkedFetch(`${rig.origin}/captures`, {
      ...{ method: 'POST', headers: { authorization: BEARER }, body: JSON.stringify({ ...capture, forSeconds: 60 }) },
    });
    while (rig.captures.running() === null) await new Promise((resolve) => setTimeout(resolve, 5));
    await post('/captures', capture).expect(409);
    await get('/health');
    const id = rig.lines.find(({ event }) => event === 'capture-began')?.fields.capture;
    const end = (authorization: string) =>
      request(rig.origin).delete(`/captures/${id}`).set('Authorization', authorization);
    await end('Bearer wrong').expect(401);
    await end(BEARER).expect(204);
    await end(BEARER).expect(404);
    expect((await (await whole).text()).trim().split('\n').at(-1)).toContain('{"har":{"log":');
    await get('/audit', BEARER).expect(200);
  });

  it('signing in', async () => {
    const { headers } = await post('/session', { token: TOKEN }).expect(204);
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    await request(rig.origin).get('/session').set('Cookie', cookie).expect(200);
    await get('/session').expect(401);
    await request(rig.origin).delete('/session').set('Cookie', cookie).set('Origin', rig.origin).expect(204);
    await post('/session', {}).expect(400);
    await post('/session', { token: 'wrong' }).expect(401);
    await post('/session', { token: 'x'.repeat(9000) }).expect(413);
    const clock = createFakeClock();
    const other = await start({ clock });
    const guess = () => request(other.origin).post('/session').send({ token: 'wrong' });
    for (let n = 0; n < 10; n++) await guess().expect(401);
    const slowed = guess().expect(429);
    const ended = slowed.then(() => {});
    while (clock.armed() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(3000);
    await ended;
  });

  it('events, whose data is as documented too', async () => {
    const source = await openEvents(rig.origin, { authorization: BEARER });
    checkAnswer('get', '/events', { status: source.status, type: 'text/event-stream', text: '' });
    const at = Date.now();
    rig.report({ kind: 'device-signed-in', at, device: 'SEP1', service: 'a', from: null, address: '10.0.0.1' });
    rig.report({ kind: 'certificate-refused', at, listener: 'ops', problem: 'x' });
    rig.report({ kind: 'outage-began', at, service: 'a', outage: 'x-a', drill: false, signedIn: 1 });
    await post('/services/a', { admin: 'drain', reason: 'x' }).expect(200);
    await checkEvents(source, ['snapshot', 'device', 'proxy', 'admin', 'service', 'outage']);
    source.close();
    await get('/events', 'Bearer wrong').expect(401);
    const full = await start({ live: { bounds: { streams: 0 } } });
    await request(full.origin).get('/events').expect(503);
  });

  it('what the console asks for', async () => {
    for (const id of ['a', 'b']) rig.setState(id, 'in-service');
    const at = Date.now();
    const failure = { code: 'refused', detail: 'port 8445' } as const;
    rig.report({
      ...{ kind: 'probe-ended', at, service: 'a', latencyMs: 3.4, certificate: null },
      outcome: { kind: 'failed', failure, info: null },
    });
    rig.report({
      ...{ kind: 'service-changed', at, service: 'a', from: 'in-service', to: 'reconnecting', attempt: 1, since: at },
      ...{ failure, decidedBy: 'systemInfo' },
    });
    const probes = await get('/probes?service=a').expect(200);
    expect(probes.body.services).toEqual([
      { id: 'a', probes: [{ at: new Date(at).toISOString(), latencyMs: 3, confirmed: false }] },
    ]);
    await get('/probes?since=never').expect(400);
    const changes = await get('/changes').expect(200);
    expect(changes.body.changes[0]).toMatchObject({ what: 'state', about: 'a', to: 'reconnecting', code: 'refused' });
    await get('/changes?since=never').expect(400);
    await get('/console/health').expect(200);
    const about = await get('/console/about').expect(200);
    expect(about.body).toMatchObject({ operator: null, may: null, canSignIn: true, attempts: 3, attemptSeconds: 5 });
  });

  it('a request from elsewhere, on every path', async () => {
    for (const [path, operations] of Object.entries(openApi.paths)) {
      for (const method of Object.keys(operations)) {
        const url = rig.origin + path.replaceAll(/[{}]/g, '');
        const { status } = await checkedFetch(url, { method, headers: { origin: 'http://evil.example.com' } });
        expect(status).toBe(403);
      }
    }
  });

  afterAll(() => {
    const documented = Object.entries(openApi.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses).flatMap((status) => (status === 'default' ? [] : [`${method} ${path} ${status}`])),
      ),
    );
    expect(documented.filter((pair) => !seen.has(pair))).toEqual([]);
  });
});

const DATA: Readonly<Record<string, string>> = {
  ...{ snapshot: 'Health', service: 'Service', outage: 'Outage', admin: 'AdminEvent' },
  ...{ proxy: 'ProxyEvent', device: 'DeviceEvent', alive: 'AliveEvent' },
};

async function checkEvents(source: EventSource, names: readonly string[]): Promise<void> {
  const left = new Set(names);
  while (left.size > 0) {
    const { name, data } = await source.next();
    checkSchema({ $ref: `#/components/schemas/${DATA[name]}` }, data, `event ${name}`);
    left.delete(name);
  }
}
