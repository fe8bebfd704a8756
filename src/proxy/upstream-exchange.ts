/** One request and its answer on an undici connection: collects the answer, keeps the limits, settles exactly once. */

import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Failure } from '../domain/model.ts';
import { classifyNetworkError } from './network-error.ts';

/** The headers of an answer that matter to phones or to redirects; bytes above 127 as Latin-1, as received. */
export interface AnswerHeaders {
  readonly contentType: string | null;
  readonly refresh: string | null;
  readonly expires: string | null;
  readonly location: string | null;
  readonly setCookies: readonly string[];
}

export interface UpstreamAnswer {
  readonly ok: true;
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
  readonly sent: true;
}

export type UpstreamResult =
  | UpstreamAnswer
  /** `sent`: a byte of the request may have arrived, so what it asks for may have happened. */
  | { readonly ok: false; readonly failure: Failure; readonly sent: boolean };

export interface AnswerLimits {
  readonly headerBytes: number;
  readonly bodyBytes: number;
}

export interface ExchangeOutlet {
  readonly resolve: (result: UpstreamResult) => void;
  /** Called once, when the connection pool has let go of the request; may be later than `resolve`. */
  readonly release: () => void;
  /** What to call it when the time is up before a connection was there. */
  readonly whyNotSent: () => Failure;
}

export class Exchange implements Dispatcher.DispatchHandler {
  readonly #limits: AnswerLimits;
  readonly #outlet: ExchangeOutlet;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | null = null;
  #settled = false;
  #released = false;
  #status = 0;
  #size = 0;
  #headers: AnswerHeaders | null = null;

  constructor(limits: AnswerLimits, limitMs: number, outlet: ExchangeOutlet) {
    this.#limits = limits;
    this.#outlet = outlet;
    this.#timer = setTimeout(() => this.#giveUp(limitMs), limitMs);
  }

  /** undici writes the request right after this returns; an exception makes it drop the request and keep the connection. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) throw new Error('its time was up before it could be sent');
    this.#controller = controller;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 103 Early Hints and their like: the answer is yet to come.
    if (status < 200) return;
    const encoding = findEncoding(headers);
    if (encoding !== null) {
      this.#fail({ code: 'answer-encoding', detail: `${encoding} although identity was asked for` }, controller);
    } else if (Number(headers['content-length']) > this.#limits.bodyBytes) {
      this.#fail({ code: 'answer-too-large', detail: `${headers['content-length']} bytes announced` }, controller);
    }
    this.#status = status;
    this.#headers = selectHeaders(headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length;
    this.#chunks.push(chunk);
    if (this.#size > this.#limits.bodyBytes) {
      this.#fail({ code: 'answer-too-large', detail: `more than ${this.#limits.bodyBytes} bytes` }, controller);
    }
  }

  onResponseEnd(): void {
    this.#release();
    if (this.#headers === null) return;
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#size);
    this.#settle({ ok: true, status: this.#status, headers: this.#headers, body, sent: true });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#release();
    this.#fail(classifyNetworkError(error), null);
  }

  #giveUp(limitMs: number): void {
    const failure: Failure =
      this.#controller === null
        ? this.#outlet.whyNotSent()
        : { code: 'timeout', detail: `no complete answer within ${limitMs} ms` };
    this.#fail(failure, this.#controller);
  }

  /** Aborting closes the connection: what is still to come on it belongs to no later request. */
  #fail(failure: Failure, controller: Dispatcher.DispatchController | null): void {
    this.#settle({ ok: false, failure, sent: this.#controller !== null });
    controller?.abort(new Error(failure.code));
  }

  #settle(result: UpstreamResult): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#outlet.resolve(result);
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#outlet.release();
  }
}

/** A coding that the answer has and that nothing here undoes, or null. */
function findEncoding(headers: IncomingHttpHeaders): string | null {
  const content = first(headers['content-encoding']);
  if (content !== null && content !== '' && content.toLowerCase() !== 'identity') return 'a Content-Encoding';
  const transfer = first(headers['transfer-encoding']);
  return transfer !== null && transfer.toLowerCase() !== 'chunked' ? 'a Transfer-Encoding other than chunked' : null;
}

function selectHeaders(headers: IncomingHttpHeaders): AnswerHeaders {
  const cookies = headers['set-cookie'] as string | string[] | undefined;
  return {
    contentType: first(headers['content-type']),
    refresh: first(headers.refresh),
    expires: first(headers.expires),
    location: first(headers.location),
    setCookies: cookies === undefined ? [] : typeof cookies === 'string' ? [cookies] : cookies,
  };
}

function first(value: string | string[] | undefined): string | null {
  return (typeof value === 'string' ? value : value?.[0]) ?? null;
}
