/** Which host names belong to which service of a cluster: configured ones at once, learnt ones as SystemInfo reports them. */

import type { ClusterConfig } from '../config/config.ts';
import type { SystemInfo } from '../domain/model.ts';
import { createServerNames, learntName, type ServerNames } from '../domain/server-names.ts';

export interface NameStore {
  /** The names of the cluster that a service belongs to. */
  of(service: string): ServerNames;
  /** Takes note of the name a service reports as its own. Returns the names that two services claim, when that changed. */
  learn(service: string, info: SystemInfo | null): ServerNames['conflicts'] | null;
  /** All names that two services claim. */
  conflicts(): ServerNames['conflicts'];
}

export function createNameStore(clusters: readonly ClusterConfig[]): NameStore {
  const learnt = new Map<string, string>();
  const clusterOf = new Map(clusters.flatMap((cluster) => cluster.services.map((service) => [service.id, cluster])));
  const build = (cluster: ClusterConfig): ServerNames =>
    createServerNames(
      cluster.services.map(({ id, url, aliases }) => ({ id, url, aliases, learntName: learnt.get(id) ?? null })),
    );
  const names = new Map(clusters.map((cluster) => [cluster.id, build(cluster)]));
  const of = (service: string): ServerNames => {
    const found = names.get(clusterOf.get(service)?.id ?? '');
    if (found === undefined) throw new Error(`no service ${service}`);
    return found;
  };
  return {
    of,
    learn(service, info) {
      const name = learntName(info);
      const cluster = clusterOf.get(service);
      // A server that is out may report nothing; what it once said still recognises its URLs.
      if (name === null || cluster === undefined || learnt.get(service) === name) return null;
      const before = of(service).conflicts.length;
      learnt.set(service, name);
      names.set(cluster.id, build(cluster));
      const { conflicts } = of(service);
      return conflicts.length === before ? null : conflicts;
    },
    conflicts: () => [...names.values()].flatMap((each) => each.conflicts),
  };
}
