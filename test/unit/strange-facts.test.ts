/** Whatever bytes stand in the store: they are read, and what is shown of them afterwards can be shown. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { phoneUrl } from '../../src/domain/phone-url.ts';
import { renderHealth } from '../../src/ops/health.ts';
import { renderDevice, renderOutage } from '../../src/ops/outage-view.ts';
import { createPeers } from '../../src/peers/peers.ts';
import { createOutageRecords } from '../../src/records/outages.ts';
import { createClockOffset } from '../../src/shared/clock-offset.ts';
import { factAt, isKnownLayout, parseRegister } from '../../src/shared/redis-layout.ts';
import { createFacts } from '../../src/shared/replica.ts';
import { createDeviceRegistry } from '../../src/store/devices.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createSharedDevices } from '../../src/store/shared-devices.ts';
import { createSharedSettings } from '../../src/store/shared-settings.ts';
import { anyText } from '../any-text.ts';
import { createEventRecord } from '../event-record.ts';
import { createFakeClock, START } from '../fake-clock.ts';
import { CONFIRMED } from '../scripted-probe.ts';

const HOUR = 3_600_000;

function setUp(aheadMs: number) {
  const clock = createFakeClock();
  const faults: unknown[] = [];
  const facts = createFacts({ proxy: 'p1', clock, onFault: (error) => void faults.push(error) });
  const store = createServiceStore(
    [{ id: 'a', name: 'a', cluster: 'main', probeIntervalMs: 5000 }],
    { intervalMs: 5000, attempts: 3 },
    clock,
  );
  const devices = createDeviceRegistry();
  const { report } = createEventRecord(clock);
  const sharedDevices = createSharedDevices({
    ...{ facts, devices, clock, report, forgetAfterMs: 12 * HOUR },
    isService: (id) => id === 'a',
  });
  const settings = createSharedSettings({ facts, store, clock, report });
  const records = createOutageRecords({
    settings: { summaryAfterMs: 300_000, keepForMs: 400 * 24 * HOUR },
    ...{ store, devices, clock, facts, report },
  });
  const peers = createPeers({
    ...{ facts, store, clock, report, name: 'host', site: null, version: '1' },
    signedIn: () => 0,
    heard: (id, event) => void store.apply(id, event),
  });
  facts.heardTime(START + aheadMs);
  store.apply('a', { kind: 'probe', at: START, startedAt: START, latencyMs: 1, outcome: CONFIRMED });
  const read = (hash: string, field: string, text: string) => {
    const at = factAt(hash, field);
    const register = parseRegister(text);
    if (at !== null && register !== null) facts.receive(at.kind, at.field, register);
  };
  const show = () => {
    const now = clock.now();
    renderHealth({
      clusters: [{ id: 'main', candidates: store.candidates('main') }],
      signedIn: () => 0,
      ...{ version: '1', startedAt: START, now, problems: peers.problems(), proxies: peers.all() },
    });
    for (const device of devices.all()) {
      renderDevice(device);
      phoneUrl('https://p:1', 'a', device.name, '', device.prefill);
    }
    for (const outage of records.all()) renderOutage(outage, now);
  };
  return { clock, faults, facts, read, show, sharedDevices, devices, settings, records, peers };
}

const time = fc.oneof(
  fc.constantFrom(0, 1, START, START + 5000, START + 5001, 253_402_300_799_999, 8.64e15, 8.64e15 + 1, 2 ** 53, 1e300),
  fc.integer({ min: START - HOUR, max: START + HOUR }),
);
const side = fc.record({
  ...{ from: time, verdictAt: fc.option(time), until: fc.option(time), saidAt: time },
  ...{ cause: fc.constant(null), decidedBy: fc.constant(null) },
});
const count = fc.nat(9);
const shapes = [
  fc.record({
    ...{ service: fc.constantFrom('a', 'b', null), seenAt: time, signedAt: time, since: fc.option(time) },
    left: fc.array(fc.record({ service: fc.constant('b'), at: time }), { maxLength: 3 }),
    noticed: fc.option(time),
    prefill: fc.option(
      fc.record({ id: fc.option(anyText), extension: fc.option(anyText), address: fc.constant('10.0.0.1') }),
    ),
  }),
  fc.record({
    ...{ admin: fc.constantFrom('ready', 'drain', 'maint'), reason: fc.option(fc.string()), until: fc.option(time) },
    ...{ maintAt: time, by: fc.record({ who: fc.constant('x'), at: time }) },
  }),
  fc.record({
    ...{ boot: fc.constant('x'), name: fc.string(), site: fc.constant(null), version: fc.constant('9') },
    services: fc.dictionary(
      fc.constantFrom('a', '__proto__', 'constructor'),
      fc.record({
        ...{
          state: fc.constantFrom('in-service', 'reconnecting', 'out-of-service'),
          attempt: fc.option(fc.integer({ min: 1, max: 9 })),
        },
        ...{ since: fc.option(time), t0: fc.option(time), ownT0: fc.option(time) },
        ...{ isNear: fc.boolean(), admin: fc.constant('ready'), phones: fc.nat() },
      }),
    ),
  }),
  fc.record({
    ...{ service: fc.constantFrom('a', 'b'), name: fc.string(), cluster: fc.constant('main'), drill: fc.boolean() },
    sides: fc.dictionary(fc.constantFrom('p1', 'p2', '__proto__'), side),
    ...{ signedIn: count, told: count, elsewhere: count, returned: count, missing: count },
    ...{ withinFiveMinutes: fc.option(count), summarisedAt: fc.option(time) },
    cut: fc.record({ site: fc.constant('west'), since: time, until: time, nature: fc.constant('island') }),
  }),
] as const;
const shaped = fc.oneof(...shapes);
const deep = fc.nat(20_000).map((levels) => `${'['.repeat(levels)}${']'.repeat(levels)}`);
const stamp = fc.oneof(
  time.map((at) => at.toFixed(0)),
  fc.stringMatching(/^\d{1,45}$/),
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(
      stamp,
      fc.constantFrom('p1', 'p2', 'x'),
      fc.oneof(
        shaped.map((one) => JSON.stringify(one)),
        fc.json(),
        deep,
      ),
    )
    .map((parts) => parts.join(' ')),
);
const place = fc.oneof(
  fc.constantFrom<[string, string]>(
    ...(
      [
        ['devices', 'SEP001122334455'],
        ['settings', 'a'],
        ['proxies', 'p1'],
        ['proxies', 'p2'],
      ] as const
    ).map((one) => [...one] as [string, string]),
    ...[['outages', 'o1'] as [string, string], ['outage:o1', 'SEP001122334455'] as [string, string]],
  ),
  fc.tuple(fc.constantFrom('devices', 'outages', 'outage:', 'proxies', 'x'), fc.string()),
);

/** Registers as a proxy would write them, but for their times. */
const PLACES = [
  ['devices', 'SEP001122334455'],
  ['settings', 'a'],
  ['proxies', 'p2'],
  ['outages', 'o1'],
] as const;
const fitting = fc.oneof(
  ...shapes.map((shape, index) =>
    fc
      .tuple(fc.integer({ min: START - 2 * HOUR, max: START - HOUR }), shape as fc.Arbitrary<object>)
      .map(([at, value]): [[string, string], string] => {
        const [hash, field] = PLACES[index] ?? PLACES[0];
        return [[hash, field], `${at} p2 ${JSON.stringify(value)}`];
      }),
  ),
);

describe('bytes in the store', () => {
  it('B669 of whatever kind are read by `parseRegister`, and `/health` (`renderHealth`), records and phones are shown', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, -HOUR, HOUR),
        fc.array(fc.oneof(fc.tuple(place, text), fitting), { maxLength: 12 }),
        async (aheadMs, all) => {
          const { clock, faults, facts, read, show, sharedDevices, settings, records, peers } = setUp(aheadMs);
          const half = all.length / 2;
          for (const [[hash, field], each] of all.slice(0, half)) read(hash, field, each);
          await sharedDevices.begin();
          settings.begin();
          records.begin();
          peers.start();
          for (const [[hash, field], each] of all.slice(half)) {
            // The same once more: then two are compared.
            read(hash, field, each);
            read(hash, field, each);
          }
          await clock.advance(1500);
          show();
          expect(faults).toEqual([]);
          const latest = facts.now() + 5000;
          for (const kind of ['devices', 'settings', 'outages', 'outage-devices', 'proxies'] as const)
            for (const [, { at }] of facts.entries(kind)) expect(at <= latest && Number.isSafeInteger(at)).toBe(true);
          peers.stop();
          sharedDevices.stop();
        },
      ),
      { numRuns: 300 },
    );
  });
});

it('B84 what no agent could have typed is not believed of another proxy either: of half a character no URL can be made', () => {
  const { clock, read, sharedDevices, devices } = setUp(0);
  void sharedDevices.begin();
  const prefill = { id: '\ud800', extension: '2001', address: '10.0.0.1' };
  const phone = { service: 'a', seenAt: clock.now(), signedAt: clock.now(), prefill };
  read('devices', 'SEP001122334455', `${clock.now()} p2 ${JSON.stringify(phone)}`);
  const device = devices.get('SEP001122334455');
  expect(device).toMatchObject({ service: 'a', prefill: { id: null, extension: '2001' } });
  expect(phoneUrl('https://p:1', 'a', 'SEP001122334455', '', device?.prefill)).toMatch(/\?extension=2001$/);
});

describe('the layout of a store', () => {
  it.each(['abc', '', 'NaN', '-1', '1.5', ' 1', '2', '1e0', '9'.repeat(400)])('%s is not understood', (schema) => {
    expect(isKnownLayout(schema)).toBe(false);
  });

  it('is known if it is this one, or there is none yet', () => {
    expect(['1', null].map(isKnownLayout)).toEqual([true, true]);
  });
});

describe('the clock of the store', () => {
  it('that is set is heard at the next answer, though an earlier one was quicker', () => {
    const offset = createClockOffset();
    expect(offset.add({ said: 1000, askedAt: 0, heardAt: 2 })).toBe(999);
    expect(offset.add({ said: 1100, askedAt: 90, heardAt: 110 })).toBe(999);
    expect(offset.add({ said: 61_200, askedAt: 190, heardAt: 210 })).toBe(61_000);
  });
});
