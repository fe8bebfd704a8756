/** What one client may ask of all listeners together: connections at the same time, and requests in time. A client is an address. */

import type { BlockList } from 'node:net';
import type { Clock } from '../../time/clock.ts';
import { type AddressOf, contains, createAddressOf, parseNetworks } from './client-address.ts';
import { type Bucket, type BucketLimits, type BucketVerdict, isDeepInDebt, reduceBucket } from './token-bucket.ts';

export interface ClientLimitsConfig {
  readonly limits: BucketLimits & {
    /** Open at the same time. */
    readonly connections: number;
    /** Addresses and CIDR blocks that these do not apply to. */
    readonly exempt: readonly string[];
  };
  /** Their own connections are not counted, and their requests count for the address that they forward. */
  readonly trustedFronts: readonly string[];
}

export interface ClientLimits {
  /** A connection from there; false: it is one too many. Every true is followed by one `closed`. */
  opened(socketAddress: string | undefined): boolean;
  closed(socketAddress: string | undefined): void;
  requested(
    socketAddress: string | undefined,
    forwardedFor: string | undefined,
  ): { readonly verdict: BucketVerdict; readonly address: string };
  /** Other limits, from now on. */
  reconfigure(config: ClientLimitsConfig): void;
}

/** An attacker with many addresses must not fill the memory: beyond this many the one silent for longest is forgotten. */
const MAX_ADDRESSES = 65_536;

export function createClientLimits(
  initial: ClientLimitsConfig,
  clock: Pick<Clock, 'passed'>,
  maxAddresses = MAX_ADDRESSES,
): ClientLimits {
  const buckets = new Map<string, Bucket>();
  const connections = new Map<string, number>();
  let limits: ClientLimitsConfig['limits'];
  let addressOf: AddressOf;
  let exempt: BlockList;

  const reconfigure: ClientLimits['reconfigure'] = (config) => {
    ({ limits } = config);
    addressOf = createAddressOf(config.trustedFronts);
    exempt = parseNetworks([...limits.exempt, ...config.trustedFronts]);
  };
  reconfigure(initial);

  return {
    reconfigure,
    opened(socketAddress) {
      const address = addressOf(socketAddress, undefined);
      const open = connections.get(address) ?? 0;
      if (!contains(exempt, address)) {
        if (open >= limits.connections) return false;
        if (isDeepInDebt(buckets.get(address) ?? null, clock.passed(), limits)) return false;
      }
      connections.set(address, open + 1);
      return true;
    },
    closed(socketAddress) {
      const address = addressOf(socketAddress, undefined);
      const open = connections.get(address) ?? 0;
      if (open <= 1) connections.delete(address);
      else connections.set(address, open - 1);
    },
    requested(socketAddress, forwardedFor) {
      const address = addressOf(socketAddress, forwardedFor);
      if (contains(exempt, address)) return { verdict: 'serve', address };
      const { bucket, verdict } = reduceBucket(buckets.get(address) ?? null, clock.passed(), limits);
      // Deleting first keeps the map in the order of the last request.
      buckets.delete(address);
      const [oldest] = buckets.size >= maxAddresses ? buckets.keys() : [];
      if (oldest !== undefined) buckets.delete(oldest);
      buckets.set(address, bucket);
      return { verdict, address };
    },
  };
}
