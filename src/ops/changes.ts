/**
 * What changed in the last hours, for whoever looks only now: one table from event to entry. Held in memory, so many and no more;
 * what the records of outages and the audit trail kept over a restart stands in it again.
 */

import type { EventHandlers, EventKind, EventOf } from '../domain/events.ts';
import { type Failure, renderFailure } from '../domain/failure.ts';
import type { Outage } from '../domain/outage.ts';
import type { AuditEntry } from '../records/audit.ts';

export interface Change {
  /** Epoch ms. */
  readonly at: number;
  readonly what: ChangeKind;
  /** Id of the service, site, node or listener that it is about. */
  readonly about: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly attempt: number | null;
  /** Of what failed. */
  readonly code: string | null;
  /** What failed, or why somebody did it. */
  readonly words: string | null;
  /** The operator who set a service, as `/health` says too; of all else the audit trail tells, to operators alone. */
  readonly who: string | null;
}

export const CHANGE_KINDS = [
  ...['state', 'setting', 'drill', 'drill-end', 'summary'],
  ...['pages-fail', 'pages-work', 'credentials', 'notification-lost', 'notification-back', 'notification-refused'],
  ...[
    'island',
    'island-end',
    'report-node',
    'names',
    'proxy',
    'proxy-gone',
    'disagree',
    'store',
    'capture',
    'capture-end',
  ],
  ...['certificate-renewed', 'certificate-refused', 'certificate-ends'],
  ...['started', 'stopping', 'reloaded', 'reload-refused', 'not-kept', 'kept-again', 'fault'],
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface Changes {
  readonly handlers: EventHandlers;
  /** Those since then, newest first. */
  since(at: number): readonly Change[];
  /** What stood in the records at the start. */
  restore(outages: readonly Outage[], audit: readonly AuditEntry[]): void;
}

type Told = Partial<Omit<Change, 'at' | 'what'>>;

/** Some hours of a bad night with a hundred services. */
const MAX_CHANGES = 2000;

export function createChanges(maxChanges = MAX_CHANGES): Changes {
  /** Oldest first. */
  let changes: Change[] = [];
  const note = (at: number, what: ChangeKind, told: Told) => {
    changes.push(newChange(at, what, told));
    // Halved now and then: to shift each time would move them all.
    if (changes.length >= 2 * maxChanges) changes = changes.slice(-maxChanges);
  };
  const on = <K extends EventKind>(what: ChangeKind, tell: (event: EventOf<K>) => Told | null) => {
    return (event: EventOf<K>) => {
      const told = tell(event);
      if (told !== null) note(event.at, what, told);
    };
  };
  const service = ({ service: about }: { readonly service: string }) => ({ about });
  return {
    handlers: {
      'service-changed': on<'service-changed'>('state', ({ service: about, from, to, attempt, failure }) => ({
        ...{ about, from, to, attempt },
        ...tellFailure(failure),
      })),
      'service-set': on<'service-set'>('setting', ({ service: about, from, to, who }) => {
        return { about, from: from.admin, to: to.admin, words: to.reason, who };
      }),
      'drill-began': on<'drill-began'>('drill', ({ service: about, reason }) => ({ about, words: reason })),
      'drill-ended': on<'drill-ended'>('drill-end', ({ service: about, because }) => ({ about, to: because })),
      'outage-summary': on<'outage-summary'>('summary', ({ service: about, counts }) => {
        const { signedIn, elsewhere, returned, missing } = counts;
        return { about, to: [signedIn, elsewhere, returned, missing].join('/') };
      }),
      'fippa-failing': on<'fippa-failing'>('pages-fail', service),
      'fippa-works-again': on<'fippa-works-again'>('pages-work', service),
      'fippa-failing-over': on<'fippa-failing-over'>('pages-work', service),
      'credentials-refused': on<'credentials-refused'>('credentials', ({ service: about, failure }) => {
        return { about, ...tellFailure(failure) };
      }),
      'notification-connected': on<'notification-connected'>('notification-back', service),
      // One that was never up is a problem that stands, and comes again with every try.
      'notification-disconnected': on<'notification-disconnected'>(
        'notification-lost',
        ({ service: about, wasUp, failure }) => (wasUp ? { about, ...tellFailure(failure) } : null),
      ),
      'notification-not-subscribed': on<'notification-not-subscribed'>(
        'notification-refused',
        ({ service: about, condition }) => ({ about, words: condition }),
      ),
      'island-suspected': on<'island-suspected'>('island', ({ site }) => ({ about: site })),
      'island-ended': on<'island-ended'>('island-end', ({ site, because }) => ({ about: site, to: because })),
      'report-node-changed': on<'report-node-changed'>('report-node', ({ node, from, to, failure }) => {
        return { about: node, from, to, ...tellFailure(failure) };
      }),
      // Set at another proxy: who did it stands in the trail there.
      'setting-heard': on<'setting-heard'>('setting', ({ service: about, from, to }) => {
        return { about, from: from.admin, to: to.admin, words: to.reason, who: to.by?.who ?? null };
      }),
      'proxy-heard': on<'proxy-heard'>('proxy', ({ name }) => ({ about: name })),
      'proxy-gone': on<'proxy-gone'>('proxy-gone', ({ name }) => ({ about: name })),
      'proxies-disagree': on<'proxies-disagree'>('disagree', service),
      'store-changed': on<'store-changed'>('store', ({ from, to }) => ({ from, to })),
      'capture-began': on<'capture-began'>('capture', () => ({})),
      'capture-ended': on<'capture-ended'>('capture-end', ({ because }) => ({ to: because })),
      'name-conflict': on<'name-conflict'>('names', ({ conflicts }) => {
        return { words: conflicts.map(({ name }) => name).join(', ') };
      }),
      'certificate-renewed': on<'certificate-renewed'>('certificate-renewed', ({ listener }) => ({ about: listener })),
      'certificate-refused': on<'certificate-refused'>('certificate-refused', ({ listener, problem }) => {
        return { about: listener, words: problem };
      }),
      'certificate-expires': on<'certificate-expires'>('certificate-ends', ({ listener, days }) => {
        return { about: listener, to: String(days) };
      }),
      ready: on<'ready'>('started', () => ({})),
      draining: on<'draining'>('stopping', () => ({})),
      reloaded: on<'reloaded'>('reloaded', ({ changes: count }) => ({ to: String(count) })),
      'reload-refused': on<'reload-refused'>('reload-refused', () => ({})),
      'state-not-kept': on<'state-not-kept'>('not-kept', () => ({})),
      'state-kept': on<'state-kept'>('kept-again', () => ({})),
      'records-not-kept': on<'records-not-kept'>('not-kept', ({ file }) => ({ about: file })),
      'records-kept-again': on<'records-kept-again'>('kept-again', ({ file }) => ({ about: file })),
      'internal-fault': on<'internal-fault'>('fault', ({ where }) => ({ about: where })),
    },
    since: (at) => changes.filter((change) => change.at >= at).toReversed(),
    restore(outages, audit) {
      const restored = [...outages.flatMap(changesOfOutage), ...audit.flatMap(changesOfEntry)];
      changes = [...restored, ...changes].toSorted((one, other) => one.at - other.at).slice(-maxChanges);
    },
  };
}

function newChange(at: number, what: ChangeKind, told: Told): Change {
  const nothing = { about: null, from: null, to: null, attempt: null, code: null, words: null, who: null };
  return { at, what, ...nothing, ...told };
}

function tellFailure(failure: Failure | null): Told {
  return failure === null ? {} : { code: failure.code, words: renderFailure(failure) };
}

function changesOfOutage(outage: Outage): Change[] {
  const { service: about, startedAt, verdictAt, endedAt, cause, drill } = outage;
  // A drill changes the state of no service.
  if (drill) return [];
  const change = (at: number | null, from: string, to: string, told: Told = {}) =>
    at === null ? [] : [newChange(at, 'state', { about, from, to, ...told })];
  return [
    ...change(startedAt, 'in-service', 'reconnecting', { attempt: 1, ...tellFailure(cause) }),
    ...change(verdictAt, 'reconnecting', 'out-of-service', tellFailure(cause)),
    ...change(endedAt, verdictAt === null ? 'reconnecting' : 'out-of-service', 'in-service'),
  ];
}

function changesOfEntry({ at, who, action, service: about, reason: words }: AuditEntry): Change[] {
  switch (action) {
    case 'ready':
    case 'drain':
    case 'maint':
      return [newChange(at, 'setting', { about, to: action, words, who })];
    case 'drill':
      return [newChange(at, 'drill', { about, words })];
    case 'drill-end':
      return [newChange(at, 'drill-end', { about, to: 'operator' })];
    default:
      return [];
  }
}
