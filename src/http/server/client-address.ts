/** The address that a request came from: the socket's, or what a trusted front says. */

import { BlockList, isIP } from 'node:net';
import { ownCopy } from '../../text/own-copy.ts';

export type AddressOf = (socketAddress: string | undefined, forwardedFor: string | undefined) => string;

/** `trustedFronts`: addresses or CIDR blocks whose X-Forwarded-For is believed. */
export function createAddressOf(trustedFronts: readonly string[]): AddressOf {
  const trusted = parseNetworks(trustedFronts);
  return (socketAddress, forwardedFor) => {
    const direct = plainAddress(socketAddress ?? '');
    if (forwardedFor === undefined || trustedFronts.length === 0 || !contains(trusted, direct)) return direct;
    // From the right: each entry was written by the hop after it, so the first one that is no front of ours is the client.
    const hops = forwardedFor.split(',').map((hop) => plainAddress(hop.trim()));
    const client = hops.findLast((hop) => !contains(trusted, hop));
    return client !== undefined && isIP(client) !== 0 ? ownCopy(client) : direct;
  };
}

/** Addresses and CIDR blocks as a list that can be asked. */
export function parseNetworks(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** What lists said before: asking a BlockList is slow, and each request asks for its client's address. */
const answers = new WeakMap<BlockList, Map<string, boolean>>();
const MAX_ANSWERS = 4_096;

/** `list` must not change any more. */
export function contains(list: BlockList, address: string): boolean {
  let known = answers.get(list);
  if (known === undefined) {
    known = new Map();
    answers.set(list, known);
  }
  let inside = known.get(address);
  if (inside === undefined) {
    const family = isIP(address);
    inside = family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
    if (known.size >= MAX_ANSWERS) known.clear();
    known.set(ownCopy(address), inside);
  }
  return inside;
}

/** An IPv4 address without the ::ffff: that a dual-stack socket puts before it. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
