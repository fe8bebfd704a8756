/** The read model of all services: what pages, ops and routing show. Written by the monitor, the phone path and operators. */

import { type Candidate, selectAlternates } from '../domain/alternates.ts';
import { NO_FAILURES, type RequestFailures, reduceRequestFailed } from '../domain/fippa-failing.ts';
import { type AdminSetting, READY, type ServiceStatus } from '../domain/model.ts';
import { type ServiceHealth, selectAttemptEnd, UNKNOWN_HEALTH } from '../domain/service-health.ts';
import type { Clock } from './clock.ts';

export interface ServiceDefinition {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly probeIntervalMs: number;
}

export interface ServiceStore {
  readonly clusters: readonly string[];
  all(): readonly ServiceStatus[];
  get(id: string): ServiceStatus | null;
  /** The services of a cluster in the order of the configuration; empty for an unknown one. */
  cluster(id: string): readonly ServiceStatus[];
  /** The confirmed alternates of a service, at this moment. */
  alternates(of: ServiceStatus): readonly ServiceStatus[];
  candidates(cluster: string): readonly Candidate[];
  health(id: string): ServiceHealth;
  setHealth(id: string, health: ServiceHealth): void;
  setAdmin(id: string, setting: AdminSetting): void;
  /** A phone's request to the service failed. Returns true when this made it "fippa failing". */
  requestFailed(id: string, device: string): boolean;
  /** A page of the service was relayed. Returns true when this ended "fippa failing". */
  pageRelayed(id: string): boolean;
  onAdminChange(listener: (id: string, setting: AdminSetting) => void): void;
}

interface Entry {
  readonly definition: ServiceDefinition;
  health: ServiceHealth;
  admin: AdminSetting;
  failures: RequestFailures;
  status: ServiceStatus;
  cancelUntil: () => void;
}

/** Admin settings with an end are looked at again at least this often: timers cannot run longer than 2^31 ms. */
const MAX_TIMER_MS = 86_400_000;

export function createServiceStore(
  definitions: readonly ServiceDefinition[],
  reconnect: { readonly intervalMs: number; readonly attempts: number },
  clock: Clock,
): ServiceStore {
  const entries = new Map<string, Entry>();
  const listeners: ((id: string, setting: AdminSetting) => void)[] = [];
  for (const definition of definitions) {
    const entry = { definition, health: UNKNOWN_HEALTH, admin: READY, failures: NO_FAILURES, cancelUntil: () => {} };
    entries.set(definition.id, { ...entry, status: render(entry, reconnect) });
  }
  const clusterIds = [...new Set(definitions.map((definition) => definition.cluster))];
  let byCluster = new Map<string, readonly ServiceStatus[]>();

  const entryOf = (id: string): Entry => {
    const entry = entries.get(id);
    if (entry === undefined) throw new Error(`no service ${id}`);
    return entry;
  };
  // Composed when something changes, not per request: thousands of phones read between two changes.
  const update = (entry: Entry) => {
    entry.status = render(entry, reconnect);
    byCluster = new Map();
  };
  const cluster = (id: string): readonly ServiceStatus[] => {
    let services = byCluster.get(id);
    if (services === undefined) {
      services = [...entries.values()].filter((entry) => entry.definition.cluster === id).map((entry) => entry.status);
      byCluster.set(id, services);
    }
    return services;
  };
  const candidates = (id: string): readonly Candidate[] =>
    cluster(id).map((status) => ({ status, freshForMs: 2 * entryOf(status.id).definition.probeIntervalMs }));

  const setAdmin = (id: string, setting: AdminSetting) => {
    const entry = entryOf(id);
    entry.cancelUntil();
    entry.admin = setting;
    update(entry);
    if (setting.until !== null) armUntil(id, setting.until);
    for (const listener of listeners) listener(id, setting);
  };
  const armUntil = (id: string, until: number) => {
    const leftMs = until - clock.now();
    entryOf(id).cancelUntil = clock.after(Math.min(Math.max(leftMs, 0), MAX_TIMER_MS), () =>
      leftMs > MAX_TIMER_MS ? armUntil(id, until) : setAdmin(id, READY),
    );
  };

  return {
    clusters: clusterIds,
    all: () => [...entries.values()].map((entry) => entry.status),
    get: (id) => entries.get(id)?.status ?? null,
    cluster,
    candidates,
    alternates: (of) => selectAlternates(of, candidates(of.cluster), clock.now()),
    health: (id) => entryOf(id).health,
    setHealth(id, health) {
      const entry = entryOf(id);
      // Failed requests of an outage say nothing about fippa once the server itself is known to be out.
      if (health.phase.state !== 'in-service') entry.failures = NO_FAILURES;
      entry.health = health;
      update(entry);
    },
    setAdmin,
    requestFailed(id, device) {
      const entry = entryOf(id);
      if (entry.health.phase.state !== 'in-service') return false;
      const before = entry.failures.failing;
      entry.failures = reduceRequestFailed(entry.failures, device, clock.now());
      if (before === entry.failures.failing) return false;
      update(entry);
      return true;
    },
    pageRelayed(id) {
      const entry = entryOf(id);
      if (entry.failures === NO_FAILURES) return false;
      const ended = entry.failures.failing;
      entry.failures = NO_FAILURES;
      if (ended) update(entry);
      return ended;
    },
    onAdminChange: (listener) => listeners.push(listener),
  };
}

function render(
  entry: Pick<Entry, 'definition' | 'health' | 'admin' | 'failures'>,
  reconnect: { readonly intervalMs: number; readonly attempts: number },
): ServiceStatus {
  const { definition, health, admin, failures } = entry;
  const { phase } = health;
  return {
    id: definition.id,
    name: definition.name,
    cluster: definition.cluster,
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
    admin,
  };
}
