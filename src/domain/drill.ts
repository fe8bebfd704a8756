/**
 * A drill: for a while this proxy treats a service as failed for phones, all or some, though nothing is known against it. It is laid over
 * what is known of the service, for those phones alone: the health of the service stays what it is. Pure; times are epoch ms.
 */

import { type Candidate, selectAlternates } from './alternates.ts';
import type { HealthSettings } from './health/state.ts';
import type { ServiceStatus } from './model.ts';

export interface Drill {
  readonly service: string;
  readonly cluster: string;
  /** t0 */
  readonly startedAt: number;
  readonly until: number;
  /** null: all phones. */
  readonly devices: ReadonlySet<string> | null;
  /** Name of the operator. */
  readonly who: string;
}

/** Why a drill ended. */
export type DrillEnd =
  | 'time'
  | 'operator'
  /** Of a service of its cluster: a drill must not make an outage worse. */
  | 'real-failure'
  | 'removed'
  | 'stopping';

/** What the phone path reads of services. */
export interface ServiceView {
  get(id: string): ServiceStatus | null;
  candidates(cluster: string): readonly Candidate[];
  alternates(of: ServiceStatus): readonly ServiceStatus[];
}

export function concerns({ devices }: Drill, device: string): boolean {
  return devices === null || devices.has(device);
}

export function selectVerdictAt({ startedAt }: Drill, { intervalMs, attempts }: HealthSettings): number {
  return startedAt + attempts * intervalMs;
}

/** The service as phones of the drill see it: the timeline of an outage that began with the drill. */
export function overlayStatus(
  status: ServiceStatus,
  drill: Drill,
  now: number,
  settings: HealthSettings,
): ServiceStatus {
  const { startedAt } = drill;
  const verdictAt = selectVerdictAt(drill, settings);
  const seen = { ...status, failure: null, fippaFailing: false, attempts: settings.attempts };
  if (now >= verdictAt) {
    return { ...seen, state: 'out-of-service', attempt: null, attemptEndsAt: null, since: verdictAt };
  }
  // A clock that was set back does not make it begin before its first attempt.
  const attempt = Math.max(1, Math.floor((now - startedAt) / settings.intervalMs) + 1);
  const attemptEndsAt = startedAt + attempt * settings.intervalMs;
  return { ...seen, state: 'reconnecting', attempt, attemptEndsAt, since: startedAt };
}

/** All services as phones of these drills see them. */
export function overlayView(
  real: ServiceView,
  drills: readonly Drill[],
  now: number,
  settings: HealthSettings,
): ServiceView {
  const overlay = (status: ServiceStatus): ServiceStatus => {
    const drill = drills.find(({ service }) => service === status.id);
    return drill === undefined ? status : overlayStatus(status, drill, now, settings);
  };
  const candidates = (cluster: string) =>
    real.candidates(cluster).map((candidate) => ({ ...candidate, status: overlay(candidate.status) }));
  return {
    get(id) {
      const status = real.get(id);
      return status === null ? null : overlay(status);
    },
    candidates,
    alternates: (of) => selectAlternates(of, candidates(of.cluster), now),
  };
}

/** Services as a device sees them: `real` itself while no drill concerns it. */
export function selectView(
  real: ServiceView,
  drills: readonly Drill[],
  device: string,
  now: number,
  settings: HealthSettings,
): ServiceView {
  const own = drills.filter((drill) => concerns(drill, device));
  return own.length === 0 ? real : overlayView(real, own, now, settings);
}
