/** The state of a service as everything but its supervisor reads it. Pure. */

import type { NotificationUse, ServiceStatus } from '../model.ts';
import { selectDissenters } from './peers.ts';
import { selectDecider } from './signals.ts';
import type { HealthSettings, ServiceState } from './state.ts';
import { selectAttemptEnd, selectSince } from './timeline.ts';

/** What of the configuration a status shows. */
export interface Named {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  /** null or absent: that of the proxy. */
  readonly site?: string | null;
  /** It stands where the proxy does. Default: it does. */
  readonly isNear?: boolean;
  /** Default: off. */
  readonly notification?: NotificationUse;
}

/** Only what is configured to count does. */
export function isAdvisory({ notification = 'off' }: Pick<Named, 'notification'>): boolean {
  return notification !== 'on';
}

/** `cutOff`: other sites that are suspected to be cut off. `rejoinedAt`: when such a site was last reached again. */
export function renderStatus(
  named: Named,
  state: ServiceState,
  reconnect: HealthSettings,
  cutOff: readonly string[] = [],
  rejoinedAt: number | null = null,
): ServiceStatus {
  const { health, signals, admin, failures } = state;
  const { phase } = health;
  const { notification = 'off', site = null, isNear = true } = named;
  return {
    id: named.id,
    name: named.name,
    cluster: named.cluster,
    ...{ site, isNear, isCutOff: !isNear && site !== null && cutOff.includes(site), rejoinedAt },
    state: phase.state,
    attempt: phase.state === 'reconnecting' ? phase.attempt : null,
    attempts: reconnect.attempts,
    attemptEndsAt: selectAttemptEnd(phase, reconnect),
    since: selectSince(phase),
    t0: phase.state === 'reconnecting' || phase.state === 'out-of-service' ? phase.t0 : null,
    failure: health.failure,
    lastProbeAt: health.lastProbeAt,
    latencyMs: health.latencyMs,
    confirmedAt: health.confirmedAt,
    info: health.info,
    fippaFailing: failures.failing && phase.state === 'in-service',
    signals: { ...signals, notification, decidedBy: selectDecider(signals, { advisory: isAdvisory(named) }) },
    admin,
    dissent: selectDissenters(phase.state, state.peers),
  };
}
