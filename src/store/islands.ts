/** Watches the sites: what the statuses of their services say of them, told to the store and reported. */

import type { Report } from '../domain/events.ts';
import { type CutOffSite, type IslandSettings, reduceIslands, selectIslandWakeAt } from '../domain/island.ts';
import type { Clock } from '../time/clock.ts';
import type { ServiceStore } from './services.ts';

export interface Islands {
  /** Other settings, or other services in the store. */
  define(settings: IslandSettings): void;
  /** Sites that are suspected to be cut off. */
  suspected(): readonly CutOffSite[];
  stop(): void;
}

/** Timers cannot run longer than 2^31 ms. */
const MAX_TIMER_MS = 86_400_000;

export function createIslands(store: ServiceStore, initial: IslandSettings, clock: Clock, report: Report): Islands {
  let settings = initial;
  let sites: readonly CutOffSite[] = [];
  let cancel = () => {};
  let isStopped = false;

  const look = () => {
    cancel();
    if (isStopped) return;
    const at = clock.now();
    const step = reduceIslands(sites, store.all(), at, settings);
    sites = step.sites;
    if (step.changes.length > 0) store.setCutOff(sites.flatMap(({ site, suspected }) => (suspected ? [site] : [])));
    for (const change of step.changes) report({ at, ...change });
    const wakeAt = selectIslandWakeAt(sites, at, settings);
    if (wakeAt !== null) cancel = clock.after(Math.min(wakeAt - at, MAX_TIMER_MS), look);
  };
  store.onHealthChange(look);

  return {
    define(next) {
      settings = next;
      look();
    },
    suspected: () => sites.filter(({ suspected }) => suspected),
    stop() {
      isStopped = true;
      cancel();
    },
  };
}
