/**
 * What is told to webhooks: which events of the proxy, under which name, in which words, with which data. Pure. Nothing here
 * names an agent, a phone or an address: receivers are outside, and what they are told is kept there.
 */

import type { EventHandlers, EventKind, EventOf, ProxyEvent } from './events.ts';
import { RUNBOOK, renderFailure, runbookOf } from './failure.ts';
import type { Failure } from './model.ts';

export type Severity = 'critical' | 'error' | 'warning' | 'info';

interface WebhookKind {
  readonly when: string;
  readonly severity: Severity;
  /** Sent only where the configuration names it: it mostly means nothing to anybody. */
  readonly isQuiet?: true;
}

/** Every name that a receiver can ask for; docs/events-out.md is checked against it. */
export const WEBHOOK_KINDS = {
  'service.reconnecting': {
    when: 'A service has failed (t0). Most come back within 15 s.',
    severity: 'warning',
    isQuiet: true,
  },
  'service.reconnected': { when: 'It came back before the verdict.', severity: 'info', isQuiet: true },
  'service.out': {
    when: 'A service is out of service (the verdict): agents are led to an alternate.',
    severity: 'critical',
  },
  'service.back': { when: 'It is back in service.', severity: 'info' },
  'service.pages-fail': { when: 'Its phone pages fail although SystemInfo is fine.', severity: 'error' },
  'service.pages-work': { when: 'They work again.', severity: 'info' },
  'service.credentials': {
    when: 'SystemInfo asks for credentials that the proxy does not have: no alternate.',
    severity: 'error',
  },
  'service.set': {
    when: 'An operator set a service ready, drain or maint, or such a setting has ended.',
    severity: 'info',
  },
  'outage.began': { when: 'An outage or a drill began (t0), and so did its record.', severity: 'info', isQuiet: true },
  'outage.summary': { when: 'Its summary, `outages.summaryAfter` after t0.', severity: 'info' },
  'outage.ended': { when: 'An outage with a verdict, or a drill, is over; its record.', severity: 'info' },
  'drill.began': { when: 'A drill began.', severity: 'info' },
  'drill.ended': { when: 'A drill is over, and why.', severity: 'info' },
  'notification.lost': { when: 'A connection to the Notification Service is lost.', severity: 'warning' },
  'notification.connected': { when: 'It is up (again).', severity: 'info', isQuiet: true },
  'certificate.ends': {
    when: 'A certificate of the proxy ends within 30 days, or has ended. Each day.',
    severity: 'warning',
  },
  'certificate.refused': { when: 'Changed files of a certificate cannot be used.', severity: 'error' },
  'certificate.renewed': { when: 'Changed files of a certificate are in use.', severity: 'info' },
  'configuration.refused': {
    when: 'A reload was refused. A restart would be refused too.',
    severity: 'error',
  },
  'configuration.loaded': { when: 'A changed configuration is in use.', severity: 'info' },
  'state.not-kept': { when: 'What has to survive a restart cannot be written.', severity: 'error' },
  'state.kept': { when: 'It can be written again.', severity: 'info' },
  'island.suspected': { when: 'Nothing of another site can be reached.', severity: 'error' },
  'island.long': { when: 'That has lasted for `island.warnAfter`.', severity: 'critical' },
  'island.ended': { when: 'It is over.', severity: 'info' },
  'reports.down': { when: 'A node of Unified Intelligence Center is down.', severity: 'warning' },
  'reports.up': { when: 'It is up.', severity: 'info' },
  'proxy.ready': { when: 'The proxy has started, and asked every service once.', severity: 'info' },
  'proxy.stopping': { when: 'It begins to stop.', severity: 'info' },
  test: { when: '`ippa-proxy webhooks test NAME`; sent whatever `events` says.', severity: 'info' },
} as const satisfies Record<string, WebhookKind>;

export type WebhookType = keyof typeof WEBHOOK_KINDS;
export const WEBHOOK_TYPES = Object.keys(WEBHOOK_KINDS) as readonly WebhookType[];
/** `service` stands for all of `service.…`. */
export const WEBHOOK_GROUPS: readonly string[] = [
  ...new Set(WEBHOOK_TYPES.flatMap((type) => (type.includes('.') ? [type.split('.')[0] ?? ''] : []))),
];

/** A receiver that pages people opens an alert with the one and closes it with the other. */
export interface WebhookAlert {
  /** The same for both. */
  readonly key: string;
  readonly action: 'trigger' | 'resolve';
}

export type WebhookData = Readonly<Record<string, unknown>>;

export interface WebhookEvent {
  /** The same at each attempt, and where its fact is known to several proxies the same from each of them. */
  readonly id: string;
  readonly type: WebhookType;
  /** Epoch ms. */
  readonly at: number;
  /** Id of the service, key of the listener, or the like; null: the proxy. */
  readonly subject: string | null;
  /** One sentence for people. */
  readonly text: string;
  readonly severity: Severity;
  readonly data: WebhookData;
  /** null: nothing that is open until something else closes it. */
  readonly alert: WebhookAlert | null;
  /** Several proxies that share what they know would all tell it. */
  readonly isShared: boolean;
}

/** What an event does not say itself. */
export interface WebhookFacts {
  service(id: string): { readonly name: string; readonly cluster: string } | null;
  /** The record as `/outages` shows it. */
  outage(id: string): (WebhookData & { readonly drill: boolean; readonly verdictAt: string | null }) | null;
  /** Id of the newest outage of the service that is no drill; null: there is none. */
  latestOutage(service: string): string | null;
}

/** Whether a receiver with these `events` is sent this one; null: it asked for nothing in particular. */
export function wants(events: readonly string[] | null, type: WebhookType): boolean {
  const kind: WebhookKind = WEBHOOK_KINDS[type];
  if (type === 'test') return true;
  if (events === null) return kind.isQuiet !== true;
  return events.includes(type) || events.includes(type.split('.')[0] ?? '');
}

type Drafts = {
  readonly [K in EventKind]?: (event: EventOf<K>, facts: WebhookFacts) => Draft | null;
};

interface Draft {
  readonly type: WebhookType;
  readonly subject: string | null;
  readonly text: string;
  readonly data: WebhookData;
  readonly severity?: Severity;
  readonly alert?: WebhookAlert;
  /** Of an outage that other proxies know too: the id is made of it. */
  readonly outage?: string | null;
  readonly isShared?: boolean;
}

/** null: nobody outside is told. */
export function selectWebhookEvent(event: ProxyEvent, facts: WebhookFacts): WebhookEvent | null {
  const draft = (drafts[event.kind] as ((event: ProxyEvent, facts: WebhookFacts) => Draft | null) | undefined)?.(
    event,
    facts,
  );
  if (draft === undefined || draft === null) return null;
  const { type, subject, text, data, alert = null, outage = null } = draft;
  const what = outage === null ? `${subject ?? 'proxy'}:${event.at}` : outage;
  return {
    ...{ id: `${what}:${type}`, type, at: event.at, subject, text },
    severity: draft.severity ?? WEBHOOK_KINDS[type].severity,
    data: { message: text, ...data },
    alert,
    isShared: outage !== null || draft.isShared === true,
  };
}

/** The kinds of events that may become one. */
export function eachWebhookKind(handle: (event: ProxyEvent) => void): EventHandlers {
  return Object.fromEntries(Object.keys(drafts).map((kind) => [kind, handle]));
}

export function testEvent(at: number, action: WebhookAlert['action'] | null = null): WebhookEvent {
  const text = action === 'resolve' ? 'The test of this webhook is over.' : 'A test of this webhook of ippa-proxy.';
  return {
    ...{ id: `test:${at}${action === 'resolve' ? ':end' : ''}`, type: 'test', at, subject: null, text },
    ...{ severity: 'info', data: { message: text }, isShared: false },
    alert: action === null ? null : { key: `test:${at}`, action },
  };
}

const drafts: Drafts = {
  'service-changed': serviceChanged,
  'fippa-failing': ({ service }, facts) =>
    ofService(service, facts, 'service.pages-fail', 'Phone pages of NAME fail although SystemInfo is fine.', {
      alert: { key: `pages:${service}`, action: 'trigger' },
      data: { runbook: runbookOf('fippa-failing') },
    }),
  'fippa-works-again': ({ service }, facts) =>
    ofService(service, facts, 'service.pages-work', 'Phone pages of NAME work again.', {
      alert: { key: `pages:${service}`, action: 'resolve' },
    }),
  'credentials-refused': ({ service, failure }, facts) =>
    ofService(service, facts, 'service.credentials', `NAME: ${renderFailure(failure)}`, { data: describe(failure) }),
  'service-set': ({ service, from, to, who }, facts) => {
    const why = to.reason === null ? '' : ` (${to.reason})`;
    const by = who === null ? 'by itself' : `by ${who}`;
    return ofService(service, facts, 'service.set', `NAME is ${to.admin} now, ${by}${why}.`, {
      data: { from: from.admin, admin: to.admin, reason: to.reason, until: isoTime(to.until), who },
      isShared: who !== null,
    });
  },
  'outage-began': ({ service, outage, drill, signedIn }, facts) =>
    ofService(service, facts, 'outage.began', `NAME ${failed(drill)}; ${signedIn} phones were signed in.`, {
      outage,
      data: { outage, drill, signedIn },
    }),
  'outage-summary': ({ service, outage, drill, counts }, facts) => {
    const { signedIn, elsewhere, returned, missing } = counts;
    const is = `${elsewhere} are signed in elsewhere, ${returned} have returned, ${missing} are missing`;
    return ofService(service, facts, 'outage.summary', `NAME ${failed(drill)}: of ${signedIn} phones ${is}.`, {
      outage,
      severity: missing > 0 && !drill ? 'warning' : 'info',
      data: record(outage, facts),
    });
  },
  'outage-ended': ({ service, outage, drill, afterMs }, facts) => {
    const entry = facts.outage(outage);
    if (entry !== null && entry.verdictAt === null && !drill) return null;
    return ofService(service, facts, 'outage.ended', `${over(drill)} of NAME is over after ${seconds(afterMs)}.`, {
      outage,
      data: { ...record(outage, facts), afterSeconds: Math.round(afterMs / 1000) },
      // A drill opened none.
      ...(drill ? {} : { alert: { key: outage, action: 'resolve' } }),
    });
  },
  'drill-began': ({ service, until, devices, reason, who }, facts) =>
    ofService(service, facts, 'drill.began', `Drill: phones treat NAME as failed until ${isoTime(until)}.`, {
      data: { until: isoTime(until), devices: devices?.length ?? null, reason, who },
    }),
  'drill-ended': ({ service, because, who }, facts) =>
    ofService(service, facts, 'drill.ended', `The drill of NAME is over (${because}).`, { data: { because, who } }),
  'notification-disconnected': ({ service, wasUp, failure }, facts) =>
    !wasUp
      ? null
      : ofService(service, facts, 'notification.lost', `The connection to the Notification Service of NAME is lost.`, {
          data: describe(failure),
          alert: { key: `notification:${service}`, action: 'trigger' },
        }),
  'notification-connected': ({ service }, facts) =>
    ofService(service, facts, 'notification.connected', `The connection to the Notification Service of NAME is up.`, {
      alert: { key: `notification:${service}`, action: 'resolve' },
    }),
  'certificate-expires': ({ listener, subject, validTo, days }) => ({
    ...{ type: 'certificate.ends', subject: listener, severity: days < 7 ? 'error' : 'warning' },
    text: `The certificate of ${listener} ${days < 0 ? 'has ended' : `ends in ${days} days`}, on ${isoTime(validTo)}.`,
    data: { listener, certificate: subject, validTo: isoTime(validTo), days, runbook: `${RUNBOOK}#a-certificate-ends` },
    alert: { key: `certificate:${listener}`, action: 'trigger' },
  }),
  'certificate-refused': ({ listener, problem }) => ({
    ...{ type: 'certificate.refused', subject: listener },
    text: `The new certificate of ${listener} is not in use: ${problem}`,
    data: { listener, problem },
    alert: { key: `certificate:${listener}`, action: 'trigger' },
  }),
  'certificate-renewed': ({ listener, subject, validTo }) => ({
    ...{ type: 'certificate.renewed', subject: listener },
    text: `Another certificate of ${listener} is in use, until ${isoTime(validTo)}.`,
    data: { listener, certificate: subject, validTo: isoTime(validTo) },
    alert: { key: `certificate:${listener}`, action: 'resolve' },
  }),
  'reload-refused': () => ({
    ...{ type: 'configuration.refused', subject: null },
    text: 'The changed configuration was refused, and a restart would be too: reload-refused in the log says why.',
    data: { runbook: `${RUNBOOK}#a-reload-was-refused` },
    alert: { key: 'configuration', action: 'trigger' },
  }),
  reloaded: ({ changes, restartNeeded }) => ({
    ...{ type: 'configuration.loaded', subject: null },
    text: `A changed configuration is in use: ${changes} changes hold, ${restartNeeded} wait for a restart.`,
    data: { changes, restartNeeded },
    alert: { key: 'configuration', action: 'resolve' },
  }),
  'state-not-kept': () => notKept('what operators set'),
  'state-kept': () => keptAgain('what operators set'),
  'records-not-kept': ({ file }) => notKept(baseName(file)),
  'records-kept-again': ({ file }) => keptAgain(baseName(file)),
  'island-suspected': ({ site, since }) => ({
    ...{ type: 'island.suspected', subject: site },
    text: `Nothing of site ${site} can be reached: an island is suspected.`,
    data: { site, since: isoTime(since), runbook: `${RUNBOOK}#the-link-between-the-sites-is-cut` },
    alert: { key: `island:${site}`, action: 'trigger' },
  }),
  'island-long': ({ site, since }) => ({
    ...{ type: 'island.long', subject: site },
    text: `Site ${site} has been cut off since ${isoTime(since)}: replication of the databases may break.`,
    data: { site, since: isoTime(since), runbook: `${RUNBOOK}#the-link-between-the-sites-is-cut` },
    alert: { key: `island:${site}`, action: 'trigger' },
  }),
  'island-ended': ({ site, since, because }) => ({
    ...{ type: 'island.ended', subject: site },
    text: `Site ${site} is no island any more (${because}).`,
    data: { site, since: isoTime(since), because },
    alert: { key: `island:${site}`, action: 'resolve' },
  }),
  'report-node-changed': ({ node, to, failure }) => {
    const isDown = to === 'down';
    return {
      ...{ type: isDown ? 'reports.down' : 'reports.up', subject: node },
      text: `Node ${node} of Unified Intelligence Center is ${isDown ? 'down' : 'up'}.`,
      data: { node, ...(failure === null ? {} : describe(failure)) },
      alert: { key: `reports:${node}`, action: isDown ? 'trigger' : 'resolve' },
    };
  },
  ready: ({ services }) => ({
    ...{ type: 'proxy.ready', subject: null },
    text: `The proxy has started; ${services} services were asked.`,
    data: { services },
  }),
  draining: () => ({ type: 'proxy.stopping', subject: null, text: 'The proxy is stopping.', data: {} }),
};

function serviceChanged(event: EventOf<'service-changed'>, facts: WebhookFacts): Draft | null {
  const { service, from, to, attempt, failure } = event;
  const outage = facts.latestOutage(service);
  const data = { from, state: to, outage, ...(failure === null ? {} : describe(failure)) };
  const why = failure === null ? '' : `: ${renderFailure(failure)}`;
  if (to === 'reconnecting') {
    // Its other attempts are nobody's news.
    if (attempt !== 1) return null;
    return ofService(service, facts, 'service.reconnecting', `NAME has failed${why}`, { data, outage });
  }
  if (to === 'out-of-service') {
    const alert: WebhookAlert = { key: outage ?? `service:${service}`, action: 'trigger' };
    return ofService(service, facts, 'service.out', `NAME is out of service${why}`, { data, outage, alert });
  }
  if (from === 'unknown') return null;
  const type = from === 'reconnecting' ? 'service.reconnected' : 'service.back';
  const isEnd = type === 'service.back' && outage === null;
  return ofService(service, facts, type, 'NAME is back in service.', {
    ...{ data, outage },
    ...(isEnd ? { alert: { key: `service:${service}`, action: 'resolve' } } : {}),
  });
}

/** `NAME` in the text is what agents read. */
function ofService(
  service: string,
  facts: WebhookFacts,
  type: WebhookType,
  text: string,
  more: Partial<Draft> = {},
): Draft {
  const found = facts.service(service);
  const named = found === null ? { service } : { service, name: found.name, cluster: found.cluster };
  return {
    ...{ type, subject: service },
    ...more,
    // A function: what `$&` and the like in a name would mean.
    text: text.replace('NAME', () => found?.name ?? service),
    data: { ...named, ...more.data },
  };
}

function describe(failure: Failure): WebhookData {
  return { code: failure.code, reason: renderFailure(failure), runbook: runbookOf(failure.code) };
}

function record(outage: string, facts: WebhookFacts): WebhookData {
  return { outage, ...facts.outage(outage) };
}

function notKept(what: string): Draft {
  return {
    ...{ type: 'state.not-kept', subject: what },
    text: `${what} cannot be written: a restart would forget what changed since.`,
    data: { what, runbook: `${RUNBOOK}#state-is-not-kept` },
    alert: { key: `state:${what}`, action: 'trigger' },
  };
}

function keptAgain(what: string): Draft {
  return {
    ...{ type: 'state.kept', subject: what, text: `${what} can be written again.`, data: { what } },
    alert: { key: `state:${what}`, action: 'resolve' },
  };
}

/** Where the folder is, is nobody's business out there. */
function baseName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

const failed = (drill: boolean) => (drill ? 'is treated as failed (a drill)' : 'has failed');
const over = (drill: boolean) => (drill ? 'The drill' : 'The outage');

function seconds(ms: number): string {
  const all = Math.round(ms / 1000);
  return all < 120 ? `${all} s` : `${Math.round(all / 60)} min`;
}

function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
