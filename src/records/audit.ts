/**
 * The audit trail: who did what at the ops port, when, from where and why. Entries are added and never changed; beyond so
 * many of its part the oldest of that part go: signing in, which whoever may only read can do in a loop, pushes out no change.
 * Kept in a file if there is a folder for it.
 */

import { z } from 'zod';
import type { EventHandlers, Report } from '../domain/events.ts';
import { LATEST_TIME } from '../domain/fact-time.ts';
import { type SharedTrail, TRAIL_PARTS, type TrailPart } from '../shared/shared-trail.ts';
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

/** The part of the trail that each belongs to. */
const PART_OF = {
  ready: 'changes',
  drain: 'changes',
  maint: 'changes',
  drill: 'changes',
  'drill-end': 'changes',
  capture: 'changes',
  'capture-end': 'changes',
  'sign-in': 'sessions',
  'sign-out': 'sessions',
  phone: 'phones',
  'phone-end': 'phones',
} as const satisfies Readonly<Record<string, TrailPart>>;
export type AuditAction = keyof typeof PART_OF;
const ACTIONS = Object.keys(PART_OF) as [AuditAction, ...AuditAction[]];

export interface AuditTrail {
  readonly handlers: EventHandlers;
  /** Those since then, oldest first, of all proxies that share theirs. */
  since(at: number): readonly AuditEntry[];
  /** From now on new entries are handed over too, as text; what others hand over is heard. */
  share(proxy: string, name: string, append: (entry: string, part: TrailPart) => void): SharedTrail;
  read(folder: string | null): void;
  begin(): void;
  reconfigure(folder: string | null): void;
  problem(): string | null;
  stop(): Promise<void>;
}

export interface AuditOptions {
  readonly clock: Clock;
  readonly report: Report;
  readonly maxEntries?: Readonly<Record<TrailPart, number>>;
}

/** Of changes some years of a busy pair of hands. */
const MAX_ENTRIES = { changes: 10_000, sessions: 5000, phones: 5000 };

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

function renderShared(proxy: string, name: string, entry: AuditEntry): string {
  return JSON.stringify({ proxy, name, ...entry });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function createAuditTrail({ clock, report, maxEntries = MAX_ENTRIES }: AuditOptions): AuditTrail {
  /** By their number. */
  const entries = createParts(maxEntries);
  let count = 0;
  let damage: JournalDamage | null = null;
  /** In the order in which they were added. */
  const keys = () => entries.keys().sort((one, other) => Number(one) - Number(other));
  const journal: Journal = createJournal({
    ...{ name: 'audit.jsonl', holds: 'the audit trail', clock, report },
    renewEveryMs: () => null,
    spareLines: TRAIL_PARTS.reduce((sum, part) => sum + maxEntries[part], 0),
    keys,
    *lines(key) {
      const entry = entries.get(key);
      if (entry !== undefined) yield entry;
    },
  });

  const add = (entry: AuditEntry): string => {
    count += 1;
    const key = String(count);
    const gone = entries.add(key, entry);
    // Else what is remembered of each would grow without end.
    if (gone !== null && sharing !== null) own?.[PART_OF[gone.action]].delete(sharing.render(gone));
    return key;
  };
  /** Of this proxy as the others have it, and of the others by their text: an entry may come twice, and has no other name. */
  let sharing: {
    readonly render: (entry: AuditEntry) => string;
    readonly append: (entry: string, part: TrailPart) => void;
  } | null = null;
  const others = createParts(maxEntries);
  let own: Record<TrailPart, Set<string>> | null = null;
  let ownName: string | null = null;
  const ownTexts = (): Record<TrailPart, Set<string>> => {
    if (own === null) {
      own = { changes: new Set(), sessions: new Set(), phones: new Set() };
      if (sharing !== null) for (const entry of entries.all()) own[PART_OF[entry.action]].add(sharing.render(entry));
    }
    return own;
  };
  const note = (entry: AuditEntry) => {
    journal.changed(add(entry));
    if (sharing === null) return;
    const part = PART_OF[entry.action];
    const text = sharing.render(entry);
    ownTexts()[part].add(text);
    sharing.append(text, part);
  };
  const hear = (said: string): string | null => {
    const parsed = sharedEntry.safeParse(parseJson(said));
    if (!parsed.success) return null;
    const { name, proxy, ...entry } = parsed.data;
    const text = renderShared(proxy, name, entry);
    if (others.get(text) === undefined && !ownTexts()[PART_OF[entry.action]].has(text))
      others.add(text, { ...entry, proxy: name });
    return text;
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
      const here = keys().flatMap((key) => {
        const entry = entries.get(key);
        return entry !== undefined && entry.at >= at ? [entry] : [];
      });
      if (sharing === null) return here;
      const there = others.all().filter((entry) => entry.at >= at);
      const named = here.map((entry) => ({ ...entry, proxy: ownName }));
      return [...named, ...there].sort((one, other) => one.at - other.at);
    },
    share(proxy, name, append) {
      ownName = name;
      own = null;
      sharing = { append, render: (entry) => renderShared(proxy, name, entry) };
      return { own: (part) => ownTexts()[part], heard: hear };
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

/** Entries by a key of theirs, each part of the trail within its own bound. */
function createParts(max: Readonly<Record<TrailPart, number>>) {
  const parts: Record<TrailPart, Map<string, AuditEntry>> = {
    changes: new Map(),
    sessions: new Map(),
    phones: new Map(),
  };
  const all = () => TRAIL_PARTS.map((part) => parts[part]);
  return {
    /** Returns the entry that had to go, or null. */
    add(key: string, entry: AuditEntry): AuditEntry | null {
      const part = PART_OF[entry.action];
      const held = parts[part];
      held.set(key, entry);
      const [oldest] = held.size > max[part] ? held : [];
      if (oldest === undefined) return null;
      held.delete(oldest[0]);
      return oldest[1];
    },
    get: (key: string) =>
      all()
        .find((held) => held.has(key))
        ?.get(key),
    keys: () => all().flatMap((held) => [...held.keys()]),
    all: () => all().flatMap((held) => [...held.values()]),
  };
}
