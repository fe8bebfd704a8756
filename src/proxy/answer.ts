/**
 * Writes an answer to a phone: always 200 with Content-Length, never chunked, and no header that a phone has no use for
 * (some upset old models, reference/phone-xml.md §5).
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface PhoneAnswer {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly refresh?: string | null;
  readonly expires?: string | null;
  readonly setCookies?: readonly string[];
  /** A page of the proxy's own: expired, so that Exit and Back do not show it again. */
  readonly own: boolean;
}

/** In the past, but after 1970: 8800 phones want that (reference/phone-xml.md §5). */
export const EXPIRED = 'Thu, 01 Jan 2015 00:00:00 GMT';

/**
 * Sends the answer. With `res.shouldKeepAlive` false the connection closes after it, gently where the request's body has
 * not been read. A phone that has gone meanwhile is no error.
 */
export function sendPage(req: IncomingMessage, res: ServerResponse, answer: PhoneAnswer): void {
  const { socket } = res;
  if (!res.shouldKeepAlive && socket !== null && hasUnreadBody(req)) {
    req.resume();
    endGently(socket, renderAnswer(answer));
    return;
  }
  const headers = answerHeaders(answer);
  // Said outright, or Node adds a Keep-Alive header.
  headers.push('Connection', res.shouldKeepAlive ? 'keep-alive' : 'close');
  res.writeHead(200, headers);
  endWith(res, answer.body);
}

/** Up to here Node writes a string straight from the stack. */
const SHORT_BYTES = 12 * 1024;

/** As a string the body leaves with the headers in one write; as bytes it would be a second one, 8 µs more (docs/performance.md). */
function endWith(res: ServerResponse, body: Uint8Array): void {
  if (body.byteLength > SHORT_BYTES) res.end(body);
  else res.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'), 'latin1');
}

/** The answer as bytes, for connections on which there is no request to answer. */
export function renderAnswer(answer: PhoneAnswer): Buffer {
  const headers = [...answerHeaders(answer), 'Connection', 'close'];
  let head = 'HTTP/1.1 200 OK\r\n';
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), answer.body]);
}

/** How much, and for how long, is still read from a connection that is only waiting for its last answer to arrive. */
const LINGER_BYTES = 256 * 1024;
const LINGER_MS = 1_000;

/**
 * Writes the last bytes of a connection and closes it in a way that lets them arrive: closing with unread input makes the
 * kernel send a reset, and that may overtake the answer (RFC 9112 §9.6). So what still comes is read for a moment.
 */
export function endGently(socket: Socket, last: Buffer): void {
  if (socket.destroyed) return;
  const enough = socket.bytesRead + LINGER_BYTES;
  const watch = setInterval(() => {
    if (socket.bytesRead > enough) socket.destroy();
  }, 50);
  const limit = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => {
    clearInterval(watch);
    clearTimeout(limit);
  });
  socket.end(last);
}

/** A body was announced and is not there in full. */
function hasUnreadBody(req: IncomingMessage): boolean {
  if (req.complete || req.method === 'HEAD') return false;
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function answerHeaders({ body, contentType, refresh, expires, setCookies, own }: PhoneAnswer): string[] {
  const headers = ['Content-Type', contentType, 'Content-Length', String(body.byteLength)];
  if (isPresent(refresh)) headers.push('Refresh', refresh);
  if (own) headers.push('Expires', EXPIRED);
  else if (isPresent(expires)) headers.push('Expires', expires);
  for (const cookie of setCookies ?? []) if (isPresent(cookie)) headers.push('Set-Cookie', cookie);
  return headers;
}

/** A value with a character that no header may hold is left out rather than let it break the answer. */
function isPresent(value: string | null | undefined): value is string {
  return typeof value === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
}
