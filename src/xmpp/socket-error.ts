/** What an error of the socket below a connection means. Pure. */

import { classifyNetworkError } from '../http/client/network-error.ts';
import { XmppError, type XmppErrorCode } from './xmpp-error.ts';

/** Any other error of a socket broke the connection, too. */
const CODES: Readonly<Partial<Record<string, XmppErrorCode>>> = {
  refused: 'refused',
  unreachable: 'unreachable',
  'name-not-found': 'name-not-found',
  'connect-timeout': 'connect-timeout',
  timeout: 'timeout',
  tls: 'tls',
  'certificate-untrusted': 'certificate-untrusted',
};

/** Names of a certificate that are told; more help nobody. */
const MAX_NAMES = 8;

export function readSocketError(error: Error): XmppError {
  const { code: found, detail } = classifyNetworkError(error);
  const { code, cert } = error as { readonly code?: unknown; readonly cert?: { readonly subjectaltname?: unknown } };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = readNames(cert?.subjectaltname);
    return new XmppError('certificate-name', names.length === 0 ? code : `it is for ${names.join(', ')}`, names);
  }
  // RFC 6066 §3: the server has nothing under the name that the client asked for.
  if (code === 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME') return new XmppError('host-unknown', 'TLS alert unrecognized_name');
  return new XmppError(CODES[found] ?? 'reset', detail);
}

/** Node writes them as `DNS:a.example.com, IP Address:192.0.2.1`; nothing else of it is believed. */
function readNames(subjectaltname: unknown): readonly string[] {
  if (typeof subjectaltname !== 'string') return [];
  const names = subjectaltname.matchAll(/(?:DNS|IP Address):([A-Za-z0-9*._:-]{1,253})(?=,|$)/g);
  return [...names].map((match) => match[1] ?? '').slice(0, MAX_NAMES);
}
