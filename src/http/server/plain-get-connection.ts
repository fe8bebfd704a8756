/**
 * A connection for as long as nothing but plain GETs come on it, one after the other: what phones do. It is read and
 * written here without node:http, which would cost more than all that the proxy does for a page (docs/performance.md). The
 * first bytes that are anything else go to `onOther`, and with them the connection: Node's parser and its limits take over.
 */

import type { Socket } from 'node:net';
import { endGently, type PhoneAnswer, renderAnswer } from './answer.ts';
import { findHeader, type HttpExchange } from './exchange.ts';
import type { Form } from './form-body.ts';
import { type PlainGet, parsePlainGet } from './plain-get.ts';

export interface GetConnectionOwner {
  /** `requests`: how many came on the connection, this one included. */
  onGet(exchange: HttpExchange, requests: number): void;
  /** Something else came after `requests` GETs. The connection is no more this one's; `bytes` have been read from it. */
  onOther(connection: GetConnection, bytes: Buffer, requests: number): void;
  onClosed(connection: GetConnection): void;
}

export interface GetLimits {
  /** Ms until the first request, between requests, until an answer is there, until it is taken. */
  readonly headersMs: number;
  readonly keepAliveMs: number;
  readonly stalledMs: number;
  readonly answerMs: number;
}

/** What the clock says of a connection; all but `fine` are to be broken. */
export type GetLateness = 'fine' | 'nothing-asked' | 'not-answered' | 'not-taken';

const CONNECTION = Symbol('get-connection');
/** The connection hangs on its socket, so that all sockets share their listeners: three closures for each page are garbage. */
type GetSocket = Socket & { [CONNECTION]?: GetConnection | undefined };

function onData(this: GetSocket, bytes: Buffer): void {
  this[CONNECTION]?.take(bytes);
}
function onEnd(this: GetSocket): void {
  this[CONNECTION]?.peerEnded();
}
function onClose(this: GetSocket): void {
  this[CONNECTION]?.closed();
}
/** `close` follows. */
function onError(): void {}

export class GetConnection {
  readonly socket: Socket;
  readonly #owner: GetConnectionOwner;
  /** TLS says goodbye with bytes of its own. */
  readonly #encrypted: boolean;
  #current: GetExchange | null = null;
  #requests = 0;
  /** Nothing that arrives any more is served. */
  #over = false;
  /** When it last began to wait for something, by the clock of `performance`. */
  #since = performance.now();

  constructor(socket: Socket, encrypted: boolean, owner: GetConnectionOwner) {
    this.socket = socket;
    this.#owner = owner;
    this.#encrypted = encrypted;
    (socket as GetSocket)[CONNECTION] = this;
    socket.on('error', onError);
    socket.on('close', onClose);
    socket.on('end', onEnd);
    socket.on('data', onData);
  }

  /** Closes it if nothing is asked at present, once what was answered before has been written. */
  closeIdle(): void {
    if (this.#current !== null) return;
    if (this.socket.writableLength > 0) this.socket.destroySoon();
    else this.socket.destroy();
  }

  lateness(now: number, limits: GetLimits): GetLateness {
    const waited = now - this.#since;
    if (this.#current !== null) return waited >= limits.stalledMs ? 'not-answered' : 'fine';
    if (this.socket.writableLength > 0) return waited >= limits.answerMs ? 'not-taken' : 'fine';
    return waited >= (this.#requests === 0 ? limits.headersMs : limits.keepAliveMs) ? 'nothing-asked' : 'fine';
  }

  /** The connection closes after the answer that is due. */
  closeAfter(): void {
    this.#current?.closeAfter();
  }

  take(bytes: Buffer): void {
    if (this.#over) return;
    if (this.#current !== null) return void this.#endAfter(this.#current);
    if (this.socket.writableLength > 0) return void this.#holdBack(bytes);
    const get = parsePlainGet(bytes);
    if (get === null) return void this.#handOver(bytes);
    this.#requests += 1;
    this.#since = performance.now();
    this.#current = new GetExchange(this, get);
    this.#owner.onGet(this.#current, this.#requests);
  }

  /** It has ended its side, as it may once it has asked (RFC 9112 §9.6): it still gets its answer. */
  peerEnded(): void {
    if (this.#current === null) this.socket.destroySoon();
    else this.#current.closeAfter();
  }

  closed(): void {
    this.#over = true;
    this.#current = null;
    this.#owner.onClosed(this);
  }

  /** Writes the answer to `exchange` unless the peer has gone. */
  answer(exchange: GetExchange, bytes: string | Buffer, keepsConnection: boolean): void {
    const { socket } = this;
    if (this.#current !== exchange || socket.destroyed) return;
    this.#current = null;
    this.#since = performance.now();
    if (this.#over) return void endGently(socket, bytes, null);
    if (typeof bytes === 'string') socket.write(bytes, 'latin1');
    else socket.write(bytes);
    if (keepsConnection) return;
    this.#over = true;
    // The kernel has it all and sends it before it ends the connection: one call and one event less than `destroySoon`. Only
    // for a client that has said that it sends no more: closing with unread input would reset the connection.
    if (exchange.wasLast && socket.writableLength === 0 && !this.#encrypted) socket.destroy();
    else socket.destroySoon();
  }

  /**
   * Pipelined. Phones never do that, and half of all request smuggling begins so: answered is what came first, and the
   * client may ask again for the rest on another connection (RFC 9112 §9.3.2, §9.6).
   */
  #endAfter(current: GetExchange): void {
    this.#over = true;
    current.closeAfter();
    // What still comes stays where it is until the answer has been written.
    this.socket.pause();
  }

  /**
   * The next request, while the answer before it has not been written to its end as far as Node knows: over TLS it only
   * knows a moment later, and the client may have read it all by then.
   */
  #holdBack(bytes: Buffer): void {
    const { socket } = this;
    socket.pause();
    socket.unshift(bytes);
    // Called back after what was written before.
    socket.write('', () => socket.resume());
  }

  #handOver(bytes: Buffer): void {
    const socket = this.socket as GetSocket;
    this.#over = true;
    socket[CONNECTION] = undefined;
    socket.off('error', onError);
    socket.off('close', onClose);
    socket.off('end', onEnd);
    socket.off('data', onData);
    this.#owner.onOther(this, bytes, this.#requests);
  }
}

class GetExchange implements HttpExchange {
  readonly method = 'GET';
  readonly httpVersion = '1.1';
  readonly url: string;
  readonly rawHeaders: readonly string[];
  /** The client has said that it sends no more. */
  readonly wasLast: boolean;
  readonly #connection: GetConnection;
  #keepsConnection: boolean;
  isAnswered = false;

  constructor(connection: GetConnection, get: PlainGet) {
    this.url = get.url;
    this.rawHeaders = get.rawHeaders;
    this.#connection = connection;
    this.wasLast = !get.keepsConnection;
    this.#keepsConnection = get.keepsConnection;
  }

  get remoteAddress(): string | undefined {
    return this.#connection.socket.remoteAddress;
  }

  header(name: string): string | undefined {
    return findHeader(this.rawHeaders, name);
  }

  readForm(): Promise<Form> {
    return Promise.resolve({ ok: true, body: Buffer.alloc(0) });
  }

  closeAfter(): void {
    this.#keepsConnection = false;
  }

  answer(answer: PhoneAnswer): void {
    if (this.isAnswered) return;
    this.isAnswered = true;
    this.#connection.answer(this, renderAnswer(answer, this.#keepsConnection), this.#keepsConnection);
  }

  breakOff(): void {
    this.#connection.socket.destroy();
  }
}
