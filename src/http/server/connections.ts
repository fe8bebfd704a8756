/**
 * Who gets in at a listener: connections within the bounds of their address, one request at a time on each, and nothing
 * that is no request. What it turns away has its answer from here.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Server as TlsServer } from 'node:tls';
import type { Failure } from '../../domain/model.ts';
import { endGently, renderAnswer } from './answer.ts';
import { type HttpExchange, NodeExchange } from './exchange.ts';
import { breakForm } from './form-body.ts';
import type { ListenerLimits, ListenerOptions } from './listener.ts';
import { chooseByHello } from './listener-tls.ts';
import { GetConnection, type GetConnectionOwner, type GetLimits } from './plain-get-connection.ts';

/** What of a listener's options is the doorman's. */
export type DoormanOptions = Pick<ListenerOptions, 'bounds' | 'onRequest' | 'onRefused' | 'errorPage'>;
type Limits = GetLimits & Pick<ListenerLimits, 'checkMs' | 'requestsPerConnection'>;

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
export class Doorman implements GetConnectionOwner {
  readonly #options: DoormanOptions;
  readonly #limits: () => Limits;
  /** All connections; those of phones that have not finished a TLS handshake among them. */
  readonly #sockets = new Set<Socket>();
  /** Connections on which nothing but plain GETs has come. */
  readonly #gets = new Set<GetConnection>();
  /** What hands a connection to Node's parser. */
  #parse: (socket: Socket) => void = () => {};
  /** Answers due to what Node's parser has read. */
  readonly #inFlight = new Set<ServerResponse>();
  /** Since when answers have been waiting to be taken, by the clock of `performance`. */
  #untaken: ReadonlyMap<ServerResponse, number> = new Map();
  #draining = false;

  constructor(options: DoormanOptions, limits: () => Limits) {
    this.#options = options;
    this.#limits = limits;
  }

  /** `sessionIds`: where `server` is one of node:https, the server for clients that know no tickets; else null. */
  guard(server: Server, sessionIds: TlsServer | null): void {
    const encrypted = sessionIds !== null;
    const receive = (socket: Socket) => void this.#gets.add(new GetConnection(socket, encrypted, this));
    const enter = encrypted ? this.#guardTls(server, sessionIds, receive) : receive;
    if (!encrypted) this.#parse = takeListeners(server, 'connection');
    const doorman = this;
    // One listener for all sockets: a closure for each page is garbage.
    function leave(this: Socket): void {
      doorman.#left(this);
    }
    server.on('connection', (socket: Socket) => {
      if (!this.#letsIn(socket)) return;
      this.#sockets.add(socket);
      socket.on('close', leave);
      enter(socket);
    });
    const sweep = setInterval(() => this.#breakLate(), this.#limits().checkMs).unref();
    server.once('close', () => clearInterval(sweep));
    server.on('request', (req, res) => this.#admit(req, res));
    // Expect other than 100-continue, which Node answers itself and with a 417.
    server.on('checkExpectation', (_req, res: ServerResponse) => this.#turnAway(res.socket, EXPECTATION));
    server.on('clientError', (error: ParserError, socket) => this.#onParserError(error, socket as Socket));
    server.on('connect', (_req, socket) => this.#turnAway(socket as Socket, METHOD));
    server.on('drop', (peer) => this.#options.onRefused(FLOOD, peer?.remoteAddress ?? null));
  }

  /** Returns what a connection begins with. */
  #guardTls(server: Server, sessionIds: TlsServer, receive: (socket: Socket) => void): (socket: Socket) => void {
    // Node's own listeners begin TLS and HTTP. They must not see who is turned away: a handshake is the dear part.
    const byTicket = takeListeners(server, 'connection');
    const byId = takeListeners(sessionIds, 'connection');
    this.#parse = takeListeners(server, 'secureConnection');
    for (const each of [server, sessionIds]) {
      each.on('secureConnection', receive);
      each.on('tlsClientError', (error, socket) => this.#onTlsError(error, socket));
    }
    return (socket) => chooseByHello(socket, this.#limits().headersMs, byTicket, byId);
  }

  drain(): void {
    this.#draining = true;
    for (const res of this.#inFlight) res.shouldKeepAlive = false;
    for (const connection of this.#gets) connection.closeAfter();
  }

  /** Closes connections on which nothing is asked at present; Node knows only those that its parser has been given. */
  closeIdle(): void {
    for (const connection of this.#gets) connection.closeIdle();
  }

  /** Breaks all connections. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  onGet(exchange: HttpExchange, requests: number): void {
    if (this.#draining || requests >= this.#limits().requestsPerConnection) exchange.closeAfter();
    this.#serve(exchange);
  }

  onOther(connection: GetConnection, bytes: Buffer, requests: number): void {
    const { socket } = connection;
    this.#gets.delete(connection);
    this.#connectionOf(socket).requests = requests;
    // What has been read goes back first, so that the parser finds it: only a paused stream keeps it until there is one.
    socket.pause();
    socket.unshift(bytes);
    this.#parse(socket);
    socket.resume();
  }

  onClosed(connection: GetConnection): void {
    this.#gets.delete(connection);
  }

  #letsIn(socket: Socket): boolean {
    const { bounds, onRefused } = this.#options;
    if (bounds === undefined) return true;
    const { remoteAddress } = socket;
    if (bounds.opened(remoteAddress)) return true;
    onRefused(CROWD, remoteAddress ?? null);
    // Without a page: that would be work for somebody who has had more than a share of it.
    socket.destroy();
    return false;
  }

  #left(socket: Socket): void {
    this.#sockets.delete(socket);
    // The address was asked for as it came, and is remembered by the socket.
    this.#options.bounds?.closed(socket.remoteAddress);
  }

  #serve(exchange: HttpExchange): void {
    if (!this.#fendOff(exchange)) this.#options.onRequest(exchange);
  }

  /** Whether this address has asked for too much; then it has its answer already, or none. */
  #fendOff(exchange: HttpExchange): boolean {
    const { bounds, onRefused, errorPage } = this.#options;
    if (bounds === undefined) return false;
    const { verdict, address } = bounds.requested(exchange.remoteAddress, exchange.header('x-forwarded-for'));
    if (verdict === 'serve') return false;
    onRefused(RUSH, address);
    exchange.closeAfter();
    if (verdict === 'drop') exchange.breakOff();
    else exchange.answer({ ...errorPage(RUSH.code), own: true });
    return true;
  }

  #breakLate(): void {
    this.#breakSlowReaders();
    const now = performance.now();
    const limits = this.#limits();
    for (const connection of this.#gets) {
      const lateness = connection.lateness(now, limits);
      if (lateness === 'fine') continue;
      if (lateness === 'not-taken') this.#options.onRefused(NOT_TAKEN, connection.socket.remoteAddress ?? null);
      connection.socket.destroy();
    }
  }

  /** An answer that nobody takes holds its connection and its memory. */
  #breakSlowReaders(): void {
    const now = performance.now();
    const untaken = new Map<ServerResponse, number>();
    for (const res of this.#inFlight) {
      if (!res.writableEnded) continue;
      const since = this.#untaken.get(res) ?? now;
      untaken.set(res, since);
      if (now - since < this.#limits().answerMs) continue;
      this.#options.onRefused(NOT_TAKEN, res.socket?.remoteAddress ?? null);
      res.destroy();
    }
    this.#untaken = untaken;
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
    this.#serve(new NodeExchange(req, res));
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
    endGently(socket, renderAnswer({ ...this.#options.errorPage(failure.code), own: true }, false));
  }
}

/** Removes the listeners of an event and returns what calls them. */
function takeListeners(server: Server | TlsServer, name: 'connection' | 'secureConnection'): (socket: Socket) => void {
  const listeners = server.listeners(name);
  server.removeAllListeners(name);
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

const METHOD: Failure = { code: 'request-method', detail: 'CONNECT' };
const EXPECTATION: Failure = { code: 'request-malformed', detail: 'an Expect header other than 100-continue' };
const FLOOD: Failure = { code: 'request-flood', detail: 'too many connections' };
const CROWD: Failure = { code: 'request-flood', detail: 'too many connections from this address' };
const RUSH: Failure = { code: 'request-flood', detail: 'too many requests from this address' };
const NOT_TAKEN: Failure = { code: 'answer-not-taken', detail: 'the answer was not taken in time' };

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
