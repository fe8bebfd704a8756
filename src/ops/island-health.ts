/** Sites that are suspected to be cut off, as `/health` shows them. Pure. */

import type { CutOffSite } from '../domain/island.ts';

export interface IslandEntry {
  /** The other site. */
  readonly site: string;
  /** Since when nothing there could be reached. */
  readonly since: string;
  readonly seconds: number;
  /** It has lasted so long that replication between the sites may break. */
  readonly long: boolean;
  /** A proxy there says that its services are fine: the link is cut. */
  readonly proven: boolean;
}

export function renderIsland({ site, since, long, proof }: CutOffSite, now: number): IslandEntry {
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return { site, since: new Date(since).toISOString(), seconds, long, proven: proof === 'island' };
}

/** Without a duration: a problem that reads another way at every look would look like news. */
export function decideIslands(islands: readonly CutOffSite[]): string[] {
  return islands.map(({ site, since, long, proof }) => {
    const reached = `nothing of site ${site} could be reached since ${new Date(since).toISOString()}`;
    const late = ' It has lasted longer than island.warnAfter: replication of the databases may have to be repaired.';
    if (proof === 'island') {
      return `island: ${reached}, and a proxy there says that its services are fine: the link is cut.${long ? late : ''}`;
    }
    return `island suspected: ${reached}, while this site is in service.${long ? late : ''}`;
  });
}
