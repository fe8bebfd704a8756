/**
 * What proxies know together. Each holds all of it in its own memory and answers from there; links carry what changed to the
 * others (a store on Redis or Valkey, the other processes of this proxy). Nobody who asks here ever waits for a link.
 */

import type { Json, Register } from '../domain/register.ts';

/**
 * `devices` by device name: where it is signed in, id and extension, address and listener. `settings` by service: what an
 * operator set. `outages` by id: the record. `outage-devices` by `OUTAGE/DEVICE`: what became of it. `proxies` by id of the
 * proxy: that it is alive and what it sees.
 */
export type FactKind = 'devices' | 'settings' | 'outages' | 'outage-devices' | 'proxies';

export const FACT_KINDS: readonly FactKind[] = ['devices', 'settings', 'outages', 'outage-devices', 'proxies'];

/** Heard with each register that was accepted: set here, or come from elsewhere. */
export type FactListener = (field: string, register: Register, origin: 'here' | 'elsewhere') => void;

/** `unknown`: the store cannot be had, so nobody can say. Whoever asks decides what that means for it. */
export type Claim = 'ours' | 'theirs' | 'unknown';
/** `done`: whoever had it has done it. */
export type TaskClaim = Claim | 'done';

export interface Facts {
  /** Id of this proxy, as in `Register.proxy`. */
  readonly proxy: string;
  get(kind: FactKind, field: string): Register | null;
  /** Deletions too: their value is null. */
  entries(kind: FactKind): Iterable<readonly [field: string, register: Register]>;
  /**
   * Sets it here at once; the others hear of it as soon as they can be reached. null deletes. Newer than anything that is known
   * of the fact here, whatever the clock says.
   */
  set(kind: FactKind, field: string, value: Json): Register;
  /** Told of every register that is accepted, in the order in which they were. */
  subscribe(kind: FactKind, listener: FactListener): void;
  /**
   * Takes a register that came from a link, or was kept over a restart with the time it had; false: what is known here is newer,
   * or the same. It goes on to all links but `from`.
   */
  receive(kind: FactKind, field: string, register: Register, from?: FactLink): boolean;
  /** The store's clock, as far as it is known here; ms. Without a store this machine's. */
  now(): number;
  /**
   * The store's clock says so at this moment. From now on it is counted on by the time that passes: nobody sets that. `reached`:
   * how far proxies had come when they wrote last; a store whose clock is behind that does not take them back.
   */
  heardTime(storeNow: number, reached?: number): void;
  /** Told when that has shown that the time here was ahead by far, and at the first time: what was dated later than `now` was not. */
  onTimeBack(listener: (now: number) => void): void;
  /**
   * Says to all that this proxy does something which is to be done once (a summary, a push to a phone), before it is done.
   * Whoever asks first within `forMs` has it, and nobody again until then: not even the same one. Without a store this proxy
   * alone decides, for all its processes.
   */
  claim(name: string, forMs: number): Promise<Claim>;
  /**
   * As `claim`, of something that is to be done at least once: who has it does it within `forMs` and says so (`finishTask`), else
   * somebody else is given it.
   */
  claimTask(name: string, forMs: number): Promise<TaskClaim>;
  /** It has been done, whoever had it: said to all as soon as they can be reached, also through a store that was flushed since. */
  finishTask(name: string, forMs: number): void;
  /** Forgets what is too old to be a fact, and deletions that everybody has heard of by now. */
  prune(): void;
  /** Carries accepted registers, those from other links included, but never back to where they came from. */
  link(link: FactLink): void;
  /** It carries nothing any more. */
  unlink(link: FactLink): void;
}

export interface FactLink {
  /** An accepted register to be carried. Returns at once. */
  send(kind: FactKind, field: string, register: Register): void;
  claim?(name: string, forMs: number): Promise<TaskClaim>;
  /** Returns at once. */
  finish?(name: string, forMs: number): void;
}
