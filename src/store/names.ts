/** Which host names belong to which service of a cluster: configured ones at once, learnt ones as SystemInfo reports them. */

import type { ClusterConfig } from '../config/config.ts';
import type { EventHandlers, Report } from '../domain/events.ts';
import type { SystemInfo } from '../domain/model.ts';
import { createServerNames, learntName, type ServerNames } from '../domain/server-names.ts';

export interface NameStore {
  /** The names of the cluster that a service belongs to; as they are now, so one look serves a whole request. */
  of(service: string): ServerNames;
  /** Takes note of the name a service reports as its own. Returns the names that two services claim, when that changed. */
  learn(service: string, info: SystemInfo | null): ServerNames['conflicts'] | null;
  /** All names that two services claim. */
  conflicts(): ServerNames['conflicts'];
  /** Replaces the clusters. What a server said of itself is kept as long as its url is the same. */
  reconfigure(clusters: readonly ClusterConfig[]): void;
}

export function createNameStore(clusters: readonly ClusterConfig[]): NameStore {
  /** By url: what was learnt is about a server, whatever it is called here. */
  const learnt = new Map<string, string>();
  let clusterOf = new Map<string, ClusterConfig>();
  let names = new Map<string, ServerNames>();
  const build = (cluster: ClusterConfig): ServerNames =>
    createServerNames(
      cluster.services.map(({ id, url, aliases }) => ({ id, url, aliases, learntName: learnt.get(url) ?? null })),
    );
  const reconfigure: NameStore['reconfigure'] = (next) => {
    clusterOf = new Map(next.flatMap((cluster) => cluster.services.map((service) => [service.id, cluster])));
    const urls = new Set(next.flatMap((cluster) => cluster.services.map(({ url }) => url)));
    for (const url of learnt.keys()) if (!urls.has(url)) learnt.delete(url);
    names = new Map(next.map((cluster) => [cluster.id, build(cluster)]));
  };
  const of = (service: string): ServerNames => names.get(clusterOf.get(service)?.id ?? '') ?? NO_NAMES;
  reconfigure(clusters);
  return {
    of,
    reconfigure,
    learn(service, info) {
      const name = learntName(info);
      const cluster = clusterOf.get(service);
      const url = cluster?.services.find(({ id }) => id === service)?.url ?? '';
      // A server that is out may report nothing; what it once said still recognises its URLs.
      if (name === null || cluster === undefined || learnt.get(url) === name) return null;
      const before = of(service).conflicts.length;
      learnt.set(url, name);
      names.set(cluster.id, build(cluster));
      const { conflicts } = of(service);
      return conflicts.length === before ? null : conflicts;
    },
    conflicts: () => [...names.values()].flatMap((each) => each.conflicts),
  };
}

/** Learns the names that services report of themselves from the probes that ask them. */
export function nameHandlers(names: NameStore, report: Report): EventHandlers {
  return {
    'probe-ended': ({ at, service, outcome }) => {
      const conflicts = names.learn(service, outcome.kind === 'fault' ? null : outcome.info);
      if (conflicts !== null) report({ kind: 'name-conflict', at, conflicts });
    },
  };
}

/** Of a service that is no longer configured. */
const NO_NAMES = createServerNames([]);
