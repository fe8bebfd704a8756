/** What is to be done once, among several proxies: a key of the store for each, which the first who asks has for a while. */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../time/clock.ts';
import type { TaskClaim } from './facts.ts';
import type { RedisCommand, RedisConnection } from './redis-connection.ts';

export interface StoreClaims {
  claim(name: string, forMs: number): Promise<TaskClaim>;
  /** Returns at once; it is said when the store can be had. */
  finish(name: string, forMs: number): void;
  /** Says what the store may not know to be done: of a store that is another one, or may be, all of it. */
  tellDone(isAnother: boolean): Promise<void>;
}

export interface StoreClaimsOptions {
  readonly connection: Pick<RedisConnection, 'run'>;
  readonly prefix: string;
  readonly proxy: string;
  readonly clock: Clock;
  /** The store was read by the connection that is there. */
  readonly isRead: () => boolean;
}

/** What the value of a claim begins with once the thing is done. */
const DONE = 'done ';

export function createStoreClaims({ connection, prefix, proxy, clock, isRead }: StoreClaimsOptions): StoreClaims {
  /** Another one at each start: what was claimed before is not claimed by this one. */
  const claimant = `${proxy} ${randomBytes(6).toString('hex')}`;
  /** Claims of which nobody could say whether the store had taken them. */
  const unsure = new Set<string>();
  /** What this proxy has done, and until when others are to know, by `Clock.passed`; and what of it the store may not know. */
  const done = new Map<string, number>();
  const untold = new Set<string>();

  const prune = () => {
    for (const [name, until] of done) {
      if (until > clock.passed()) continue;
      done.delete(name);
      untold.delete(name);
    }
  };
  const tellDone = async (isAnother: boolean) => {
    prune();
    if (isAnother) for (const name of done.keys()) untold.add(name);
    const names = [...untold];
    if (names.length === 0) return;
    // Over the claim of whoever has it by now: it is done all the same.
    const replies = await connection.run(
      names.map((name): RedisCommand => {
        const leftMs = Math.max(1, Math.ceil((done.get(name) ?? 0) - clock.passed()));
        return ['SET', `${prefix}claim:${name}`, `${DONE}${claimant}`, 'PX', leftMs];
      }),
    );
    replies.forEach((reply, index) => {
      if ('value' in reply) untold.delete(names[index] ?? '');
    });
  };

  return {
    async claim(name, forMs) {
      if (!isRead()) return 'unknown';
      const key = `${prefix}claim:${name}`;
      const [taken, holder] = await connection.run([
        ['SET', key, claimant, 'NX', 'PX', forMs],
        ['GET', key],
      ]);
      if (taken === undefined || 'fault' in taken || holder === undefined || 'fault' in holder) {
        unsure.add(name);
        return 'unknown';
      }
      // What was asked before was taken, only its answer was lost.
      const wasLost = unsure.delete(name) && holder.value === claimant;
      if (taken.value !== null || wasLost) return 'ours';
      return typeof holder.value === 'string' && holder.value.startsWith(DONE) ? 'done' : 'theirs';
    },
    finish(name, forMs) {
      done.set(name, clock.passed() + forMs);
      untold.add(name);
      if (isRead()) void tellDone(false);
    },
    tellDone,
  };
}
