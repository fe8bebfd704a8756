/** What a phone makes of one answer: an object and its headers, or the error on the prompt line. Pure. */

import { judgeExpires, parseRefresh, type Refresh } from './answer-headers.ts';
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
export function judgeAnswer(answer: RawAnswer, model: PhoneModel, acceptCharset: string, nowMs: number): Judgement {
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

  if (answer.httpVersion === '1.0') {
    if (model.refusesHttp10) return fail('HTTP Error [8]', 'HTTP/1.0 answer');
    violations.push('HTTP/1.0 answer');
  }
  if (headers['transfer-encoding'] !== undefined) return fail('HTTP Error [8]', 'chunked answer');
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return fail('HTTP Error [8]', `answer encoded as ${encoding}`);
  if (headers['content-length'] === undefined) violations.push('no Content-Length');
  if (answer.status !== 200) return fail(statusError(answer.status, model), `status ${answer.status}`);

  const parsed = parsePhoneXml(answer.body, headers['content-type'], model, acceptCharset);
  violations.push(...parsed.violations);
  if ('error' in parsed) return { ...fail(parsed.error, parsed.reason), violations };

  const expires = judgeExpires(headers.expires, nowMs);
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

/** Texts for answers that are not 200 (§7). Redirects are not followed by any phone known of (§5). */
function statusError(status: number, model: PhoneModel): PhoneError {
  const old = model.family === '69xx';
  if (status === 503) return old ? 'Server Busy!' : 'HTTP Error (503)';
  if (old && status === 404) return 'File Not Found';
  if (old && status >= 500) return 'HTTP connection failed';
  return 'HTTP Error [8]';
}
