/** Medians: another program that wakes up costs one round, not the result. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** One value a round, in their order. */
  readonly rounds: readonly number[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values };
}

/** The median of the ratios of the rounds: what slows the machine down for a while slows both of a round. */
export function ratioOf(one: Spread, other: Spread): number {
  return median(one.rounds.map((value, round) => value / (other.rounds[round] ?? Number.NaN)));
}
