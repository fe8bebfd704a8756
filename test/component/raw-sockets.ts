/** Sockets without any HTTP library: what a client sends byte for byte, and servers that do what no library would. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface RawReply {
  /** Everything that came, Latin-1. */
  readonly text: string;
  /** The peer ended the connection in an orderly way; false: it was reset. */
  readonly orderly: boolean;
}

/** Sends the bytes on one connection, keeps it open, and resolves when the peer has closed it. */
export async function sendRaw(port: number, ...parts: readonly (string | Buffer)[]): Promise<RawReply> {
  const client = openRaw(port);
  for (const part of parts) client.write(part);
  return client.closed;
}

export interface RawClient {
  readonly socket: Socket;
  readonly write: (part: string | Buffer) => void;
  /** Resolves with everything received so far as soon as that contains `text`. */
  readonly received: (text: string | RegExp) => Promise<string>;
  readonly closed: Promise<RawReply>;
}

export function openRaw(port: number, host = '127.0.0.1', socket: Socket = connect(port, host)): RawClient {
  let text = '';
  let orderly = true;
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {
    orderly = false;
  });
  const closed = once(socket, 'close').then(() => ({ text, orderly }));
  return {
    socket,
    write: (part) => void socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part),
    received: async (wanted) => {
      const isThere = () => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text));
      while (!isThere()) {
        const [event] = await Promise.race([once(socket, 'data'), closed.then(() => [null])]);
        if (event === null && !isThere()) throw new Error(`closed without ${wanted}: ${text}`);
      }
      return text;
    },
    closed,
  };
}

export interface RawServer {
  readonly port: number;
  /** What each connection has sent so far, Latin-1. */
  readonly seen: string[];
  readonly sockets: Socket[];
  /** Resolves when connections have sent text that matches, altogether `times`. */
  readonly saw: (text: string, times?: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A server whose every connection is handled by `onData`, called with what that connection has sent so far. */
export async function startRawServer(
  onData: (socket: Socket, seen: string, connection: number) => void,
  options: { readonly host?: string; readonly port?: number; readonly onConnect?: (socket: Socket) => void } = {},
): Promise<RawServer> {
  const seen: string[] = [];
  const sockets: Socket[] = [];
  const waiting = new Set<() => void>();
  const server: Server = createServer((socket) => {
    const connection = sockets.push(socket) - 1;
    seen.push('');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      seen[connection] += chunk.toString('latin1');
      onData(socket, seen[connection] as string, connection);
      for (const check of waiting) check();
    });
    options.onConnect?.(socket);
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    sockets,
    saw: (text, times = 1) =>
      new Promise((resolve) => {
        const check = () => {
          if (seen.join('').split(text).length - 1 < times) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
