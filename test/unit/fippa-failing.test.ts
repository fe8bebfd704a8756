import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailureCode } from '../../src/domain/failure.ts';
import { isServersFault, reducePassed, reduceRequestFailed } from '../../src/domain/health/fippa-failing.ts';
import { NO_FAILURES, type RequestFailures } from '../../src/domain/health/state.ts';

function after(...failures: readonly (readonly [number, string])[]): RequestFailures {
  return failures.reduce((state, [at, device]) => reduceRequestFailed(state, device, at), NO_FAILURES);
}

describe('fippa failing', () => {
  it('B60 three failed requests of two devices within 15 s say so', () => {
    expect(after([0, 'x'], [1, 'y']).failing).toBe(false);
    expect(after([0, 'x'], [1, 'y'], [15_000, 'x']).failing).toBe(true);
    expect(after([0, 'x'], [1, 'y'], [15_001, 'x']).failing).toBe(false);
  });

  it('B60 one device alone never does, however often', () => {
    expect(after(...Array.from({ length: 50 }, (_, at) => [at, 'x'] as const)).failing).toBe(false);
    expect(after([0, 'x'], [1, 'x'], [2, 'x'], [3, 'x'], [4, 'y']).failing).toBe(true);
    expect(after([0, 'y'], [1, 'x'], [2, 'x']).failing).toBe(true);
  });

  it('B61 it lasts a minute, although no more requests fail, and no longer, although more do', () => {
    const failing = after([0, 'x'], [1, 'y'], [2, 'z'], [3, 'x'], [60_001, 'x']);
    expect(failing).toMatchObject({ failing: true, until: 60_002 });
    expect(reducePassed(failing, 60_001)).toBe(failing);
    expect(reducePassed(failing, 60_002)).toEqual(NO_FAILURES);
  });

  it('B430 after that the next failures count again, from the first', () => {
    const failing = [
      [0, 'x'],
      [1, 'y'],
      [2, 'z'],
      [60_000, 'v'],
      [60_001, 'w'],
    ] as const;
    expect(after(...failing, [60_001, 'x']).failing).toBe(true);
    expect(after(...failing, [60_002, 'x'])).toMatchObject({ failing: false, recent: [{ device: 'x' }] });
    expect(after(...failing, [60_002, 'x'], [60_003, 'y'], [60_004, 'x']).failing).toBe(true);
  });

  it('B431 what the server did not cause does not count', () => {
    const failure = (code: FailureCode) => ({ code, detail: '' });
    for (const code of ['refused', 'timeout', 'reset', 'not-phone-xml'] as const)
      expect(isServersFault(failure(code), null)).toBe(true);
    expect([500, 503, 302, 200].map((status) => isServersFault(failure('http-status'), status))).not.toContain(false);
    expect([400, 401, 404, 429, 499].map((status) => isServersFault(failure('http-status'), status))).not.toContain(
      true,
    );
    for (const code of ['busy', 'internal', 'request-service', 'request-malformed'] as const)
      expect(isServersFault(failure(code), null)).toBe(false);
  });

  it('B60 judges as one who keeps every failure, and keeps four at most', () => {
    const failure = fc.tuple(fc.integer({ min: 0, max: 9000 }), fc.constantFrom('x', 'y', 'z'));
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 30 }), (waits) => {
        const all: { at: number; device: string }[] = [];
        let state = NO_FAILURES;
        let at = 0;
        let failing = false;
        for (const [waitMs, device] of waits) {
          at += waitMs;
          all.push({ at, device });
          const recent = all.filter((one) => at - one.at <= 15_000);
          failing ||= recent.length >= 3 && recent.some((one) => one.device !== device);
          // As long as it lasts.
          state = reduceRequestFailed(JSON.parse(JSON.stringify(state)), device, at, 1e9);
          expect(state.failing).toBe(failing);
          expect(state.recent.length).toBeLessThanOrEqual(4);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
