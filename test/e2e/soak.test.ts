/** A minute of the soak; `npm run soak -- --for 10m` is the long one (docs/soak.md). */

import { expect, test } from 'vitest';
import { runSoak } from '../soak/soak.ts';

test('500 phones and faults every few seconds: all of docs/soak.md holds', { timeout: 240_000 }, async () => {
  const report = await runSoak({ forMs: 45_000, phones: 500, speed: 5, seed: 20 });
  expect(report.problems).toEqual([]);
  expect(report.outages).toBeGreaterThan(0);
  expect(report.tokens).toBeGreaterThan(500);
});
