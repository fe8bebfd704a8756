/** What of a capture the checks look at. Pure. */

import { createServerNames, learntName, type NamedService } from '../domain/server-names.ts';
import { isSignIn } from './phone-page.ts';
import type { Seen, Traffic } from './read-har.ts';

/** What Finesse answered to phones; of one written by another program, all answers. */
export function pagesOf({ seen }: Traffic): readonly Seen[] {
  return seen.filter(({ leg }) => leg === 'finesse');
}

/** What phones asked, as they asked it. */
export function requestsOf(traffic: Traffic): readonly Seen[] {
  const asked = traffic.seen.filter(({ leg }) => leg === 'phone');
  return asked.length > 0 ? asked : pagesOf(traffic);
}

export function pushesOf({ seen }: Traffic): readonly Seen[] {
  return seen.filter(({ leg }) => leg === 'push-in');
}

export function probesOf({ seen }: Traffic): readonly Seen[] {
  return seen.filter(({ leg }) => leg === 'probe');
}

export function formsOf(traffic: Traffic): readonly Seen[] {
  return pagesOf(traffic).filter(({ page }) => page !== null && isSignIn(page));
}

/** A request for a device and nothing below it. */
export function isEntry({ path }: Seen): boolean {
  return /^\/fippa\/[^/;]+\/?$/.test(path);
}

/**
 * Whether a URL names a server, as the proxy itself decides that: by the names and ports that are configured and the name that
 * the server reports. In a file of another program every server that was asked is one of its own.
 */
export function knownServers(traffic: Traffic): (url: URL) => boolean {
  const clusters = new Map<string, NamedService[]>();
  const add = (cluster: string, service: NamedService) =>
    clusters.set(cluster, [...(clusters.get(cluster) ?? []), service]);
  if (traffic.notes !== null) {
    for (const { id, cluster, url, names } of traffic.notes.services) {
      const learntName = learntFrom(probesOf(traffic).filter(({ service }) => service === null || service === id));
      add(cluster, { id, url, aliases: names, learntName });
    }
  } else {
    const asked = [...pagesOf(traffic), ...probesOf(traffic)].map(({ url }) => url.origin);
    for (const origin of new Set(asked)) {
      const learntName = learntFrom(probesOf(traffic).filter(({ url }) => url.origin === origin));
      add(origin, { id: origin, url: origin, aliases: [], learntName });
    }
  }
  const names = [...clusters.values()].map(createServerNames);
  return ({ protocol, host }) => names.some(({ serviceOf }) => serviceOf(`${protocol}//${host}`) !== null);
}

function learntFrom(probes: readonly Seen[]): string | null {
  const texts = probes.findLast(({ page }) => page !== null)?.page?.texts;
  const text = (name: string) => texts?.get(name) ?? null;
  return learntName({
    xmppDomain: text('xmppdomain'),
    primaryHost: text('primarynode/host'),
    secondaryHost: text('secondarynode/host'),
  });
}

/** A path without the proxy's own prefix. */
export function withoutPrefix({ pathname }: Pick<URL, 'pathname'>): string {
  return pathname.replace(/^\/[A-Za-z0-9_-]{1,16}(?=\/fippa\/)/, '');
}

export function hostOf(text: string): string {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  return URL.canParse(absolute) ? new URL(absolute).hostname : '';
}

/** The URLs of a page, relative ones too: not those that phones know by themselves. */
export function linksOf({ page, response, url }: Pick<Seen, 'page' | 'response' | 'url'>): readonly URL[] {
  const refresh = (response.get('refresh') ?? []).flatMap((value) => /url\s*=\s*["']?([^"']+)/i.exec(value)?.[1] ?? []);
  return [...(page?.urls ?? []), ...refresh].flatMap((text) => {
    const isPhones = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^https?:\/\//i.test(text);
    return isPhones || !URL.canParse(text, url.href) ? [] : [new URL(text, url.href)];
  });
}

export function absoluteLinksOf({ page }: Pick<Seen, 'page'>): readonly URL[] {
  return (page?.urls ?? []).flatMap((text) =>
    /^https?:\/\//i.test(text) && URL.canParse(text) ? [new URL(text)] : [],
  );
}

/** What of a path says which page it is. */
export function lastPart(path: string): string {
  return `\`${path.replace(/^\/fippa\/[^/;]+/, '/fippa/…')}\``;
}
