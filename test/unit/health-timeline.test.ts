import { describe, expect, it } from 'vitest';
import { type ServiceHealth, UNKNOWN_HEALTH } from '../../src/domain/health/state.ts';
import {
  type HealthStep,
  reduceHealth,
  selectAttemptEnd,
  selectWakeAt,
  shortProbeMs,
} from '../../src/domain/health/timeline.ts';
import type { ProbeOutcome } from '../../src/domain/model.ts';
import { CONFIRMED, FAULT, failed, INFO } from '../scripted-probe.ts';

const SETTINGS = { intervalMs: 5000, attempts: 3 };
const T0 = 1_000_000;

function probe(health: ServiceHealth, outcome: ProbeOutcome, at: number, startedAt = at): HealthStep {
  return reduceHealth(health, { kind: 'probe', at, startedAt, latencyMs: at - startedAt, outcome }, SETTINGS);
}

function time(health: ServiceHealth, at: number): HealthStep {
  return reduceHealth(health, { kind: 'time', at }, SETTINGS);
}

const up = probe(UNKNOWN_HEALTH, CONFIRMED, T0 - 5000).health;
const failing = probe(up, failed('refused'), T0).health;
const out = time(failing, T0 + 15_000).health;

describe('the health of a service', () => {
  it('B1 begins unknown, and time alone changes nothing', () => {
    expect(time(UNKNOWN_HEALTH, T0)).toEqual({ health: UNKNOWN_HEALTH, effects: [] });
  });

  it('B2 a confirmed probe makes it in service and announces that once', () => {
    const step = probe(UNKNOWN_HEALTH, CONFIRMED, T0, T0 - 30);
    expect(step.health).toEqual({
      phase: { state: 'in-service', since: T0 },
      failure: null,
      info: INFO,
      lastProbeAt: T0,
      latencyMs: 30,
      confirmedAt: T0,
    });
    expect(step.effects).toEqual([{ kind: 'announce', from: 'unknown', to: 'in-service', attempt: null }]);
    expect(probe(step.health, CONFIRMED, T0 + 5000).effects).toEqual([]);
  });

  it('B10 a failed probe starts the timeline: t0, attempt 1 and its full probe', () => {
    const step = probe(up, failed('refused'), T0);
    expect(step.health.phase).toEqual({ state: 'reconnecting', t0: T0, attempt: 1, stage: 'full' });
    expect(step.effects).toEqual([
      { kind: 'probe', limit: 'full' },
      { kind: 'announce', from: 'in-service', to: 'reconnecting', attempt: 1 },
    ]);
  });

  it('B4 a 401 keeps the state and what was known, whatever the state', () => {
    for (const health of [UNKNOWN_HEALTH, up, failing]) {
      const step = probe(health, FAULT, T0 + 1);
      expect(step.health).toMatchObject({ phase: health.phase, info: health.info, confirmedAt: health.confirmedAt });
      expect(step.health.failure?.code).toBe('unauthorized');
      expect(step.effects).toEqual([]);
    }
  });

  it('B12 B14 the wakes of an outage are 1 s before and at the end of each attempt', () => {
    let health = failing;
    const seen: unknown[] = [];
    for (let at = selectWakeAt(health.phase, SETTINGS); at !== null; at = selectWakeAt(health.phase, SETTINGS)) {
      const step = time(health, at);
      seen.push([at - T0, ...step.effects.map((effect) => (effect.kind === 'probe' ? effect.limit : effect.to))]);
      health = step.health;
    }
    expect(seen).toEqual([
      [4000, 'short'],
      [5000, 'full', 'reconnecting'],
      [9000, 'short'],
      [10_000, 'full', 'reconnecting'],
      [14_000, 'short'],
      [15_000, 'out-of-service'],
    ]);
  });

  it('B12 the end of an attempt is on the grid; there is none outside an outage', () => {
    expect(selectAttemptEnd(failing.phase, SETTINGS)).toBe(T0 + 5000);
    expect(selectAttemptEnd(time(failing, T0 + 10_000).health.phase, SETTINGS)).toBe(T0 + 15_000);
    for (const health of [UNKNOWN_HEALTH, up, out]) {
      expect([selectAttemptEnd(health.phase, SETTINGS), selectWakeAt(health.phase, SETTINGS)]).toEqual([null, null]);
    }
  });

  it('B14 the short probe has a second, and a fifth of an interval shorter than 5 s', () => {
    expect([5000, 10_000, 100].map((intervalMs) => shortProbeMs({ ...SETTINGS, intervalMs }))).toEqual([
      1000, 1000, 20,
    ]);
  });

  it('B18 a late timer passes over the steps it missed and asks for the last of their probes only', () => {
    const step = time(failing, T0 + 9500);
    expect(step.health.phase).toEqual({ state: 'reconnecting', t0: T0, attempt: 2, stage: 'last' });
    expect(step.effects).toEqual([
      { kind: 'probe', limit: 'short' },
      { kind: 'announce', from: 'reconnecting', to: 'reconnecting', attempt: 2 },
    ]);
    expect(time(failing, T0 + 60_000).effects).toEqual([
      { kind: 'announce', from: 'reconnecting', to: 'out-of-service', attempt: null },
    ]);
  });

  it('B18 the verdict is dated t0+15 s, however late the timer', () => {
    expect(time(failing, T0 + 60_000).health.phase).toEqual({
      state: 'out-of-service',
      since: T0 + 15_000,
      t0: T0,
      confirmedInARow: 0,
    });
  });

  it('B18 an answer at or after t0+15 s finds the verdict standing, even if the timer has not run yet', () => {
    const step = probe(failing, CONFIRMED, T0 + 15_000, T0 + 14_000);
    expect(step.health.phase).toEqual({ state: 'out-of-service', since: T0 + 15_000, t0: T0, confirmedInARow: 1 });
    expect(step.effects).toEqual([{ kind: 'announce', from: 'reconnecting', to: 'out-of-service', attempt: null }]);
    expect(probe(failing, CONFIRMED, T0 + 14_999, T0 + 14_000).health.phase).toEqual({
      state: 'in-service',
      since: T0 + 14_999,
    });
  });

  it("B18 a failure that comes before a late timer still has that step's probe asked for", () => {
    const step = probe(failing, failed('timeout'), T0 + 5001, T0);
    expect(step.health.phase).toEqual({ state: 'reconnecting', t0: T0, attempt: 2, stage: 'full' });
    expect(step.effects[0]).toEqual({ kind: 'probe', limit: 'full' });
  });

  it('B19 a clock set back by more than an attempt takes the grid along', () => {
    const late = time(failing, T0 + 9000).health;
    const back = time(late, T0 - 3_600_000).health;
    expect(back.phase).toMatchObject({ attempt: 2, stage: 'last' });
    expect(selectWakeAt(back.phase, SETTINGS)).toBe(T0 - 3_600_000 + 1000);
    expect(time(late, T0 + 6000).health).toBe(late);
  });

  it('B20 out of service ends with two confirmed probes in a row, the second of which dates it', () => {
    const once = probe(out, CONFIRMED, T0 + 20_000).health;
    expect(once).toMatchObject({ phase: { state: 'out-of-service', confirmedInARow: 1 }, failure: null });
    for (const outcome of [failed('refused'), FAULT]) {
      const broken = probe(once, outcome, T0 + 25_000).health;
      expect(broken.phase).toMatchObject({ state: 'out-of-service', since: T0 + 15_000, confirmedInARow: 0 });
    }
    const step = probe(once, CONFIRMED, T0 + 25_000);
    expect(step.health.phase).toEqual({ state: 'in-service', since: T0 + 25_000 });
    expect(step.effects).toEqual([{ kind: 'announce', from: 'out-of-service', to: 'in-service', attempt: null }]);
  });

  it('B21 a probe asked before the last confirmation cannot start an outage, a younger one can', () => {
    const back = probe(failing, CONFIRMED, T0 + 4500, T0).health;
    expect(probe(back, failed('timeout'), T0 + 5000, T0 + 4000)).toEqual({ health: back, effects: [] });
    expect(probe(back, failed('timeout'), T0 + 5000, T0 + 4500).health.phase).toMatchObject({ t0: T0 + 5000 });
  });

  it('keeps the last SystemInfo that was read, whatever it said', () => {
    const info = { ...INFO, status: 'OUT_OF_SERVICE' };
    const said = probe(up, { kind: 'failed', failure: { code: 'out-of-service', detail: '' }, info }, T0).health;
    expect(said.info).toBe(info);
    expect(probe(said, failed('refused'), T0 + 1).health.info).toBe(info);
  });
});

describe('a failure that no probe found', () => {
  const failure = { code: 'notification-lost', detail: '' } as const;
  const fail = (health: ServiceHealth, at: number) => reduceHealth(health, { kind: 'failed', at, failure }, SETTINGS);
  const confirmed = (health: ServiceHealth, at: number) =>
    reduceHealth(
      health,
      { kind: 'probe', at, startedAt: at, latencyMs: 0, outcome: CONFIRMED, standing: failure },
      SETTINGS,
    );

  it('starts the timeline as a probe does, and once', () => {
    const step = fail(up, T0);
    expect(step.health).toMatchObject({ phase: failing.phase, failure, info: INFO, confirmedAt: T0 - 5000 });
    expect(step.effects).toEqual(probe(up, failed('refused'), T0).effects);
    expect(fail(step.health, T0 + 1000)).toEqual({ health: step.health, effects: [] });
    expect(fail(out, T0 + 20_000).health).toEqual({ ...out, failure });
  });

  it('stands although SystemInfo confirms: the verdict comes, and its probes go on', () => {
    let health = confirmed(fail(up, T0).health, T0 + 20).health;
    expect(health).toMatchObject({ phase: failing.phase, failure, confirmedAt: T0 + 20 });
    const late = confirmed(health, T0 + 5000);
    expect(late.effects.map((effect) => effect.kind)).toEqual(['probe', 'announce']);
    health = time(late.health, T0 + 15_000).health;
    health = confirmed(confirmed(health, T0 + 20_000).health, T0 + 25_000).health;
    expect(health.phase).toMatchObject({ state: 'out-of-service', confirmedInARow: 2 });
    expect(probe(health, CONFIRMED, T0 + 30_000).health.phase).toEqual({ state: 'in-service', since: T0 + 30_000 });
  });
});
