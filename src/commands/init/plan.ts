/** From the answers and what the servers said to the clusters and services of a configuration. Pure. */

import type { FinesseServer } from './finesse-server.ts';

export interface PlannedService {
  readonly id: string;
  readonly name: string;
  readonly server: FinesseServer;
}

export interface PlannedCluster {
  readonly id: string;
  readonly services: readonly PlannedService[];
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Servers that name the same pair are of one cluster, since only those are alternates of each other; in the order given. */
export function planClusters(servers: readonly FinesseServer[]): PlannedCluster[] {
  const groups = new Map<string, PlannedService[]>();
  // One that does not say belongs to the first: an operator sees that and can move it.
  const [reference = ''] = servers.map(pairOf).filter((pair) => pair !== null);
  for (const [index, server] of servers.entries()) {
    const letter = LETTERS[index] ?? '';
    const pair = pairOf(server) ?? reference;
    const services = groups.get(pair) ?? [];
    groups.set(pair, [...services, { id: letter, name: `Finesse ${letter.toUpperCase()}`, server }]);
  }
  return [...groups.values()].map((services, index) => {
    return { id: index === 0 ? 'main' : `cluster${index + 1}`, services };
  });
}

/** Both hosts of the pair in one order; null: it does not say. */
function pairOf({ info }: FinesseServer): string | null {
  const hosts = [info?.primaryHost, info?.secondaryHost].flatMap((host) => (host ? [host.toLowerCase()] : []));
  return hosts.length === 0 ? null : hosts.toSorted().join(' ');
}

/** Hosts that a server names as its pair and that were not given; as far as names can be compared. */
export function missingPeers(servers: readonly FinesseServer[]): string[] {
  const known = new Set(
    servers.flatMap(({ host, info }) => [host.toLowerCase(), info?.xmppDomain?.toLowerCase() ?? '']),
  );
  const named = servers.flatMap(({ info }) => [info?.primaryHost ?? '', info?.secondaryHost ?? '']);
  return [...new Set(named.filter((host) => host !== '' && !known.has(host.toLowerCase())))];
}
