/**
 * Who is signed in where: one entry per known phone, oldest first, bounded. Later shared between proxies, so everything
 * goes through these few calls.
 */

import { type Device, newDevice, type RelayedPage, reduceRelayed } from '../domain/device.ts';
import type { PhonePlace } from '../domain/phone-address.ts';
import type { SignInHint } from '../domain/phone-url.ts';

/** Anyone on the voice network can invent device names: beyond this many the one silent for longest is forgotten. */
const MAX_DEVICES = 200_000;

export interface DeviceRegistry {
  get(name: string): Device | null;
  /** Devices signed in on a service. */
  signedIn(service: string): number;
  signedInDevices(service: string): IterableIterator<string>;
  /** A request of a known device came in; an unknown one is not recorded by it. */
  seen(name: string, at: number): Device | null;
  /** Records what One Button Sign In supplied. */
  hinted(name: string, hint: SignInHint, address: string, at: number): void;
  /** A page of `service` was relayed to the device. Returns true when it signed in or out by it. */
  relayed(name: string, service: string, page: RelayedPage, logout: boolean, at: number): boolean;
  /** The device was shown one of the proxy's pages about an outage of `service`, or (null) no longer looks at one. */
  looksAt(name: string, service: string | null, at: number): void;
  /** Where pushes for the device go, or null. */
  place(name: string): PhonePlace | null;
  /** Records it; only for a known device, so that invented names cost nothing more. */
  setPlace(name: string, place: PhonePlace): void;
  /** The service is no longer configured: nobody is signed in there or looks at a page about it. */
  left(service: string): void;
  /** Forgets devices that sent nothing since `before`. */
  forget(before: number): void;
  size(): number;
}

/** One object a phone: with 2,000 of them a map of places beside would cost as much again as the places. */
interface Entry extends Device {
  readonly place: PhonePlace | null;
}

export function createDeviceRegistry(maxDevices = MAX_DEVICES): DeviceRegistry {
  const devices = new Map<string, Entry>();
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
  const put = (name: string, before: Entry | null, after: Device) => {
    if (before !== null) devices.delete(name);
    else if (devices.size >= maxDevices) forgetOldest();
    devices.set(name, { ...after, place: before?.place ?? null });
    if ((before?.service ?? null) !== after.service) {
      count(before?.service ?? null, -1);
      count(after.service, 1);
    }
  };
  const change = (name: string, at: number, how: (device: Device) => Device) => {
    const before = devices.get(name) ?? null;
    put(name, before, { ...how(before ?? newDevice(at)), seenAt: at });
  };

  return {
    get: (name) => devices.get(name) ?? null,
    signedIn: (service) => counts.get(service) ?? 0,
    *signedInDevices(service) {
      for (const [name, device] of devices) if (device.service === service) yield name;
    },
    seen(name, at) {
      const device = devices.get(name);
      if (device === undefined) return null;
      const now = { ...device, seenAt: at };
      put(name, device, now);
      return now;
    },
    hinted: (name, hint, address, at) =>
      change(name, at, (device) => ({ ...device, hint: { id: hint.id, extension: hint.extension, address } })),
    relayed(name, service, page, logout, at) {
      const before = devices.get(name) ?? null;
      const device = before ?? newDevice(at);
      const after = { ...reduceRelayed(device, service, page, logout), looking: null };
      // A sign-in form shown to a phone that nobody knows is nothing to remember.
      if (before === null && after.service === null) return false;
      put(name, before, { ...after, seenAt: at });
      return device.service !== after.service;
    },
    looksAt(name, service, at) {
      if (service === null && !devices.has(name)) return;
      change(name, at, (device) => ({ ...device, looking: service }));
    },
    place: (name) => devices.get(name)?.place ?? null,
    setPlace(name, place) {
      const device = devices.get(name);
      // No request of the phone's own: its turn to be forgotten stays the same.
      if (device !== undefined) devices.set(name, { ...device, place });
    },
    left(service) {
      for (const [name, device] of devices) {
        if (device.service !== service && device.looking !== service) continue;
        const { service: signedIn, looking } = device;
        devices.set(name, {
          ...device,
          service: signedIn === service ? null : signedIn,
          looking: looking === service ? null : looking,
        });
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
