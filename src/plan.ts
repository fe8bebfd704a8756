/** What a configuration says to each of the parts. Pure. */

import { hostname } from 'node:os';
import type { Surroundings } from './capture/recorder.ts';
import type { Config, ServiceConfig } from './config/config.ts';
import { isNearSite } from './domain/site.ts';
import { createAddressOf } from './http/server/client-address.ts';
import type { ClientLimitsConfig } from './http/server/client-limits.ts';
import type { PageTemplates } from './pages/templates.ts';
import type { PhonePlan } from './phones/visit.ts';
import type { ServiceDefinition } from './store/services.ts';

/** To the handler of phone requests. */
export function createPlan({ phones, clusters }: Config, templates: PageTemplates): PhonePlan {
  return {
    answerWithinMs: phones.answerWithinMs,
    frontDoor: clusters.find((cluster) => cluster.frontDoor)?.id ?? null,
    templates,
    addressOf: createAddressOf(phones.trustedFronts),
  };
}

export function allServices({ clusters }: Config): readonly ServiceConfig[] {
  return clusters.flatMap(({ services }) => services);
}

export function defineServices({ clusters, site: ownSite }: Config): readonly ServiceDefinition[] {
  return clusters.flatMap(({ id: cluster, services }) =>
    services.map(({ id, name, url, site, probe, notification: used }) => {
      const notification = used === null ? 'off' : used.advisory ? 'advisory' : 'on';
      const isNear = isNearSite(site, ownSite);
      return {
        id,
        name,
        cluster,
        site,
        isNear,
        probeIntervalMs: probe.intervalMs,
        server: `${url} ${probe.url}`,
        notification,
      };
    }),
  );
}

export function defineClientLimits({ phones }: Config): ClientLimitsConfig {
  return { limits: phones.limits.perAddress, trustedFronts: phones.trustedFronts };
}

/** What a capture says of the proxy around it. */
export function describeSurroundings(
  { phones, clusters }: Config,
  version: string,
  reported: (service: string) => string | null,
): Surroundings {
  return {
    version,
    services: clusters.flatMap(({ id: cluster, services }) =>
      services.map(({ id, url, aliases }) => {
        // What the server calls itself was learnt long before, and no probe of the capture need say it.
        const name = reported(id);
        return { id, cluster, url, aliases: name === null ? aliases : [...aliases, name] };
      }),
    ),
    listeners: phones.listeners.flatMap(({ publicUrl }) => (publicUrl === null ? [] : [publicUrl])),
  };
}

/** The same at each start, and another one for each proxy: no two on one machine have the same ports. */
export function nameProxy({ phones, ops }: Config): string {
  return [hostname(), ...[...phones.listeners, ops].map(({ host, port }) => `${host}:${port}`)].join(' ');
}
