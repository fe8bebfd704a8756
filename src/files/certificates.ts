/** PEM files: certificates and keys as text, and whether they are what they should be. Pure but for the parsing by node:crypto. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** From so many whole days before a certificate expires on it is told. */
export const EXPIRES_SOON_DAYS = 30;

const DAY_MS = 86_400_000;

/** Whole days until a certificate expires, both in epoch ms; negative once it has. */
export function daysUntil(validTo: number, now: number): number {
  return Math.floor((validTo - now) / DAY_MS);
}

/** The certificates of a PEM file in their order; null when there is none or one of them cannot be read. */
export function parseCertificates(pem: string): X509Certificate[] | null {
  const blocks = pem.match(BLOCK) ?? [];
  try {
    return blocks.length === 0 ? null : blocks.map((block) => new X509Certificate(block));
  } catch {
    return null;
  }
}

/** The private key of a PEM file, or what is wrong with it in words. Never part of the key. */
export function parsePrivateKey(pem: string): KeyObject | string {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(pem)) return 'a key with a passphrase';
  try {
    return createPrivateKey(pem);
  } catch {
    return pem.includes('PRIVATE KEY') ? 'a private key that cannot be read' : 'a file without a private key';
  }
}

/** Whether a certificate is valid for the host of a URL (brackets around IPv6 allowed). */
export function coversHost(certificate: X509Certificate, hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  try {
    return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
  } catch {
    // Both throw at a name that no certificate could hold.
    return false;
  }
}

/** `checkIssued` says no of one that may not sign others (its key usage), which vouches for itself all the same. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
  } catch {
    // A key of a kind that is not known here.
    return false;
  }
}

/** `subject` and `issuer` come with a line for each part; on one line they read better. */
export function renderDistinguishedName(name: string | undefined): string {
  return (name ?? '').split('\n').filter(Boolean).join(', ') || '(empty)';
}
