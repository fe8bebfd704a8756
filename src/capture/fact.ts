/** One fact about Finesse and phones that the proxy, or what it is tested with, relies on. */

import type { Seen, Traffic } from './read-har.ts';

export interface Finding {
  readonly verdict: 'holds' | 'does not hold' | 'not seen';
  /** What was found, in words. */
  readonly found: string;
  /** Numbers of the entries that show it, the most telling first. */
  readonly shownBy: readonly number[];
}

export interface Fact {
  /** A1…: assumed, and so to be checked on each site. F1…: documented. */
  readonly id: string;
  readonly what: string;
  /** Where it is from; of what is assumed: why. */
  readonly source: string;
  /** What the simulated ones do. */
  readonly finesse: string;
  readonly phone: string;
  /** How to see it in a capture. */
  readonly look: string;
  /** What to do, or what comes of it, if it is not so. */
  readonly ifNot: string;
  /** Absent: a capture does not show it. */
  readonly judge?: (traffic: Traffic) => Finding;
}

const MAX_SHOWN = 5;

const numbers = (seen: readonly Seen[]) => [...new Set(seen.map(({ number }) => number))].slice(0, MAX_SHOWN);

export function notSeen(found: string): Finding {
  return { verdict: 'not seen', found, shownBy: [] };
}

export function holds(found: string, by: readonly Seen[]): Finding {
  return { verdict: 'holds', found, shownBy: numbers(by) };
}

export function fails(found: string, by: readonly Seen[]): Finding {
  return { verdict: 'does not hold', found, shownBy: numbers(by) };
}

/** Of what was seen, `wrong` tells what is against it; null: nothing. */
export function judgeEach(
  seen: readonly Seen[],
  wrong: (one: Seen) => string | null,
  words: { readonly none: string; readonly all: string },
): Finding {
  if (seen.length === 0) return notSeen(words.none);
  const found = seen.flatMap((one) => {
    const what = wrong(one);
    return what === null ? [] : [{ one, what }];
  });
  if (found.length === 0) return holds(words.all, seen);
  const said = [...new Set(found.map(({ what }) => what))];
  const more = said.length > MAX_SHOWN ? `; and ${said.length - MAX_SHOWN} more` : '';
  return fails(
    `${said.slice(0, MAX_SHOWN).join('; ')}${more}`,
    found.map(({ one }) => one),
  );
}

export function listNames(names: readonly string[]): string {
  return [...new Set(names)].map((name) => `\`${name}\``).join(', ');
}
