/** One request and its answer: settles exactly once. */

import type { AnswerHeaders } from './answer-reader.ts';
import type { ExchangeFault } from './exchange-fault.ts';

export interface UpstreamAnswer {
  readonly ok: true;
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
  /** Status line and headers as they came, one character for each byte. */
  readonly head: string;
  readonly sent: true;
}

export type UpstreamResult =
  | UpstreamAnswer
  /** `sent`: a byte of the request may have arrived, so what it asks for may have happened. */
  | { readonly ok: false; readonly failure: ExchangeFault; readonly sent: boolean };

/** The connection that carries a request. */
interface Carrier {
  destroy(): void;
}

export class ServerExchange {
  /** The request as it goes out. */
  readonly bytes: string;
  readonly limitMs: number;
  /** `performance.now()` at which its time is up. */
  readonly dueAt: number;
  readonly #resolve: (result: UpstreamResult) => void;
  readonly #open: Set<ServerExchange>;
  #connection: Carrier | null = null;
  isSettled = false;

  /** `now` by the clock of `performance`; `open`: where it stands until it is settled. */
  constructor(
    bytes: string,
    limitMs: number,
    now: number,
    resolve: (result: UpstreamResult) => void,
    open: Set<ServerExchange>,
  ) {
    this.bytes = bytes;
    this.limitMs = limitMs;
    this.dueAt = now + limitMs;
    this.#resolve = resolve;
    this.#open = open;
  }

  sentOn(connection: Carrier): void {
    this.#connection = connection;
  }

  /** Its time is up. `whyNotSent`: what to call it when there was no connection yet. */
  giveUp(whyNotSent: ExchangeFault): void {
    this.#fail({ code: 'timeout', detail: `no complete answer within ${this.limitMs} ms` }, whyNotSent);
  }

  /** The client is closed. */
  breakOff(): void {
    this.#fail({ code: 'reset', detail: STOPPING }, { code: 'internal', detail: STOPPING });
  }

  settle(result: UpstreamResult): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#open.delete(this);
    this.#resolve(result);
  }

  #fail(sent: ExchangeFault, notSent: ExchangeFault): void {
    const connection = this.#connection;
    this.settle({ ok: false, failure: connection === null ? notSent : sent, sent: connection !== null });
    connection?.destroy();
  }
}

const STOPPING = 'the proxy is stopping';
