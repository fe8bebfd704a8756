/** The answer of `/health` (contract.md, "Ops port"), composed from the read model. Pure. */

import { type Candidate, decideUnfit, decideUnfitFor, isSound } from '../domain/alternates.ts';
import type { Drill } from '../domain/drill.ts';
import { type Failure, renderFailure, runbookOf } from '../domain/failure.ts';
import type { CutOffSite } from '../domain/island.ts';
import type { AdminState, HealthState, ServiceStatus, ShownCertificate } from '../domain/model.ts';
import type { PhoneProcessStatus } from '../domain/phone-process.ts';
import type { ProxyStatus } from '../domain/proxies.ts';
import type { ReportNodeStatus } from '../domain/report-node.ts';
import { admitsNewAgents, isFinesseDraining } from '../domain/routing.ts';
import type { StoreStatus } from '../domain/store-status.ts';
import type { WebhookStatus } from '../domain/webhook-status.ts';
import {
  type CertificateEntry,
  decideCertificate,
  decideServiceCertificate,
  endsSoon,
  type HeldCertificate,
  renderCertificate,
  renderServiceCertificate,
  type ServiceCertificateEntry,
} from './certificates.ts';
import { decideIslands, type IslandEntry, renderIsland } from './island-health.ts';
import { decideProcesses, type ProcessEntry, renderProcess } from './process-health.ts';
import {
  decideProxies,
  describeDissent,
  type OtherViewEntry,
  type ProxyEntry,
  renderOtherViews,
  renderProxy,
} from './proxy-health.ts';
import { decideReports, type ReportEntry, renderReportNode } from './report-health.ts';
import { decideNotification, renderSignals, type SignalsEntry } from './signal-health.ts';
import { renderStore, type StoreEntry } from './store-health.ts';
import { renderWebhook, type WebhookEntry } from './webhook-health.ts';

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
  /** The page and the part of it that are about the first reason; null: there is none. */
  readonly runbook: string | null;
  readonly fippaFailing: boolean;
  readonly signals: SignalsEntry;
  readonly adminReason: string | null;
  readonly until: string | null;
  /** When drain becomes maint by itself. */
  readonly maintAt: string | null;
  /** Who set it, and when; null: nobody did, or it is not known any more. */
  readonly setBy: string | null;
  readonly setAt: string | null;
  /** It takes no new sign-ins, because Finesse is in its own maintenance mode. */
  readonly finesseDrains: boolean;
  /** Why it is offered to no agent or not to those of every other service of its cluster; null: it may be offered. */
  readonly notAlternateBecause: string | null;
  /** Where it stands, as configured. */
  readonly site: string | null;
  /** What Finesse shows there; null: none yet, or plain HTTP. */
  readonly certificate: ServiceCertificateEntry | null;
  /** Phones are told that it has failed, though it has not; null: they are not. */
  readonly drill: DrillEntry | null;
  /** Other proxies that see the opposite by their own probes. */
  readonly seenOtherwise: readonly OtherViewEntry[];
}

export interface DrillEntry {
  readonly startedAt: string;
  readonly until: string;
  /** How many devices were named; null: all are meant. */
  readonly devices: number | null;
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
  /** Those that serve phones, where they are several; else empty. */
  readonly processes: readonly ProcessEntry[];
  /** Who is told what happens. */
  readonly webhooks: readonly WebhookEntry[];
  /** Those that share a store, this one first; none without a store. */
  readonly proxies: readonly ProxyEntry[];
  /** Where this proxy meets the others; null: it is alone. */
  readonly store: StoreEntry | null;
  /** What passes for some devices is being captured; null: it is not. */
  readonly capture: CaptureState | null;
  /** What is wrong beyond single services, in words an operator can act on. */
  readonly problems: readonly string[];
}

/** Which devices is for operators. */
export interface CaptureState {
  readonly startedAt: string;
  readonly until: string;
  readonly devices: number;
  readonly entries: number;
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
  readonly certificateOf?: (service: string) => ShownCertificate | null;
  readonly drillOf?: (service: string) => Drill | null;
  readonly reports?: readonly ReportNodeStatus[];
  readonly site?: string | null;
  readonly islands?: readonly CutOffSite[];
  readonly sharedStore?: StoreStatus | null;
  readonly processes?: readonly PhoneProcessStatus[];
  readonly webhooks?: readonly WebhookStatus[];
  readonly proxies?: readonly ProxyStatus[];
  readonly capture?: CaptureState | null;
}

export function renderHealth(input: HealthInput): HealthReport {
  const { now, problems, certificates = [], reports = [], site = null, islands = [] } = input;
  const { proxies = [], processes = [], webhooks = [] } = input;
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
    processes: processes.map(renderProcess),
    webhooks: webhooks.map(renderWebhook),
    proxies: proxies.map(renderProxy),
    store: input.sharedStore == null ? null : renderStore(input.sharedStore),
    capture: input.capture ?? null,
    problems: [
      ...problems,
      ...input.clusters.flatMap(decideAdmission),
      ...input.clusters.flatMap(({ candidates }) => statusesOf(candidates).flatMap(decideNotification)),
      ...input.clusters.flatMap(({ candidates }) => statusesOf(candidates).flatMap(decideCredentials)),
      ...input.clusters.flatMap(({ candidates }) => candidates.flatMap(({ status }) => decideShown(status, input))),
      ...certificates.flatMap((held) => decideCertificate(held, now)),
      ...decideIslands(islands),
      ...decideReports(reports),
      ...decideProcesses(processes),
      ...decideProxies(
        input.clusters.flatMap(({ candidates }) => statusesOf(candidates)),
        proxies,
      ),
    ],
  };
}

/** What operators set can shut everybody out although servers are in service. */
export function decideAdmission({ id, candidates }: HealthCluster): string[] {
  const services = statusesOf(candidates);
  if (services.some(admitsNewAgents) || services.every(({ admin }) => admin.admin === 'ready')) return [];
  const each = services.map((status) =>
    status.admin.admin === 'ready' ? `${status.id} is ${status.state}` : `${status.id} is set to ${status.admin.admin}`,
  );
  return [`${id}: no service admits new agents: ${each.join(', ')}`];
}

function decideShown({ id }: ServiceStatus, { certificateOf, now }: Pick<HealthInput, 'certificateOf' | 'now'>) {
  const certificate = certificateOf?.(id) ?? null;
  return certificate === null ? [] : decideServiceCertificate(id, certificate, now);
}

function statusesOf(candidates: readonly Candidate[]): ServiceStatus[] {
  return candidates.map(({ status }) => status);
}

/** The level of one cluster. A service in maint is meant to be away, a drained one is not (contract.md, "Ops port"). */
function decideLevel({ candidates }: HealthCluster, input: Pick<HealthInput, 'certificateOf' | 'now'>): HealthLevel {
  const services = statusesOf(candidates);
  if (!services.some(({ state }) => state === 'in-service') || !services.some(admitsNewAgents)) return 'down';
  const expected = candidates.filter(({ status }) => status.admin.admin !== 'maint');
  const isFine = (candidate: Candidate) =>
    isSound(candidate, candidates, input.now) && decideShown(candidate.status, input).length === 0;
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
  input: Pick<HealthInput, 'signedIn' | 'certificateOf' | 'drillOf' | 'proxies' | 'now'>,
): ServiceEntry {
  const { status } = candidate;
  const { signedIn, certificateOf, drillOf, proxies = [], now } = input;
  const certificate = certificateOf?.(status.id) ?? null;
  return {
    id: status.id,
    name: status.name,
    cluster: status.cluster,
    state: status.state,
    admin: status.admin.admin,
    attempt: status.attempt,
    since: renderTime(status.since),
    reason: renderReason(status, proxies),
    lastProbe: renderTime(status.lastProbeAt),
    latencyMs: status.latencyMs === null ? null : Math.round(status.latencyMs),
    phones: signedIn(status.id),
    runbook: renderRunbook(status),
    fippaFailing: status.fippaFailing,
    signals: renderSignals(status.signals),
    adminReason: status.admin.reason,
    until: renderTime(status.admin.until),
    maintAt: renderTime(status.admin.maintAt ?? null),
    setBy: status.admin.by?.who ?? null,
    setAt: renderTime(status.admin.by?.at ?? null),
    finesseDrains: isFinesseDraining(status),
    notAlternateBecause: decideNotAlternate(candidate, cluster, now),
    site: status.site,
    certificate: certificate === null ? null : renderServiceCertificate(certificate, now),
    drill: renderDrill(drillOf?.(status.id) ?? null),
    seenOtherwise: renderOtherViews(status, proxies),
  };
}

function renderDrill(drill: Drill | null): DrillEntry | null {
  if (drill === null) return null;
  const { startedAt, until, devices } = drill;
  return {
    ...{ startedAt: new Date(startedAt).toISOString(), until: new Date(until).toISOString() },
    devices: devices?.size ?? null,
  };
}

/** An alternate is one for the agents of a certain service: the first of the others for which it is none tells why. */
function decideNotAlternate(candidate: Candidate, cluster: readonly Candidate[], now: number): string | null {
  const others = statusesOf(cluster).filter(({ id }) => id !== candidate.status.id);
  if (others.length === 0) return decideUnfit(candidate, now) ?? 'it is the only service of its cluster';
  for (const other of others) {
    const refusal = decideUnfitFor(candidate, other, now);
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

function decideCredentials(status: ServiceStatus): string[] {
  return isKeptOutByCredentials(status) ? [`${status.id}: ${renderReason(status)}`] : [];
}

function listFailures({ fippaFailing, failure }: ServiceStatus): readonly Failure[] {
  return [...(fippaFailing ? [FIPPA_FAILING] : []), ...(failure === null ? [] : [failure])];
}

const FIPPA_FAILING: Failure = { code: 'fippa-failing', detail: '' };
const FINESSE_DRAINS =
  'Finesse is in its own maintenance mode (finesseMMode): drained by itself, those signed in stay until Finesse signs them out.';

function renderReason(status: ServiceStatus, proxies: readonly ProxyStatus[] = []): string | null {
  const reasons = listFailures(status).map(renderFailure);
  const dissent = describeDissent(status, proxies);
  if (isFinesseDraining(status)) reasons.push(FINESSE_DRAINS);
  if (isKeptOutByCredentials(status)) reasons.push(CREDENTIALS_KEEP_OUT);
  if (dissent !== null) reasons.push(dissent);
  return reasons.length === 0 ? null : reasons.join(' ');
}

function renderRunbook(status: ServiceStatus): string | null {
  const [first] = listFailures(status);
  return first === undefined ? null : runbookOf(first.code);
}

function renderTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
