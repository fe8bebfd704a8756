/** Plain counting for the phone path: two look-ups and an addition; what is scraped is copied out of it. */

export interface Tally {
  /** Adds one, or so many. Keys that appear here stay, so they must come from a bounded set. */
  add(first: string, second: string, count?: number): void;
  /** Every pair with its count, also those declared and never counted. */
  entries(): IterableIterator<readonly [first: string, second: string, count: number]>;
}

/**
 * A tally that shows 0 for every declared pair from the start, so that rates work from the first event on. What is declared
 * may grow; what was counted once stays, since a counter that vanished and came back would look like a restart.
 */
export function createTally(firsts: () => readonly string[], seconds: readonly string[]): Tally {
  const rows = new Map<string, Map<string, { count: number }>>();
  const cell = (first: string, second: string) => {
    const row = rows.get(first) ?? new Map<string, { count: number }>();
    rows.set(first, row);
    const made = { count: 0 };
    row.set(second, made);
    return made;
  };
  const declare = () => {
    for (const first of firsts()) for (const second of seconds) rows.get(first)?.get(second) ?? cell(first, second);
  };
  return {
    add(first, second, count = 1) {
      const found = rows.get(first)?.get(second) ?? cell(first, second);
      found.count += count;
    },
    *entries() {
      declare();
      for (const [first, row] of rows) for (const [second, { count }] of row) yield [first, second, count];
    },
  };
}
