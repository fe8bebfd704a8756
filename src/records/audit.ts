/**
 * The audit trail: who did what at the ops port, when, from where and why. Entries are added and never changed; beyond so
 * many the oldest go. Kept in a file if there is a folder for it.
 */

import { z } from 'zod';
import type { EventHandlers, Report } from '../domain/events.ts';
import { LATEST_TIME } from '../domain/fact-time.ts';
import type { SharedTrail } from '../shared/shared-trail.ts';
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
  /** Name of the proxy at which it was asked; null: this one, which is alone. */
  readonly proxy?: string | null;
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
  /** Those since then, oldest first, of all proxies that share theirs. */
  since(at: number): readonly AuditEntry[];
  /** From now on new entries are handed over too, as text; what others hand over is heard. */
  share(proxy: string, name: string, append: (entry: string) => void): SharedTrail;
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

const line = z.object({
  at: z.number().int().min(0).max(LATEST_TIME),
  who: z.string().max(200),
  from: z.string().max(64).nullable(),
  action: z.enum(ACTIONS),
  service: z.string().max(64).nullable(),
  reason: z.string().max(2000).nullable(),
});

/** As it is handed to others. A newer version may say more. */
const sharedEntry = z.object({
  ...line.shape,
  ...{ proxy: z.string().max(80), name: z.string().max(255), action: z.enum(ACTIONS) },
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

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
  /** Of this proxy as the others have it, and of the others by their text: an entry may come twice, and has no other name. */
  let sharing: { readonly render: (entry: AuditEntry) => string; readonly append: (entry: string) => void } | null =
    null;
  const others = new Map<string, AuditEntry>();
  let own: Set<string> | null = null;
  let ownName: string | null = null;
  const ownTexts = (): Set<string> => {
    own ??= new Set(sharing === null ? [] : [...entries.values()].map(sharing.render));
    return own;
  };
  const note = (entry: AuditEntry) => {
    journal.changed(add(entry));
    if (sharing === null) return;
    const text = sharing.render(entry);
    ownTexts().add(text);
    sharing.append(text);
  };
  const hear = (text: string) => {
    if (ownTexts().has(text) || others.has(text)) return;
    const parsed = sharedEntry.safeParse(parseJson(text));
    if (!parsed.success) return;
    const { name, proxy: _, ...entry } = parsed.data;
    others.set(text, { ...entry, proxy: name });
    const [oldest] = others.size > maxEntries ? others.keys() : [];
    if (oldest !== undefined) others.delete(oldest);
  };

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
    since(at) {
      const here = [...entries.values()].filter((entry) => entry.at >= at);
      if (sharing === null) return here;
      const there = [...others.values()].filter((entry) => entry.at >= at);
      const named = here.map((entry) => ({ ...entry, proxy: ownName }));
      return [...named, ...there].sort((one, other) => one.at - other.at);
    },
    share(proxy, name, append) {
      ownName = name;
      own = null;
      sharing = { append, render: (entry) => JSON.stringify({ proxy, name, ...entry }) };
      return { own: ownTexts, heard: hear };
    },
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
