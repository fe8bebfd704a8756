/** Events as lines of the log: one table from event to line. What comes often is counted in metrics only. */

import type { EventHandlers, EventKind, EventOf, ProxyEvent } from '../domain/events.ts';
import { failures } from '../domain/failure.ts';
import type { Clock } from '../time/clock.ts';
import { renderFailure } from './health.ts';
import type { Log, LogFields, LogLevel } from './log.ts';
import { createRefusalLog, type RefusalLog } from './refusal-log.ts';

/** One line: its level, its name in the log, its fields. null: this one is not worth a line. */
type LogLine = readonly [level: LogLevel, name: string, fields: LogFields] | null;

/** How an event becomes a line; `once`: of those with the same key one in a while. */
interface LineOf<K extends EventKind> {
  readonly line: (event: EventOf<K>) => LogLine;
  readonly once?: Once<K>;
}

/** null: this event is written whatever came before it. */
interface Once<K extends EventKind> {
  readonly perMs: number;
  readonly key: (event: EventOf<K>) => string | null;
}

const MINUTE_MS = 60_000;

/** Events that are not here have no line; those of refused requests are in the refusal log. */
const lines: { readonly [K in EventKind]?: LineOf<K> } = {
  'request-failed': {
    line: ({ service, device, failure: { code, detail } }) => [
      'warn',
      'request-failed',
      { service, device, code, detail },
    ],
  },
  'agent-steered': { line: ({ device, from, to, result }) => ['info', 'steered', { device, from, to, result }] },
  'url-overlong': {
    line: ({ service, urls }) => ['warn', 'url-overlong', { service, urls }],
    // The same page comes again with every key press.
    once: { perMs: 10 * MINUTE_MS, key: ({ service }) => service },
  },
  'fippa-failing': { line: ({ service }) => ['warn', 'fippa-failing', { service }] },
  'fippa-works-again': { line: ({ service }) => ['info', 'fippa-works-again', { service }] },
  'device-signed-in': { line: ({ device, service }) => ['info', 'device-signed-in', { device, service }] },
  'device-signed-out': { line: ({ device, service }) => ['info', 'device-signed-out', { device, service }] },
  'phone-address': {
    line: ({ device, from, to, reason }) => [
      from === null ? 'debug' : 'info',
      'phone-address',
      { device, from, to, reason },
    ],
  },
  'phone-address-refused': {
    line: ({ device, address, reason }) => ['warn', 'phone-address-refused', { device, address, reason }],
    once: { perMs: MINUTE_MS, key: ({ reason }) => reason },
  },
  'push-relayed': {
    line: ({ device, service, address }) => ['debug', 'push-relayed', { device, service, address }],
  },
  'push-not-relayed': {
    line: ({ device, service, failure: { code, detail }, from, address }) => [
      'warn',
      'push-failed',
      { device, service, code, detail, ...(address === null ? { from } : { address }) },
    ],
    // Anybody can knock: whom nobody knows has a line once in a while.
    once: { perMs: MINUTE_MS / 6, key: ({ service }) => (service === null ? 'stranger' : null) },
  },
  'own-push-ended': {
    line: ({ device, service, reason, outcome, detail, address }) =>
      outcome === 'delivered' || outcome === 'left-alone'
        ? null
        : ['warn', 'push-failed', { device, service, code: outcome, detail, address, reason }],
  },
  'phones-told': {
    line: ({ service, reason, delivered, leftAlone, failed }) => [
      'info',
      'phones-told',
      { service, reason, delivered, leftAlone, failed },
    ],
  },
  'service-changed': { line: serviceChanged },
  'probe-fault': { line: ({ service, error }) => ['error', 'probe-fault', { service, error }] },
  'credentials-refused': {
    line: ({ service, failure }) => ['error', 'service-fault', { service, reason: renderFailure(failure) }],
  },
  'name-conflict': { line: ({ conflicts }) => ['warn', 'name-conflict', { conflicts }] },
  'notification-connected': { line: ({ service }) => ['info', 'notification-connected', { service }] },
  'notification-disconnected': {
    line: ({ service, wasUp, failure }) => [
      'warn',
      wasUp ? 'notification-lost' : 'notification-not-connected',
      { service, code: failure.code, reason: `${failures[failure.code].operator} (${failure.detail})` },
    ],
  },
  'notification-presence': {
    line: ({ service, available }) => ['debug', 'notification-presence', { service, available }],
  },
  'notification-status': { line: ({ service, status }) => ['debug', 'notification-status', { service, status }] },
  'notification-ignored': {
    // A flood is no reason for another one in the log.
    line: ({ service, because }) =>
      because === 'flood' ? null : ['debug', 'notification-ignored', { service, because }],
  },
  'notification-not-subscribed': {
    line: ({ service, condition }) => ['warn', 'notification-not-subscribed', { service, condition }],
  },
  'report-node-changed': {
    line: ({ node, from, to, failure }) => [
      to === 'down' ? 'error' : 'info',
      'report-node-state',
      { node, from, to, reason: failure === null ? null : renderFailure(failure) },
    ],
  },
  'report-node-fault': { line: ({ node, error }) => ['error', 'report-node-fault', { node, error }] },
  'service-set': {
    line: ({ service, from, to, who }) => [
      'info',
      'service-admin',
      { service, from: from.admin, to: to.admin, reason: to.reason, until: isoTime(to.until), who },
    ],
  },
  'operator-refused': { line: ({ address, path }) => ['warn', 'ops-unauthorized', { who: address, path }] },
  'certificate-renewed': {
    line: ({ listener, subject, validTo }) => [
      'info',
      'certificate-renewed',
      { listener, subject, validTo: isoTime(validTo) },
    ],
  },
  'certificate-refused': {
    line: ({ listener, problem }) => ['error', 'certificate-refused', { listener, problem }],
  },
  'certificate-expires': {
    line: ({ listener, subject, validTo, days }) => [
      'warn',
      'certificate-ends',
      { listener, subject, validTo: isoTime(validTo), days },
    ],
  },
  'state-not-read': { line: ({ error }) => ['error', 'state-not-read', { error }] },
  'state-not-kept': { line: ({ error }) => ['error', 'state-not-kept', { error }] },
  'internal-fault': {
    line: ({ where, error }) => ['error', where === 'operators' ? 'ops-fault' : 'internal', { error }],
  },
};

function serviceChanged({ service, from, to, attempt, failure }: EventOf<'service-changed'>): LogLine {
  const reason = failure === null ? null : renderFailure(failure);
  const fields = { service, from, to, attempt, reason };
  if (to === 'reconnecting') {
    return ['warn', from === 'reconnecting' ? 'service-attempt' : 'service-state', fields];
  }
  return to === 'out-of-service'
    ? ['error', 'service-state', fields]
    : ['info', 'service-state', { ...fields, reason: null }];
}

function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

export interface EventLog {
  readonly handlers: EventHandlers;
  /** Writes nothing more about refused requests. */
  stop(): void;
}

export function createEventLog(log: Log, clock: Clock): EventLog {
  const refusals: RefusalLog = createRefusalLog({ clock, write: (fields) => log.warn('request-refused', fields) });
  const handlers = Object.entries(lines).map(([kind, entry]) => {
    const { line, once } = entry as LineOf<EventKind>;
    const write = (event: ProxyEvent) => {
      const found = line(event);
      if (found !== null) log[found[0]](found[1], found[2]);
    };
    return [kind, once === undefined ? write : sparing(write, once, clock)];
  });
  return {
    handlers: {
      ...(Object.fromEntries(handlers) as EventHandlers),
      'request-refused': ({ failure: { code, detail }, address, device }) =>
        refusals.refused({ code, address, ...(device === null ? {} : { device }), detail }),
    },
    stop: refusals.stop,
  };
}

/** Of events with the same key one in a while. */
function sparing(
  write: (event: ProxyEvent) => void,
  { perMs, key: keyOf }: Once<EventKind>,
  clock: Clock,
): (event: ProxyEvent) => void {
  const writtenAt = new Map<string, number>();
  return (event) => {
    const key = keyOf(event);
    if (key === null) return write(event);
    const now = clock.now();
    for (const [known, at] of writtenAt) if (Math.abs(now - at) >= perMs) writtenAt.delete(known);
    if (writtenAt.has(key)) return;
    writtenAt.set(key, now);
    write(event);
  };
}
