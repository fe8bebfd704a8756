/**
 * Lines about what happens again and again: one for each that does it (a key) in a while, with a count of the rest. A flood of
 * offences must not become a flood of lines, since a full disk is an outage too.
 */

import type { Clock } from './clock.ts';

export type RepeatLine = Readonly<Record<string, unknown>>;

export interface RepeatLogOptions {
  readonly clock: Clock;
  readonly write: (line: RepeatLine) => void;
  /** The line, with `times`, for all that were not kept apart. */
  readonly others: RepeatLine;
  /** How long a key is remembered from its first line on. */
  readonly quietMs?: number;
  /** Keys remembered at once, and so the first lines in that time; the others are counted together. */
  readonly maxKeys?: number;
}

export interface RepeatLog {
  /** `again` is the line, with `times`, for what follows while the key is remembered. */
  happened(key: string, first: RepeatLine, again: RepeatLine): void;
  stop(): void;
}

const QUIET_MS = 60_000;
const MAX_KEYS = 200;

interface Remembered {
  readonly again: RepeatLine;
  readonly until: number;
  repeats: number;
}

export function createRepeatLog(options: RepeatLogOptions): RepeatLog {
  const { clock, write, others, quietMs = QUIET_MS, maxKeys = MAX_KEYS } = options;
  /** In the order in which they end. */
  const remembered = new Map<string, Remembered>();
  /** What happened while there was no room for another key. */
  let uncounted = 0;
  let cancel: (() => void) | null = null;

  const forget = () => {
    cancel = null;
    const now = clock.passed();
    for (const [key, { again, until, repeats }] of remembered) {
      if (until > now) break;
      remembered.delete(key);
      if (repeats > 0) write({ ...again, times: repeats });
    }
    if (uncounted > 0) write({ ...others, times: uncounted });
    uncounted = 0;
    arm();
  };
  const arm = () => {
    const [first] = remembered.values();
    if (cancel === null && first !== undefined) cancel = clock.after(first.until - clock.passed(), forget);
  };

  return {
    happened(key, first, again) {
      const known = remembered.get(key);
      if (known !== undefined) {
        known.repeats += 1;
      } else if (remembered.size >= maxKeys) {
        uncounted += 1;
      } else {
        remembered.set(key, { again, until: clock.passed() + quietMs, repeats: 0 });
        write(first);
        arm();
      }
    },
    stop() {
      cancel?.();
      cancel = null;
    },
  };
}
