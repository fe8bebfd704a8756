/**
 * Who writes the summary of an outage, of several proxies: one of them, at least once. Pure.
 */

import type { OutageSides } from './outage-sides.ts';

/** What was heard when the proxy asked for it; `late`: it was given, but so long ago that another one may have it by now. */
export type SummaryClaim = 'ours' | 'theirs' | 'done' | 'unknown' | 'late';

/** `written`: another proxy has written it. `wait`: it is asked for again. */
export type SummaryDecision = 'write' | 'written' | 'wait';

/** So often nobody may be able to say who writes it; then it is written, twice rather than never. */
const UNANSWERED = 3;

/**
 * `unanswered`: how often nobody could say, this time included; `before`: proxies that would write it before this one if nobody
 * can ever say. Where they can hear each other all the same, the first has said that it is written before the next one's turn.
 */
export function decideSummary(claim: SummaryClaim, unanswered: number, before: number): SummaryDecision {
  if (claim === 'ours') return 'write';
  if (claim === 'done') return 'written';
  return claim === 'unknown' && unanswered > UNANSWERED + before ? 'write' : 'wait';
}

/** How many of those that have seen the outage come before this proxy. */
export function countBefore(sides: OutageSides, self: string): number {
  return Object.keys(sides).filter((proxy) => proxy < self).length;
}
