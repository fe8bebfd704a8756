/** The processes that serve phones, when they are several: what is known of each, and how soon one that ended is replaced. Pure. */

export interface PhoneProcessStatus {
  /** 1, 2…: its place; whoever replaces it has the same. */
  readonly process: number;
  /** null: there is none at this moment. */
  readonly pid: number | null;
  readonly state: 'starting' | 'serving' | 'ended';
  /** Of this state, epoch ms. */
  readonly since: number;
  /** How often it was replaced. */
  readonly restarts: number;
  /** Why the one before ended; null: none has. */
  readonly ended: string | null;
  /** As it told last. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Ends within this time count towards the pace. */
export const PACE_MS = 60_000;
/** As many of them are replaced at once. */
const AT_ONCE = 3;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * How long to wait before a process is replaced: not at all, unless it ends again and again. `ends` are the times of its ends
 * so far, the last one included, by a clock that is never set.
 */
export function selectRestartPause(ends: readonly number[], now: number): number {
  const lately = ends.filter((at) => now - at < PACE_MS).length;
  if (lately <= AT_ONCE) return 0;
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (lately - AT_ONCE - 1));
}
