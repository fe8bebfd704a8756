/**
 * Holds the state of every service and the read model that pages, ops and routing show, and notifies. What an event makes of
 * a state is decided in domain/health.
 */

import { type Candidate, selectAlternates } from '../domain/alternates.ts';
import type { ServiceEffect, ServiceEvent } from '../domain/health/events.ts';
import { freshForMs } from '../domain/health/freshness.ts';
import { reduceService, selectWake } from '../domain/health/reduce.ts';
import {
  type HealthSettings,
  NEW_SERVICE,
  NO_FAILURES,
  type ServiceHealth,
  type ServiceState,
  type Signals,
} from '../domain/health/state.ts';
import { isAdvisory, renderStatus } from '../domain/health/status.ts';
import type { AdminSetting, NotificationUse, ServiceStatus } from '../domain/model.ts';
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
  reconfigure(definitions: readonly ServiceDefinition[], reconnect: HealthSettings): void;
  all(): readonly ServiceStatus[];
  get(id: string): ServiceStatus | null;
  /** The services of a cluster in the order of the configuration; empty for an unknown one. */
  cluster(id: string): readonly ServiceStatus[];
  /** The confirmed alternates of a service, at this moment. */
  alternates(of: ServiceStatus): readonly ServiceStatus[];
  candidates(cluster: string): readonly Candidate[];
  /** Keeps what the event makes of a service, and returns what is to be done about it. */
  apply(id: string, event: ServiceEvent): readonly ServiceEffect[];
  /** When the next `time` event of a service is due; null: none. */
  wakeAt(id: string): number | null;
  state(id: string): ServiceState;
  health(id: string): ServiceHealth;
  signals(id: string): Signals;
  /** Puts a state in place that was written down. */
  restore(id: string, state: Partial<ServiceState>): void;
  /** Another site of these names is suspected to be cut off, and no other. */
  setCutOff(sites: readonly string[], rejoinedAt: number | null): void;
  setAdmin(id: string, setting: AdminSetting): void;
  /** A phone's request to the service failed. Returns true when this made it "fippa failing". */
  requestFailed(id: string, device: string): boolean;
  /** A page of the service was relayed. Returns true when this ended "fippa failing". */
  pageRelayed(id: string): boolean;
  onAdminChange(listener: (id: string, setting: AdminSetting) => void): void;
  /** Told when the time of the next `time` event of a service may be another one by what phones or operators did. */
  onWakeChange(listener: (id: string) => void): void;
  /** Told what time alone has changed. */
  onPassed(listener: (id: string, passed: Passed) => void): void;
  /** After each change of the health of a service. */
  onHealthChange(listener: () => void): void;
  /** After each change of anything that is known of a service. */
  onStateChange(listener: (id: string) => void): void;
  /** As `setCutOff` was told last. */
  cutOff(): readonly [sites: readonly string[], rejoinedAt: number | null];
  onCutOffChange(listener: () => void): void;
}

export type Passed =
  | { readonly kind: 'setting'; readonly from: AdminSetting; readonly to: AdminSetting }
  | { readonly kind: 'fippa-failing' };

interface Entry {
  definition: ServiceDefinition;
  state: ServiceState;
  status: ServiceStatus;
}

export function createServiceStore(
  definitions: readonly ServiceDefinition[],
  reconnect: HealthSettings,
  clock: Clock,
): ServiceStore {
  let entries = new Map<string, Entry>();
  let settings = reconnect;
  let byCluster = new Map<string, readonly Candidate[]>();
  const listeners: ((id: string, setting: AdminSetting) => void)[] = [];
  const wakeListeners: ((id: string) => void)[] = [];
  const passedListeners: ((id: string, passed: Passed) => void)[] = [];
  const healthListeners: (() => void)[] = [];
  const stateListeners: ((id: string) => void)[] = [];
  const cutOffListeners: (() => void)[] = [];
  let cutOff: readonly string[] = [];
  let rejoined: number | null = null;

  const compose = (definition: ServiceDefinition, state: ServiceState) =>
    renderStatus(definition, state, settings, cutOff, rejoined);
  const reconfigure: ServiceStore['reconfigure'] = (next, reconnectNext) => {
    const before = entries;
    settings = reconnectNext;
    byCluster = new Map();
    entries = new Map(
      next.map((definition) => {
        const state = stateAfter(before.get(definition.id), definition);
        return [definition.id, { definition, state, status: compose(definition, state) }];
      }),
    );
  };
  const put = (entry: Entry, state: ServiceState) => {
    if (state === entry.state) return;
    const { admin, failures, health } = entry.state;
    const { id } = entry.definition;
    entry.state = state;
    // Composed when something changes, not per request: thousands of phones read between two changes.
    entry.status = compose(entry.definition, state);
    byCluster = new Map();
    if (state.admin !== admin) for (const listener of listeners) listener(id, state.admin);
    if (state.admin !== admin || state.failures.until !== failures.until)
      for (const listener of wakeListeners) listener(id);
    if (state.health !== health) for (const listener of healthListeners) listener();
    for (const listener of stateListeners) listener(id);
  };
  const apply: ServiceStore['apply'] = (id, event) => {
    const entry = entries.get(id);
    if (entry === undefined) return [];
    const advisory = isAdvisory(entry.definition);
    const { state, effects } = reduceService(entry.state, event, { ...settings, advisory });
    const before = entry.state;
    put(entry, state);
    const passed = event.kind === 'admin' || event.kind === 'page-relayed' ? [] : selectPassed(before, state, event.at);
    for (const each of passed) for (const listener of passedListeners) listener(id, each);
    return effects;
  };
  const candidates = (id: string): readonly Candidate[] => {
    let found = byCluster.get(id);
    if (found === undefined) {
      found = [...entries.values()]
        .filter(({ definition }) => definition.cluster === id)
        .map(({ definition, status }) => ({ status, freshForMs: freshForMs(definition.probeIntervalMs) }));
      byCluster.set(id, found);
    }
    return found;
  };
  const state = (id: string) => entries.get(id)?.state ?? NEW_SERVICE;
  const isFailing = (id: string) => state(id).failures.failing;

  reconfigure(definitions, reconnect);
  return {
    get clusters() {
      return [...new Set([...entries.values()].map(({ definition }) => definition.cluster))];
    },
    reconfigure,
    all: () => [...entries.values()].map((entry) => entry.status),
    get: (id) => entries.get(id)?.status ?? null,
    cluster: (id) => candidates(id).map(({ status }) => status),
    candidates,
    alternates: (of) => selectAlternates(of, candidates(of.cluster), clock.now()),
    apply,
    wakeAt: (id) => selectWake(state(id), settings),
    state,
    health: (id) => state(id).health,
    signals: (id) => state(id).signals,
    restore(id, written) {
      const entry = entries.get(id);
      if (entry !== undefined) put(entry, { ...entry.state, ...written });
    },
    setCutOff(sites, rejoinedAt) {
      cutOff = sites;
      rejoined = rejoinedAt ?? rejoined;
      byCluster = new Map();
      for (const entry of entries.values()) entry.status = compose(entry.definition, entry.state);
      for (const listener of cutOffListeners) listener();
    },
    setAdmin: (id, setting) => void apply(id, { kind: 'admin', at: clock.now(), setting }),
    requestFailed(id, device) {
      const was = isFailing(id);
      apply(id, { kind: 'request-failed', at: clock.now(), device });
      return !was && isFailing(id);
    },
    pageRelayed(id) {
      // Of nearly every page there is nothing to tell.
      if (state(id).failures === NO_FAILURES) return false;
      const was = isFailing(id);
      apply(id, { kind: 'page-relayed', at: clock.now() });
      return was;
    },
    onAdminChange: (listener) => listeners.push(listener),
    onWakeChange: (listener) => wakeListeners.push(listener),
    onPassed: (listener) => passedListeners.push(listener),
    onHealthChange: (listener) => healthListeners.push(listener),
    onStateChange: (listener) => stateListeners.push(listener),
    cutOff: () => [cutOff, rejoined],
    onCutOffChange: (listener) => cutOffListeners.push(listener),
  };
}

function selectPassed({ admin: from, failures }: ServiceState, after: ServiceState, at: number): Passed[] {
  const { admin: to } = after;
  return [
    ...(from === to ? [] : [{ kind: 'setting' as const, from, to }]),
    ...(failures.until !== null && at >= failures.until && after.health.phase.state === 'in-service'
      ? [{ kind: 'fippa-failing' as const }]
      : []),
  ];
}

/** Under the same id, another server begins anew; what the operator set stays. */
function stateAfter(before: Entry | undefined, { server }: ServiceDefinition): ServiceState {
  if (before === undefined) return NEW_SERVICE;
  return before.definition.server === server ? before.state : { ...NEW_SERVICE, admin: before.state.admin };
}
