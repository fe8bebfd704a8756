/** One request with its cookies, and what the phone makes of the answer. */

import { decideAnswer, type Judgement } from './answer-judgement.ts';
import { type CookieJar, renderCookies, storeCookies } from './cookies.ts';
import type { Clock } from './duration.ts';
import type { ObjectKind, PhoneModel } from './models.ts';
import { redact } from './redaction.ts';
import { type Endpoint, sendRequest, type TlsTrust } from './request.ts';

/** One request and what came of it. */
export interface Exchange {
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Redacted. */
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** null: no answer. */
  readonly status: number | null;
  readonly object: ObjectKind | null;
  readonly title: string | null;
  readonly error: string | null;
  readonly reason: string | null;
  readonly violations: readonly string[];
}

export interface FetchOrder {
  readonly url: URL;
  /** Sent by POST; undefined: GET. */
  readonly form: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly jar: CookieJar;
  readonly model: PhoneModel;
  readonly trust: TlsTrust;
  readonly localAddress?: string | undefined;
  readonly passage?: Passage | undefined;
  readonly readAtMostBytes: number;
  readonly timeoutMs: number;
  readonly masked: ReadonlySet<string>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Whether, and where, a phone that may not ask everywhere is to ask for a URL. */
export type Passage =
  | { readonly ok: true; readonly to: Endpoint }
  /** `reason`: in words, of what was not asked. */
  | { readonly ok: false; readonly reason: string };

export interface Fetched {
  readonly judgement: Judgement;
  readonly jar: CookieJar;
  readonly exchange: Exchange;
}

/** Fetches a page. Never rejects: what fails is in the judgement as the text that the phone shows. */
export async function fetchPage(order: FetchOrder): Promise<Fetched> {
  const { url, model, clock } = order;
  const startedAtMs = clock.now();
  if (order.passage?.ok === false) {
    const judgement: Judgement = { ...nothingSeen, error: 'HTTP Error [8]', reason: order.passage.reason };
    return { judgement, jar: order.jar, exchange: describe(order, startedAtMs, startedAtMs, null, judgement) };
  }
  const cookie = renderCookies(order.jar, url, startedAtMs);
  const answer = await sendRequest({
    url,
    headers: { ...order.headers, ...(cookie === undefined ? {} : { Cookie: cookie }) },
    form: order.form,
    model,
    trust: order.trust,
    localAddress: order.localAddress,
    connectTo: order.passage?.to,
    readAtMostBytes: order.readAtMostBytes,
    timeoutMs: order.timeoutMs,
    signal: order.signal,
  });
  const nowMs = clock.now();
  if ('error' in answer) {
    const judgement = { ...nothingSeen, error: answer.error, reason: answer.reason };
    return { judgement, jar: order.jar, exchange: describe(order, startedAtMs, nowMs, null, judgement) };
  }
  const stored = storeCookies(order.jar, url, answer.headers['set-cookie'] ?? [], nowMs);
  const judged = decideAnswer(answer, model, order.headers['Accept-Charset'] ?? '', nowMs);
  const judgement = { ...judged, violations: [...judged.violations, ...stored.violations] };
  return { judgement, jar: stored.jar, exchange: describe(order, startedAtMs, nowMs, answer.status, judgement) };
}

const nothingSeen: Judgement = {
  page: null,
  error: null,
  reason: null,
  refresh: null,
  expired: false,
  violations: [],
};

function describe(
  order: FetchOrder,
  startedAtMs: number,
  nowMs: number,
  status: number | null,
  judgement: Judgement,
): Exchange {
  return {
    startedAtMs,
    durationMs: nowMs - startedAtMs,
    url: redact(order.url.href, order.masked),
    method: order.form === undefined ? 'GET' : 'POST',
    status,
    object: judgement.page?.kind ?? null,
    title: judgement.page?.title ?? null,
    error: judgement.error,
    reason: judgement.reason,
    violations: judgement.violations,
  };
}
