/** Times that others tell: whatever they say, it can be shown as a date and counted with. Pure. */

/** The end of the year 9999, ms: far from the end of what a `Date` holds, so that something may be added. */
export const LATEST_TIME = 253_402_300_799_999;

/** Into the clock of another machine. */
export function moveTime(at: number, byMs: number): number {
  return Math.min(LATEST_TIME, Math.max(0, Math.round(at + byMs)));
}
