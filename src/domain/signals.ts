/**
 * What the Notification Service adds to the health of a service (reference/high-availability.md, "How a client notices a
 * failure"). Three signals beside SystemInfo: the connection, the presence of Finesse's own user, and notified changes of
 * SystemInfo. A signal may worsen the state or ask for a probe; only a probe improves it. In service means: SystemInfo
 * confirmed, and no failure of a signal standing. Pure; times are epoch milliseconds, so that all of it can be shared.
 */

import type { Failure } from './model.ts';
import {
  type HealthEffect,
  type HealthEvent,
  type HealthSettings,
  reduceHealth,
  type ServiceHealth,
  selectWakeAt,
} from './service-health.ts';

export type SignalName = 'systemInfo' | 'connection' | 'presence' | 'notified';
export type NotifiedStatus = 'IN_SERVICE' | 'OUT_OF_SERVICE';

interface Said<Word extends string> {
  readonly says: Word | 'unknown';
  readonly since: number | null;
}

export interface Signals {
  readonly systemInfo: Said<'in-service' | 'not-confirmed'>;
  /** `lost` only after it was up; a connection that never was, or that the configuration is at fault for, is unknown. */
  readonly connection: Said<'up' | 'lost'> & { readonly failure: Failure | null };
  readonly presence: Said<'available' | 'unavailable'> & {
    /** Whether it was ever available to this client, also on a connection before: only then can it become unavailable. */
    readonly seen: boolean;
  };
  readonly notified: Said<'in-service' | 'out-of-service'> & {
    /** An OUT_OF_SERVICE that SystemInfo has not confirmed yet, and that is not set aside either; else null. */
    readonly undecided: Undecided | null;
    /** The condition with which the server refuses the subscription: nothing will be notified; null: it does not. */
    readonly refused: string | null;
  };
  /** What the service waits for before SystemInfo alone may bring it back. */
  readonly wait: Wait | null;
}

/** Finesse may still be changing when it notifies: it is asked several times before its word is set aside. */
export interface Undecided {
  /** When OUT_OF_SERVICE was last notified. */
  readonly since: number;
  /** How often SystemInfo was asked about it. */
  readonly asks: number;
}

export interface Wait {
  readonly for: 'available' | 'in-service';
  readonly because: 'presence' | 'notified';
  /** When the failure was noticed. */
  readonly since: number;
}

export type SignalEvent =
  /** A new client begins: what another one said counts no longer. */
  | { readonly kind: 'reset'; readonly at: number }
  /** From now on the settings are those that come with this event. */
  | { readonly kind: 'settings'; readonly at: number }
  | { readonly kind: 'connected'; readonly at: number }
  /** `lost` counts as a failure of the service if the connection was up; `configuration` never does. */
  | {
      readonly kind: 'disconnected';
      readonly at: number;
      readonly cause: 'lost' | 'configuration';
      readonly failure: Failure;
    }
  | { readonly kind: 'not-subscribed'; readonly at: number; readonly condition: string }
  | { readonly kind: 'presence'; readonly at: number; readonly available: boolean }
  | { readonly kind: 'notified'; readonly at: number; readonly status: NotifiedStatus };

export interface SignalSettings extends HealthSettings {
  /** Signals are words for the operator and change nothing. */
  readonly advisory: boolean;
}

/** A failure that keeps the service out. */
export interface Standing {
  readonly signal: Exclude<SignalName, 'systemInfo'>;
  readonly since: number;
  readonly failure: Failure;
}

/** The whole of what is known of one service. */
export interface SignalledHealth {
  readonly health: ServiceHealth;
  readonly signals: Signals;
}

export interface SignalledStep extends SignalledHealth {
  readonly effects: readonly HealthEffect[];
}

/** A wait ends when SystemInfo has confirmed the service for this long without a break: notifications can be lost. */
export const MAX_WAIT_MS = 30_000;
/** When SystemInfo is asked about a notified OUT_OF_SERVICE, counted from the notification. */
export const ASKED_AFTER_MS: readonly number[] = [0, 1000, 3000];

const UNSAID = { says: 'unknown', since: null } as const;

export const NO_SIGNALS: Signals = {
  systemInfo: UNSAID,
  connection: { ...UNSAID, failure: null },
  presence: { ...UNSAID, seen: false },
  notified: { ...UNSAID, undecided: null, refused: null },
  wait: null,
};

/** Health and signals as one: every event of a service goes through here. */
export function reduceSignalled(
  { health, signals: before }: SignalledHealth,
  event: HealthEvent | SignalEvent,
  settings: SignalSettings,
): SignalledStep {
  const asking = askAgain(before, event.at);
  const signals = reduceSignals(asking, event, settings);
  const standing = selectStanding(signals, settings);
  const isNew =
    isSignal(event) &&
    standing !== null &&
    (event.kind === 'settings' || standing.signal !== selectStanding(before, settings)?.signal);
  const step = reduceHealth(health, toHealthEvent(event, standing, isNew), settings);
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

/** When the next `time` event is due; null: none. */
export function selectWake({ health, signals }: SignalledHealth, settings: HealthSettings): number | null {
  const wakes = [selectWakeAt(health.phase, settings), selectAskAt(signals)].filter((at) => at !== null);
  return wakes.length === 0 ? null : Math.min(...wakes);
}

function selectAskAt({ notified: { undecided } }: Signals): number | null {
  const afterMs = undecided === null ? undefined : ASKED_AFTER_MS[undecided.asks];
  return undecided === null || afterMs === undefined ? null : undecided.since + afterMs;
}

/** Counts what fell due of the questions about a notified OUT_OF_SERVICE: of several that were missed, one is made up for. */
function askAgain(signals: Signals, at: number): Signals {
  const { notified } = signals;
  const { undecided } = notified;
  if (undecided === null || (selectAskAt(signals) ?? Number.POSITIVE_INFINITY) > at) return signals;
  const asks = ASKED_AFTER_MS.filter((afterMs) => undecided.since + afterMs <= at).length;
  return { ...signals, notified: { ...notified, undecided: { ...undecided, asks } } };
}

/** A notified OUT_OF_SERVICE is asked about at once; so is whatever may have ended an outage. */
function asksForProbe(event: SignalEvent, before: Signals, after: SignalledHealth, settings: SignalSettings): boolean {
  if (event.kind === 'notified' && event.status === 'OUT_OF_SERVICE') return true;
  if (after.health.phase.state === 'in-service' || selectStanding(after.signals, settings) !== null) return false;
  return event.kind === 'notified' || selectStanding(before, settings) !== null;
}

/** The failure that keeps the service out although SystemInfo may confirm it; null: none. */
export function selectStanding(signals: Signals, settings: Pick<SignalSettings, 'advisory'>): Standing | null {
  const { connection, wait } = signals;
  if (settings.advisory) return null;
  if (connection.says === 'lost' && connection.since !== null && connection.failure !== null) {
    return { signal: 'connection', since: connection.since, failure: connection.failure };
  }
  if (wait === null) return null;
  return { signal: wait.because, since: wait.since, failure: describeWait(signals, wait) };
}

function describeWait({ presence }: Signals, wait: Wait): Failure {
  if (wait.for === 'available') {
    const detail = presence.says === 'unknown' ? 'no presence has come since the connection was made again' : '';
    return { code: 'notification-presence', detail };
  }
  return { code: 'notification-awaited', detail: wait.because === 'presence' ? 'finesse is available again' : '' };
}

/** Which signal decided that the service is in the state it is in: of those that speak against it, the first. */
export function selectDecider(signals: Signals, settings: Pick<SignalSettings, 'advisory'>): SignalName | null {
  const { systemInfo } = signals;
  const standing = selectStanding(signals, settings);
  const isAgainst = systemInfo.says === 'not-confirmed' && systemInfo.since !== null;
  if (standing === null || (isAgainst && (systemInfo.since ?? 0) < standing.since)) {
    return systemInfo.since === null ? null : 'systemInfo';
  }
  return standing.signal;
}

function reduceSignals(signals: Signals, event: HealthEvent | SignalEvent, { advisory }: SignalSettings): Signals {
  switch (event.kind) {
    case 'reset':
      return { ...NO_SIGNALS, systemInfo: signals.systemInfo };
    case 'settings':
      return advisory ? { ...signals, wait: null } : signals;
    case 'connected':
      return {
        ...signals,
        connection: { says: 'up', since: event.at, failure: null },
        // What was said on the connection before may have changed meanwhile.
        presence: forget(signals.presence),
        notified: NO_SIGNALS.notified,
      };
    case 'disconnected':
      return reduceDisconnected(signals, event);
    case 'not-subscribed':
      return { ...signals, notified: { ...signals.notified, refused: event.condition } };
    case 'presence':
      return reducePresence(signals, event, advisory);
    case 'notified':
      return reduceNotified(signals, event);
    case 'probe':
      return reduceConfirmation(signals, event, advisory);
    default:
      return signals;
  }
}

function forget({ seen }: Signals['presence']): Signals['presence'] {
  return { ...NO_SIGNALS.presence, seen };
}

function reduceDisconnected(signals: Signals, event: SignalEvent & { kind: 'disconnected' }): Signals {
  const { at, cause, failure } = event;
  const { connection, presence, wait } = signals;
  const isLost = cause === 'lost' && connection.says !== 'unknown';
  const says = isLost ? 'lost' : 'unknown';
  return {
    ...signals,
    connection: { says, since: connection.says === says ? (connection.since ?? at) : at, failure },
    presence: forget(presence),
    notified: NO_SIGNALS.notified,
    // The rules wait "as long as the connection lasts"; but a finesse that was away then has to be seen on the next one.
    wait: isLost && wait?.for === 'available' ? wait : null,
  };
}

function reducePresence(
  signals: Signals,
  { at, available }: SignalEvent & { kind: 'presence' },
  advisory: boolean,
): Signals {
  const { presence, wait } = signals;
  const says = available ? 'available' : 'unavailable';
  if (presence.says === says) return signals;
  const next = { ...signals, presence: { says, since: at, seen: presence.seen || available } } as const;
  if (available && wait?.for === 'available') {
    // Available from the beginning of a connection: there is nothing to wait for on this one.
    return { ...next, wait: presence.says === 'unavailable' ? { ...wait, for: 'in-service' } : null };
  }
  if (available || !presence.seen || advisory) return next;
  return { ...next, wait: { for: 'available', because: 'presence', since: wait?.since ?? at } };
}

function reduceNotified(signals: Signals, { at, status }: SignalEvent & { kind: 'notified' }): Signals {
  const isOut = status === 'OUT_OF_SERVICE';
  const says = isOut ? 'out-of-service' : 'in-service';
  const { notified, wait } = signals;
  const since = notified.says === says ? (notified.since ?? at) : at;
  return {
    ...signals,
    notified: { ...notified, says, since, undecided: isOut ? { since: at, asks: 1 } : null },
    // Before AVAILABLE an IN_SERVICE says nothing: rule 3 has an order.
    wait: !isOut && wait?.for === 'in-service' ? null : wait,
  };
}

function reduceConfirmation(before: Signals, event: HealthEvent & { kind: 'probe' }, advisory: boolean): Signals {
  const signals = notAfter(before, event.at);
  const says = event.outcome.kind === 'confirmed' ? 'in-service' : 'not-confirmed';
  const { systemInfo } = signals;
  const next: Signals = { ...signals, systemInfo: systemInfo.says === says ? systemInfo : { says, since: event.at } };
  return endLongWait(decide(next, event, advisory), event.at);
}

/** What a probe that was asked after the notification says of it; of those that deny it, the last question's counts. */
function decide(signals: Signals, { startedAt, outcome }: HealthEvent & { kind: 'probe' }, advisory: boolean): Signals {
  const { notified, wait } = signals;
  const { undecided } = notified;
  if (undecided === null || startedAt < undecided.since) return signals;
  const decided: Signals = { ...signals, notified: { ...notified, undecided: null } };
  if (outcome.kind === 'failed' && !advisory) {
    return { ...decided, wait: wait ?? { for: 'in-service', because: 'notified', since: undecided.since } };
  }
  const isLast = startedAt >= undecided.since + Math.max(...ASKED_AFTER_MS);
  return isLast || outcome.kind === 'failed' ? decided : signals;
}

function endLongWait(signals: Signals, at: number): Signals {
  const { systemInfo, connection, presence, wait } = signals;
  if (wait === null || systemInfo.says !== 'in-service' || connection.says !== 'up') return signals;
  // What finesse says itself is not lost: only its own AVAILABLE ends that.
  if (wait.for === 'available' && presence.says === 'unavailable') return signals;
  const availableSince = presence.says === 'available' ? presence.since : null;
  const began = Math.max(systemInfo.since ?? at, connection.since ?? at, availableSince ?? wait.since, wait.since);
  return at - began >= MAX_WAIT_MS ? { ...signals, wait: null } : signals;
}

/** A clock that was set back must not make the wait longer: what lies ahead of it then began now. */
function notAfter(signals: Signals, at: number): Signals {
  const { systemInfo, connection, presence, notified, wait } = signals;
  const { undecided } = notified;
  return {
    ...signals,
    systemInfo: { ...systemInfo, since: earlier(systemInfo.since, at) },
    connection: { ...connection, since: earlier(connection.since, at) },
    presence: { ...presence, since: earlier(presence.since, at) },
    notified: {
      ...notified,
      undecided: undecided === null ? null : { ...undecided, since: Math.min(undecided.since, at) },
    },
    wait: wait === null ? null : { ...wait, since: Math.min(wait.since, at) },
  };
}

function earlier(since: number | null, at: number): number | null {
  return since === null ? null : Math.min(since, at);
}
