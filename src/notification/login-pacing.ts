/** When the next login may be tried. Pure; times are milliseconds of a clock that is never set. */

import type { EndCause } from './connection-failure.ts';

export interface Pace {
  /** No login before this. */
  readonly notBefore: number;
  /** Logins in a row that failed although no connection had been lost. */
  readonly failures: number;
}

export const AT_ONCE: Pace = { notBefore: Number.NEGATIVE_INFINITY, failures: 0 };

/** Five wrong passwords lock the account for five minutes (reference/finesse-health.md §6: caches last 30). */
export const CREDENTIALS_PAUSE_MS = 30 * 60_000;
const MAX_PAUSE_MS = 60_000;
/** Probes are spread by 10 %: one that comes early must not cost its attempt the login. */
const EARLY = 0.85;

export interface Ended {
  readonly cause: EndCause;
  /** When this login began. */
  readonly startedAt: number;
  readonly at: number;
  /** The connection was up, or one that was up was lost and this was a try to get it back. */
  readonly wasUp: boolean;
  /** Length of one attempt of the timeline. */
  readonly intervalMs: number;
}

/** After a lost connection once in every attempt; else once in an attempt at first, and down to once a minute. */
export function reducePace(pace: Pace, { cause, startedAt, at, wasUp, intervalMs }: Ended): Pace {
  if (cause === 'credentials') return { notBefore: at + CREDENTIALS_PAUSE_MS, failures: 0 };
  if (cause === 'lost' && wasUp) return { notBefore: startedAt + EARLY * intervalMs, failures: 0 };
  const pauseMs = Math.min(intervalMs * 2 ** pace.failures, Math.max(MAX_PAUSE_MS, intervalMs));
  return { notBefore: startedAt + EARLY * pauseMs, failures: Math.min(pace.failures + 1, 10) };
}

export function mayLogIn(pace: Pace, at: number): boolean {
  return at >= pace.notBefore;
}
