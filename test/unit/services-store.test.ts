import { describe, expect, it } from 'vitest';
import { NO_SIGNALS, type ServiceHealth, UNKNOWN_HEALTH } from '../../src/domain/health/state.ts';
import { READY } from '../../src/domain/model.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createFakeClock, START } from '../fake-clock.ts';
import { INFO } from '../scripted-probe.ts';

const DAY = 86_400_000;

function createStore() {
  const clock = createFakeClock();
  const definitions = [
    { id: 'a', name: 'Finesse A', cluster: 'main', probeIntervalMs: 5000 },
    { id: 'x', name: 'Finesse X', cluster: 'other', probeIntervalMs: 5000 },
    { id: 'b', name: 'Finesse B', cluster: 'main', probeIntervalMs: 1000 },
  ];
  return { clock, store: createServiceStore(definitions, { intervalMs: 5000, attempts: 3 }, clock) };
}

function up(at = START): ServiceHealth {
  const confirmed = { failure: null, info: INFO, lastProbeAt: at, latencyMs: 5, confirmedAt: at };
  return { phase: { state: 'in-service', since: at }, ...confirmed };
}

describe('services', () => {
  it('B1 all begin unknown and ready, in the order of the configuration', () => {
    const { store } = createStore();
    expect(store.clusters).toEqual(['main', 'other']);
    expect(store.all().map(({ id }) => id)).toEqual(['a', 'x', 'b']);
    expect(store.cluster('main').map(({ id }) => id)).toEqual(['a', 'b']);
    expect(store.cluster('nothing')).toEqual([]);
    expect(store.get('nothing')).toBeNull();
    expect(store.get('a')).toEqual({
      id: 'a',
      name: 'Finesse A',
      cluster: 'main',
      ...{ site: null, isNear: true, isCutOff: false, rejoinedAt: null, t0: null },
      state: 'unknown',
      attempt: null,
      attempts: 3,
      attemptEndsAt: null,
      since: null,
      failure: null,
      lastProbeAt: null,
      latencyMs: null,
      confirmedAt: null,
      info: null,
      fippaFailing: false,
      dissent: [],
      signals: { ...NO_SIGNALS, notification: 'off', decidedBy: null },
      admin: READY,
    });
  });

  it('B10 since is t0 while reconnecting, then the verdict', () => {
    const { store } = createStore();
    store.restore('a', { health: { ...up(), phase: { state: 'reconnecting', t0: START, attempt: 2, stage: 'full' } } });
    expect(store.get('a')).toMatchObject({ since: START, attempt: 2, attemptEndsAt: START + 10_000 });
    const out = { state: 'out-of-service', since: START + 15_000, t0: START, confirmedInARow: 0 } as const;
    store.restore('a', { health: { ...UNKNOWN_HEALTH, phase: out } });
    expect(store.get('a')).toMatchObject({ since: START + 15_000, attempt: null, attemptEndsAt: null });
    expect(store.cluster('main')[0]).toBe(store.get('a'));
  });

  it('B50 B52 B58 alternates are of the same cluster, and fresh by their own probe interval', async () => {
    const { clock, store } = createStore();
    for (const id of ['a', 'b', 'x']) store.restore(id, { health: up() });
    const alternatesOf = (id: string) => store.alternates(store.get(id)!).map((status) => status.id);
    expect([alternatesOf('a'), alternatesOf('b'), alternatesOf('x')]).toEqual([['b'], ['a'], []]);
    await clock.advance(2001);
    expect([alternatesOf('a'), alternatesOf('b')]).toEqual([[], ['a']]);
    await clock.advance(8000);
    expect(alternatesOf('b')).toEqual([]);
  });

  it('B60 B62 fippa failing begins with the third failed request and ends with a relayed page', () => {
    const { store } = createStore();
    store.restore('a', { health: up() });
    expect(['SEP1', 'SEP2', 'SEP1', 'SEP3'].map((device) => store.requestFailed('a', device))).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(store.get('a')?.fippaFailing).toBe(true);
    expect([store.pageRelayed('a'), store.pageRelayed('a'), store.get('a')?.fippaFailing]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('B61 B430 fippa failing ends by itself, in its own time if one is configured, and who is asked hears of it', () => {
    const clock = createFakeClock();
    const settings = { intervalMs: 5000, attempts: 3, fippaFailingForMs: 2000 };
    const store = createServiceStore([{ id: 'a', name: 'A', cluster: 'main', probeIntervalMs: 1000 }], settings, clock);
    const passed: unknown[] = [];
    const woken: string[] = [];
    store.onPassed((id, each) => passed.push([id, each]));
    store.onWakeChange((id) => woken.push(id));
    store.restore('a', { health: up() });
    for (const device of ['SEP1', 'SEP2', 'SEP3']) store.requestFailed('a', device);
    expect([store.wakeAt('a'), woken]).toEqual([START + 2000, ['a']]);
    store.apply('a', { kind: 'time', at: START + 1999 });
    expect([store.get('a')?.fippaFailing, passed]).toEqual([true, []]);
    store.apply('a', { kind: 'time', at: START + 2000 });
    expect(store.get('a')?.fippaFailing).toBe(false);
    expect(passed).toEqual([['a', { kind: 'fippa-failing' }]]);
  });

  it('B62 a page relayed in between starts the count again', () => {
    const { store } = createStore();
    store.restore('a', { health: up() });
    store.requestFailed('a', 'SEP1');
    store.requestFailed('a', 'SEP2');
    expect(store.pageRelayed('a')).toBe(false);
    expect(store.requestFailed('a', 'SEP1')).toBe(false);
  });

  it('B63 failed requests count only while the service is in service, and an outage ends fippa failing', () => {
    const { store } = createStore();
    for (const device of ['SEP1', 'SEP2', 'SEP3']) expect(store.requestFailed('a', device)).toBe(false);
    store.restore('a', { health: up() });
    expect(store.get('a')?.fippaFailing).toBe(false);
    for (const device of ['SEP1', 'SEP2', 'SEP3']) store.requestFailed('a', device);
    store.apply('a', { kind: 'failed', at: START, failure: { code: 'refused', detail: '' } });
    store.restore('a', { health: up() });
    expect(store.get('a')?.fippaFailing).toBe(false);
  });

  it('B79 a setting with an end becomes ready at that time, and listeners hear of both', () => {
    const { store } = createStore();
    const heard: unknown[] = [];
    store.onAdminChange((id, { admin }) => heard.push([id, admin]));
    const until = START + 40 * DAY;
    store.setAdmin('a', { admin: 'maint', reason: 'patches', until });
    expect(store.wakeAt('a')).toBe(until);
    store.apply('a', { kind: 'time', at: until - 1 });
    expect(store.get('a')?.admin.admin).toBe('maint');
    store.apply('a', { kind: 'time', at: until });
    expect([store.get('a')?.admin, store.wakeAt('a')]).toEqual([READY, null]);
    expect(heard).toEqual([
      ['a', 'maint'],
      ['a', 'ready'],
    ]);
  });

  it('B79 a newer setting cancels the end of the one before', () => {
    const { store } = createStore();
    store.setAdmin('a', { admin: 'maint', reason: null, until: START + 1000 });
    store.setAdmin('a', { admin: 'drain', reason: null, until: null });
    store.apply('a', { kind: 'time', at: START + 5000 });
    expect(store.get('a')?.admin.admin).toBe('drain');
  });

  it('B79 B23 health does not touch what the operator set, nor the other way round', () => {
    const { store } = createStore();
    const setting = { admin: 'drain', reason: 'tests', until: null } as const;
    store.setAdmin('a', setting);
    store.restore('a', { health: up() });
    expect(store.get('a')).toMatchObject({ admin: setting, state: 'in-service' });
    store.setAdmin('a', READY);
    expect(store.health('a')).toEqual(up());
  });
});
