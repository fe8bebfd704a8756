/**
 * Proxies as one (docs/two-proxies.md): each in turn is killed or stands still in the middle of an outage, the store is frozen or cut off, and
 * the checker reads what phones, servers and proxies have kept. `npm run soak:pair` is the long form.
 */

import { expect, test } from 'vitest';
import { runPair, type Trouble } from '../pair/pair.ts';

const trouble = (but: Partial<Trouble>): Trouble => {
  return { service: 'a', fault: 'refuse', stage: 'none', victim: 0, store: 'none', ...but };
};

test('B670 B680 B685 proxies of which one is killed before t0, at the verdict and in the recovery: all of the checker holds', {
  timeout: 300_000,
}, async () => {
  const report = await runPair({
    ...{ proxies: 2, phones: 8, seed: 5, forMs: 250_000 },
    troubles: [
      trouble({ stage: 'before', fault: 'silent' }),
      trouble({ stage: 'verdict', service: 'b', victim: 1, store: 'freeze' }),
      trouble({ stage: 'recovery', fault: 'out-of-service' }),
    ],
  });
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ episodes: 3, kills: 3 });
  expect(report.outages).toBeGreaterThanOrEqual(3);
  expect(report.signedIn).toBeGreaterThan(0);
  expect(report.tokens).toBeGreaterThan(20);
});

test('B818 a proxy that stands still for seconds, and one that alone is cut off the store, do nothing twice and come to what the others know', {
  timeout: 300_000,
}, async () => {
  const report = await runPair({
    ...{ proxies: 2, phones: 8, seed: 6, forMs: 250_000 },
    troubles: [
      trouble({ stage: 'verdict', how: 'freeze' }),
      trouble({ stage: 'recovery', how: 'freeze', service: 'b', victim: 1, fault: 'silent' }),
      trouble({ store: 'cut', victim: 1, fault: '503' }),
    ],
  });
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ episodes: 3, kills: 2 });
  expect(report.outages).toBeGreaterThanOrEqual(3);
  expect(report.tokens).toBeGreaterThan(20);
});
