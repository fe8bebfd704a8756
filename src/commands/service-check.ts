/** Asks every Finesse server of a configuration once and says in plain words what it answered. */

import type { ClusterConfig, Config, ServiceConfig } from '../config/config.ts';
import { printable } from '../config/values.ts';
import { failures } from '../domain/failure.ts';
import type { Failure, ProbeOutcome, SystemInfo } from '../domain/model.ts';
import { createServerNames, learntName } from '../domain/server-names.ts';
import { daysUntil, EXPIRES_SOON_DAYS } from '../files/certificates.ts';
import type { createProbe } from '../health/probe.ts';
import { lookAtCertificate, type PeerCertificate, renderTrustAdvice } from './peer-certificate.ts';

/** As while serving: a probe that times out or is reset is repeated once, with this limit (contract.md, "The timeline"). */
const REPEAT_MS = 1000;

export interface ServiceCheck {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly confirmed: boolean;
  /** The host name that it calls itself; null: it told none. */
  readonly reportedName: string | null;
  /** What it means and what to do. */
  readonly result: string;
  /** What an operator should know although the probe succeeded. */
  readonly notes: readonly string[];
  /** Those of the notes that somebody should do something about. */
  readonly cautions: readonly string[];
  readonly latencyMs: number;
  /** When the certificate of an https server expires, ISO 8601; null: it was not seen. */
  readonly certificateExpires: string | null;
  /** One that is not trusted. */
  readonly certificate: PeerCertificate | null;
  /** What SystemInfo said, as far as it was readable. */
  readonly info: SystemInfo | null;
}

/** One probe of every service, all at once; in the order of the configuration. */
export async function checkServices(config: Config, probeOf: typeof createProbe, now: number): Promise<ServiceCheck[]> {
  const checks = await Promise.all(config.clusters.map((cluster) => checkCluster(cluster, probeOf, now)));
  return checks.flat();
}

async function checkCluster(cluster: ClusterConfig, probeOf: typeof createProbe, now: number): Promise<ServiceCheck[]> {
  const answers = await Promise.all(
    cluster.services.map(async (service) => {
      const answer = await probeOf(service)({ timeoutMs: service.probe.timeoutMs, repeatMs: REPEAT_MS });
      const untrusted = answer.outcome.kind !== 'confirmed' && answer.outcome.failure.code === 'certificate-untrusted';
      const seen = await lookAtCertificate(service.probe.url, service.probe.timeoutMs, now);
      return { service, ...answer, seen, certificate: untrusted ? seen : null };
    }),
  );
  const shared = describeCluster(answers.map(({ service, outcome }) => ({ service, info: infoOf(outcome) })));
  return answers.map(({ service, outcome, latencyMs, seen, certificate }) => {
    const end = seen === null || certificate !== null ? null : describeExpiry(seen.validTo, now);
    const cautions = [...describeUnfit(infoOf(outcome)), ...(shared.get(service.id) ?? [])];
    const isEndSoon = seen !== null && daysUntil(Date.parse(seen.validTo), now) < EXPIRES_SOON_DAYS;
    return {
      id: service.id,
      name: service.name,
      cluster: cluster.id,
      confirmed: outcome.kind === 'confirmed',
      reportedName: learntName(infoOf(outcome)),
      result: describeOutcome(outcome, service.probe.url),
      notes: [...describeInfo(infoOf(outcome)), ...cautions, ...(end === null ? [] : [end])],
      cautions: [...cautions, ...(end !== null && isEndSoon && service.fingerprints.length === 0 ? [end] : [])],
      latencyMs,
      certificateExpires: seen?.validTo ?? null,
      certificate,
      info: infoOf(outcome),
    };
  });
}

function infoOf(outcome: ProbeOutcome): SystemInfo | null {
  return outcome.kind === 'fault' ? null : outcome.info;
}

function describeOutcome(outcome: ProbeOutcome, url: string): string {
  if (outcome.kind === 'confirmed') return 'in service';
  const words = describeFailure(outcome.failure, url);
  return outcome.kind === 'fault' ? `configuration fault: ${words}` : `not in service: ${words}`;
}

function describeFailure({ code, detail }: Failure, url: string): string {
  // The words of the registry send their reader here.
  const operator = failures[code].operator.replace(' (see check --probe)', '');
  const found = printable(detail, 200);
  // These have general words, and what was found says more.
  if (code === 'not-system-info') return found;
  if (code === 'http-status') return `${found}. ${operator}`;
  const hint = code === 'reset' && mayWantHttps(url) ? ' This port may want https.' : '';
  return `${operator} (${found})${hint}`;
}

function mayWantHttps(url: string): boolean {
  const { protocol, port } = new URL(url);
  return protocol === 'http:' && (port === '8445' || port === '443');
}

function describeInfo(info: SystemInfo | null): string[] {
  const name = learntName(info);
  return name === null ? [] : [`it calls itself ${printable(name)}: URLs with that name are recognised on its pages`];
}

/** What keeps a service that is in service from being an alternate (reference/finesse-health.md §3). */
function describeUnfit(info: SystemInfo | null): string[] {
  if (info === null) return [];
  const notes: string[] = [];
  if (info.lastCtiHeartbeatStatus !== null && info.lastCtiHeartbeatStatus !== 'success') {
    notes.push(`no alternate at present: its last CTI heartbeat was ${printable(info.lastCtiHeartbeatStatus)}`);
  }
  if (info.finesseMMode === 'IN_PROGRESS') notes.push('no alternate at present: Finesse is in maintenance mode there');
  return notes;
}

function describeExpiry(validTo: string, now: number): string {
  const days = daysUntil(new Date(validTo).getTime(), now);
  const date = validTo.slice(0, 10);
  if (days < 0) return `its certificate expired on ${date}: renew it on that server`;
  return `its certificate expires on ${date}${days < EXPIRES_SOON_DAYS ? `, in ${days} days: renew it on that server` : ''}`;
}

interface Answer {
  readonly service: ServiceConfig;
  readonly info: SystemInfo | null;
}

/** What the answers of one cluster say together: notes by service. */
function describeCluster(answers: readonly Answer[]): Map<string, string[]> {
  const notes = new Map<string, string[]>(answers.map(({ service }) => [service.id, []]));
  const [reference] = answers.filter(({ info }) => typeof info?.peripheralId === 'string');
  for (const { service, info } of answers) {
    const [mine, theirs] = [info?.peripheralId ?? null, reference?.info?.peripheralId ?? null];
    if (mine === null || theirs === null || mine === theirs || reference === undefined) continue;
    const note = `it has peripheral ${printable(mine)}, ${reference.service.id} has ${printable(theirs)}: they are not of one Finesse cluster, so neither is an alternate of the other`;
    notes.get(service.id)?.push(note);
  }
  const named = answers.map(({ service: { id, url, aliases }, info }) => ({
    id,
    url,
    aliases,
    learntName: learntName(info),
  }));
  for (const { name, services } of createServerNames(named).conflicts) {
    for (const id of services)
      notes.get(id)?.push(`the name ${printable(name)} is claimed by ${services.join(' and ')}: it serves neither`);
  }
  return notes;
}

/** Several lines for each service. */
export function renderServiceChecks(config: Config, checks: readonly ServiceCheck[]): string {
  const services = config.clusters.flatMap((cluster) => cluster.services);
  return checks
    .flatMap((check) => {
      const service = services.find(({ id }) => id === check.id);
      const advice =
        check.certificate === null || service === undefined ? [] : renderTrustAdvice(service, check.certificate);
      const mark = check.confirmed ? 'ok    ' : 'FAILED';
      const head = `  ${mark}  ${check.id} (${check.name}): ${check.result}${check.confirmed ? `, ${check.latencyMs} ms` : ''}`;
      return [head, ...[...check.notes, ...advice].map((line) => `          ${line}`)];
    })
    .map((line) => `${line}\n`)
    .join('');
}
