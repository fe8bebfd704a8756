/** Opens the connections of the relay: one time limit over name, TCP and TLS together, and TLS sessions resumed. */

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connectTls, type Trust } from './upstream-tls.ts';

/** Calls back once, with a socket on which the first byte may be written, or with why there is none. */
export type Connector = (url: URL, callback: (error: Error | null, socket: Socket | null) => void) => void;

/** `limitMs` covers everything until the first byte may be written. */
export function createConnector(service: Trust, limitMs: number): Connector {
  const open = createOpener(service);
  return ({ hostname, protocol, port }, callback) => {
    const secure = protocol === 'https:';
    // A URL has an IPv6 address in brackets, a socket has not.
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    const socket = open(secure, { host, port: Number(port) || (secure ? 443 : 80) });
    let waiting = true;
    const settle = (error: Error | null) => {
      if (!waiting) return;
      waiting = false;
      clearTimeout(timer);
      if (error === null) callback(null, socket.setNoDelay(true));
      else callback(error, null);
    };
    const timer = setTimeout(() => {
      settle(connectError('ETIMEDOUT'));
      socket.destroy();
    }, limitMs);
    // An untrusted certificate destroys the socket as it becomes secure; its error follows.
    socket.once(secure ? 'secureConnect' : 'connect', () => socket.destroyed || settle(null));
    socket.on('error', settle);
    socket.once('close', () => settle(connectError('ECONNRESET')));
  };
}

function connectError(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'connect' });
}

/** A full handshake costs 0.9 ms of CPU with P-256, 1.6 ms with RSA (reference/libraries.md), so sessions are resumed. */
function createOpener(service: Trust): (secure: boolean, target: { host: string; port: number }) => Socket {
  let session: Buffer | undefined;
  return (secure, target) => {
    if (!secure) return connectTcp(target);
    // RFC 6066 §3: no address as a server name.
    const servername = isIP(target.host) === 0 ? target.host : '';
    const socket = connectTls(service, { ...target, servername, ...(session === undefined ? {} : { session }) });
    let trusted = false;
    let ticket: Buffer | undefined;
    // TLS 1.2 brings the ticket before the certificate has been judged, TLS 1.3 after.
    socket.on('session', (next: Buffer) => {
      ticket = next;
      if (trusted) session = next;
    });
    socket.once('secureConnect', () => {
      trusted = !socket.destroyed;
      if (trusted) session = ticket ?? session;
    });
    socket.once('error', () => {
      if (!trusted) session = undefined;
    });
    return socket;
  };
}
