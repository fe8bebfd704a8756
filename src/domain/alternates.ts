/** Which services of a cluster may be offered to an agent, and why the others may not (reference/finesse-health.md §3). */

import { isTooOld } from './health/freshness.ts';
import { selectStanding } from './health/signals.ts';
import type { ServiceStatus, SystemInfo } from './model.ts';

export interface Candidate {
  readonly status: ServiceStatus;
  /** Two probe intervals of this service: an older confirmation counts as none. */
  readonly freshForMs: number;
}

/** Why a service is no alternate of `failed`, in words for the operator; null: it may be offered. */
export function decideUnfitFor(candidate: Candidate, failed: ServiceStatus, now: number): string | null {
  const { info } = candidate.status;
  return decideUnfit(candidate, now) ?? (info === null ? null : decideUnfitPair(info, failed.info));
}

/** Why agents should not be led to a service, whichever they come from; null: nothing is known against it. */
export function decideUnfit(candidate: Candidate, now: number): string | null {
  const { state, admin, isCutOff } = candidate.status;
  if (isCutOff) return 'its site is cut off: an island is suspected';
  if (state !== 'in-service') return `it is ${state}`;
  if (admin.admin !== 'ready') return `the operator set it to ${admin.admin}`;
  return decideFault(candidate, now);
}

/** What keeps a service from agents although it is in service, the operator's will apart. */
function decideFault({ status, freshForMs }: Candidate, now: number): string | null {
  const standing = selectStanding(status.signals, { advisory: status.signals.notification !== 'on' });
  if (standing !== null) return `a failure of its ${standing.signal} signal stands (${standing.failure.code})`;
  if (status.failure !== null) return `its last probe was not confirmed (${status.failure.code})`;
  if (isTooOld(status.confirmedAt, freshForMs, now)) return 'its last confirmation is too old';
  if (status.fippaFailing) return 'its phone pages fail although SystemInfo is fine';
  return status.info === null ? null : decideUnfitInfo(status.info);
}

/** Whether every agent of its cluster could be led to a service, if the operator let them. */
export function isSound(candidate: Candidate, cluster: readonly Candidate[], now: number): boolean {
  const { state, id, info } = candidate.status;
  if (state !== 'in-service' || decideFault(candidate, now) !== null) return false;
  const others = cluster.filter(({ status }) => status.id !== id);
  return info === null || others.every(({ status }) => decideUnfitPair(info, status.info) === null);
}

/** Both nodes use one CTI server: a missed heartbeat says that this one may be about to drop too. */
function decideUnfitInfo(info: SystemInfo): string | null {
  if (info.lastCtiHeartbeatStatus !== null && info.lastCtiHeartbeatStatus !== 'success') {
    return `its last CTI heartbeat was ${info.lastCtiHeartbeatStatus}`;
  }
  return info.finesseMMode === 'IN_PROGRESS' ? 'Finesse is in maintenance mode there' : null;
}

/**
 * One agent PG has exactly one Finesse pair. Only evidence against counts: a single-node answer or an older release
 * reports too little to judge by. Equal peripherals are no evidence for: 5000 is the first one of every installation.
 */
function decideUnfitPair(info: SystemInfo, failed: SystemInfo | null): string | null {
  if (failed === null) return null;
  if (info.peripheralId !== null && failed.peripheralId !== null && info.peripheralId !== failed.peripheralId) {
    return `it has peripheral ${info.peripheralId}, the failed server ${failed.peripheralId}: not the same Finesse cluster`;
  }
  const [mine, theirs] = [pair(info), pair(failed)];
  if (mine === null || theirs === null || mine.some((host) => theirs.includes(host))) return null;
  return 'it names other primary and secondary nodes: not the same Finesse cluster';
}

function pair(info: SystemInfo): readonly string[] | null {
  if (info.primaryHost === null || info.secondaryHost === null) return null;
  return [info.primaryHost.toLowerCase(), info.secondaryHost.toLowerCase()];
}

/** The services that may be offered instead of `failed`: of the own site first, else in the order of the configuration. */
export function selectAlternates(
  failed: ServiceStatus,
  cluster: readonly Candidate[],
  now: number,
): readonly ServiceStatus[] {
  return cluster
    .filter((candidate) => candidate.status.id !== failed.id && decideUnfitFor(candidate, failed, now) === null)
    .map((candidate) => candidate.status)
    .toSorted((a, b) => Number(b.isNear) - Number(a.isNear));
}
