/** What a configuration says to each of the parts. Pure but for the page templates, which are files. */

import type { Config, ServiceConfig } from './config/config.ts';
import { createAddressOf } from './http/server/client-address.ts';
import type { ClientLimitsConfig } from './http/server/client-limits.ts';
import { loadPages } from './pages/templates.ts';
import type { PhonePlan } from './phones/visit.ts';
import type { ServiceDefinition } from './store/services.ts';

/** To the handler of phone requests. Throws PageTemplateError. */
export function createPlan({ phones, clusters, pages }: Config): PhonePlan {
  return {
    answerWithinMs: phones.answerWithinMs,
    frontDoor: clusters.find((cluster) => cluster.frontDoor)?.id ?? null,
    templates: loadPages(pages),
    addressOf: createAddressOf(phones.trustedFronts),
  };
}

export function allServices({ clusters }: Config): readonly ServiceConfig[] {
  return clusters.flatMap(({ services }) => services);
}

export function defineServices({ clusters }: Config): readonly ServiceDefinition[] {
  return clusters.flatMap(({ id: cluster, services }) =>
    services.map(({ id, name, url, probe, notification: used }) => {
      const notification = used === null ? 'off' : used.advisory ? 'advisory' : 'on';
      return { id, name, cluster, probeIntervalMs: probe.intervalMs, server: `${url} ${probe.url}`, notification };
    }),
  );
}

export function defineClientLimits({ phones }: Config): ClientLimitsConfig {
  return { limits: phones.limits.perAddress, trustedFronts: phones.trustedFronts };
}
