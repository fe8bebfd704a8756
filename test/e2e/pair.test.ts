/**
 * Two and three proxies as one (docs/two-proxies.md): one is killed in the middle of an outage, the store fails for a part of one, and
 * the checker reads what phones, servers and proxies have kept. `npm run soak:pair` is the long form.
 */

import { expect, test } from 'vitest';
import { runPair, type Trouble } from '../pair/pair.ts';

const trouble = (but: Partial<Trouble>): Trouble => {
  return { service: 'a', fault: 'refuse', stage: 'none', victim: 0, store: 'none', ...but };
};

test('B670 B680 B685 two proxies, one killed before t0, in an attempt and while agents choose: all of the checker holds', {
  timeout: 240_000,
}, async () => {
  const report = await runPair({
    ...{ proxies: 2, phones: 8, seed: 5, forMs: 200_000 },
    troubles: [
      trouble({ stage: 'before', fault: 'silent' }),
      trouble({ stage: '2', service: 'b', victim: 1 }),
      trouble({ stage: 'choosing', fault: 'out-of-service' }),
    ],
  });
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ episodes: 3, kills: 3 });
  expect(report.outages).toBeGreaterThanOrEqual(3);
  expect(report.tokens).toBeGreaterThan(20);
});

test('B680 B686 three proxies, one killed at the verdict and in the recovery, the store frozen for a part: all holds', {
  timeout: 240_000,
}, async () => {
  const report = await runPair({
    ...{ proxies: 3, phones: 8, seed: 6, forMs: 200_000 },
    troubles: [
      trouble({ stage: 'verdict', victim: 2 }),
      trouble({ stage: 'none', service: 'b', store: 'freeze' }),
      trouble({ stage: 'recovery', fault: '503', victim: 1 }),
    ],
  });
  expect(report.problems).toEqual([]);
  expect(report.episodes).toBe(3);
});
