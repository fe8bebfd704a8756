/** What holds after any sequence of probes, signals and times. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { HealthEvent, SignalEvent } from '../../src/domain/health/events.ts';
import { reduceService } from '../../src/domain/health/reduce.ts';
import { selectStanding } from '../../src/domain/health/signals.ts';
import { NEW_SERVICE, type ServiceState } from '../../src/domain/health/state.ts';
import type { Failure, ProbeOutcome } from '../../src/domain/model.ts';
import { CONFIRMED, FAULT, failed } from '../scripted-probe.ts';

const FAILURE: Failure = { code: 'notification-lost', detail: '' };

type Make = (at: number) => HealthEvent | SignalEvent;

const probe = (outcome: ProbeOutcome, tookMs = 20): Make => {
  return (at) => ({ kind: 'probe', at, startedAt: at - tookMs, latencyMs: tookMs, outcome });
};

const probesAndNotified: readonly Make[] = [
  probe(CONFIRMED),
  probe(failed('refused')),
  probe(FAULT),
  // Begun before what has happened meanwhile.
  ...[CONFIRMED, failed('timeout'), FAULT].map((outcome) => probe(outcome, 3990)),
  (at) => ({ kind: 'notified', at, status: 'OUT_OF_SERVICE' }),
];
const makes: readonly Make[] = [
  ...probesAndNotified,
  (at) => ({ kind: 'time', at }),
  (at) => ({ kind: 'connected', at }),
  (at) => ({ kind: 'disconnected', at, cause: 'lost', failure: FAILURE }),
  (at) => ({ kind: 'disconnected', at, cause: 'configuration', failure: FAILURE }),
  (at) => ({ kind: 'presence', at, available: true }),
  (at) => ({ kind: 'presence', at, available: false }),
  (at) => ({ kind: 'notified', at, status: 'IN_SERVICE' }),
  (at) => ({ kind: 'reset', at }),
  (at) => ({ kind: 'settings', at }),
  (at) => ({ kind: 'not-subscribed', at, condition: 'forbidden' }),
];

const steps = (some: readonly Make[], maxLength: number) =>
  fc.array(
    fc.record({ make: fc.constantFrom(...some), waitMs: fc.constantFrom(0, 20, 1000, 4000, 5000, 16_000, 31_000) }),
    { maxLength },
  );
/** Short ones too of the few kinds that meet each other: among all of them they seldom do. */
const script = fc.oneof(steps(makes, 80), {
  weight: 2,
  arbitrary: steps(probesAndNotified, 12),
});

function run(steps: readonly { make: Make; waitMs: number }[], advisory: boolean, check: Check): ServiceState {
  const settings = { intervalMs: 5000, attempts: 3, advisory };
  let now: ServiceState = NEW_SERVICE;
  let at = 1_800_000_000_000;
  for (const { make, waitMs } of steps) {
    at += waitMs;
    const event = make(at);
    const { state } = reduceService(JSON.parse(JSON.stringify(now)), event, settings);
    check(now, event, state);
    now = state;
  }
  return now;
}

type Check = (before: ServiceState, event: HealthEvent | SignalEvent, after: ServiceState) => void;

it('only a confirmed probe improves a state, and never while a failure stands', () => {
  fc.assert(
    fc.property(script, fc.boolean(), (steps, advisory) => {
      run(steps, advisory, (before, event, after) => {
        const standing = selectStanding(after.signals, { advisory });
        if (after.health.phase.state === 'in-service') {
          expect(standing).toBeNull();
          if (before.health.phase.state !== 'in-service') {
            expect(event).toMatchObject({ kind: 'probe', outcome: { kind: 'confirmed' } });
          }
        }
      });
    }),
    { numRuns: 3000 },
  );
});

it('a probe that began before a confirmation and failed after it says nothing, neither of the state nor of a notification', () => {
  const settings = { intervalMs: 5000, attempts: 3, advisory: false };
  const probes = (before: ServiceState, at: number, outcome: ProbeOutcome) =>
    reduceService(before, { kind: 'probe', at, startedAt: at - 20, latencyMs: 20, outcome }, settings).state;
  const notified = reduceService(NEW_SERVICE, { kind: 'notified', at: 1000, status: 'OUT_OF_SERVICE' }, settings).state;
  const confirmed = probes(notified, 2000, CONFIRMED);
  expect(probes(confirmed, 2000, failed('refused'))).toEqual(confirmed);
  // One that began afterwards is believed.
  const { health, signals } = probes(confirmed, 2020, failed('refused'));
  expect([health.phase.state, selectStanding(signals, settings)?.signal]).toEqual(['reconnecting', 'notified']);
});

it('an advisory signal never changes a state', () => {
  fc.assert(
    fc.property(script, (steps) => {
      run(steps, true, (before, event, after) => {
        if (event.kind === 'probe' || event.kind === 'time') return;
        // Time that has passed is noticed with any event.
        const { state: timed } = reduceService(
          before,
          { kind: 'time', at: event.at },
          { intervalMs: 5000, attempts: 3, advisory: true },
        );
        expect(after.health.phase).toEqual(timed.health.phase);
      });
    }),
    { numRuns: 1000 },
  );
});

it('B260 B261 a service that SystemInfo confirms for 36 s is in service, unless finesse itself says that it is not there', () => {
  fc.assert(
    fc.property(script, (steps) => {
      const polls = Array.from({ length: 9 }, () => ({ make: probe(CONFIRMED), waitMs: 4500 }));
      const up = { make: (at: number) => ({ kind: 'connected', at }) as const, waitMs: 20 };
      const silent = { make: (at: number) => ({ kind: 'presence', at, available: false }) as const, waitMs: 20 };
      const seen = { make: (at: number) => ({ kind: 'presence', at, available: true }) as const, waitMs: 20 };
      const back = run([...steps, up, seen, silent, seen, ...polls], false, () => {});
      expect(back.health.phase.state).toBe('in-service');
      expect(run([...steps, up, ...polls], false, () => {}).health.phase.state).toBe('in-service');
      const away = run([...steps, up, seen, silent, ...polls, ...polls], false, () => {});
      expect(away.health.phase.state).not.toBe('in-service');
    }),
    { numRuns: 1000 },
  );
});
