/** What was heard of each of the other proxies: a table that is silent about one of them looks whole and is not. */

import type { StorePeer } from '../domain/store-status.ts';
import type { Clock } from '../time/clock.ts';

export interface StorePeers {
  heard(proxy: string): void;
  /** By name. */
  all(): readonly StorePeer[];
}

/** Whatever stands in the store, this is no place for thousands of names. */
const MAX_PEERS = 64;

export function createStorePeers(own: string, clock: Clock): StorePeers {
  const peers = new Map<string, StorePeer>();
  return {
    heard(proxy) {
      if (proxy === own) return;
      const known = peers.get(proxy);
      if (known === undefined && peers.size >= MAX_PEERS) return;
      peers.set(proxy, { proxy, heard: (known?.heard ?? 0) + 1, heardAt: clock.now() });
    },
    all: () => [...peers.values()].sort((one, other) => (one.proxy < other.proxy ? -1 : 1)),
  };
}
