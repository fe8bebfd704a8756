import { describe, expect, it } from 'vitest';
import { concerns, type Drill, overlayStatus } from '../../src/domain/drill.ts';
import type { EventOf } from '../../src/domain/events.ts';
import type { ServiceStatus } from '../../src/domain/model.ts';
import { createDrills } from '../../src/store/drills.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createEventRecord } from '../event-record.ts';
import { createFakeClock, START } from '../fake-clock.ts';
import { INFO } from '../scripted-probe.ts';

const SETTINGS = { intervalMs: 5000, attempts: 3 };
const drill: Drill = {
  ...{ service: 'a', cluster: 'main', startedAt: START, until: START + 60_000, devices: null, who: 'kim' },
};

describe('B520 phones of a drill see the timeline of an outage that began with it', () => {
  const status = { id: 'a', state: 'in-service', attempt: null, since: 0, fippaFailing: true } as ServiceStatus;
  it.each([
    [0, 'reconnecting', 1, 0, 5000],
    [4999, 'reconnecting', 1, 0, 5000],
    [5000, 'reconnecting', 2, 0, 10_000],
    [14_999, 'reconnecting', 3, 0, 15_000],
    [15_000, 'out-of-service', null, 15_000, null],
    [59_000, 'out-of-service', null, 15_000, null],
    [-3000, 'reconnecting', 1, 0, 5000],
  ] as const)('after %i ms', (afterMs, state, attempt, since, endsAt) => {
    expect(overlayStatus(status, drill, START + afterMs, SETTINGS)).toMatchObject({
      ...{ state, attempt, since: START + since, fippaFailing: false, failure: null },
      attemptEndsAt: endsAt === null ? null : START + endsAt,
    });
  });

  it('all of them, or those that are named', () => {
    expect(concerns(drill, 'SEP1')).toBe(true);
    const some = { ...drill, devices: new Set(['SEP1']) };
    expect([concerns(some, 'SEP1'), concerns(some, 'SEP2')]).toEqual([true, false]);
  });
});

function startDrills() {
  const clock = createFakeClock();
  const services = ['a', 'b'].map((id) => ({ id, name: id, cluster: 'main', probeIntervalMs: 60_000 }));
  const store = createServiceStore(services, SETTINGS, clock);
  const record = createEventRecord(clock);
  const drills = createDrills({ store, reconnect: SETTINGS, clock, report: record.report });
  const confirm = (id: string) => {
    const probe = { kind: 'probe', at: clock.now(), startedAt: clock.now(), latencyMs: 1 } as const;
    store.apply(id, { ...probe, outcome: { kind: 'confirmed', info: INFO } });
  };
  const begin = (over: Partial<Parameters<typeof drills.begin>[0]> = {}) =>
    drills.begin({ service: 'a', forMs: 60_000, devices: null, reason: null, who: 'kim', address: null, ...over });
  const told = () => record.events.filter(({ kind }) => kind.startsWith('drill-'));
  return { clock, store, drills, confirm, begin, told };
}

describe('drills', () => {
  it('B521 are refused while a service of the cluster is not in service, or another one is on there', () => {
    const { confirm, begin } = startDrills();
    expect(begin()).toBe('a is unknown: a drill would make it worse');
    confirm('a');
    expect(begin()).toBe('b is unknown: a drill would make it worse');
    confirm('b');
    expect(begin()).toBeNull();
    expect(begin({ service: 'b' })).toBe('a drill of a, in the same cluster, is on');
  });

  it('B521 and when agents could be offered nothing else', () => {
    const { store, confirm, begin } = startDrills();
    for (const id of ['a', 'b']) confirm(id);
    store.setAdmin('b', { admin: 'drain', reason: 'x', until: null });
    expect(begin()).toBe('no other service could be offered to its agents');
  });

  it('B520 change nothing of what is known of the service, nor for other phones', async () => {
    const { clock, store, drills, confirm, begin } = startDrills();
    for (const id of ['a', 'b']) confirm(id);
    expect(drills.viewFor('SEP1')).toBe(store);
    begin({ devices: ['SEP1'] });
    expect(drills.viewFor('SEP2')).toBe(store);
    await clock.advance(15_000);
    const view = drills.viewFor('SEP1');
    const a = view.get('a') as ServiceStatus;
    expect([a.state, store.get('a')?.state]).toEqual(['out-of-service', 'in-service']);
    expect(view.alternates(a).map(({ id }) => id)).toEqual(['b']);
    expect(view.alternates(view.get('b') as ServiceStatus)).toEqual([]);
    expect(view.get('nothing')).toBeNull();
  });

  it('B522 end by themselves', async () => {
    const { clock, store, drills, confirm, begin, told } = startDrills();
    for (const id of ['a', 'b']) confirm(id);
    begin();
    await clock.advance(60_000);
    expect(told()).toMatchObject([
      { kind: 'drill-began', until: START + 60_000, who: 'kim' },
      { kind: 'drill-verdict', at: START + 15_000 },
      { kind: 'drill-ended', at: START + 60_000, because: 'time', who: null },
    ]);
    expect(drills.viewFor('SEP1')).toBe(store);
    expect(clock.armed()).toBe(0);
  });

  it.each([
    ['by an operator', 'operator', ({ drills }: Started) => drills.end('a', 'kim', null)],
    ['with the process', 'stopping', ({ drills }: Started) => drills.stop()],
    ['when fippa fails', 'real-failure', ({ drills }: Started) => drills.handlers['fippa-failing']?.(FIPPA)],
    [
      'when another one of the cluster fails',
      'real-failure',
      ({ drills }: Started) => drills.handlers['service-changed']?.(FAILED),
    ],
    [
      'with the service',
      'removed',
      ({ store, drills }: Started) => {
        store.reconfigure([], SETTINGS);
        drills.reconfigure(SETTINGS);
      },
    ],
  ] as const)('B522 end %s', (_, because, act) => {
    const started = startDrills();
    for (const id of ['a', 'b']) started.confirm(id);
    started.begin();
    act(started);
    expect(started.told().at(-1)).toMatchObject({ kind: 'drill-ended', because });
    expect(started.drills.get('a')).toBeNull();
    expect(started.clock.armed()).toBe(0);
    expect(started.drills.end('a', 'kim', null)).toBe(false);
  });
});

type Started = ReturnType<typeof startDrills>;
const FIPPA = { kind: 'fippa-failing', at: START, service: 'b' } as const;
const FAILED: EventOf<'service-changed'> = {
  ...{ kind: 'service-changed', at: START, service: 'b', from: 'in-service', to: 'reconnecting', attempt: 1 },
  ...{ since: START, failure: null, decidedBy: null },
};
