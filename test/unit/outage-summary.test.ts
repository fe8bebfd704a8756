/** Who writes the summary of an outage, of several proxies. */

import { expect, it } from 'vitest';
import { countBefore, decideSummary } from '../../src/domain/outage-summary.ts';

it('B975 a summary is written by whoever has it, left alone once it is `done`, and else asked for again', () => {
  expect(decideSummary('ours', 0, 2)).toBe('write');
  expect(decideSummary('done', 9, 0)).toBe('written');
  for (const claim of ['theirs', 'late'] as const) expect(decideSummary(claim, 9, 0)).toBe('wait');
});

it('B683 where nobody can say who has it it is written after half a minute, one after the other', () => {
  const turnOf = (before: number) =>
    [1, 2, 3, 4, 5, 6].find((asked) => decideSummary('unknown', asked, before) === 'write');
  expect([0, 1, 2].map(turnOf)).toEqual([4, 5, 6]);
  const side = { from: 1, verdictAt: null, until: null, cause: null, decidedBy: null, saidAt: 1 };
  expect(['p1', 'p2', 'p3'].map((self) => countBefore({ p3: side, p1: side, p2: side }, self))).toEqual([0, 1, 2]);
});
