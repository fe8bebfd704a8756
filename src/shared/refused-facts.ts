/** What stands in the store and is not taken: counted, and said now and then, since it may stand there for long. */

import type { FactRefusal, Report } from '../domain/events.ts';
import type { Clock } from '../time/clock.ts';

export interface RefusedFacts {
  /** The same text at the same place counts once, however often it is read. */
  refuse(why: FactRefusal, hash: string, field: string, text: string): void;
  total(): number;
}

const SAY_AGAIN_MS = 3_600_000;
/** Whoever fills the store with such things fills no memory here. */
const MAX_PLACES = 1000;
const MAX_SHOWN = 100;

export function createRefusedFacts(clock: Clock, report: Report): RefusedFacts {
  const known = new Map<string, string>();
  const saidAt = new Map<FactRefusal, number>();
  let total = 0;
  return {
    refuse(why, hash, field, text) {
      const place = `${hash} ${field}`.slice(0, 3 * MAX_SHOWN);
      const mark = `${why} ${text.length} ${text.slice(0, MAX_SHOWN)}`;
      if (known.get(place) === mark) return;
      known.set(place, mark);
      const [oldest] = known.keys();
      if (known.size > MAX_PLACES && oldest !== undefined) known.delete(oldest);
      total += 1;
      const now = clock.passed();
      if (now < (saidAt.get(why) ?? Number.NEGATIVE_INFINITY) + SAY_AGAIN_MS) return;
      saidAt.set(why, now);
      const [shownHash, shownField] = [hash, field].map((one) => one.slice(0, MAX_SHOWN)) as [string, string];
      report({ kind: 'store-fact-refused', at: clock.now(), why, hash: shownHash, field: shownField });
    },
    total: () => total,
  };
}
