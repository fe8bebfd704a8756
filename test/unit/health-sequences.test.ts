/**
 * Random sequences of everything that happens to several services (probes, signals, failed requests, operators, time) against
 * what must never be, judged from the events themselves and not from the state that the domain keeps of them.
 */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { HealthEvent } from '../../src/domain/health/events.ts';
import type { AdminState } from '../../src/domain/model.ts';
import { selectFrontDoor } from '../../src/domain/routing.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createFakeClock } from '../fake-clock.ts';
import { CONFIRMED, FAULT, failed } from '../scripted-probe.ts';

const SETTINGS = { intervalMs: 5000, attempts: 3 };
const SERVICES = [
  { id: 'a', name: 'A', cluster: 'main', probeIntervalMs: 5000 },
  { id: 'b', name: 'B', cluster: 'main', probeIntervalMs: 1000 },
  { id: 'c', name: 'C', cluster: 'main', probeIntervalMs: 5000 },
  { id: 'x', name: 'X', cluster: 'other', probeIntervalMs: 5000 },
];
const OUTCOMES = { confirmed: CONFIRMED, failed: failed('timeout'), fault: FAULT };

type What =
  | { readonly kind: 'probe'; readonly outcome: keyof typeof OUTCOMES; readonly tookMs: number }
  | { readonly kind: 'signal' | 'relayed' | 'time' }
  | { readonly kind: 'admin'; readonly admin: AdminState; readonly forMs: number | null }
  | { readonly kind: 'request-failed'; readonly device: string };

interface Step {
  readonly waitMs: number;
  readonly service: number;
  readonly what: What;
}

/** What the events say of a service. */
interface Facts {
  /** End of the last probe that confirmed it, if nothing has spoken against it since. */
  confirmedAt: number | null;
  lastConfirmedAt: number;
  admin: AdminState;
  adminUntil: number | null;
  verdictsOfOutage: number;
  announced: string;
}

const outcome = fc.oneof(
  { weight: 4, arbitrary: fc.constant('confirmed' as const) },
  fc.constantFrom('failed' as const, 'failed' as const, 'fault' as const),
);
const what: fc.Arbitrary<What> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('probe' as const), outcome, tookMs: fc.nat(5000) }) },
  fc.record({ kind: fc.constantFrom('signal' as const, 'relayed' as const, 'time' as const) }),
  fc.record({
    kind: fc.constant('admin' as const),
    admin: fc.constantFrom<AdminState>('ready', 'drain', 'maint'),
    forMs: fc.option(fc.integer({ min: -1000, max: 20_000 })),
  }),
  fc.record({ kind: fc.constant('request-failed' as const), device: fc.constantFrom('SEP1', 'SEP2') }),
);
const step: fc.Arbitrary<Step> = fc.record({
  waitMs: fc.oneof(fc.nat(2000), fc.constantFrom(0, 0, 1, 999, 1000, 2000, 2001, 5000, 9999, 10_000, 10_001, 15_000)),
  service: fc.nat(SERVICES.length - 1),
  what,
});

async function run(script: readonly Step[]): Promise<void> {
  const clock = createFakeClock();
  const store = createServiceStore(SERVICES, SETTINGS, clock);
  const facts = new Map(SERVICES.map(({ id }) => [id, newFacts()]));
  const factsOf = (id: string) => facts.get(id) ?? newFacts();

  const reduce = (id: string, event: HealthEvent) => {
    const effects = store.apply(id, event);
    const known = factsOf(id);
    for (const effect of effects) {
      if (effect.kind !== 'announce') continue;
      if (effect.from !== 'reconnecting' && effect.to === 'reconnecting') known.verdictsOfOutage = 0;
      if (effect.to === 'out-of-service') known.verdictsOfOutage += 1;
      expect(effect.from).toBe(known.announced);
      known.announced = effect.to;
    }
  };

  const happen = (id: string, { kind, ...rest }: What, now: number) => {
    const known = factsOf(id);
    if (kind === 'probe' && 'outcome' in rest) {
      const startedAt = now - rest.tookMs;
      if (rest.outcome === 'confirmed') [known.confirmedAt, known.lastConfirmedAt] = [now, now];
      else if (startedAt >= known.lastConfirmedAt) known.confirmedAt = null;
      reduce(id, { kind, at: now, startedAt, latencyMs: rest.tookMs, outcome: OUTCOMES[rest.outcome] });
    } else if (kind === 'signal') {
      known.confirmedAt = null;
      reduce(id, { kind: 'failed', at: now, failure: { code: 'notification-lost', detail: 'scripted' } });
    } else if (kind === 'admin' && 'admin' in rest) {
      const until = rest.forMs === null ? null : now + rest.forMs;
      [known.admin, known.adminUntil] = [rest.admin, until];
      store.setAdmin(id, { admin: rest.admin, reason: null, until });
    } else if (kind === 'request-failed' && 'device' in rest) store.requestFailed(id, rest.device);
    else if (kind === 'relayed') store.pageRelayed(id);
  };

  for (const { waitMs, service, what: event } of script) {
    await clock.advance(waitMs);
    const now = clock.now();
    for (const { id } of SERVICES) reduce(id, { kind: 'time', at: now });
    happen(SERVICES[service]?.id ?? 'a', event, now);
    // Settings that end at this very moment.
    for (const { id } of SERVICES) reduce(id, { kind: 'time', at: now });
    check(now);
  }

  function check(now: number): void {
    const isReady = ({ admin, adminUntil }: Facts) => admin === 'ready' || (adminUntil !== null && adminUntil <= now);
    for (const { id, cluster } of SERVICES) {
      const status = store.get(id);
      if (status === null) throw new Error(id);
      const alternates = store.alternates(status);
      // One whose phone pages fail is offered only where there is no other.
      expect(new Set(alternates.map(({ fippaFailing }) => fippaFailing)).size).toBeLessThanOrEqual(1);
      for (const alternate of alternates) {
        const { confirmedAt, ...known } = factsOf(alternate.id);
        const { probeIntervalMs } = SERVICES.find((each) => each.id === alternate.id) ?? { probeIntervalMs: 0 };
        expect(alternate.id).not.toBe(id);
        expect(alternate.cluster).toBe(cluster);
        expect(now - (confirmedAt ?? Number.NEGATIVE_INFINITY)).toBeLessThanOrEqual(2 * probeIntervalMs);
        expect(isReady({ confirmedAt, ...known })).toBe(true);
      }
      const { phase } = store.health(id);
      expect(factsOf(id).verdictsOfOutage).toBeLessThanOrEqual(1);
      if (phase.state === 'out-of-service') {
        expect(phase.since - phase.t0).toBe(SETTINGS.attempts * SETTINGS.intervalMs);
        expect(factsOf(id).verdictsOfOutage).toBe(1);
      }
      if (phase.state === 'reconnecting') {
        expect(phase.attempt).toBe(Math.floor((now - phase.t0) / SETTINGS.intervalMs) + 1);
        expect(phase.attempt).toBeLessThanOrEqual(SETTINGS.attempts);
      }
    }
    const members = store.cluster('main');
    const good = members.filter(({ id, state }) => state === 'in-service' && isReady(factsOf(id)));
    const chosen = selectFrontDoor(store.candidates('main'), null, now).id;
    const isFresh = (id: string) => {
      const { probeIntervalMs } = SERVICES.find((each) => each.id === id) ?? { probeIntervalMs: 0 };
      return now - (factsOf(id).confirmedAt ?? Number.NEGATIVE_INFINITY) <= 2 * probeIntervalMs;
    };
    const fit = good.filter(({ id, fippaFailing }) => isFresh(id) && !fippaFailing);
    if (good.length > 0) expect(chosen).toBe((fit[0] ?? good[0])?.id);
  }
}

function newFacts(): Facts {
  return {
    confirmedAt: null,
    lastConfirmedAt: Number.NEGATIVE_INFINITY,
    admin: 'ready',
    adminUntil: null,
    verdictsOfOutage: 0,
    announced: 'unknown',
  };
}

it('B13 B50 to B52 B76 hold in any sequence of events, for drained services too', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 50 }), run), {
    numRuns: Number(process.env.FUZZ_RUNS ?? 400),
  });
});
