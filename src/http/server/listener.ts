/**
 * Where clients connect: a bare node:http or node:https server (express costs a third more per page, reference/libraries.md)
 * with the limits of reference/http-hardening.md. What comes on its connections is read in connections.ts.
 */

import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, BlockList } from 'node:net';
import type { TlsOptions, Server as TlsServer } from 'node:tls';
import { systemClock } from '../../time/clock.ts';
import { type ConnectionPolicy, completeLimits, type GivenLimits, type ListenerLimits } from './connection-policy.ts';
import { Connections, type ConnectionsOptions, type HttpParser } from './connections.ts';
import {
  type CertificateOptions,
  type CertificateStatus,
  createListenerCertificate,
  type ListenerCertificate,
  type ListenerTls,
} from './listener-certificate.ts';
import { ListenerError, listenError } from './listener-error.ts';
import { createSessionIdServer } from './listener-tls.ts';
import { MAX_HEADERS } from './request-head.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0 means any free port (tests). */
  readonly port: number;
  readonly tls: ListenerTls | null;
}

export interface ListenerOptions extends ConnectionsOptions {
  /** Key of this listener in the configuration, for errors: phones.listeners[0]. */
  readonly key: string;
  readonly limits: GivenLimits;
  /** Absent: auto. */
  readonly parser?: HttpParser;
  /** Whose connections begin with a header of the PROXY protocol; null: nobody's; absent: nor can they be anybody's. */
  readonly fronts?: BlockList | null;
  /** Who is told of what becomes of the certificate, and by which clock. */
  readonly certificate?: CertificateOptions;
  /** Other processes listen there too. Absent: none. */
  readonly shared?: SharedListening;
}

/** What processes that listen on the same port must have in common (node:cluster). */
export interface SharedListening {
  /** Of how many this is one: each has its share of the connections. */
  readonly processes: number;
  /** 48 bytes, which let a client resume with one process the TLS session that it had with another. */
  readonly ticketKeys: Buffer;
}

export interface Listener {
  /** Rejects with a ListenerError. */
  readonly start: () => Promise<void>;
  /** Says `Connection: close` on every answer from now on. */
  readonly drain: () => void;
  /**
   * Accepts no more, says `Connection: close` on every answer from now on, closes what is idle, and after `deadlineMs`
   * breaks what is not finished.
   */
  readonly stop: (deadlineMs: number) => Promise<void>;
  /** Other limits, for all connections and from now on, and another parser and other fronts for new connections. */
  readonly reconfigure: (limits: GivenLimits, parser: HttpParser, fronts: BlockList | null) => void;
  /** null: no TLS, or not started. */
  readonly certificate: () => CertificateStatus | null;
  /** Looks at the certificate's files now; other files, if they have moved. Nothing without TLS. */
  readonly lookAtCertificate: (tls: ListenerTls) => Promise<void>;
  /** Where it listens; tells which port for port 0. Throws when it does not. */
  readonly address: () => AddressInfo;
}

export function createListener(configured: ListenAddress, options: ListenerOptions): Listener {
  const policy: ConnectionPolicy = { limits: completeLimits(options.limits), isDraining: false };
  const connections = new Connections(options, policy, options.parser ?? 'auto');
  connections.fronts = options.fronts;
  let server: Server | null = null;
  let address: AddressInfo | null = null;
  const certificate =
    configured.tls === null ? null : createListenerCertificate(configured.tls, options.certificate ?? UNHEARD);

  return {
    start: async () => {
      const { server: starting, sessionIds } = await createServers(certificate, policy.limits, options);
      server = starting;
      applyLimits(starting, policy.limits, options.shared);
      // One more than are allowed: Node drops the rest silently, and a dropped header must not go unseen.
      starting.maxHeadersCount = MAX_HEADERS + 1;
      // Left to Node, a client that ends its side once it has asked gets no answer, and the end of the server cuts off answers
      // that are being taken and waits for connections on which nothing was ever asked. The connection policy knows better.
      Object.assign(starting, { httpAllowHalfOpen: true, closeIdleConnections: () => {} });
      connections.guard(starting, sessionIds);
      await listen(starting, configured, options.key);
      // Kept: every request asks, and Node asks the system each time.
      address = starting.address() as AddressInfo;
      certificate?.watch((context) => {
        const all = { ...context, ...sessionOptions(options.shared) };
        for (const each of [starting, sessionIds]) (each as TlsServer).setSecureContext(all);
      });
      // Out of file descriptors, for one; unheard it would end the process.
      starting.on('error', (error: NodeJS.ErrnoException) => {
        options.onRefused({ code: 'flood', detail: `a connection could not be accepted: ${error.code}` }, null);
      });
    },
    reconfigure: (limits, parser, fronts) => {
      policy.limits = completeLimits(limits);
      connections.parser = parser;
      connections.fronts = fronts;
      if (server !== null) applyLimits(server, policy.limits, options.shared);
    },
    certificate: () => certificate?.status() ?? null,
    lookAtCertificate: async (tls) => certificate?.look(tls),
    drain: () => connections.drain(),
    stop: async (deadlineMs) => {
      connections.drain();
      certificate?.stop();
      const stopping = server;
      server = null;
      if (stopping === null) return;
      const closed = new Promise<void>((resolve) => stopping.close(() => resolve()));
      connections.closeIdle();
      const deadline = setTimeout(() => connections.breakAll(), deadlineMs);
      await closed;
      clearTimeout(deadline);
    },
    address: () => {
      if (server === null || address === null) throw new Error(`${options.key} does not listen`);
      return address;
    },
  };
}

const UNHEARD: CertificateOptions = { clock: systemClock, report: () => {} };

interface Servers {
  readonly server: Server;
  /** For clients that resume by session id; null without TLS. */
  readonly sessionIds: TlsServer | null;
}

async function createServers(
  certificate: ListenerCertificate | null,
  limits: ListenerLimits,
  { key, shared }: Pick<ListenerOptions, 'key' | 'shared'>,
): Promise<Servers> {
  const options: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.headerBytes,
    // Node would answer a bare 400; whoever owns the listener says what is answered.
    requireHostHeader: false,
    insecureHTTPParser: false,
  };
  // Without TLS only a connection that is kept needs it: a last answer leaves with the end behind it, and a call to the
  // system for each connection would be felt.
  if (certificate === null) return { server: createServer({ ...options, noDelay: false }), sessionIds: null };
  try {
    const context = { ...(await certificate.load()), ...sessionOptions(shared) };
    // Node's TLS ends its own side with the client's unless it is told not to.
    const halfOpen = { allowHalfOpen: true, noDelay: true };
    const protocols = { ALPNProtocols: ['http/1.1'], handshakeTimeout: limits.headersMs, ...halfOpen };
    const server = createHttpsServer({ ...options, ...context, ...protocols });
    return { server, sessionIds: createSessionIdServer({ ...context, ...protocols }) };
  } catch (error) {
    throw new ListenerError(`${key}.tls`, `certificate or key cannot be used: ${(error as Error).message}`, error);
  }
}

/** Left alone, a certificate that is read again gives each process keys of its own, and half of the sessions are not resumed. */
function sessionOptions(shared: SharedListening | undefined): TlsOptions {
  return shared === undefined ? {} : { ticketKeys: shared.ticketKeys, sessionIdContext: 'phones' };
}

function applyLimits(server: Server, limits: ListenerLimits, shared: SharedListening | undefined): void {
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.keepAliveTimeout = limits.keepAliveMs;
  // The connection policy sees to everything else.
  server.timeout = 0;
  server.maxConnections = Math.ceil(limits.connections / (shared?.processes ?? 1));
  // One too many is dropped: handed from one process to the next, it would go round for as long as all of them are full.
  Object.assign(server, { dropMaxConnection: true });
}

/**
 * Of connections not yet accepted: after an outage thousands of clients come in one second, and with Node's 511 some would
 * have to wait until TCP tries again (96 of 2,000). The system may allow less.
 */
const BACKLOG = 4096;

function listen(server: Server, { host, port }: ListenAddress, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, key));
    server.once('error', fail);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
