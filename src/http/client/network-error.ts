/**
 * What an error of a connection means. Serves the connections here and clients such as got alike. The errors of Node's
 * sockets come bare, in `cause` or in an AggregateError. Pure.
 */

import { urlHost } from '../../text/url-host.ts';
import type { ExchangeFault, ExchangeFaultCode } from './exchange-fault.ts';

const meanings: Readonly<Record<string, ExchangeFaultCode>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'name-not-found',
  EAI_AGAIN: 'name-not-found',
  EAI_FAIL: 'name-not-found',
  EAI_NODATA: 'name-not-found',
  EAI_NONAME: 'name-not-found',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EACCES: 'unreachable',
  EPERM: 'unreachable',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ENOTCONN: 'reset',
  ERR_STREAM_PREMATURE_CLOSE: 'reset',
  ERR_READING_RESPONSE_STREAM: 'reset',
  // OpenSSL's verdicts on a certificate chain that do not begin with CERT_ or UNABLE_TO_.
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-untrusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-untrusted',
  ERR_TLS_CERT_ALTNAME_FORMAT: 'certificate-untrusted',
  HOSTNAME_MISMATCH: 'certificate-untrusted',
  INVALID_CA: 'certificate-untrusted',
  INVALID_PURPOSE: 'certificate-untrusted',
  PATH_LENGTH_EXCEEDED: 'certificate-untrusted',
  EPROTO: 'tls',
};

/** Anything may be thrown; these are the fields that Node's and got's errors have in common. */
interface ErrorFields {
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly name?: unknown;
  readonly syscall?: unknown;
  readonly event?: unknown;
  readonly address?: unknown;
  readonly port?: unknown;
  readonly hostname?: unknown;
  readonly reason?: unknown;
}

/**
 * The fault behind a thrown value. The detail is put together from fields known to be harmless (code, address, host
 * name), never from a message: messages of HTTP clients hold the URL, and with it the password.
 */
export function classifyNetworkError(error: unknown): ExchangeFault {
  const all = [...withCauses(error)];
  for (const fields of all) {
    const code = meaningOf(fields);
    if (code === null) continue;
    // A wrapper repeats the code of what it wraps, but not the address.
    const closest = all.find((inner) => inner.code === fields.code && isPlaced(inner)) ?? fields;
    return { code, detail: describe(closest) };
  }
  const outermost = all[0];
  return { code: 'internal', detail: text(outermost?.code) ?? text(outermost?.name) ?? 'an unknown error' };
}

function meaningOf(fields: ErrorFields): ExchangeFaultCode | null {
  const { code } = fields;
  if (typeof code !== 'string') return null;
  if (code === 'ETIMEDOUT') return isBeforeConnected(fields) ? 'connect-timeout' : 'timeout';
  const known = Object.hasOwn(meanings, code) ? meanings[code] : undefined;
  if (known !== undefined) return known;
  if (/^(?:CERT_|CRL_|UNABLE_TO_|ERROR_IN_CERT_)/.test(code)) return 'certificate-untrusted';
  if (/^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_)/.test(code)) return 'tls';
  return code.startsWith('HPE_') ? 'reset' : null;
}

/** ETIMEDOUT is the kernel's word for an unanswered SYN as well as got's for each of its phases (`event`). */
function isBeforeConnected(fields: ErrorFields): boolean {
  if (typeof fields.event === 'string') return ['lookup', 'connect', 'secureConnect'].includes(fields.event);
  return fields.syscall === undefined || fields.syscall === 'connect';
}

function isPlaced(fields: ErrorFields): boolean {
  return [fields.address, fields.hostname, fields.reason, fields.event].some((field) => text(field) !== null);
}

function describe(fields: ErrorFields): string {
  const parts = [text(fields.code) ?? text(fields.name), text(fields.event), text(fields.hostname), addressOf(fields)];
  // Which names the certificate has instead of the expected one is what an operator needs to know.
  if (fields.code === 'ERR_TLS_CERT_ALTNAME_INVALID') parts.push(text(fields.reason));
  return parts.filter((part) => part !== null).join(' ');
}

function addressOf(fields: ErrorFields): string | null {
  const address = text(fields.address);
  if (address === null || typeof fields.port !== 'number') return address;
  return `${urlHost(address)}:${fields.port}`;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** The error, the errors it gathers (one for each address of a name) and its causes, the outermost first. */
function* withCauses(error: unknown): Generator<ErrorFields> {
  const waiting: unknown[] = [error];
  // Bounded, since a cause may lead back to its error.
  for (let visited = 0; waiting.length > 0 && visited < 32; visited++) {
    const next = waiting.shift();
    if (typeof next !== 'object' || next === null) continue;
    const fields = next as ErrorFields;
    // An AggregateError carries the code of its parts but not their addresses: the parts say more.
    if (Array.isArray(fields.errors)) waiting.unshift(...fields.errors);
    else yield fields;
    waiting.push(fields.cause);
  }
}
