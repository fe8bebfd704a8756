/** Watches the sites: what the statuses of their services say of them, told to the store and reported. */

import type { Report } from '../domain/events.ts';
import {
  type CutOffSite,
  type CutOver,
  type CutSince,
  decideNature,
  type IslandSettings,
  reduceIslands,
  type SiteWord,
  selectIslandWakeAt,
  TOLD_WITHIN_MS,
} from '../domain/island.ts';
import type { Clock } from '../time/clock.ts';
import type { ServiceStore } from './services.ts';

export interface Islands {
  /** A node for reports may have answered, or a proxy of another site have said something. */
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
  /** What proxies of other sites say of the services there; null: there are none. */
  words: (() => readonly SiteWord[]) | null = null,
): Islands {
  let settings = initial;
  let sites: readonly CutOffSite[] = [];
  let cancel = () => {};
  /** Cuts that are over, and of which nobody knows yet what they were. */
  let over: readonly CutOver[] = [];
  let isStopped = false;
  const listeners: ((site: string) => void)[] = [];

  const look = () => {
    cancel();
    if (isStopped) return;
    const at = clock.now();
    const step = reduceIslands(sites, store.all(), at, settings, answers(), words?.() ?? []);
    const before = sites;
    sites = step.sites;
    for (const site of differences(before, sites)) for (const listener of listeners) listener(site);
    if (step.changes.length > 0) {
      const isReached = step.changes.some((change) => change.kind === 'island-ended' && change.because === 'reached');
      const suspected = sites.filter((site) => site.suspected).map(({ site }) => site);
      store.setCutOff(suspected, isReached ? at : null);
    }
    for (const change of step.changes) report({ at, ...change });
    const heard = words?.() ?? [];
    over = [...over, ...(words === null ? [] : step.over)].filter((cut) => {
      const nature = decideNature(cut, heard.find(({ site }) => site === cut.site) ?? null, at);
      if (nature !== null) report({ kind: 'site-reached', at, ...cut, nature });
      return nature === null;
    });
    const due = [selectIslandWakeAt(sites, at, settings), ...over.map(({ until }) => until + TOLD_WITHIN_MS)];
    const wakes = due.filter((each) => each !== null && each > at);
    const wakeAt = wakes.length === 0 ? null : Math.min(...(wakes as number[]));
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
