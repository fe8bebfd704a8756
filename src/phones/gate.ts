/**
 * Decides from the request line and the raw headers alone whether a phone's request is one that may be served. Node's
 * parser lets through a good deal that a proxy must not pass on (reference/http-hardening.md); all of that ends here.
 * Pure and total: no input makes it throw.
 */

import type { FailureCode } from '../domain/failure.ts';
import type { Failure } from '../domain/model.ts';
import { MAX_TARGET_LENGTH } from '../domain/phone-url.ts';
import { ownCopy } from '../text/own-copy.ts';

/** More headers than any phone sends; the listener lets one more through than this, so that none is dropped unseen. */
export const MAX_HEADERS = 60;

export interface GateInput {
  readonly method: string | undefined;
  /** The request target exactly as received. */
  readonly url: string | undefined;
  readonly httpVersion: string;
  /** Name, value, name, value … as received. */
  readonly rawHeaders: readonly string[];
}

/** One of the proxy's own actions: `/SERVICE/fippa/DEVICE/~name/args…`. Never relayed. */
export interface PhoneAction {
  /** Begins with `~`. */
  readonly name: string;
  /** The path segments after the name, as received. */
  readonly args: readonly string[];
}

export interface PhoneRequest {
  readonly method: 'GET' | 'POST';
  /** Id of a service or cluster as the URL names it (it need not exist); null for /fippa/… */
  readonly prefix: string | null;
  readonly device: string;
  /** Everything after the device name, as received: '', '/x', ';p=1', '?q'… Holds secrets. */
  readonly rest: string;
  /** What the server is asked for: /fippa/DEVICE and the rest, as received. Holds secrets. */
  readonly upstreamTarget: string;
  readonly action: PhoneAction | null;
  /** What follows the first `?`, as received; null without one. Holds secrets. */
  readonly query: string | null;
  /** The Host header if it is a host with an optional port, else null. Says where the phone thinks it is; never routes. */
  readonly host: string | null;
}

export type GateVerdict =
  | { readonly ok: true; readonly request: PhoneRequest }
  | { readonly ok: false; readonly failure: Failure };

/** Judges one request; the rules are reference/http-hardening.md and contract.md "What phones can ask for". */
export function parsePhoneRequest(input: GateInput): GateVerdict {
  if (input.httpVersion !== '1.1' && input.httpVersion !== '1.0') {
    return refuse('request-malformed', 'neither HTTP/1.0 nor HTTP/1.1');
  }
  const { method, url } = input;
  if (method !== 'GET' && method !== 'POST') return refuse('request-method', 'a method other than GET and POST');
  const headers = readHeaders(input, method);
  if (typeof headers.fault === 'string') return refuse('request-malformed', headers.fault);
  if (url === undefined) return refuse('request-malformed', 'no request target');
  if (url.length > MAX_TARGET_LENGTH) return refuse('request-too-long', `a target of ${url.length} characters`);
  const fault = findTargetFault(url);
  if (fault !== null) return refuse('request-malformed', fault);
  return parseTarget(method, url, headers.host);
}

/**
 * Whether a path (without query) is free of everything that two programs could read differently: dot segments, encoded
 * slashes, backslashes, control characters. Redirects of the server are held to the same rule.
 */
export function isPlainPath(path: string): boolean {
  return !path.includes('?') && findTargetFault(path) === null;
}

const HOST = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/** A Host header's value if it is host[:port] (name, IPv4 or [IPv6]), else null. */
export function parseHost(value: string): string | null {
  return HOST.test(value) ? value : null;
}

function refuse(code: FailureCode, detail: string): GateVerdict {
  return { ok: false, failure: { code, detail } };
}

interface Headers {
  readonly fault: string | null;
  readonly host: string | null;
}

function badHeaders(fault: string): Headers {
  return { fault, host: null };
}

/** Only the headers that decide how a message is framed, and Host. Lengths are compared first: this runs for every page. */
function readHeaders(input: GateInput, method: 'GET' | 'POST'): Headers {
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

/** Characters that need a second look; everything else is one table access a character. */
const special = new Uint8Array(256).fill(1);
for (let code = 0x21; code < 0x7f; code++) special[code] = 0;
for (const character of '#\\%/?') special[character.charCodeAt(0)] = 1;

function findTargetFault(target: string): string | null {
  if (target.charCodeAt(0) !== SLASH) return 'a target that does not begin with a slash';
  let segment = 1;
  let inPath = true;
  for (let i = 1; i < target.length; i++) {
    const code = target.charCodeAt(i);
    if (code < 256 && special[code] === 0) continue;
    if (code === PERCENT) {
      const fault = findEscapeFault(target, i, inPath);
      if (fault !== null) return fault;
    } else if (code === SLASH) {
      if (!inPath) continue;
      if (i === segment) return 'an empty path segment (//)';
      if (isDotSegment(target, segment, i)) return 'a dot segment in the path';
      segment = i + 1;
    } else if (code === QUESTION) {
      if (inPath && isDotSegment(target, segment, i)) return 'a dot segment in the path';
      inPath = false;
    } else {
      return code === HASH || code === BACKSLASH
        ? `the character ${target[i]} in the target`
        : 'a control or non-ASCII character in the target';
    }
  }
  return inPath && isDotSegment(target, segment, target.length) ? 'a dot segment in the path' : null;
}

const HASH = 0x23;
const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const QUESTION = 0x3f;
const BACKSLASH = 0x5c;
const TILDE = 0x7e;

/** In a query an encoded slash or a bare % may be part of a password; a NUL is part of nothing. */
function findEscapeFault(target: string, at: number, inPath: boolean): string | null {
  const value = hexDigit(target.charCodeAt(at + 1)) * 16 + hexDigit(target.charCodeAt(at + 2));
  if (Number.isNaN(value)) return inPath ? 'a malformed percent escape in the path' : null;
  if (value === 0) return 'an encoded NUL';
  if (!inPath) return null;
  if (value === SLASH || value === BACKSLASH) return 'an encoded slash or backslash in the path';
  if (value < 0x20 || value === 0x7f) return 'an encoded control character in the path';
  // 0xC0 and 0xC1 begin only over-long UTF-8, an old way to hide a dot or a slash.
  return value === 0xc0 || value === 0xc1 ? 'over-long UTF-8 in the path' : null;
}

/** NaN for anything else, the end of the string included. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const upper = code & ~0x20;
  return upper >= 0x41 && upper <= 0x46 ? upper - 0x41 + 10 : Number.NaN;
}

/** `.` or `..`, plain or encoded; path parameters do not hide it, since Tomcat cuts them off first (`..;x`). */
function isDotSegment(target: string, start: number, end: number): boolean {
  let dots = 0;
  let i = start;
  while (i < end && target.charCodeAt(i) !== SEMICOLON) {
    if (target.charCodeAt(i) === DOT) i += 1;
    else if (isEncoded(target, i, DOT)) i += 3;
    else return false;
    dots += 1;
  }
  return dots === 1 || dots === 2;
}

function isEncoded(target: string, at: number, code: number): boolean {
  return (
    target.charCodeAt(at) === PERCENT &&
    hexDigit(target.charCodeAt(at + 1)) * 16 + hexDigit(target.charCodeAt(at + 2)) === code
  );
}

/** `target` has been found free of faults. */
function parseTarget(method: 'GET' | 'POST', target: string, host: string | null): GateVerdict {
  const queryAt = target.indexOf('?');
  const pathEnd = queryAt === -1 ? target.length : queryAt;
  let fippaAt = 0;
  let prefix: string | null = null;
  if (!isFippaAt(target, 0, pathEnd)) {
    const slash = target.indexOf('/', 1);
    if (slash === -1 || slash > pathEnd || !isName(target, 1, slash) || !isFippaAt(target, slash, pathEnd)) {
      return target.slice(0, pathEnd) === '/CGI/Execute'
        ? refuse('request-push', '/CGI/Execute on a phone listener')
        : refuse('request-path', 'no such path');
    }
    prefix = target.slice(1, slash);
    fippaAt = slash;
  }
  const deviceAt = fippaAt + '/fippa/'.length;
  const deviceEnd = findDeviceEnd(target, deviceAt, pathEnd);
  if (!isName(target, deviceAt, deviceEnd)) return refuse('request-device', 'no device name, or not a valid one');
  return {
    ok: true,
    request: {
      method,
      prefix,
      // Many remember who asked; none of them must remember what.
      device: ownCopy(target.slice(deviceAt, deviceEnd)),
      rest: target.slice(deviceEnd),
      upstreamTarget: fippaAt === 0 ? target : target.slice(fippaAt),
      action: parseAction(target, deviceEnd, pathEnd),
      query: queryAt === -1 ? null : target.slice(queryAt + 1),
      host,
    },
  };
}

/** Whether the segment that begins with the slash at `at` is exactly `fippa`, the device name present or not. */
function isFippaAt(target: string, at: number, pathEnd: number): boolean {
  const after = at + '/fippa'.length;
  return (
    target.startsWith('/fippa', at) && (after === pathEnd || (after < pathEnd && target.charCodeAt(after) === SLASH))
  );
}

function findDeviceEnd(target: string, start: number, pathEnd: number): number {
  let end = start;
  while (end < pathEnd && target.charCodeAt(end) !== SLASH && target.charCodeAt(end) !== SEMICOLON) end += 1;
  return end;
}

/** [A-Za-z0-9._-]{1,64}, for device names and the first segment alike; dot segments have been refused before. */
function isName(target: string, start: number, end: number): boolean {
  if (end <= start || end - start > 64) return false;
  for (let i = start; i < end; i++) {
    const code = target.charCodeAt(i);
    const letter = (code & ~0x20) >= 0x41 && (code & ~0x20) <= 0x5a;
    const digit = code >= 0x30 && code <= 0x39;
    if (!letter && !digit && code !== DOT && code !== 0x2d && code !== 0x5f) return false;
  }
  return true;
}

/** The `~` is recognised in its encoded form too, or an action could slip past as a page of the server. */
function parseAction(target: string, deviceEnd: number, pathEnd: number): PhoneAction | null {
  const slash = target.indexOf('/', deviceEnd);
  if (slash === -1 || slash >= pathEnd) return null;
  const encoded = isEncoded(target, slash + 1, TILDE);
  if (!encoded && target.charCodeAt(slash + 1) !== TILDE) return null;
  const [first = '', ...args] = target.slice(slash + (encoded ? 4 : 2), pathEnd).split('/');
  const parameters = first.indexOf(';');
  return { name: `~${parameters === -1 ? first : first.slice(0, parameters)}`, args };
}
