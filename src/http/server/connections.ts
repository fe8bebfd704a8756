/**
 * The connections of one listener: within the limits of their clients, read by one of two readers, and looked at now and
 * then. What is no request, or one too many, is answered here; everything else goes to `onRequest`.
 */

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { type HttpAnswer, renderAnswer } from './answer.ts';
import type { ClientLimits } from './client-limits.ts';
import { ClientConnection, type ConnectionPolicy } from './connection-policy.ts';
import type { HttpExchange } from './exchange.ts';
import { chooseByHello } from './listener-tls.ts';
import { answerLastParsed, expectParsed, type ParsedOwner, readParsed } from './parsed-connections.ts';
import { type PlainGetOwner, readPlainGets } from './plain-get-connection.ts';
import type { RequestFault, RequestFaultCode } from './request-fault.ts';

/** Who reads requests. `auto`: plain GETs are read without Node's parser. `node`: it reads everything. */
export type HttpParser = 'auto' | 'node';

export interface ConnectionsOptions {
  /** What one client may ask for; absent: there is no limit. */
  readonly clientLimits?: ClientLimits;
  /** Every complete request head. */
  readonly onRequest: (exchange: HttpExchange) => void;
  /** What never became a request was refused; `address` is the peer's, null when it has gone. */
  readonly onRefused: (fault: RequestFault, address: string | null) => void;
  /** The answer to what never became a request. */
  readonly errorAnswer: (code: RequestFaultCode) => HttpAnswer;
}

const CONNECTION = Symbol('connection');
type ClientSocket = Socket & { [CONNECTION]?: ClientConnection };

export class Connections implements PlainGetOwner, ParsedOwner {
  parser: HttpParser;
  readonly #options: ConnectionsOptions;
  readonly #policy: ConnectionPolicy;
  /** All sockets; those that have not finished a TLS handshake among them. */
  readonly #sockets = new Set<Socket>();
  /** Those on which requests may come. */
  readonly #connections = new Set<ClientConnection>();
  /** Hands a connection to Node's parser. */
  #parse: (socket: Socket) => void = () => {};

  constructor(options: ConnectionsOptions, policy: ConnectionPolicy, parser: HttpParser) {
    this.#options = options;
    this.#policy = policy;
    this.parser = parser;
  }

  /** `sessionIds`: where `server` is one of node:https, the server for clients that know no tickets; else null. */
  guard(server: Server, sessionIds: TlsServer | null): void {
    const enter = sessionIds === null ? this.#guardPlain(server) : this.#guardTls(server, sessionIds);
    const connections = this;
    // One listener for all sockets: a closure for each page is garbage.
    function leave(this: Socket): void {
      connections.#left(this);
    }
    server.on('connection', (socket: Socket) => {
      if (!this.#letsIn(socket)) return;
      this.#sockets.add(socket);
      socket.on('close', leave);
      enter(socket);
    });
    server.on('drop', (peer) => this.#options.onRefused(TOO_MANY, peer?.remoteAddress ?? null));
    readParsed(server, this);
    const sweep = setInterval(() => this.#breakLate(), this.#policy.limits.checkMs).unref();
    server.once('close', () => clearInterval(sweep));
  }

  /** Returns what a connection begins with. */
  #guardPlain(server: Server): (socket: Socket) => void {
    this.#parse = takeListeners(server, 'connection');
    return (socket) => this.#receive(socket);
  }

  #guardTls(server: Server, sessionIds: TlsServer): (socket: Socket) => void {
    // Node's own listeners begin TLS and HTTP. They must not see who is turned away: a handshake is what costs most.
    const byTicket = takeListeners(server, 'connection');
    const byId = takeListeners(sessionIds, 'connection');
    this.#parse = takeListeners(server, 'secureConnection');
    const connections = this;
    function leave(this: Socket): void {
      connections.#closed(this);
    }
    for (const each of [server, sessionIds]) {
      each.on('secureConnection', (socket: Socket) => {
        socket.on('close', leave);
        this.#receive(socket);
      });
      each.on('tlsClientError', (error, socket) => this.#onTlsError(error, socket));
    }
    return (socket) => chooseByHello(socket, this.#policy.limits.headersMs, byTicket, byId);
  }

  /** A connection on which requests can come. */
  #receive(socket: ClientSocket): void {
    const connection = new ClientConnection(socket, this.#policy);
    socket[CONNECTION] = connection;
    this.#connections.add(connection);
    socket.on('error', ignore);
    if (this.parser === 'auto') return void readPlainGets(connection, this);
    expectParsed(connection);
    this.#parse(socket);
  }

  #closed(socket: ClientSocket): void {
    if (socket[CONNECTION] !== undefined) this.#connections.delete(socket[CONNECTION]);
  }

  drain(): void {
    this.#policy.isDraining = true;
    for (const connection of this.#connections) if (connection.isAnswering) connection.closeAfter();
  }

  /** Closes connections on which nothing is asked at present, once what was answered before has been written. */
  closeIdle(): void {
    for (const connection of this.#connections) connection.closeIdle();
  }

  /** Breaks all connections. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  onGet(exchange: HttpExchange): void {
    if (this.#isWithinLimits(exchange)) this.#options.onRequest(exchange);
  }

  onParsed(exchange: HttpExchange): void {
    if (this.#isWithinLimits(exchange)) this.#options.onRequest(exchange);
  }

  onOther(connection: ClientConnection, bytes: Buffer): void {
    const { socket } = connection;
    expectParsed(connection);
    // What has been read goes back first, so that the parser finds it: only a paused stream keeps it until there is one.
    socket.pause();
    socket.unshift(bytes);
    this.#parse(socket);
    socket.resume();
  }

  onUnparsed(connection: ClientConnection, fault: RequestFault): void {
    this.#options.onRefused(fault, connection.socket.remoteAddress ?? null);
    answerLastParsed(connection, renderAnswer(this.#options.errorAnswer(fault.code), false));
  }

  #letsIn(socket: Socket): boolean {
    const { clientLimits, onRefused } = this.#options;
    if (clientLimits === undefined) return true;
    const { remoteAddress } = socket;
    if (clientLimits.opened(remoteAddress)) return true;
    onRefused(TOO_MANY_OF_CLIENT, remoteAddress ?? null);
    // Without an answer: that would be work for somebody who has had more than a share of it.
    socket.destroy();
    return false;
  }

  #left(socket: Socket): void {
    this.#sockets.delete(socket);
    this.#closed(socket);
    // The address was asked for as it came, and is remembered by the socket.
    this.#options.clientLimits?.closed(socket.remoteAddress);
  }

  /** False: this client has asked for too much, and has its answer already, or none. */
  #isWithinLimits(exchange: HttpExchange): boolean {
    const { clientLimits, onRefused, errorAnswer } = this.#options;
    if (clientLimits === undefined) return true;
    const { verdict, address } = clientLimits.requested(exchange.remoteAddress, exchange.header('x-forwarded-for'));
    if (verdict === 'serve') return true;
    onRefused(TOO_OFTEN, address);
    exchange.closeAfter();
    if (verdict === 'drop') exchange.breakOff();
    else exchange.answer(errorAnswer(TOO_OFTEN.code));
    return false;
  }

  #breakLate(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      const lateness = connection.lateness(now);
      if (lateness === 'fine') continue;
      if (lateness === 'not-taken') this.#options.onRefused(NOT_TAKEN, connection.socket.remoteAddress ?? null);
      connection.socket.destroy();
    }
  }

  #onTlsError({ code = 'unknown' }: NodeJS.ErrnoException, socket: Socket): void {
    // A peer that leaves during the handshake is a port scan or a client that does not trust the certificate.
    const detail =
      code === 'ERR_SSL_HTTP_REQUEST'
        ? 'plain HTTP on a TLS listener'
        : `the TLS handshake of a client failed: ${code}`;
    this.#options.onRefused({ code: 'malformed', detail }, socket.remoteAddress ?? null);
  }
}

/** `close` follows. */
function ignore(): void {}

/** Removes the listeners of an event and returns what calls them. */
function takeListeners(server: Server | TlsServer, name: 'connection' | 'secureConnection'): (socket: Socket) => void {
  const listeners = server.listeners(name);
  server.removeAllListeners(name);
  return (socket) => {
    for (const listener of listeners) listener.call(server, socket);
  };
}

const TOO_MANY: RequestFault = { code: 'flood', detail: 'too many connections' };
const TOO_MANY_OF_CLIENT: RequestFault = { code: 'flood', detail: 'too many connections from this address' };
const TOO_OFTEN: RequestFault = { code: 'flood', detail: 'too many requests from this address' };
const NOT_TAKEN: RequestFault = { code: 'not-taken', detail: 'the answer was not taken in time' };
