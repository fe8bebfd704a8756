/** The services as one process that serves phones knows them: told by the process that watches them, judged here. */

import type { Config } from '../config/config.ts';
import { type Drill, type ServiceView, selectView } from '../domain/drill.ts';
import type { ServiceState } from '../domain/health/state.ts';
import type { NameStore } from '../store/names.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';

export interface ServiceReplica {
  viewFor(device: string): ServiceView;
  state(id: string, state: ServiceState): void;
  drills(drills: readonly Drill[]): void;
  reconfigure(reconnect: Config['reconnect']): void;
  /** Whether a page that is relayed would tell the watching process anything. */
  hasFailures(id: string): boolean;
}

export function createServiceReplica(
  store: ServiceStore,
  names: NameStore,
  initial: Config['reconnect'],
  clock: Clock,
): ServiceReplica {
  let reconnect = initial;
  let drills: readonly Drill[] = [];
  return {
    viewFor: (device) => (drills.length === 0 ? store : selectView(store, drills, device, clock.now(), reconnect)),
    state(id, state) {
      store.restore(id, state);
      names.learn(id, state.health.info);
    },
    drills(next) {
      drills = next;
    },
    reconfigure(next) {
      reconnect = next;
    },
    hasFailures(id) {
      const { failing, recent } = store.state(id).failures;
      return failing || recent.length > 0;
    },
  };
}
