/** The answer of `/health` (contract.md, "Ops port"), composed from the read model. Pure. */

import { type Candidate, decideRefusal } from '../domain/alternates.ts';
import { failures } from '../domain/failure.ts';
import type { AdminState, Failure, HealthState, ServiceStatus } from '../domain/model.ts';

export type HealthLevel = 'ok' | 'degraded' | 'down';

export interface ServiceEntry {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly state: HealthState;
  readonly admin: AdminState;
  readonly attempt: number | null;
  readonly since: string | null;
  readonly reason: string | null;
  readonly lastProbe: string | null;
  readonly latencyMs: number | null;
  readonly phones: number;
  // More than the contract asks for, after what it asks for.
  readonly fippaFailing: boolean;
  readonly adminReason: string | null;
  readonly until: string | null;
  /** Why it is offered to no agent or not to those of every other service of its cluster; null: it may be offered. */
  readonly notAlternateBecause: string | null;
}

export interface HealthReport {
  readonly status: HealthLevel;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly clusters: readonly { readonly id: string; readonly status: HealthLevel }[];
  readonly services: readonly ServiceEntry[];
  /** What is wrong beyond single services, in words an operator can act on. */
  readonly problems: readonly string[];
}

export interface HealthCluster {
  readonly id: string;
  readonly candidates: readonly Candidate[];
}

export interface HealthInput {
  readonly clusters: readonly HealthCluster[];
  /** Devices signed in on a service. */
  readonly signedIn: (service: string) => number;
  readonly version: string;
  readonly startedAt: number;
  readonly now: number;
  readonly problems: readonly string[];
}

export function renderHealth(input: HealthInput): HealthReport {
  const clusters = input.clusters.map(({ id, candidates }) => ({ id, status: decideLevel(statusesOf(candidates)) }));
  return {
    status: worst(clusters.map(({ status }) => status)),
    version: input.version,
    uptimeSeconds: Math.max(0, Math.floor((input.now - input.startedAt) / 1000)),
    clusters,
    services: input.clusters.flatMap(({ candidates }) =>
      candidates.map((candidate) => renderService(candidate, candidates, input.signedIn, input.now)),
    ),
    problems: input.problems,
  };
}

function statusesOf(candidates: readonly Candidate[]): ServiceStatus[] {
  return candidates.map(({ status }) => status);
}

/** The level of one cluster. A service in maint is meant to be away, and one whose phone pages fail is not all well. */
export function decideLevel(services: readonly ServiceStatus[]): HealthLevel {
  if (!services.some(({ state }) => state === 'in-service')) return 'down';
  const expected = services.filter(({ admin }) => admin.admin !== 'maint');
  return expected.every(({ state, fippaFailing }) => state === 'in-service' && !fippaFailing) ? 'ok' : 'degraded';
}

function worst(levels: readonly HealthLevel[]): HealthLevel {
  if (levels.includes('down')) return 'down';
  return levels.includes('degraded') ? 'degraded' : 'ok';
}

/** One service as `/health` and the answer of `POST /services/ID` show it. `cluster` are all candidates of its cluster. */
export function renderService(
  candidate: Candidate,
  cluster: readonly Candidate[],
  signedIn: (service: string) => number,
  now: number,
): ServiceEntry {
  const { status } = candidate;
  return {
    id: status.id,
    name: status.name,
    cluster: status.cluster,
    state: status.state,
    admin: status.admin.admin,
    attempt: status.attempt,
    since: renderTime(status.since),
    reason: renderReason(status),
    lastProbe: renderTime(status.lastProbeAt),
    latencyMs: status.latencyMs === null ? null : Math.round(status.latencyMs),
    phones: signedIn(status.id),
    fippaFailing: status.fippaFailing,
    adminReason: status.admin.reason,
    until: renderTime(status.admin.until),
    notAlternateBecause: decideNotAlternate(candidate, cluster, now),
  };
}

/** An alternate is one for the agents of a certain service: the first of the others for which it is none tells why. */
function decideNotAlternate(candidate: Candidate, cluster: readonly Candidate[], now: number): string | null {
  const others = statusesOf(cluster).filter(({ id }) => id !== candidate.status.id);
  if (others.length === 0) return 'it is the only service of its cluster';
  for (const other of others) {
    const refusal = decideRefusal(candidate, other, now);
    if (refusal !== null) return refusal;
  }
  return null;
}

function renderReason({ fippaFailing, failure }: ServiceStatus): string | null {
  const reasons = [
    ...(fippaFailing ? ['fippa failing: requests of phones fail although SystemInfo is fine. Check fippa there.'] : []),
    ...(failure === null ? [] : [renderFailure(failure)]),
  ];
  return reasons.length === 0 ? null : reasons.join(' ');
}

/** The operator's words of the registry, which say what to do and which key to set, and what was found. */
export function renderFailure({ code, detail }: Failure): string {
  const { operator } = failures[code];
  return detail === '' ? operator : `${operator} (${detail})`;
}

function renderTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
