/**
 * Three proxies as one (docs/two-proxies.md): a second one is there to take over while the third is away, and two of them have to
 * agree on who does it. The store is killed in the middle of one outage and flushed in another.
 */

import { expect, test } from 'vitest';
import { runPair, type Trouble } from '../pair/pair.ts';

const trouble = (but: Partial<Trouble>): Trouble => {
  return { service: 'a', fault: 'refuse', stage: 'none', victim: 0, store: 'none', ...but };
};

test('B976 three proxies with phones that hop between them: one is killed, the store is killed and flushed, and all of the checker holds', {
  timeout: 300_000,
}, async () => {
  const report = await runPair({
    ...{ proxies: 3, phones: 9, seed: 11, forMs: 250_000 },
    troubles: [
      trouble({ stage: '2', victim: 2, fault: 'silent' }),
      trouble({ service: 'b', store: 'kill' }),
      trouble({ stage: 'verdict', victim: 1, fault: 'out-of-service' }),
      trouble({ service: 'b', fault: '503', store: 'flush' }),
    ],
  });
  expect(report.problems).toEqual([]);
  expect(report).toMatchObject({ episodes: 4, kills: 2 });
  expect(report.outages).toBeGreaterThanOrEqual(4);
  expect(report.signedIn).toBeGreaterThan(0);
  expect(report.tokens).toBeGreaterThan(20);
});
