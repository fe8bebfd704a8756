import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Device, newDevice, reduceRelayed } from '../../src/domain/device.ts';
import type { AdminState, HealthState, ServiceStatus } from '../../src/domain/model.ts';
import { decideRoute, isElsewhere, selectFrontDoor, selectReconnectRefresh } from '../../src/domain/routing.ts';
import { selectSignIns } from '../../src/records/sign-ins.ts';
import { START } from '../fake-clock.ts';
import { INFO } from '../scripted-probe.ts';
import { serviceStatus } from '../service-status.ts';

function service(state: HealthState, admin: AdminState = 'ready', id = 'a'): ServiceStatus {
  return serviceStatus({ id, state, admin: { admin, reason: null, until: null } });
}

const STATES: readonly HealthState[] = ['unknown', 'in-service', 'reconnecting', 'out-of-service'];
const AWAY = { signedInHere: false, looking: false, entry: true, elsewhere: false, notice: false };

describe('where a request goes', () => {
  it('B1 B70 it is relayed while the service is in service or not known yet, fippa failing or not', () => {
    for (const state of ['unknown', 'in-service'] as const) {
      expect(decideRoute(service(state), AWAY, 1)).toBe('relay');
      expect(decideRoute({ ...service(state), fippaFailing: true }, AWAY, 1)).toBe('relay');
    }
  });

  it('B71 while reconnecting it gets the reconnecting page, alternates or not', () => {
    expect([0, 2].map((alternates) => decideRoute(service('reconnecting'), AWAY, alternates))).toEqual([
      'reconnecting',
      'reconnecting',
    ]);
  });

  it('B72 out of service it gets the menu of alternates, or without any the waiting page', () => {
    expect(decideRoute(service('out-of-service'), AWAY, 1)).toBe('unavailable');
    expect(decideRoute(service('out-of-service'), AWAY, 0)).toBe('waiting');
  });

  it('B73 who looked at an outage page and asks for the entry is led back; any other request is relayed', () => {
    expect(decideRoute(service('in-service'), { ...AWAY, looking: true }, 0)).toBe('recovered');
    expect(decideRoute(service('in-service'), { ...AWAY, looking: true, entry: false }, 0)).toBe('relay');
  });

  it('B74 in maint nobody is served, in drain only who is signed in there, whatever the state', () => {
    for (const state of STATES) {
      for (const signedInHere of [true, false]) {
        const visit = { ...AWAY, signedInHere };
        expect(decideRoute(service(state, 'maint'), visit, 1)).toBe('maintenance');
        if (!signedInHere) expect(decideRoute(service(state, 'drain'), visit, 1)).toBe('maintenance');
        else expect(decideRoute(service(state, 'drain'), visit, 1)).toBe(decideRoute(service(state), visit, 1));
      }
    }
  });
});

describe('a service that was left', () => {
  const page = (device: Device, id: string) => reduceRelayed(device, id, 'other', false);
  const onB = page(page(newDevice(START), 'a'), 'b');
  const b = service('in-service', 'ready', 'b');
  const HOUR = 3_600_000;

  it('B420 is asked about whatever its state, as long as the one where the agent is serves', () => {
    for (const state of STATES) {
      expect(decideRoute(service(state), { ...AWAY, elsewhere: true }, 1)).toBe('elsewhere');
      expect(isElsewhere(onB, 'a', service(state, 'drain', 'b'), START)).toBe(state !== 'out-of-service');
    }
    expect(isElsewhere(onB, 'a', service('in-service', 'maint', 'b'), START)).toBe(false);
    expect(isElsewhere(onB, 'a', { ...b, fippaFailing: true }, START)).toBe(false);
  });

  it('B420 is none where the device never was, or where it is now', () => {
    expect(isElsewhere(onB, 'c', b, START)).toBe(false);
    expect(isElsewhere(onB, 'b', b, START)).toBe(false);
  });

  it('B421 is remembered for 12 hours, also over a sign-out, and for four services at most', () => {
    const again = page(reduceRelayed(onB, 'b', 'sign-in', false), 'b');
    expect(isElsewhere(again, 'a', b, START + 12 * HOUR - 1)).toBe(true);
    expect(isElsewhere(again, 'a', b, START + 12 * HOUR)).toBe(false);
    const many = ['c', 'd', 'e', 'f', 'b'].reduce(page, onB);
    expect(many.left.map((each) => each.service)).toEqual(['c', 'd', 'e', 'f']);
    expect(page(many, 'd').left.map((each) => each.service)).toEqual(['c', 'e', 'f', 'b']);
  });

  it('B421 is read back after a restart, also from a file of a version that kept none', () => {
    const place = { from: null, place: null, model: null, prefill: null };
    const line = { device: 'SEP1', service: 'b', since: START, seenAt: START, ...place };
    const lefts = [{ service: 'a', at: START }];
    const read = (each: object) =>
      selectSignIns({ lines: [each], writtenAt: START, damage: null }, START, HOUR).devices.map(({ left }) => left);
    expect(read({ ...line, left: lefts })).toEqual([lefts]);
    expect(read(line)).toEqual([[]]);
  });

  it('B84 is read back without an id that no agent could have typed', () => {
    const prefill = { id: '\ud800', extension: '2001', address: '10.0.0.1' };
    const line = { device: 'SEP1', service: 'b', since: START, seenAt: START, from: null, place: null, model: null };
    const { devices } = selectSignIns({ lines: [{ ...line, prefill }], writtenAt: START, damage: null }, START, HOUR);
    expect(devices).toMatchObject([{ service: 'b', prefill: { id: null, extension: '2001' } }]);
  });

  it('B422 is free while the device is signed in nowhere', () => {
    expect(isElsewhere(reduceRelayed(onB, 'b', 'sign-in', false), 'a', null, START)).toBe(false);
  });

  it('B423 stays chosen while its form is on the screen, until the device is at home again', () => {
    const choosing = reduceRelayed(onB, 'a', 'sign-in', false);
    expect(isElsewhere(choosing, 'a', b, START)).toBe(false);
    expect(isElsewhere(page(choosing, 'b'), 'a', b, START)).toBe(true);
  });
});

describe('the front door', () => {
  const home = service('out-of-service', 'maint', 'home');
  const select = (services: readonly ServiceStatus[], signedInOn: string | null = null) =>
    selectFrontDoor(
      services.map((status) => ({ status, freshForMs: 10_000 })),
      signedInOn,
      START,
    ).id;
  const better = serviceStatus({ id: 'better' });

  it('B75 leads to the service where the device is signed in, whatever its state', () => {
    expect(select([service('in-service'), home], 'home')).toBe('home');
    expect(select([serviceStatus({ id: 'home', fippaFailing: true }), better], 'home')).toBe('home');
  });

  it('B76 else to the first in-service, ready one in the order of the configuration', () => {
    const services = [
      service('out-of-service', 'ready', 'a'),
      service('in-service', 'drain', 'b'),
      service('in-service', 'ready', 'c'),
      service('in-service', 'ready', 'd'),
    ];
    expect(select(services)).toBe('c');
    expect(select(services, 'gone')).toBe('c');
  });

  it.each<[string, Partial<ServiceStatus>]>([
    ['Finesse is in maintenance mode there', { info: { ...INFO, finesseMMode: 'IN_PROGRESS' } }],
    ['its CTI heartbeat failed', { info: { ...INFO, lastCtiHeartbeatStatus: 'failure' } }],
    ['fippa fails there', { fippaFailing: true }],
    ['it refuses the credentials of the probe', { failure: { code: 'unauthorized', detail: '' } }],
    ['its last confirmation is old', { confirmedAt: START - 10_001 }],
    ['it was never confirmed', { confirmedAt: null }],
  ])('B76 passes over a service that is in service but no alternate, while there is a better one: %s', (_, but) => {
    const worse = serviceStatus({ id: 'worse', ...but });
    expect(select([worse, better])).toBe('better');
    expect(select([worse, { ...worse, id: 'other' }])).toBe('worse');
    expect(select([service('unknown', 'ready', 'unknown'), worse])).toBe('worse');
    expect(select([service('in-service', 'drain', 'drained'), worse])).toBe('worse');
  });

  it('B77 with none in service to the least bad: unknown, reconnecting, out of service; not ready ones last', () => {
    const order = [
      service('unknown', 'ready', 'a'),
      service('reconnecting', 'ready', 'b'),
      service('out-of-service', 'ready', 'c'),
      service('in-service', 'maint', 'd'),
    ];
    for (let from = 0; from < order.length; from++) {
      expect(select(order.slice(from).toReversed())).toBe(order[from]?.id);
    }
  });
});

describe('the Refresh of the reconnecting page', () => {
  it('B78 is whole, never 0, and leads to 1 to 2 s after the end of the attempt', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (leftMs, spread) => {
        const seconds = selectReconnectRefresh(1_000_000 + leftMs, 1_000_000, spread);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(1);
        expect(seconds * 1000 - leftMs).toBeGreaterThanOrEqual(1000);
        expect(seconds * 1000 - leftMs).toBeLessThanOrEqual(2000);
      }),
    );
  });

  it('B78 counts from now when the attempt has ended already', () => {
    expect([0, 0.9].map((spread) => selectReconnectRefresh(1000, 9000, spread))).toEqual([1, 2]);
  });

  it('B78 spreads the devices where two values fit, and phones that ask at different times anyway', () => {
    expect([0, 0.49, 0.5, 1].map((spread) => selectReconnectRefresh(4000, 0, spread))).toEqual([5, 5, 6, 6]);
    const back = Array.from(
      { length: 100 },
      (_, phone) => phone * 50 + selectReconnectRefresh(5000, phone * 50, 0) * 1000,
    );
    expect(Math.max(...back) - Math.min(...back)).toBeGreaterThan(900);
  });
});
