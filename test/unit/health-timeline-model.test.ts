/**
 * The health of a service against a model that shares nothing with it: the model keeps an outage as its t0 alone and works
 * out everything else from the time that has passed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HealthEffect } from '../../src/domain/health/events.ts';
import { type HealthSettings, type ServiceHealth, UNKNOWN_HEALTH } from '../../src/domain/health/state.ts';
import { reduceHealth, selectAttemptEnd, selectWakeAt } from '../../src/domain/health/timeline.ts';
import type { HealthState, ProbeOutcome } from '../../src/domain/model.ts';
import { CONFIRMED, FAULT, failed } from '../scripted-probe.ts';

type Kind = 'confirmed' | 'failed' | 'fault';

interface Step {
  /** Time since the step before. */
  readonly waitMs: number;
  /** null: only time passes. */
  readonly probe: { readonly kind: Kind; readonly tookMs: number } | null;
}

const OUTCOMES: Record<Kind, ProbeOutcome> = { confirmed: CONFIRMED, failed: failed('timeout'), fault: FAULT };

class Model {
  t0: number | null = null;
  upSince: number | null = null;
  verdicts = 0;
  row = 0;
  #lastConfirmed = Number.NEGATIVE_INFINITY;
  #judged = false;
  readonly #settings: HealthSettings;

  constructor(settings: HealthSettings) {
    this.#settings = settings;
  }

  pass(now: number): void {
    if (this.t0 === null || this.#judged || now < this.verdictAt(this.t0)) return;
    this.#judged = true;
    this.verdicts++;
    this.row = 0;
  }

  probe(kind: Kind, startedAt: number, now: number): void {
    this.pass(now);
    if (kind !== 'confirmed' && startedAt < this.#lastConfirmed) return;
    if (kind === 'confirmed') {
      this.#lastConfirmed = now;
      this.row++;
      if (this.t0 === null) this.upSince ??= now;
      else if (!this.#judged || this.row === 2) [this.t0, this.#judged, this.upSince] = [null, false, now];
      return;
    }
    this.row = 0;
    if (kind === 'failed' && this.t0 === null) [this.t0, this.upSince] = [now, null];
  }

  verdictAt(t0: number): number {
    return t0 + this.#settings.attempts * this.#settings.intervalMs;
  }

  state(): HealthState {
    if (this.t0 === null) return this.upSince === null ? 'unknown' : 'in-service';
    return this.#judged ? 'out-of-service' : 'reconnecting';
  }

  since(): number | null {
    if (this.t0 === null) return this.upSince;
    return this.#judged ? this.verdictAt(this.t0) : this.t0;
  }

  attempt(now: number): number | null {
    if (this.t0 === null || this.#judged) return null;
    return Math.floor((now - this.t0) / this.#settings.intervalMs) + 1;
  }
}

function since({ phase }: ServiceHealth): number | null {
  if (phase.state === 'unknown') return null;
  return phase.state === 'reconnecting' ? phase.t0 : phase.since;
}

/** Runs a script and checks after every event that the machine says what the model says. */
function check(script: readonly Step[], settings: HealthSettings): void {
  const model = new Model(settings);
  let health = UNKNOWN_HEALTH;
  let now = 1_800_000_000_000;
  const announced: (HealthEffect & { kind: 'announce' })[] = [];
  for (const { waitMs, probe } of script) {
    now += waitMs;
    const before = health;
    const event =
      probe === null
        ? ({ kind: 'time', at: now } as const)
        : ({
            kind: 'probe',
            at: now,
            startedAt: now - probe.tookMs,
            latencyMs: probe.tookMs,
            outcome: OUTCOMES[probe.kind],
          } as const);
    const step = reduceHealth(before, event, settings);
    expect(reduceHealth(JSON.parse(JSON.stringify(before)), event, settings)).toEqual(step);
    health = step.health;
    if (probe === null) model.pass(now);
    else model.probe(probe.kind, now - probe.tookMs, now);

    const { phase } = health;
    expect([phase.state, since(health)]).toEqual([model.state(), model.since()]);
    if (phase.state === 'reconnecting') {
      expect(phase.attempt).toBe(model.attempt(now));
      const end = phase.t0 + phase.attempt * settings.intervalMs;
      expect(selectAttemptEnd(phase, settings)).toBe(end);
      const wakeAt = selectWakeAt(phase, settings) ?? Number.NaN;
      expect(wakeAt).toBeGreaterThan(now);
      expect(wakeAt).toBeLessThanOrEqual(end);
    } else expect(selectWakeAt(phase, settings)).toBeNull();
    if (phase.state === 'in-service' && before.phase.state !== 'in-service') expect(probe?.kind).toBe('confirmed');
    checkEffects(before, step.health, step.effects);
    for (const effect of step.effects) if (effect.kind === 'announce') announced.push(effect);
  }
  expect(announced.filter(({ to }) => to === 'out-of-service')).toHaveLength(model.verdicts);
  for (const [index, change] of announced.entries()) expect(change.from).toBe(announced[index - 1]?.to ?? 'unknown');
}

/** One probe at most, and only for an outage that goes on; one announcement exactly when state or attempt changed. */
function checkEffects(before: ServiceHealth, after: ServiceHealth, effects: readonly HealthEffect[]): void {
  const probes = effects.filter(({ kind }) => kind === 'probe');
  expect(probes.length).toBeLessThanOrEqual(1);
  if (probes.length > 0) expect(after.phase.state).toBe('reconnecting');
  const attempt = (health: ServiceHealth) => (health.phase.state === 'reconnecting' ? health.phase.attempt : null);
  const changed = before.phase.state !== after.phase.state || attempt(before) !== attempt(after);
  expect(effects.filter(({ kind }) => kind === 'announce')).toHaveLength(changed ? 1 : 0);
}

const settings = fc.record({
  intervalMs: fc.constantFrom(5000, 1000, 100),
  attempts: fc.constantFrom(3, 1, 2, 10),
});

/** Times around the edges of the grid are as likely as any other. */
const wait = fc.oneof(
  fc.constantFrom(0, 1, 999, 1000, 1001, 3999, 4000, 4001, 4999, 5000, 5001, 9999, 10_000, 14_999, 15_000, 15_001),
  fc.integer({ min: 0, max: 20_000 }),
);
const step: fc.Arbitrary<Step> = fc.record({
  waitMs: wait,
  probe: fc.option(
    fc.record({
      kind: fc.oneof(
        { weight: 3, arbitrary: fc.constant<Kind>('failed') },
        fc.constantFrom<Kind>('confirmed', 'fault'),
      ),
      tookMs: fc.integer({ min: 0, max: 6000 }),
    }),
    { freq: 2 },
  ),
});

describe('the health of a service against its model', () => {
  it('B12 B13 B18 B20 B21 B23 any sequence of probes and times', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), settings, (script, chosen) => check(script, chosen)),
      {
        numRuns: 3000,
        // Scripts that once failed.
        examples: [
          // A confirmation after t0+15 s whose timer had not run yet skipped the verdict.
          [[failedAfter(0), confirmedAfter(15_200)], { intervalMs: 5000, attempts: 3 }],
          // The short probe of a slow server failed after its full one was confirmed, and began a second outage.
          [[failedAfter(0), confirmedAfter(4500, 4500), failedAfter(500, 1000)], { intervalMs: 5000, attempts: 3 }],
          // A probe was asked for although the same late event carried the verdict or the recovery.
          [[failedAfter(0), { waitMs: 60_000, probe: null }], { intervalMs: 5000, attempts: 3 }],
          [[failedAfter(0), confirmedAfter(5001)], { intervalMs: 5000, attempts: 3 }],
        ],
      },
    );
  });

  it('B18 further timers, early, late or twice, change nothing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(fc.nat(3), { maxLength: 40 }), (script, extra) => {
        const chosen = { intervalMs: 5000, attempts: 3 };
        let [plain, ticked] = [UNKNOWN_HEALTH, UNKNOWN_HEALTH];
        let now = 1_800_000_000_000;
        for (const [index, { waitMs, probe }] of script.entries()) {
          const ticks = extra[index] ?? 0;
          for (let tick = 1; tick <= ticks; tick++) {
            const at = now + Math.floor((waitMs * tick) / ticks);
            ticked = reduceHealth(ticked, { kind: 'time', at }, chosen).health;
          }
          now += waitMs;
          if (probe === null) continue;
          const startedAt = now - probe.tookMs;
          const event = {
            kind: 'probe',
            at: now,
            startedAt,
            latencyMs: probe.tookMs,
            outcome: OUTCOMES[probe.kind],
          } as const;
          plain = reduceHealth(plain, event, chosen).health;
          ticked = reduceHealth(ticked, event, chosen).health;
          expect(ticked).toEqual(plain);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('B19 a clock that is set back at any moment delays the verdict by less than two attempts', () => {
    const chosen = { intervalMs: 5000, attempts: 3 };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 14_999 }), fc.integer({ min: 1, max: 10_000_000 }), (afterMs, backMs) => {
        // The clock that runs (`passed`) and the one that is shown (`passed + offset`), as a supervisor would wake it.
        let [passed, offset] = [0, 1_800_000_000_000];
        let health = reduceHealth(
          UNKNOWN_HEALTH,
          { kind: 'probe', at: offset, startedAt: offset, latencyMs: 0, outcome: OUTCOMES.failed },
          chosen,
        ).health;
        for (let wake = 0; health.phase.state === 'reconnecting' && wake < 20; wake++) {
          const at = selectWakeAt(health.phase, chosen) ?? 0;
          const next = passed + Math.min(Math.max(0, at - passed - offset), chosen.intervalMs);
          if (passed <= afterMs && next > afterMs) offset -= backMs;
          passed = next;
          health = reduceHealth(health, { kind: 'time', at: passed + offset }, chosen).health;
        }
        expect(health.phase.state).toBe('out-of-service');
        expect(passed).toBeGreaterThanOrEqual(15_000);
        expect(passed).toBeLessThan(25_000);
      }),
      { numRuns: 2000 },
    );
  });
});

function failedAfter(waitMs: number, tookMs = 0): Step {
  return { waitMs, probe: { kind: 'failed', tookMs } };
}

function confirmedAfter(waitMs: number, tookMs = 0): Step {
  return { waitMs, probe: { kind: 'confirmed', tookMs } };
}
