import type { Clock } from '../src/time/clock.ts';

interface Timer {
  readonly dueAt: number;
  readonly run: () => void;
}

export interface FakeClock extends Clock {
  /** Runs what falls due within `ms`, each at its time, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Time passes while the process stands still: timers that fell due run afterwards, late. */
  suspend(ms: number): Promise<void>;
  /** The system clock is set forward or (negative) back; running timers do not notice. */
  set(byMs: number): void;
  /** How many timers are armed. */
  armed(): number;
}

export const START = 1_800_000_000_000;

/** A clock that moves by hand. As in Node, timers count time that passed and not what the system clock says. */
export function createFakeClock(): FakeClock {
  let passedMs = 0;
  let offsetMs = START;
  let timers: Timer[] = [];
  // An immediate runs after all promises that can settle without time passing.
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const next = () => timers.reduce<Timer | null>((a, b) => (a !== null && a.dueAt <= b.dueAt ? a : b), null);
  const runDue = async (until: number) => {
    await settle();
    for (let timer = next(); timer !== null && timer.dueAt <= until; timer = next()) {
      const due = timer;
      timers = timers.filter((other) => other !== due);
      passedMs = Math.max(passedMs, due.dueAt);
      due.run();
      await settle();
    }
    passedMs = until;
  };
  return {
    now: () => offsetMs + passedMs,
    passed: () => passedMs,
    after(delayMs, run) {
      const timer = { dueAt: passedMs + Math.max(0, delayMs), run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: (ms) => runDue(passedMs + ms),
    async suspend(ms) {
      passedMs += ms;
      await runDue(passedMs);
    },
    set(byMs) {
      offsetMs += byMs;
    },
    armed: () => timers.length,
  };
}
