import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Bucket, type BucketVerdict, isDeepInDebt, reduceBucket } from '../../src/http/server/token-bucket.ts';

const LIMITS = { requestsPerSecond: 2, burst: 3 };

/** The verdicts of requests at these moments. */
function ask(times: readonly number[], limits = LIMITS): BucketVerdict[] {
  let bucket: Bucket | null = null;
  return times.map((at) => {
    const step = reduceBucket(bucket, at, limits);
    bucket = step.bucket;
    return step.verdict;
  });
}

describe('requests of one address', () => {
  it('are served at once up to the burst, then told so, then dropped', () => {
    const expected = [...Array(3).fill('serve'), ...Array(2).fill('busy'), ...Array(3).fill('drop')];
    expect(ask(Array(8).fill(0))).toEqual(expected);
  });

  it('are served for ever at the rate', () => {
    expect(new Set(ask(Array.from({ length: 500 }, (_, n) => n * 500)))).toEqual(new Set(['serve']));
  });

  it('are served again after a pause of at most twice burst / rate, however many there were', () => {
    expect(ask([...Array(1000).fill(0), 3000]).at(-1)).toBe('serve');
    expect(ask([...Array(1000).fill(0), 1000]).at(-1)).toBe('busy');
  });

  it('are not served now and then while the rate stays too high', () => {
    const verdicts = ask(Array.from({ length: 400 }, (_, n) => n * 50));
    expect(verdicts.slice(20).includes('serve')).toBe(false);
  });

  it('make deep debt that ends with time', () => {
    let bucket: Bucket | null = null;
    for (let n = 0; n < 10; n++) ({ bucket } = reduceBucket(bucket, 0, LIMITS));
    expect(isDeepInDebt(bucket, 0, LIMITS)).toBe(true);
    expect(isDeepInDebt(bucket, 2000, LIMITS)).toBe(false);
    expect(isDeepInDebt(null, 0, LIMITS)).toBe(false);
  });

  it('never come to more than burst + rate × time, whatever the times', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { maxLength: 200 }), (gaps) => {
        let now = 0;
        const times = gaps.map((gap) => (now += gap));
        const served = ask(times).filter((verdict) => verdict === 'serve').length;
        expect(served).toBeLessThanOrEqual(
          LIMITS.burst + ((now - (times[0] ?? 0)) / 1000) * LIMITS.requestsPerSecond + 1e-9,
        );
      }),
    );
  });
});
