/** What `/health` says of the signals of a service. Pure. */

import { renderFailure } from '../domain/failure.ts';
import type { SignalName } from '../domain/health/state.ts';
import type { NotificationUse, ServiceStatus, SignalsStatus } from '../domain/model.ts';

/** What one signal says, since when, and why if there is more to say. */
export interface SignalEntry {
  readonly says: string;
  readonly since: string | null;
  readonly reason: string | null;
}

export interface SignalsEntry {
  readonly systemInfo: SignalEntry;
  readonly connection: SignalEntry;
  readonly presence: SignalEntry;
  readonly notified: SignalEntry;
  /** Which of them decided the state of the service. */
  readonly decidedBy: SignalName | null;
  /** `advisory`: what the Notification Service says changes nothing. */
  readonly notification: NotificationUse;
}

/**
 * A connection that was up and is lost shows in the state of the service; one that never was, or that the configuration
 * ended, shows nowhere else. Nor does a subscription that is refused.
 */
export function decideNotification({ id, signals: { connection, notified, notification } }: ServiceStatus): string[] {
  if (notification === 'off') return [];
  if (connection.says === 'unknown' && connection.failure !== null)
    return [`${id}: ${renderFailure(connection.failure)}`];
  return notified.refused === null ? [] : [`${id}: Notification Service: ${describeRefusal(notified.refused)}`];
}

function describeRefusal(condition: string): string {
  return `the subscription to SystemInfo is refused (${condition}), so IN_SERVICE and OUT_OF_SERVICE are not notified. Is the account a user of Finesse?`;
}

export function renderSignals(signals: SignalsStatus): SignalsEntry {
  const { systemInfo, connection, presence, notified, notification, decidedBy } = signals;
  const entry = (
    { says, since }: { readonly says: string; readonly since: number | null },
    reason: string | null = null,
  ) => ({ says, since: since === null ? null : new Date(since).toISOString(), reason });
  const off = notification === 'off' ? 'the Notification Service is not configured' : null;
  return {
    systemInfo: entry(systemInfo),
    connection: entry(connection, off ?? renderConnection(connection)),
    presence: entry(presence, renderPresence(signals)),
    notified: entry(notified, renderNotified(signals)),
    decidedBy,
    notification,
  };
}

function renderConnection({ says, failure }: SignalsStatus['connection']): string | null {
  if (failure !== null) return renderFailure(failure);
  return says === 'unknown' ? 'not connected yet: SystemInfo must say IN_SERVICE first' : null;
}

const WAY_OUT = 'with notification.advisory: true SystemInfo alone decides';

function renderPresence({ presence, connection, wait }: SignalsStatus): string | null {
  if (connection.says !== 'up') return null;
  const waits = wait?.for === 'available';
  if (presence.says === 'unknown') {
    return waits
      ? `AVAILABLE is awaited, since finesse was unavailable on the connection before, at most until SystemInfo has said IN_SERVICE for 30 s; ${WAY_OUT}`
      : 'no presence of the user finesse has come: is the account told of it?';
  }
  if (presence.says === 'available') return null;
  if (waits) return `AVAILABLE is awaited, whatever SystemInfo says; ${WAY_OUT}`;
  return presence.seen
    ? 'not counted: the Notification Service is advisory'
    : 'finesse was not available since the proxy listens there: not counted as a failure';
}

function renderNotified({ notified, wait }: SignalsStatus): string | null {
  if (wait?.for === 'in-service') {
    return `IN_SERVICE is awaited, at most until SystemInfo has said so itself for 30 s; ${WAY_OUT}`;
  }
  return notified.refused === null ? null : describeRefusal(notified.refused);
}
