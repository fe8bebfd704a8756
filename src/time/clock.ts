/** Time as an argument: tests bring their own. */
export interface Clock {
  /** Epoch milliseconds: what people read, and what is written down. An administrator or NTP may set it forward or back. */
  now(): number;
  /** Milliseconds that passed since some moment of this process; never set: for what counts time. */
  passed(): number;
  /** Calls `run` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  passed: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
