/**
 * Redirects of the server are followed here, since phones are not known to follow any (reference/phone-xml.md §5): within
 * the same server only, and never one that would repeat a POST (contract.md, "Rewriting").
 */

import type { Failure } from '../domain/model.ts';
import { MAX_TARGET_LENGTH } from '../domain/phone-url.ts';
import type { Upstream, UpstreamAnswer, UpstreamRequest } from '../http/client/upstream.ts';
import { isPlainPath } from '../text/request-target.ts';
import { mergeCookies } from './redirect-cookies.ts';
import { serverOrigins } from './server-origins.ts';

const MAX_REDIRECTS = 5;

export interface RedirectPolicy {
  readonly service: { readonly url: string; readonly aliases: readonly string[] };
  /** Whether a host (lower case, IPv6 in brackets) and port that a Location names are known to be this same server. */
  readonly isSameServer: (host: string, port: number) => boolean;
  /** Epoch ms, for the expiry of cookies. */
  readonly now?: () => number;
}

/** An answer of the server, or why there is none. */
export type ServerResult = UpstreamAnswer | { readonly ok: false; readonly failure: Failure; readonly sent: boolean };

/** Where a redirect leads: an origin of `serverOrigins`, path and query. */
export interface Destination {
  readonly origin: string;
  readonly target: string;
}

/**
 * Follows the redirect `answer` to `request`, and those after it: five at most, all within `request.limitMs` from
 * `startedAt` (by the clock of `performance`). Cookies that redirects set go along to the next hop and come first in the
 * `setCookies` of the answer. Never rejects; `sent` is true even where the last hop was not sent: what the phone asked for
 * may have happened at the first.
 */
export async function followRedirects(
  upstream: Upstream,
  request: UpstreamRequest,
  answer: UpstreamAnswer,
  policy: RedirectPolicy,
  startedAt: number,
): Promise<ServerResult> {
  let hop = request;
  let redirect = answer;
  let setCookies: readonly string[] = [];
  for (let followed = 0; followed < MAX_REDIRECTS; followed++) {
    const next = nextHop(hop, redirect, policy);
    if ('code' in next) return { ok: false, failure: next, sent: true };
    setCookies = [...setCookies, ...redirect.headers.setCookies];
    hop = { ...next, limitMs: request.limitMs - (performance.now() - startedAt) };
    const result = await upstream.request(hop);
    if (!result.ok) return { ...result, sent: true };
    if (!isRedirect(result)) return withCookies(result, setCookies);
    redirect = result;
  }
  return notFollowed(`more than ${MAX_REDIRECTS} redirects`);
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Whether an answer sends on to somewhere else. */
export function isRedirect({ status, headers }: UpstreamAnswer): boolean {
  return REDIRECTS.has(status) && headers.location !== null;
}

function withCookies(answer: UpstreamAnswer, earlier: readonly string[]): UpstreamAnswer {
  if (earlier.length === 0) return answer;
  return { ...answer, headers: { ...answer.headers, setCookies: [...earlier, ...answer.headers.setCookies] } };
}

function notFollowed(detail: string): ServerResult {
  return { ok: false, failure: { code: 'redirect', detail }, sent: true };
}

function nextHop(hop: UpstreamRequest, answer: UpstreamAnswer, policy: RedirectPolicy): UpstreamRequest | Failure {
  if (hop.method === 'POST' && answer.status >= 307) {
    return { code: 'redirect', detail: `a ${answer.status} that would repeat a POST` };
  }
  const from = { origin: hop.origin ?? new URL(policy.service.url).origin, target: hop.target };
  const to = resolveRedirect(answer.headers.location ?? '', from, policy);
  if (to === null) return { code: 'redirect', detail: `a ${answer.status} that leads away from this server's /fippa/` };
  const kept = hop.method === 'GET' ? hop.headers : withoutHeader(hop.headers, 'content-type');
  const cookie = mergeCookies(headerOf(kept, 'cookie'), answer.headers.setCookies, {
    target: to.target,
    secure: to.origin.startsWith('https:'),
    now: (policy.now ?? Date.now)(),
  });
  const headers = withoutHeader(kept, 'cookie');
  return {
    ...hop,
    ...to,
    // RFC 9110 §15.4: after a POST, 301, 302 and 303 are followed by GET, as all user agents do.
    method: 'GET',
    body: null,
    headers: cookie === undefined ? headers : [...headers, 'Cookie', cookie],
  };
}

/**
 * Where a Location leads if that is a page of the same server, else null. A name that is merely known to be the server's
 * decides no more than that: the connection goes to the configured host.
 */
export function resolveRedirect(location: string, from: Destination, policy: RedirectPolicy): Destination | null {
  if (!URL.canParse(location, from.origin + from.target)) return null;
  const url = new URL(location, from.origin + from.target);
  const target = url.pathname + url.search;
  if (url.username !== '' || url.password !== '' || target.length > MAX_TARGET_LENGTH) return null;
  if (!url.pathname.startsWith('/fippa/') || !isPlainPath(url.pathname)) return null;
  const origin = connectTo(url, policy);
  return origin === null ? null : { origin, target };
}

function connectTo(url: URL, { service, isSameServer }: RedirectPolicy): string | null {
  const origins = serverOrigins(service);
  if (origins.includes(url.origin)) return url.origin;
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  if (!isSameServer(url.hostname, port)) return null;
  const moved = new URL(url.origin);
  moved.hostname = new URL(service.url).hostname;
  return origins.includes(moved.origin) ? moved.origin : null;
}

function headerOf(headers: readonly string[], name: string): string | undefined {
  const at = headers.findIndex((header, i) => i % 2 === 0 && header.toLowerCase() === name);
  return at === -1 ? undefined : headers[at + 1];
}

function withoutHeader(headers: readonly string[], name: string): string[] {
  return headers.filter((_, i) => headers[i - (i % 2)]?.toLowerCase() !== name);
}
