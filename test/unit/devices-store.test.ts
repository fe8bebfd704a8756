import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RelayedPage } from '../../src/domain/device.ts';
import { createDeviceRegistry } from '../../src/store/devices.ts';

const HOUR = 3_600_000;

describe('devices', () => {
  it('B80 B81 signing in, moving and signing out are reported once and counted', () => {
    const devices = createDeviceRegistry();
    expect(devices.relayed('SEP1', 'a', 'other', false, 1)).toEqual({ from: null, to: 'a' });
    expect(devices.relayed('SEP1', 'a', 'other', false, 2)).toBeNull();
    expect([devices.signedIn('a'), devices.signedIn('b')]).toEqual([1, 0]);
    expect(devices.relayed('SEP1', 'b', 'other', false, 3)).toEqual({ from: 'a', to: 'b' });
    expect([devices.signedIn('a'), devices.signedIn('b')]).toEqual([0, 1]);
    expect(devices.relayed('SEP1', 'b', 'other', true, 4)).toEqual({ from: 'b', to: null });
    expect([devices.signedIn('a'), devices.signedIn('b'), devices.size()]).toEqual([0, 0, 1]);
  });

  it('B83 a device silent for too long is forgotten, every request counts as a sign of life', () => {
    const devices = createDeviceRegistry();
    devices.relayed('silent', 'a', 'other', false, 0);
    devices.relayed('alive', 'a', 'other', false, 0);
    expect(devices.seen('alive', HOUR)?.seenAt).toBe(HOUR);
    devices.forget(HOUR);
    expect([devices.get('silent'), devices.get('alive')?.service, devices.signedIn('a')]).toEqual([null, 'a', 1]);
  });

  it('B88 names that nobody has signed in with are not remembered for a request or a sign-in form', () => {
    const devices = createDeviceRegistry();
    expect(devices.seen('x', 0)).toBeNull();
    expect(devices.relayed('x', 'a', 'sign-in', false, 0)).toBeNull();
    expect(devices.relayed('x', 'a', 'input', false, 0)).toBeNull();
    expect(devices.relayed('x', 'a', 'other', true, 0)).toBeNull();
    devices.looksAt('x', null, 0);
    expect(devices.size()).toBe(0);
  });

  it('B88 beyond the limit the one silent for longest is forgotten', () => {
    const devices = createDeviceRegistry(3);
    for (const [at, name] of ['x', 'y', 'z'].entries()) devices.relayed(name, 'a', 'other', false, at);
    devices.seen('x', 10);
    devices.relayed('new', 'a', 'other', false, 11);
    expect([devices.size(), devices.signedIn('a'), devices.get('y'), devices.get('x')?.service]).toEqual([
      3,
      3,
      null,
      'a',
    ]);
  });

  it('B73 a device looks at an outage until a page is relayed to it', () => {
    const devices = createDeviceRegistry();
    devices.looksAt('x', 'a', 1);
    expect(devices.get('x')).toMatchObject({ looking: 'a', service: null, seenAt: 1 });
    devices.relayed('x', 'a', 'sign-in', false, 2);
    expect(devices.get('x')?.looking).toBeNull();
    devices.looksAt('x', 'a', 3);
    devices.looksAt('x', null, 4);
    expect(devices.get('x')?.looking).toBeNull();
  });

  it('B84 what is kept of a prefill is id, extension and the address, nothing that came with them', () => {
    const devices = createDeviceRegistry();
    const prefill = { id: '1001', extension: null, password: 'canary' };
    devices.prefilled('x', prefill, '10.0.0.1', 1);
    expect(devices.get('x')?.prefill).toEqual({ id: '1001', extension: null, address: '10.0.0.1' });
  });

  it('agrees with a list that is searched from end to end, whatever happens', () => {
    const name = fc.constantFrom('p', 'q', 'r', 's', 't');
    const service = fc.constantFrom('a', 'b');
    const act = fc.oneof(
      fc.tuple(fc.constant('seen' as const), name),
      fc.tuple(
        fc.constant('relayed' as const),
        name,
        service,
        fc.constantFrom<RelayedPage>('sign-in', 'input', 'other'),
        fc.boolean(),
      ),
      fc.tuple(fc.constant('looksAt' as const), name, fc.option(service)),
      fc.tuple(fc.constant('prefilled' as const), name),
      fc.tuple(fc.constant('forget' as const), fc.nat(10)),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (script) => {
        const devices = createDeviceRegistry(4);
        let model: { name: string; at: number; service: string | null }[] = [];
        for (const [at, step] of script.entries()) {
          if (step[0] === 'forget') {
            devices.forget(at - step[1]);
            model = model.filter((one) => one.at >= at - step[1]);
          } else {
            const known = model.find((one) => one.name === step[1]);
            let home = known?.service ?? null;
            let isKept = known !== undefined;
            if (step[0] === 'seen') devices.seen(step[1], at);
            else if (step[0] === 'prefilled') {
              devices.prefilled(step[1], { id: '1', extension: null }, '10.0.0.1', at);
              isKept = true;
            } else if (step[0] === 'looksAt') {
              devices.looksAt(step[1], step[2], at);
              isKept ||= step[2] !== null;
            } else {
              const [, device, on, page, logout] = step;
              if (logout || page === 'sign-in') home = home === on ? null : home;
              else if (page === 'other') home = on;
              isKept ||= home !== null;
              const from = known?.service ?? null;
              const change = home === from ? null : { from, to: home };
              expect(devices.relayed(device, on, page, logout, at)).toEqual(change);
            }
            // Only a request makes a device the last one; what comes of it does not.
            const request = step[0] === 'seen' || step[0] === 'prefilled';
            if (known !== undefined && !request) known.service = home;
            else if (isKept) {
              model = [...model.filter((one) => one !== known), { name: step[1], at, service: home }].slice(-4);
            }
          }
          expect(devices.size()).toBe(model.length);
          for (const one of model)
            expect(devices.get(one.name)).toMatchObject({ service: one.service, seenAt: one.at });
          for (const id of ['a', 'b']) {
            const names = model.filter((one) => one.service === id).map((one) => one.name);
            expect([devices.signedIn(id), [...devices.signedInDevices(id)]]).toEqual([names.length, names]);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
