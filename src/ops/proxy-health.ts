/** The proxies that share what they know, as `/health` shows them. Pure. */

import type { HealthState, ServiceStatus } from '../domain/model.ts';
import { nameProxyShortly, type ProxyStatus } from '../domain/proxies.ts';

export interface ProxyEntry {
  readonly id: string;
  readonly name: string;
  readonly site: string | null;
  readonly version: string;
  /** It is the one that answers. */
  readonly self: boolean;
  /** It has been heard of within five seconds. */
  readonly heard: boolean;
  readonly heardAt: string;
  readonly services: readonly ProxyServiceEntry[];
}

export interface ProxyServiceEntry {
  readonly id: string;
  readonly state: HealthState;
  readonly attempt: number | null;
  readonly since: string | null;
  readonly admin: string;
  readonly phones: number;
}

/** How another proxy sees a service of which this one says the opposite. */
export interface OtherViewEntry {
  readonly proxy: string;
  readonly name: string;
  readonly state: HealthState;
  readonly attempt: number | null;
  readonly since: string | null;
}

export function renderProxy({ id, name, site, version, isSelf, alive, heardAt, services }: ProxyStatus): ProxyEntry {
  return {
    ...{ id, name, site, version, self: isSelf, heard: alive, heardAt: new Date(heardAt).toISOString() },
    services: services.map((each) => {
      const { id: service, state, attempt, since, admin, phones } = each;
      return { id: service, state, attempt, since: renderTime(since), admin, phones };
    }),
  };
}

export function renderOtherViews({ dissent }: ServiceStatus, proxies: readonly ProxyStatus[]): OtherViewEntry[] {
  return dissent.map(({ proxy, state, attempt, since }) => {
    const name = proxies.find(({ id }) => id === proxy)?.name ?? proxy;
    return { proxy, name, state, attempt, since: renderTime(since) };
  });
}

/** The disagreement in words: both views, and what they mean for whom. null: there is none. */
export function describeDissent(status: ServiceStatus, proxies: readonly ProxyStatus[]): string | null {
  const { state, dissent } = status;
  if (dissent.length === 0) return null;
  const others = dissent.map(({ proxy, ...view }) => {
    const found = proxies.find(({ id }) => id === proxy) ?? { id: proxy, name: proxy };
    return `${nameProxyShortly(found)} sees it ${view.state}`;
  });
  const where =
    state === 'in-service'
      ? 'Look at the network between that proxy and the server'
      : 'Look at the network between this proxy and the server';
  return `${DISSENT_BEGINS}${state}, ${others.join(', ')}: phones get what the proxy sees that they use. ${where}.`;
}

export const DISSENT_BEGINS = 'This proxy sees it ';
export const PROXIES_DISAGREE = 'proxies disagree. ';

/** Without durations: a problem that reads another way at every look would look like news. */
export function decideProxies(services: readonly ServiceStatus[], proxies: readonly ProxyStatus[]): string[] {
  return services.flatMap((status) => {
    const words = describeDissent(status, proxies);
    return words === null ? [] : [`${status.id}: ${PROXIES_DISAGREE}${words}`];
  });
}

function renderTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
