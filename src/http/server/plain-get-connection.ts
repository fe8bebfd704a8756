/**
 * A connection for as long as nothing but plain GETs come on it, one after the other. It is read and written here without
 * node:http, which would cost more than all that the proxy does for a page (docs/performance.md). The first bytes that are
 * anything else go to `onOther`, and with them the connection: Node's parser takes over.
 */

import type { Socket } from 'node:net';
import { type HttpAnswer, renderAnswer } from './answer.ts';
import type { ClientConnection } from './connection-policy.ts';
import { findHeader, type HttpExchange } from './exchange.ts';
import type { Form } from './form-body.ts';
import { type PlainGet, parsePlainGet } from './plain-get.ts';

export interface PlainGetOwner {
  onGet(exchange: HttpExchange): void;
  /** Something else came. The connection is no more this one's; `bytes` have been read from it. */
  onOther(connection: ClientConnection, bytes: Buffer): void;
}

const READER = Symbol('plain-get-reader');
/** The reader hangs on its socket, so that all sockets share their listeners: three closures for each page are garbage. */
type ReadSocket = Socket & { [READER]?: PlainGetReader | undefined };

function onData(this: ReadSocket, bytes: Buffer): void {
  this[READER]?.take(bytes);
}
function onEnd(this: ReadSocket): void {
  this[READER]?.peerEnded();
}

/** Reads the connection from now on. */
export function readPlainGets(connection: ClientConnection, owner: PlainGetOwner): void {
  const socket = connection.socket as ReadSocket;
  socket[READER] = new PlainGetReader(connection, owner);
  socket.on('end', onEnd);
  socket.on('data', onData);
}

class PlainGetReader {
  readonly #connection: ClientConnection;
  readonly #owner: PlainGetOwner;

  constructor(connection: ClientConnection, owner: PlainGetOwner) {
    this.#connection = connection;
    this.#owner = owner;
  }

  take(bytes: Buffer): void {
    const connection = this.#connection;
    const { socket } = connection;
    if (connection.isClosing) return void connection.drop(bytes.length);
    if (connection.isAnswering) {
      // What is sent ahead stays where it is until the answer has been written.
      connection.closeAfter();
      socket.pause();
      return;
    }
    if (socket.writableLength > 0) return void this.#holdBack(bytes);
    const get = parsePlainGet(bytes);
    if (get === null) return void this.#handOver(bytes);
    if (!connection.admit()) return;
    if (!get.keepsConnection) connection.closeAfter();
    this.#owner.onGet(new GetExchange(connection, get));
  }

  peerEnded(): void {
    const connection = this.#connection;
    connection.peerEnded();
    if (!connection.isAnswering && !connection.isClosing) connection.socket.destroySoon();
  }

  /**
   * The next request, while the answer before it has not been written to its end as far as Node knows: over TLS it only
   * knows a moment later, and the client may have read it all by then.
   */
  #holdBack(bytes: Buffer): void {
    const { socket } = this.#connection;
    socket.pause();
    socket.unshift(bytes);
    // Called back after what was written before.
    socket.write('', () => socket.resume());
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#connection.socket as ReadSocket;
    socket[READER] = undefined;
    socket.off('end', onEnd);
    socket.off('data', onData);
    this.#owner.onOther(this.#connection, bytes);
  }
}

class GetExchange implements HttpExchange {
  readonly method = 'GET';
  readonly httpVersion = '1.1';
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly #connection: ClientConnection;
  isAnswered = false;

  constructor(connection: ClientConnection, get: PlainGet) {
    this.url = get.url;
    this.rawHeaders = get.rawHeaders;
    this.#connection = connection;
  }

  get remoteAddress(): string | undefined {
    return this.#connection.address;
  }

  get isGone(): boolean {
    return this.#connection.socket.destroyed;
  }

  header(name: string): string | undefined {
    return findHeader(this.rawHeaders, name);
  }

  readForm(): Promise<Form> {
    return Promise.resolve({ ok: true, body: Buffer.alloc(0) });
  }

  closeAfter(): void {
    this.#connection.closeAfter();
  }

  answer(answer: HttpAnswer): void {
    const connection = this.#connection;
    if (this.isAnswered) return;
    this.isAnswered = true;
    if (connection.socket.destroyed) return;
    if (connection.isLast) return void connection.answerLast(renderAnswer(answer, false));
    connection.keep();
    connection.socket.write(renderAnswer(answer, true), 'latin1');
  }

  breakOff(): void {
    this.#connection.socket.destroy();
  }
}
