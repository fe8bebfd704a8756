/**
 * Where phones connect: a bare node:http or node:https server (express costs a third more per page, reference/libraries.md)
 * with the limits of reference/http-hardening.md. What is no HTTP request at all is answered here; everything else goes to
 * `onRequest`.
 */

import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ListenerConfig } from '../config/config.ts';
import type { FailureCode } from '../domain/failure.ts';
import type { Failure } from '../domain/model.ts';
import { endGently, renderAnswer } from './answer.ts';
import { breakForm } from './form.ts';
import { MAX_HEADERS } from './gate.ts';
import { ListenerError, listenError } from './listener-error.ts';
import { keepSessions, readTlsFiles } from './listener-tls.ts';

export { readForm } from './form.ts';
export { ListenerError } from './listener-error.ts';

export interface ListenerLimits {
  readonly headersMs: number;
  readonly requestMs: number;
  /** How often the two above are looked at. */
  readonly checkMs: number;
  /** Above the Refresh periods of the pages, so that a phone that keeps its connection need not open another. */
  readonly keepAliveMs: number;
  /** A connection on which nothing moves for so long is broken; above all other limits and the time an answer may take. */
  readonly stalledMs: number;
  /** About four for each phone. */
  readonly connections: number;
  readonly requestsPerConnection: number;
  readonly headerBytes: number;
}

export const LISTENER_LIMITS: ListenerLimits = {
  headersMs: 8_000,
  requestMs: 15_000,
  checkMs: 1_000,
  keepAliveMs: 15_000,
  stalledMs: 30_000,
  connections: 16_384,
  requestsPerConnection: 1_000,
  headerBytes: 16 * 1024,
};

export interface ListenerOptions {
  /** Key of this listener in the configuration, for errors: phones.listeners[0]. */
  readonly key: string;
  readonly limits?: Partial<ListenerLimits>;
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
  /** Where it listens; tells which port for port 0. Throws when it does not. */
  readonly address: () => AddressInfo;
}

export function createListener(config: ListenerConfig, options: ListenerOptions): Listener {
  const limits = { ...LISTENER_LIMITS, ...options.limits };
  /** All connections; those of phones that have not finished a TLS handshake among them. */
  const sockets = new Set<Socket>();
  /** Connections that can carry requests. */
  const ready = new Set<Socket>();
  let server: Server | null = null;
  let address: AddressInfo | null = null;
  const doorman = new Doorman(options, limits);

  return {
    start: async () => {
      server = await createHttpServer(config, limits, options.key);
      server.timeout = limits.stalledMs;
      server.maxConnections = limits.connections;
      // One more than the gate allows: Node drops the rest silently, and a dropped header must not go unseen.
      server.maxHeadersCount = MAX_HEADERS + 1;
      server.on('connection', keepIn(sockets));
      server.on(config.tls === null ? 'connection' : 'secureConnection', keepIn(ready));
      doorman.guard(server);
      await listen(server, config, options.key);
      // Kept: every request asks, and Node asks the system each time (2 µs).
      address = server.address() as AddressInfo;
      // Out of file descriptors, for one; unheard it would end the process.
      server.on('error', (error: NodeJS.ErrnoException) => {
        options.onRefused({ code: 'request-flood', detail: `a connection could not be accepted: ${error.code}` }, null);
      });
    },
    drain: () => doorman.drain(),
    stop: async (deadlineMs) => {
      doorman.drain();
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
  readonly #limits: ListenerLimits;
  readonly #inFlight = new Set<ServerResponse>();
  #draining = false;

  constructor(options: ListenerOptions, limits: ListenerLimits) {
    this.#options = options;
    this.#limits = limits;
  }

  guard(server: Server): void {
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

  #admit(req: IncomingMessage, res: ServerResponse): void {
    const connection = this.#connectionOf(req.socket);
    const { current } = connection;
    // Pipelined. Phones never do that, and half of all request smuggling begins so: answered is what came first, and the
    // client may ask again for the rest on another connection (RFC 9112 §9.3.2).
    if (current !== null && !current.res.writableEnded) current.res.shouldKeepAlive = false;
    if (isOver(connection)) return void req.resume();
    connection.requests += 1;
    if (this.#draining || connection.requests >= this.#limits.requestsPerConnection) res.shouldKeepAlive = false;
    connection.current = { req, res };
    this.#inFlight.add(res);
    res.once('close', () => this.#inFlight.delete(res));
    this.#options.onRequest(req, res);
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

async function createHttpServer(config: ListenerConfig, limits: ListenerLimits, key: string): Promise<Server> {
  const options: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: limits.headerBytes,
    // Node would answer a bare 400; the gate refuses with a page.
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  };
  if (config.tls === null) return createServer(options);
  try {
    const files = await readTlsFiles(config.tls);
    const server = createTlsServer({
      ...options,
      ...files,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: limits.headersMs,
    });
    keepSessions(server);
    return server;
  } catch (error) {
    throw new ListenerError(`${key}.tls`, `certificate or key cannot be used: ${(error as Error).message}`, error);
  }
}

function listen(server: Server, { host, port }: ListenerConfig, key: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, key));
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}
