/** A phone's request that is captured: it is served as any other, and what was answered is told afterwards. */

import type { Watched } from '../domain/tap.ts';
import { answerHeaders, type HttpAnswer } from '../http/server/answer.ts';
import type { HttpExchange } from '../http/server/exchange.ts';
import type { Form } from '../http/server/form-body.ts';

export interface WatchedExchange extends HttpExchange {
  /** It has been served; tells of one that got no answer. */
  end(): void;
}

export interface WatchedRequest {
  readonly service: string | null;
  readonly client: string;
  /** Of the listener, as the phone sees it. */
  readonly origin: string;
}

export function watchExchange(exchange: HttpExchange, watched: Watched, about: WatchedRequest): WatchedExchange {
  const startedAt = watched.now();
  let body: Buffer | null = null;
  let isTold = false;
  const tell = (answer: HttpAnswer | null, error: string | null) => {
    if (isTold) return;
    isTold = true;
    const headers = answer === null ? [] : answerHeaders(answer, true).slice(0, -CONNECTION);
    watched.passed({
      ...{ leg: 'phone', service: about.service, client: about.client, startedAt, body, error },
      ...{ method: exchange.method ?? '', url: `${about.origin}${exchange.url ?? ''}`, headers: exchange.rawHeaders },
      answer: answer === null ? null : { status: answer.status ?? 200, headers, body: answer.body },
    });
  };
  return {
    method: exchange.method,
    url: exchange.url,
    httpVersion: exchange.httpVersion,
    rawHeaders: exchange.rawHeaders,
    get remoteAddress() {
      return exchange.remoteAddress;
    },
    get isAnswered() {
      return exchange.isAnswered;
    },
    get isGone() {
      return exchange.isGone;
    },
    header: (name) => exchange.header(name),
    async readForm(limit): Promise<Form> {
      const form = await exchange.readForm(limit);
      if (form.ok) body = form.body;
      return form;
    },
    closeAfter: () => exchange.closeAfter(),
    answer(answer) {
      const isGone = exchange.isGone;
      exchange.answer(answer);
      tell(answer, isGone ? 'phone-gone' : null);
    },
    breakOff() {
      exchange.breakOff();
      tell(null, 'broken off');
    },
    end: () => tell(null, 'phone-gone'),
  };
}

/** Its name and value come last, and whether the connection stays is decided as it is written. */
const CONNECTION = 2;
