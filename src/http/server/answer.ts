/** An answer as it is written: with Content-Length, never chunked, and no header that nobody has a use for. */

import { STATUS_CODES } from 'node:http';

export interface HttpAnswer {
  /** Default: 200. */
  readonly status?: number;
  /** As a string: one character for each byte. */
  readonly body: Uint8Array | string;
  readonly contentType: string;
  readonly refresh?: string | null;
  readonly expires?: string | null;
  readonly setCookies?: readonly string[];
  /** Value of WWW-Authenticate. */
  readonly authenticate?: string | null;
}

/** Up to here Node writes a string straight from the stack. */
const SHORT_BYTES = 12 * 1024;

/**
 * The body in the form that costs least: as a string it leaves with the headers in one write; as bytes it would be a second
 * one (docs/performance.md).
 */
export function shortBody(body: Uint8Array | string): Uint8Array | string {
  if (typeof body === 'string' || body.byteLength > SHORT_BYTES) return body;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
}

/** The whole answer; as a string: one character for each byte. `withBody`: false for HEAD, which gets the length alone. */
export function renderAnswer(answer: HttpAnswer, keepsConnection: boolean, withBody = true): string | Buffer {
  const { status = 200 } = answer;
  const headers = answerHeaders(answer, keepsConnection);
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  head += `Date: ${httpDate(Date.now())}\r\n\r\n`;
  if (!withBody) return head;
  const body = shortBody(answer.body);
  return typeof body === 'string' ? head + body : Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** Name, value, name, value …, without Date. */
export function answerHeaders(answer: HttpAnswer, keepsConnection: boolean): string[] {
  const { body, contentType, refresh, expires, setCookies, authenticate } = answer;
  const headers = ['Content-Type', contentType, 'Content-Length', String(body.length)];
  if (isPresent(refresh)) headers.push('Refresh', refresh);
  if (isPresent(expires)) headers.push('Expires', expires);
  if (setCookies !== undefined) for (const each of setCookies) if (isPresent(each)) headers.push('Set-Cookie', each);
  if (isPresent(authenticate)) headers.push('WWW-Authenticate', authenticate);
  headers.push('Connection', keepsConnection ? 'keep-alive' : 'close');
  return headers;
}

/** A value with a character that no header may hold is left out rather than let it break the answer. */
function isPresent(value: string | null | undefined): value is string {
  return typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}

let dateOfSecond = '';
let second = Number.NaN;

/** RFC 9110 §6.6.1; made once a second. */
function httpDate(now: number): string {
  const current = Math.floor(now / 1000);
  if (current !== second) {
    second = current;
    dateOfSecond = new Date(now).toUTCString();
  }
  return dateOfSecond;
}
