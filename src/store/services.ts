/** The read model of all services: what pages, ops and routing show. Written by the monitor, the phone path and operators. */

import { type Candidate, selectAlternates } from '../domain/alternates.ts';
import { NO_FAILURES, type RequestFailures, reduceRequestFailed } from '../domain/fippa-failing.ts';
import { type AdminSetting, type NotificationUse, READY, type ServiceStatus } from '../domain/model.ts';
import { type ServiceHealth, selectAttemptEnd, UNKNOWN_HEALTH } from '../domain/service-health.ts';
import { NO_SIGNALS, type Signals, selectDecider } from '../domain/signals.ts';
import type { Clock } from '../time/clock.ts';

export interface ServiceDefinition {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  /** null or absent: that of the proxy. */
  readonly site?: string | null;
  /** It stands where the proxy does. Default: it does. */
  readonly isNear?: boolean;
  readonly probeIntervalMs: number;
  /** What its health is about, the URL that is probed say: under the same id another server begins as unknown. */
  readonly server?: string;
  /** Default: off. */
  readonly notification?: NotificationUse;
}

/**
 * What is said of a service that is no longer configured is passed over: a request or a probe that was under way when it
 * was removed may still end.
 */
export interface ServiceStore {
  readonly clusters: readonly string[];
  /** Replaces the services. Those that stay keep what the operator set, and their health unless they are another server. */
  define(definitions: readonly ServiceDefinition[], reconnect: ReconnectSettings): void;
  all(): readonly ServiceStatus[];
  get(id: string): ServiceStatus | null;
  /** The services of a cluster in the order of the configuration; empty for an unknown one. */
  cluster(id: string): readonly ServiceStatus[];
  /** The confirmed alternates of a service, at this moment. */
  alternates(of: ServiceStatus): readonly ServiceStatus[];
  candidates(cluster: string): readonly Candidate[];
  health(id: string): ServiceHealth;
  signals(id: string): Signals;
  /** Without `signals` those stay. */
  setHealth(id: string, health: ServiceHealth, signals?: Signals): void;
  /** Another site of these names is suspected to be cut off, and no other. */
  setCutOff(sites: readonly string[]): void;
  setAdmin(id: string, setting: AdminSetting): void;
  /** A phone's request to the service failed. Returns true when this made it "fippa failing". */
  requestFailed(id: string, device: string): boolean;
  /** A page of the service was relayed. Returns true when this ended "fippa failing". */
  pageRelayed(id: string): boolean;
  onAdminChange(listener: (id: string, setting: AdminSetting) => void): void;
  /** After each time that the health of a service was stored. */
  onHealthChange(listener: () => void): void;
}

type ReconnectSettings = { readonly intervalMs: number; readonly attempts: number };

interface Entry {
  definition: ServiceDefinition;
  health: ServiceHealth;
  signals: Signals;
  admin: AdminSetting;
  failures: RequestFailures;
  status: ServiceStatus;
  cancelUntil: () => void;
}

/** Admin settings with an end are looked at again at least this often: timers cannot run longer than 2^31 ms. */
const MAX_TIMER_MS = 86_400_000;

export function createServiceStore(
  definitions: readonly ServiceDefinition[],
  reconnect: ReconnectSettings,
  clock: Clock,
): ServiceStore {
  let entries = new Map<string, Entry>();
  let settings = reconnect;
  let byCluster = new Map<string, readonly Candidate[]>();
  const listeners: ((id: string, setting: AdminSetting) => void)[] = [];
  const healthListeners: (() => void)[] = [];
  let cutOff: readonly string[] = [];

  const define: ServiceStore['define'] = (next, reconnectNext) => {
    const before = entries;
    settings = reconnectNext;
    entries = new Map(next.map((definition) => [definition.id, redefine(before.get(definition.id), definition)]));
    for (const [id, { cancelUntil }] of before) if (!entries.has(id)) cancelUntil();
    for (const entry of entries.values()) update(entry);
  };
  // Composed when something changes, not per request: thousands of phones read between two changes.
  const update = (entry: Entry) => {
    entry.status = render(entry, settings, cutOff);
    byCluster = new Map();
  };
  const redefine = (entry: Entry | undefined, definition: ServiceDefinition): Entry => {
    if (entry === undefined) {
      const nothing = { health: UNKNOWN_HEALTH, signals: NO_SIGNALS, failures: NO_FAILURES };
      const made = { definition, ...nothing, admin: READY, cancelUntil: () => {} };
      return { ...made, status: render(made, settings, cutOff) };
    }
    if (entry.definition.server !== definition.server) {
      entry.health = UNKNOWN_HEALTH;
      entry.signals = NO_SIGNALS;
      entry.failures = NO_FAILURES;
    }
    entry.definition = definition;
    return entry;
  };
  const candidates = (id: string): readonly Candidate[] => {
    let found = byCluster.get(id);
    if (found === undefined) {
      found = [...entries.values()]
        .filter(({ definition }) => definition.cluster === id)
        .map(({ definition, status }) => ({ status, freshForMs: 2 * definition.probeIntervalMs }));
      byCluster.set(id, found);
    }
    return found;
  };

  const setAdmin = (id: string, setting: AdminSetting) => {
    const entry = entries.get(id);
    if (entry === undefined) return;
    entry.cancelUntil();
    entry.admin = setting;
    update(entry);
    if (setting.until !== null) armUntil(entry, setting.until);
    for (const listener of listeners) listener(id, setting);
  };
  const armUntil = (entry: Entry, until: number) => {
    const leftMs = until - clock.now();
    entry.cancelUntil = clock.after(Math.min(Math.max(leftMs, 0), MAX_TIMER_MS), () =>
      leftMs > MAX_TIMER_MS ? armUntil(entry, until) : setAdmin(entry.definition.id, READY),
    );
  };

  define(definitions, reconnect);
  return {
    get clusters() {
      return [...new Set([...entries.values()].map(({ definition }) => definition.cluster))];
    },
    define,
    all: () => [...entries.values()].map((entry) => entry.status),
    get: (id) => entries.get(id)?.status ?? null,
    cluster: (id) => candidates(id).map(({ status }) => status),
    candidates,
    alternates: (of) => selectAlternates(of, candidates(of.cluster), clock.now()),
    health: (id) => entries.get(id)?.health ?? UNKNOWN_HEALTH,
    signals: (id) => entries.get(id)?.signals ?? NO_SIGNALS,
    setHealth(id, health, signals) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      entry.signals = signals ?? entry.signals;
      // Failed requests of an outage say nothing about fippa once the server itself is known to be out.
      if (health.phase.state !== 'in-service') entry.failures = NO_FAILURES;
      entry.health = health;
      update(entry);
      for (const listener of healthListeners) listener();
    },
    setCutOff(sites) {
      cutOff = sites;
      for (const entry of entries.values()) update(entry);
    },
    setAdmin,
    requestFailed(id, device) {
      const entry = entries.get(id);
      if (entry?.health.phase.state !== 'in-service') return false;
      const before = entry.failures.failing;
      entry.failures = reduceRequestFailed(entry.failures, device, clock.now());
      if (before === entry.failures.failing) return false;
      update(entry);
      return true;
    },
    pageRelayed(id) {
      const entry = entries.get(id);
      if (entry === undefined || entry.failures === NO_FAILURES) return false;
      const ended = entry.failures.failing;
      entry.failures = NO_FAILURES;
      if (ended) update(entry);
      return ended;
    },
    onAdminChange: (listener) => listeners.push(listener),
    onHealthChange: (listener) => healthListeners.push(listener),
  };
}

function render(
  entry: Pick<Entry, 'definition' | 'health' | 'signals' | 'admin' | 'failures'>,
  reconnect: ReconnectSettings,
  cutOff: readonly string[],
): ServiceStatus {
  const { definition, health, signals, admin, failures } = entry;
  const { phase } = health;
  const { notification = 'off', site = null, isNear = true } = definition;
  const decidedBy = selectDecider(signals, { advisory: notification !== 'on' });
  return {
    id: definition.id,
    name: definition.name,
    cluster: definition.cluster,
    ...{ site, isNear, isCutOff: !isNear && cutOff.includes(site ?? '') },
    state: phase.state,
    attempt: phase.state === 'reconnecting' ? phase.attempt : null,
    attempts: reconnect.attempts,
    attemptEndsAt: selectAttemptEnd(phase, reconnect),
    since: phase.state === 'unknown' ? null : phase.state === 'reconnecting' ? phase.t0 : phase.since,
    failure: health.failure,
    lastProbeAt: health.lastProbeAt,
    latencyMs: health.latencyMs,
    confirmedAt: health.confirmedAt,
    info: health.info,
    fippaFailing: failures.failing && phase.state === 'in-service',
    signals: { ...signals, notification, decidedBy },
    admin,
  };
}
