/** The facts as this proxy holds them: a map for each kind, and whoever is to hear of what changes. */

import { isNewer, type Register } from '../domain/register.ts';
import type { Clock } from '../time/clock.ts';
import { createLocalClaims } from './claims.ts';
import { FACT_KINDS, type FactKind, type FactLink, type FactListener, type Facts, type TaskClaim } from './facts.ts';

/** A register beyond the store's clock by more than this was set by a wrong clock. */
export const MAX_AHEAD_MS = 1000;
/**
 * A register further ahead of the store's clock was set by nobody who has heard it, and would rule until its time has come. A
 * second is let through above; each proxy knows that clock to half of a round trip, which is below a second too; the rest is room.
 */
export const TRUSTED_AHEAD_MS = 5000;
const DAY_MS = 86_400_000;
/** Before the store's clock was heard there is only the own one, which may be in another time zone. */
const TRUSTED_UNHEARD_MS = DAY_MS;
/**
 * The clock of a store that took over, or was set, may be so far behind the one before: then time goes on from where it was, or
 * what is new would lose to what is old until that clock has come as far. Further behind the one before was wrong.
 */
export const MAX_BEHIND_MS = 2 * 3_600_000;
/** Records are shown by that time, so it comes down to the store's clock: by this part of the time that passes while it is heard. */
const EASE = 0.02;
const EASE_AT_ONCE_MS = 20;
/** Proxies that ease off each by itself are a little apart, and must not hold each other up. */
const APART_MS = 500;
/** A proxy that was cut off for less than this hears of every deletion. */
const KEEP_DELETIONS_MS = DAY_MS;

export interface FactsOptions {
  readonly proxy: string;
  readonly clock: Clock;
  /** A register that has not been set anew for so long is no longer a fact, for anybody; null: it stays. Default: all stay. */
  readonly keepForMs?: (kind: FactKind) => number | null;
  /** A listener threw. */
  readonly onFault?: (error: unknown) => void;
}

export interface Replica extends Facts {
  /** null: it is one to keep. Else what it is older than, ms: the age at which it is no longer a fact. */
  overAfter(kind: FactKind, register: Register): number | null;
  /** false: no clock can have given it that time, so it is refused. */
  trusts(register: Register): boolean;
  size(): number;
  /** The store took a register that was set here by a clock ahead of its own, and gave it this time. */
  restamp(kind: FactKind, field: string, from: Register, at: number): void;
}

export function createFacts({ proxy, clock, keepForMs = () => null, onFault = () => {} }: FactsOptions): Replica {
  const kinds = new Map<FactKind, Map<string, Register>>(FACT_KINDS.map((kind) => [kind, new Map()]));
  const listeners = new Map<FactKind, FactListener[]>(FACT_KINDS.map((kind) => [kind, []]));
  const backListeners: ((now: number) => void)[] = [];
  const links = new Set<FactLink>();
  const claims = createLocalClaims(clock);
  /** What the store's clock is ahead of `passed`; null: it was never heard. */
  let ahead: number | null = null;
  /** When it was heard last. */
  let heardAt = 0;
  let untold: (() => void)[] = [];
  let isTelling = false;

  const of = (kind: FactKind) => kinds.get(kind) as Map<string, Register>;
  const now = () => (ahead === null ? clock.now() : Math.round(clock.passed() + ahead));

  /** One after the other: a listener that sets something itself must not have others hear of that first. */
  const tell = (kind: FactKind, field: string, register: Register, origin: 'here' | 'elsewhere') => {
    for (const listener of listeners.get(kind) ?? []) untold.push(() => listener(field, register, origin));
    if (isTelling) return;
    isTelling = true;
    for (let next = untold; next.length > 0; next = untold) {
      untold = [];
      for (const run of next) {
        try {
          run();
        } catch (error) {
          onFault(error);
        }
      }
    }
    isTelling = false;
  };
  const accept = (kind: FactKind, field: string, register: Register, from: FactLink | null) => {
    of(kind).set(field, register);
    for (const link of links) if (link !== from) link.send(kind, field, register);
  };
  const overAfter = (kind: FactKind, { at, value }: Register): number | null => {
    const keep = value === null ? KEEP_DELETIONS_MS : keepForMs(kind);
    return keep !== null && at < now() - keep ? keep : null;
  };

  const trusts = ({ at }: Register): boolean =>
    Number.isSafeInteger(at) && at >= 0 && at <= now() + (ahead === null ? TRUSTED_UNHEARD_MS : TRUSTED_AHEAD_MS);

  /** The clock that made them was wrong: left alone they would rule until that time has come. */
  const bringBack = () => {
    const at = now();
    for (const [kind, facts] of kinds) {
      for (const [field, register] of facts)
        if (register.at > at + MAX_AHEAD_MS) accept(kind, field, { ...register, at }, null);
    }
    for (const listener of backListeners) {
      try {
        listener(at);
      } catch (error) {
        onFault(error);
      }
    }
  };

  const claimTask = async (name: string, forMs: number): Promise<TaskClaim> => {
    // The processes of one proxy ask the same one; what it has given away here it need not ask the store for.
    const taken = claims.take(name, forMs);
    if (taken !== 'ours') return taken;
    for (const link of links) {
      if (link.claim === undefined) continue;
      const claim = await link.claim(name, forMs).catch((): TaskClaim => 'unknown');
      if (claim === 'unknown') claims.release(name);
      if (claim !== 'ours') return claim;
    }
    return 'ours';
  };

  return {
    proxy,
    get: (kind, field) => of(kind).get(field) ?? null,
    entries: (kind) => of(kind),
    set(kind, field, value) {
      // What is known of this fact was known before, whoever's clock is ahead. Of other facts nothing needs to be later or
      // earlier: counting on for all of them, thousands at once would be set seconds ahead of the clock.
      const at = Math.max(now(), (of(kind).get(field)?.at ?? 0) + 1);
      const register: Register = { at, proxy, value };
      accept(kind, field, register, null);
      tell(kind, field, register, 'here');
      return register;
    },
    subscribe: (kind, listener) => void listeners.get(kind)?.push(listener),
    receive(kind, field, register, from) {
      if (!trusts(register)) return false;
      if (!isNewer(register, of(kind).get(field) ?? null) || overAfter(kind, register) !== null) return false;
      accept(kind, field, register, from ?? null);
      tell(kind, field, register, 'elsewhere');
      return true;
    },
    now,
    heardTime(storeNow, reached = 0) {
      const before = ahead === null ? Number.POSITIVE_INFINITY : now();
      const passed = clock.passed();
      const eased = ahead === null ? 0 : passed + ahead - Math.min(EASE_AT_ONCE_MS, EASE * (passed - heardAt));
      const furthest = reached > eased + APART_MS ? reached : eased;
      const isBehind = furthest > storeNow + MAX_AHEAD_MS && furthest <= storeNow + MAX_BEHIND_MS;
      ahead = (isBehind ? furthest : storeNow) - passed;
      heardAt = passed;
      if (now() < before - MAX_AHEAD_MS) bringBack();
    },
    onTimeBack: (listener) => void backListeners.push(listener),
    async claim(name, forMs) {
      const claim = await claimTask(name, forMs);
      return claim === 'done' ? 'theirs' : claim;
    },
    claimTask,
    finishTask(name, forMs) {
      claims.finish(name, forMs);
      for (const link of links) link.finish?.(name, forMs);
    },
    link: (link) => void links.add(link),
    unlink: (link) => void links.delete(link),
    prune() {
      for (const [kind, facts] of kinds)
        for (const [field, register] of facts) if (overAfter(kind, register) !== null) facts.delete(field);
    },
    overAfter,
    trusts,
    size: () => [...kinds.values()].reduce((sum, facts) => sum + facts.size, 0),
    restamp(kind, field, from, at) {
      if (of(kind).get(field) === from) of(kind).set(field, { ...from, at });
    },
  };
}
