/** What many phones saw, added up as it happens: bounded, however long they run. */

import type { Exchange } from '../phone/exchange.ts';

/** Distinct titles, violations and reasons that are kept apart; the rest is counted together. */
const distinct = 60;
const slowestMs = 10_000;

export interface Summary {
  readonly phones: number;
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** Answers by object and title. */
  readonly answers: Readonly<Record<string, number>>;
  /** HTTP statuses; `none` when no answer came. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What phones would have shown, with the reason. */
  readonly errors: Readonly<Record<string, number>>;
  readonly violations: Readonly<Record<string, number>>;
  /** Answers that were not 200 phone XML within the time. */
  readonly notInTime: number;
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
  readonly signIns: number;
  /** Phones that another service shows its pages to than at first, as `from → to`. */
  readonly moved: Readonly<Record<string, number>>;
}

export interface Tally {
  add(exchange: Exchange): void;
  addSignIn(): void;
  /** A running line. */
  line(phones: number, elapsedMs: number): string;
  summarise(phones: number, elapsedMs: number, moves: readonly string[]): Summary;
}

/** An answer that takes longer than `answerWithinMs` is counted as not in time. */
export function createTally(answerWithinMs: number): Tally {
  const answers = new Map<string, number>();
  const statuses = new Map<string, number>();
  const errors = new Map<string, number>();
  const violations = new Map<string, number>();
  // One counter a millisecond: exact percentiles without keeping every measurement.
  const latencies = new Uint32Array(slowestMs + 1);
  let requests = 0;
  let notInTime = 0;
  let failed = 0;
  let broken = 0;
  let signIns = 0;
  let maxMs = 0;

  return {
    add(exchange) {
      requests += 1;
      count(statuses, exchange.status === null ? 'none' : String(exchange.status));
      maxMs = Math.max(maxMs, exchange.durationMs);
      const slot = Math.min(slowestMs, Math.max(0, Math.round(exchange.durationMs)));
      latencies[slot] = (latencies[slot] ?? 0) + 1;
      // Titles may hold an agent's id: counted by their wording.
      const title = (exchange.title ?? '').replace(/\d+/g, '#');
      if (exchange.object !== null) count(answers, `${exchange.object} ${title}`.trim());
      if (exchange.error !== null) {
        failed += 1;
        count(errors, `${exchange.error}: ${exchange.reason ?? ''}`);
      }
      broken += exchange.violations.length;
      for (const violation of exchange.violations) count(violations, violation);
      if (exchange.object === null || exchange.status !== 200 || exchange.durationMs > answerWithinMs) notInTime += 1;
    },
    addSignIn() {
      signIns += 1;
    },
    line(phones, elapsedMs) {
      const seconds = Math.round(elapsedMs / 1000);
      return `${seconds} s · ${phones} phones · ${requests} requests · p99 ${percentile(latencies, requests, 0.99)} ms · ${failed} errors · ${broken} violations · ${notInTime} not in time`;
    },
    summarise(phones, elapsedMs, moves) {
      const moved = new Map<string, number>();
      for (const move of moves) count(moved, move);
      return {
        phones,
        seconds: Math.round(elapsedMs / 100) / 10,
        requests,
        requestsPerSecond: Math.round((requests / Math.max(1, elapsedMs)) * 10_000) / 10,
        answers: sorted(answers),
        statuses: sorted(statuses),
        errors: sorted(errors),
        violations: sorted(violations),
        notInTime,
        latencyMs: {
          p50: percentile(latencies, requests, 0.5),
          p90: percentile(latencies, requests, 0.9),
          p99: percentile(latencies, requests, 0.99),
          max: Math.round(maxMs),
        },
        signIns,
        moved: sorted(moved),
      };
    },
  };
}

/** The summary for people. */
export function renderSummary(summary: Summary): string {
  const { latencyMs } = summary;
  const table = (heading: string, rows: Readonly<Record<string, number>>) =>
    Object.keys(rows).length === 0
      ? []
      : [`${heading}:`, ...Object.entries(rows).map(([name, number]) => `${String(number).padStart(8)}  ${name}`)];
  return [
    `${summary.phones} phones, ${summary.seconds} s, ${summary.requests} requests (${summary.requestsPerSecond}/s)`,
    `latency: p50 ${latencyMs.p50} ms, p90 ${latencyMs.p90} ms, p99 ${latencyMs.p99} ms, max ${latencyMs.max} ms`,
    ...table('answers', summary.answers),
    ...table('HTTP statuses', summary.statuses),
    ...table('phones moved', summary.moved),
    ...table('errors shown', summary.errors),
    ...table('violations', summary.violations),
    `sign-ins: ${summary.signIns}`,
    `not 200 phone XML in time: ${summary.notInTime}`,
  ].join('\n');
}

/** Every request was answered in time, with a page within the rules. */
export function isClean(summary: Summary): boolean {
  return (
    summary.requests > 0 &&
    summary.notInTime === 0 &&
    Object.keys(summary.errors).length === 0 &&
    Object.keys(summary.violations).length === 0
  );
}

function count(counts: Map<string, number>, name: string): void {
  const key = counts.has(name) || counts.size < distinct ? name : 'others';
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}

/** Milliseconds that the given share of all requests did not exceed. */
function percentile(latencies: Uint32Array, requests: number, share: number): number {
  let left = Math.ceil(requests * share);
  for (const [ms, number] of latencies.entries()) {
    left -= number;
    if (left <= 0) return requests === 0 ? 0 : ms;
  }
  return slowestMs;
}
