/**
 * Reads the request that phones send: a GET without a body that arrives whole. Anything else, sound or not, is left to
 * Node's parser; so this one only has to be certain about what it takes, and takes what Node would read the same way
 * (test/component/plain-get.test.ts holds the two against each other).
 */

import { MAX_HEADERS } from './gate.ts';

export interface PlainGet {
  /** The request target exactly as received. */
  readonly url: string;
  /** Name, value, name, value … as received, values without the white space around them. */
  readonly rawHeaders: readonly string[];
  /** Whether the client wants to keep the connection. */
  readonly keepsConnection: boolean;
}

/** Phones' requests have less than 1 KB, of which a cookie is the longest part. */
const MAX_BYTES = 8 * 1024;
const START = 'GET /';
const END = '\r\n\r\n';
/** RFC 9112 without what it merely tolerates: visible ASCII in the target, no line folding, no bare CR or LF. */
const WHOLE = /^GET \/[!-"$-~]* HTTP\/1\.1\r\n(?:[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*\r\n)+\r\n$/;
const TARGET_AT = 'GET '.length;
const VERSION = ' HTTP/1.1\r\n';

/** null: not a whole plain GET and nothing else. */
export function parsePlainGet(bytes: Buffer): PlainGet | null {
  const { length } = bytes;
  if (length > MAX_BYTES || bytes[length - 1] !== 0x0a || bytes[0] !== 0x47) return null;
  const text = bytes.toString('latin1');
  if (!text.startsWith(START) || text.indexOf(END) !== length - END.length || !WHOLE.test(text)) return null;
  const targetEnd = text.indexOf(' ', TARGET_AT);
  const headers = readHeaders(text, targetEnd + VERSION.length);
  return headers === null ? null : { url: text.slice(TARGET_AT, targetEnd), ...headers };
}

/** null: one of them asks for more than a plain answer, or leaves in doubt what it asks for. */
function readHeaders(text: string, from: number): Omit<PlainGet, 'url'> | null {
  const rawHeaders: string[] = [];
  let connection: string | null = null;
  const end = text.length - 2;
  for (let at = from; at < end; ) {
    const colon = text.indexOf(':', at);
    const next = text.indexOf('\r', colon);
    const name = text.slice(at, colon);
    const value = trimmed(text, colon + 1, next);
    if (isNotPlain(name)) return null;
    if (name.length === 10 && name.toLowerCase() === 'connection') {
      if (connection !== null) return null;
      connection = value.toLowerCase();
      if (connection !== 'close' && connection !== 'keep-alive') return null;
    }
    rawHeaders.push(name, value);
    at = next + 2;
  }
  return rawHeaders.length > 2 * MAX_HEADERS ? null : { rawHeaders, keepsConnection: connection !== 'close' };
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

/** Without the spaces and tabs around it (RFC 9112 §5.1); String.trim would take U+00A0 too, which here is a byte of a value. */
function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}
