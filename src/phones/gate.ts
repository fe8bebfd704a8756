/** Decides which page of which device a phone asks for, or why its request is refused. Pure and total. */

import type { FailureCode } from '../domain/failure.ts';
import type { Failure } from '../domain/model.ts';
import { MAX_TARGET_LENGTH } from '../domain/phone-url.ts';
import { checkHead, type RequestHead } from '../http/server/request-head.ts';
import { ownCopy } from '../text/own-copy.ts';
import { isEncoded } from '../text/request-target.ts';
import { failureOf } from './request-failure.ts';

const DOT = 0x2e;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const TILDE = 0x7e;

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
export function parsePhoneRequest(head: RequestHead): GateVerdict {
  const verdict = checkHead(head, MAX_TARGET_LENGTH);
  if (!verdict.ok) return { ok: false, failure: failureOf(verdict.fault) };
  return parseTarget(verdict.method, verdict.target, verdict.host);
}

function refuse(code: FailureCode, detail: string): GateVerdict {
  return { ok: false, failure: { code, detail } };
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
