/**
 * The token of the ops port. The right one always passes, at once. Wrong ones are answered later and later, by address:
 * whoever guesses in turn gets a guess a second, and a script with an old token costs nothing.
 */

import { hash, timingSafeEqual } from 'node:crypto';
import { type Bucket, reduceBucket } from '../http/server/token-bucket.ts';
import type { Clock } from '../time/clock.ts';

/** Wrong tokens of one address that are answered at once, and how many come back in a second. */
const GUESSES = { burst: 10, requestsPerSecond: 1 } as const;
/** Less than what `status` and `drain` wait for an answer. */
const MAX_DELAY_MS = 3000;
/** Beyond this many addresses the one that was wrong longest ago is forgotten. */
const MAX_ADDRESSES = 4096;

/** Digests have one length, so that comparing takes the same time whatever was sent. */
export function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  // Node reads header bytes as Latin-1; the token's own are UTF-8.
  const digest = (text: string, encoding: BufferEncoding) => hash('sha256', Buffer.from(text, encoding), 'buffer');
  return timingSafeEqual(digest(given, 'latin1'), digest(token, 'utf8'));
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
