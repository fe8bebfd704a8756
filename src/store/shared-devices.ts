/**
 * Phones as facts that all proxies know: where each is signed in, its agent and extension, its address and listener, and what it
 * looks at. A phone that asks another proxy the next time is met there as if it had never been elsewhere. Never a password.
 */

import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { isConsoleDevice } from '../domain/console-device.ts';
import { isPrefillValue, type LeftService } from '../domain/device.ts';
import { CLOCKS_DIFFER_MS, mergeDevices, type SharedDevice } from '../domain/device-sharing.ts';
import type { EventHandlers, Report } from '../domain/events.ts';
import { LATEST_TIME, moveTime } from '../domain/fact-time.ts';
import { isDeviceName } from '../domain/phone-url.ts';
import { fieldOf, type Json, keepUnknown, type Register } from '../domain/register.ts';
import type { Facts } from '../shared/facts.ts';
import type { Clock } from '../time/clock.ts';
import type { DeviceRegistry, KnownDevice } from './devices.ts';

export interface SharedDevices {
  readonly handlers: EventHandlers;
  /**
   * Tells what was kept over the restart, with the time it had; takes what is known already. Then both go on. In portions: phones
   * are served between two of them.
   */
  begin(): Promise<void>;
  reconfigure(forgetAfterMs: number): void;
  /** Tells now what would be told in a moment. */
  flush(): void;
  stop(): void;
}

export interface SharedDevicesOptions {
  readonly facts: Facts;
  readonly devices: DeviceRegistry;
  readonly isService: (id: string) => boolean;
  readonly forgetAfterMs: number;
  readonly clock: Clock;
  readonly report: Report;
}

/** A sign-in is several changes in a row, all of them within the answer to one request. */
const GATHER_MS = 10;
/** Told, or taken at the start, in one go. */
const AT_ONCE = 250;
/** That a phone is still there is told anew after this part of the time in which it would be forgotten. */
const RENEWALS = 24;
const MAX_LOOK_MS = 60_000;

export function createSharedDevices(options: SharedDevicesOptions): SharedDevices {
  const { facts, devices, clock, report } = options;
  let { forgetAfterMs } = options;
  const changed = new Set<string>();
  /** Where each phone signed in or out last. */
  const signs = new Map<string, Sign>();
  let cancelFlush: (() => void) | null = null;
  let cancelLook = () => {};
  let isRunning = false;

  /** What the store's clock is ahead of this machine's: times are told in the former. */
  const aheadMs = () => facts.now() - clock.now();

  const flush = (atMost = Number.POSITIVE_INFINITY) => {
    cancelFlush?.();
    cancelFlush = null;
    let told = 0;
    for (const name of changed) {
      if (told === atMost) break;
      changed.delete(name);
      tell(name);
      told += 1;
    }
    // In an outage thousands of phones look at the same page within a second.
    if (changed.size > 0) armFlush(1);
  };
  const armFlush = (afterMs: number) => {
    if (isRunning) cancelFlush ??= clock.after(afterMs, () => flush(AT_ONCE));
  };
  const note = (name: string) => {
    changed.add(name);
    const service = devices.get(name)?.service ?? null;
    const sign = signs.get(name) ?? { service: null, at: 0 };
    if (service !== sign.service) signs.set(name, { service, at: Math.max(facts.now(), sign.at + 1), askedAt: 0 });
    armFlush(GATHER_MS);
  };

  const tell = (name: string) => {
    const device = devices.get(name);
    const known = facts.get('devices', name);
    // Who never signed in has nothing to lose at another proxy, and anybody can invent names.
    // Nor does a phone in the browser leave its proxy.
    if (device === null || (device.service === null && known === null) || isConsoleDevice(name)) return;
    const value = known === null ? null : parseDevice(name, known, 0);
    // Signed in where this proxy knows of no service: that is not for it to undo.
    if (device.service === null && value !== null && value.service !== null && !options.isService(value.service))
      return;
    facts.set('devices', name, renderDevice(withSign(device), known, aheadMs()));
  };

  const withSign = (device: KnownDevice): Told => ({ ...device, signedAt: signs.get(device.name)?.at ?? 0 });

  const hear = (name: string, register: Register) => {
    const heard = parseDevice(name, register, -aheadMs());
    if (heard === null || heard.seenAt < clock.now() - forgetAfterMs) return;
    if (heard.service !== null && !options.isService(heard.service)) return;
    const known = devices.get(name);
    if (known === null) {
      if (heard.service !== null) put(heard, null, register);
      return;
    }
    const own = withLaterSign(known, heard);
    if (own !== known) note(name);
    // What changed here a moment ago is newer, though it has not been told yet.
    const isPending = changed.has(name);
    const merged = isPending ? mergeDevices(heard, withSign(own)) : mergeDevices(withSign(own), heard);
    put(merged, own, register);
    if (!isPending && !isDeepStrictEqual(merged, { ...heard, seenAt: merged.seenAt })) note(name);
  };
  /**
   * It signed out elsewhere, and in again here before this proxy had heard of that: to this one nothing had changed, and a page
   * that was asked for after the other sign tells of it.
   */
  const withLaterSign = (own: KnownDevice, heard: Told): KnownDevice => {
    const sign = signs.get(own.name);
    if (sign === undefined || own.service === null || own.service === heard.service) return own;
    if (sign.service !== own.service || sign.askedAt <= heard.signedAt || sign.askedAt <= sign.at) return own;
    sign.at = sign.askedAt;
    return { ...own, since: Math.round(sign.at - aheadMs()) };
  };
  const put = ({ signedAt, ...device }: Told, own: KnownDevice | null, { proxy }: Register) => {
    const from = own?.service ?? null;
    const { service = null, askedAt = 0 } = signs.get(device.name) ?? {};
    signs.set(device.name, {
      service: device.service,
      at: signedAt,
      askedAt: service === device.service ? askedAt : 0,
    });
    devices.merge({ ...device, seenAt: Math.min(device.seenAt, clock.now()) });
    if (from !== device.service)
      report({ kind: 'device-heard', at: clock.now(), device: device.name, from, to: device.service, proxy });
  };

  /** Phones that are there and change nothing are told of now and then, so that nobody forgets them. */
  const look = () => {
    const renewAfterMs = forgetAfterMs / RENEWALS;
    for (const name of signs.keys()) if (devices.get(name) === null) signs.delete(name);
    for (const { name, service, seenAt } of devices.all()) {
      const at = facts.get('devices', name)?.at ?? 0;
      if (service !== null && seenAt + aheadMs() > at + renewAfterMs) note(name);
    }
    arm();
  };
  const arm = () => {
    cancelLook = clock.after(Math.min(MAX_LOOK_MS, Math.max(100, forgetAfterMs / RENEWALS)), look);
  };

  devices.onAnyChange(note);
  facts.onTimeBack((now) => {
    for (const sign of signs.values()) {
      sign.at = Math.min(sign.at, now);
      // Of a page that was asked for by that clock nobody knows what it came after.
      if (sign.askedAt > now) sign.askedAt = 0;
    }
  });
  facts.subscribe('devices', (name, register, origin) => {
    if (isRunning && origin === 'elsewhere') hear(name, register);
  });

  return {
    handlers: {
      'page-relayed'({ at, service, device, page, durationMs }) {
        const sign = signs.get(device);
        if (page !== 'other' || sign?.service !== service || devices.get(device)?.service !== service) return;
        sign.askedAt = Math.round(at - durationMs + aheadMs());
      },
    },
    async begin() {
      let count = 0;
      const isPortion = () => {
        count += 1;
        return count % AT_ONCE === 0;
      };
      // What was kept has the times of this machine's clock.
      const byMs = aheadMs();
      const told = (at: number) => Math.min(Math.max(1, Math.round(at + byMs)), facts.now());
      for (const device of devices.all()) {
        if (isPortion()) await nextTurn();
        const { name, service, seenAt, since } = device;
        if (service === null || isConsoleDevice(name)) continue;
        signs.set(name, { service, at: told(since ?? seenAt), askedAt: 0 });
        // As old as it is: whoever has heard of the phone since knows better.
        // What a newer version says more was read from the store, and is not in the folder.
        const value = renderDevice(withSign(device), facts.get('devices', name), byMs);
        const register = { at: told(seenAt), proxy: facts.proxy, value };
        facts.receive('devices', name, register);
      }
      isRunning = true;
      for (const [name, register] of [...facts.entries('devices')]) {
        if (isPortion()) await nextTurn();
        if (register.proxy !== facts.proxy) hear(name, register);
      }
      armFlush(0);
      arm();
    },
    reconfigure(nextMs) {
      forgetAfterMs = nextMs;
      // Services may have come that others knew.
      for (const [name, register] of facts.entries('devices')) if (devices.get(name) === null) hear(name, register);
    },
    flush: () => flush(),
    stop() {
      flush();
      isRunning = false;
      cancelLook();
    },
  };
}

/** Times are by the store's clock. */
interface Sign {
  /** Where the phone signed in; null: it signed out. */
  readonly service: string | null;
  at: number;
  /** When it asked, here, for the last page that shows it signed in there. */
  askedAt: number;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

type Told = KnownDevice & Pick<SharedDevice, 'signedAt'>;

const time = z.number().int().min(0).max(LATEST_TIME);
const address = z.string().max(64);
/** Pushes go there: whatever else stands in the store, it is an address and no name. */
const place = z
  .object({ address: address.refine((text) => isIP(text) !== 0), origin: z.string().max(300) })
  .nullable()
  .catch(null);
const id = z.string().max(64).nullable();
/** Only what this proxy would have taken from a phone: it goes into URLs. */
const typed = z.string().refine(isPrefillValue).nullable().catch(null);

/** What a newer version says more is kept as it is (`renderDevice`), and what it leaves out is not known. */
const shared = z.looseObject({
  service: id,
  seenAt: time,
  signedAt: time.optional(),
  since: time.nullable().default(null),
  looking: id.default(null),
  lastKey: z.enum(['no-matter', 'not-done', 'may-be-done']).catch('no-matter'),
  prefill: z.object({ id: typed, extension: typed, address }).nullable().default(null),
  left: z
    .array(z.object({ service: z.string().max(64), at: time }))
    .max(16)
    .default([]),
  chosen: id.default(null),
  offer: id.default(null),
  noticed: time.nullable().default(null),
  ...{ from: place.default(null), place: place.default(null), model: id.default(null) },
});
const KEYS = Object.keys(shared.shape);

/** null: it is none, or one that cannot be read here. */
export function parseDevice(name: string, { at: toldAt, value }: Register, byMs: number): Told | null {
  const { data } = shared.safeParse(value);
  if (data === undefined || !isDeviceName(name) || isConsoleDevice(name)) return null;
  const { service, looking, lastKey, prefill, chosen, offer, noticed, from, model } = data;
  // A sign-in that is still to come would be undone by none.
  const move = (at: number) => moveTime(at, byMs);
  return {
    ...{ name, service, looking, lastKey, prefill, chosen, offer, noticed, from, model, place: data.place },
    ...{ seenAt: move(data.seenAt), signedAt: Math.min(data.signedAt ?? toldAt, toldAt) },
    since: data.since === null ? null : move(data.since),
    left: data.left.map((each) => ({ service: each.service, at: move(each.at) })),
  };
}

export function renderDevice(device: Told, before: Register | null, byMs: number): Json {
  const { service, looking, lastKey, prefill, chosen, offer, noticed, from, model } = device;
  const move = (at: number) => moveTime(at, byMs);
  const { data: known } = shared.safeParse(before?.value);
  const leftBefore = fieldOf(before?.value, 'left') as readonly Json[] | undefined;
  /** It has been through the clock of this machine since, and is still the same. */
  const keepLeft = ({ service: left, at }: LeftService): Json => {
    const isIt = (each: LeftService) => each.service === left && Math.abs(each.at - at) <= CLOCKS_DIFFER_MS;
    return leftBefore?.[known?.left.findIndex(isIt) ?? -1] ?? { service: left, at };
  };
  const said = {
    ...{ service, looking, lastKey, chosen, offer, noticed, model },
    prefill: prefill === null ? null : { id: prefill.id, extension: prefill.extension, address: prefill.address },
    from: from === null ? null : { address: from.address, origin: from.origin },
    place: device.place === null ? null : { address: device.place.address, origin: device.place.origin },
    ...{ seenAt: move(device.seenAt), signedAt: device.signedAt },
    since: device.since === null ? null : move(device.since),
    left: device.left.map((each) => keepLeft({ service: each.service, at: move(each.at) })),
  };
  return keepUnknown(said, before?.value, KEYS, known);
}
