/**
 * Whether phones can trust the certificates of the listeners, as far as AXL can say: it lists certificates by subject,
 * issuer and serial number, and what each is for; it shows neither the certificate itself nor which nodes have it. Pure.
 */

import type { X509Certificate } from 'node:crypto';
import type { Difference } from './difference.ts';
import type { TrustedCertificate, Unread } from './reader.ts';
import type { CmCertificate } from './records.ts';
import type { WantedCertificate } from './wanted.ts';

/** One of the chain, or the CA that signed its last one. */
export function vouchesFor({ chain }: WantedCertificate, found: CmCertificate): boolean {
  const last = chain.at(-1);
  return (
    chain.some((certificate) => sameSerial(certificate, found) && sameName(certificate.issuer, found.issuer)) ||
    (last !== undefined && sameName(last.issuer, found.subject))
  );
}

/** In hexadecimal or decimal: no document says which. */
function sameSerial({ serialNumber }: X509Certificate, found: CmCertificate): boolean {
  const hexadecimal = normalSerial(serialNumber);
  return [hexadecimal, BigInt(`0x${hexadecimal || '0'}`).toString()].includes(normalSerial(found.serialNumber));
}

/** Programs write the parts of a name in either order, on lines or with commas. */
function sameName(one: string, other: string): boolean {
  const parts = (name: string) =>
    name
      .split(/[\n,/]/)
      .map((part) =>
        part
          .replace(/\s*=\s*/, '=')
          .trim()
          .toLowerCase(),
      )
      .filter(Boolean)
      .sort()
      .join('\n');
  return parts(one) === parts(other);
}

/** Hexadecimal without leading zeros, colons or case: each program writes serial numbers in its own way. */
function normalSerial(serial: string): string {
  return serial
    .replace(/[:\s]/g, '')
    .toLowerCase()
    .replace(/^(?:0x)?0*/, '');
}

const PURPOSE = 'Phone-trust';

export function compareTrust(
  wanted: readonly WantedCertificate[],
  trust: readonly TrustedCertificate[] | Unread,
): Difference[] {
  if ('unread' in trust) return [];
  return wanted.flatMap((each) => {
    const found = trust.filter((certificate) => vouchesFor(each, certificate));
    if (found.some(({ purposes }) => purposes.includes(PURPOSE))) return [];
    const purposes = [...new Set(found.flatMap((certificate) => certificate.purposes))];
    const leaf = each.chain[0];
    return [
      {
        about: 'certificate',
        names: [each.listener],
        field: PURPOSE,
        found: purposes.length === 0 ? 'not listed' : `only ${purposes.join(', ')}`,
        expected: 'listed, or the CA that signed it',
        remedy: 'by-hand',
        advice: `upload it (docs/unified-cm.md, 2); SHA-256 ${leaf?.fingerprint256 ?? ''}`,
      },
    ];
  });
}
