import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reduceRequestFailed } from '../../src/domain/health/fippa-failing.ts';
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

  it('B61 it lasts although no more requests fail', () => {
    expect(after([0, 'x'], [1, 'y'], [2, 'z'], [999_000, 'x']).failing).toBe(true);
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
          state = reduceRequestFailed(JSON.parse(JSON.stringify(state)), device, at);
          expect(state.failing).toBe(failing);
          expect(state.recent.length).toBeLessThanOrEqual(4);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
