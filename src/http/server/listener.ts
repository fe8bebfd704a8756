/**
 * Where phones connect: a bare node:http or node:https server (express costs a third more per page, reference/libraries.md)
 * with the limits of reference/http-hardening.md. The doorman reads plain GETs before it and leaves all else to it. What is no
 * HTTP request at all is answered here; everything else goes to `onRequest`.
 */

import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import type { ListenerConfig, PhoneTls } from '../../config/config.ts';
import { DEFAULT_LIMITS, type PhoneLimits } from '../../config/limits.ts';
import type { FailureCode } from '../../domain/failure.ts';
import type { Failure } from '../../domain/model.ts';
import { MAX_HEADERS } from '../../phones/gate.ts';
import { systemClock } from '../../time/clock.ts';
import type { PhoneAnswer } from './answer.ts';
import type { AddressBounds } from './client-limits.ts';
import { Doorman } from './connections.ts';
import type { HttpExchange } from './exchange.ts';
import {
  type CertificateOptions,
  type CertificateStatus,
  createListenerCertificate,
  type ListenerCertificate,
} from './listener-certificate.ts';
import { ListenerError, listenError } from './listener-error.ts';
import { createSessionIdServer } from './listener-tls.ts';

export { ListenerError } from './listener-error.ts';

export interface ListenerLimits extends Omit<PhoneLimits, 'perAddress'> {
  /** How often the times are looked at. */
  readonly checkMs: number;
  /** A connection on which nothing moves for so long is broken; raised above all other times where they are longer. */
  readonly stalledMs: number;
  readonly headerBytes: number;
}

export const LISTENER_LIMITS: ListenerLimits = {
  ...DEFAULT_LIMITS,
  checkMs: 1_000,
  stalledMs: 30_000,
  headerBytes: 16 * 1024,
};

export interface ListenerOptions {
  /** Key of this listener in the configuration, for errors: phones.listeners[0]. */
  readonly key: string;
  readonly limits?: Partial<ListenerLimits>;
  /** What one address may ask for; absent: there is no limit. */
  readonly bounds?: AddressBounds;
  /** Who is told of what becomes of the certificate, and by which clock. */
  readonly certificate?: CertificateOptions;
  /** Every complete request head. */
  readonly onRequest: (exchange: HttpExchange) => void;
  /** What never became a request was refused; `address` is the peer's, null when it has gone. */
  readonly onRefused: (failure: Failure, address: string | null) => void;
  /** The page for what never became a request. */
  readonly errorPage: (code: FailureCode) => Pick<PhoneAnswer, 'body' | 'contentType'>;
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
  /** Other limits, for all connections and from now on. */
  readonly setLimits: (limits: Partial<ListenerLimits>) => void;
  /** null: no TLS, or not started. */
  readonly certificate: () => CertificateStatus | null;
  /** Looks at the certificate's files now; other files, if they have moved. Nothing without TLS. */
  readonly lookAtCertificate: (tls: PhoneTls) => Promise<void>;
  /** Where it listens; tells which port for port 0. Throws when it does not. */
  readonly address: () => AddressInfo;
}

export function createListener(config: ListenerConfig, options: ListenerOptions): Listener {
  let limits = completed(options.limits);
  let server: Server | null = null;
  let address: AddressInfo | null = null;
  const doorman = new Doorman(options, () => limits);
  const certificate =
    config.tls === null ? null : createListenerCertificate(config.tls, options.certificate ?? UNHEARD);

  return {
    start: async () => {
      const { server: starting, sessionIds } = await createServers(certificate, limits, options.key);
      server = starting;
      applyLimits(starting, limits);
      // One more than the gate allows: Node drops the rest silently, and a dropped header must not go unseen.
      starting.maxHeadersCount = MAX_HEADERS + 1;
      // A client that ends its side once it has asked (RFC 9112 §9.6 allows it) still gets its answer; Node drops it.
      Object.assign(starting, { httpAllowHalfOpen: true });
      doorman.guard(starting, sessionIds);
      await listen(starting, config, options.key);
      // Kept: every request asks, and Node asks the system each time (2 µs).
      address = starting.address() as AddressInfo;
      certificate?.watch((context) => {
        for (const each of [starting, sessionIds]) (each as TlsServer).setSecureContext(context);
      });
      // Out of file descriptors, for one; unheard it would end the process.
      starting.on('error', (error: NodeJS.ErrnoException) => {
        options.onRefused({ code: 'request-flood', detail: `a connection could not be accepted: ${error.code}` }, null);
      });
    },
    setLimits: (next) => {
      limits = completed(next);
      if (server !== null) applyLimits(server, limits);
    },
    certificate: () => certificate?.status() ?? null,
    lookAtCertificate: async (tls) => certificate?.look(tls),
    drain: () => doorman.drain(),
    stop: async (deadlineMs) => {
      doorman.drain();
      certificate?.stop();
      const stopping = server;
      server = null;
      if (stopping === null) return;
      const closed = new Promise<void>((resolve) => stopping.close(() => resolve()));
      stopping.closeIdleConnections();
      doorman.closeIdle();
      const deadline = setTimeout(() => {
        stopping.closeAllConnections();
        // Node knows only those that its parser has been given.
        doorman.breakAll();
      }, deadlineMs);
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
  /** For phones that resume by session id; null without TLS. */
  readonly sessionIds: TlsServer | null;
}

async function createServers(
  certificate: ListenerCertificate | null,
  limits: ListenerLimits,
  key: string,
): Promise<Servers> {
  const options: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.headerBytes,
    // Node would answer a bare 400; the gate refuses with a page.
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  };
  if (certificate === null) return { server: createServer(options), sessionIds: null };
  try {
    const context = await certificate.load();
    const protocols = { ALPNProtocols: ['http/1.1'], handshakeTimeout: limits.headersMs };
    const server = createHttpsServer({ ...options, ...context, ...protocols });
    return { server, sessionIds: createSessionIdServer({ ...context, ...protocols, noDelay: true }) };
  } catch (error) {
    throw new ListenerError(`${key}.tls`, `certificate or key cannot be used: ${(error as Error).message}`, error);
  }
}

/** `stalledMs` is above all the other times: those say better what is wrong. */
function completed(given: Partial<ListenerLimits> | undefined): ListenerLimits {
  const limits = { ...LISTENER_LIMITS, ...given };
  const longest = Math.max(limits.requestMs, limits.keepAliveMs, limits.answerMs);
  return { ...limits, stalledMs: Math.max(limits.stalledMs, 2 * longest) };
}

function applyLimits(server: Server, limits: ListenerLimits): void {
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.keepAliveTimeout = limits.keepAliveMs;
  server.timeout = limits.stalledMs;
  server.maxConnections = limits.connections;
}

/**
 * Of connections not yet accepted: after an outage thousands of phones come in one second, and with Node's 511 some would
 * have to wait until TCP tries again (96 of 2,000). The system may allow less.
 */
const BACKLOG = 4096;

function listen(server: Server, { host, port }: ListenerConfig, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, key));
    server.once('error', fail);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
