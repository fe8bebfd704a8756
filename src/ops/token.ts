/**
 * The tokens of the ops port. A right one always passes, at once. Wrong ones are answered later and later, by address:
 * whoever guesses in turn gets a guess a second, and a script with an old token costs nothing.
 */

import { hash, timingSafeEqual } from 'node:crypto';
import type { OperatorConfig } from '../config/config.ts';
import { type Bucket, reduceBucket } from '../http/server/token-bucket.ts';
import type { Clock } from '../time/clock.ts';

/** Wrong tokens of one address that are answered at once, and how many come back in a second. */
const GUESSES = { burst: 10, requestsPerSecond: 1 } as const;
/** Less than what `status` and `drain` wait for an answer. */
const MAX_DELAY_MS = 3000;
/** Beyond this many addresses the one that was wrong longest ago is forgotten. */
const MAX_ADDRESSES = 4096;

/** Whose token an `Authorization` header has; null: nobody's. */
export function findBearer(
  authorization: string | undefined,
  operators: readonly OperatorConfig[],
): OperatorConfig | null {
  const given = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  // Node reads header bytes as Latin-1; the token's own are UTF-8.
  return findOperator(Buffer.from(given, 'latin1'), operators);
}

/** Digests have one length, and all are compared, so that it takes the same time whatever was sent. */
export function findOperator(given: Uint8Array, operators: readonly OperatorConfig[]): OperatorConfig | null {
  const digest = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer');
  const found = digest(given);
  const matching = operators.filter(({ token }) => timingSafeEqual(found, digest(Buffer.from(token, 'utf8'))));
  return given.length === 0 ? null : (matching[0] ?? null);
}

export interface Guesses {
  /** A wrong token from there; how long its answer has to wait. */
  wrong(address: string): number;
}

export function createGuesses(clock: Pick<Clock, 'passed'>, maxAddresses = MAX_ADDRESSES): Guesses {
  const buckets = new Map<string, Bucket>();
  return {
    wrong(address) {
      const { bucket } = reduceBucket(buckets.get(address) ?? null, clock.passed(), GUESSES);
      // Deleting first keeps the map in the order of the last guess.
      buckets.delete(address);
      const [oldest] = buckets.size >= maxAddresses ? buckets.keys() : [];
      if (oldest !== undefined) buckets.delete(oldest);
      buckets.set(address, bucket);
      return Math.min(MAX_DELAY_MS, Math.max(0, -bucket.tokens * (1000 / GUESSES.requestsPerSecond)));
    },
  };
}
