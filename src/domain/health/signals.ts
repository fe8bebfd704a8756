/**
 * What the Notification Service adds to the health of a service (reference/high-availability.md, "How a client notices a
 * failure"). Three signals beside SystemInfo: the connection, the presence of Finesse's own user, and notified changes of
 * SystemInfo. A signal may worsen the state or ask for a probe; only a probe improves it. In service means: SystemInfo
 * confirmed, and no failure of a signal standing. Pure; times are epoch milliseconds, so that all of it can be shared.
 */

import type { Failure } from '../failure.ts';
import type { HealthEvent, SignalEvent } from './events.ts';
import { type Judgement, NO_SIGNALS, type SignalName, type Signals, type Wait } from './state.ts';

/** A failure that keeps the service out. */
export interface Standing {
  readonly signal: Exclude<SignalName, 'systemInfo'>;
  readonly since: number;
  readonly failure: Failure;
}

/** A wait ends when SystemInfo has confirmed the service for this long without a break: notifications can be lost. */
export const MAX_WAIT_MS = 30_000;
/** When SystemInfo is asked about a notified OUT_OF_SERVICE, counted from the notification. */
const ASKED_AFTER_MS: readonly number[] = [0, 1000, 3000];

/** When SystemInfo is asked again about a notified OUT_OF_SERVICE; null: not. */
export function selectAskAt({ notified: { undecided } }: Signals): number | null {
  const afterMs = undecided === null ? undefined : ASKED_AFTER_MS[undecided.asks];
  return undecided === null || afterMs === undefined ? null : undecided.since + afterMs;
}

/** Counts what fell due of the questions about a notified OUT_OF_SERVICE: of several that were missed, one is made up for. */
export function askAgain(signals: Signals, at: number): Signals {
  const { notified } = signals;
  const { undecided } = notified;
  if (undecided === null || (selectAskAt(signals) ?? Number.POSITIVE_INFINITY) > at) return signals;
  const asks = ASKED_AFTER_MS.filter((afterMs) => undecided.since + afterMs <= at).length;
  return { ...signals, notified: { ...notified, undecided: { ...undecided, asks } } };
}

/** The failure that keeps the service out although SystemInfo may confirm it; null: none. */
export function selectStanding(signals: Signals, settings: Judgement): Standing | null {
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
export function selectDecider(signals: Signals, settings: Judgement): SignalName | null {
  const { systemInfo } = signals;
  const standing = selectStanding(signals, settings);
  const isAgainst = systemInfo.says === 'not-confirmed' && systemInfo.since !== null;
  if (standing === null || (isAgainst && (systemInfo.since ?? 0) < standing.since)) {
    return systemInfo.since === null ? null : 'systemInfo';
  }
  return standing.signal;
}

/** `time` and failures that no signal told change nothing here; `askAgain` counts what fell due. */
export function reduceSignals(signals: Signals, event: HealthEvent | SignalEvent, { advisory }: Judgement): Signals {
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
