/** Looks at the certificate that a server shows, and says how it could be trusted. Nothing is sent to the server. */

import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { ServiceConfig } from '../config/config.ts';
import { printable } from '../config/values.ts';
import { coversHost, isSelfSigned, renderDistinguishedName } from '../files/certificates.ts';

export interface PeerCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** Names and addresses it is for, or null. */
  readonly names: string | null;
  readonly validFrom: string;
  readonly validTo: string;
  /** SHA-256, as `tls.fingerprints` takes it. */
  readonly fingerprint: string;
  readonly selfSigned: boolean;
  readonly coversHost: boolean;
  readonly expired: boolean;
}

/**
 * The certificate at an https URL, or null when none can be had within the time. The verdict was taken before, by the probe:
 * this only shows the operator what there is, so nothing is checked and no request is sent.
 */
export function lookAtCertificate(url: string, timeoutMs: number, now: number): Promise<PeerCertificate | null> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return Promise.resolve(null);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket: TLSSocket = connect({ host, port: Number(port || 443), ...servername, rejectUnauthorized: false });
    const finish = (found: PeerCertificate | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(found);
    };
    const timer = setTimeout(() => finish(null), timeoutMs);
    socket.once('error', () => finish(null));
    socket.once('close', () => finish(null));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      finish(certificate === undefined ? null : describeCertificate(certificate, host, now));
    });
  });
}

function describeCertificate(certificate: X509Certificate, host: string, now: number): PeerCertificate {
  return {
    // The server is not trusted: what it says must not move the cursor.
    subject: printable(renderDistinguishedName(certificate.subject), 200),
    issuer: printable(renderDistinguishedName(certificate.issuer), 200),
    names: certificate.subjectAltName === undefined ? null : printable(certificate.subjectAltName, 400),
    validFrom: certificate.validFromDate.toISOString(),
    validTo: certificate.validToDate.toISOString(),
    fingerprint: certificate.fingerprint256,
    selfSigned: isSelfSigned(certificate),
    coversHost: coversHost(certificate, host),
    expired: certificate.validToDate.getTime() < now,
  };
}

/** What to compare, and the ways to trust it: lines without indentation. */
export function renderTrustAdvice(service: Pick<ServiceConfig, 'id'>, seen: PeerCertificate): string[] {
  const file = `${service.id}-ca.pem`;
  const download = 'Cisco Unified OS Administration > Security > Certificate Management (tomcat)';
  const ca = seen.selfSigned
    ? `download the certificate itself from ${download} of that server`
    : `get the certificate of the CA named as issuer, not the server's own`;
  return [
    `subject      ${seen.subject}`,
    `issuer       ${seen.issuer}${seen.selfSigned ? ' (self-signed)' : ''}`,
    `names        ${seen.names ?? 'none'}${seen.coversHost ? '' : ' (the host of the URL is not among them)'}`,
    `valid        ${seen.validFrom.slice(0, 10)} to ${seen.validTo.slice(0, 10)}${seen.expired ? ' (expired)' : ''}`,
    `SHA-256      ${seen.fingerprint}`,
    `Compare the fingerprint with the one shown on the server itself: ${download}.`,
    'If it is the same, trust it in one of two ways, at this service in the configuration:',
    `  tls: { ca: ${file} }    # ${ca}, as PEM, in a file beside the configuration`,
    ...(seen.coversHost
      ? []
      : ['    (a CA alone is not enough here: url, or tls.names beside it, must also have one of the names above)']),
    ...(seen.expired ? ['    (a CA alone is not enough here: the certificate must also be renewed)'] : []),
    `  tls: { fingerprints: ["${seen.fingerprint}"] }    # until the certificate changes`,
  ];
}
