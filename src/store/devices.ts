/**
 * Who is signed in where: one entry per known phone, oldest first, bounded. Shared between proxies (shared-devices.ts), so
 * everything goes through these few calls.
 */

import { type Device, type LastKey, newDevice, type RelayedPage, reduceRelayed } from '../domain/device.ts';
import type { PhonePlace } from '../domain/phone-address.ts';
import type { Prefill } from '../domain/phone-url.ts';
import { ownCopy } from '../text/own-copy.ts';

/** Anyone on the voice network can invent device names: beyond this many the one silent for longest is forgotten. */
const MAX_DEVICES = 200_000;
/** Devices that never signed in are known by their place alone, and by far fewer: a phone that shows a sign-in form. */
const MAX_UNREGISTERED = 10_000;

/** A device with all that is known of it. */
export interface KnownDevice extends Device {
  readonly name: string;
  /** Since when it is signed in there, epoch ms; null: it is not. */
  readonly since: number | null;
  /** Where its sign-in came from, and the public origin of the listener. */
  readonly from: PhonePlace | null;
  /** As the phone calls itself. */
  readonly model: string | null;
  /** Where pushes for it go. */
  readonly place: PhonePlace | null;
}

/** Some of what is known of a device. */
export type DeviceFields = Partial<Omit<KnownDevice, 'name'>>;

export interface DeviceRegistry {
  /** The device as it is at present; what is kept of it changes with the next request. */
  get(name: string): KnownDevice | null;
  /** All of them as they are at present, the one silent for longest first. */
  all(): readonly KnownDevice[];
  /** Devices signed in on a service. */
  signedIn(service: string): number;
  signedInDevices(service: string): IterableIterator<string>;
  /** A request of a known device came in; an unknown one is not recorded by it. */
  seen(name: string, at: number): Device | null;
  /** Records what One Button Sign In supplied. */
  prefilled(name: string, prefill: Prefill, address: string, at: number): Device;
  /** A page of `service` was relayed to the device, whose request is the last one `seen`. null: it neither signed in nor out by it. */
  relayed(name: string, service: string, page: RelayedPage, logout: boolean, at: number): SignInChange | null;
  /** Where the sign-in that was just relayed came from, and the model of the phone if it told. */
  signedInFrom(name: string, from: PhonePlace, model: string | null): void;
  /** The device was shown one of the proxy's pages about an outage of `service`, or (null) no longer looks at one. */
  looksAt(name: string, service: string | null, at: number, lastKey?: LastKey): void;
  /** What the link to a service that the device has left ends in, on a page that asks about it. */
  offer(name: string, at: number): string;
  /** The agent has taken that link: the service is no longer one that was merely left. */
  choose(name: string, service: string): void;
  /** A signed-in device was told of a maintenance that begins at `maintAt`. */
  notice(name: string, maintAt: number): void;
  /** Where pushes for the device go, or null. */
  place(name: string): PhonePlace | null;
  /** Records it, for devices that are not known otherwise too. */
  setPlace(name: string, place: PhonePlace): void;
  /** The service is no longer configured: nobody is signed in there or looks at a page about it. */
  serviceRemoved(service: string): void;
  /** What was kept of a signed-in device over a restart, believed until its next page says otherwise; oldest first. */
  restore(device: KnownDevice): void;
  /** What another proxy knows of a device, as `restore`; null: it is signed in where it was. Nobody but `onChange` is told. */
  merge(device: KnownDevice): SignInChange | null;
  /** Told the name of each device of which something has changed that a restart should not lose. */
  onChange(listener: (name: string) => void): void;
  /** Told the name of each device of which anything but its last request has changed here. */
  onAnyChange(listener: (name: string) => void): void;
  /** What another process of this proxy has noted of a device, as it stands. Moves nobody to the end of the order. */
  update(name: string, fields: DeviceFields): void;
  /** Told what others are to `update`, of what happens to devices here beside their requests; null: it is forgotten. */
  onOwnUpdate(listener: (name: string, fields: DeviceFields | null) => void): void;
  /** Another process has forgotten it. */
  drop(name: string): void;
  /** The device is nobody's any more; the service where it was signed in, or null. */
  remove(name: string): string | null;
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
  since: number | null;
  seenAt: number;
  from: PhonePlace | null;
  model: string | null;
  looking: string | null;
  lastKey: LastKey;
  prefill: Device['prefill'];
  left: Device['left'];
  chosen: string | null;
  offer: string | null;
  noticed: number | null;
  place: PhonePlace | null;
}

export function createDeviceRegistry(maxDevices = MAX_DEVICES): DeviceRegistry {
  const devices = new Map<string, Entry>();
  const unregistered = new Map<string, PhonePlace>();
  const counts = new Map<string, number>();
  const keepers: ((name: string) => void)[] = [];
  const listeners: ((name: string) => void)[] = [];
  const changed = (name: string) => {
    for (const keep of keepers) keep(name);
  };
  const touched = (name: string) => {
    for (const listener of listeners) listener(name);
  };
  let updated: (name: string, fields: DeviceFields | null) => void = () => {};

  const count = (service: string | null, by: 1 | -1) => {
    if (service !== null) counts.set(service, (counts.get(service) ?? 0) + by);
  };
  const remove = (name: string) => {
    count(devices.get(name)?.service ?? null, -1);
    devices.delete(name);
  };
  const forgetOldest = () => {
    const [oldest] = devices.keys();
    if (oldest === undefined) return;
    remove(oldest);
    updated(oldest, null);
  };
  // Deleting first moves the entry to the end: the map stays ordered by last request.
  const touch = (entry: Entry, at: number) => {
    devices.delete(entry.name);
    devices.set(entry.name, entry);
    entry.seenAt = at;
  };
  const add = (name: string, at: number): Entry => {
    if (devices.size >= maxDevices) forgetOldest();
    const nothing = { since: null, from: null, model: null };
    const entry: Entry = { name: ownCopy(name), ...newDevice(at), ...nothing, place: unregistered.get(name) ?? null };
    devices.set(entry.name, entry);
    unregistered.delete(name);
    return entry;
  };
  const addStranger = (name: string, place: PhonePlace) => {
    unregistered.delete(name);
    const [oldest] = unregistered.keys();
    if (unregistered.size >= MAX_UNREGISTERED && oldest !== undefined) unregistered.delete(oldest);
    unregistered.set(ownCopy(name), place);
  };
  const signIn = (entry: Entry, service: string | null, at: number): SignInChange | null => {
    const from = entry.service;
    if (from === service) return null;
    count(from, -1);
    count(service, 1);
    entry.service = service;
    entry.since = service === null ? null : at;
    changed(entry.name);
    touched(entry.name);
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
    all: () => [...devices.values()],
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
      const before = entry.prefill;
      if (before?.id === id && before.extension === extension && before.address === address) return entry;
      entry.prefill = { id: id && ownCopy(id), extension: extension && ownCopy(extension), address: ownCopy(address) };
      if (entry.service !== null) changed(entry.name);
      touched(entry.name);
      return entry;
    },
    relayed(name, service, page, logout, at) {
      const before = devices.get(name);
      const after = reduceRelayed(before ?? newDevice(at), service, page, logout);
      // A sign-in form shown to a phone that nobody knows is nothing to remember.
      if (before === undefined && after.service === null) return null;
      // Its request made it the last one: that it is answered changes nothing about that.
      const entry = devices.get(name) ?? add(name, at);
      const isOther = entry.looking !== null || entry.left !== after.left || entry.chosen !== after.chosen;
      entry.looking = null;
      entry.left = after.left;
      entry.chosen = after.chosen;
      if (isOther) touched(entry.name);
      return signIn(entry, after.service, at);
    },
    signedInFrom(name, { address, origin }, model) {
      const entry = devices.get(name);
      if (entry === undefined) return;
      entry.from = { address: ownCopy(address), origin };
      entry.model = model === null ? entry.model : ownCopy(model);
      touched(entry.name);
    },
    looksAt(name, service, at, lastKey = 'no-matter') {
      if (service === null && !devices.has(name)) return;
      const entry = devices.get(name) ?? add(name, at);
      if (entry.looking === service && entry.lastKey === lastKey) return;
      entry.looking = service;
      entry.lastKey = lastKey;
      touched(entry.name);
    },
    offer(name, at) {
      const entry = devices.get(name) ?? add(name, at);
      // The same until it is taken, also on a page that updates itself.
      if (entry.offer === null) {
        entry.offer = at.toString(36);
        touched(entry.name);
      }
      return entry.offer;
    },
    choose(name, service) {
      const entry = devices.get(name);
      if (entry === undefined) return;
      entry.offer = null;
      entry.chosen = service;
      touched(entry.name);
    },
    notice(name, maintAt) {
      const entry = devices.get(name);
      if (entry === undefined) return;
      entry.noticed = maintAt;
      touched(entry.name);
    },
    place: (name) => devices.get(name)?.place ?? unregistered.get(name) ?? null,
    setPlace(name, { address, origin }) {
      const place = { address: ownCopy(address), origin };
      updated(name, { place });
      const entry = devices.get(name);
      // No request of the phone's own: its turn to be forgotten stays the same.
      if (entry === undefined) return addStranger(name, place);
      entry.place = place;
      if (entry.service !== null) changed(entry.name);
      touched(entry.name);
    },
    serviceRemoved(service) {
      for (const entry of devices.values()) {
        if (entry.service === service) {
          entry.service = null;
          entry.since = null;
          changed(entry.name);
        }
        if (entry.looking === service) entry.looking = null;
        if (entry.chosen === service) entry.chosen = null;
        if (entry.left.some((each) => each.service === service))
          entry.left = entry.left.filter((each) => each.service !== service);
      }
      counts.delete(service);
    },
    restore(device) {
      if (devices.size >= maxDevices) forgetOldest();
      remove(device.name);
      devices.set(device.name, { ...device });
      count(device.service, 1);
    },
    merge(device) {
      const { name: _, ...fields } = device;
      updated(device.name, fields);
      const entry = devices.get(device.name);
      if (entry === undefined) {
        if (devices.size >= maxDevices) forgetOldest();
        unregistered.delete(device.name);
        devices.set(device.name, { ...device });
        count(device.service, 1);
        changed(device.name);
        return device.service === null ? null : { from: null, to: device.service };
      }
      const from = entry.service;
      count(from, -1);
      count(device.service, 1);
      // The same object: a request that is under way holds it.
      Object.assign(entry, device);
      changed(entry.name);
      return from === device.service ? null : { from, to: device.service };
    },
    onChange: (listener) => void keepers.push(listener),
    onAnyChange: (listener) => void listeners.push(listener),
    remove(name) {
      const service = devices.get(name)?.service ?? null;
      unregistered.delete(name);
      remove(name);
      updated(name, null);
      if (service !== null) changed(name);
      return service;
    },
    forget(before) {
      // All of them: what was heard of other proxies stands in no order.
      for (const [name, device] of devices) {
        if (device.seenAt >= before) continue;
        remove(name);
        updated(name, null);
      }
    },
    update(name, fields) {
      const isPlace = fields.place !== undefined && fields.place !== null && Object.keys(fields).length === 1;
      if (isPlace && !devices.has(name)) return void addStranger(name, fields.place);
      const entry = devices.get(name) ?? add(name, fields.seenAt ?? 0);
      const { service, seenAt } = entry;
      Object.assign(entry, fields);
      entry.seenAt = Math.max(seenAt, entry.seenAt);
      if (entry.service !== service) {
        count(service, -1);
        count(entry.service, 1);
      }
      if (entry.service !== null || service !== null) changed(name);
      // Other proxies are told of what is news at this one, whichever of its processes the phone asked.
      if (Object.keys(fields).some((field) => field !== 'seenAt')) touched(name);
    },
    onOwnUpdate(listener) {
      updated = listener;
    },
    drop: remove,
    size: () => devices.size,
  };
}
