/**
 * The cookie that holds a session's id. Its name holds the port, since browsers send the cookies of a host to all its ports
 * and two proxies there would sign each other out; with TLS it has the prefix by which browsers let nobody else set it.
 */

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

function nameOf(socket: Socket): string {
  return `${socket instanceof TLSSocket ? '__Host-' : ''}ippa-session-${socket.localPort}`;
}

/** The value of `Set-Cookie`; null takes it back. */
export function renderSessionCookie(socket: Socket, id: string | null): string {
  const parts = [`${nameOf(socket)}=${id ?? ''}`, 'Path=/', 'HttpOnly', 'SameSite=Strict'];
  if (socket instanceof TLSSocket) parts.push('Secure');
  if (id === null) parts.push('Max-Age=0');
  return parts.join('; ');
}

/** null: the request has none, or several: of those one was put there by somebody else, and none tells which. */
export function readSessionId({ headers, socket }: IncomingMessage): string | null {
  const name = nameOf(socket);
  const ids = (headers.cookie ?? '').split(';').flatMap((pair) => {
    const [key = '', value = ''] = pair.trim().split('=', 2);
    return key === name && /^[\w-]{43}$/.test(value) ? [value] : [];
  });
  return new Set(ids).size === 1 ? (ids[0] ?? null) : null;
}
