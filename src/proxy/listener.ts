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
import { keepSessions, readTlsFiles } from './listener-tls.ts';

export { readForm } from './form.ts';

export interface ListenerLimits {
  readonly headersMs: number;
  readonly requestMs: number;
  /** How often the two above are looked at. */
  readonly checkMs: number;
  /** Above the Refresh periods of the pages, so that a phone that keeps its connection need not open another. */
  readonly keepAliveMs: number;
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
  /**
   * Accepts no more, says `Connection: close` on every answer from now on, closes what is idle, and after `deadlineMs`
   * breaks what is not finished.
   */
  readonly stop: (deadlineMs: number) => Promise<void>;
  /** Where it listens; tells which port for port 0. Throws when it does not. */
  readonly address: () => AddressInfo;
}

/** A listener could not be started; the message names the key and what to do. */
export class ListenerError extends Error {
  /** Key in the configuration, for example phones.listeners[0].port. */
  readonly key: string;

  constructor(key: string, message: string, cause: unknown) {
    super(`${key}: ${message}`, { cause });
    this.key = key;
  }
}

export function createListener(config: ListenerConfig, options: ListenerOptions): Listener {
  const limits = { ...LISTENER_LIMITS, ...options.limits };
  /** All connections; those of phones that have not finished a TLS handshake among them. */
  const sockets = new Set<Socket>();
  /** Connections that can carry requests. */
  const ready = new Set<Socket>();
  let server: Server | null = null;
  const doorman = new Doorman(options, limits);

  return {
    start: async () => {
      server = await createHttpServer(config, limits, options.key);
      server.maxConnections = limits.connections;
      // One more than the gate allows: Node drops the rest silently, and a dropped header must not go unseen.
      server.maxHeadersCount = MAX_HEADERS + 1;
      server.on('connection', keepIn(sockets));
      server.on(config.tls === null ? 'connection' : 'secureConnection', keepIn(ready));
      doorman.guard(server);
      await listen(server, config, options.key);
    },
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
      const address = server?.address() ?? null;
      if (address === null || typeof address === 'string') throw new Error(`${options.key} does not listen`);
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

/** What is known of one connection. */
interface Connection {
  requests: number;
  /** It has been given up: nothing that arrives any more is served. */
  closing: boolean;
  current: { readonly req: IncomingMessage; readonly res: ServerResponse } | null;
}

/** Lets in one request at a time on each connection and turns away what is none. */
class Doorman {
  readonly #options: ListenerOptions;
  readonly #limits: ListenerLimits;
  readonly #connections = new WeakMap<Duplex, Connection>();
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
    // RFC 9112 §9.6: nothing that follows the last request of a connection is processed.
    if (connection.closing || current?.res.shouldKeepAlive === false) return void req.resume();
    connection.requests += 1;
    if (this.#draining || connection.requests >= this.#limits.requestsPerConnection) res.shouldKeepAlive = false;
    connection.current = { req, res };
    this.#inFlight.add(res);
    res.once('close', () => this.#inFlight.delete(res));
    this.#options.onRequest(req, res);
  }

  #connectionOf(socket: Duplex): Connection {
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      connection = { requests: 0, closing: false, current: null };
      this.#connections.set(socket, connection);
    }
    return connection;
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
    if (connection.closing) return;
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
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port, key)));
    server.listen({ host, port }, resolve);
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number, key: string): ListenerError {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ListenerError(`${key}.port`, `port ${port} on ${host} is already in use`, error);
    case 'EACCES':
      return new ListenerError(`${key}.port`, `no permission to listen on port ${port}`, error);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenerError(`${key}.host`, `${host} is not an address of this machine`, error);
    default:
      return new ListenerError(key, `cannot listen on ${host}, port ${port}: ${error.code}`, error);
  }
}
