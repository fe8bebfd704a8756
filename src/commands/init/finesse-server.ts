/** Asks one Finesse server what it is, before there is a configuration for it. */

import type { ServiceConfig } from '../../config/config.ts';
import { printable } from '../../config/values.ts';
import { renderFailure } from '../../domain/failure.ts';
import type { ProbeOutcome, SystemInfo } from '../../domain/model.ts';
import { createProbe } from '../../health/probe.ts';
import { isOpen, lookAtPlainPort, type PlainPort } from '../finesse-look.ts';
import { lookAtCertificate, type PeerCertificate } from '../peer-certificate.ts';

export interface FinessePorts {
  /** Where Finesse leads plain HTTP on to its own port. */
  readonly plain: number;
  /** Notification Service with TLS from the first byte, and without. */
  readonly xmppTls: number;
  readonly xmpp: number;
}

/** reference/finesse-health.md: the same on every release. */
export const FINESSE_PORTS: FinessePorts = { plain: 8082, xmppTls: 5223, xmpp: 5222 };

const TIMEOUT_MS = 4000;

export interface FinesseServer {
  readonly url: string;
  readonly host: string;
  readonly outcome: ProbeOutcome;
  /** What SystemInfo said, as far as it was readable. */
  readonly info: SystemInfo | null;
  /** What an https server shows; null: none was seen. */
  readonly certificate: PeerCertificate | null;
  /** Trusted because somebody said so; null: by a CA of the system, or not at all. */
  readonly fingerprint: string | null;
  readonly plainPort: PlainPort;
  readonly notification: 'direct' | 'starttls' | null;
}

/** Why a server is not taken for one yet; null: nothing is in the way. */
export function hindranceOf({ outcome, info }: FinesseServer): 'untrusted' | 'silent' | null {
  // A server that is out of service, or asks for credentials, is Finesse all the same.
  if (outcome.kind !== 'failed' || info !== null) return null;
  return outcome.failure.code === 'certificate-untrusted' ? 'untrusted' : 'silent';
}

/** One look; the certificate is trusted if a CA of the system vouches for it or its fingerprint is among these. */
export async function lookAtFinesse(
  url: string,
  fingerprints: readonly string[],
  ports: FinessePorts,
  now: number,
): Promise<FinesseServer> {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const certificate = await lookAtCertificate(url, TIMEOUT_MS, now);
  const seen = certificate?.fingerprint ?? '';
  const first = await probe(url, []);
  const isPinned = isUntrusted(first) && fingerprints.includes(seen);
  const outcome = isPinned ? await probe(url, [seen]) : first;
  const [plainPort, xmppTls, xmpp] = await Promise.all([
    lookAtPlainPort(host, ports.plain, TIMEOUT_MS),
    isOpen(host, ports.xmppTls, TIMEOUT_MS),
    isOpen(host, ports.xmpp, TIMEOUT_MS),
  ]);
  return {
    ...{ url, host, outcome, certificate, plainPort },
    info: outcome.kind === 'fault' ? null : outcome.info,
    fingerprint: isPinned ? seen : null,
    notification: xmppTls ? 'direct' : xmpp ? 'starttls' : null,
  };
}

function isUntrusted(outcome: ProbeOutcome): boolean {
  return outcome.kind !== 'confirmed' && outcome.failure.code === 'certificate-untrusted';
}

async function probe(url: string, fingerprints: readonly string[]): Promise<ProbeOutcome> {
  const service: ServiceConfig = {
    ...{ id: 'a', name: url, url, aliases: [], site: null, ca: null, fingerprints, certificateNames: [] },
    ...{ pushFrom: null, notification: null },
    probe: {
      ...{ url: `${url}/finesse/api/SystemInfo`, username: null, password: null },
      ...{ intervalMs: TIMEOUT_MS, timeoutMs: TIMEOUT_MS },
    },
  };
  const { outcome } = await createProbe(service)({ timeoutMs: TIMEOUT_MS, repeatMs: 1000 });
  return outcome;
}

/** What was learnt, a line for each; nothing a server says moves the cursor. */
export function describeServer(server: FinesseServer): string[] {
  const { info, certificate, outcome } = server;
  const pair = [info?.primaryHost, info?.secondaryHost].filter((host) => host !== null && host !== undefined);
  return [
    `SystemInfo     ${describeOutcome(outcome)}`,
    ...(info?.deploymentType ? [`deployment     ${printable(info.deploymentType)}`] : []),
    ...(pair.length > 0 ? [`pair           ${pair.map((host) => printable(host)).join(' and ')}`] : []),
    ...(info?.finesseMMode === 'IN_PROGRESS' ? ['maintenance    Finesse is in maintenance mode there'] : []),
    ...(certificate === null ? [] : [`certificate    ${describeTrust(server, certificate)}`]),
    `plain port     ${describePlainPort(server.plainPort)}`,
    `notification   ${describeNotification(server.notification)}`,
  ];
}

function describeOutcome(outcome: ProbeOutcome): string {
  return outcome.kind === 'confirmed' ? 'in service' : printable(renderFailure(outcome.failure), 400);
}

function describeTrust({ outcome, fingerprint }: FinesseServer, { subject, validTo }: PeerCertificate): string {
  const end = `${subject}, until ${validTo.slice(0, 10)}`;
  if (fingerprint !== null) return `${end}: trusted by its fingerprint, until it changes`;
  return isUntrusted(outcome)
    ? `${end}: no CA of this system vouches for it`
    : `${end}: a CA of this system vouches for it`;
}

function describePlainPort(port: PlainPort): string {
  if (port.kind === 'redirect') return `leads to ${printable(port.to)}`;
  if (port.kind === 'answers') return 'answers without TLS, as Finesse before 12.5 does';
  return port.kind === 'closed' ? 'closed' : `answers ${port.status}`;
}

function describeNotification(found: FinesseServer['notification']): string {
  if (found === 'direct') return 'open, with TLS (failures can be noticed at once: docs/notification-service.md)';
  return found === 'starttls' ? 'open, STARTTLS or unencrypted (docs/notification-service.md)' : 'closed from here';
}
