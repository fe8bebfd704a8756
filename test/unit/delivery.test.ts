/** When a delivery is tried again and when it is given up. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideDelivery, parseRetryAfter, renderOutcome } from '../../src/domain/delivery.ts';

const DAY = 86_400_000;
const failed = { kind: 'failed', detail: 'refused' } as const;
const answered = (status: number, retryAfterMs: number | null = null) =>
  ({ kind: 'answered', status, retryAfterMs }) as const;
const at = (failures: number, ageMs = 0) => ({ failures, ageMs, random: 0 });

describe('the plan of attempts', () => {
  it('B602 is 5 s, 30 s, 2 min, 10 min, and then an hour, up to a day', () => {
    const waits = [1, 2, 3, 4, 5, 6, 20].map((failures) => decideDelivery(failed, at(failures)));
    expect(waits.map((step) => (step.next === 'retry' ? step.afterMs / 1000 : step.next))).toEqual([
      5, 30, 120, 600, 3600, 3600, 3600,
    ]);
    expect(decideDelivery(failed, at(9, DAY - 1)).next).toBe('retry');
    expect(decideDelivery(failed, at(9, DAY))).toEqual({ next: 'lost', because: 'too-old' });
  });

  it('B602 goes on whatever else is answered', () => {
    for (const status of [301, 307, 401, 403, 404, 408, 409, 429, 500, 502, 503, 0]) {
      expect(decideDelivery(answered(status), at(1)).next).toBe('retry');
    }
    for (const status of [200, 201, 202, 204, 299])
      expect(decideDelivery(answered(status), at(1, 2 * DAY)).next).toBe('delivered');
  });

  it('B602 believes Retry-After, for an hour at most, and never comes earlier than planned', () => {
    const wait = (ms: number | null, failures = 1) => decideDelivery(answered(503, ms), at(failures));
    expect(wait(60_000)).toEqual({ next: 'retry', afterMs: 60_000 });
    expect(wait(1000)).toEqual({ next: 'retry', afterMs: 5000 });
    expect(wait(1000, 3)).toEqual({ next: 'retry', afterMs: 120_000 });
    expect(wait(30 * DAY)).toEqual({ next: 'retry', afterMs: 3_600_000 });
  });

  it('B603 ends at once with a body that the receiver will never take, and for good with 410', () => {
    for (const status of [400, 413, 415, 422]) {
      expect(decideDelivery(answered(status), at(1))).toEqual({ next: 'lost', because: 'refused' });
    }
    expect(decideDelivery(answered(410), at(1))).toEqual({ next: 'stop' });
  });

  it('B602 waits between the time shortened by a tenth and the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const step = decideDelivery(failed, { failures, ageMs: 0, random });
        const planned = [5, 30, 120, 600, 3600][Math.min(failures, 5) - 1]! * 1000;
        expect(step.next === 'retry' && step.afterMs >= planned * 0.9 && step.afterMs <= planned).toBe(true);
      }),
    );
  });
});

it('B602 Retry-After is seconds or a date, and anything else is nothing', () => {
  const now = Date.UTC(2026, 10, 27, 10, 0, 0);
  expect(parseRetryAfter('120', now)).toBe(120_000);
  expect(parseRetryAfter(' 0 ', now)).toBe(0);
  expect(parseRetryAfter('Fri, 27 Nov 2026 10:01:00 GMT', now)).toBe(60_000);
  expect(parseRetryAfter('Fri, 27 Nov 2026 09:00:00 GMT', now)).toBe(0);
  for (const text of [undefined, '', 'soon', '-5', '1e9', '99999999999'])
    expect(parseRetryAfter(text, now) ?? 0).toBe(0);
});

it('B603 a redirect is said to be one', () => {
  expect(renderOutcome(answered(302))).toBe('status 302, a redirect, which is not followed');
  expect(renderOutcome(answered(500))).toBe('status 500');
});
