/** What is gathered while the soak runs, and judged at its end. */

import type { SeenAnswer } from './phones.ts';
import type { Stall } from './proxy-process.ts';

/** Every answer within this time, in real time. */
export const ANSWER_WITHIN_MS = 5000;
/** So long without a turn, and the servers of the soak are too slow for the proxy's probes by themselves. */
const STALL_MS = 250;

/** Problems by their words, each with how often; a flood of them stays readable. */
export class Problems {
  readonly #counts = new Map<string, number>();
  readonly #onFirst: (problem: string) => void;

  /** `onFirst` gets each problem when it is seen for the first time. */
  constructor(onFirst: (problem: string) => void) {
    this.#onFirst = onFirst;
  }

  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  add(problem: string): void {
    const key = this.#counts.has(problem) || this.#counts.size < 50 ? problem : 'others';
    if (!this.#counts.has(key)) this.#onFirst(key);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  list(): string[] {
    return [...this.#counts].map(([problem, count]) => (count === 1 ? problem : `${problem} (${count} times)`));
  }
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Every answer that phones got, judged and counted; one counter a millisecond. */
export class Answers {
  readonly #problems: Problems;
  readonly #late: Stall[] = [];
  readonly #latencies = new Uint32Array(20_001);
  count = 0;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  add({ exchange, tookMs }: SeenAnswer): void {
    this.count += 1;
    const slot = Math.min(20_000, Math.round(tookMs));
    this.#latencies[slot] = (this.#latencies[slot] ?? 0) + 1;
    if (exchange.status !== 200 || exchange.object === null) {
      this.#problems.add(`a phone got ${exchange.status ?? 'no answer'}: ${exchange.error} (${exchange.reason})`);
    }
    if (tookMs > ANSWER_WITHIN_MS) this.#late.push({ from: Date.now() - tookMs, to: Date.now() });
    for (const violation of exchange.violations) this.#problems.add(`a page breaks the rules: ${violation}`);
  }

  /** At the end, when all stalls are known: how many answers were late while the machine stood still. Others are problems. */
  decideLate(stalled: (from: number, to: number) => boolean): number {
    const excused = this.#late.filter(({ from, to }) => stalled(from, to));
    for (let i = excused.length; i < this.#late.length; i++) {
      this.#problems.add(`a phone waited longer than ${ANSWER_WITHIN_MS} ms`);
    }
    return excused.length;
  }

  latency(): Latency {
    const at = (share: number) => {
      let left = Math.max(1, Math.ceil(this.count * share));
      return this.#latencies.findIndex((count) => {
        left -= count;
        return left <= 0;
      });
    };
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}

/** When this process, with the servers and the phones in it, had no turn: then it is the machine that fails. */
export function watchStalls(): { readonly seen: readonly Stall[]; readonly stop: () => void } {
  const seen: Stall[] = [];
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - last > STALL_MS) seen.push({ from: last, to: now });
    last = now;
  }, 50);
  return { seen, stop: () => clearInterval(timer) };
}
