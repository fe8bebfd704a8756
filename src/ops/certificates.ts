/** The certificates of the listeners and of Finesse's own servers as `/health` shows them. */

import type { EventHandlers } from '../domain/events.ts';
import type { ShownCertificate } from '../domain/model.ts';
import { daysUntil, EXPIRES_SOON_DAYS } from '../files/certificates.ts';

/** The certificate of a listener where phones or operators connect. */
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

/** A certificate as its listener knows it. */
export interface HeldCertificate {
  readonly listener: string;
  readonly subject: string;
  /** Epoch ms. */
  readonly validTo: number;
  readonly problem: string | null;
}

export interface ServiceCertificateEntry {
  readonly subject: string;
  readonly validTo: string;
  readonly days: number;
}

function renderEnd(validTo: number, now: number): { validTo: string; days: number } {
  return { validTo: new Date(validTo).toISOString(), days: daysUntil(validTo, now) };
}

export function renderCertificate({ validTo, ...held }: HeldCertificate, now: number): CertificateEntry {
  const { listener, subject, problem } = held;
  return { listener, subject, ...renderEnd(validTo, now), problem };
}

export function renderServiceCertificate({ subject, validTo }: ShownCertificate, now: number): ServiceCertificateEntry {
  return { subject, ...renderEnd(validTo, now) };
}

/** What is wrong with a listener's certificate, in words for the operator; empty: nothing. */
export function decideCertificate({ listener, validTo, problem }: HeldCertificate, now: number): string[] {
  return [
    ...(problem === null ? [] : [`${listener}.tls: the new certificate is not in use, because ${problem}`]),
    ...decideEnd(validTo, now, listener === 'ops' ? 'browsers refuse it' : 'phones refuse it').map(
      (words) => `${listener}.tls: the ${words}`,
    ),
  ];
}

export function decideServiceCertificate(
  service: string,
  { validTo, pinned }: ShownCertificate,
  now: number,
): string[] {
  if (pinned) return [];
  return decideEnd(validTo, now, 'the proxy refuses it').map((words) => `${service}: Finesse’s ${words} there`);
}

export function endsSoon({ validTo }: Pick<HeldCertificate, 'validTo'>, now: number): boolean {
  return daysUntil(validTo, now) < EXPIRES_SOON_DAYS;
}

function decideEnd(validTo: number, now: number, consequence: string): string[] {
  const { validTo: end, days } = renderEnd(validTo, now);
  const date = end.slice(0, 10);
  if (days < 0) return [`certificate expired on ${date}, and ${consequence}; renew it`];
  return endsSoon({ validTo }, now) ? [`certificate expires on ${date}; renew it`] : [];
}

export interface ShownCertificates {
  readonly handlers: EventHandlers;
  /** What Finesse showed to the last probe. */
  of(service: string): ShownCertificate | null;
}

export function createShownCertificates(): ShownCertificates {
  const shown = new Map<string, ShownCertificate | null>();
  return {
    handlers: { 'probe-ended': ({ service, certificate }) => void shown.set(service, certificate) },
    of: (service) => shown.get(service) ?? null,
  };
}
