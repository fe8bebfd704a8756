/**
 * Reads the request that comes most often: a GET without a body that arrives whole. Anything else, sound or not, is left to
 * Node's parser; so this one only has to be certain about what it takes, and takes what Node would read the same way
 * (test/component/plain-get.test.ts holds the two against each other).
 */

import { trimBlanks } from '../../text/blanks.ts';
import { MAX_HEADERS } from './request-head.ts';

export interface PlainGet {
  /** The request target exactly as received. */
  readonly url: string;
  /** Name, value, name, value … as received, values without the white space around them. */
  readonly rawHeaders: readonly string[];
  /** Whether the client wants to keep the connection. */
  readonly keepsConnection: boolean;
}

/** The usual request has less than 1 KB, of which a cookie is the longest part. */
const MAX_BYTES = 8 * 1024;
const START = 'GET /';
const TARGET_AT = 'GET '.length;
const VERSION = ' HTTP/1.1\r\n';

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/** What a byte may be part of (RFC 9112, RFC 9110 §5.6.2), without what is merely tolerated. */
const IN_TARGET = 1;
const IN_NAME = 2;
const IN_VALUE = 4;
const CLASS = new Uint8Array(256);
for (let unit = 0x20; unit < 0x7f; unit++) CLASS[unit] = IN_VALUE;
for (let unit = 0x80; unit <= 0xff; unit++) CLASS[unit] = IN_VALUE;
CLASS[0x09] = IN_VALUE;
// A fragment is no part of a request's target.
for (let unit = 0x21; unit < 0x7f; unit++) if (unit !== 0x23) CLASS[unit] = (CLASS[unit] as number) | IN_TARGET;
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  const unit = character.charCodeAt(0);
  CLASS[unit] = (CLASS[unit] as number) | IN_NAME;
}

/** null: not a whole plain GET and nothing else. */
export function parsePlainGet(bytes: Buffer): PlainGet | null {
  const { length } = bytes;
  if (length > MAX_BYTES || bytes[length - 1] !== LF || bytes[0] !== 0x47) return null;
  const text = bytes.toString('latin1');
  if (!text.startsWith(START)) return null;
  const targetEnd = endOf(IN_TARGET, bytes, TARGET_AT);
  if (!text.startsWith(VERSION, targetEnd)) return null;
  const headers = readHeaders(bytes, text, targetEnd + VERSION.length);
  return headers === null ? null : { url: text.slice(TARGET_AT, targetEnd), ...headers };
}

/** Where the bytes that may be part of `what` end. */
function endOf(what: number, bytes: Buffer, from: number): number {
  let at = from;
  while (((CLASS[bytes[at] as number] as number) & what) !== 0) at += 1;
  return at;
}

/** null: not headers to the last byte, or one of them asks for more than a plain answer or leaves in doubt what it asks for. */
function readHeaders(bytes: Buffer, text: string, from: number): Omit<PlainGet, 'url'> | null {
  const rawHeaders: string[] = [];
  let connection: string | null = null;
  let at = from;
  while (bytes[at] !== CR) {
    const colon = endOf(IN_NAME, bytes, at);
    if (colon === at || bytes[colon] !== COLON) return null;
    const end = endOf(IN_VALUE, bytes, colon + 1);
    if (bytes[end] !== CR || bytes[end + 1] !== LF) return null;
    const name = text.slice(at, colon);
    const value = trimBlanks(text, colon + 1, end);
    if (isNotPlain(name)) return null;
    if (name.length === 10 && name.toLowerCase() === 'connection') {
      if (connection !== null) return null;
      connection = value.toLowerCase();
      if (connection !== 'close' && connection !== 'keep-alive') return null;
    }
    rawHeaders.push(name, value);
    at = end + 2;
  }
  // The empty line, and nothing behind it.
  if (bytes[at + 1] !== LF || at + 2 !== bytes.length) return null;
  const { length } = rawHeaders;
  return length === 0 || length > 2 * MAX_HEADERS ? null : { rawHeaders, keepsConnection: connection !== 'close' };
}

/** A body, another protocol, a question before the body. Lengths are compared first: this runs for every header. */
function isNotPlain(name: string): boolean {
  switch (name.length) {
    case 6:
      return name.toLowerCase() === 'expect';
    case 7:
      return name.toLowerCase() === 'upgrade';
    case 14:
      return name.toLowerCase() === 'content-length';
    case 16:
      return name.toLowerCase() === 'proxy-connection';
    case 17:
      return name.toLowerCase() === 'transfer-encoding';
    default:
      return false;
  }
}
