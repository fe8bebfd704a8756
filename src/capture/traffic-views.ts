/** What of a capture the checks look at. Pure. */

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

/** Hosts that a server is known to have: as configured, as it was asked, and as it reports itself. */
export function knownHosts(traffic: Traffic): ReadonlySet<string> {
  const configured = (traffic.notes?.services ?? []).flatMap(({ url, names }) => [hostOf(url), ...names.map(hostOf)]);
  const asked = [...pagesOf(traffic), ...probesOf(traffic)].map(({ url }) => url.hostname);
  const reported = probesOf(traffic).flatMap(({ page }) => {
    const name = page?.texts.get('xmppdomain');
    return name === undefined ? [] : [name.toLowerCase()];
  });
  return new Set([...configured, ...asked, ...reported].filter((host) => host !== ''));
}

/** A path without the proxy's own prefix. */
export function withoutPrefix({ pathname }: Pick<URL, 'pathname'>): string {
  return pathname.replace(/^\/[A-Za-z0-9_-]{1,16}(?=\/fippa\/)/, '');
}

/** Names of servers with the port under which phones would ask them: what is configured, asked and reported. */
export function knownAuthorities(traffic: Traffic): ReadonlySet<string> {
  const configured = (traffic.notes?.services ?? []).flatMap(({ url, names }) => {
    if (!URL.canParse(url)) return [];
    const own = new URL(url);
    return [authorityOf(own), ...names.map((name) => (/:\d+$/.test(name) ? name : `${name}:${portOf(own)}`))];
  });
  const asked = [...pagesOf(traffic), ...probesOf(traffic)].map(({ url }) => authorityOf(url));
  const reported = probesOf(traffic).flatMap(({ page, url }) => {
    const name = page?.texts.get('xmppdomain');
    return name === undefined ? [] : [`${name.toLowerCase()}:${portOf(url)}`];
  });
  return new Set([...configured, ...asked, ...reported]);
}

export function authorityOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

function portOf({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port;
}

export function hostOf(text: string): string {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  return URL.canParse(absolute) ? new URL(absolute).hostname : '';
}

/** The absolute and path-absolute URLs of a page: not those that phones know by themselves. */
export function linksOf({ page, response, url }: Pick<Seen, 'page' | 'response' | 'url'>): readonly URL[] {
  const refresh = (response.get('refresh') ?? []).flatMap((value) => /url\s*=\s*["']?([^"']+)/i.exec(value)?.[1] ?? []);
  return [...(page?.urls ?? []), ...refresh].flatMap((text) => {
    if (!/^(?:https?:\/\/|\/)/i.test(text) || !URL.canParse(text, url.origin)) return [];
    return [new URL(text, url.origin)];
  });
}

export function absoluteLinksOf({ page }: Pick<Seen, 'page'>): readonly URL[] {
  return (page?.urls ?? []).flatMap((text) =>
    /^https?:\/\//i.test(text) && URL.canParse(text) ? [new URL(text)] : [],
  );
}
