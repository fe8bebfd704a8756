/** The answer of `/health` (contract.md, "Ops port"), composed from the read model. Pure. */

import { type Candidate, decideRefusal } from '../domain/alternates.ts';
import { renderFailure } from '../domain/failure.ts';
import type { AdminState, HealthState, ServiceStatus } from '../domain/model.ts';
import { judgeNotification, renderSignals, type SignalsEntry } from './signal-health.ts';

export { renderFailure } from '../domain/failure.ts';
export type { SignalEntry, SignalsEntry } from './signal-health.ts';

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
  readonly signals: SignalsEntry;
  readonly adminReason: string | null;
  readonly until: string | null;
  /** Why it is offered to no agent or not to those of every other service of its cluster; null: it may be offered. */
  readonly notAlternateBecause: string | null;
}

/** The certificate of a listener where phones connect. */
export interface CertificateEntry {
  /** Its key in the configuration. */
  readonly listener: string;
  readonly subject: string;
  readonly validTo: string;
  /** Whole days until then; negative once it is over. */
  readonly days: number;
  /** Why what its files hold now is not in use, or null. */
  readonly problem: string | null;
}

export interface HealthReport {
  readonly status: HealthLevel;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly clusters: readonly { readonly id: string; readonly status: HealthLevel }[];
  readonly services: readonly ServiceEntry[];
  readonly certificates: readonly CertificateEntry[];
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
  /** None where there is no TLS. */
  readonly certificates?: readonly HeldCertificate[];
}

/** A certificate as its listener knows it. */
export interface HeldCertificate {
  readonly listener: string;
  readonly subject: string;
  /** Epoch ms. */
  readonly validTo: number;
  readonly problem: string | null;
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
    certificates: (input.certificates ?? []).map((certificate) => renderCertificate(certificate, input.now)),
    problems: [
      ...input.problems,
      ...input.clusters.flatMap(({ candidates }) => statusesOf(candidates).flatMap(judgeNotification)),
      ...input.clusters.flatMap(({ candidates }) => statusesOf(candidates).flatMap(judgeCredentials)),
      ...(input.certificates ?? []).flatMap((held) => judgeCertificate(held, input.now)),
    ],
  };
}

const DAY_MS = 86_400_000;
const ENDS_SOON_DAYS = 30;

function daysLeft(validTo: number, now: number): number {
  return Math.floor((validTo - now) / DAY_MS);
}

function renderCertificate({ validTo, ...held }: HeldCertificate, now: number): CertificateEntry {
  const { listener, subject, problem } = held;
  return { listener, subject, validTo: new Date(validTo).toISOString(), days: daysLeft(validTo, now), problem };
}

function judgeCertificate({ listener, validTo, problem }: HeldCertificate, now: number): string[] {
  const days = daysLeft(validTo, now);
  const date = new Date(validTo).toISOString().slice(0, 10);
  return [
    ...(problem === null ? [] : [`${listener}.tls: the new certificate is not in use, because ${problem}`]),
    ...(days < 0 ? [`${listener}.tls: the certificate ended on ${date}, and phones refuse it; renew it`] : []),
    ...(days >= 0 && days < ENDS_SOON_DAYS ? [`${listener}.tls: the certificate ends on ${date}; renew it`] : []),
  ];
}

function statusesOf(candidates: readonly Candidate[]): ServiceStatus[] {
  return candidates.map(({ status }) => status);
}

/** The level of one cluster: health alone decides. A service in maint is meant to be away (contract.md, "Ops port"). */
export function decideLevel(services: readonly ServiceStatus[]): HealthLevel {
  if (!services.some(({ state }) => state === 'in-service')) return 'down';
  const expected = services.filter(({ admin }) => admin.admin !== 'maint');
  return expected.every(({ state }) => state === 'in-service') ? 'ok' : 'degraded';
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
    signals: renderSignals(status.signals),
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

const CREDENTIALS_KEEP_OUT =
  'The credentials keep it out of service: a 401 or 403 does not end an outage, whether Finesse is well by now or not.';

/** A fault of the configuration begins no outage, and ends none either (docs/behaviour.md, B4 and B20). */
function isKeptOutByCredentials({ state, failure }: ServiceStatus): boolean {
  return (state === 'out-of-service' || state === 'reconnecting') && failure?.code === 'unauthorized';
}

function judgeCredentials(status: ServiceStatus): string[] {
  return isKeptOutByCredentials(status) ? [`${status.id}: ${renderReason(status)}`] : [];
}

function renderReason(status: ServiceStatus): string | null {
  const { fippaFailing, failure } = status;
  const reasons = [
    ...(fippaFailing ? ['fippa failing: requests of phones fail although SystemInfo is fine. Check fippa there.'] : []),
    ...(failure === null ? [] : [renderFailure(failure)]),
    ...(isKeptOutByCredentials(status) ? [CREDENTIALS_KEEP_OUT] : []),
  ];
  return reasons.length === 0 ? null : reasons.join(' ');
}

function renderTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
