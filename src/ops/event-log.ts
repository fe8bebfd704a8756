/** Events as lines of the log: one table from event to line. What comes often is counted in metrics only. */

import type { EventHandlers, EventKind, EventOf, ProxyEvent } from '../domain/events.ts';
import { renderFailure } from '../domain/failure.ts';
import { renderStoreFault } from '../domain/store-fault.ts';
import type { Clock } from '../time/clock.ts';
import { createRepeatLog, type RepeatLog } from '../time/repeat-log.ts';
import type { Log, LogFields, LogLevel } from './log.ts';

/** One line: its level, its name in the log, its fields. null: this one is not worth a line. */
type LogLine = readonly [level: LogLevel, name: string, fields: LogFields] | null;

/** How an event becomes a line. */
interface LineOf<K extends EventKind> {
  readonly line: (event: EventOf<K>) => LogLine;
  readonly repeats?: Repeats<K>;
}

/** For what happens again and again: a line for each key in a while, then a count of the rest. */
interface Repeats<K extends EventKind> {
  /** null: this event has a line whatever came before it. */
  readonly key: (event: EventOf<K>) => string | null;
  /** What the line with the count says beside it. */
  readonly again: (event: EventOf<K>) => LogFields;
  /** The same for those of more keys than are kept apart. */
  readonly others?: LogFields;
  /** How long a key is quiet; by default a minute. */
  readonly quietMs?: number;
}

const MINUTE_MS = 60_000;
const AGAIN = 'the same again';
const OTHERS = 'from more addresses than are kept apart';

/** Events that are not here have no line. */
const lines: { readonly [K in EventKind]?: LineOf<K> } = {
  'request-failed': {
    line: ({ service, device, failure: { code, detail } }) => [
      'warn',
      'request-failed',
      { service, device, code, detail },
    ],
  },
  'request-refused': {
    line: ({ failure: { code, detail }, address, device }) => [
      'warn',
      'request-refused',
      { code, address, ...(device === null ? {} : { device }), detail },
    ],
    repeats: {
      key: ({ failure, address }) => `${failure.code} ${address}`,
      again: ({ failure: { code }, address }) => ({ code, address, detail: AGAIN }),
      others: { code: null, address: null, detail: OTHERS },
    },
  },
  'agent-steered': { line: ({ device, from, to, result }) => ['info', 'steered', { device, from, to, result }] },
  'url-overlong': {
    line: ({ service, urls }) => ['warn', 'url-overlong', { service, urls }],
    // The same page comes again with every key press.
    repeats: { key: ({ service }) => service, again: ({ service }) => ({ service }), quietMs: 10 * MINUTE_MS },
  },
  'fippa-failing': { line: ({ service }) => ['warn', 'fippa-failing', { service }] },
  'fippa-failing-over': { line: ({ service }) => ['info', 'fippa-failing-over', { service }] },
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
    repeats: { key: ({ reason }) => reason, again: ({ reason }) => ({ reason }) },
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
    // Anybody can connect: unknown addresses share one line in a while.
    repeats: {
      key: ({ service }) => (service === null ? 'unknown' : null),
      again: () => ({ detail: 'from addresses that no service pushes from' }),
      quietMs: MINUTE_MS / 6,
    },
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
  'outage-summary': {
    line: ({ outage, service, drill, startedAt, verdictAt, endedAt, failure, counts }) => [
      'info',
      'outage-summary',
      {
        ...{
          outage,
          service,
          ...(drill ? { drill } : {}),
          startedAt: isoTime(startedAt),
          verdictAt: isoTime(verdictAt),
          endedAt: isoTime(endedAt),
        },
        ...{ code: failure?.code ?? null, ...counts },
      },
    ],
  },
  'drill-began': {
    line: ({ service, until, devices, reason, who, address }) => [
      'warn',
      'drill-began',
      { service, until: isoTime(until), devices: devices?.length ?? null, reason, who, address },
    ],
  },
  'drill-verdict': { line: ({ service }) => ['info', 'drill-verdict', { service }] },
  'drill-ended': {
    line: ({ service, because, who, address }) => ['warn', 'drill-ended', { service, because, who, address }],
  },
  'capture-began': {
    line: ({ capture, until, devices, who, address }) => [
      'warn',
      'capture-began',
      { capture, until: isoTime(until), devices, who, address },
    ],
  },
  'capture-ended': {
    line: ({ capture, because, entries, bytes, dropped, who, address }) => [
      'warn',
      'capture-ended',
      { capture, because, entries, bytes, dropped, who, address },
    ],
  },
  'notification-connected': { line: ({ service }) => ['info', 'notification-connected', { service }] },
  'notification-disconnected': {
    line: ({ service, wasUp, failure }) => [
      'warn',
      wasUp ? 'notification-lost' : 'notification-not-connected',
      { service, code: failure.code, reason: renderFailure(failure) },
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
  'store-changed': {
    line: ({ from, to, fault }) => [
      to === 'connected' ? 'info' : to === 'reading-only' ? 'warn' : 'error',
      to === 'connected' ? 'store-connected' : to === 'reading-only' ? 'store-reading-only' : 'store-gone',
      { from, ...(fault === null ? {} : { code: fault.code, reason: renderStoreFault(fault) }) },
    ],
  },
  'store-replaced': { line: ({ flushed }) => ['warn', 'store-replaced', { flushed }] },
  'store-fact-refused': { line: ({ why, hash, field }) => ['warn', 'store-fact-refused', { why, hash, field }] },
  'device-heard': {
    line: ({ device, from, to, proxy }) => ['debug', 'device-heard', { device, from, to, proxy }],
  },
  'setting-heard': {
    line: ({ service, from, to, proxy }) => [
      'info',
      'setting-heard',
      {
        ...{ service, from: from.admin, to: to.admin, reason: to.reason, until: isoTime(to.until) },
        ...{ who: to.by?.who ?? null, proxy },
      },
    ],
  },
  'island-suspected': {
    line: ({ site, since }) => ['warn', 'island-suspected', { site, since: isoTime(since) }],
  },
  'island-long': { line: ({ site, since }) => ['error', 'island-long', { site, since: isoTime(since) }] },
  'island-ended': {
    line: ({ at, site, since, because }) => [
      'info',
      'island-ended',
      { site, since: isoTime(since), seconds: Math.round((at - since) / 1000), because },
    ],
  },
  'site-reached': {
    line: ({ site, since, until, nature }) => [
      'info',
      'site-reached',
      { site, since: isoTime(since), seconds: Math.round((until - since) / 1000), nature },
    ],
  },
  'proxy-heard': {
    line: ({ proxy, name, site, version }) => ['info', 'proxy-heard', { proxy, name, site, version }],
  },
  'proxy-gone': {
    line: ({ proxy, name, site, heardAt }) => ['warn', 'proxy-gone', { proxy, name, site, heardAt: isoTime(heardAt) }],
  },
  'proxies-disagree': {
    line: ({ service, state, others }) => ['warn', 'proxies-disagree', { service, state, others: others.join(', ') }],
  },
  'proxies-agree': { line: ({ service, state }) => ['info', 'proxies-agree', { service, state }] },
  'report-node-changed': {
    line: ({ node, from, to, failure }) => [
      to === 'down' ? 'error' : 'info',
      'report-node-state',
      { node, from, to, reason: failure === null ? null : renderFailure(failure) },
    ],
  },
  'report-node-fault': { line: ({ node, error }) => ['error', 'report-node-fault', { node, error }] },
  'service-set': {
    line: ({ service, from, to, who, address }) => [
      'info',
      'service-admin',
      { service, from: from.admin, to: to.admin, reason: to.reason, until: isoTime(to.until), who, address },
    ],
  },
  'operator-session': {
    line: ({ who, address, change }) => [
      'info',
      change === 'sign-in' ? 'operator-signed-in' : 'operator-signed-out',
      { who, address },
    ],
  },
  'console-phone-began': {
    line: ({ device, model, who, address }) => ['info', 'console-phone-began', { device, model, who, address }],
  },
  'console-phone-ended': {
    line: ({ device, who, because }) => ['info', 'console-phone-ended', { device, who, because }],
  },
  'operator-refused': {
    line: ({ address, path }) => ['warn', 'ops-unauthorized', { who: address, path }],
    repeats: {
      key: ({ address }) => `${address}`,
      again: ({ address }) => ({ who: address, detail: AGAIN }),
      others: { who: null, detail: OTHERS },
    },
  },
  listening: { line: ({ for: what, address, port }) => ['info', 'listening', { for: what, address, port }] },
  ready: { line: ({ services, pid }) => ['info', 'ready', { services, pid }] },
  stopping: { line: ({ signal }) => ['info', 'stopping', { signal }] },
  stopped: {
    line: ({ inTime }) =>
      inTime
        ? ['info', 'stopped', {}]
        : ['warn', 'stopped', { problem: 'a second signal: requests under way were broken off' }],
  },
  'systemd-not-told': { line: ({ error }) => ['warn', 'systemd-not-told', { error }] },
  crashed: { line: ({ error }) => ['error', 'crashed', { error }] },
  'process-started': { line: ({ process, pid }) => ['info', 'process-started', { process, pid }] },
  'process-ended': {
    line: ({ process, pid, because, againInMs }) => ['error', 'process-ended', { process, pid, because, againInMs }],
  },
  'configuration-warning': { line: ({ key, problem }) => ['warn', 'configuration', { key, problem }] },
  reloading: { line: ({ file, why }) => ['info', 'reloading', { file, why }] },
  reloaded: { line: ({ changes, restartNeeded }) => ['info', 'reloaded', { changes, restartNeeded }] },
  'configuration-changed': { line: ({ key, change }) => ['info', 'configuration-changed', { key, change }] },
  'restart-needed': { line: ({ key, change }) => ['warn', 'restart-needed', { key, change }] },
  'reload-problem': {
    line: ({ file, line, key, problem }) => ['error', 'reload-refused', { file, line, key, problem }],
  },
  'reload-refused': {
    line: ({ file }) => [
      'error',
      'reload-refused',
      { file, problem: 'nothing has changed; correct the file and reload again' },
    ],
  },
  'reload-fault': { line: ({ error }) => ['error', 'reload-fault', { error }] },
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
  'state-kept': { line: () => ['info', 'state-kept', {}] },
  'state-not-kept': { line: ({ error }) => ['error', 'state-not-kept', { error }] },
  'records-set-aside': {
    line: ({ file, aside, because, usable }) => ['warn', 'records-set-aside', { file, aside, because, usable }],
  },
  'records-not-kept': { line: ({ file, error }) => ['error', 'records-not-kept', { file, error }] },
  'records-kept-again': { line: ({ file }) => ['info', 'records-kept-again', { file }] },
  'webhook-delivered': {
    line: ({ webhook, type, id, afterMs, failures }) =>
      failures === 0
        ? ['debug', 'webhook-delivered', { webhook, type, id, afterMs }]
        : ['info', 'webhook-works-again', { webhook, type, id, afterMs, failures }],
  },
  'webhook-failed': {
    line: ({ webhook, type, id, because, retryInMs }) => [
      'warn',
      'webhook-failed',
      { webhook, type, id, because, retryInMs },
    ],
    // Nothing but refusals comes faster than the plan of attempts.
    repeats: {
      key: ({ webhook, retryInMs }) => (retryInMs === null ? webhook : null),
      again: ({ webhook }) => ({ webhook, because: AGAIN }),
    },
  },
  'webhook-lost': {
    line: ({ webhook, events, because }) => ['error', 'webhook-lost', { webhook, events, because }],
    repeats: {
      key: ({ webhook, because }) => `${webhook} ${because}`,
      again: ({ webhook, because }) => ({ webhook, because, detail: AGAIN }),
    },
  },
  'webhook-stopped': { line: ({ webhook }) => ['error', 'webhook-stopped', { webhook }] },
  'syslog-connected': { line: ({ target }) => ['info', 'syslog-connected', { target }] },
  'syslog-disconnected': {
    line: ({ target, because }) => ['warn', 'syslog-disconnected', { target, because }],
  },
  'syslog-lost': { line: ({ target, lines: count }) => ['warn', 'syslog-lost', { target, lines: count }] },
  'internal-fault': {
    line: ({ where, error }) => ['error', where === 'operators' ? 'ops-fault' : 'internal', { error }],
  },
};

function serviceChanged({ service, from, to, attempt, failure }: EventOf<'service-changed'>): LogLine {
  const reason = failure === null ? null : renderFailure(failure);
  const fields = { service, from, to, attempt, code: failure?.code ?? null, reason };
  if (to === 'reconnecting') {
    return ['warn', from === 'reconnecting' ? 'service-attempt' : 'service-state', fields];
  }
  return to === 'out-of-service'
    ? ['error', 'service-state', fields]
    : ['info', 'service-state', { ...fields, code: null, reason: null }];
}

function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

export interface EventLog {
  readonly handlers: EventHandlers;
  /** Counts of what was left out are not written any more. */
  stop(): void;
}

export function createEventLog(log: Log, clock: Clock): EventLog {
  const repeatLogs: RepeatLog[] = [];
  const write = ([level, name, fields]: NonNullable<LogLine>) => log[level](name, fields);

  /** The first of a key is written, the rest are counted. */
  const sparing = ({ line, repeats }: LineOf<EventKind> & { readonly repeats: Repeats<EventKind> }) => {
    let form: NonNullable<LogLine> | null = null;
    const repeatLog = createRepeatLog({
      ...{ clock, others: repeats.others ?? {}, quietMs: repeats.quietMs ?? MINUTE_MS },
      write: (fields) => form !== null && write([form[0], form[1], fields]),
    });
    repeatLogs.push(repeatLog);
    return (event: ProxyEvent) => {
      const found = line(event);
      if (found === null) return;
      form = found;
      const key = repeats.key(event);
      if (key === null) write(found);
      else repeatLog.happened(key, found[2], repeats.again(event));
    };
  };

  const handlers = Object.entries(lines).map(([kind, entry]) => {
    const { line, repeats } = entry as LineOf<EventKind>;
    if (repeats !== undefined) return [kind, sparing({ line, repeats })];
    const always = (event: ProxyEvent) => {
      const found = line(event);
      if (found !== null) write(found);
    };
    return [kind, always];
  });
  return {
    handlers: Object.fromEntries(handlers) as EventHandlers,
    stop: () => {
      for (const repeatLog of repeatLogs) repeatLog.stop();
    },
  };
}
