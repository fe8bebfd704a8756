/**
 * An answer to a phone as it is written: with Content-Length, never chunked, and no header that a phone has no use for
 * (some upset old models, reference/phone-xml.md §5).
 */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

export interface PhoneAnswer {
  /** Default: 200, which phones always get. */
  readonly status?: number;
  /** As a string: one character for each byte. */
  readonly body: Uint8Array | string;
  readonly contentType: string;
  readonly refresh?: string | null;
  readonly expires?: string | null;
  readonly setCookies?: readonly string[];
  /** Value of WWW-Authenticate. */
  readonly authenticate?: string | null;
  /** A page of the proxy's own: expired, so that Exit and Back do not show it again. */
  readonly own: boolean;
}

/** In the past, but after 1970: 8800 phones want that (reference/phone-xml.md §5). */
export const EXPIRED = 'Thu, 01 Jan 2015 00:00:00 GMT';

/** Up to here Node writes a string straight from the stack. */
const SHORT_BYTES = 12 * 1024;

/**
 * The body in the form that costs least: as a string it leaves with the headers in one write; as bytes it would be a second
 * one, 8 µs more (docs/performance.md).
 */
export function shortBody(body: Uint8Array | string): Uint8Array | string {
  if (typeof body === 'string' || body.byteLength > SHORT_BYTES) return body;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
}

/** The whole answer; as a string: one character for each byte. */
export function renderAnswer(answer: PhoneAnswer, keepsConnection: boolean): string | Buffer {
  const { status = 200 } = answer;
  const headers = answerHeaders(answer, keepsConnection);
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  head += `Date: ${httpDate(Date.now())}\r\n\r\n`;
  const body = shortBody(answer.body);
  return typeof body === 'string' ? head + body : Buffer.concat([Buffer.from(head, 'latin1'), body]);
}

/** Name, value, name, value …, without Date. */
export function answerHeaders(answer: PhoneAnswer, keepsConnection: boolean): string[] {
  const { body, contentType, refresh, expires, setCookies, authenticate, own } = answer;
  const headers = ['Content-Type', contentType, 'Content-Length', String(body.length)];
  if (isPresent(refresh)) headers.push('Refresh', refresh);
  if (own) headers.push('Expires', EXPIRED);
  else if (isPresent(expires)) headers.push('Expires', expires);
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

/** How much, and for how long, is still read from a connection that is only waiting for its last answer to arrive. */
const LINGER_BYTES = 256 * 1024;
const LINGER_MS = 1_000;

/**
 * Writes the last bytes of a connection and closes it in a way that lets them arrive: closing with unread input makes the
 * kernel send a reset, and that may overtake the answer (RFC 9112 §9.6). So what still comes is read for a moment, once
 * they have been taken. `takenWithinMs`: how long that may last; null: somebody else watches over it.
 */
export function endGently(socket: Socket, last: string | Buffer, takenWithinMs: number | null = LINGER_MS): void {
  if (socket.destroyed) return;
  const leave = () => void socket.destroy();
  let limit = takenWithinMs === null ? undefined : setTimeout(leave, takenWithinMs);
  let watch: NodeJS.Timeout | undefined;
  const linger = () => {
    if (socket.destroyed) return;
    clearTimeout(limit);
    limit = setTimeout(leave, LINGER_MS);
    const enough = socket.bytesRead + LINGER_BYTES;
    watch = setInterval(() => {
      if (socket.bytesRead > enough) leave();
    }, 50);
    socket.resume();
  };
  socket.once('close', () => {
    clearInterval(watch);
    clearTimeout(limit);
  });
  socket.end(last, 'latin1', linger);
}
