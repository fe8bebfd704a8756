/** What this proxy itself has given away to be done once: the first who asks has it. */

import type { Clock } from '../time/clock.ts';

export interface LocalClaims {
  /** false: somebody has it already. */
  take(name: string, forMs: number): boolean;
  /** It could not be said to others, so nobody has it. */
  release(name: string): void;
}

/** More than so many are looked through for those that are over. */
const SWEEP_AT = 1000;

export function createLocalClaims(clock: Clock): LocalClaims {
  const until = new Map<string, number>();
  let sweepAt = SWEEP_AT;
  return {
    take(name, forMs) {
      const now = clock.passed();
      if ((until.get(name) ?? Number.NEGATIVE_INFINITY) > now) return false;
      until.set(name, now + forMs);
      if (until.size > sweepAt) {
        for (const [each, end] of until) if (end <= now) until.delete(each);
        sweepAt = Math.max(SWEEP_AT, until.size * 2);
      }
      return true;
    },
    release: (name) => void until.delete(name),
  };
}
