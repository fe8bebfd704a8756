/**
 * Who is signed in where: one entry per known phone, oldest first, bounded. Later shared between proxies, so everything
 * goes through these few calls.
 */

import { type Device, type LastKey, newDevice, type RelayedPage, reduceRelayed } from '../domain/device.ts';
import type { PhonePlace } from '../domain/phone-address.ts';
import type { Prefill } from '../domain/phone-url.ts';
import { ownCopy } from '../text/own-copy.ts';

/** Anyone on the voice network can invent device names: beyond this many the one silent for longest is forgotten. */
const MAX_DEVICES = 200_000;
/** Devices that never signed in are known by their place alone, and by far fewer: a phone that shows a sign-in form. */
const MAX_STRANGERS = 10_000;

export interface DeviceRegistry {
  /** The device as it is at present; what is kept of it changes with the next request. */
  get(name: string): Device | null;
  /** Devices signed in on a service. */
  signedIn(service: string): number;
  signedInDevices(service: string): IterableIterator<string>;
  /** A request of a known device came in; an unknown one is not recorded by it. */
  seen(name: string, at: number): Device | null;
  /** Records what One Button Sign In supplied. */
  prefilled(name: string, prefill: Prefill, address: string, at: number): Device;
  /** A page of `service` was relayed to the device, whose request is the last one `seen`. null: it neither signed in nor out by it. */
  relayed(name: string, service: string, page: RelayedPage, logout: boolean, at: number): SignInChange | null;
  /** The device was shown one of the proxy's pages about an outage of `service`, or (null) no longer looks at one. */
  looksAt(name: string, service: string | null, at: number, lastKey?: LastKey): void;
  /** Where pushes for the device go, or null. */
  place(name: string): PhonePlace | null;
  /** Records it, for devices that are not known otherwise too. */
  setPlace(name: string, place: PhonePlace): void;
  /** The service is no longer configured: nobody is signed in there or looks at a page about it. */
  left(service: string): void;
  /** Forgets devices that sent nothing since `before`. */
  forget(before: number): void;
  size(): number;
}

/** The services where a device was signed in before and is now; null: nowhere. */
export interface SignInChange {
  readonly from: string | null;
  readonly to: string | null;
}

/** One object a phone, changed in place: a request of a known phone allocates nothing. */
interface Entry {
  readonly name: string;
  service: string | null;
  seenAt: number;
  looking: string | null;
  lastKey: LastKey;
  prefill: Device['prefill'];
  place: PhonePlace | null;
}

export function createDeviceRegistry(maxDevices = MAX_DEVICES): DeviceRegistry {
  const devices = new Map<string, Entry>();
  const strangers = new Map<string, PhonePlace>();
  const counts = new Map<string, number>();

  const count = (service: string | null, by: 1 | -1) => {
    if (service !== null) counts.set(service, (counts.get(service) ?? 0) + by);
  };
  const remove = (name: string) => {
    count(devices.get(name)?.service ?? null, -1);
    devices.delete(name);
  };
  const forgetOldest = () => {
    const [oldest] = devices.keys();
    if (oldest !== undefined) remove(oldest);
  };
  // Deleting first moves the entry to the end: the map stays ordered by last request.
  const touch = (entry: Entry, at: number) => {
    devices.delete(entry.name);
    devices.set(entry.name, entry);
    entry.seenAt = at;
  };
  const add = (name: string, at: number): Entry => {
    if (devices.size >= maxDevices) forgetOldest();
    const entry: Entry = { name: ownCopy(name), ...newDevice(at), place: strangers.get(name) ?? null };
    devices.set(entry.name, entry);
    strangers.delete(name);
    return entry;
  };
  const addStranger = (name: string, place: PhonePlace) => {
    strangers.delete(name);
    const [oldest] = strangers.keys();
    if (strangers.size >= MAX_STRANGERS && oldest !== undefined) strangers.delete(oldest);
    strangers.set(ownCopy(name), place);
  };
  const signIn = (entry: Entry, service: string | null): SignInChange | null => {
    const from = entry.service;
    if (from === service) return null;
    count(from, -1);
    count(service, 1);
    entry.service = service;
    return { from, to: service };
  };
  const known = (name: string, at: number): Entry => {
    const entry = devices.get(name);
    if (entry === undefined) return add(name, at);
    touch(entry, at);
    return entry;
  };

  return {
    get: (name) => devices.get(name) ?? null,
    signedIn: (service) => counts.get(service) ?? 0,
    *signedInDevices(service) {
      for (const [name, device] of devices) if (device.service === service) yield name;
    },
    seen(name, at) {
      const entry = devices.get(name);
      if (entry === undefined) return null;
      touch(entry, at);
      return entry;
    },
    prefilled(name, { id, extension }, address, at) {
      const entry = known(name, at);
      entry.prefill = { id: id && ownCopy(id), extension: extension && ownCopy(extension), address };
      return entry;
    },
    relayed(name, service, page, logout, at) {
      const before = devices.get(name);
      const after = reduceRelayed(before ?? newDevice(at), service, page, logout);
      // A sign-in form shown to a phone that nobody knows is nothing to remember.
      if (before === undefined && after.service === null) return null;
      // Its request made it the last one: that it is answered changes nothing about that.
      const entry = devices.get(name) ?? add(name, at);
      entry.looking = null;
      return signIn(entry, after.service);
    },
    looksAt(name, service, at, lastKey = 'no-matter') {
      if (service === null && !devices.has(name)) return;
      const entry = devices.get(name) ?? add(name, at);
      entry.looking = service;
      entry.lastKey = lastKey;
    },
    place: (name) => devices.get(name)?.place ?? strangers.get(name) ?? null,
    setPlace(name, { address, origin }) {
      const place = { address: ownCopy(address), origin };
      const entry = devices.get(name);
      // No request of the phone's own: its turn to be forgotten stays the same.
      if (entry !== undefined) entry.place = place;
      else addStranger(name, place);
    },
    left(service) {
      for (const entry of devices.values()) {
        if (entry.service === service) entry.service = null;
        if (entry.looking === service) entry.looking = null;
      }
      counts.delete(service);
    },
    forget(before) {
      for (const [name, device] of devices) {
        if (device.seenAt >= before) return;
        remove(name);
      }
    },
    size: () => devices.size,
  };
}
