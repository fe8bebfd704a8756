/** What a phone makes of one answer: an object and its headers, or the error on the prompt line. Pure. */

import { decideExpires, parseRefresh, type Refresh } from './answer-headers.ts';
import type { PhoneModel } from './models.ts';
import { type PhoneError, type PhonePage, parsePhoneXml } from './page.ts';
import type { RawAnswer } from './request.ts';

export interface Judgement {
  /** null: nothing to show, see `error`. */
  readonly page: PhonePage | null;
  readonly error: PhoneError | null;
  readonly reason: string | null;
  readonly refresh: Refresh | null;
  readonly expired: boolean;
  readonly violations: readonly string[];
}

/** Judges one answer as `model` would, at `nowMs` by its clock. */
export function decideAnswer(answer: RawAnswer, model: PhoneModel, acceptCharset: string, nowMs: number): Judgement {
  const violations: string[] = [];
  const { headers } = answer;
  const fail = (error: PhoneError, reason: string): Judgement => ({
    page: null,
    error,
    reason,
    refresh: null,
    expired: false,
    violations: [...violations, reason],
  });

  const framing = validateFraming(answer, model);
  violations.push(...framing.violations);
  if (answer.status !== 200) return fail(statusError(answer.status, model), `status ${answer.status}`);
  if (framing.unreadable !== null) return fail('HTTP Error [8]', framing.unreadable);

  const parsed = parsePhoneXml(answer.body, headers['content-type'], model, acceptCharset);
  violations.push(...parsed.violations);
  if ('error' in parsed) return { ...fail(parsed.error, parsed.reason), violations };

  const expires = decideExpires(headers.expires, nowMs);
  if (expires.violation !== undefined) violations.push(expires.violation);
  const value = headers.refresh;
  const refresh = typeof value === 'string' ? parseRefresh(value) : undefined;
  if (value !== undefined && refresh === undefined) violations.push('Refresh is not readable');
  if ((refresh?.url?.length ?? 0) > 256) violations.push('URL of Refresh has more than 256 characters');
  if (refresh?.seconds && parsed.page.kind === 'CiscoIPPhoneInput') {
    violations.push('Refresh on a form interrupts typing');
  }
  return {
    page: parsed.page,
    error: null,
    reason: null,
    refresh: refresh ?? null,
    expired: expires.expired,
    violations,
  };
}

/** What phones cannot take an answer in, and what they merely should not get (§5). */
function validateFraming(answer: RawAnswer, model: PhoneModel): { unreadable: string | null; violations: string[] } {
  const { headers } = answer;
  const old = answer.httpVersion === '1.0';
  const encoding = headers['content-encoding'] ?? 'identity';
  if (headers['transfer-encoding'] !== undefined) return { unreadable: 'chunked answer', violations: [] };
  if (encoding !== 'identity') return { unreadable: `answer encoded as ${encoding}`, violations: [] };
  if (old && model.refusesHttp10) return { unreadable: 'HTTP/1.0 answer', violations: [] };
  return {
    unreadable: null,
    violations: [
      ...(old ? ['HTTP/1.0 answer'] : []),
      ...(headers['content-length'] === undefined ? ['no Content-Length'] : []),
    ],
  };
}

/** Texts for answers that are not 200 (§7). Redirects are not followed by any phone known of (§5). */
function statusError(status: number, model: PhoneModel): PhoneError {
  const old = model.family === '69xx';
  if (status === 503) return old ? 'Server Busy!' : 'HTTP Error (503)';
  if (old && status === 404) return 'File Not Found';
  if (old && status >= 500) return 'HTTP connection failed';
  return 'HTTP Error [8]';
}
