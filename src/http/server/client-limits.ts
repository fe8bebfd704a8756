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
  /** What other processes with the same clients are to be told of, since this was asked last; null: nothing. */
  takeUse(): ClientUse | null;
  /** What one of them has told. */
  usedElsewhere(process: number, use: ClientUse): void;
  /** That one has ended. */
  endedElsewhere(process: number): void;
}

/** What addresses did that have used much of what they may. Of the others nobody needs to know. */
export interface ClientUse {
  /** Requests since the last time. */
  readonly requests: readonly (readonly [address: string, count: number])[];
  /** Connections open now. */
  readonly connections: readonly (readonly [address: string, count: number])[];
}

/** An attacker with many addresses must not fill the memory: beyond this many the one silent for longest is forgotten. */
const MAX_ADDRESSES = 65_536;

export function createClientLimits(
  initial: ClientLimitsConfig,
  clock: Pick<Clock, 'passed'>,
  maxAddresses = MAX_ADDRESSES,
  processes = 1,
): ClientLimits {
  const buckets = new Map<string, Bucket>();
  const connections = new Map<string, number>();
  /** Requests that others were not told of yet. */
  const untold = new Map<string, number>();
  /** Connections of which others were told, and addresses where that is no longer what they are. */
  const told = new Map<string, number>();
  const outdated = new Set<string>();
  /** Connections with other processes, by address and process. */
  const elsewhere = new Map<string, Map<number, number>>();
  let limits: ClientLimitsConfig['limits'];
  let addressOf: AddressOf;
  let exempt: BlockList;

  const reconfigure: ClientLimits['reconfigure'] = (config) => {
    ({ limits } = config);
    addressOf = createAddressOf(config.trustedFronts);
    exempt = parseNetworks([...limits.exempt, ...config.trustedFronts]);
  };
  reconfigure(initial);

  const put = (address: string, bucket: Bucket) => {
    // Deleting first keeps the map in the order of the last request.
    buckets.delete(address);
    const [oldest] = buckets.size >= maxAddresses ? buckets.keys() : [];
    if (oldest !== undefined) buckets.delete(oldest);
    buckets.set(address, bucket);
  };
  const openElsewhere = (address: string): number => {
    if (elsewhere.size === 0) return 0;
    return [...(elsewhere.get(address)?.values() ?? [])].reduce((sum, open) => sum + open, 0);
  };
  /** An address of whose connections others are to know: it has a good part of what it may have. */
  const count = (address: string, open: number) => {
    if (processes > 1 && (open > limits.connections / (2 * processes) || told.has(address))) outdated.add(address);
  };

  return {
    reconfigure,
    opened(socketAddress) {
      const address = addressOf(socketAddress, undefined);
      const open = connections.get(address) ?? 0;
      if (!contains(exempt, address)) {
        if (open + openElsewhere(address) >= limits.connections) return false;
        if (isDeepInDebt(buckets.get(address) ?? null, clock.passed(), limits)) return false;
      }
      connections.set(address, open + 1);
      count(address, open + 1);
      return true;
    },
    closed(socketAddress) {
      const address = addressOf(socketAddress, undefined);
      const open = connections.get(address) ?? 0;
      if (open <= 1) connections.delete(address);
      else connections.set(address, open - 1);
      count(address, open - 1);
    },
    requested(socketAddress, forwardedFor) {
      const address = addressOf(socketAddress, forwardedFor);
      if (contains(exempt, address)) return { verdict: 'serve', address };
      const { bucket, verdict } = reduceBucket(buckets.get(address) ?? null, clock.passed(), limits);
      put(address, bucket);
      if (processes > 1 && bucket.tokens < limits.burst / 2) untold.set(address, (untold.get(address) ?? 0) + 1);
      return { verdict, address };
    },
    takeUse() {
      if (untold.size === 0 && outdated.size === 0) return null;
      const open = [...outdated].map((address) => [address, connections.get(address) ?? 0] as const);
      const use = { requests: [...untold], connections: open };
      for (const [address, now] of open) {
        if (now === 0) told.delete(address);
        else told.set(address, now);
      }
      untold.clear();
      outdated.clear();
      return use;
    },
    usedElsewhere(process, use) {
      const now = clock.passed();
      for (const [address, requests] of use.requests) {
        let bucket = buckets.get(address) ?? null;
        for (let left = Math.min(requests, 2 * limits.burst); left > 0; left--) {
          ({ bucket } = reduceBucket(bucket, now, limits));
        }
        if (bucket !== null) put(address, bucket);
      }
      for (const [address, open] of use.connections) {
        const byProcess = elsewhere.get(address) ?? new Map<number, number>();
        if (open === 0) byProcess.delete(process);
        else byProcess.set(process, open);
        if (byProcess.size === 0) elsewhere.delete(address);
        else elsewhere.set(address, byProcess);
      }
    },
    endedElsewhere(process) {
      for (const [address, byProcess] of elsewhere) {
        byProcess.delete(process);
        if (byProcess.size === 0) elsewhere.delete(address);
      }
    },
  };
}
