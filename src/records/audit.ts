/**
 * The audit trail: who did what at the ops port, when, from where and why. Entries are added and never changed; beyond so
 * many the oldest go. Kept in a file if there is a folder for it.
 */

import { z } from 'zod';
import type { EventHandlers, Report } from '../domain/events.ts';
import type { Clock } from '../time/clock.ts';
import { createJournal, type Journal } from './journal.ts';
import type { JournalDamage } from './journal-file.ts';

export interface AuditEntry {
  /** Epoch ms. */
  readonly at: number;
  /** Name of the operator. */
  readonly who: string;
  /** The address it was asked from. */
  readonly from: string | null;
  readonly action: AuditAction;
  readonly service: string | null;
  readonly reason: string | null;
}

const ACTIONS = [
  'ready',
  'drain',
  'maint',
  'drill',
  'drill-end',
  'capture',
  'capture-end',
  'sign-in',
  'sign-out',
  'phone',
  'phone-end',
] as const;
export type AuditAction = (typeof ACTIONS)[number];

export interface AuditTrail {
  readonly handlers: EventHandlers;
  /** Those since then, oldest first. */
  since(at: number): readonly AuditEntry[];
  read(folder: string | null): void;
  begin(): void;
  reconfigure(folder: string | null): void;
  problem(): string | null;
  stop(): Promise<void>;
}

export interface AuditOptions {
  readonly clock: Clock;
  readonly report: Report;
  /** By default 10,000: some years of a busy pair of hands. */
  readonly maxEntries?: number;
}

const MAX_ENTRIES = 10_000;

const line = z.strictObject({
  at: z.number().int().min(0).max(8.64e15),
  who: z.string().max(200),
  from: z.string().max(64).nullable(),
  action: z.enum(ACTIONS),
  service: z.string().max(64).nullable(),
  reason: z.string().max(2000).nullable(),
});

export function createAuditTrail({ clock, report, maxEntries = MAX_ENTRIES }: AuditOptions): AuditTrail {
  /** By their number, oldest first. */
  const entries = new Map<string, AuditEntry>();
  let count = 0;
  let damage: JournalDamage | null = null;
  const journal: Journal = createJournal({
    ...{ name: 'audit.jsonl', holds: 'the audit trail', clock, report },
    renewEveryMs: () => null,
    spareLines: maxEntries,
    keys: () => [...entries.keys()],
    *lines(key) {
      const entry = entries.get(key);
      if (entry !== undefined) yield entry;
    },
  });

  const add = (entry: AuditEntry): string => {
    count += 1;
    const key = String(count);
    entries.set(key, entry);
    const [oldest] = entries.size > maxEntries ? entries.keys() : [];
    if (oldest !== undefined) entries.delete(oldest);
    return key;
  };
  const note = (entry: AuditEntry) => journal.changed(add(entry));

  return {
    handlers: {
      // Nobody did it: a setting reached its end.
      'service-set': ({ at, service, to, who, address }) =>
        who !== null && note({ at, who, from: address, action: to.admin, service, reason: to.reason }),
      'drill-began': ({ at, service, reason, who, address }) =>
        note({ at, who, from: address, action: 'drill', service, reason }),
      'drill-ended': ({ at, service, who, address }) =>
        who !== null && note({ at, who, from: address, action: 'drill-end', service, reason: null }),
      'capture-began': ({ at, devices, who, address }) =>
        note({ at, who, from: address, action: 'capture', service: null, reason: devices.join(', ') }),
      'capture-ended': ({ at, who, address }) =>
        who !== null && note({ at, who, from: address, action: 'capture-end', service: null, reason: null }),
      'operator-session': ({ at, who, address, change }) =>
        note({ at, who, from: address, action: change, service: null, reason: null }),
      // It acts in Finesse: who had it is found by its name.
      'console-phone-began': ({ at, who, address, device }) =>
        note({ at, who, from: address, action: 'phone', service: null, reason: device }),
      'console-phone-ended': ({ at, who, device }) =>
        note({ at, who, from: null, action: 'phone-end', service: null, reason: device }),
    },
    since: (at) => [...entries.values()].filter((entry) => entry.at >= at),
    read(folder) {
      const content = journal.read(folder);
      damage = content.damage;
      for (const one of content.lines) {
        const parsed = line.safeParse(one);
        if (parsed.success) add(parsed.data);
      }
    },
    begin: () => journal.begin(damage),
    reconfigure: journal.moveTo,
    problem: journal.problem,
    stop: journal.stop,
  };
}
