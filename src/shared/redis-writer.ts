/**
 * What is still to be written to the store: a set of facts and not a list of changes, so that an hour without it costs no memory
 * beyond what the facts themselves take. Each is written as it is when its turn comes.
 */

import type { StoreFault } from '../domain/store-fault.ts';
import type { Clock } from '../time/clock.ts';
import type { FactKind } from './facts.ts';
import type { RedisCommand, RedisConnection } from './redis-connection.ts';
import { AUDIT_STREAMS, LOG_LENGTH, MERGE_SCRIPT, placeOf } from './redis-layout.ts';
import { MAX_AHEAD_MS, MAX_BEHIND_MS, type Replica, TRUSTED_AHEAD_MS } from './replica.ts';
import { TRAIL_PARTS, type TrailPart } from './shared-trail.ts';

export interface StoreWriter {
  /** A fact has changed here. */
  changed(kind: FactKind, field: string): void;
  /** An entry of the audit trail, as text. Each is added once, or twice after a time-out; readers know it by its text. */
  append(entry: string, part: TrailPart): void;
  /** Writes may be made from now on, or may not. */
  allow(may: boolean): void;
  /** Facts and entries that the store does not have yet. */
  waiting(): number;
  /** Written until now. */
  written(): number;
  /** Writes what waits if it can be written, for at most so long. */
  stop(withinMs: number): Promise<void>;
}

export interface StoreWriterOptions {
  readonly connection: RedisConnection;
  readonly prefix: string;
  readonly facts: Replica;
  readonly clock: Clock;
  /** After each attempt: what refused it, or null. */
  readonly onAttempt: (fault: StoreFault | null) => void;
}

/** One sign-in makes several changes within a few ms. */
const GATHER_MS = 5;
const RETRY_MS = 500;
/** Of one script: the server does nothing else meanwhile. */
const BATCH = 100;
const BATCHES_AT_ONCE = 5;
/** Of each part. Nobody has waited for an entry that long; its own proxy has it in its file. */
const MAX_ENTRIES = 2000;

interface Batch {
  readonly command: RedisCommand;
  readonly facts: readonly (readonly [kind: FactKind, field: string])[];
}

export function createStoreWriter(options: StoreWriterOptions): StoreWriter {
  const { connection, prefix, facts, clock, onAttempt } = options;
  const changed = new Map<string, readonly [kind: FactKind, field: string]>();
  /** Sent, and not answered yet. */
  let sent = new Map<string, readonly [kind: FactKind, field: string]>();
  const entries: Record<TrailPart, string[]> = { changes: [], sessions: [], phones: [] };
  let isAllowed = false;
  let cancel: (() => void) | null = null;
  let busy: Promise<void> | null = null;
  let written = 0;

  const entriesWaiting = () => TRAIL_PARTS.reduce((sum, part) => sum + entries[part].length, 0);
  const waiting = () => new Set([...changed.keys(), ...sent.keys()]).size + entriesWaiting();
  const arm = (afterMs: number) => {
    if (cancel !== null || busy !== null || !isAllowed || changed.size + entriesWaiting() === 0) return;
    cancel = clock.after(afterMs, () => {
      cancel = null;
      void flush();
    });
  };
  const flush = (): Promise<void> => {
    busy ??= write()
      // A fault of ours must not end the process: the next full read finds what the store lacks.
      .catch(() => false)
      .then((isDone) => {
        busy = null;
        arm(isDone ? GATHER_MS : RETRY_MS);
      });
    return busy;
  };

  const takeBatches = (): Batch[] => {
    const byHash = new Map<string, (readonly [kind: FactKind, field: string])[]>();
    const taken = [...changed].slice(0, BATCH * BATCHES_AT_ONCE);
    sent = new Map(taken);
    for (const [key, fact] of taken) {
      changed.delete(key);
      const { hash } = placeOf(...fact);
      const list = byHash.get(hash) ?? [];
      if (list.length === 0) byHash.set(hash, list);
      list.push(fact);
    }
    const batches: Batch[] = [];
    for (const list of byHash.values())
      for (let first = 0; first < list.length; first += BATCH)
        batches.push(renderBatch(list.slice(first, first + BATCH)));
    return batches;
  };
  const renderBatch = (list: Batch['facts']): Batch => {
    // A fact that was forgotten meanwhile is nothing to write.
    const found = list.filter(([kind, field]) => facts.get(kind, field) !== null);
    const [first = ['devices', ''] as const] = found;
    const { hash, expireMs } = placeOf(...first);
    const parts = found.flatMap(([kind, field]) => {
      const { at, proxy, value } = facts.get(kind, field) ?? { at: 0, proxy: '', value: null };
      return [placeOf(kind, field).field, at, proxy, JSON.stringify(value)];
    });
    const head = ['EVAL', MERGE_SCRIPT, 3, ...['log', hash, 'clock'].map((key) => `${prefix}${key}`)] as const;
    const times = [facts.now(), MAX_BEHIND_MS, MAX_AHEAD_MS, TRUSTED_AHEAD_MS];
    return { command: [...head, ...times, LOG_LENGTH, hash, expireMs, ...parts], facts: found };
  };

  /** false: something could not be written. */
  const write = async (): Promise<boolean> => {
    const batches = takeBatches().filter((batch) => batch.facts.length > 0);
    const before = batches.map((batch) => batch.facts.map((fact) => facts.get(...fact)));
    const added = TRAIL_PARTS.flatMap((part) => entries[part].slice(0, BATCH).map((entry) => ({ part, entry })));
    const replies = await connection.run([
      ...batches.map(({ command }) => command),
      ...added.map(({ part, entry }): RedisCommand => {
        const { key, length } = AUDIT_STREAMS[part];
        return ['XADD', `${prefix}${key}`, 'MAXLEN', '~', length, '*', 'e', entry];
      }),
    ]);
    sent.clear();
    let fault: StoreFault | null = null;
    batches.forEach((batch, index) => {
      const reply = replies[index];
      if (reply === undefined || 'fault' in reply) {
        fault ??= reply?.fault ?? null;
        // It may have arrived all the same; then the second time changes nothing.
        for (const fact of batch.facts) changed.set(fact.join(' '), fact);
        return;
      }
      written += batch.facts.length;
      const stamps = Array.isArray(reply.value) ? reply.value.map(Number) : [];
      batch.facts.forEach(([kind, field], at) => {
        const was = before[index]?.[at] ?? null;
        const kept = stamps[at] ?? 0;
        if (was !== null && kept > 0 && kept !== was.at) facts.restamp(kind, field, was, kept);
      });
    });
    const failed = added.filter((_, index) => {
      const reply = replies[batches.length + index];
      if (reply !== undefined && 'fault' in reply) fault ??= reply.fault;
      return reply === undefined || 'fault' in reply;
    });
    for (const part of TRAIL_PARTS) {
      const sentOfPart = added.filter((one) => one.part === part).length;
      const again = failed.filter((one) => one.part === part).map(({ entry }) => entry);
      entries[part] = [...again, ...entries[part].slice(sentOfPart)];
    }
    // Where nothing was sent nothing is known: writes may be refused still.
    if (batches.length + added.length > 0) onAttempt(fault);
    return fault === null;
  };

  return {
    changed(kind, field) {
      changed.set(`${kind} ${field}`, [kind, field]);
      arm(GATHER_MS);
    },
    append(entry, part) {
      entries[part].push(entry);
      if (entries[part].length > MAX_ENTRIES) entries[part].shift();
      arm(GATHER_MS);
    },
    allow(may) {
      isAllowed = may;
      if (may) arm(0);
    },
    waiting,
    written: () => written,
    async stop(withinMs) {
      cancel?.();
      cancel = null;
      const until = clock.passed() + withinMs;
      await busy;
      for (let last = -1; isAllowed && waiting() > 0 && clock.passed() < until && written !== last; ) {
        last = written;
        await write();
      }
      isAllowed = false;
    },
  };
}
