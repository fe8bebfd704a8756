/** What the certificates of listeners are, beyond what the configuration's own check says of names and ends. */

import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { isSelfSigned, parseCertificates, renderDistinguishedName } from '../../files/certificates.ts';
import { type Finding, finding } from './kinds.ts';

export function lookAtCertificates({ phones, ops, push, reports }: Config): Finding[] {
  const listeners = [
    ...phones.listeners.map(({ tls }, index) => ({ key: `phones.listeners[${index}]`, tls })),
    { key: 'ops', tls: ops.tls },
    ...(push?.listeners ?? []).map(({ tls }, index) => ({ key: `push.listeners[${index}]`, tls })),
    ...(reports?.listeners ?? []).map(({ tls }, index) => ({ key: `reports.listeners[${index}]`, tls })),
  ];
  return listeners.flatMap(({ key, tls }) => (tls === null ? [] : judge(`${key}: ${tls.cert}`, read(tls.cert))));
}

function read(file: string): readonly X509Certificate[] {
  try {
    return parseCertificates(readFileSync(file, 'utf8')) ?? [];
  } catch {
    // It was there when the configuration was checked.
    return [];
  }
}

function judge(place: string, [leaf, ...chain]: readonly X509Certificate[]): Finding[] {
  if (leaf === undefined) return [];
  const ownIssuer = isSelfSigned(leaf);
  const { asymmetricKeyType, asymmetricKeyDetails } = leaf.publicKey;
  const bits = asymmetricKeyType === 'rsa' ? (asymmetricKeyDetails?.modulusLength ?? 0) : null;
  const issuer = renderDistinguishedName(leaf.issuer);
  const isLinked = chain.some((next) => leaf.checkIssued(next));
  return [
    ...(bits !== null && bits < 2048 ? [finding('certificate-weak', `${place}: an RSA key of ${bits} bits`)] : []),
    ...(leaf.subjectAltName === undefined
      ? [finding('certificate-weak', `${place}: no Subject Alternative Name`)]
      : []),
    ...(ownIssuer ? [finding('certificate-self-signed', place)] : []),
    ...(ownIssuer || isLinked ? [] : [finding('certificate-incomplete', `${place}: signed by ${issuer}`)]),
  ];
}
