/**
 * Who is signed in where, over a restart: written soon after it changes, read back as what is believed until the device's
 * next page says otherwise. Never a password.
 */

import { z } from 'zod';
import { isConsoleDevice } from '../domain/console-device.ts';
import { isPrefillValue } from '../domain/device.ts';
import type { Report } from '../domain/events.ts';
import { isDeviceName } from '../domain/phone-url.ts';
import type { DeviceRegistry, KnownDevice } from '../store/devices.ts';
import type { Clock } from '../time/clock.ts';
import { createJournal, type Journal } from './journal.ts';
import type { JournalContent, JournalDamage } from './journal-file.ts';

export interface SignInRecords {
  /** Reads what was kept of devices that were seen within `forgetAfterMs`; null: nothing is kept. */
  read(folder: string | null): void;
  begin(): void;
  reconfigure(forgetAfterMs: number, folder: string | null): void;
  problem(): string | null;
  stop(): Promise<void>;
}

export interface SignInRecordsOptions {
  readonly devices: Pick<DeviceRegistry, 'get' | 'all' | 'restore' | 'onChange'>;
  /** Whether a service of that id is configured. */
  readonly isService: (id: string) => boolean;
  readonly forgetAfterMs: number;
  readonly clock: Clock;
  readonly report: Report;
}

/** When a device was last seen is written with all the rest, and this often at least. */
const RENEW_EVERY_MS = 600_000;

export function createSignInRecords(options: SignInRecordsOptions): SignInRecords {
  const { devices, clock, report } = options;
  let { forgetAfterMs } = options;
  let damage: JournalDamage | null = null;
  const journal: Journal = createJournal({
    ...{ name: 'sign-ins.jsonl', holds: 'sign-ins', clock, report },
    renewEveryMs: () => Math.max(1000, Math.min(RENEW_EVERY_MS, forgetAfterMs / 4)),
    // As they are now: the order of the devices changes with every request.
    keys: () => devices.all().flatMap(({ name, service }) => (service === null ? [] : [name])),
    lines: (name) => [renderLine(name, devices.get(name))],
  });
  devices.onChange(journal.changed);

  return {
    read(folder) {
      const content = journal.read(folder);
      const found = selectSignIns(content, clock.now(), forgetAfterMs);
      damage = found.damage;
      for (const device of found.devices) if (options.isService(device.service ?? '')) devices.restore(device);
    },
    begin: () => journal.begin(damage),
    reconfigure(nextMs, folder) {
      forgetAfterMs = nextMs;
      journal.moveTo(folder);
    },
    problem: journal.problem,
    stop: journal.stop,
  };
}

/** A device that is signed in nowhere has a line too: it takes back the one before. */
function renderLine(device: string, known: KnownDevice | null): object {
  if (known === null || known.service === null) return { device, service: null };
  const { service, since, seenAt, prefill, from, place, model, left } = known;
  return { device, service, since, seenAt, from, place, model, prefill, left };
}

// Fields of a newer version are passed over, in all that is kept: whoever goes back to this one keeps its sign-ins.
const time = z.number().int().min(0).max(8.64e15);
const address = z.string().max(64);
const place = z.object({ address, origin: z.string().max(300) }).nullable();
/** Only what would have been taken from a phone: it goes into URLs. */
const typed = z.string().refine(isPrefillValue).nullable().catch(null);

const signedInLine = z.object({
  // No phone in the browser outlives its process, however that ended.
  device: z.string().refine((name) => isDeviceName(name) && !isConsoleDevice(name)),
  service: z.string().max(64),
  ...{ since: time, seenAt: time, from: place, place },
  model: z.string().max(64).nullable(),
  prefill: z.object({ id: typed, extension: typed, address }).nullable(),
  // Files of earlier versions have none.
  left: z
    .array(z.object({ service: z.string().max(64), at: time }))
    .max(16)
    .default([]),
});
const signedOutLine = z.object({ device: z.string(), service: z.null() });

export interface FoundSignIns {
  /** The one silent for longest first. */
  readonly devices: readonly KnownDevice[];
  readonly damage: JournalDamage | null;
}

/** Whom a file shows to be signed in. A clock that was set back since makes nobody's request lie ahead. */
export function selectSignIns(content: JournalContent, now: number, forgetAfterMs: number): FoundSignIns {
  const byName = new Map<string, KnownDevice>();
  for (const line of content.lines) {
    const parsed = signedInLine.safeParse(line);
    if (parsed.success) {
      const { device: name, seenAt, since, ...rest } = parsed.data;
      const times = { seenAt: Math.min(seenAt, now), since: Math.min(since, now) };
      byName.set(name, {
        name,
        looking: null,
        lastKey: 'no-matter',
        chosen: null,
        offer: null,
        noticed: null,
        ...rest,
        ...times,
      });
    } else {
      const out = signedOutLine.safeParse(line);
      if (out.success) byName.delete(out.data.device);
    }
  }
  const all = [...byName.values()].sort((one, other) => one.seenAt - other.seenAt);
  const newest = Math.max(content.writtenAt ?? 0, all.at(-1)?.seenAt ?? 0);
  if (content.writtenAt !== null && newest < now - forgetAfterMs) {
    const because = `all of it is older than phones.forgetAfter (${new Date(newest).toISOString()})`;
    return { devices: [], damage: { because, usable: false } };
  }
  return { devices: all.filter(({ seenAt }) => seenAt >= now - forgetAfterMs), damage: content.damage };
}
