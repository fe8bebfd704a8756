/** The ops port: its listener, limits and lifetime. What it answers is in routes.ts. */

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listenError } from '../http/server/listener-error.ts';
import { createHeldConnections } from './held-connections.ts';
import { createOpsRoutes, type OpsRoutesOptions } from './routes.ts';

export interface OpsServerOptions extends OpsRoutesOptions {
  /** 0: any free port. */
  readonly port: number;
}

export interface OpsServer {
  /** Rejects with a ListenerError when the port cannot be had. */
  start(): Promise<void>;
  /** Finishes what is in flight, for at most so long. Also after a start that failed, or none. */
  stop(withinMs?: number): Promise<void>;
  /** After start. */
  address(): AddressInfo;
}

const STOP_WITHIN_MS = 1000;
/** Monitoring and a few browsers. */
const MAX_CONNECTIONS = 256;

export function createOpsServer(options: OpsServerOptions): OpsServer {
  const { host, port, clock, report } = options;
  // Requests are small and few: who dawdles is none of ours.
  const limits = { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000 };
  const server = createServer(limits, createOpsRoutes(options));
  const connections = createHeldConnections(MAX_CONNECTIONS);
  server.on('connection', connections.opened);
  server.prependListener('request', (req, res) => res.once('close', connections.requested(req.socket)));

  return {
    start: () =>
      new Promise((resolve, reject) => {
        const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, 'ops'));
        server.once('error', fail);
        server.listen({ host, port }, () => {
          server.off('error', fail);
          // Without a listener, an accept that fails for want of file descriptors would end the process.
          server.on('error', (error) => report({ kind: 'internal-fault', at: clock.now(), where: 'operators', error }));
          resolve();
        });
      }),
    stop: (withinMs = STOP_WITHIN_MS) => close(server, withinMs),
    address: () => server.address() as AddressInfo,
  };
}

function close(server: Server, withinMs: number): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), withinMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
