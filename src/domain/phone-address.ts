/**
 * Where a phone is: which address pushes for a device go to, and when that changes. Anyone on the voice network can ask for
 * a page under any device name, and whoever has the address gets the pushes with their credentials; so a name is not enough
 * (docs/security.md). Pure.
 */

/** Where pushes for a device go, and how the phone reaches the proxy. */
export interface PhonePlace {
  readonly address: string;
  /** Public origin of the listener the phone used last: URLs pushed to it begin with it. */
  readonly origin: string;
}

/** What is known of an address that a phone's request came from. */
export interface AddressFacts {
  /** In phones.networks. */
  readonly inNetworks: boolean;
  readonly loopback: boolean;
  /** Phones can only be on this machine: the demonstration, and tests. */
  readonly onlyLoopback: boolean;
  /** An address of this machine. */
  readonly own: boolean;
  /** An address of a Finesse server, or one that it pushes from. */
  readonly finesse: boolean;
}

/** Why an address is never pushed to. */
export type AddressRefusal = 'network' | 'loopback' | 'own' | 'finesse';

/** null: it may be a phone's. */
export function classifyAddress(facts: AddressFacts): AddressRefusal | null {
  if (!facts.inNetworks) return 'network';
  // There, phones, proxy and Finesse all share the loopback addresses.
  if (facts.loopback) return facts.onlyLoopback ? null : 'loopback';
  if (facts.own) return 'own';
  return facts.finesse ? 'finesse' : null;
}

/** What speaks for a new address. */
export type AddressClaim =
  /** A request under the device's name came from it. */
  | 'request'
  /** The device signed in by a request from it. */
  | 'sign-in'
  /** A request came from it, and the address known so far takes no connections any more. */
  | 'old-gone';

export type AddressDecision =
  /** Nothing changes. */
  | 'keep'
  /** The new address is the device's. */
  | 'take'
  /** It is if the old one no longer takes connections: find out. */
  | 'ask';

/** `known` and `seen` are addresses; null: none is known yet, and then any allowed one is as good as another. */
export function decideAddress(known: string | null, seen: string, claim: AddressClaim): AddressDecision {
  if (known === seen) return 'keep';
  if (known === null || claim !== 'request') return 'take';
  return 'ask';
}
