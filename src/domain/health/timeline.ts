/**
 * The timeline of an outage, as probes and time make it: state × event → state + effects. The rules are those of the
 * contract's "The timeline". Pure.
 */

import type { HealthEffect, HealthEvent } from './events.ts';
import { joinTimeline, joinWithinMs } from './peers.ts';
import type { HealthSettings, PeerView, Phase, ServiceHealth } from './state.ts';

export interface HealthStep {
  readonly health: ServiceHealth;
  readonly effects: readonly HealthEffect[];
}

/** Two confirmed probes in a row bring an out-of-service server back: Tomcat flaps while it starts (finesse-health.md §10). */
const CONFIRMED_TO_RETURN = 2;

/** Limit of the short probe at an attempt's end, and how long before that end it starts: 1 s of the vendor's 5 s. */
export function shortProbeMs(settings: HealthSettings): number {
  return Math.min(1000, settings.intervalMs / 5);
}

/** When the state began (t0 while reconnecting); null while unknown. */
export function selectSince(phase: Phase): number | null {
  if (phase.state === 'unknown') return null;
  return phase.state === 'reconnecting' ? phase.t0 : phase.since;
}

/** End of the attempt that is on, or null unless reconnecting. */
export function selectAttemptEnd(phase: Phase, settings: HealthSettings): number | null {
  return phase.state === 'reconnecting' ? phase.t0 + phase.attempt * settings.intervalMs : null;
}

/** When the next `time` event is due; null: none. */
export function selectWakeAt(phase: Phase, settings: HealthSettings): number | null {
  const end = selectAttemptEnd(phase, settings);
  if (end === null || phase.state !== 'reconnecting') return null;
  return phase.stage === 'full' ? end - shortProbeMs(settings) : end;
}

/**
 * Time goes first, also for a probe: a probe may end before the timer of a step that was due earlier has run (a busy or
 * suspended process), and the order of the two must not decide between a recovery and the verdict.
 */
export function reduceHealth(
  health: ServiceHealth,
  event: HealthEvent,
  settings: HealthSettings,
  peers: readonly PeerView[] = [],
): HealthStep {
  const joined = join({ health, effects: [] }, event.at, settings, peers);
  const timed = joined.health === health ? reduceTime(health, event.at, settings) : joined;
  if (event.kind === 'time') return announce(health, timed);
  const step = event.kind === 'probe' ? reduceProbe(timed, event) : reduceFailed(timed, event);
  return announce(health, join(step, event.at, settings, peers));
}

/** With the t0 that proxies share the timeline may be further on; then what is to be done now is all that counts. */
function join(step: HealthStep, at: number, settings: HealthSettings, peers: readonly PeerView[]): HealthStep {
  const phase = joinTimeline(step.health, peers, joinWithinMs(settings));
  if (phase === step.health.phase) return step;
  const timed = reduceTime({ ...step.health, phase }, at, settings);
  return timed.effects.length > 0 || timed.health.phase.state === 'out-of-service'
    ? timed
    : { ...timed, effects: step.effects };
}

function reduceFailed({ health, effects }: HealthStep, { at, failure }: HealthEvent & { kind: 'failed' }): HealthStep {
  const worse = { ...health, failure };
  const isDown = health.phase.state === 'reconnecting' || health.phase.state === 'out-of-service';
  return isDown ? { health: worse, effects } : startTimeline(worse, at);
}

/** t0: attempt 1 and its full probe. */
function startTimeline(health: ServiceHealth, t0: number): HealthStep {
  return {
    health: { ...health, phase: { state: 'reconnecting', t0, attempt: 1, stage: 'full' } },
    effects: [{ kind: 'probe', limit: 'full' }],
  };
}

function reduceProbe({ health, effects }: HealthStep, event: HealthEvent & { kind: 'probe' }): HealthStep {
  const { at, latencyMs, outcome, standing = null } = event;
  if (isOvertaken(health, event)) return { health, effects };
  const seen = { ...health, lastProbeAt: at, latencyMs };
  if (outcome.kind === 'confirmed') {
    const confirmed = { ...seen, failure: standing, info: outcome.info, confirmedAt: at };
    // Out of service whatever SystemInfo says: its confirmations count, so that the end of the failure is enough.
    if (standing !== null) return { health: { ...confirmed, phase: countConfirmed(health.phase) }, effects };
    return { health: { ...confirmed, phase: confirmedPhase(health.phase, at) }, effects: [] };
  }
  const info = outcome.kind === 'failed' ? (outcome.info ?? health.info) : health.info;
  const worse: ServiceHealth = { ...seen, failure: outcome.failure, info };
  const { phase } = health;
  if (phase.state === 'out-of-service') {
    return { health: { ...worse, phase: { ...phase, confirmedInARow: 0 } }, effects };
  }
  // 401 and 403 are a fault of the configuration: the state stays, only the reason tells.
  if (outcome.kind === 'fault' || phase.state === 'reconnecting') return { health: worse, effects };
  return startTimeline(worse, at);
}

/**
 * Two probes can overlap at an attempt's end. What one of them did not find says nothing once the other did: neither a
 * full one that still hangs, nor a short one that gave a slow server only its second. `at` before the confirmation means
 * that the clock was set back, and then nothing is known of their order.
 */
export function isOvertaken({ confirmedAt }: ServiceHealth, event: HealthEvent): boolean {
  if (event.kind !== 'probe' || event.outcome.kind === 'confirmed' || confirmedAt === null) return false;
  return event.startedAt < confirmedAt && confirmedAt <= event.at;
}

function confirmedPhase(phase: Phase, at: number): Phase {
  if (phase.state === 'in-service') return phase;
  const counted = countConfirmed(phase);
  if (counted.state === 'out-of-service' && counted.confirmedInARow < CONFIRMED_TO_RETURN) return counted;
  return { state: 'in-service', since: at };
}

function countConfirmed(phase: Phase): Phase {
  return phase.state === 'out-of-service' ? { ...phase, confirmedInARow: phase.confirmedInARow + 1 } : phase;
}

function reduceTime(health: ServiceHealth, at: number, settings: HealthSettings): HealthStep {
  let phase = followClock(health.phase, at, settings);
  let probe: HealthEffect | null = null;
  for (let due = selectWakeAt(phase, settings); due !== null && at >= due; due = selectWakeAt(phase, settings)) {
    if (phase.state !== 'reconnecting') break;
    // A clock that jumped over several steps needs only the last of their probes.
    if (phase.stage === 'full') {
      phase = { ...phase, stage: 'last' };
      probe = { kind: 'probe', limit: 'short' };
    } else if (phase.attempt < settings.attempts) {
      phase = { ...phase, attempt: phase.attempt + 1, stage: 'full' };
      probe = { kind: 'probe', limit: 'full' };
    } else {
      // The verdict is dated on the grid, not when a late timer fired, so that proxies that share an outage agree.
      const { t0, ownT0 } = phase;
      const began = ownT0 === undefined ? { t0 } : { t0, ownT0 };
      phase = { state: 'out-of-service', since: due, ...began, confirmedInARow: 0 };
      probe = null;
    }
  }
  return { health: phase === health.phase ? health : { ...health, phase }, effects: probe === null ? [] : [probe] };
}

/**
 * A system clock that is set back by an hour must not make the outage an hour longer: the grid moves with it, so that the
 * stage that was on begins again. Less than an attempt is left alone, as the clocks of two proxies may differ by that.
 */
function followClock(phase: Phase, at: number, settings: HealthSettings): Phase {
  if (phase.state !== 'reconnecting') return phase;
  const began = phase.t0 + (phase.attempt - 1) * settings.intervalMs;
  if (at >= began - settings.intervalMs) return phase;
  const intoAttempt = phase.stage === 'full' ? 0 : settings.intervalMs - shortProbeMs(settings);
  return { ...phase, t0: at - intoAttempt - (phase.attempt - 1) * settings.intervalMs };
}

function announce(before: ServiceHealth, step: HealthStep): HealthStep {
  const from = before.phase;
  const to = step.health.phase;
  const attempt = to.state === 'reconnecting' ? to.attempt : null;
  const changed = from.state !== to.state || (from.state === 'reconnecting' && from.attempt !== attempt);
  if (!changed) return step;
  return { ...step, effects: [...step.effects, { kind: 'announce', from: from.state, to: to.state, attempt }] };
}
