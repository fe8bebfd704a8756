/** Where a phone's request goes: relayed to a service, or one of the proxy's own pages. Pure decisions on the snapshot. */

import { type Candidate, decideUnfit } from './alternates.ts';
import type { AdminSetting, HealthState, ServiceStatus } from './model.ts';

export interface RoutingFacts {
  /** The device is signed in on this service. */
  readonly signedInHere: boolean;
  /** The device was last shown one of the proxy's pages about an outage of this service. */
  readonly looking: boolean;
  /** The request asks for the entry URL, with nothing but `id` and `extension`: nothing is lost by answering it ourselves. */
  readonly entry: boolean;
}

export type Route = 'relay' | 'reconnecting' | 'unavailable' | 'waiting' | 'recovered' | 'maintenance';

export function decideRoute(status: ServiceStatus, facts: RoutingFacts, alternates: number): Route {
  const { admin } = status.admin;
  if (admin === 'maint' || (admin === 'drain' && !facts.signedInHere)) return 'maintenance';
  switch (status.state) {
    case 'reconnecting':
      return 'reconnecting';
    case 'out-of-service':
      return alternates > 0 ? 'unavailable' : 'waiting';
    default:
      return facts.looking && facts.entry ? 'recovered' : 'relay';
  }
}

/** Whether a service takes agents who are signed in nowhere yet. */
export function admitsNewAgents({
  state,
  admin,
}: {
  readonly state: HealthState;
  readonly admin: Pick<AdminSetting, 'admin'>;
}): boolean {
  return admin.admin === 'ready' && (state === 'in-service' || state === 'unknown');
}

/** After those that may be led to: the less is wrong, the sooner. */
const FRONT_DOOR_ORDER: Record<HealthState, number> = {
  'in-service': 1,
  unknown: 2,
  reconnecting: 3,
  'out-of-service': 4,
};
const NOT_READY = 4;

/**
 * The front door of a cluster: the service where the device is signed in, else the first that would be offered as an
 * alternate: one that is in service may still refuse every sign-in, in Finesse's maintenance mode say. With none of them
 * the least bad: its page keeps the agent informed.
 */
export function selectFrontDoor(cluster: readonly Candidate[], signedInOn: string | null, now: number): ServiceStatus {
  const home = cluster.find(({ status }) => status.id === signedInOn);
  if (home !== undefined) return home.status;
  const rank = (candidate: Candidate) => {
    if (decideUnfit(candidate, now) === null) return 0;
    const { state, admin } = candidate.status;
    return FRONT_DOOR_ORDER[state] + (admin.admin === 'ready' ? 0 : NOT_READY);
  };
  // Of those that are equally good one of the own site.
  const precedes = (a: Candidate, b: Candidate) =>
    rank(a) < rank(b) || (rank(a) === rank(b) && a.status.isNear && !b.status.isNear);
  return cluster.reduce((best, candidate) => (precedes(candidate, best) ? candidate : best)).status;
}

/**
 * Seconds for the `Refresh` of the reconnecting page: 1 to 2 s after the attempt's end, never 0 (which a phone takes as
 * "by hand", reference/phone-xml.md §5). A phone counts whole seconds from its own request, so phones come back spread over
 * that second as they were spread before; where two values fit, `spread` (0…1, of the device) chooses.
 */
export function selectReconnectRefresh(attemptEndsAt: number, now: number, spread: number): number {
  const leftMs = Math.max(0, attemptEndsAt - now);
  const earliest = Math.ceil((leftMs + 1000) / 1000);
  const latest = Math.floor((leftMs + 2000) / 1000);
  return latest > earliest && spread >= 0.5 ? latest : earliest;
}
