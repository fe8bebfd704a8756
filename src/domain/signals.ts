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
    /** Whether it was available on this connection: only then can it become unavailable. */
    readonly seen: boolean;
  };
  readonly notified: Said<'in-service' | 'out-of-service'> & {
    /** When OUT_OF_SERVICE was last notified, until the probe that decides has ended; else null. */
    readonly undecidedSince: number | null;
  };
  /** What the service waits for before SystemInfo alone may bring it back. */
  readonly wait: Wait | null;
}

export interface Wait {
  readonly for: 'available' | 'in-service';
  readonly because: 'presence' | 'notified';
  /** When the failure was noticed. */
  readonly since: number;
}

export type SignalEvent =
  /**
   * A new client begins. What another one said counts no longer, but for a lost connection to the same service: a reload of
   * the configuration must not end an outage.
   */
  | { readonly kind: 'reset'; readonly at: number; readonly isSame: boolean }
  | { readonly kind: 'connected'; readonly at: number }
  /** `lost` counts as a failure of the service if the connection was up; `configuration` never does. */
  | {
      readonly kind: 'disconnected';
      readonly at: number;
      readonly cause: 'lost' | 'configuration';
      readonly failure: Failure;
    }
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

const UNSAID = { says: 'unknown', since: null } as const;

export const NO_SIGNALS: Signals = {
  systemInfo: UNSAID,
  connection: { ...UNSAID, failure: null },
  presence: { ...UNSAID, seen: false },
  notified: { ...UNSAID, undecidedSince: null },
  wait: null,
};

/** Health and signals as one: every event of a service goes through here. */
export function reduceSignalled(
  before: SignalledHealth,
  event: HealthEvent | SignalEvent,
  settings: SignalSettings,
): SignalledStep {
  const signals = reduceSignals(before.signals, event, settings);
  const standing = selectStanding(signals, settings);
  if (event.kind === 'probe') {
    const step = reduceHealth(before.health, { ...event, standing: standing?.failure ?? null }, settings);
    return { ...step, signals };
  }
  if (event.kind === 'time' || event.kind === 'failed')
    return { ...reduceHealth(before.health, event, settings), signals };
  const isNew = standing !== null && standing.signal !== selectStanding(before.signals, settings)?.signal;
  const { health, effects } = reduceHealth(
    before.health,
    isNew ? { kind: 'failed', at: event.at, failure: standing.failure } : { kind: 'time', at: event.at },
    settings,
  );
  const asks = asksForProbe(event, before, { health, signals }, settings);
  return { health, signals, effects: asks ? [...effects, { kind: 'probe', limit: 'fresh' }] : effects };
}

/** A notified OUT_OF_SERVICE is asked about at once; so is whatever may have ended an outage. */
function asksForProbe(
  event: SignalEvent,
  before: SignalledHealth,
  after: SignalledHealth,
  settings: SignalSettings,
): boolean {
  if (event.kind === 'notified' && event.status === 'OUT_OF_SERVICE') return true;
  if (after.health.phase.state === 'in-service' || selectStanding(after.signals, settings) !== null) return false;
  return event.kind === 'notified' || selectStanding(before.signals, settings) !== null;
}

/** The failure that keeps the service out although SystemInfo may confirm it; null: none. */
export function selectStanding(signals: Signals, settings: Pick<SignalSettings, 'advisory'>): Standing | null {
  const { connection, wait } = signals;
  if (settings.advisory) return null;
  if (connection.says === 'lost' && connection.since !== null && connection.failure !== null) {
    return { signal: 'connection', since: connection.since, failure: connection.failure };
  }
  if (wait === null) return null;
  const failure: Failure =
    wait.for === 'available'
      ? { code: 'notification-presence', detail: '' }
      : { code: 'notification-awaited', detail: wait.because === 'presence' ? 'finesse is available again' : '' };
  return { signal: wait.because, since: wait.since, failure };
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
      return reduceReset(signals, event.isSame);
    case 'connected':
      return {
        ...signals,
        connection: { says: 'up', since: event.at, failure: null },
        // What was said on the connection before may have changed meanwhile.
        presence: NO_SIGNALS.presence,
        notified: NO_SIGNALS.notified,
        wait: null,
      };
    case 'disconnected':
      return reduceDisconnected(signals, event);
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

function reduceReset({ systemInfo, connection }: Signals, isSame: boolean): Signals {
  const stays = isSame && connection.says === 'lost';
  return { ...NO_SIGNALS, systemInfo, connection: stays ? connection : NO_SIGNALS.connection };
}

function reduceDisconnected(signals: Signals, event: SignalEvent & { kind: 'disconnected' }): Signals {
  const { at, cause, failure } = event;
  const { connection } = signals;
  const isLost = cause === 'lost' && connection.says !== 'unknown';
  const says = isLost ? 'lost' : 'unknown';
  return {
    ...signals,
    connection: { says, since: connection.says === says ? (connection.since ?? at) : at, failure },
    presence: NO_SIGNALS.presence,
    notified: NO_SIGNALS.notified,
    // The rules wait "as long as the connection lasts".
    wait: null,
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
  if (available) return wait?.for === 'available' ? { ...next, wait: { ...wait, for: 'in-service' } } : next;
  if (!presence.seen || advisory) return next;
  return { ...next, wait: { for: 'available', because: 'presence', since: wait?.since ?? at } };
}

function reduceNotified(signals: Signals, { at, status }: SignalEvent & { kind: 'notified' }): Signals {
  const isOut = status === 'OUT_OF_SERVICE';
  const says = isOut ? 'out-of-service' : 'in-service';
  const { notified, wait } = signals;
  const since = notified.says === says ? (notified.since ?? at) : at;
  return {
    ...signals,
    notified: { says, since, undecidedSince: isOut ? at : null },
    // Before AVAILABLE an IN_SERVICE says nothing: rule 3 has an order.
    wait: !isOut && wait?.for === 'in-service' ? null : wait,
  };
}

function reduceConfirmation(before: Signals, event: HealthEvent & { kind: 'probe' }, advisory: boolean): Signals {
  const { at, startedAt, outcome } = event;
  const signals = notAfter(before, at);
  const says = outcome.kind === 'confirmed' ? 'in-service' : 'not-confirmed';
  const { systemInfo, notified } = signals;
  const next: Signals = { ...signals, systemInfo: systemInfo.says === says ? systemInfo : { says, since: at } };
  if (notified.undecidedSince === null || startedAt < notified.undecidedSince) return endLongWait(next, at);
  const isOut = outcome.kind === 'failed' && !advisory;
  const wait: Wait = { for: 'in-service', because: 'notified', since: notified.undecidedSince };
  const decided = { ...next, notified: { ...notified, undecidedSince: null } };
  return isOut ? { ...decided, wait: signals.wait ?? wait } : endLongWait(decided, at);
}

function endLongWait(signals: Signals, at: number): Signals {
  const { systemInfo, connection, wait } = signals;
  if (wait === null || systemInfo.says !== 'in-service' || connection.says !== 'up') return signals;
  const began = Math.max(systemInfo.since ?? at, connection.since ?? at, wait.since);
  return at - began >= MAX_WAIT_MS ? { ...signals, wait: null } : signals;
}

/** A clock that was set back must not make the wait longer: what lies ahead of it then began now. */
function notAfter(signals: Signals, at: number): Signals {
  const { systemInfo, connection, wait } = signals;
  return {
    ...signals,
    systemInfo: { ...systemInfo, since: earlier(systemInfo.since, at) },
    connection: { ...connection, since: earlier(connection.since, at) },
    wait: wait === null ? null : { ...wait, since: Math.min(wait.since, at) },
  };
}

function earlier(since: number | null, at: number): number | null {
  return since === null ? null : Math.min(since, at);
}
