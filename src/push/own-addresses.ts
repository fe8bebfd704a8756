/** The addresses of this machine's own interfaces. */

import { networkInterfaces } from 'node:os';
import type { Clock } from '../time/clock.ts';

const LOOK_AGAIN_MS = 10_000;

export function readOwnAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)));
}

/** Looked at now and then: they change with a failover of a shared address. */
export function createOwnAddresses(clock: Pick<Clock, 'passed'>): () => ReadonlySet<string> {
  let own: ReadonlySet<string> = new Set();
  let at = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.passed();
    if (now - at >= LOOK_AGAIN_MS) {
      at = now;
      own = readOwnAddresses();
    }
    return own;
  };
}
