/** /openapi.json: every answer of the ops port is as it says, and it says nothing that the port does not answer. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { newOutage, newOutageDevice } from '../../src/domain/outage.ts';
import { createFakeClock } from '../fake-clock.ts';
import { checkAnswer, checkedFetch, checkSchema, openApi, request, seen } from './checked-answers.ts';
import { type EventSource, openEvents } from './event-source.ts';
import { type OpsRig, READ_TOKEN, startOps, TOKEN } from './ops-rig.ts';
import { openStream } from './phone-session.ts';
import { unboundPhones } from './unbound-phones.ts';

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

  it('B585 drills', async () => {
    const drill = { service: 'a', forSeconds: 60, reason: 'practice' };
    await post('/drills', drill).expect(409);
    for (const id of ['a', 'b']) rig.setState(id, 'in-service');
    await post('/drills', { ...drill, devices: [] }).expect(400);
    await post('/drills', { ...drill, service: 'nothing' }).expect(404);
    await post('/drills', drill, 'Bearer wrong').expect(401);
    await post('/drills', drill, `Bearer ${READ_TOKEN}`).expect(403);
    await post('/drills', { reason: 'x'.repeat(9000) }).expect(413);
    const seen = await post('/drills', { ...drill, devices: ['SEP1', 'SEP2'], preview: true }).expect(200);
    expect(seen.body).toMatchObject({ devices: 2, signedIn: 0, notSignedIn: ['SEP1', 'SEP2'] });
    // B585
    for (const [name, shown] of [
      ['SEP 1', '"SEP 1"'],
      ['..', '".."'],
      ['\u202eSEP1', '"?SEP1"'],
      [5, '5'],
    ]) {
      const refused = await post('/drills', { ...drill, devices: ['SEP1', name] }).expect(400);
      expect(refused.body.error.message).toMatch(/^.* is no name of a device: 1 to 64 letters .*SEP001122334455\.$/);
      expect(refused.body.error.message.startsWith(`${shown} is`)).toBe(true);
    }
    await post('/drills', { ...drill, preview: 'yes' }).expect(400);
    expect((await post('/drills', drill).expect(200)).body).toMatchObject({ id: 'a', signedIn: 0 });
    await post('/drills', { ...drill, preview: true }).expect(409);
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

  it('signing in by a form', async () => {
    await get('/console/sign-in').expect(200);
    const form = ({ origin }: { readonly origin: string }, token: string) =>
      request(origin)
        .post('/console/sign-in')
        .set({ Origin: origin, 'Content-Type': 'application/x-www-form-urlencoded' })
        .send(`token=${token}`);
    const { headers } = await form(rig, TOKEN).expect(303);
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    await request(rig.origin).post('/console/sign-out').set({ Cookie: cookie, Origin: rig.origin }).expect(303);
    await form(rig, 'x'.repeat(9000)).expect(413);
    const clock = createFakeClock();
    const other = await start({ clock });
    for (let n = 0; n < 10; n++) await form(other, 'wrong').expect(401);
    const slowed = form(other, 'wrong').expect(429);
    const ended = slowed.then(() => {});
    while (clock.armed() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await clock.advance(3000);
    await ended;
  });

  it('phones in the browser', async () => {
    const { phones, set } = unboundPhones();
    onTestFinished(() => phones.stop());
    rig = await start({ outages, phones });
    const { origin } = rig;
    const { headers } = await post('/session', { token: TOKEN }).expect(204);
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    const mine = (method: 'get' | 'post' | 'delete', path: string) =>
      request(origin)[method](path).set('Cookie', cookie).set('Origin', origin);
    const { body: offer } = await mine('get', '/phones').expect(200);
    const wish = { model: offer.models[0].name, entry: offer.entries[0].id, language: 'de' };
    const { body: phone } = await mine('post', '/phones').send(wish).expect(201);
    const at = `/phones/${phone.device}`;
    await mine('post', '/phones')
      .send({ ...wish, model: '1234' })
      .expect(400);
    await mine('post', '/phones')
      .send({ ...wish, entry: 'x'.repeat(9000) })
      .expect(413);
    await mine('get', at).expect(200);
    const press = (path: string, key: object) => mine('post', `${path}/keys`).send(key);
    await expect.poll(async () => (await mine('get', at)).body.busy).toBe(false);
    await press(at, { page: 0, do: 'choose', number: 1 }).expect(200);
    await press(at, { page: 7, do: 'exit' }).expect(409);
    await press(at, { page: 0 }).expect(400);
    await press(at, { name: 'x'.repeat(9000) }).expect(413);
    const streams = await Promise.all([1, 2, 3, 4].map(() => openStream(origin, cookie, phone.device)));
    checkAnswer('get', `${at}/events`, { status: streams[0]?.statusCode ?? 0, type: 'text/event-stream', text: '' });
    await mine('get', `${at}/events`).expect(503);
    for (const stream of streams) stream.destroy();
    await get('/phones', BEARER).expect(403);
    for (const path of ['/phones', at, `${at}/events`]) await get(path).expect(401);
    for (const path of ['/phones', `${at}/keys`]) await request(origin).post(path).expect(401);
    await request(origin).delete(at).expect(401);
    await mine('delete', at).expect(204);
    await mine('delete', at).expect(404);
    for (const path of [at, `${at}/events`]) await mine('get', path).expect(404);
    await press(at, {}).expect(404);
    set({ phone: false });
    await mine('post', '/phones').send(wish).expect(409);
  });

  it('the demonstration', async () => {
    for (const path of ['/demo', '/demo/session']) await get(path).expect(404);
    for (const path of ['/demo/session', '/demo/servers/a']) await post(path, {}).expect(404);
    const servers = () => [{ id: 'a', name: 'Finesse A', fault: 'none', since: 0 }];
    const agent = { id: '1001', password: 'cisco', extension: '2001' };
    const demo = { faults: ['none', 'refuse'], agent, servers, setFault: async () => {}, call: () => false };
    rig = await start({ outages, demo });
    await get('/demo', BEARER).expect(200);
    await get('/demo').expect(401);
    await post('/demo/servers/a', { fault: 'refuse' }).expect(200);
    await post('/demo/servers/a', { fault: 'melt' }).expect(400);
    await post('/demo/servers/a', { call: 'begins', device: 'SEP1' }).expect(400);
    await post('/demo/servers/c', { fault: 'refuse' }).expect(404);
    await post('/demo/servers/a', { fault: 'refuse' }, 'Bearer wrong').expect(401);
    await post('/demo/servers/a', { fault: 'x'.repeat(9000) }).expect(413);
    await get('/demo/session').expect(204);
    const own = { Origin: rig.origin };
    await request(rig.origin).post('/demo/session').set(own).expect(204);
    await request(rig.origin).post('/demo/session').expect(403);
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
    const full = await start({ live: { bounds: { anonymous: 0 } } });
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
    await get('/outages.csv').expect(200);
    await get('/outages.csv?until=never').expect(400);
    await get('/outages/x-a.csv', BEARER).expect(200);
    await get('/outages/nothing.csv', BEARER).expect(404);
    await get('/outages/x-a.csv').expect(401);
    const preview = await post('/services/a', { admin: 'drain', reason: 'x', preview: true }).expect(200);
    expect(preview.body).toMatchObject({ service: 'a', stay: true, alternates: [{ id: 'b', name: 'Finesse b' }] });
    await get('/console/health').expect(200);
    await get('/console/help/runbook').expect(200);
    await get('/console/help/security').expect(404);
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
