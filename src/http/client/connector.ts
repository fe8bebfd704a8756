/** Opens connections to one server: one time limit over name, TCP and TLS together, and TLS sessions resumed. */

import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connectTls, type Trust } from './trust.ts';

/** A connection on which the first byte may be written. */
export interface Opened {
  readonly socket: Socket;
  /** Who is given the bytes of each read. They are lent: the next read overwrites them. */
  readonly onBytes: (take: (bytes: Buffer) => void) => void;
}

/** Calls back once, with a connection, or with why there is none. */
export type Connector = (url: URL, callback: (error: Error | null, opened: Opened | null) => void) => void;

/** Memory into which one connection reads, over and over: Node would take 64 KiB anew for each read. */
const READ_BYTES = 16 * 1024;

/** `limitMs` covers everything until the first byte may be written. */
export function createConnector(trust: Trust, limitMs: number): Connector {
  const open = createOpener(trust);
  return ({ hostname, protocol, port }, callback) => {
    const secure = protocol === 'https:';
    // A URL has an IPv6 address in brackets, a socket has not.
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    let take = (_bytes: Buffer): void => void socket.destroy();
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const onread = {
      buffer,
      callback: (length: number) => {
        take(buffer.subarray(0, length));
        return true;
      },
    };
    const socket = open(secure, { host, port: Number(port) || (secure ? 443 : 80), onread });
    let waiting = true;
    const settle = (error: Error | null) => {
      if (!waiting) return;
      waiting = false;
      clearTimeout(timer);
      if (error !== null) return callback(error, null);
      socket.setNoDelay(true);
      callback(null, {
        socket,
        onBytes: (next) => {
          take = next;
        },
      });
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

interface Target {
  readonly host: string;
  readonly port: number;
  readonly onread: OnReadOpts;
}

/** A full handshake costs far more than all pages on it (reference/libraries.md), so sessions are resumed. */
function createOpener(trust: Trust): (secure: boolean, target: Target) => Socket {
  let session: Buffer | undefined;
  return (secure, target) => {
    if (!secure) return connectTcp(target);
    // RFC 6066 §3: no address as a server name.
    const servername = isIP(target.host) === 0 ? target.host : '';
    const socket = connectTls(trust, { ...target, servername, ...(session === undefined ? {} : { session }) });
    let isTrusted = false;
    let ticket: Buffer | undefined;
    // TLS 1.2 brings the ticket before the certificate has been judged, TLS 1.3 after.
    socket.on('session', (next: Buffer) => {
      ticket = next;
      if (isTrusted) session = next;
    });
    socket.once('secureConnect', () => {
      isTrusted = !socket.destroyed;
      if (isTrusted) session = ticket ?? session;
    });
    socket.once('error', () => {
      if (!isTrusted) session = undefined;
    });
    return socket;
  };
}
