/** The answer of `/health` (contract.md, "Ops port"), composed from the read model. Pure. */

import { type Candidate, decideRefusal, decideUnfit, isSound } from '../domain/alternates.ts';
import { renderFailure } from '../domain/failure.ts';
import type { CutOffSite } from '../domain/island.ts';
import type { AdminState, HealthState, NotificationUse, ServiceStatus, SignalsStatus } from '../domain/model.ts';
import type { ReportNodeStatus } from '../domain/report-node.ts';
import { admitsNewAgents } from '../domain/routing.ts';
import type { SignalName } from '../domain/signals.ts';
import {
  type CertificateEntry,
  endsSoon,
  type HeldCertificate,
  judgeCertificate,
  judgeServiceCertificate,
  renderCertificate,
  renderServiceCertificate,
  type ServiceCertificate,
  type ServiceCertificateEntry,
} from './certificates.ts';
import { type IslandEntry, judgeIslands, renderIsland } from './island-health.ts';
import { judgeReports, type ReportEntry, renderReportNode } from './report-health.ts';

export { renderFailure } from '../domain/failure.ts';

export type HealthLevel = 'ok' | 'degraded' | 'down';

/** What one signal says, since when, and why if there is more to say. */
export interface SignalEntry {
  readonly says: string;
  readonly since: string | null;
  readonly reason: string | null;
}

export interface SignalsEntry {
  readonly systemInfo: SignalEntry;
  readonly connection: SignalEntry;
  readonly presence: SignalEntry;
  readonly notified: SignalEntry;
  /** Which of them decided the state of the service. */
  readonly decidedBy: SignalName | null;
  /** `advisory`: what the Notification Service says changes nothing. */
  readonly notification: NotificationUse;
}

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
  /** Where it stands, as configured. */
  readonly site: string | null;
  /** What Finesse shows there; null: none yet, or plain HTTP. */
  readonly certificate: ServiceCertificateEntry | null;
}

export interface HealthReport {
  readonly status: HealthLevel;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly clusters: readonly { readonly id: string; readonly status: HealthLevel }[];
  readonly services: readonly ServiceEntry[];
  readonly certificates: readonly CertificateEntry[];
  /** Where the proxy is; null: not stated. */
  readonly site: string | null;
  /** Sites that are suspected to be cut off. */
  readonly islands: readonly IslandEntry[];
  /** Nodes of Unified Intelligence Center. */
  readonly reports: readonly ReportEntry[];
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
  /** Of Finesse itself. */
  readonly certificateOf?: (service: string) => ServiceCertificate | null;
  readonly reports?: readonly ReportNodeStatus[];
  readonly site?: string | null;
  readonly islands?: readonly CutOffSite[];
}

export function renderHealth(input: HealthInput): HealthReport {
  const { now, problems, certificates = [], reports = [], site = null, islands = [] } = input;
  const clusters = input.clusters.map((cluster) => ({ id: cluster.id, status: decideLevel(cluster, input) }));
  return {
    status: worst([
      ...clusters.map(({ status }) => status),
      certificates.some((held) => endsSoon(held, now)) ? 'degraded' : 'ok',
    ]),
    version: input.version,
    uptimeSeconds: Math.max(0, Math.floor((now - input.startedAt) / 1000)),
    clusters,
    services: input.clusters.flatMap(({ candidates }) =>
      candidates.map((candidate) => renderService(candidate, candidates, input)),
    ),
    certificates: certificates.map((certificate) => renderCertificate(certificate, now)),
    site,
    islands: islands.map((island) => renderIsland(island, now)),
    reports: reports.map(renderReportNode),
    problems: [
      ...problems,
      ...input.clusters.flatMap(judgeAdmission),
      ...input.clusters.flatMap(({ candidates }) => statusesOf(candidates).flatMap(judgeNotification)),
      ...input.clusters.flatMap(({ candidates }) => candidates.flatMap(({ status }) => judgeShown(status, input))),
      ...certificates.flatMap((held) => judgeCertificate(held, now)),
      ...judgeIslands(islands),
      ...judgeReports(reports),
    ],
  };
}

/** What operators set can shut everybody out although servers are in service. */
export function judgeAdmission({ id, candidates }: HealthCluster): string[] {
  const services = statusesOf(candidates);
  if (services.some(admitsNewAgents) || services.every(({ admin }) => admin.admin === 'ready')) return [];
  const each = services.map((status) =>
    status.admin.admin === 'ready' ? `${status.id} is ${status.state}` : `${status.id} is set to ${status.admin.admin}`,
  );
  return [`${id}: no service admits new agents: ${each.join(', ')}`];
}

function judgeShown({ id }: ServiceStatus, { certificateOf, now }: Pick<HealthInput, 'certificateOf' | 'now'>) {
  const certificate = certificateOf?.(id) ?? null;
  return certificate === null ? [] : judgeServiceCertificate(id, certificate, now);
}

/** A connection that was up and is lost shows in the state of the service; one that never was, or that the configuration ended, shows nowhere else. */
function judgeNotification({ id, signals: { connection, notification } }: ServiceStatus): string[] {
  const { says, failure } = connection;
  if (notification === 'off' || says !== 'unknown' || failure === null) return [];
  return [`${id}: no connection to its Notification Service: ${renderFailure(failure)}`];
}

function statusesOf(candidates: readonly Candidate[]): ServiceStatus[] {
  return candidates.map(({ status }) => status);
}

/** The level of one cluster. A service in maint is meant to be away, a drained one is not (contract.md, "Ops port"). */
export function decideLevel(
  { candidates }: HealthCluster,
  input: Pick<HealthInput, 'certificateOf' | 'now'>,
): HealthLevel {
  const services = statusesOf(candidates);
  if (!services.some(({ state }) => state === 'in-service') || !services.some(admitsNewAgents)) return 'down';
  const expected = candidates.filter(({ status }) => status.admin.admin !== 'maint');
  const isFine = (candidate: Candidate) =>
    isSound(candidate, candidates, input.now) && judgeShown(candidate.status, input).length === 0;
  return expected.every(isFine) ? 'ok' : 'degraded';
}

function worst(levels: readonly HealthLevel[]): HealthLevel {
  if (levels.includes('down')) return 'down';
  return levels.includes('degraded') ? 'degraded' : 'ok';
}

/** One service as `/health` and the answer of `POST /services/ID` show it. `cluster` are all candidates of its cluster. */
export function renderService(
  candidate: Candidate,
  cluster: readonly Candidate[],
  { signedIn, certificateOf, now }: Pick<HealthInput, 'signedIn' | 'certificateOf' | 'now'>,
): ServiceEntry {
  const { status } = candidate;
  const certificate = certificateOf?.(status.id) ?? null;
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
    site: status.site,
    certificate: certificate === null ? null : renderServiceCertificate(certificate, now),
  };
}

/** An alternate is one for the agents of a certain service: the first of the others for which it is none tells why. */
function decideNotAlternate(candidate: Candidate, cluster: readonly Candidate[], now: number): string | null {
  const others = statusesOf(cluster).filter(({ id }) => id !== candidate.status.id);
  if (others.length === 0) return decideUnfit(candidate, now) ?? 'it is the only service of its cluster';
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

function renderSignals(signals: SignalsStatus): SignalsEntry {
  const { systemInfo, connection, presence, notified, wait, notification, decidedBy } = signals;
  const entry = (
    { says, since }: { readonly says: string; readonly since: number | null },
    reason: string | null = null,
  ) => ({ says, since: renderTime(since), reason });
  const off = notification === 'off' ? 'the Notification Service is not configured' : null;
  return {
    systemInfo: entry(systemInfo),
    connection: entry(connection, off ?? renderConnection(connection)),
    presence: entry(presence, renderPresence(signals)),
    notified: entry(notified, wait?.for === 'in-service' ? 'IN_SERVICE is awaited' : null),
    decidedBy,
    notification,
  };
}

function renderConnection({ says, failure }: SignalsStatus['connection']): string | null {
  if (failure !== null) return renderFailure(failure);
  return says === 'unknown' ? 'not connected yet: SystemInfo must say IN_SERVICE first' : null;
}

function renderPresence({ presence, connection, wait }: SignalsStatus): string | null {
  if (connection.says !== 'up') return null;
  if (presence.says === 'unknown') return 'no presence of the user finesse has come: is the account told of it?';
  if (presence.says === 'available') return null;
  if (!presence.seen) return 'finesse was not available since the connection was made: not counted as a failure';
  return wait?.for === 'available' ? 'AVAILABLE is awaited' : 'not counted: SystemInfo confirms the service';
}

function renderTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
