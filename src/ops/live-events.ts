/** Events as what watchers of the proxy are told: one table from event to server-sent event. */

import type { EventHandlers, EventKind, EventOf, ProxyEvent } from '../domain/events.ts';
import type { OutageRecords } from '../records/outages.ts';
import type { Clock } from '../time/clock.ts';
import type { HealthReport } from './health.ts';
import type { LiveStreams } from './live-stream.ts';
import { renderOutage } from './outage-view.ts';

export interface LiveEventsOptions {
  readonly streams: Pick<LiveStreams, 'publish'>;
  readonly health: () => HealthReport;
  readonly outages: Pick<OutageRecords, 'all' | 'get'>;
  readonly clock: Clock;
}

/** In an outage of thousands its counts change thousands of times a minute; watchers see them twice a second. */
const OUTAGE_EVERY_MS = 500;

export function createLiveEvents({ streams, health, outages, clock }: LiveEventsOptions): EventHandlers {
  const changed = new Set<string>();
  let isArmed = false;

  const outageChanged = (id: string) => {
    changed.add(id);
    if (isArmed) return;
    isArmed = true;
    clock.after(OUTAGE_EVERY_MS, () => {
      isArmed = false;
      for (const each of changed) {
        const outage = outages.get(each);
        if (outage !== null) streams.publish('outage', renderOutage(outage, clock.now()));
      }
      changed.clear();
    });
  };
  const onOutage = ({ outage }: { readonly outage: string }) => outageChanged(outage);

  const onService = ({ service }: { readonly service: string }) => {
    const entry = health().services.find(({ id }) => id === service);
    if (entry === undefined) return;
    said.set(service, sayingOf(entry));
    streams.publish('service', entry);
  };

  /** What each service said last, and what its last probe was: why a server is out may change while it stays out. */
  const said = new Map<string, string>();
  const found = new Map<string, string>();
  const onProbe = ({ service, outcome }: EventOf<'probe-ended'>) => {
    const now = JSON.stringify(outcome);
    if (found.get(service) === now) return;
    found.set(service, now);
    // The probe is told of before it counts.
    clock.after(0, () => {
      const entry = health().services.find(({ id }) => id === service);
      if (entry !== undefined && said.get(service) !== sayingOf(entry)) onService({ service });
    });
  };

  const onProxy = (event: ProxyEvent) => {
    const { kind, at, ...fields } = event;
    // What was thrown is for the log.
    const { error: _, ...told } = fields as Record<string, unknown>;
    streams.publish('proxy', { at: new Date(at).toISOString(), what: kind, ...told });
  };

  const onDevice = (at: number, device: string, service: string | null, from: string | null) =>
    streams.publish('device', { at: new Date(at).toISOString(), device, service, from }, true);

  return {
    'service-changed'(event) {
      onService(event);
      if (event.to !== 'out-of-service') return;
      // The verdict is part of the record.
      const on = outages.all().find(({ service, endedAt }) => service === event.service && endedAt === null);
      if (on !== undefined) outageChanged(on.id);
    },
    ...each(SERVICE, onService),
    'probe-ended': onProbe,
    ...each(['outage-began', 'outage-ended', 'outage-changed', 'agent-back', 'outage-summary'], onOutage),
    'drill-began'(event) {
      const { at, service, until, reason } = event;
      const times = { at: new Date(at).toISOString(), until: new Date(until).toISOString() };
      streams.publish('admin', { ...times, service, action: 'drill', reason });
      onService(event);
    },
    'drill-ended'(event) {
      const { at, service, because } = event;
      streams.publish('admin', { at: new Date(at).toISOString(), service, action: 'drill-end', reason: because });
      onService(event);
    },
    // Names of devices are for operators, in the log and the audit trail.
    'capture-began': ({ at, kind, until, devices }) =>
      streams.publish('proxy', { at: isoTime(at), what: kind, until: isoTime(until), devices: devices.length }),
    'capture-ended': ({ at, kind, because, entries }) =>
      streams.publish('proxy', { at: isoTime(at), what: kind, because, entries }),
    'drill-verdict'({ service }) {
      const on = outages.all().find((each) => each.service === service && each.drill && each.endedAt === null);
      if (on !== undefined) outageChanged(on.id);
    },
    'service-set'(event) {
      streams.publish('admin', renderSetting(event));
      onService(event);
    },
    'device-signed-in': ({ at, device, service, from }) => onDevice(at, device, service, from),
    // Wherever its phone asked: the console of any proxy shows all of them.
    'device-heard': ({ at, device, from, to }) => onDevice(at, device, to, from),
    'device-signed-out': ({ at, device, service }) => onDevice(at, device, null, service),
    'setting-heard'(event) {
      streams.publish('admin', renderSetting(event));
      onService(event);
    },
    ...each(PROXY, onProxy),
    'configuration-applied'(event) {
      onProxy(event);
      // Services may have come and gone.
      streams.publish('snapshot', health());
    },
  };
}

/** Of its entry, what a probe changes that has no event of its own. */
function sayingOf({
  state,
  reason,
  runbook,
  finesseDrains,
  notAlternateBecause,
}: HealthReport['services'][number]): string {
  return JSON.stringify([state, reason, runbook, finesseDrains, notAlternateBecause]);
}

const isoTime = (at: number) => new Date(at).toISOString();

const SERVICE = [
  'fippa-failing',
  'fippa-works-again',
  'credentials-refused',
  'notification-connected',
  'notification-disconnected',
  'notification-not-subscribed',
  'proxies-disagree',
  'proxies-agree',
] as const satisfies EventKind[];

const PROXY = [
  'name-conflict',
  'certificate-renewed',
  'certificate-refused',
  'certificate-expires',
  'state-not-read',
  'state-not-kept',
  'state-kept',
  'records-set-aside',
  'records-not-kept',
  'records-kept-again',
  'internal-fault',
  'store-changed',
  'store-replaced',
  'store-fact-refused',
  'island-suspected',
  'island-long',
  'island-ended',
  'site-reached',
  'report-node-changed',
  'proxy-heard',
  'proxy-gone',
  'draining',
  'process-started',
  'process-ended',
] as const satisfies EventKind[];

/** Who did it is in the audit trail, for operators. */
function renderSetting({ at, service, from, to }: EventOf<'service-set' | 'setting-heard'>): object {
  const { admin, reason, until } = to;
  return {
    ...{ at: new Date(at).toISOString(), service, from: from.admin, admin, reason },
    until: until === null ? null : new Date(until).toISOString(),
  };
}

function each(kinds: readonly EventKind[], handle: (event: never) => void): EventHandlers {
  return Object.fromEntries(kinds.map((kind) => [kind, handle]));
}
