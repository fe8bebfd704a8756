import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailureCode } from '../../src/domain/failure.ts';
import {
  countDevices,
  FIVE_MINUTES_MS,
  newOutage,
  newOutageDevice,
  type Outage,
  type OutageDevice,
  type OutageEvent,
  reduceOutage,
  selectWithinFiveMinutes,
} from '../../src/domain/outage.ts';

const T0 = 1_800_000_000_000;
const FACTS = {
  ...{ id: 'x', service: 'a', name: 'Finesse A', cluster: 'main', drill: false, startedAt: T0 },
  ...{ cause: { code: 'refused', detail: '' } as const, decidedBy: 'systemInfo' as const },
};

/** A record with devices called p, q, r, …, and the events of each folded into it. */
function fold(events: readonly (readonly [device: string | null, event: OutageEvent])[], names = ['p']) {
  let outage: Outage = newOutage(FACTS, names.length);
  const devices = new Map(names.map((name): [string, OutageDevice] => [name, newOutageDevice(name, '1001', '2001')]));
  for (const [name, event] of events) {
    const before = name === null ? null : (devices.get(name) ?? null);
    if (name !== null && before === null) continue;
    const step = reduceOutage(Object.freeze(outage), before === null ? null : Object.freeze(before), event);
    outage = step.outage;
    if (step.device !== null) devices.set(step.device.device, step.device);
  }
  return { outage, devices };
}

const at = (afterMs: number) => T0 + afterMs;
const signedIn = (afterMs: number, service: string, askedMs = afterMs): OutageEvent => {
  return { kind: 'signed-in', at: at(afterMs), askedAt: at(askedMs), service };
};
const signedOut = (afterMs: number, service: string): OutageEvent => ({ kind: 'signed-out', at: at(afterMs), service });
const counts = ({ signedIn: all, told, elsewhere, returned, missing }: Outage) => [
  all,
  told,
  elsewhere,
  returned,
  missing,
];

describe('the cause of an outage', () => {
  const again = (code: FailureCode, afterMs: number) =>
    [null, { kind: 'failed-again', at: at(afterMs), failure: { code, detail: '' } }] as const;
  const verdict = [null, { kind: 'verdict', at: at(15_000) }] as const;
  const causeOf = (first: FailureCode, ...events: Parameters<typeof fold>[0]) => {
    const facts = { ...FACTS, cause: { code: first, detail: '' } };
    return events.reduce((outage, [, event]) => reduceOutage(outage, null, event).outage, newOutage(facts, 0)).cause
      ?.code;
  };

  it('B453 of a lost connection becomes what the attempts to connect again tell, until the verdict', () => {
    expect(causeOf('notification-lost', again('notification-lost', 5000))).toBe('notification-lost');
    expect(causeOf('notification-lost', again('notification-refused', 5000), verdict)).toBe('notification-refused');
    expect(causeOf('notification-lost', verdict, again('notification-refused', 20_000))).toBe('notification-lost');
  });

  it('B453 of anything else stays what it was at t0', () => {
    expect(causeOf('refused', again('notification-refused', 5000))).toBe('refused');
    expect(causeOf('notification-lost', again('out-of-service', 5000))).toBe('notification-lost');
  });
});

describe('a device of an outage', () => {
  it('B351 is missing until a page shows that it is signed in, elsewhere or on the service that failed', () => {
    expect(counts(fold([]).outage)).toEqual([1, 0, 0, 0, 1]);
    expect(counts(fold([['p', signedIn(9000, 'b')]]).outage)).toEqual([1, 0, 1, 0, 0]);
    expect(counts(fold([['p', signedIn(9000, 'a')]]).outage)).toEqual([1, 0, 0, 1, 0]);
  });

  it('B351 counts once, by where it is now', () => {
    const moves = [signedIn(1, 'b'), signedIn(2, 'c'), signedIn(3, 'a'), signedIn(4, 'b'), signedOut(5, 'b')];
    const steps = moves.map((_, index) => fold(moves.slice(0, index + 1).map((event) => ['p', event] as const)).outage);
    expect(steps.map(counts)).toEqual([
      [1, 0, 1, 0, 0],
      [1, 0, 1, 0, 0],
      [1, 0, 0, 1, 0],
      [1, 0, 1, 0, 0],
      [1, 0, 0, 0, 1],
    ]);
  });

  it('B351 what was asked of the service before it failed is no return, and a sign-out elsewhere is none of it', () => {
    expect(counts(fold([['p', signedIn(10, 'a', -10)]]).outage)).toEqual([1, 0, 0, 0, 1]);
    const { devices } = fold([
      ['p', signedIn(10, 'b')],
      ['p', signedOut(20, 'a')],
    ]);
    expect(devices.get('p')).toMatchObject({ outcome: 'elsewhere', service: 'b', at: at(10) });
  });

  it('B352 one that was back for five minutes is not missing when its agent goes home', () => {
    const back: readonly [string, OutageEvent] = ['p', signedIn(1000, 'b')];
    expect(counts(fold([back, ['p', signedOut(1000 + FIVE_MINUTES_MS - 1, 'b')]]).outage)).toEqual([1, 0, 0, 0, 1]);
    expect(counts(fold([back, ['p', signedOut(1000 + FIVE_MINUTES_MS, 'b')]]).outage)).toEqual([1, 0, 1, 0, 0]);
  });

  it('B353 is told once, and not by what it sees when the outage is over', () => {
    const told = (afterMs: number): OutageEvent => ({ kind: 'told', at: at(afterMs) });
    expect(
      fold([
        ['p', told(1)],
        ['p', told(2)],
      ]).outage.told,
    ).toBe(1);
    expect(
      fold([
        [null, { kind: 'ended', at: at(1) }],
        ['p', told(2)],
      ]).outage.told,
    ).toBe(0);
  });
});

describe('an outage', () => {
  it('B354 counts who is back within five minutes when these are over, and not before', () => {
    const early = fold([['p', signedIn(1000, 'b')]], ['p', 'q']).outage;
    expect(selectWithinFiveMinutes(early, at(FIVE_MINUTES_MS - 1))).toBeNull();
    expect(selectWithinFiveMinutes(early, at(FIVE_MINUTES_MS))).toBe(1);
    const late = fold(
      [
        ['p', signedIn(1000, 'b')],
        ['q', signedIn(FIVE_MINUTES_MS, 'b')],
        ['p', signedIn(FIVE_MINUTES_MS + 1, 'a')],
      ],
      ['p', 'q'],
    ).outage;
    expect([late.withinFiveMinutes, ...counts(late)]).toEqual([1, 2, 0, 1, 1, 0]);
  });

  it('has one verdict and one end, the first', () => {
    const { outage } = fold([
      [null, { kind: 'verdict', at: at(15) }],
      [null, { kind: 'verdict', at: at(99) }],
      [null, { kind: 'ended', at: at(30) }],
      [null, { kind: 'ended', at: at(99) }],
      [null, { kind: 'summarised', at: at(40) }],
      [null, { kind: 'summarised', at: at(99) }],
    ]);
    expect([outage.verdictAt, outage.endedAt, outage.summarisedAt]).toEqual([at(15), at(30), at(40)]);
  });

  it('B350 B351 signed in = elsewhere + returned + missing, whatever happens in whatever order', () => {
    const NAMES = ['p', 'q', 'r', 's'];
    const when = fc.integer({ min: -FIVE_MINUTES_MS, max: 3 * FIVE_MINUTES_MS });
    const service = fc.constantFrom('a', 'b', 'c');
    const own = fc.record({
      kind: fc.constantFrom('verdict' as const, 'ended' as const, 'summarised' as const),
      at: when.map(at),
    });
    const ofDevice = fc.oneof(
      when.map((ms): OutageEvent => ({ kind: 'told', at: at(ms) })),
      fc.tuple(when, service, fc.nat(2000)).map(([ms, on, took]) => signedIn(ms, on, ms - took)),
      fc.tuple(when, service).map(([ms, on]) => signedOut(ms, on)),
    );
    const event = fc.oneof(
      own.map((each): [null, OutageEvent] => [null, each]),
      fc.tuple(fc.constantFrom(...NAMES), ofDevice),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        for (let length = 0; length <= events.length; length++) {
          const { outage, devices } = fold(events.slice(0, length), NAMES);
          expect(outage.elsewhere + outage.returned + outage.missing).toBe(outage.signedIn);
          expect(counts(outage)).toEqual(
            counts({
              ...outage,
              ...countDevices({ startedAt: outage.startedAt, signedIn: NAMES.length }, devices.values()),
            }),
          );
          for (const { outcome, service: on, at: since, backAt } of devices.values()) {
            expect([on === null, since === null]).toEqual([outcome === 'missing', outcome === 'missing']);
            if (outcome !== 'missing') expect([outcome === 'returned', backAt !== null]).toEqual([on === 'a', true]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('a device of which no line was written is missing', () => {
    const device = { ...newOutageDevice('p', null, null), outcome: 'elsewhere', told: true } as const;
    expect(countDevices({ startedAt: 0, signedIn: 3 }, [device])).toEqual({
      signedIn: 3,
      told: 1,
      elsewhere: 1,
      returned: 0,
      missing: 2,
    });
  });
});
