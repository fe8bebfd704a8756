/** How old a confirmation may be to serve for something. Pure. */

import type { ServiceHealth } from './state.ts';

/** A result under this age serves a choice (contract.md, "Pages"), and failed requests ask no more often than this. */
export const FRESH_MS = 1000;

/** Whether the last probe confirmed the service in service, just now. */
export function isFresh({ phase, failure, confirmedAt }: ServiceHealth, now: number): boolean {
  return phase.state === 'in-service' && failure === null && now - (confirmedAt ?? 0) < FRESH_MS;
}

/** Two probe intervals: an older confirmation makes no alternate (reference/finesse-health.md §3). */
export function freshForMs(probeIntervalMs: number): number {
  return 2 * probeIntervalMs;
}

/** `confirmedAt` is the end of the last probe that confirmed the service; null: none did. */
export function isTooOld(confirmedAt: number | null, forMs: number, now: number): boolean {
  return confirmedAt === null || now - confirmedAt > forMs;
}
