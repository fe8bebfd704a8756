/** GET /events: what happens at the proxy, as it happens. */
import { afterEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { request } from './checked-answers.ts';
import { type EventSource, openEvents } from './event-source.ts';
import { type OpsRig, READ_TOKEN, startOps, TOKEN } from './ops-rig.ts';

const running: OpsRig[] = [];
const sources: EventSource[] = [];
const start = async (...over: Parameters<typeof startOps>) => {
  const started = await startOps(...over);
  running.push(started);
  return started;
};
const open = async (rig: OpsRig, headers?: Record<string, string>) => {
  const source = await openEvents(rig.origin, headers);
  sources.push(source);
  return source;
};
afterEach(async () => {
  for (const source of sources.splice(0)) source.close();
  await Promise.all(running.splice(0).map(({ server }) => server.stop()));
});

const BEARER = { authorization: `Bearer ${READ_TOKEN}` };
const signedIn = (rig: OpsRig, device: string) =>
  rig.report({ kind: 'device-signed-in', at: 0, device, service: 'a', from: null, address: '10.0.0.1' });
const failed = (rig: OpsRig, id = 'a') => {
  rig.setState(id, 'out-of-service');
  const failure = { code: 'refused', detail: 'port 8445' } as const;
  rig.report({
    ...{ kind: 'service-changed', at: 0, service: id, from: 'reconnecting', to: 'out-of-service' },
    ...{ attempt: null, since: 0, failure, decidedBy: 'systemInfo' },
  });
};

describe('GET /events', () => {
  it('B500 begins with a snapshot, which is what /health says, and goes on with what changes', async () => {
    const rig = await start();
    rig.setState('a', 'in-service');
    const source = await open(rig);
    expect(source.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const first = await source.next();
    const health = await request(rig.origin).get('/health');
    expect(first).toMatchObject({ name: 'snapshot', id: expect.stringMatching(/^[0-9a-f]{8}-0$/) });
    expect({ ...first.data, uptimeSeconds: 0 }).toEqual({ ...health.body, uptimeSeconds: 0 });
    failed(rig);
    expect((await source.next()).data).toMatchObject({ id: 'a', state: 'out-of-service', reason: expect.any(String) });
    await request(rig.origin)
      .post('/services/b')
      .set('Authorization', `Bearer ${TOKEN}`)
      .send({ admin: 'drain', reason: 'x' });
    const set = { service: 'b', from: 'ready', admin: 'drain', reason: 'x', until: null };
    expect(await source.next()).toMatchObject({ name: 'admin', data: set });
    expect(await source.next()).toMatchObject({ name: 'service', data: { id: 'b', admin: 'drain' } });
    rig.report({ kind: 'state-not-kept', at: 0, error: new Error('canary') });
    const { data } = await source.next('proxy');
    expect(data).toEqual({ at: '1970-01-01T00:00:00.000Z', what: 'state-not-kept' });
  });

  it('B965 tells why a service is out also when that changes while it stays out, and once', async () => {
    const rig = await start();
    failed(rig);
    const source = await open(rig);
    await source.next('snapshot');
    const probed = (code: 'refused' | 'reset', admin?: string) => {
      const failure = { code, detail: admin ?? 'port 8445' } as const;
      const outcome = { kind: 'failed', failure, info: null } as const;
      // In this order: a probe is told of before it counts.
      rig.report({ kind: 'probe-ended', at: 0, service: 'a', latencyMs: 1, outcome, certificate: null });
      rig.store.restore('a', { health: { ...rig.store.health('a'), failure } });
    };
    for (const code of ['refused', 'reset', 'reset', 'reset', 'refused'] as const) probed(code);
    // Several at one time are one.
    probed('reset', 'port 8443');
    const told = await source.next('service');
    const health = await request(rig.origin).get('/health');
    expect(told.data).toEqual(health.body.services.find(({ id }: { id: string }) => id === 'a'));
    expect(told.data).toMatchObject({
      reason: expect.stringContaining('8443'),
      runbook: expect.stringContaining('reset'),
    });
    rig.report({ kind: 'state-not-kept', at: 0, error: new Error('x') });
    expect((await source.next()).name).toBe('proxy');
  });

  it('B501 tells of devices to operators only', async () => {
    const rig = await start();
    const [everybody, operator] = [await open(rig), await open(rig, BEARER)];
    signedIn(rig, 'SEP1');
    failed(rig);
    const device = { at: '1970-01-01T00:00:00.000Z', device: 'SEP1', service: 'a', from: null };
    expect(await operator.next('device')).toMatchObject({ data: device });
    expect([(await everybody.next()).name, (await everybody.next()).name]).toEqual(['snapshot', 'service']);
    expect((await open(rig, { authorization: 'Bearer wrong' })).status).toBe(401);
  });

  it('B502 goes on where the reader was, without a snapshot', async () => {
    const rig = await start();
    const source = await open(rig);
    await source.next('snapshot');
    failed(rig);
    const { id } = await source.next('service');
    source.close();
    failed(rig, 'b');
    const again = await open(rig, { 'last-event-id': String(id) });
    expect(await again.next()).toMatchObject({ name: 'service', data: { id: 'b' } });
  });

  it.each([
    ['of another process', () => '00000000-1'],
    ['of the future', (id: string) => `${id.split('-')[0]}-999`],
    ['that is none', () => 'x'],
    ['that is too old', (id: string) => id],
  ])('B502 begins again with a snapshot after an id %s', async (_, lastId) => {
    const rig = await start({ live: { bounds: { entries: 4 } } });
    const source = await open(rig);
    const { id } = await source.next('snapshot');
    for (let n = 0; n < 9; n++) signedIn(rig, `SEP${n}`);
    const again = await open(rig, { 'last-event-id': lastId(String(id)) });
    expect((await again.next()).name).toBe('snapshot');
  });

  it('B503 shows every 15 s that the proxy is alive', async () => {
    const clock = createFakeClock();
    const source = await open(await start({ clock }));
    await source.next('snapshot');
    await clock.advance(15_000);
    expect(await source.next()).toMatchObject({ name: 'alive', id: null, data: { at: expect.any(String) } });
    await clock.advance(15_000);
    expect((await source.next()).name).toBe('alive');
  });

  it('B504 a reader that is behind gets a snapshot once it can take it', async () => {
    const clock = createFakeClock();
    const rig = await start({ clock, live: { bounds: { entries: 500 } } });
    const source = await open(rig, BEARER);
    const { id } = await source.next('snapshot');
    source.answer.pause();
    const count = await flood(rig, clock);
    source.answer.resume();
    const snapshot = await source.next('snapshot');
    expect(snapshot.id).toBe(`${id?.split('-')[0]}-${count}`);
  });

  it('B504 and is cut off if it cannot within 30 s', async () => {
    const clock = createFakeClock();
    const rig = await start({ clock, live: { bounds: { entries: 500 } } });
    const source = await open(rig, BEARER);
    await source.next('snapshot');
    source.answer.pause();
    await flood(rig, clock);
    await clock.advance(30_000);
    source.answer.resume();
    await source.ended;
    expect(source.answer.complete).toBe(false);
  });

  it('B505 streams are bounded, from one address and in all', async () => {
    const rig = await start({ live: { bounds: { perAddress: 2 } } });
    const [first] = [await open(rig, BEARER), await open(rig, BEARER)];
    const refused = await request(rig.origin).get('/events').set('Authorization', BEARER.authorization).expect(503);
    expect(refused.body.error.code).toBe('too-many-streams');
    first.close();
    await first.ended;
    for (;;) if ((await open(rig, BEARER)).status === 200) break;
  });

  it('B505 those without a token take none from operators, who have 16 for each address and 64 in all', async () => {
    const rig = await start();
    for (let n = 0; n < 8; n++) expect((await open(rig)).status).toBe(200);
    expect((await open(rig)).status).toBe(503);
    for (let n = 0; n < 16; n++) expect((await open(rig, BEARER)).status).toBe(200);
    expect((await open(rig, BEARER)).status).toBe(503);
    // What comes from many addresses is bounded too.
    let address = 0;
    const openFrom = (isOperator: boolean) =>
      rig.streams.open({
        ...{ address: `10.0.0.${address++}`, isOperator, getsDevices: false, mayRead: () => true },
        ...{ lastEventId: undefined, write: () => true, onDrain: () => {}, end: () => {}, cutOff: () => {} },
      }) !== null;
    const opened = (isOperator: boolean) => Array.from({ length: 100 }, () => openFrom(isOperator)).filter(Boolean);
    expect([opened(false).length + 8, opened(true).length + 16]).toEqual([32, 64]);
  });

  it('B506 a stream ends with the session that it came with, and with the proxy', async () => {
    const rig = await start();
    const { headers } = await request(rig.origin).post('/session').send({ token: READ_TOKEN });
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    const [mine, everybody] = [await open(rig, { cookie }), await open(rig)];
    signedIn(rig, 'SEP1');
    expect((await mine.next('device')).data.device).toBe('SEP1');
    await request(rig.origin).delete('/session').set('Cookie', cookie).set('Origin', rig.origin).expect(204);
    await mine.ended;
    await everybody.next('snapshot');
    await rig.server.stop();
    await everybody.ended;
    expect([mine.answer.complete, everybody.answer.complete]).toEqual([true, true]);
  });

  it('B506 also when the session ends by itself, or its operator may no longer read', async () => {
    const clock = createFakeClock();
    let operators = (await import('./ops-rig.ts')).OPERATORS;
    const rig = await start({ clock, operators: () => operators });
    const { headers } = await request(rig.origin).post('/session').send({ token: TOKEN });
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    const [bySession, byToken] = [await open(rig, { cookie }), await open(rig, BEARER)];
    operators = operators.filter(({ name }) => name !== 'wall');
    await clock.advance(15_000);
    await byToken.ended;
    await clock.advance(30 * 60_000);
    await bySession.ended;
    expect([byToken.answer.complete, bySession.answer.complete]).toEqual([true, true]);
  });

  it('B507 nothing is rendered or written when something happens, only when the next turn comes, and nothing without readers', async () => {
    const clock = createFakeClock();
    const rig = await start({ clock });
    for (let n = 0; n < 20_000; n++) signedIn(rig, `SEP${n}`);
    expect(clock.armed()).toBe(0);
    const source = await open(rig, BEARER);
    await source.next('snapshot');
    const armed = clock.armed();
    for (let n = 0; n < 1000; n++) signedIn(rig, `SEP${n}`);
    expect(clock.armed()).toBe(armed + 1);
    await clock.advance(100);
    for (let n = 0; n < 1000; n++) expect((await source.next()).data.device).toBe(`SEP${n}`);
  });
});

/** Until the socket and the stream hold no more; returns how many events that took. */
async function flood(rig: OpsRig, clock: FakeClock): Promise<number> {
  let count = 0;
  const device = 'SEP'.padEnd(5000, '0');
  for (let round = 0; round < 40; round++) {
    for (let n = 0; n < 400; n++) signedIn(rig, device);
    count += 400;
    await clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return count;
}
