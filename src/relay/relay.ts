/** Relays one request to its service and makes the answer fit for the phone, or says why there is none. */

import { isDeepStrictEqual } from 'node:util';
import type { ServiceConfig } from '../config/config.ts';
import type { RelayedPage } from '../domain/device.ts';
import type { Failure } from '../domain/model.ts';
import type { ServerNames } from '../domain/server-names.ts';
import type { Watched } from '../domain/tap.ts';
import { createUpstream, type Upstream, type UpstreamAnswer, type UpstreamRequest } from '../http/client/upstream.ts';
import type { NameStore } from '../store/names.ts';
import { type ForwardedFor, selectForwardHeaders } from './forwarded-headers.ts';
import { followRedirects, isRedirect, type RedirectPolicy, type ServerResult } from './redirect.ts';
import { rewriteRefresh } from './refresh-header.ts';
import { rewritePage, type UrlRules } from './rewrite.ts';
import { serverOrigins } from './server-origins.ts';
import { rewriteSetCookie } from './set-cookie.ts';
import { watchUpstream } from './watched-upstream.ts';

export interface RelayRequest {
  readonly service: string;
  readonly method: 'GET' | 'POST';
  /** Path and query as the server shall see them. */
  readonly target: string;
  /** The phone's headers as received. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer | null;
  /** Address of the phone. */
  readonly address: string;
  /** The phone's validated Host header, or null. */
  readonly host: string | null;
  /** Public origin of the listener, for rewritten URLs. */
  readonly origin: string;
  /** Whether the listener has TLS. */
  readonly secure: boolean;
  /** The whole answer must be there within this time. */
  readonly limitMs: number;
  /** A capture is told of it. */
  readonly watched?: Watched | null;
}

export interface RelayedAnswer {
  readonly ok: true;
  /** As a string: one character for each byte. */
  readonly body: Buffer | string;
  readonly contentType: string;
  readonly refresh: string | null;
  readonly expires: string | null;
  readonly setCookies: readonly string[];
  /** What kind of phone page it is; null for an image. */
  readonly page: RelayedPage | null;
  /** URLs that grew over 256 characters. */
  readonly overlong: number;
}

export type RelayResult =
  | RelayedAnswer
  /** `sent`: a byte of the request may have arrived, so what it asks for may have happened. */
  | {
      readonly ok: false;
      readonly failure: Failure;
      readonly sent: boolean;
      /** Of the answer, if there was a whole one. */
      readonly status?: number;
    };

export type Relay = (request: RelayRequest) => Promise<RelayResult>;

export interface ServiceRelay {
  readonly relay: Relay;
  /** Replaces the services, after the names. What is under way with one that is gone or has changed ends as it began. */
  reconfigure(services: readonly ServiceConfig[]): void;
  close(): Promise<void>;
}

/** The way to one server. */
interface ServiceLink {
  readonly service: ServiceConfig;
  readonly upstream: Upstream;
  open: number;
  retired: boolean;
}

export function createRelay(services: readonly ServiceConfig[], names: NameStore): ServiceRelay {
  let links = new Map<string, ServiceLink>();
  const closing = new Set<Promise<void>>();

  const closeWhenIdle = (link: ServiceLink) => {
    if (!link.retired || link.open > 0) return;
    const closed = link.upstream.close().finally(() => closing.delete(closed));
    closing.add(closed);
  };
  const reconfigure: ServiceRelay['reconfigure'] = (next) => {
    const before = links;
    links = new Map(
      next.map((service) => {
        const known = before.get(service.id);
        const kept = known !== undefined && isDeepStrictEqual(known.service, service);
        return [service.id, kept ? known : { service, upstream: connectTo(service), open: 0, retired: false }];
      }),
    );
    const kept = new Set(links.values());
    for (const link of before.values()) {
      if (kept.has(link)) continue;
      link.retired = true;
      closeWhenIdle(link);
    }
  };
  const relay: Relay = async (request) => {
    const link = links.get(request.service);
    if (link === undefined) return { ok: false, failure: GONE, sent: false };
    const serverNames = names.of(request.service);
    const asked = renderUpstreamRequest(request);
    const startedAt = performance.now();
    link.open += 1;
    try {
      // What went wrong with an exchange has the same codes in the registry.
      const { watched = null } = request;
      const upstream = watched === null ? link.upstream : watchUpstream(link.upstream, watched, request, link.service);
      let result: ServerResult = await upstream.request(asked);
      if (result.ok && isRedirect(result)) {
        result = await follow({ ...link, upstream }, serverNames, asked, result, startedAt);
      }
      if (!result.ok) return result;
      const rules: UrlRules = { names: serverNames, service: request.service, publicOrigin: request.origin };
      return fitForPhone(result, rules, request.secure);
    } finally {
      link.open -= 1;
      closeWhenIdle(link);
    }
  };
  reconfigure(services);
  return {
    relay,
    reconfigure,
    close: async () => {
      await Promise.all([...closing, ...[...links.values()].map(({ upstream }) => upstream.close())]);
    },
  };
}

function connectTo(service: ServiceConfig): Upstream {
  const { ca, fingerprints, certificateNames } = service;
  return createUpstream({ origins: serverOrigins(service), ca, fingerprints, certificateNames });
}

const GONE: Failure = { code: 'request-service', detail: 'the service is no longer configured' };

/** Redirects are rare: what they need is made when there is one. */
function follow(
  link: ServiceLink,
  names: ServerNames,
  request: UpstreamRequest,
  answer: UpstreamAnswer,
  startedAt: number,
): Promise<ServerResult> {
  const { service, upstream } = link;
  const isSameServer: RedirectPolicy['isSameServer'] = (name, port) =>
    names.serviceOf(`http://${name}:${port}`) === service.id;
  return followRedirects(upstream, request, answer, { service, isSameServer }, startedAt);
}

function renderUpstreamRequest(request: RelayRequest): UpstreamRequest {
  const { method, target, rawHeaders, body, limitMs, address, host, secure } = request;
  const from: ForwardedFor = { clientAddress: address, scheme: secure ? 'https' : 'http', host };
  return { method, target, headers: selectForwardHeaders(rawHeaders, from), body, limitMs };
}

/** What is not phone XML never reaches a phone, whatever its status; phone XML does, whatever its status. */
function fitForPhone(answer: UpstreamAnswer, rules: UrlRules, secure: boolean): RelayResult {
  const { headers, status } = answer;
  const refresh = headers.refresh === null ? null : rewriteRefresh(headers.refresh, rules);
  const setCookies = headers.setCookies.map((cookie) => rewriteSetCookie(cookie, rules.service, secure));
  const passed = { ok: true as const, refresh, expires: headers.expires, setCookies };
  const { contentType } = headers;
  if (contentType !== null && /^\s*image\//i.test(contentType) && status === 200 && answer.body.length > 0) {
    return { ...passed, body: answer.body, contentType, page: null, overlong: 0 };
  }
  const page = rewritePage(answer.body, contentType ?? undefined, rules);
  if (page.kind === 'phone-xml') {
    const { body, page: kind, overlong } = page;
    return { ...passed, body, contentType: page.contentType, page: kind, overlong };
  }
  const failure: Failure =
    status === 200
      ? { code: 'not-phone-xml', detail: page.reason }
      : { code: 'http-status', detail: `status ${status}` };
  return { ok: false, failure, sent: true, status };
}
