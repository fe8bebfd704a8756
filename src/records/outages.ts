/**
 * The records of outages: what health and phones report, folded into the record of each outage that it concerns. Kept in a
 * file if there is a folder for it, so that a restart in the middle of an outage goes on with its record.
 */

import type { EventHandlers, EventOf, PageName, Report } from '../domain/events.ts';
import {
  newOutage,
  newOutageDevice,
  type Outage,
  type OutageDevice,
  type OutageEvent,
  reduceOutage,
} from '../domain/outage.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import { createJournal, type Journal } from './journal.ts';
import type { JournalDamage } from './journal-file.ts';
import { OUTAGE_BOUNDS, selectOutages } from './outage-bounds.ts';
import { parseOutageLines, renderDeviceLine, renderOutageLine } from './outage-lines.ts';

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
  /** Others than usual, for tests. */
  readonly bounds?: Partial<typeof OUTAGE_BOUNDS>;
}

type OutageCause = Pick<Outage, 'service' | 'drill' | 'cause' | 'decidedBy'>;

interface Kept {
  outage: Outage;
  readonly devices: Map<string, OutageDevice>;
}

const HOUR_MS = 3_600_000;
/** In place of a device's name, which it cannot be: all devices of an outage. */
const ALL = '*';

/** These tell that the service has failed. */
const TELLING: ReadonlySet<PageName> = new Set(['reconnecting', 'unavailable', 'waiting', 'maintenance', 'error']);

export function createOutageRecords(options: OutageRecordsOptions): OutageRecords {
  const { store, devices, clock, report } = options;
  const bounds = { ...OUTAGE_BOUNDS, ...options.bounds };
  let { settings } = options;
  /** Oldest first. */
  const records = new Map<string, Kept>();
  /** Those of whose devices is taken note. */
  let followed: readonly Kept[] = [];
  let damage: JournalDamage | null = null;
  let cancelSummary = () => {};
  let cancelPrune = () => {};
  let isRunning = false;

  const journal: Journal = createJournal({
    ...{ name: 'outages.jsonl', holds: 'outages', clock, report },
    renewEveryMs: () => null,
    keys: () => [...records.keys()].flatMap((id) => [id, `${id} ${ALL}`]),
    *lines(key) {
      const [id = '', device = null] = key.split(' ');
      const kept = records.get(id);
      if (kept === undefined) return;
      if (device === null) return yield renderOutageLine(kept.outage);
      const found = device === ALL ? kept.devices.values() : [kept.devices.get(device)];
      for (const each of found) if (each !== undefined) yield renderDeviceLine(id, each);
    },
  });

  /** The outage or the drill of the service that is on. */
  const current = (service: string, drill = false) =>
    followed.find(({ outage }) => outage.service === service && outage.endedAt === null && outage.drill === drill);

  const apply = (kept: Kept, device: OutageDevice | null, event: OutageEvent) => {
    const step = reduceOutage(kept.outage, device, event);
    const { id } = kept.outage;
    // The counts follow from the devices, which have lines of their own.
    const isOwn = device === null || step.outage.withinFiveMinutes !== kept.outage.withinFiveMinutes;
    if (isOwn && step.outage !== kept.outage) journal.changed(id);
    kept.outage = step.outage;
    if (device === null || step.device === null || step.device === device) return;
    kept.devices.set(device.device, step.device);
    journal.changed(`${id} ${device.device}`);
    if (device.backAt === null && step.device.backAt !== null) reportBack(kept.outage, step.device, report);
  };

  const begin = ({ at, service, since, failure, decidedBy }: EventOf<'service-changed'>) =>
    beginRecord(at, since ?? at, { service, drill: false, cause: failure, decidedBy }, null);

  /** `only`: devices that it is for; null: all. */
  const beginRecord = (at: number, startedAt: number, about: OutageCause, only: readonly string[] | null) => {
    const { service, drill } = about;
    const status = store.get(service);
    if (status === null) return;
    const facts = { ...about, name: status.name, cluster: status.cluster };
    const names = [...devices.signedInDevices(service)].filter((name) => only === null || only.includes(name));
    const outage = newOutage({ ...facts, id: idOf(service, startedAt), startedAt }, names.length);
    const each = names.map((name): [string, OutageDevice] => {
      const prefill = devices.get(name)?.prefill ?? null;
      return [name, newOutageDevice(name, prefill?.id ?? null, prefill?.extension ?? null)];
    });
    records.set(outage.id, { outage, devices: new Map(each) });
    journal.changed(outage.id);
    journal.changed(`${outage.id} ${ALL}`);
    prune();
    armSummary();
    report({ kind: 'outage-began', at, service, outage: outage.id, drill, signedIn: names.length });
  };

  /** Short, of two services never the same, and in order when sorted. */
  const idOf = (service: string, startedAt: number): string => {
    const base = `${new Date(startedAt).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-${service}`;
    for (let number = 1; ; number++) {
      const id = number === 1 ? base : `${base}-${number}`;
      if (!records.has(id)) return id;
    }
  };

  const end = (kept: Kept, at: number) => {
    apply(kept, null, { kind: 'ended', at });
    const { service, id, drill, startedAt } = kept.outage;
    report({ kind: 'outage-ended', at, service, outage: id, drill, afterMs: Math.max(0, at - startedAt) });
  };

  const serviceChanged = (event: EventOf<'service-changed'>) => {
    const { at, service, from, to, since } = event;
    const on = current(service);
    if (to !== 'in-service' && on !== undefined) {
      apply(on, null, { kind: 'failed-again', at, failure: event.failure });
    }
    if (to === 'in-service') {
      if (on !== undefined) end(on, since ?? at);
    } else if (to === 'reconnecting') {
      // With a record that is on, this process has begun in the middle of an outage, and sees it as if for the first time.
      if (from !== 'reconnecting' && on === undefined) begin(event);
    } else if (to === 'out-of-service' && on !== undefined) apply(on, null, { kind: 'verdict', at: since ?? at });
  };

  const told = (at: number, service: string, device: string) => {
    for (const on of [current(service), current(service, true)]) {
      const found = on?.devices.get(device);
      if (on !== undefined && found !== undefined) apply(on, found, { kind: 'told', at });
    }
  };

  const eachOf = (device: string, event: OutageEvent) => {
    for (const kept of followed) {
      const found = kept.devices.get(device);
      if (found !== undefined) apply(kept, found, event);
    }
  };

  const handlers: EventHandlers = {
    'service-changed': serviceChanged,
    'drill-began': ({ at, service, devices: only }) =>
      beginRecord(at, at, { service, drill: true, cause: null, decidedBy: null }, only),
    'drill-verdict'({ at, service }) {
      const on = current(service, true);
      if (on !== undefined) apply(on, null, { kind: 'verdict', at });
    },
    'drill-ended'({ at, service }) {
      const on = current(service, true);
      if (on !== undefined) end(on, at);
    },
    'page-relayed'({ at, service, device, page, durationMs }) {
      // No outage: nothing more to look at, for nearly every page there is.
      if (followed.length === 0 || page !== 'other') return;
      if (devices.get(device)?.service !== service) return;
      eachOf(device, { kind: 'signed-in', at, askedAt: at - durationMs, service });
    },
    'device-signed-out': ({ at, device, service }) => eachOf(device, { kind: 'signed-out', at, service }),
    'page-served'({ at, service, device, page }) {
      if (followed.length > 0 && TELLING.has(page)) told(at, service, device);
    },
    'own-push-ended'({ at, service, device, reason, outcome }) {
      if (outcome === 'delivered' && reason !== 'recovery' && reason !== 'maintenance') told(at, service, device);
    },
  };

  /** What is too old or too much goes, and nobody follows what is long over. */
  const prune = () => {
    const all = [...records.values()].reverse();
    const { kept, emptied, ...rest } = selectOutages(all, clock.now(), { ...bounds, keepForMs: settings.keepForMs });
    const stays = new Set(kept);
    for (const record of all) if (!stays.has(record)) records.delete(record.outage.id);
    for (const { devices: each } of emptied) each.clear();
    if (kept.length < all.length || emptied.length > 0) journal.renew();
    followed = rest.followed;
  };

  const armPrune = () => {
    cancelPrune = clock.after(HOUR_MS, () => {
      prune();
      armPrune();
    });
  };

  const armSummary = () => {
    cancelSummary();
    if (!isRunning) return;
    const due = [...records.values()].filter(({ outage }) => outage.summarisedAt === null);
    const [next] = due.toSorted((one, other) => one.outage.startedAt - other.outage.startedAt);
    if (next === undefined) return;
    const inMs = next.outage.startedAt + settings.summaryAfterMs - clock.now();
    // A clock that was set back must not put it off for longer than it takes.
    cancelSummary = clock.after(Math.min(Math.max(0, inMs), settings.summaryAfterMs), () => summarise(next));
  };

  const summarise = (kept: Kept) => {
    const at = clock.now();
    apply(kept, null, { kind: 'summarised', at });
    const { id: outage, service, drill, startedAt, verdictAt, endedAt, cause: failure } = kept.outage;
    const { signedIn, told: toldOf, elsewhere, returned, missing } = kept.outage;
    const counts = { signedIn, told: toldOf, elsewhere, returned, missing };
    report({ kind: 'outage-summary', at, service, outage, drill, startedAt, verdictAt, endedAt, failure, counts });
    armSummary();
  };

  return {
    handlers,
    all: () => [...records.values()].map(({ outage }) => outage).reverse(),
    get: (id) => records.get(id)?.outage ?? null,
    devices: (id) => [...(records.get(id)?.devices.values() ?? [])],
    missing: (service) =>
      followed.find(({ outage }) => outage.service === service && !outage.drill)?.outage.missing ?? 0,
    read(folder) {
      const content = journal.read(folder);
      damage = content.damage;
      for (const { outage, devices: each } of parseOutageLines(content.lines)) {
        records.set(outage.id, { outage, devices: new Map(each.map((one) => [one.device, one])) });
      }
      prune();
    },
    begin() {
      isRunning = true;
      journal.begin(damage);
      leaveUnconfigured();
      // No drill outlives its process.
      for (const kept of followed) if (kept.outage.drill && kept.outage.endedAt === null) end(kept, clock.now());
      armPrune();
      armSummary();
    },
    reconfigure(next, folder) {
      settings = next;
      journal.moveTo(folder);
      leaveUnconfigured();
      prune();
      armSummary();
    },
    problem: journal.problem,
    async stop() {
      isRunning = false;
      cancelSummary();
      cancelPrune();
      await journal.stop();
    },
  };

  /** Of a service that is no longer configured there is no outage, and nobody is signed in there. */
  function leaveUnconfigured(): void {
    const at = clock.now();
    for (const kept of followed) {
      if (kept.outage.endedAt === null && store.get(kept.outage.service) === null) end(kept, at);
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
