/**
 * The records of outages: what health and phones report, folded into the record of each outage that it concerns. Kept in a
 * file if there is a folder for it, so that a restart in the middle of an outage goes on with its record.
 */

import { isDeepStrictEqual } from 'node:util';
import type { EventHandlers, EventOf, PageName, Report } from '../domain/events.ts';
import {
  newOutage,
  newOutageDevice,
  type Outage,
  type OutageDevice,
  type OutageEvent,
  reduceOutage,
  wasSignedIn,
} from '../domain/outage.ts';
import { joinDevices, newSide, reduceSide, reopenSide, selectSaidAt, selectTimes } from '../domain/outage-sides.ts';
import type { Facts } from '../shared/facts.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import { createJournal, type Journal } from './journal.ts';
import type { JournalDamage } from './journal-file.ts';
import { countsFrom, type Kept, keep } from './kept-outage.ts';
import { createOutageBook } from './outage-book.ts';
import { OUTAGE_BOUNDS } from './outage-bounds.ts';
import { ALL, createOutageJoining, type OutageJoining } from './outage-joining.ts';
import { parseOutageLines, renderDeviceLine, renderOutageLine } from './outage-lines.ts';
import { createOutageSummaries } from './outage-summaries.ts';

export interface OutageSettings {
  /** After t0. */
  readonly summaryAfterMs: number;
  readonly keepForMs: number;
}

export interface OutageRecords {
  readonly handlers: EventHandlers;
  /** Newest first. */
  all(): readonly Outage[];
  get(id: string): Outage | null;
  /** What became of each device; none of old records of which the counts alone are left. */
  devices(id: string): readonly OutageDevice[];
  /** Of the last outage of the service: devices that are signed in nowhere. 0 once nobody follows it any more. */
  missing(service: string): number;
  /** Id of the last outage or drill of the service that is followed; null: none is. */
  latest(service: string): string | null;
  /** Whether a push of ours has told the device of that, or one is about to, through whichever proxy. */
  wasPushed(id: string, device: string, reason: string): boolean;
  /** One is about to: said to all at once, before it is done. */
  notePush(id: string, device: string, reason: string): void;
  /** Reads what was kept; null: nothing is. */
  read(folder: string | null): void;
  begin(): void;
  /** After the services. */
  reconfigure(settings: OutageSettings, folder: string | null): void;
  problem(): string | null;
  stop(): Promise<void>;
}

export interface OutageRecordsOptions {
  readonly settings: OutageSettings;
  readonly store: Pick<ServiceStore, 'get'>;
  readonly devices: Pick<DeviceRegistry, 'get' | 'signedInDevices'>;
  readonly clock: Clock;
  readonly report: Report;
  /** Where proxies share their records; null or absent: this one is alone. */
  readonly facts?: Facts | null;
  /** Whether another proxy has been heard of lately. */
  readonly isAlive?: (proxy: string) => boolean;
  /** Whether a phone is one of this site, by the proxy that it used last. */
  readonly isNear?: (device: string) => boolean;
  /** Whether it has used this proxy last: a drill is for those alone. */
  readonly isHere?: (device: string) => boolean;
  /** Others than usual, for tests. */
  readonly bounds?: Partial<typeof OUTAGE_BOUNDS>;
}

type OutageCause = Pick<Outage, 'service' | 'drill' | 'cause' | 'decidedBy'>;

/** In place of the id of the only proxy. */
const ALONE = 'here';

const HOUR_MS = 3_600_000;

/** These tell that the service has failed. */
const TELLING: ReadonlySet<PageName> = new Set(['reconnecting', 'unavailable', 'waiting', 'maintenance', 'error']);

export function createOutageRecords(options: OutageRecordsOptions): OutageRecords {
  const { store, devices, clock, report } = options;
  const { facts = null, isAlive = () => false, isNear = () => true, isHere = () => true } = options;
  const self = facts?.proxy ?? ALONE;
  /** Records are dated by the clock that proxies share. */
  const now = () => facts?.now() ?? clock.now();
  const shared = (at: number) => (facts === null ? at : Math.round(at + facts.now() - clock.now()));
  let { settings } = options;
  let damage: JournalDamage | null = null;
  let cancelPrune = () => {};
  let cancelSettle: (() => void) | null = null;

  const book = createOutageBook({
    bounds: () => ({ ...OUTAGE_BOUNDS, ...options.bounds, keepForMs: settings.keepForMs }),
    now,
    forgotten: (id) => joining?.links.forget(id),
    devicesForgotten: (id, names) => joining?.links.forgetDevices(id, names),
    pruned: () => journal.renew(),
  });
  const { records, find, current, prune } = book;

  const journal: Journal = createJournal({
    ...{ name: 'outages.jsonl', holds: 'outages', clock, report },
    renewEveryMs: () => null,
    keys: () => [...records.keys()].flatMap((id) => [id, `${id} ${ALL}`]),
    *lines(key) {
      const [id = '', device = null] = key.split(' ');
      const kept = records.get(id);
      if (kept === undefined) return;
      if (device === null) return yield renderOutageLine(kept.outage, facts === null ? null : kept.sides);
      const found = device === ALL ? kept.devices.values() : [kept.devices.get(device)];
      for (const each of found) if (each !== undefined) yield renderDeviceLine(id, each);
    },
  });

  const headChanged = (id: string) => {
    journal.changed(id);
    joining?.links.changed(id);
  };
  const deviceChanged = (id: string, device: string) => {
    journal.changed(`${id} ${device}`);
    joining?.links.changed(id, device);
  };

  const apply = (kept: Kept, device: OutageDevice | null, event: OutageEvent) => {
    const step = reduceOutage(kept.outage, device, event);
    const { id } = kept.outage;
    const side = kept.sides[self];
    const nextSide = side === undefined || device !== null ? side : reduceSide(kept.outage, side, event);
    if (nextSide !== undefined && nextSide !== side) kept.sides = { ...kept.sides, [self]: nextSide };
    // Begun, decided and over is what all say together.
    const next = device === null ? { ...step.outage, ...selectTimes(kept.sides) } : step.outage;
    // The counts follow from the devices, which have lines of their own.
    const isOwn = device === null || next.withinFiveMinutes !== kept.outage.withinFiveMinutes;
    const hasChanged = nextSide !== side || !isDeepStrictEqual(next, kept.outage);
    kept.outage = next;
    if (isOwn && hasChanged) headChanged(id);
    if (device === null || step.device === null || step.device === device) return;
    kept.devices.set(device.device, step.device);
    deviceChanged(id, device.device);
    if (device.backAt === null && step.device.backAt !== null) reportBack(kept.outage, step.device, report);
  };

  const begin = ({ at, service, since, failure, decidedBy }: EventOf<'service-changed'>) =>
    beginRecord(at, shared(since ?? at), { service, drill: false, cause: failure, decidedBy }, null);

  /** Devices signed in on the service, as they begin. */
  const signedInOn = (service: string, only: readonly string[] | null): OutageDevice[] =>
    [...devices.signedInDevices(service)]
      // Phones of another site are those of its proxies: from here nobody knows how they are.
      .filter((name) => (only === null || only.includes(name)) && isNear(name))
      .map((name) => {
        const prefill = devices.get(name)?.prefill ?? null;
        return newOutageDevice(name, prefill?.id ?? null, prefill?.extension ?? null);
      });

  /** A record that others have begun: this proxy sees the same, and knows of phones that they may not know of yet. */
  const joinRecord = (kept: Kept, { at, since, failure, decidedBy, service }: EventOf<'service-changed'>) => {
    const known = kept.sides[self];
    const from = shared(since ?? at);
    const side = known === undefined ? newSide(from, failure, decidedBy, shared(at)) : reopenSide(known, shared(at));
    if (side === known) return;
    kept.sides = { ...kept.sides, [self]: side };
    const times = selectTimes(kept.sides);
    kept.outage = { ...kept.outage, ...countsFrom(kept, times.startedAt), ...times };
    headChanged(kept.outage.id);
    for (const device of signedInOn(service, null))
      if (!kept.devices.has(device.device)) joining?.takeDevice(kept, device);
    prune();
    report({ kind: 'outage-changed', at, service, outage: kept.outage.id });
  };

  /** `only`: devices that it is for; null: all. */
  const beginRecord = (at: number, startedAt: number, about: OutageCause, only: readonly string[] | null) => {
    const { service, drill } = about;
    const status = store.get(service);
    if (status === null) return;
    const known = { ...about, name: status.name, cluster: status.cluster };
    const all = signedInOn(service, only);
    // Phones that use another proxy see nothing of a drill here.
    const each = drill ? all.filter(({ device }) => isHere(device)) : all;
    const outage = newOutage({ ...known, id: book.newId(service, startedAt), startedAt }, each.length);
    const side = newSide(startedAt, about.cause, about.decidedBy, shared(at));
    records.set(outage.id, keep(outage, { [self]: side }, each));
    journal.changed(outage.id);
    journal.changed(`${outage.id} ${ALL}`);
    joining?.links.changed(outage.id);
    for (const { device } of each) joining?.links.changed(outage.id, device);
    book.sort();
    prune();
    summaries.arm();
    report({ kind: 'outage-began', at, service, outage: outage.id, drill, signedIn: each.length });
  };

  /** What this proxy sees of it is over; it is as a whole when no other sees it any more. */
  const end = (kept: Kept, at: number) => {
    const wasOver = kept.outage.endedAt !== null;
    apply(kept, null, { kind: 'ended', at });
    if (!wasOver && kept.outage.endedAt !== null) reportEnd(kept);
  };

  const reportEnd = ({ outage: { service, id, drill, startedAt, endedAt } }: Kept) => {
    const at = endedAt ?? now();
    report({ kind: 'outage-ended', at, service, outage: id, drill, afterMs: Math.max(0, at - startedAt) });
  };

  const serviceChanged = (event: EventOf<'service-changed'>) => {
    const { from, to } = event;
    const { service } = event;
    const at = shared(event.at);
    const since = event.since === null ? null : shared(event.since);
    const on =
      current(service) ?? (to === 'in-service' || facts === null ? undefined : book.reopened(service, since ?? at));
    if (to !== 'in-service' && on !== undefined) {
      apply(on, null, { kind: 'failed-again', at, failure: event.failure });
    }
    if (to === 'in-service') {
      if (on?.sides[self]?.until === null) end(on, since ?? at);
      return;
    }
    // With a record that is on, this process has begun in the middle of an outage, and sees it as if for the first time; or
    // another proxy has seen it before.
    if (on !== undefined) joinRecord(on, event);
    else if (from !== 'reconnecting' && from !== 'out-of-service') begin(event);
    const kept = on ?? current(service);
    if (to === 'out-of-service' && kept !== undefined) apply(kept, null, { kind: 'verdict', at: since ?? at });
  };

  const told = (at: number, service: string, device: string) => {
    for (const on of [current(service), current(service, true)]) {
      const found = on?.devices.get(device);
      if (on !== undefined && found !== undefined) apply(on, found, { kind: 'told', at: shared(at) });
    }
  };

  const eachOf = (device: string, event: OutageEvent) => {
    for (const kept of book.followed()) {
      const found = kept.devices.get(device);
      if (found !== undefined) apply(kept, found, event);
    }
  };

  const handlers: EventHandlers = {
    'service-changed': serviceChanged,
    'drill-began': ({ at, service, devices: only }) =>
      beginRecord(at, shared(at), { service, drill: true, cause: null, decidedBy: null }, only),
    'drill-verdict'({ at, service }) {
      const on = current(service, true);
      if (on !== undefined) apply(on, null, { kind: 'verdict', at: shared(at) });
    },
    'drill-ended'({ at, service }) {
      const on = current(service, true);
      if (on !== undefined) end(on, shared(at));
    },
    'device-heard': ({ device }) => joining?.hearWhere(device),
    'proxy-gone': ({ proxy }) => joining?.closeSides(proxy),
    'site-reached': (event) => joining?.noteCut(event),
    'page-relayed'({ at, service, device, page, durationMs }) {
      // No outage: nothing more to look at, for nearly every page there is.
      if (book.followed().length === 0 || page !== 'other') return;
      if (devices.get(device)?.service !== service) return;
      const seenAt = shared(at);
      eachOf(device, { kind: 'signed-in', at: seenAt, askedAt: seenAt - durationMs, service });
    },
    'device-signed-out': ({ at, device, service }) => eachOf(device, { kind: 'signed-out', at: shared(at), service }),
    'page-served'({ at, service, device, page }) {
      if (book.followed().length > 0 && TELLING.has(page)) told(at, service, device);
    },
    'own-push-ended'({ at, service, device, reason, outcome }) {
      if (outcome === 'delivered' && reason !== 'recovery' && reason !== 'maintenance') told(at, service, device);
    },
  };

  const armPrune = () => {
    cancelPrune = clock.after(HOUR_MS, () => {
      prune();
      armPrune();
    });
  };

  const summaries = createOutageSummaries({
    ...{ records: () => records.values(), facts, now, clock, report },
    summaryAfterMs: () => settings.summaryAfterMs,
    summarised: (kept, at) => apply(kept, null, { kind: 'summarised', at }),
  });

  /** Once for many: a proxy that has just started hears of all that the others know. */
  const settle = () => {
    cancelSettle ??= clock.after(0, () => {
      cancelSettle = null;
      book.sort();
      prune();
      summaries.arm();
    });
  };

  const joining: OutageJoining | null =
    facts === null
      ? null
      : createOutageJoining({
          ...{ book, journal, facts, isAlive, store, devices, clock, report, reportEnd },
          recordsChanged: settle,
        });

  return {
    handlers,
    all: () => [...records.values()].map(({ outage }) => outage).reverse(),
    get: (id) => find(id)?.outage ?? null,
    devices(id) {
      const kept = find(id);
      return kept === undefined ? [] : [...kept.devices.values()].filter((each) => wasSignedIn(kept.outage, each));
    },
    latest: (service) => book.last(service, true)?.outage.id ?? null,
    wasPushed: (id, device, reason) => find(id)?.devices.get(device)?.pushed?.includes(reason) === true,
    notePush(id, device, reason) {
      const kept = find(id);
      const known = kept?.devices.get(device);
      if (kept === undefined || known === undefined || facts === null) return;
      joining?.takeDevice(kept, joinDevices(known, { ...known, pushed: [reason] }));
      joining?.links.tellNow(kept.outage.id, device);
    },
    missing: (service) => book.last(service, false)?.outage.missing ?? 0,
    read(folder) {
      const content = journal.read(folder);
      damage = content.damage;
      for (const { outage, sides, devices: each } of parseOutageLines(content.lines)) {
        const { startedAt, verdictAt, endedAt: until, cause, decidedBy } = outage;
        const own = { [self]: { from: startedAt, verdictAt, until, cause, decidedBy, saidAt: startedAt } };
        records.set(outage.id, keep(outage, facts === null ? own : (sides ?? own), each));
      }
      prune();
    },
    begin() {
      journal.begin(damage);
      for (const [id, { sides }] of records) joining?.links.restore(id, null, selectSaidAt(sides));
      for (const { outage, devices: each } of book.followed())
        for (const { device, at, leftAt } of each.values())
          joining?.links.restore(outage.id, device, at ?? leftAt ?? outage.startedAt);
      joining?.links.begin();
      leaveUnconfigured();
      // No drill outlives its process.
      for (const kept of book.followed()) if (kept.outage.drill && kept.sides[self]?.until === null) end(kept, now());
      armPrune();
      summaries.start();
    },
    reconfigure(next, folder) {
      settings = next;
      journal.moveTo(folder);
      leaveUnconfigured();
      prune();
      summaries.arm();
    },
    problem: journal.problem,
    async stop() {
      summaries.stop();
      cancelPrune();
      cancelSettle?.();
      joining?.links.stop();
      await journal.stop();
    },
  };

  /** Of a service that is no longer configured there is no outage, and nobody is signed in there. */
  function leaveUnconfigured(): void {
    const at = now();
    for (const kept of book.followed()) {
      if (kept.sides[self]?.until === null && store.get(kept.outage.service) === null) end(kept, at);
      for (const device of kept.devices.values()) {
        const { service } = device;
        if (service !== null && store.get(service) === null) apply(kept, device, { kind: 'signed-out', at, service });
      }
    }
  }
}

function reportBack(outage: Outage, { device, outcome, service, backAt }: OutageDevice, report: Report): void {
  if (outcome === 'missing' || service === null || backAt === null) return;
  const afterMs = Math.max(0, backAt - outage.startedAt);
  report({
    ...{
      kind: 'agent-back',
      at: backAt,
      service: outage.service,
      outage: outage.id,
      drill: outage.drill,
      device,
      outcome,
      to: service,
    },
    afterMs,
  });
}
