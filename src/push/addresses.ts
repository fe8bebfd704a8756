/** Keeps the address of each phone: takes note of where requests come from, and finds out what a change depends on. */

import type { Report } from '../domain/events.ts';
import { type AddressRefusal, classifyAddress, decideAddress, type PhonePlace } from '../domain/phone-address.ts';
import { contains, parseNetworks } from '../http/server/client-address.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Clock } from '../time/clock.ts';
import { createOwnAddresses } from './own-addresses.ts';

export interface PhoneAddresses {
  /** Where pushes for the device go; null: nowhere that is known and, by the configuration as it is now, allowed. */
  place(device: string): PhonePlace | null;
  /** A request of the device came from `address`; `origin` is that of the listener. */
  seen(device: string, address: string, origin: string): void;
  /** The device signed in by a request from `address`. */
  signedIn(device: string, address: string, origin: string): void;
}

/** Where phones may be, by the configuration. */
export interface PhoneWhereabouts {
  /** phones.networks. */
  readonly networks: readonly string[];
  /** Phones can only be on this machine. */
  readonly onlyLoopback: boolean;
}

/** Without pushes nobody needs to know where phones are. */
export const NO_ADDRESSES: PhoneAddresses = { place: () => null, seen: () => {}, signedIn: () => {} };

export interface PhoneAddressesOptions {
  readonly devices: DeviceRegistry;
  readonly isFinesse: (address: string) => boolean;
  readonly takesConnections: (address: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly report: Report;
  /** This machine's addresses; by default those of its interfaces. */
  readonly ownAddresses?: () => ReadonlySet<string>;
}

/** An answer is good for as long: a name claimed again and again must not become a scan of the phone that has it. */
const ASK_AGAIN_MS = 10_000;
/** Claims looked into at once; beyond them the known addresses simply stay. */
const MAX_ASKED = 1_000;
const LOOPBACK = parseNetworks(['127.0.0.0/8', '::1']);

export function createPhoneAddresses(
  options: PhoneAddressesOptions,
): PhoneAddresses & { reconfigure(where: PhoneWhereabouts): void } {
  const { devices, clock, report } = options;
  let networks = parseNetworks([]);
  let onlyLoopback = false;
  const ownAddresses = options.ownAddresses ?? createOwnAddresses(clock);
  /** Devices whose old address was asked, and when; oldest first. */
  const asked = new Map<string, number>();

  const take = (device: string, address: string, origin: string, reason: 'first' | 'sign-in' | 'old-gone') => {
    const from = devices.place(device)?.address ?? null;
    devices.setPlace(device, { address, origin });
    // Where no address was known, none has changed.
    report({
      kind: 'phone-address',
      at: clock.now(),
      device,
      from,
      to: address,
      reason: from === null ? 'first' : reason,
    });
  };

  const judge = (address: string): AddressRefusal | null =>
    classifyAddress({
      inNetworks: contains(networks, address),
      loopback: contains(LOOPBACK, address),
      onlyLoopback,
      own: ownAddresses().has(address),
      finesse: options.isFinesse(address),
    });

  const isAllowed = (device: string, address: string): boolean => {
    const refusal = judge(address);
    if (refusal === null) return true;
    report({ kind: 'phone-address-refused', at: clock.now(), device, address, reason: refusal });
    return false;
  };

  const mayAsk = (device: string): boolean => {
    const now = clock.now();
    for (const [name, at] of asked) {
      if (Math.abs(now - at) < ASK_AGAIN_MS) break;
      asked.delete(name);
    }
    if (asked.has(device) || asked.size >= MAX_ASKED) return false;
    asked.set(device, now);
    return true;
  };

  const askOld = async (device: string, old: string, address: string, origin: string) => {
    if (await options.takesConnections(old)) return;
    // A sign-in may have decided it meanwhile.
    if (devices.place(device)?.address === old) take(device, address, origin, 'old-gone');
  };

  /** The place it has, with the listener it uses now; null where its address has to be judged first. */
  const isKnown = (device: string, address: string, origin: string): boolean => {
    const place = devices.place(device);
    if (place?.address !== address) return false;
    if (place.origin !== origin) devices.setPlace(device, { address: place.address, origin });
    return true;
  };

  return {
    reconfigure(where) {
      networks = parseNetworks(where.networks);
      onlyLoopback = where.onlyLoopback;
    },
    place(device) {
      const place = devices.place(device);
      return place !== null && judge(place.address) === null ? place : null;
    },
    seen(device, address, origin) {
      if (isKnown(device, address, origin) || !isAllowed(device, address)) return;
      const known = devices.place(device)?.address ?? null;
      const decided = decideAddress(known, address, 'request');
      if (decided === 'take') take(device, address, origin, 'first');
      else if (known !== null && mayAsk(device)) void askOld(device, known, address, origin);
    },
    signedIn(device, address, origin) {
      if (isKnown(device, address, origin) || !isAllowed(device, address)) return;
      take(device, address, origin, devices.place(device) === null ? 'first' : 'sign-in');
    },
  };
}
