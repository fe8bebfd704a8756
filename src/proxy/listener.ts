/**
 * Where phones connect: a bare node:http or node:https server (express costs a third more per page, reference/libraries.md)
 * with the limits of reference/http-hardening.md. What is no HTTP request at all is answered here; everything else goes to
 * `onRequest`.
 */

import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ListenerConfig, PhoneTls } from '../config/config.ts';
import { DEFAULT_LIMITS, type PhoneLimits } from '../config/limits.ts';
import type { FailureCode } from '../domain/failure.ts';
import type { Failure } from '../domain/model.ts';
import { systemClock } from '../store/clock.ts';
import type { AddressBounds } from './address-bounds.ts';
import { endGently, renderAnswer, sendPage } from './answer.ts';
import { breakForm } from './form.ts';
import { MAX_HEADERS } from './gate.ts';
import {
  type CertificateOptions,
  type CertificateStatus,
  createListenerCertificate,
  type ListenerCertificate,
} from './listener-certificate.ts';
import { ListenerError, listenError } from './listener-error.ts';
import { keepSessions } from './listener-tls.ts';

export { readForm } from './form.ts';
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
  /** Every complete request head. Answer with `sendPage`; with `res.shouldKeepAlive` false the connection then closes. */
  readonly onRequest: (req: IncomingMessage, res: ServerResponse) => void;
  /** What never became a request was refused; `address` is the peer's, null when it has gone. */
  readonly onRefused: (failure: Failure, address: string | null) => void;
  /** The page for what never became a request. */
  readonly errorPage: (code: FailureCode) => { readonly body: Uint8Array; readonly contentType: string };
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
  let limits = { ...LISTENER_LIMITS, ...options.limits };
  /** All connections; those of phones that have not finished a TLS handshake among them. */
  const sockets = new Set<Socket>();
  /** Connections that can carry requests. */
  const ready = new Set<Socket>();
  let server: Server | null = null;
  let address: AddressInfo | null = null;
  const doorman = new Doorman(options, () => limits);
  const certificate =
    config.tls === null ? null : createListenerCertificate(config.tls, options.certificate ?? UNHEARD);

  return {
    start: async () => {
      const starting = await createHttpServer(certificate, limits, options.key);
      server = starting;
      applyLimits(starting, limits);
      // One more than the gate allows: Node drops the rest silently, and a dropped header must not go unseen.
      starting.maxHeadersCount = MAX_HEADERS + 1;
      starting.on('connection', keepIn(sockets));
      starting.on(certificate === null ? 'connection' : 'secureConnection', keepIn(ready));
      doorman.guard(starting);
      await listen(starting, config, options.key);
      // Kept: every request asks, and Node asks the system each time (2 µs).
      address = starting.address() as AddressInfo;
      certificate?.watch((context) => (starting as TlsServer).setSecureContext(context));
      // Out of file descriptors, for one; unheard it would end the process.
      starting.on('error', (error: NodeJS.ErrnoException) => {
        options.onRefused({ code: 'request-flood', detail: `a connection could not be accepted: ${error.code}` }, null);
      });
    },
    setLimits: (next) => {
      limits = { ...LISTENER_LIMITS, ...next };
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
      // Node takes a connection on which nothing has come yet for one with a request under way.
      for (const socket of ready) if (socket.bytesRead === 0) socket.destroy();
      const deadline = setTimeout(() => {
        stopping.closeAllConnections();
        // Node knows nothing of those that are still in a TLS handshake.
        for (const socket of sockets) socket.destroy();
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

function keepIn(set: Set<Socket>): (socket: Socket) => void {
  return (socket) => {
    set.add(socket);
    socket.once('close', () => set.delete(socket));
  };
}

/** Where a socket carries what is known of its connection: a WeakMap of thousands of them is work for every garbage collection. */
const CONNECTION = Symbol('connection');

interface Connection {
  requests: number;
  /** It has been given up: nothing that arrives any more is served. */
  closing: boolean;
  current: { readonly req: IncomingMessage; readonly res: ServerResponse } | null;
}

/** RFC 9112 §9.6: nothing that follows the last request of a connection is processed. */
function isOver({ closing, current }: Connection): boolean {
  return closing || current?.res.shouldKeepAlive === false;
}

/** Lets in one request at a time on each connection and turns away what is none. */
class Doorman {
  readonly #options: ListenerOptions;
  readonly #limits: () => ListenerLimits;
  readonly #inFlight = new Set<ServerResponse>();
  /** Since when an answer has been waiting to be taken, by the clock of `performance`. */
  readonly #untaken = new WeakMap<ServerResponse, number>();
  #draining = false;

  constructor(options: ListenerOptions, limits: () => ListenerLimits) {
    this.#options = options;
    this.#limits = limits;
  }

  guard(server: Server): void {
    server.on('connection', (socket: Socket) => this.#greet(socket));
    const sweep = setInterval(() => this.#breakSlowReaders(), this.#limits().checkMs);
    server.once('close', () => clearInterval(sweep));
    server.on('request', (req, res) => this.#admit(req, res));
    // Expect other than 100-continue, which Node answers itself and with a 417.
    server.on('checkExpectation', (_req, res: ServerResponse) => this.#turnAway(res.socket, EXPECTATION));
    server.on('clientError', (error: ParserError, socket) => this.#onParserError(error, socket as Socket));
    server.on('connect', (_req, socket) => this.#turnAway(socket as Socket, METHOD));
    server.on('drop', (peer) => this.#options.onRefused(FLOOD, peer?.remoteAddress ?? null));
    server.on('tlsClientError', (error, socket) => this.#onTlsError(error, socket));
  }

  drain(): void {
    this.#draining = true;
    for (const res of this.#inFlight) res.shouldKeepAlive = false;
  }

  #greet(socket: Socket): void {
    const { bounds, onRefused } = this.#options;
    const { remoteAddress } = socket;
    if (bounds === undefined) return;
    if (bounds.opened(remoteAddress)) {
      socket.once('close', () => bounds.closed(remoteAddress));
      return;
    }
    onRefused(CROWD, remoteAddress ?? null);
    // Without a page: that would be work for somebody who has had more than a share of it.
    socket.destroy();
  }

  /** Whether this address has asked for too much; then it has its answer already, or none. */
  #fendOff(req: IncomingMessage, res: ServerResponse): boolean {
    const { bounds, onRefused, errorPage } = this.#options;
    if (bounds === undefined) return false;
    const forwardedFor = req.headers['x-forwarded-for'];
    const { verdict, address } = bounds.requested(req.socket.remoteAddress, forwardedFor?.toString());
    if (verdict === 'serve') return false;
    onRefused(RUSH, address);
    res.shouldKeepAlive = false;
    if (verdict === 'drop') req.socket.destroy();
    else sendPage(req, res, { ...errorPage(RUSH.code), own: true });
    return true;
  }

  /** An answer that nobody takes holds its connection and its memory. */
  #breakSlowReaders(): void {
    const now = performance.now();
    for (const res of this.#inFlight) {
      if (!res.writableEnded) continue;
      const since = this.#untaken.get(res) ?? now;
      this.#untaken.set(res, since);
      if (now - since < this.#limits().answerMs) continue;
      this.#options.onRefused(NOT_TAKEN, res.socket?.remoteAddress ?? null);
      res.destroy();
    }
  }

  #admit(req: IncomingMessage, res: ServerResponse): void {
    const connection = this.#connectionOf(req.socket);
    const { current } = connection;
    // Pipelined. Phones never do that, and half of all request smuggling begins so: answered is what came first, and the
    // client may ask again for the rest on another connection (RFC 9112 §9.3.2).
    if (current !== null && !current.res.writableEnded) current.res.shouldKeepAlive = false;
    if (isOver(connection)) return void req.resume();
    connection.requests += 1;
    if (this.#draining || connection.requests >= this.#limits().requestsPerConnection) res.shouldKeepAlive = false;
    connection.current = { req, res };
    this.#inFlight.add(res);
    res.once('close', () => this.#inFlight.delete(res));
    if (!this.#fendOff(req, res)) this.#options.onRequest(req, res);
  }

  #connectionOf(socket: Duplex & { [CONNECTION]?: Connection }): Connection {
    socket[CONNECTION] ??= { requests: 0, closing: false, current: null };
    return socket[CONNECTION];
  }

  /** The parser has given up on the connection: malformed bytes, a limit, or the peer has gone. */
  #onParserError(error: ParserError, socket: Socket): void {
    const connection = this.#connectionOf(socket);
    const { current } = connection;
    const failure = classifyParserError(error);
    if (current !== null && !current.res.writableEnded) {
      // An answer is due on this connection, so nothing else may be written. It is the last one.
      current.res.shouldKeepAlive = false;
      connection.closing = true;
      if (failure !== null) breakForm(current.req, failure);
      return;
    }
    if (isOver(connection)) return;
    connection.closing = true;
    if (failure === null || !socket.writable) return void socket.destroy();
    // Nothing was asked: a connection opened ahead, or one that only sits there.
    if (socket.bytesRead === 0) return void socket.destroy();
    this.#turnAway(socket, failure);
  }

  #onTlsError(error: NodeJS.ErrnoException, socket: Socket): void {
    const { code = 'unknown' } = error;
    // A peer that leaves during the handshake is a port scan or a phone that does not trust the certificate.
    const detail =
      code === 'ERR_SSL_HTTP_REQUEST' ? 'plain HTTP on a TLS listener' : `the TLS handshake of a phone failed: ${code}`;
    this.#options.onRefused({ code: 'request-malformed', detail }, socket.remoteAddress ?? null);
  }

  #turnAway(socket: Socket | null, failure: Failure): void {
    if (socket === null) return;
    this.#connectionOf(socket).closing = true;
    socket.on('error', () => socket.destroy());
    this.#options.onRefused(failure, socket.remoteAddress ?? null);
    endGently(socket, renderAnswer({ ...this.#options.errorPage(failure.code), own: true }));
  }
}

const METHOD: Failure = { code: 'request-method', detail: 'CONNECT' };
const EXPECTATION: Failure = { code: 'request-malformed', detail: 'an Expect header other than 100-continue' };
const FLOOD: Failure = { code: 'request-flood', detail: 'too many connections' };
const CROWD: Failure = { code: 'request-flood', detail: 'too many connections from this address' };
const RUSH: Failure = { code: 'request-flood', detail: 'too many requests from this address' };
const NOT_TAKEN: Failure = { code: 'answer-not-taken', detail: 'the answer was not taken in time' };
const UNHEARD: CertificateOptions = { clock: systemClock, report: () => {} };

interface ParserError extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/** null: the peer has gone, and there is nobody to answer. */
function classifyParserError({ code = 'unknown', rawPacket }: ParserError): Failure | null {
  // The first byte of a TLS handshake record.
  if (rawPacket?.[0] === 0x16) return { code: 'request-malformed', detail: 'a TLS handshake on a plain HTTP listener' };
  if (code === 'HPE_HEADER_OVERFLOW') return { code: 'request-too-long', detail: 'request line and headers too long' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return { code: 'request-malformed', detail: 'the request did not end in time' };
  if (code.startsWith('HPE_')) return { code: 'request-malformed', detail: `not valid HTTP: ${code}` };
  return null;
}

async function createHttpServer(
  certificate: ListenerCertificate | null,
  limits: ListenerLimits,
  key: string,
): Promise<Server> {
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
  if (certificate === null) return createServer(options);
  try {
    const context = await certificate.load();
    const protocols = { ALPNProtocols: ['http/1.1'], handshakeTimeout: limits.headersMs };
    const server = createTlsServer({ ...options, ...context, ...protocols });
    keepSessions(server);
    return server;
  } catch (error) {
    throw new ListenerError(`${key}.tls`, `certificate or key cannot be used: ${(error as Error).message}`, error);
  }
}

function applyLimits(server: Server, limits: ListenerLimits): void {
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.keepAliveTimeout = limits.keepAliveMs;
  server.timeout = Math.max(limits.stalledMs, 2 * Math.max(limits.requestMs, limits.keepAliveMs, limits.answerMs));
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
