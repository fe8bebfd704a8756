/** What this proxy itself has given away to be done once: the first who asks has it. */

import type { Clock } from '../time/clock.ts';

export interface LocalClaims {
  take(name: string, forMs: number): 'ours' | 'theirs' | 'done';
  /** It could not be said to others, so nobody has it. */
  release(name: string): void;
  /** It has been done: nobody has it for so long. */
  finish(name: string, forMs: number): void;
}

interface Given {
  /** By `Clock.passed`. */
  readonly until: number;
  readonly isDone: boolean;
}

/** More than so many are looked through for those that are over. */
const SWEEP_AT = 1000;

export function createLocalClaims(clock: Clock): LocalClaims {
  const given = new Map<string, Given>();
  let sweepAt = SWEEP_AT;
  const give = (name: string, forMs: number, isDone: boolean) => {
    const now = clock.passed();
    given.set(name, { until: now + forMs, isDone });
    if (given.size <= sweepAt) return;
    for (const [each, { until }] of given) if (until <= now) given.delete(each);
    sweepAt = Math.max(SWEEP_AT, given.size * 2);
  };
  return {
    take(name, forMs) {
      const known = given.get(name);
      if (known !== undefined && known.until > clock.passed()) return known.isDone ? 'done' : 'theirs';
      give(name, forMs, false);
      return 'ours';
    },
    release: (name) => void given.delete(name),
    finish: (name, forMs) => give(name, forMs, true),
  };
}
