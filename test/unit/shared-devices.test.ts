/** Phones that several proxies know: which of two says counts, and that all say the same in the end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/domain/register.ts';
import { createFacts } from '../../src/shared/replica.ts';
import { createDeviceRegistry, type DeviceRegistry } from '../../src/store/devices.ts';
import { createSharedDevices } from '../../src/store/shared-devices.ts';
import { createEventRecord } from '../event-record.ts';
import { createFactHub } from '../fact-hub.ts';
import { createFakeClock, START } from '../fake-clock.ts';
import { expectKept, watchWrites, withNewer } from '../newer-fields.ts';

const HOUR = 3_600_000;

function create(names: readonly string[], services = ['a', 'b']) {
  const clock = createFakeClock();
  const hub = createFactHub(clock);
  const proxies = names.map((proxy) => {
    const facts = createFacts({ proxy, clock });
    const devices = createDeviceRegistry();
    const record = createEventRecord(clock);
    const shared = createSharedDevices({
      ...{ facts, devices, clock, report: record.report, forgetAfterMs: 12 * HOUR },
      isService: (id) => services.includes(id),
    });
    void shared.begin();
    hub.join(facts);
    return { facts, devices, shared, record };
  });
  return { clock, hub, proxies };
}

type Proxy = ReturnType<typeof create>['proxies'][number];

/** A page of the service to the phone, as `phones/handler.ts` notes and reports it. */
const relay = ({ devices, shared }: Proxy, service: string, page: 'other' | 'sign-in', at: number) => {
  const change = devices.relayed('SEP1', service, page, false, at);
  shared.handlers['page-relayed']?.({ kind: 'page-relayed', at, service, device: 'SEP1', page, durationMs: 0 });
  return change;
};

const signIn = (devices: DeviceRegistry, service: string, at: number) =>
  devices.relayed('SEP1', service, 'other', false, at);

describe('a phone', () => {
  it('is not told of to and fro because clocks are known to some ms only', async () => {
    const { clock, proxies } = create(['p1', 'p2']);
    const [one, two] = proxies as [(typeof proxies)[0], (typeof proxies)[0]];
    let told = 0;
    one.facts.subscribe('devices', () => {
      told += 1;
      // What each knows of the store's clock wavers.
      for (const { facts } of proxies) facts.heardTime(clock.now() + ((told * 7) % 5) - 2);
    });
    signIn(one.devices, 'a', clock.now());
    await clock.advance(5000);
    expect(two.devices.get('SEP1')?.service).toBe('a');
    expect(told).toBeLessThan(5);
  });

  it('B817 that was kept over a restart is as old as it was, on a machine whose clock is ahead of the store as well', async () => {
    const { clock, hub, proxies } = create(['p1']);
    const [one] = proxies as [(typeof proxies)[0]];
    const aheadMs = 60_000;
    signIn(one.devices, 'b', clock.now());
    await clock.advance(1000);
    // It was on `a` before; its machine is a minute ahead, and so is all that it had kept.
    const own = createDeviceRegistry();
    signIn(own, 'a', START - 10_000 + aheadMs);
    const wrong = { ...clock, now: () => clock.now() + aheadMs };
    const facts = createFacts({ proxy: 'p2', clock: wrong });
    facts.heardTime(clock.now());
    const shared = createSharedDevices({
      ...{ facts, devices: own, clock: wrong, report: createEventRecord(clock).report, forgetAfterMs: 12 * HOUR },
      isService: () => true,
    });
    hub.join(facts);
    await shared.begin();
    await clock.advance(1000);
    expect([own, one.devices].map((devices) => devices.get('SEP1')?.service)).toEqual(['b', 'b']);
  });

  it('B842 that signed in where the clock was a day ahead, before the store could be had, signs out at another proxy all the same', async () => {
    const { clock, hub, proxies } = create(['p1']);
    const [one] = proxies as [(typeof proxies)[0]];
    const wrong = { ...clock, now: () => clock.now() + 24 * HOUR };
    const facts = createFacts({ proxy: 'p2', clock: wrong });
    const devices = createDeviceRegistry();
    const { report } = createEventRecord(clock);
    const shared = createSharedDevices({
      ...{ facts, devices, clock: wrong, report, forgetAfterMs: 12 * HOUR, isService: () => true },
    });
    const two = { ...one, facts, devices, shared };
    void shared.begin();
    relay(two, 'a', 'other', wrong.now());
    await clock.advance(1000);
    facts.heardTime(clock.now());
    hub.join(facts);
    await clock.advance(1000);
    expect(one.devices.get('SEP1')?.service).toBe('a');
    relay(one, 'a', 'sign-in', clock.now());
    await clock.advance(1000);
    expect([one, two].map((each) => each.devices.get('SEP1')?.service)).toEqual([null, null]);
  });

  it('that a proxy has only just met keeps what another one knows of it', async () => {
    const { clock, hub, proxies } = create(['p1', 'p2']);
    const [one, two] = proxies as [(typeof proxies)[0], (typeof proxies)[0]];
    hub.cut('p2');
    signIn(one.devices, 'a', clock.now());
    one.devices.prefilled('SEP1', { id: '1001', extension: '2001' }, '10.0.0.1', clock.now());
    one.devices.signedInFrom('SEP1', { address: '10.0.0.1', origin: 'http://one' }, 'CP-8841');
    await clock.advance(2000);
    // Its next request comes to the other one, which sees that it is signed in there and knows no more.
    signIn(two.devices, 'a', clock.now());
    await clock.advance(1000);
    hub.heal('p2');
    await clock.advance(1000);
    for (const { devices } of [one, two]) {
      expect(devices.get('SEP1')).toMatchObject({
        ...{ service: 'a', since: START, model: 'CP-8841' },
        prefill: { id: '1001', extension: '2001' },
      });
      expect(devices.signedIn('a')).toBe(1);
    }
  });

  it('that signed in elsewhere without its proxy knowing where it was has left there all the same', async () => {
    const { clock, hub, proxies } = create(['p1', 'p2']);
    const [one, two] = proxies as [(typeof proxies)[0], (typeof proxies)[0]];
    hub.cut('p2');
    signIn(one.devices, 'a', clock.now());
    await clock.advance(1000);
    signIn(two.devices, 'b', clock.now());
    hub.heal('p2');
    await clock.advance(1000);
    for (const { devices } of [one, two])
      expect(devices.get('SEP1')).toMatchObject({ service: 'b', left: [{ service: 'a' }] });
    expect(one.record.events).toContainEqual(
      expect.objectContaining({ kind: 'device-heard', device: 'SEP1', from: 'a', to: 'b', proxy: 'p2' }),
    );
  });

  it('B657 that signed out is not signed in again by a proxy that tells of something else later', async () => {
    const { clock, hub, proxies } = create(['p1', 'p2']);
    const [one, two] = proxies as [(typeof proxies)[0], (typeof proxies)[0]];
    signIn(one.devices, 'a', clock.now());
    await clock.advance(1000);
    hub.hold();
    two.devices.relayed('SEP1', 'a', 'sign-in', false, clock.now());
    await clock.advance(50);
    // It has not heard of that yet, and its word is the later one.
    one.devices.looksAt('SEP1', 'a', clock.now());
    await clock.advance(50);
    hub.hold(false);
    await clock.advance(1000);
    for (const { devices } of [one, two]) expect(devices.get('SEP1')).toMatchObject({ service: null, looking: 'a' });
  });

  it('B981 that signs out at one proxy and in at another, which has not heard of that, is signed in', async () => {
    const { clock, hub, proxies } = create(['p1', 'p2', 'p3']);
    const [one, two] = proxies as [Proxy, Proxy];
    relay(two, 'a', 'other', clock.now());
    await clock.advance(60_000);
    hub.hold();
    relay(one, 'a', 'sign-in', clock.now());
    await clock.advance(50);
    expect(relay(two, 'a', 'other', clock.now())).toBeNull();
    const signedInAt = clock.now();
    await clock.advance(50);
    hub.hold(false);
    await clock.advance(1000);
    for (const { devices } of proxies) expect(devices.get('SEP1')).toMatchObject({ service: 'a', since: signedInAt });
    relay(one, 'a', 'sign-in', clock.now());
    await clock.advance(1000);
    for (const { devices } of proxies) expect(devices.get('SEP1')).toMatchObject({ service: null });
  });

  it('B981 is not signed in by a page that it asked for before it signed out', async () => {
    const { clock, hub, proxies } = create(['p1', 'p2']);
    const [one, two] = proxies as [Proxy, Proxy];
    relay(two, 'a', 'other', clock.now());
    await clock.advance(1000);
    hub.hold();
    relay(one, 'a', 'sign-in', clock.now());
    await clock.advance(50);
    const late = { service: 'a', device: 'SEP1', page: 'other', durationMs: 100 } as const;
    two.shared.handlers['page-relayed']?.({ kind: 'page-relayed', at: clock.now(), ...late });
    hub.hold(false);
    await clock.advance(1000);
    for (const { devices } of proxies) expect(devices.get('SEP1')).toMatchObject({ service: null });
  });

  it('B658 that is there is forgotten by nobody, and one that is silent by all', async () => {
    const { clock, proxies } = create(['p1', 'p2']);
    const [one, two] = proxies as [(typeof proxies)[0], (typeof proxies)[0]];
    signIn(one.devices, 'a', clock.now());
    const pass = async (hours: number, isThere: boolean) => {
      for (let minutes = 0; minutes < hours * 60; minutes += 10) {
        await clock.advance(600_000);
        if (isThere) one.devices.seen('SEP1', clock.now());
        for (const { devices } of [one, two]) devices.forget(clock.now() - 12 * HOUR);
      }
    };
    await pass(20, true);
    expect([one, two].map(({ devices }) => devices.get('SEP1')?.service)).toEqual(['a', 'a']);
    await pass(13, false);
    expect([one, two].map(({ devices }) => devices.get('SEP1'))).toEqual([null, null]);
  });

  it('is signed in on a service that this proxy does not have, and it does not undo that', async () => {
    const clock = createFakeClock();
    const hub = createFactHub(clock);
    const other = createFacts({ proxy: 'p2', clock });
    hub.join(other);
    const { proxies } = create(['p1']);
    const one = proxies[0] as (typeof proxies)[0];
    hub.join(one.facts);
    const value = { service: 'new', seenAt: clock.now(), signedAt: clock.now() };
    other.set('devices', 'SEP1', value);
    one.devices.looksAt('SEP1', 'a', clock.now());
    one.shared.flush();
    expect(one.devices.get('SEP1')?.service).toBeNull();
    expect(other.get('devices', 'SEP1')?.value).toEqual(value);
  });
});

it('B650 B981 any hops, cuts and delays end with all proxies saying where the phone signed in last', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant('in'), fc.nat(2), fc.constantFrom('a', 'b')) },
    fc.tuple(fc.constant('out'), fc.nat(2), fc.constantFrom('a', 'b')),
    fc.tuple(fc.constant('looks'), fc.nat(2), fc.constantFrom('a', 'b')),
    fc.tuple(fc.constant('cut'), fc.nat(2), fc.constant('')),
    fc.tuple(fc.constant('heal'), fc.nat(2), fc.constant('')),
    { weight: 2, arbitrary: fc.tuple(fc.constant('wait'), fc.integer({ min: 1, max: 300 }), fc.constant('')) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, hub, proxies } = create(['p1', 'p2', 'p3']);
      let last: string | null = null;
      let lastBy = 0;
      for (const [what, which, service] of steps) {
        const devices = proxies[which]?.devices;
        if (what === 'wait') await clock.advance(which);
        else if (what === 'cut') hub.cut(`p${which + 1}`);
        else if (what === 'heal') hub.heal(`p${which + 1}`);
        else if (what === 'looks') devices?.looksAt('SEP1', service, clock.now());
        else {
          const change = relay(proxies[which] as Proxy, service, what === 'in' ? 'other' : 'sign-in', clock.now());
          if (what === 'in') [last, lastBy] = [service, clock.passed()];
          else if (change !== null) [last, lastBy] = [change.to, clock.passed()];
          // Two in the same millisecond have no order.
          await clock.advance(1);
        }
      }
      expect(lastBy).toBeLessThanOrEqual(clock.passed());
      await clock.advance(100);
      for (const name of ['p1', 'p2', 'p3']) hub.heal(name);
      await clock.advance(1000);
      const [one, ...others] = proxies.map(({ devices }) => devices.get('SEP1')?.service ?? null);
      expect(others).toEqual([one, one]);
      expect(one).toBe(last);
      for (const { devices } of proxies)
        expect(devices.signedIn('a') + devices.signedIn('b')).toBe(one === null ? 0 : 1);
    }),
    { numRuns: 300 },
  );
});

it('B824 B825 what a newer version says more of a phone, at whatever depth, stays as long as the fact that it belongs to', async () => {
  const address = fc.constantFrom('10.0.0.1', '10.0.0.2');
  const service = fc.constantFrom('a', 'b');
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.tuple(fc.constant('newer'), service, address) },
    fc.tuple(
      fc.constantFrom('in', 'out', 'looks', 'chooses', 'offers', 'place', 'prefill', 'from', 'wait'),
      service,
      address,
    ),
  );
  let kept = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), async (steps) => {
      const { clock, proxies } = create(['p1']);
      const { facts, devices, shared } = proxies[0] as Proxy;
      const writes = watchWrites(facts, ['devices'], 'p1');
      let count = 0;
      relay(proxies[0] as Proxy, 'a', 'other', clock.now());
      for (const [what, where, from] of steps) {
        const now = clock.now();
        // What is known of the store's clock wavers.
        facts.heardTime(now + ((count * 7) % 5) - 2);
        if (what === 'newer') {
          shared.flush();
          const known = facts.get('devices', 'SEP1');
          const value = withNewer(known?.value ?? null, () => {
            count += 1;
            return count % 2 === 0 ? { deep: [count, { x: null }] } : `more ${count}`;
          });
          facts.receive('devices', 'SEP1', { at: (known?.at ?? 0) + 1, proxy: 'p9', value });
        } else if (what === 'in' || what === 'out')
          relay(proxies[0] as Proxy, where, what === 'in' ? 'other' : 'sign-in', now);
        else if (what === 'looks') devices.looksAt('SEP1', where, now);
        else if (what === 'chooses') devices.choose('SEP1', where);
        else if (what === 'offers') devices.offer('SEP1', now);
        else if (what === 'place') devices.setPlace('SEP1', { address: from, origin: 'http://one' });
        else if (what === 'prefill') devices.prefilled('SEP1', { id: from, extension: '2001' }, from, now);
        else if (what === 'from') devices.signedInFrom('SEP1', { address: from, origin: 'http://one' }, 'CP-8841');
        await clock.advance(what === 'wait' ? 5000 : 20);
      }
      for (const [before, after] of writes) expectKept(before, after, (path) => path.length === 0);
      kept += writes.length;
    }),
    { numRuns: 300 },
  );
  expect(kept).toBeGreaterThan(500);
});

it('B825 another agent, or another place, is another fact: what a newer version said more of the former goes with it', async () => {
  const { clock, proxies } = create(['p1']);
  const { facts, devices } = proxies[0] as Proxy;
  relay(proxies[0] as Proxy, 'a', 'other', clock.now());
  devices.prefilled('SEP1', { id: '1001', extension: '2001' }, '10.0.0.1', clock.now());
  devices.setPlace('SEP1', { address: '10.0.0.1', origin: 'http://one' });
  await clock.advance(100);
  const { at, value } = facts.get('devices', 'SEP1') as { at: number; value: Json };
  // Also a value that this version cannot read stays where it says nothing else of it.
  const news = { ...(withNewer(value, () => 'more') as object), lastKey: 'of tomorrow', model: null };
  facts.receive('devices', 'SEP1', { at: at + 1, proxy: 'p9', value: news });
  devices.prefilled('SEP1', { id: '1002', extension: '2001' }, '10.0.0.1', clock.now());
  await clock.advance(100);
  expect(facts.get('devices', 'SEP1')).toMatchObject({
    proxy: 'p1',
    value: {
      prefill: { id: '1002', extension: '2001', address: '10.0.0.1' },
      ...{ place: { address: '10.0.0.1', tomorrow: 'more' }, lastKey: 'of tomorrow', tomorrow: 'more' },
    },
  });
  expect(facts.get('devices', 'SEP1')).not.toMatchObject({ value: { prefill: { tomorrow: 'more' } } });
});
