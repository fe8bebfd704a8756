/** The ops port: its listener, limits and lifetime. What it answers is in routes.ts. */

import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsServerFiles } from '../config/config.ts';
import {
  type CertificateReport,
  createListenerCertificate,
  type ListenerCertificate,
} from '../http/server/listener-certificate.ts';
import { ListenerError, listenError } from '../http/server/listener-error.ts';
import type { HeldCertificate } from './certificates.ts';
import { createHeldConnections } from './held-connections.ts';
import { createOpsRoutes, type OpsRoutesOptions } from './routes.ts';

export interface OpsServerOptions extends OpsRoutesOptions {
  /** 0: any free port. */
  readonly port: number;
  /** null or absent: plain HTTP. */
  readonly tls?: TlsServerFiles | null;
  readonly onCertificate?: (report: CertificateReport) => void;
  /** An answer of which nothing is taken for so long is cut off; 30 s by default. */
  readonly takenWithinMs?: number;
}

export interface OpsServer {
  /** Rejects with a ListenerError when the port cannot be had. */
  start(): Promise<void>;
  /** Other certificate files, looked at now; plain HTTP stays so. */
  reconfigure(tls: TlsServerFiles | null): void;
  /** Its certificate; null: none, or not started. */
  certificate(): HeldCertificate | null;
  /** Finishes what is in flight, for at most so long. Also after a start that failed, or none. */
  stop(withinMs?: number): Promise<void>;
  /** After start. */
  address(): AddressInfo;
}

const STOP_WITHIN_MS = 1000;
/** Monitoring and a few browsers. */
const MAX_CONNECTIONS = 256;
/** Requests are small and few: what is slow is no tool of operators. */
const LIMITS = { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 1000 };
const HANDSHAKE_MS = 5000;
/** Above the 15 s in which each stream has something to say, and the 3 s for which a guess waits. */
const TAKEN_WITHIN_MS = 30_000;

export function createOpsServer(options: OpsServerOptions): OpsServer {
  const { host, port, clock, report, tls = null } = options;
  const routes = createOpsRoutes(options);
  const certificate =
    tls === null ? null : createListenerCertificate(tls, { clock, report: (seen) => options.onCertificate?.(seen) });
  const server = prepare(routes, certificate !== null);
  // Of inactivity: an answer that waits unread is memory held for nobody. What is taken slowly goes on.
  server.timeout = options.takenWithinMs ?? TAKEN_WITHIN_MS;

  return {
    async start() {
      if (certificate !== null) await useCertificate(server as TlsServer, certificate);
      await listen(server, options);
      // Without a listener, an accept that fails for want of file descriptors would end the process.
      server.on('error', (error) => report({ kind: 'internal-fault', at: clock.now(), where: 'operators', error }));
    },
    reconfigure(next) {
      if (next !== null) void certificate?.look(next);
    },
    certificate() {
      const status = certificate?.status() ?? null;
      return status === null ? null : { ...status, listener: 'ops' };
    },
    stop(withinMs = STOP_WITHIN_MS) {
      certificate?.stop();
      // They never end by themselves.
      options.streams.stop();
      return close(server, withinMs);
    },
    address: () => server.address() as AddressInfo,
  };

  function listen(listening: Server | TlsServer, at: { readonly host: string; readonly port: number }): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, 'ops'));
      listening.once('error', fail);
      listening.listen({ host: at.host, port: at.port }, () => {
        listening.off('error', fail);
        resolve();
      });
    });
  }
}

function prepare(routes: RequestListener, isTls: boolean): Server | TlsServer {
  const server = isTls
    ? createTlsServer({ ...LIMITS, handshakeTimeout: HANDSHAKE_MS, ALPNProtocols: ['http/1.1'] }, routes)
    : createServer(LIMITS, routes);
  const connections = createHeldConnections(MAX_CONNECTIONS);
  server.on('connection', connections.opened);
  server.prependListener('request', (req, res) => res.once('close', connections.requested(req.socket)));
  return server;
}

async function useCertificate(server: TlsServer, certificate: ListenerCertificate): Promise<void> {
  try {
    server.setSecureContext(await certificate.load());
  } catch (error) {
    throw new ListenerError('ops.tls', `certificate or key cannot be used: ${(error as Error).message}`, error);
  }
  certificate.watch((context) => server.setSecureContext(context));
}

function close(server: Server | TlsServer, withinMs: number): Promise<void> {
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
