/** Watches the sites: what the statuses of their services say of them, told to the store and reported. */

import type { Report } from '../domain/events.ts';
import {
  type CutOffSite,
  type CutSince,
  type IslandSettings,
  reduceIslands,
  selectIslandWakeAt,
} from '../domain/island.ts';
import type { Clock } from '../time/clock.ts';
import type { ServiceStore } from './services.ts';

export interface Islands {
  /** A node for reports may have answered. */
  look(): void;
  /** Other settings, or other services in the store. */
  reconfigure(settings: IslandSettings): void;
  /** Sites that are suspected to be cut off. */
  suspected(): readonly CutOffSite[];
  /** All of which nothing can be reached. */
  unreachable(): readonly CutSince[];
  /** What was known before a restart: believed until something there is reached. */
  restore(sites: readonly CutSince[]): void;
  /** A site began or ceased to be unreachable. */
  onChange(listener: (site: string) => void): void;
  stop(): void;
}

/** Timers cannot run longer than 2^31 ms. */
const MAX_TIMER_MS = 86_400_000;

export function createIslands(
  store: ServiceStore,
  initial: IslandSettings,
  clock: Clock,
  report: Report,
  /** When nodes for reports of other sites last answered. */
  answers: () => ReadonlyMap<string, number> = () => new Map(),
): Islands {
  let settings = initial;
  let sites: readonly CutOffSite[] = [];
  let cancel = () => {};
  let isStopped = false;
  const listeners: ((site: string) => void)[] = [];

  const look = () => {
    cancel();
    if (isStopped) return;
    const at = clock.now();
    const step = reduceIslands(sites, store.all(), at, settings, answers());
    const before = sites;
    sites = step.sites;
    for (const site of differences(before, sites)) for (const listener of listeners) listener(site);
    if (step.changes.length > 0) {
      const isReached = step.changes.some((change) => change.kind === 'island-ended' && change.because === 'reached');
      const suspected = sites.filter((site) => site.suspected).map(({ site }) => site);
      store.setCutOff(suspected, isReached ? at : null);
    }
    for (const change of step.changes) report({ at, ...change });
    const wakeAt = selectIslandWakeAt(sites, at, settings);
    if (wakeAt !== null) cancel = clock.after(Math.min(wakeAt - at, MAX_TIMER_MS), look);
  };
  store.onHealthChange(look);

  return {
    look,
    reconfigure(next) {
      settings = next;
      look();
    },
    unreachable: () => sites,
    restore(kept) {
      sites = kept.map((site) => ({ ...site, suspected: false, long: false }));
    },
    onChange: (listener) => void listeners.push(listener),
    suspected: () => sites.filter(({ suspected }) => suspected),
    stop() {
      isStopped = true;
      cancel();
    },
  };
}

function differences(before: readonly CutSince[], after: readonly CutSince[]): string[] {
  const lacks = (sites: readonly CutSince[], { site, since }: CutSince) =>
    !sites.some((each) => each.site === site && each.since === since);
  const differing = [...before.filter((each) => lacks(after, each)), ...after.filter((each) => lacks(before, each))];
  return [...new Set(differing.map(({ site }) => site))];
}
