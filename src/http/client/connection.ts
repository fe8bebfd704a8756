/** One connection to a server, which carries one request at a time. */

import type { Socket } from 'node:net';
import { type AnswerLimits, AnswerParser } from './answer-reader.ts';
import type { Opened } from './connector.ts';
import type { ServerExchange } from './exchange.ts';
import type { ExchangeFault } from './exchange-fault.ts';
import { classifyNetworkError } from './network-error.ts';

/** A server that says how long it waits is left this much earlier: the request has yet to get there. */
const IDLE_MARGIN_MS = 2_000;

export interface ConnectionOwner {
  /** It has carried its request and can carry another. */
  readonly onFree: (connection: ServerConnection) => void;
  readonly onClosed: (connection: ServerConnection) => void;
}

export class ServerConnection {
  readonly #socket: Socket;
  readonly #limits: AnswerLimits & { readonly idleMs: number };
  readonly #owner: ConnectionOwner;
  #exchange: ServerExchange | null = null;
  #parser: AnswerParser | null = null;
  #error: ExchangeFault | null = null;
  /** `performance.now()` from which on no request may be sent. */
  #usableUntil: number;

  constructor(opened: Opened, limits: AnswerLimits & { readonly idleMs: number }, owner: ConnectionOwner) {
    const { socket } = opened;
    this.#socket = socket;
    this.#limits = limits;
    this.#owner = owner;
    this.#usableUntil = performance.now() + limits.idleMs;
    opened.onBytes((bytes) => this.#onBytes(bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => {
      this.#error = classifyNetworkError(error);
    });
    socket.on('close', () => {
      this.#fail(this.#error ?? ENDED);
      owner.onClosed(this);
    });
  }

  isUsable(now: number): boolean {
    return now < this.#usableUntil && this.#socket.writable && !this.#socket.readableEnded;
  }

  /** From here on the request counts as sent. */
  send(exchange: ServerExchange): void {
    this.#exchange = exchange;
    this.#parser = new AnswerParser(this.#limits);
    exchange.sentOn(this);
    this.#socket.write(exchange.bytes, 'latin1');
  }

  /** What is still to come on it belongs to no later request. */
  destroy(): void {
    this.#socket.destroy();
  }

  #onBytes(bytes: Buffer): void {
    // Nothing was asked, or the answer has failed.
    const progress = this.#parser === null ? UNASKED : this.#parser.push(bytes);
    if (progress === 'more') return;
    if (progress === 'done') this.#complete(this.#parser as AnswerParser);
    else this.#fail(progress);
  }

  #onEnd(): void {
    if (this.#parser?.end()) this.#complete(this.#parser);
    else this.#fail(ENDED);
    this.destroy();
  }

  #complete(parser: AnswerParser): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#parser = null;
    const { status, headers, body, headText: head } = parser;
    exchange?.settle({ ok: true, status, headers, body, head, sent: true });
    if (!parser.keepsConnection) return void this.destroy();
    const offeredMs =
      parser.idleSeconds === null ? Number.POSITIVE_INFINITY : parser.idleSeconds * 1000 - IDLE_MARGIN_MS;
    // A server may offer less, never more.
    this.#usableUntil = performance.now() + Math.min(this.#limits.idleMs, offeredMs);
    if (this.#socket.writableLength === 0) this.#owner.onFree(this);
    // TLS tells only a moment later that all has been written.
    else setImmediate(() => this.#freeIfWritten());
  }

  /**
   * The answer was there before the request had left: whether the server reads on, and takes what is left of it for the next
   * request, nobody knows.
   */
  #freeIfWritten(): void {
    if (this.#socket.writableLength === 0 && !this.#socket.destroyed) this.#owner.onFree(this);
    else this.destroy();
  }

  #fail(failure: ExchangeFault): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    this.#parser = null;
    exchange?.settle({ ok: false, failure, sent: true });
    this.destroy();
  }
}

const UNASKED: ExchangeFault = { code: 'reset', detail: 'bytes that nobody asked for' };
const ENDED: ExchangeFault = { code: 'reset', detail: 'the connection ended before the answer did' };
