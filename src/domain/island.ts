/**
 * Sites that are cut off from each other (reference/high-availability.md, "Two-node Unified CCX"). Seen from here that looks
 * like this: nothing of another site can be reached by the network, while the own site is in service. A server that says
 * itself that it is out of service has been reached. Pure; times are epoch milliseconds.
 */

import type { FailureCode } from './failure.ts';
import type { ServiceStatus } from './model.ts';
import type { ProxyStatus } from './proxies.ts';
import type { ReportNodeStatus } from './report-node.ts';

/** What of a service tells whether its site can be reached. */
export type SiteService = Pick<ServiceStatus, 'site' | 'isNear' | 'state' | 'failure'> & {
  readonly signals: Pick<ServiceStatus['signals'], 'systemInfo'>;
};

/** Another site of which nothing can be reached. */
export interface CutSince {
  readonly site: string;
  readonly since: number;
}

export interface CutOffSite extends CutSince {
  /** It has lasted long enough, and the own site is in service: an island. */
  readonly suspected: boolean;
  /** The island has lasted so long that replication between the sites may break. */
  readonly long: boolean;
  /** A proxy there says so: its services are fine, so the link is cut, or they are out themselves. Absent: none is heard. */
  readonly proof?: 'island' | 'outage';
}

export interface IslandSettings {
  readonly suspectAfterMs: number;
  readonly warnAfterMs: number;
}

export type IslandEnd = 'reached' | 'own-site-out' | 'configuration' | 'site-out';

/** What a proxy of another site says of the services of its site. */
export interface SiteWord {
  readonly site: string;
  /** fine: one of them is in service; out: none is. */
  readonly says: 'fine' | 'out';
  /** Since when one of them has been in service, or since when none has. */
  readonly since: number;
}

/** What a time was in which nothing of another site could be reached. unknown: no proxy there has told. */
export type CutNature = 'island' | 'outage' | 'unknown';

/** One that is over. */
export interface CutOver extends CutSince {
  readonly until: number;
}

export type IslandChange =
  | { readonly kind: 'island-suspected' | 'island-long'; readonly site: string; readonly since: number }
  | { readonly kind: 'island-ended'; readonly site: string; readonly since: number; readonly because: IslandEnd };

export interface IslandStep {
  readonly sites: readonly CutOffSite[];
  readonly changes: readonly IslandChange[];
  /** Cuts that are over, of those that lasted until the verdict at least. */
  readonly over: readonly CutOver[];
}

const UNREACHABLE: ReadonlySet<FailureCode> = new Set(['refused', 'unreachable', 'connect-timeout', 'timeout']);
/** What may come from the network as well as from the server, and what says nothing of either. */
const UNTOLD: ReadonlySet<FailureCode> = new Set(['reset', 'name-not-found', 'internal']);

function isUnreachable({ state, failure }: SiteService): boolean {
  return (state === 'reconnecting' || state === 'out-of-service') && failure !== null && UNREACHABLE.has(failure.code);
}

const isAnswer = (code: FailureCode) => !UNREACHABLE.has(code) && !UNTOLD.has(code);

/** When a node for reports of each other site last answered: it stands there as the services do. */
export function selectAnswers(
  nodes: readonly Pick<ReportNodeStatus, 'site' | 'isNear' | 'failure' | 'lastProbeAt'>[],
): ReadonlyMap<string, number> {
  const answers = new Map<string, number>();
  for (const { site, isNear, failure, lastProbeAt } of nodes) {
    if (site === null || isNear || lastProbeAt === null || (failure !== null && !isAnswer(failure.code))) continue;
    answers.set(site, Math.max(lastProbeAt, answers.get(site) ?? 0));
  }
  return answers;
}

/** Any answer will do. What fails at the Notification Service alone says nothing: SystemInfo is asked as well. */
function isReached({ state, failure, signals }: SiteService): boolean {
  if (state === 'in-service' || signals.systemInfo.says === 'in-service') return true;
  if (failure === null || failure.code.startsWith('notification-')) return false;
  return isAnswer(failure.code);
}

/** What is known of the other sites at this moment. It begins when all of a site is unreachable, and ends when any is reached. */
export function reduceIslands(
  before: readonly CutOffSite[],
  services: readonly SiteService[],
  at: number,
  settings: IslandSettings,
  answers: ReadonlyMap<string, number> = new Map(),
  words: readonly SiteWord[] = [],
): IslandStep {
  const hasAnswered = (site: string, since: number) => (answers.get(site) ?? since) > since;
  const own = services.some(({ isNear, state }) => isNear && state === 'in-service');
  const others = Map.groupBy(
    services.filter(({ isNear }) => !isNear),
    ({ site }) => site ?? '',
  );
  const sites = [...others].flatMap(([site, members]): CutOffSite[] => {
    const known = before.find((each) => each.site === site && !hasAnswered(site, each.since));
    const stays = known !== undefined && !members.some(isReached);
    if (!stays && !members.every(isUnreachable)) return [];
    // A clock that was set back must not make it longer.
    const since = Math.min(known?.since ?? at, at);
    // What was read back, or is asked anew, must be seen to be unreachable first.
    const isSeen = known?.suspected === true || members.every(isUnreachable);
    const says = words.find((word) => word.site === site)?.says ?? null;
    // Once the verdict of all of them stands a proxy there need only say that they are fine.
    const isProven = says === 'fine' && members.every(({ state }) => state === 'out-of-service');
    const isOld = at - since >= settings.suspectAfterMs && says !== 'out';
    const suspected = own && isSeen && (isProven || isOld);
    const proof = says === 'out' ? 'outage' : isProven ? 'island' : null;
    const cut = { site, since, suspected, long: suspected && at - since >= settings.warnAfterMs };
    return [proof === null ? cut : { ...cut, proof }];
  });
  const endOf = ({ site, since }: CutSince): IslandEnd => {
    const members = others.get(site);
    if (members === undefined) return 'configuration';
    if (sites.some((each) => each.site === site && each.proof === 'outage')) return 'site-out';
    return hasAnswered(site, since) || members.some(isReached) ? 'reached' : 'own-site-out';
  };
  const over = before
    .filter(
      ({ site, since }) => others.has(site) && !sites.some((each) => each.site === site) && at - since >= LEAST_MS,
    )
    .map(({ site, since }): CutOver => ({ site, since, until: at }));
  return { sites, changes: compare(before, sites, endOf), over };
}

/** A cut that was shorter was a failed probe or two. */
const LEAST_MS = 15_000;
/** So long the proxies of a site may take to be heard again after it has been reached. */
export const TOLD_WITHIN_MS = 60_000;

/**
 * What the time was in which nothing could be reached, by what is heard of the site afterwards: an island, if a service there
 * was in service for a while during it. Their engines may fail over when the link is cut, so that it need not be all of the
 * time (reference/finesse-health.md §8). null: it is not known yet.
 */
export function decideNature({ until }: CutOver, word: SiteWord | null, at: number): CutNature | null {
  if (word !== null && word.says === 'fine') return word.since <= until - LEAST_MS ? 'island' : 'outage';
  return at - until >= TOLD_WITHIN_MS ? 'unknown' : null;
}

/** What proxies of other sites say of the services there; of several of one site the one that sees one in service. */
export function selectWords(proxies: readonly ProxyStatus[], ownSite: string | null): readonly SiteWord[] {
  const words = new Map<string, SiteWord>();
  for (const { site, alive, isSelf, services } of proxies) {
    if (isSelf || !alive || site === null || site === ownSite) continue;
    const near = services.filter(({ isNear }) => isNear);
    const up = near.flatMap(({ state, since }) => (state === 'in-service' && since !== null ? [since] : []));
    const down = near.flatMap(({ t0 }) => (t0 === null ? [] : [t0]));
    if (up.length > 0) {
      const since = Math.min(
        ...up,
        words.get(site)?.says === 'fine' ? (words.get(site)?.since ?? 0) : Number.MAX_VALUE,
      );
      words.set(site, { site, says: 'fine', since });
    } else if (down.length > 0 && down.length === near.length && !words.has(site)) {
      words.set(site, { site, says: 'out', since: Math.max(...down) });
    }
  }
  return [...words.values()];
}

function compare(
  before: readonly CutOffSite[],
  after: readonly CutOffSite[],
  endOf: (cut: CutSince) => IslandEnd,
): IslandChange[] {
  const was = (site: string) => before.find((each) => each.site === site);
  const is = (site: string) => after.find((each) => each.site === site);
  const ended = before
    .filter(({ site, suspected }) => suspected && is(site)?.suspected !== true)
    .map(({ site, since }): IslandChange => ({ kind: 'island-ended', site, since, because: endOf({ site, since }) }));
  const begun = after.flatMap(({ site, since, suspected, long }): IslandChange[] => [
    ...(suspected && was(site)?.suspected !== true ? [{ kind: 'island-suspected', site, since } as const] : []),
    ...(long && was(site)?.long !== true ? [{ kind: 'island-long', site, since } as const] : []),
  ]);
  return [...ended, ...begun];
}

/** When time alone may change something; null: never. */
export function selectIslandWakeAt(
  sites: readonly CutOffSite[],
  at: number,
  { suspectAfterMs, warnAfterMs }: IslandSettings,
): number | null {
  const due = sites.flatMap(({ since }) => [since + suspectAfterMs, since + warnAfterMs]).filter((time) => time > at);
  return due.length === 0 ? null : Math.min(...due);
}
