/** The store of what proxies know together, as `/health` shows it. Pure. */

import type { StoreState } from '../domain/events.ts';
import { renderStoreFault } from '../domain/store-fault.ts';
import { describeStore, type StoreStatus } from '../domain/store-status.ts';

export interface StoreEntry {
  readonly server: string;
  readonly state: StoreState;
  readonly since: string;
  /** Why it is not connected. */
  readonly reason: string | null;
  /** What that means for whom. */
  readonly means: string;
  readonly lagMs: number | null;
  readonly waiting: number;
  readonly facts: number;
  readonly refused: number;
  readonly peers: readonly { readonly proxy: string; readonly heard: number; readonly heardAt: string }[];
}

export function renderStore(status: StoreStatus): StoreEntry {
  const { server, state, since, fault, lagMs, waiting, facts, refused, peers } = status;
  return {
    ...{ server, state, since: new Date(since).toISOString(), reason: fault === null ? null : renderStoreFault(fault) },
    ...{ means: describeStore(status), lagMs, waiting, facts, refused },
    peers: peers.map(({ proxy, heard, heardAt }) => ({ proxy, heard, heardAt: new Date(heardAt).toISOString() })),
  };
}
