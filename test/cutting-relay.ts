/** A relay between a client and a server of a test that can stop copying: the link is dead and nobody is told. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface CuttingRelay {
  readonly port: number;
  /** Connections accepted so far. */
  connections(): number;
  /** From now on nothing passes, and new connections are accepted and stay silent. */
  cut(): void;
  /** New connections pass again; those that were cut are lost for good. */
  mend(): void;
  /** Everything that clients sent, as text. */
  sent(): string;
  stop(): Promise<void>;
}

/** `host`: another address of loopback, with the same port as what is behind it. */
export async function startCuttingRelay(target: number, host: string | null = null): Promise<CuttingRelay> {
  const sockets = new Set<Socket>();
  let isCut = false;
  let connections = 0;
  let sent = '';
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  };
  const server = createServer((client) => {
    connections += 1;
    keep(client);
    if (isCut) return;
    const upstream = connect(target, '127.0.0.1');
    keep(upstream);
    client.on('data', (bytes) => {
      sent += bytes.toString('latin1');
    });
    client.pipe(upstream).pipe(client);
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  server.listen(host === null ? 0 : target, host ?? '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    connections: () => connections,
    cut() {
      isCut = true;
      for (const socket of sockets) {
        socket.unpipe();
        socket.pause();
      }
    },
    mend() {
      isCut = false;
    },
    sent: () => sent,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
