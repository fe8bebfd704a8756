/** The drills that are on. They live in memory alone, so that the end of the process is the end of each. */

import { type Drill, type DrillEnd, type ServiceView, selectVerdictAt, selectView } from '../domain/drill.ts';
import type { EventHandlers, Report } from '../domain/events.ts';
import type { HealthSettings } from '../domain/health/state.ts';
import type { Clock } from '../time/clock.ts';
import type { ServiceStore } from './services.ts';

/** What an operator asks for. */
export interface DrillRequest {
  readonly service: string;
  readonly forMs: number;
  /** null: all phones. */
  readonly devices: readonly string[] | null;
  readonly reason: string | null;
  readonly who: string;
  readonly address: string | null;
}

export interface Drills {
  readonly handlers: EventHandlers;
  /** Begins one, or says why there can be none now. */
  begin(request: DrillRequest): string | null;
  /** Why there can be none of that service now; null: there can. */
  refusalOf(service: string): string | null;
  /** false: none is on there. */
  end(service: string, who: string, address: string | null): boolean;
  get(service: string): Drill | null;
  all(): readonly Drill[];
  /** Services as a device sees them; the store itself while no drill concerns it. */
  viewFor(device: string): ServiceView;
  /** Other settings, and services may be gone. */
  reconfigure(reconnect: HealthSettings): void;
  stop(): void;
}

export interface DrillsOptions {
  readonly store: ServiceStore;
  readonly reconnect: HealthSettings;
  readonly clock: Clock;
  readonly report: Report;
}

interface Running {
  readonly drill: Drill;
  readonly cancel: () => void;
}

export function createDrills({ store, clock, report, ...options }: DrillsOptions): Drills {
  let settings = options.reconnect;
  const running = new Map<string, Running>();

  const end = (service: string, because: DrillEnd, who: string | null, address: string | null = null): boolean => {
    const found = running.get(service);
    if (found === undefined) return false;
    running.delete(service);
    found.cancel();
    report({ kind: 'drill-ended', at: clock.now(), service, because, devices: listOf(found.drill), who, address });
    return true;
  };

  /** Agents must have somewhere to go, and a real failure must be told from a drill. */
  const refusalOf = (service: string): string | null => {
    const status = store.get(service);
    if (status === null) return `there is no service ${service}`;
    const on = [...running.values()].find(({ drill }) => drill.cluster === status.cluster);
    if (on !== undefined) return `a drill of ${on.drill.service}, in the same cluster, is on`;
    const failed = store.cluster(status.cluster).find(({ state }) => state !== 'in-service');
    if (failed !== undefined) return `${failed.id} is ${failed.state}: a drill would make it worse`;
    return store.alternates(status).length > 0 ? null : 'no other service could be offered to its agents';
  };

  const realFailure = ({ service }: { readonly service: string }) => {
    const cluster = store.get(service)?.cluster;
    for (const { drill } of running.values()) if (drill.cluster === cluster) end(drill.service, 'real-failure', null);
  };

  return {
    handlers: {
      'service-changed': (event) => void (event.to !== 'in-service' && realFailure(event)),
      'fippa-failing': realFailure,
    },
    begin({ service, forMs, devices, reason, who, address }) {
      const refusal = refusalOf(service);
      if (refusal !== null) return refusal;
      const startedAt = clock.now();
      const { cluster = '' } = store.get(service) ?? {};
      const until = startedAt + forMs;
      const drill: Drill = {
        ...{ service, cluster, startedAt, until, who },
        devices: devices === null ? null : new Set(devices),
      };
      const cancels = [clock.after(forMs, () => end(service, 'time', null))];
      const verdictInMs = selectVerdictAt(drill, settings) - startedAt;
      if (verdictInMs < forMs) {
        const verdict = () => report({ kind: 'drill-verdict', at: clock.now(), service, devices: listOf(drill) });
        cancels.push(clock.after(verdictInMs, verdict));
      }
      running.set(service, { drill, cancel: () => cancels.forEach((cancel) => void cancel()) });
      report({ kind: 'drill-began', at: startedAt, service, until, devices: listOf(drill), reason, who, address });
      return null;
    },
    refusalOf,
    end: (service, who, address) => end(service, 'operator', who, address),
    get: (service) => running.get(service)?.drill ?? null,
    all: () => [...running.values()].map(({ drill }) => drill),
    viewFor(device) {
      // No drill: every request comes by here.
      if (running.size === 0) return store;
      const drills = [...running.values()].map(({ drill }) => drill);
      return selectView(store, drills, device, clock.now(), settings);
    },
    reconfigure(reconnect) {
      settings = reconnect;
      for (const service of running.keys()) if (store.get(service) === null) end(service, 'removed', null);
    },
    stop() {
      for (const service of running.keys()) end(service, 'stopping', null);
    },
  };
}

function listOf({ devices }: Drill): readonly string[] | null {
  return devices === null ? null : [...devices];
}
