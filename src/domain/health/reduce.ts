/**
 * The one place where the state of a service is decided: every event goes through here. The parts decide their own (the
 * timeline, the signals, fippa, the operator's setting); here stands what one of them means for another. Pure.
 */

import type { HealthEffect, HealthEvent, ServiceEffect, ServiceEvent, SignalEvent } from './events.ts';
import { reducePassed, reduceRequestFailed } from './fippa-failing.ts';
import { reduceSetting } from './operator.ts';
import { isNews, type PeerEvent, type PeerForgotten, reducePeers } from './peers.ts';
import { askAgain, reduceSignals, type Standing, selectAskAt, selectDecider, selectStanding } from './signals.ts';
import {
  type HealthSettings,
  NO_FAILURES,
  type ServiceHealth,
  type ServiceSettings,
  type ServiceState,
  type Signals,
} from './state.ts';
import { isOvertaken, reduceHealth, selectSince, selectWakeAt } from './timeline.ts';

export interface ServiceStep {
  readonly state: ServiceState;
  readonly effects: readonly ServiceEffect[];
}

export function reduceService(before: ServiceState, event: ServiceEvent, settings: ServiceSettings): ServiceStep {
  switch (event.kind) {
    case 'request-failed':
      return { state: countFailure(before, event.device, event.at, settings), effects: [] };
    case 'page-relayed':
      return { state: { ...before, failures: NO_FAILURES }, effects: [] };
    case 'admin':
      return { state: { ...before, admin: event.setting }, effects: [] };
    case 'peer':
    case 'peer-forgotten':
      return reducePeer(before, event, settings);
    default:
      return reduceWatched(before, event, settings);
  }
}

/** What another proxy says changes no state by itself: it moves t0, or makes this one ask its server. */
function reducePeer(before: ServiceState, event: PeerEvent | PeerForgotten, settings: ServiceSettings): ServiceStep {
  const peers = reducePeers(before.peers, event);
  const { state, effects } = reduceWatched({ ...before, peers }, { kind: 'time', at: event.at }, settings);
  const asks = event.kind === 'peer' && isNews(before.peers, event, state.health.phase.state);
  return { state, effects: asks ? [...effects, { kind: 'probe', limit: 'fresh' }] : effects };
}

function reduceWatched(before: ServiceState, event: HealthEvent | SignalEvent, settings: ServiceSettings): ServiceStep {
  const { effects, ...signalled } = reduceSignalled(before, event, settings);
  const { health, signals } = signalled;
  const { peers } = before;
  const admin = reduceSetting(before.admin, event.at);
  const failures = reducePassed(keptFailures(before, health), event.at);
  const told = effects.map((effect) => tell(effect, signalled, settings));
  return {
    state: { health, peers, signals, failures, admin },
    effects: [...refusedCredentials(before.health, health, event), ...told],
  };
}

/** When the next `time` event is due; null: none. */
export function selectWake(
  { health, signals, failures, admin }: ServiceState,
  settings: HealthSettings,
): number | null {
  const own = [selectWakeAt(health.phase, settings), selectAskAt(signals)];
  const wakes = [...own, failures.until, admin.until, admin.maintAt ?? null].filter((at) => at !== null);
  return wakes.length === 0 ? null : Math.min(...wakes);
}

/** An announcement holds all that is told of the change, so that nobody has to look it up. */
function tell(effect: HealthEffect, { health, signals }: SignalledHealth, settings: ServiceSettings): ServiceEffect {
  if (effect.kind !== 'announce') return effect;
  const { phase, failure } = health;
  return { ...effect, since: selectSince(phase), failure, decidedBy: selectDecider(signals, settings) };
}

function refusedCredentials(
  before: ServiceHealth,
  { failure }: ServiceHealth,
  event: HealthEvent | SignalEvent,
): ServiceEffect[] {
  const isNew = event.kind === 'probe' && event.outcome.kind === 'fault' && failure?.code !== before.failure?.code;
  return isNew && failure !== null ? [{ kind: 'credentials-refused', failure }] : [];
}

function countFailure(state: ServiceState, device: string, at: number, settings: HealthSettings): ServiceState {
  if (state.health.phase.state !== 'in-service') return state;
  return { ...state, failures: reduceRequestFailed(state.failures, device, at, settings.fippaFailingForMs) };
}

/** Failed requests of an outage say nothing about fippa once the server itself is known to be out. */
function keptFailures({ failures }: ServiceState, { phase }: ServiceHealth): ServiceState['failures'] {
  return phase.state === 'in-service' ? failures : NO_FAILURES;
}

type SignalledHealth = Pick<ServiceState, 'health' | 'signals'>;

interface SignalledStep extends SignalledHealth {
  readonly effects: readonly HealthEffect[];
}

/** SystemInfo and the signals of the Notification Service as one. */
function reduceSignalled(
  { health, signals: before, peers }: Pick<ServiceState, 'health' | 'signals' | 'peers'>,
  event: HealthEvent | SignalEvent,
  settings: ServiceSettings,
): SignalledStep {
  const asking = askAgain(before, event.at);
  // What says nothing of the timeline says nothing of a notification either.
  const isProbeOvertaken = event.kind === 'probe' && isOvertaken(health, event);
  const signals = isProbeOvertaken ? asking : reduceSignals(asking, event, settings);
  const standing = selectStanding(signals, settings);
  const isNew =
    isSignal(event) &&
    standing !== null &&
    (event.kind === 'settings' || standing.signal !== selectStanding(before, settings)?.signal);
  const step = reduceHealth(health, toHealthEvent(event, standing, isNew), settings, peers);
  const asks = isSignal(event) && asksForProbe(event, before, { health: step.health, signals }, settings);
  const isAsked = asks || (asking !== before && signals.notified.undecided !== null);
  return { ...step, signals, effects: isAsked ? [...step.effects, { kind: 'probe', limit: 'fresh' }] : step.effects };
}

function isSignal(event: HealthEvent | SignalEvent): event is SignalEvent {
  return event.kind !== 'probe' && event.kind !== 'time' && event.kind !== 'failed';
}

function toHealthEvent(event: HealthEvent | SignalEvent, standing: Standing | null, isNew: boolean): HealthEvent {
  if (event.kind === 'probe') return { ...event, standing: standing?.failure ?? null };
  if (!isSignal(event)) return event;
  return isNew && standing !== null
    ? { kind: 'failed', at: event.at, failure: standing.failure }
    : { kind: 'time', at: event.at };
}

/** A notified OUT_OF_SERVICE is asked about at once; so is whatever may have ended an outage. */
function asksForProbe(event: SignalEvent, before: Signals, after: SignalledHealth, settings: ServiceSettings): boolean {
  if (event.kind === 'notified' && event.status === 'OUT_OF_SERVICE') return true;
  if (after.health.phase.state === 'in-service' || selectStanding(after.signals, settings) !== null) return false;
  return event.kind === 'notified' || selectStanding(before, settings) !== null;
}
