/** The audit trail among several proxies. It is no set of facts: entries are added and never changed. */

/** Each is bounded by itself: what may be told in a loop by whoever only reads pushes out no change. */
export const TRAIL_PARTS = ['changes', 'sessions', 'phones'] as const;
export type TrailPart = (typeof TRAIL_PARTS)[number];

export interface SharedTrail {
  /** Those of this proxy, as text. */
  own(part: TrailPart): Iterable<string>;
  /** Returns it as this version says it, which is what it is known by: a newer one may have said more. null: it is none. */
  heard(entry: string): string | null;
}
