/** What is not as it should be, and what puts it right. Pure. */

export type Remedy =
  /** `--apply` does it. */
  | 'apply'
  /** So it would, if it were asked for this entry. */
  | 'apply-entry'
  | 'apply-parameters'
  /** The button, or phone by phone with `--update-subscriptions`. */
  | 'update-subscriptions'
  | 'subscribe'
  /** AXL cannot, or it is not for us to change. */
  | 'by-hand';

export interface Difference {
  readonly about: 'service' | 'parameter' | 'subscription' | 'phone' | 'user' | 'certificate';
  /** Names of services, phones, users: those that differ in the same way are one difference. */
  readonly names: readonly string[];
  readonly field: string;
  readonly found: string;
  readonly expected: string;
  readonly remedy: Remedy;
  /** What to do by hand, if that is the remedy. */
  readonly advice?: string;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** What is no difference, but should be known: what was not compared among it. */
  readonly notes: readonly string[];
}

/** Those that say the same become one with all the names. */
export function mergeDifferences(differences: readonly Difference[]): Difference[] {
  const groups = Map.groupBy(differences, ({ names: _, ...rest }) => JSON.stringify(Object.entries(rest).sort()));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, names: [...new Set(group.flatMap(({ names }) => names))] }];
  });
}
