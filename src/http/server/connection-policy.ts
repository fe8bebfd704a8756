/**
 * What holds for every connection of a listener, whoever reads its bytes (plain-get-connection.ts, parsed-connections.ts):
 *
 * - One request at a time. A client that sends the next one before it has its answer gets that answer and no other: half of
 *   all request smuggling begins so, and it may ask again on another connection (RFC 9112 §9.3.2).
 * - A connection serves so many requests, and while the listener drains one more at most.
 * - A client that ends its side once it has asked still gets its answer (RFC 9112 §9.6).
 * - After the last answer our side is ended and nothing more is served, but what comes is read until the client has ended
 *   its side too: a close with unread input makes the kernel send a reset, which may overtake the answer (RFC 9112 §9.6).
 * - Whoever asks nothing, takes no answer or does not close is cut off in time.
 */

import type { Socket } from 'node:net';

/** What whoever owns a listener decides. */
export interface ConnectionLimits {
  /** All headers of a request must be there within this time. */
  readonly headersMs: number;
  /** The whole request. */
  readonly requestMs: number;
  /** An answer must be taken within this time. */
  readonly answerMs: number;
  /** A connection on which nothing is asked for so long is closed. */
  readonly keepAliveMs: number;
  /** At the same time. */
  readonly connections: number;
  readonly requestsPerConnection: number;
}

export interface ListenerLimits extends ConnectionLimits {
  /** How often the times are looked at. */
  readonly checkMs: number;
  /** A request that has no answer by then never gets one; raised above all other times where they are longer. */
  readonly stalledMs: number;
  /** Request line and headers. */
  readonly headerBytes: number;
}

const FIXED = { checkMs: 1_000, stalledMs: 30_000, headerBytes: 16 * 1024 };

export type GivenLimits = ConnectionLimits & Partial<ListenerLimits>;

export function completeLimits(given: GivenLimits): ListenerLimits {
  const limits = { ...FIXED, ...given };
  const longest = Math.max(limits.requestMs, limits.keepAliveMs, limits.answerMs);
  return { ...limits, stalledMs: Math.max(limits.stalledMs, 2 * longest) };
}

/** What all connections of a listener have in common. */
export interface ConnectionPolicy {
  limits: ListenerLimits;
  isDraining: boolean;
}

/** What the clock says of a connection; all but `fine` are to be broken. */
export type Lateness = 'fine' | 'nothing-asked' | 'not-answered' | 'not-taken' | 'not-closed';

/** `asking`: it is the client's turn. `closing`: the last answer is on its way or there, and nothing more is served. */
type Phase = 'asking' | 'answering' | 'closing';

/** What a client sends behind its last request is read no faster than this in `checkMs`. */
const DROPPED_BYTES = 256 * 1024;

export class ClientConnection {
  readonly socket: Socket;
  /** Of the client: the socket's, or what a front says. */
  readonly address: string | undefined;
  /** Its reader sees to it that requests are complete in time, since it can say what is wrong. */
  isTimedByReader = false;
  readonly #policy: ConnectionPolicy;
  #phase: Phase = 'asking';
  /** When the phase began, by the clock of `performance`. */
  #since = performance.now();
  #requests = 0;
  #isLast = false;
  /** What had been read when it last was the client's turn. */
  #readBefore = 0;
  #dropped = 0;

  constructor(socket: Socket, policy: ConnectionPolicy, address = socket.remoteAddress) {
    this.socket = socket;
    this.address = address;
    this.#policy = policy;
  }

  get isAnswering(): boolean {
    return this.#phase === 'answering';
  }

  get isClosing(): boolean {
    return this.#phase === 'closing';
  }

  /** The answer that is due is the last one. */
  get isLast(): boolean {
    return this.#isLast;
  }

  /** Whether a request that has been read is served; if so, an answer is due. */
  admit(): boolean {
    if (this.#phase === 'answering') this.#isLast = true;
    if (this.#isLast) return false;
    this.#requests += 1;
    this.#enter('answering');
    const { isDraining, limits } = this.#policy;
    if (isDraining || this.#requests >= limits.requestsPerConnection) this.#isLast = true;
    return true;
  }

  /** The answer that is due, or else the next one, is the last. */
  closeAfter(): void {
    this.#isLast = true;
  }

  /** An answer is about to be written, and the connection is kept: no part of it waits for the client's word on another. */
  keep(): void {
    this.socket.setNoDelay(true);
    this.#enter('asking');
    this.#readBefore = this.socket.bytesRead;
  }

  /** The client has ended its side. */
  peerEnded(): void {
    const { socket } = this;
    if (this.#phase === 'answering') this.#isLast = true;
    // Both have: the stream would notice too, two turns later.
    else if (this.#phase === 'closing' && socket.writableFinished) socket.destroy();
  }

  /** Writes the last answer and ends this side. The reader goes on handing over what comes, to `drop`. */
  answerLast(bytes: string | Buffer): void {
    if (this.#phase === 'closing' || this.socket.destroyed) return;
    this.#isLast = true;
    this.#enter('closing');
    this.socket.end(bytes, 'latin1');
    // Where a reader has left it lying until now.
    if (this.socket.isPaused()) this.socket.resume();
  }

  /** What is read while `isClosing` is dropped. */
  drop(bytes: number): void {
    this.#dropped += bytes;
    if (this.#dropped > DROPPED_BYTES) this.socket.pause();
  }

  /** Closes it if nothing is being asked, once what was answered before has been written. */
  closeIdle(): void {
    const { socket } = this;
    if (this.#phase !== 'asking') return;
    if (socket.writableLength > 0) socket.destroySoon();
    // Else a request has begun to arrive: it is served, or its reader loses patience.
    else if (!this.isTimedByReader || socket.bytesRead === this.#readBefore) socket.destroy();
  }

  /** Every `checkMs`. */
  lateness(now: number): Lateness {
    if (this.#dropped > DROPPED_BYTES) this.socket.resume();
    this.#dropped = 0;
    const { limits } = this.#policy;
    const waited = now - this.#since;
    if (this.#phase === 'answering') return waited >= limits.stalledMs ? 'not-answered' : 'fine';
    if (this.socket.writableLength > 0) return waited >= limits.answerMs ? 'not-taken' : 'fine';
    if (this.#phase === 'closing') return waited >= limits.answerMs ? 'not-closed' : 'fine';
    if (this.isTimedByReader) return 'fine';
    return waited >= (this.#requests === 0 ? limits.headersMs : limits.keepAliveMs) ? 'nothing-asked' : 'fine';
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#since = performance.now();
  }
}
