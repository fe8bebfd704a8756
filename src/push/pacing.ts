/** Runs many small tasks at a bounded pace: so many at once, so many beginning in a second. */

import type { Clock } from '../time/clock.ts';

export interface PacedTask {
  /** Asked right before its turn; one that is not wanted any more costs nothing. */
  wanted(): boolean;
  /** Never rejects. */
  run(): Promise<void>;
}

export interface Pacer {
  add(task: PacedTask): void;
  /** Drops what has not begun. */
  stop(): void;
}

/** A busy process may make up for as much lateness, and not more: then the pace would become a burst. */
const MAKE_UP_MS = 10;

export function createPacer(pace: { readonly concurrent: number; readonly perSecond: number }, clock: Clock): Pacer {
  const intervalMs = 1000 / pace.perSecond;
  let waiting: PacedTask[] = [];
  let head = 0;
  let running = 0;
  /** When the next task may begin, by `clock.passed()`. */
  let nextAt = 0;
  let cancel: (() => void) | null = null;

  const pump = () => {
    cancel?.();
    cancel = null;
    for (; head < waiting.length && running < pace.concurrent; head++) {
      const task = waiting[head] as PacedTask;
      if (!task.wanted()) continue;
      const now = clock.passed();
      nextAt = Math.max(nextAt, now - MAKE_UP_MS);
      if (nextAt > now) {
        cancel = clock.after(nextAt - now, pump);
        return;
      }
      nextAt += intervalMs;
      running += 1;
      void task.run().finally(() => {
        running -= 1;
        pump();
      });
    }
    if (head === waiting.length) {
      waiting = [];
      head = 0;
    }
  };

  return {
    add(task) {
      waiting.push(task);
      if (cancel === null) pump();
    },
    stop() {
      waiting = [];
      head = 0;
      cancel?.();
      cancel = null;
    },
  };
}
