/**
 * Decides from the request line and the raw headers alone whether a request is one that may be passed on. Node's parser lets
 * through a good deal that a proxy must not (reference/http-hardening.md); all of that ends here. Pure and total: no input
 * makes it throw.
 */

import { findTargetFault } from '../../text/request-target.ts';
import type { RequestFault, RequestFaultCode } from './request-fault.ts';

/** More headers than any client here sends; the parser lets one more through than this, so that none is dropped unseen. */
export const MAX_HEADERS = 60;

export interface RequestHead {
  readonly method: string | undefined;
  /** The request target exactly as received. */
  readonly url: string | undefined;
  readonly httpVersion: string;
  /** Name, value, name, value … as received. */
  readonly rawHeaders: readonly string[];
}

export type HeadVerdict =
  | {
      readonly ok: true;
      readonly method: 'GET' | 'POST';
      /** Path and query, free of what two programs could read differently. */
      readonly target: string;
      /** The Host header if it is a host with an optional port, else null. */
      readonly host: string | null;
    }
  | { readonly ok: false; readonly fault: RequestFault };

/** Judges one request; the rules are reference/http-hardening.md. */
export function checkHead(head: RequestHead, maxTargetLength: number): HeadVerdict {
  if (head.httpVersion !== '1.1' && head.httpVersion !== '1.0') {
    return refuse('malformed', 'neither HTTP/1.0 nor HTTP/1.1');
  }
  const { method, url } = head;
  if (method !== 'GET' && method !== 'POST') return refuse('method', 'a method other than GET and POST');
  const { fault, host } = readHeaders(head, method);
  if (fault !== null) return refuse('malformed', fault);
  if (url === undefined) return refuse('malformed', 'no request target');
  if (url.length > maxTargetLength) return refuse('too-long', `a target of ${url.length} characters`);
  const targetFault = findTargetFault(url);
  return targetFault === null ? { ok: true, method, target: url, host } : refuse('malformed', targetFault);
}

function refuse(code: RequestFaultCode, detail: string): HeadVerdict {
  return { ok: false, fault: { code, detail } };
}

const HOST = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/** A Host header's value if it is host[:port] (name, IPv4 or [IPv6]), else null. */
export function parseHost(value: string): string | null {
  return HOST.test(value) ? value : null;
}

interface Headers {
  readonly fault: string | null;
  readonly host: string | null;
}

function badHeaders(fault: string): Headers {
  return { fault, host: null };
}

/**
 * Not the two names themselves, but what CGI-like programs in front of the proxy or behind it may take for them: they turn
 * hyphens, underscores and dots into one another, or drop them.
 */
const LOOKALIKE = /^[^a-z0-9]*(?:content[^a-z0-9]*length|transfer[^a-z0-9]*encoding)[^a-z0-9]*$/i;
const SHORTEST_LOOKALIKE = 'contentlength'.length;

/** Only the headers that decide how a message is framed, and Host. Lengths are compared first: this runs for every page. */
function readHeaders(input: RequestHead, method: 'GET' | 'POST'): Headers {
  const { rawHeaders } = input;
  if (rawHeaders.length > 2 * MAX_HEADERS) return badHeaders(`more than ${MAX_HEADERS} headers`);
  let host: string | undefined;
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') {
      if (host !== undefined) return badHeaders('two Host headers');
      host = value;
    } else if (name.length === 14 && name.toLowerCase() === 'content-length') {
      if (contentLength !== undefined) return badHeaders('two Content-Length headers');
      contentLength = value;
    } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (transferEncoding !== undefined) return badHeaders('two Transfer-Encoding headers');
      transferEncoding = value;
    } else if (name.length === 7 && name.toLowerCase() === 'upgrade') {
      return badHeaders('an Upgrade header');
    } else if (name.length >= SHORTEST_LOOKALIKE && LOOKALIKE.test(name)) {
      return badHeaders('a header that only looks like Content-Length or Transfer-Encoding');
    }
  }
  if (host === undefined && input.httpVersion === '1.1') return badHeaders('no Host header');
  const fault = findFramingFault(input.httpVersion, method, contentLength, transferEncoding);
  return fault === null ? { fault, host: host === undefined ? null : parseHost(host) } : badHeaders(fault);
}

/** RFC 9112 §6: what leaves in doubt where a message ends is refused rather than interpreted. */
function findFramingFault(
  httpVersion: string,
  method: 'GET' | 'POST',
  contentLength: string | undefined,
  transferEncoding: string | undefined,
): string | null {
  if (contentLength !== undefined && !/^[0-9]{1,15}$/.test(contentLength)) return 'a Content-Length that is no number';
  if (transferEncoding !== undefined) {
    if (httpVersion === '1.0') return 'Transfer-Encoding on HTTP/1.0';
    if (contentLength !== undefined) return 'Transfer-Encoding beside Content-Length';
    if (transferEncoding.toLowerCase() !== 'chunked') return 'a Transfer-Encoding other than chunked';
    if (method === 'GET') return 'a GET with a body';
  }
  if (method === 'GET' && contentLength !== undefined && Number(contentLength) > 0) return 'a GET with a body';
  return null;
}
