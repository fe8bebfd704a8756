import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AdminState, HealthState, ServiceStatus } from '../../src/domain/model.ts';
import { decideRoute, selectFrontDoor, selectReconnectRefresh } from '../../src/domain/routing.ts';
import { serviceStatus } from '../service-status.ts';

function service(state: HealthState, admin: AdminState = 'ready', id = 'a'): ServiceStatus {
  return serviceStatus({ id, state, admin: { admin, reason: null, until: null } });
}

const STATES: readonly HealthState[] = ['unknown', 'in-service', 'reconnecting', 'out-of-service'];
const AWAY = { signedInHere: false, looking: false, entry: true };

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

describe('the front door', () => {
  const home = service('out-of-service', 'maint', 'home');

  it('B75 leads to the service where the device is signed in, whatever its state', () => {
    expect(selectFrontDoor([service('in-service'), home], 'home').id).toBe('home');
  });

  it('B76 else to the first in-service, ready one in the order of the configuration', () => {
    const services = [
      service('out-of-service', 'ready', 'a'),
      service('in-service', 'drain', 'b'),
      service('in-service', 'ready', 'c'),
      service('in-service', 'ready', 'd'),
    ];
    expect(selectFrontDoor(services, null).id).toBe('c');
    expect(selectFrontDoor(services, 'gone').id).toBe('c');
  });

  it('B77 with none in service to the least bad: unknown, reconnecting, out of service; not ready ones last', () => {
    const order = [
      service('unknown', 'ready', 'a'),
      service('reconnecting', 'ready', 'b'),
      service('out-of-service', 'ready', 'c'),
      service('in-service', 'maint', 'd'),
    ];
    for (let from = 0; from < order.length; from++) {
      expect(selectFrontDoor(order.slice(from).toReversed(), null).id).toBe(order[from]?.id);
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
