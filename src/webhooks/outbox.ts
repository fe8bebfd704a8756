/**
 * What waits to be sent, for each receiver in order; kept in a file if there is a folder for it. Of an event only what happened
 * is kept, never a URL, a key or a signature.
 */

import { z } from 'zod';
import type { Report } from '../domain/events.ts';
import { WEBHOOK_TYPES, type WebhookEvent, type WebhookType } from '../domain/webhook-event.ts';
import { createJournal, type Journal } from '../records/journal.ts';
import type { JournalDamage } from '../records/journal-file.ts';
import type { Clock } from '../time/clock.ts';

export interface Waiting {
  readonly event: WebhookEvent;
  /** How old it was when this process got it, and when that was by `Clock.passed`: no setting of the clock makes it older. */
  readonly agedMs: number;
  readonly since: number;
  /** An earlier process had it, and may have claimed it. */
  readonly isRead: boolean;
}

export interface Outbox {
  /** The oldest one for the receiver; null: nothing waits. */
  first(receiver: string): Waiting | null;
  size(receiver: string): number;
  /** Adds it behind all others. Beyond the bound the oldest but the first goes, which may be under way; then true. */
  add(receiver: string, event: WebhookEvent): boolean;
  remove(receiver: string, id: string): void;
  /** Whatever waits for receivers that are not among these goes, and how much that was is told. */
  keepOnly(receivers: readonly string[]): ReadonlyMap<string, number>;
  /** Those for whom something waits. */
  receivers(): readonly string[];
  read(folder: string | null): void;
  begin(): void;
  moveTo(folder: string | null): void;
  /** Whether what waits survives the process. */
  isKept(): boolean;
  problem(): string | null;
  stop(): Promise<void>;
}

/** For each receiver; some days of a bad week. */
export const MAX_WAITING = 1000;
/** Lines that tell of what has been sent, before the file is written anew. */
const SPARE_LINES = 2000;

const MAX_TIME = 8.64e15;
const line = z.union([
  z.strictObject({
    receiver: z.string().max(64),
    event: z.strictObject({
      ...{ id: z.string().max(300), type: z.enum(WEBHOOK_TYPES as readonly [WebhookType, ...WebhookType[]]) },
      ...{ at: z.number().int().min(0).max(MAX_TIME), subject: z.string().max(300).nullable() },
      ...{ text: z.string().max(4000), severity: z.enum(['critical', 'error', 'warning', 'info']) },
      data: z.record(z.string(), z.unknown()),
      alert: z.strictObject({ key: z.string().max(300), action: z.enum(['trigger', 'resolve']) }).nullable(),
      isShared: z.boolean(),
    }),
  }),
  z.strictObject({ receiver: z.string().max(64), gone: z.string().max(300) }),
]);

export function createOutbox(options: {
  readonly clock: Clock;
  readonly report: Report;
  readonly maxWaiting?: number;
}): Outbox {
  const { clock, report, maxWaiting = MAX_WAITING } = options;
  const queues = new Map<string, Map<string, Waiting>>();
  let folder: string | null = null;
  let damage: JournalDamage | null = null;
  let hasBegun = false;

  const journal: Journal = createJournal({
    ...{ name: 'webhooks.jsonl', holds: 'events for webhooks', clock, report },
    renewEveryMs: () => null,
    spareLines: SPARE_LINES,
    keys: () => [...queues].flatMap(([receiver, queue]) => [...queue.keys()].map((id) => keyOf(receiver, id))),
    *lines(key) {
      const [receiver = '', id = ''] = key.split('\n');
      const waiting = queues.get(receiver)?.get(id);
      yield waiting === undefined ? { receiver, gone: id } : { receiver, event: waiting.event };
    },
  });

  const queueOf = (receiver: string) => {
    const queue = queues.get(receiver) ?? new Map<string, Waiting>();
    queues.set(receiver, queue);
    return queue;
  };

  const remove = (receiver: string, id: string) => {
    if (queues.get(receiver)?.delete(id) === true) journal.changed(keyOf(receiver, id));
  };

  const put = (receiver: string, event: WebhookEvent, agedMs: number, isRead: boolean): boolean => {
    const queue = queueOf(receiver);
    queue.set(event.id, { event, agedMs, since: clock.passed(), isRead });
    journal.changed(keyOf(receiver, event.id));
    if (queue.size <= maxWaiting) return false;
    const [, second] = queue.keys();
    if (second !== undefined) remove(receiver, second);
    return true;
  };

  return {
    first: (receiver) => queues.get(receiver)?.values().next().value ?? null,
    size: (receiver) => queues.get(receiver)?.size ?? 0,
    add(receiver, event) {
      const queue = queueOf(receiver);
      // Two of one kind in the same millisecond are two.
      let { id } = event;
      for (let number = 2; queue.has(id); number++) id = `${event.id}-${number}`;
      return put(receiver, { ...event, id }, 0, false);
    },
    remove,
    keepOnly(receivers) {
      const dropped = new Map<string, number>();
      for (const [receiver, queue] of queues) {
        if (receivers.includes(receiver)) continue;
        if (queue.size > 0) dropped.set(receiver, queue.size);
        for (const id of [...queue.keys()]) remove(receiver, id);
        queues.delete(receiver);
      }
      return dropped;
    },
    receivers: () => [...queues].flatMap(([receiver, { size }]) => (size > 0 ? [receiver] : [])),
    read(from) {
      folder = from;
      const content = journal.read(from);
      damage = content.damage;
      for (const one of content.lines) {
        const parsed = line.safeParse(one);
        if (!parsed.success) continue;
        const found = parsed.data;
        if ('gone' in found) queues.get(found.receiver)?.delete(found.gone);
        else put(found.receiver, found.event, Math.max(0, clock.now() - found.event.at), true);
      }
    },
    begin() {
      if (hasBegun) return;
      hasBegun = true;
      journal.begin(damage);
    },
    moveTo(next) {
      folder = next;
      journal.moveTo(next);
    },
    isKept: () => folder !== null && journal.problem() === null,
    problem: journal.problem,
    stop: journal.stop,
  };
}

/** Neither a name nor an id holds a line feed. */
function keyOf(receiver: string, id: string): string {
  return `${receiver}\n${id}`;
}
