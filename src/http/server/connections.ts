/**
 * The connections of one listener: within the limits of their clients, read by one of two readers, and looked at now and
 * then. What is no request, or one too many, is answered here; everything else goes to `onRequest`.
 */

import type { Server } from 'node:http';
import type { BlockList, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { type HttpAnswer, renderAnswer } from './answer.ts';
import { contains, plainAddress } from './client-address.ts';
import type { ClientLimits } from './client-limits.ts';
import { ClientConnection, type ConnectionPolicy } from './connection-policy.ts';
import type { HttpExchange } from './exchange.ts';
import { chooseByHello } from './listener-tls.ts';
import { answerLastParsed, expectParsed, type ParsedOwner, readParsed } from './parsed-connections.ts';
import { type PlainGetOwner, readPlainGets } from './plain-get-connection.ts';
import { readProxyHeader } from './proxy-header.ts';
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
  /**
   * Whose connections begin with a header of the PROXY protocol; null: nobody's, undefined: nor can they be anybody's. The list itself
   * must not change.
   */
  fronts: BlockList | null | undefined;
  readonly #options: ConnectionsOptions;
  readonly #policy: ConnectionPolicy;
  /** All sockets; those that have not finished a TLS handshake among them. */
  readonly #sockets = new Set<Socket>();
  /** Those on which none can come yet, by the peer's address and port: the handshake is not over, or a front has not said whose it is. */
  readonly #entering = new Map<string, Socket>();
  /** Those on which requests may come. */
  readonly #connections = new Set<ClientConnection>();
  /** Addresses of clients behind fronts, by the front's own address and port: a TLS socket knows nothing else of its connection. */
  readonly #clients = new Map<string, string>();
  /** Hands a connection to Node's parser. */
  #parse: (socket: Socket) => void = () => {};

  constructor(options: ConnectionsOptions, policy: ConnectionPolicy, parser: HttpParser) {
    this.#options = options;
    this.#policy = policy;
    this.parser = parser;
  }

  /** `sessionIds`: where `server` is one of node:https, the server for clients that know no tickets; else null. */
  guard(server: Server, sessionIds: TlsServer | null): void {
    const isTls = sessionIds !== null;
    const enter = isTls ? this.#guardTls(server, sessionIds) : this.#guardPlain(server);
    const connections = this;
    // One listener for all sockets: a closure for each page is garbage.
    function leave(this: Socket): void {
      connections.#left(this);
    }
    server.on('connection', (socket: Socket) => {
      if (!this.#letsIn(socket)) return;
      this.#sockets.add(socket);
      socket.on('close', leave);
      const isFront = this.#isFront(socket);
      if (isTls || isFront) this.#entering.set(keyOf(socket), socket);
      if (isFront) this.#identify(socket, enter);
      else enter(socket);
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
    const turnAway = (socket: Socket) => {
      this.#options.onRefused(this.#strayHeader(socket), this.#addressOf(socket) ?? null);
      socket.destroy();
    };
    return (socket) => chooseByHello(socket, this.#policy.limits.headersMs, byTicket, byId, turnAway);
  }

  /** A connection on which requests can come. */
  #receive(socket: ClientSocket): void {
    if (this.#entering.size > 0) this.#entering.delete(keyOf(socket));
    const connection = new ClientConnection(socket, this.#policy, this.#addressOf(socket));
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
    // Nothing was asked there either. Node would wait for the end of the handshake, also with a client that has gone.
    for (const socket of this.#entering.values()) socket.destroy();
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
    this.#options.onRefused(fault, connection.address ?? null);
    answerLastParsed(connection, renderAnswer(this.#options.errorAnswer(fault.code), false));
  }

  onProxyHeader(connection: ClientConnection): void {
    this.onUnparsed(connection, this.#strayHeader(connection.socket));
  }

  /** Most likely of a second load balancer that was not named, or of one that was set to speak so before the proxy was. */
  #strayHeader(socket: Socket): RequestFault {
    const where =
      this.fronts === undefined
        ? ''
        : this.fronts === null
          ? ' on a listener without proxyProtocol; for a load balancer set that, and name it in phones.trustedFronts'
          : this.#isFront(socket)
            ? ' behind that of a trusted front'
            : '; a load balancer has to stand in phones.trustedFronts';
    return { code: 'malformed', detail: `a PROXY protocol header${where}` };
  }

  #isFront({ remoteAddress }: Socket): boolean {
    return this.fronts != null && contains(this.fronts, plainAddress(remoteAddress ?? ''));
  }

  /** Learns whose connection of a front it is, and goes on with it as if that client had come by itself. */
  #identify(socket: Socket, enter: (socket: Socket) => void): void {
    const { clientLimits, onRefused } = this.#options;
    readProxyHeader(socket, this.#policy.limits.headersMs, (front) => {
      if (front.kind === 'fault') {
        onRefused({ code: 'malformed', detail: `a trusted front sent ${front.detail}` }, socket.remoteAddress ?? null);
        socket.destroy();
        return;
      }
      if (front.kind === 'client') {
        if (!this.#letsIn(socket, front.address)) return;
        clientLimits?.closed(socket.remoteAddress);
        this.#clients.set(keyOf(socket), front.address);
      }
      enter(socket);
      socket.resume();
    });
  }

  #addressOf(socket: Socket): string | undefined {
    return (this.#clients.size === 0 ? undefined : this.#clients.get(keyOf(socket))) ?? socket.remoteAddress;
  }

  #letsIn(socket: Socket, address = socket.remoteAddress): boolean {
    const { clientLimits, onRefused } = this.#options;
    if (clientLimits === undefined) return true;
    if (clientLimits.opened(address)) return true;
    onRefused(TOO_MANY_OF_CLIENT, address ?? null);
    // Without an answer: that would be work for somebody who has had more than a share of it.
    socket.destroy();
    return false;
  }

  #left(socket: Socket): void {
    this.#sockets.delete(socket);
    this.#closed(socket);
    if (this.#entering.size > 0) this.#entering.delete(keyOf(socket));
    // The address was asked for as it came, and is remembered by the socket.
    this.#options.clientLimits?.closed(this.#addressOf(socket));
    if (this.#clients.size > 0) this.#clients.delete(keyOf(socket));
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
      if (lateness === 'not-taken') this.#options.onRefused(NOT_TAKEN, connection.address ?? null);
      connection.socket.destroy();
    }
  }

  #onTlsError({ code = 'unknown' }: NodeJS.ErrnoException, socket: Socket): void {
    // A peer that leaves during the handshake is a port scan or a client that does not trust the certificate.
    const detail =
      code === 'ERR_SSL_HTTP_REQUEST'
        ? 'plain HTTP on a TLS listener'
        : `the TLS handshake of a client failed: ${code}`;
    this.#options.onRefused({ code: 'malformed', detail }, this.#addressOf(socket) ?? null);
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
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
