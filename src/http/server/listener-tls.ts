/**
 * The TLS of a listener. Clients may open a connection for each request (reference/phone-xml.md §4), so a session must be
 * resumable: by ticket, or by session id for clients that know no tickets.
 *
 * Node asks for ids and hands out sessions by callbacks, which cost a tenth of a handshake and are there for all
 * connections of a server or for none. So those that need them have a server of their own, which does not listen.
 */

import type { Socket } from 'node:net';
import { createServer, type Server, type TlsOptions } from 'node:tls';
import { resumesByTicket } from './client-hello.ts';
import { beginsAsProxyHeader } from './proxy-header.ts';

const MAX_SESSIONS = 4_096;
const SESSION_MS = 5 * 60_000;

/** A server for clients that know session ids only. What it makes of a connection goes to the listeners of `secureConnection`. */
export function createSessionIdServer(options: TlsOptions): Server {
  const server = createServer(options);
  const sessions = new Map<string, { readonly session: Buffer; readonly until: number }>();
  server.on('newSession', (id, session, done) => {
    // The oldest goes when there are too many.
    const [oldest] = sessions.keys();
    if (sessions.size >= MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
    sessions.set(id.toString('latin1'), { session, until: performance.now() + SESSION_MS });
    done();
  });
  server.on('resumeSession', (id, done) => {
    const known = sessions.get(id.toString('latin1'));
    done(null, known !== undefined && known.until > performance.now() ? known.session : (null as unknown as Buffer));
  });
  return server;
}

/**
 * Waits `limitMs` for the first bytes of a connection and gives it, bytes and all, to one of the two; to `byHeader` where they are
 * those of the PROXY protocol.
 */
export function chooseByHello(
  socket: Socket,
  limitMs: number,
  byTicket: (socket: Socket) => void,
  byId: (socket: Socket) => void,
  byHeader: (socket: Socket) => void,
): void {
  // Errors are told by `close`; once there is a TLS socket, by that.
  socket.on('error', () => {});
  const leave = () => void socket.destroy();
  // Half of a port scan: it has said nothing and never will.
  socket.once('end', leave);
  socket.setTimeout(limitMs, leave);
  socket.once('data', (bytes) => {
    socket.setTimeout(0, leave);
    socket.off('end', leave);
    // Only a paused stream keeps what goes back until somebody reads it.
    socket.pause();
    socket.unshift(bytes);
    if (beginsAsProxyHeader(bytes)) byHeader(socket);
    else if (resumesByTicket(bytes)) byTicket(socket);
    else byId(socket);
  });
}
