/** Where a phone's request goes: relayed to a service, or one of the proxy's own pages. Pure decisions on the snapshot. */

import type { HealthState, ServiceStatus } from './model.ts';

export interface Visit {
  /** The device is signed in on this service. */
  readonly signedInHere: boolean;
  /** The device was last shown one of the proxy's pages about an outage of this service. */
  readonly looking: boolean;
  /** The request asks for the entry URL, with nothing but `id` and `extension`: nothing is lost by answering it ourselves. */
  readonly entry: boolean;
}

export type Route = 'relay' | 'reconnecting' | 'unavailable' | 'waiting' | 'recovered' | 'maintenance';

export function decideRoute(status: ServiceStatus, visit: Visit, alternates: number): Route {
  const { admin } = status.admin;
  if (admin === 'maint' || (admin === 'drain' && !visit.signedInHere)) return 'maintenance';
  switch (status.state) {
    case 'reconnecting':
      return 'reconnecting';
    case 'out-of-service':
      return alternates > 0 ? 'unavailable' : 'waiting';
    default:
      return visit.looking && visit.entry ? 'recovered' : 'relay';
  }
}

const FRONT_DOOR_ORDER: Record<HealthState, number> = {
  'in-service': 0,
  unknown: 1,
  reconnecting: 2,
  'out-of-service': 3,
};

/**
 * The front door of a cluster: the service where the device is signed in, else the first in-service, ready one. With none
 * in service the least bad: its page keeps the agent informed.
 */
export function selectFrontDoor(services: readonly ServiceStatus[], signedInOn: string | null): ServiceStatus {
  const home = services.find((status) => status.id === signedInOn);
  if (home !== undefined) return home;
  const rank = (status: ServiceStatus) => FRONT_DOOR_ORDER[status.state] + (status.admin.admin === 'ready' ? 0 : 4);
  return services.reduce((best, status) => (rank(status) < rank(best) ? status : best));
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
