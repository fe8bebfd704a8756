/** How the store of what proxies know together is, and what that means for whom. Pure. */

import type { StoreState } from './events.ts';
import { renderStoreFault, type StoreFault } from './store-fault.ts';

/** What was heard of another proxy through the store. */
export interface StorePeer {
  readonly proxy: string;
  /** Facts of it that were news here, since the start. */
  readonly heard: number;
  /** Epoch ms. */
  readonly heardAt: number;
}

export interface StoreStatus {
  /** Its host and port, or what the Sentinels call it. */
  readonly server: string;
  readonly state: StoreState;
  /** Epoch ms. */
  readonly since: number;
  /** Why it is not `connected`. */
  readonly fault: StoreFault | null;
  /** How old what was heard last is; null: nothing was yet. */
  readonly lagMs: number | null;
  /** Facts and entries that the store does not have yet. */
  readonly waiting: number;
  readonly written: number;
  /** What stands there and was not taken. */
  readonly refused: number;
  /** Facts known here. */
  readonly facts: number;
  /** Other proxies, by what was heard of them. */
  readonly peers: readonly StorePeer[];
}

const MEANS: Readonly<Record<StoreState, string>> = {
  connecting: 'The proxy has just started and is about to read what the others know.',
  connected: 'All proxies know the same: phones may change between them, and what operators set holds at each.',
  'reading-only':
    'Phones are answered as before. What the others say is heard; what this proxy learns and what is set here reaches them when the store takes writes again.',
  gone: 'Phones are answered as before, by what this proxy knows. A phone that changes to another proxy, which has not heard of its last sign-in, is relayed to the service it asks for; operators set drain and maint at each proxy. What changes meanwhile is told when the store is back.',
  refused:
    'Phones are answered as before, but this proxy is alone until it is upgraded: it neither hears the others nor tells them anything.',
};

export function describeStore({ state }: StoreStatus): string {
  return MEANS[state];
}

/** What is wrong with it, for operators; null: nothing is. */
export function decideStoreProblem(status: StoreStatus): string | null {
  const { state, since, fault } = status;
  if (state === 'connected' || state === 'connecting') return null;
  const what = { 'reading-only': 'takes no writes', gone: 'is gone', refused: 'is not understood' }[state];
  const reason = fault === null ? '' : ` ${renderStoreFault(fault)}`;
  return `store: it ${what} since ${new Date(since).toISOString()}.${reason} ${MEANS[state]}`;
}
