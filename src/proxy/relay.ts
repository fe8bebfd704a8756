/** Relays one request to its service and makes the answer fit for the phone, or says why there is none. */

import type { ServiceConfig } from '../config/config.ts';
import type { RelayedPage } from '../domain/device.ts';
import type { Failure } from '../domain/model.ts';
import type { NameStore } from '../store/names.ts';
import { selectForwardHeaders } from './forward-headers.ts';
import { type RedirectPolicy, requestFollowing } from './redirect.ts';
import { rewriteRefresh } from './refresh-header.ts';
import { rewriteBody, type UrlRules } from './rewrite.ts';
import { rewriteSetCookie } from './set-cookie.ts';
import { createUpstream, type Upstream, type UpstreamAnswer } from './upstream.ts';

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
}

export interface RelayedAnswer {
  readonly ok: true;
  readonly body: Buffer;
  readonly contentType: string;
  readonly refresh: string | null;
  readonly expires: string | null;
  readonly setCookies: readonly string[];
  /** What kind of phone page it is; null for an image. */
  readonly page: RelayedPage | null;
  /** URLs that grew over 256 characters. */
  readonly overlong: number;
}

export type RelayResult = RelayedAnswer | { readonly ok: false; readonly failure: Failure };

export type Relay = (request: RelayRequest) => Promise<RelayResult>;

export function createRelay(
  services: readonly ServiceConfig[],
  names: NameStore,
): { readonly relay: Relay; close(): Promise<void> } {
  const routes = new Map(
    services.map((service): [string, { upstream: Upstream; policy: RedirectPolicy }] => [
      service.id,
      {
        upstream: createUpstream(service),
        policy: {
          service,
          isSameServer: (host, port) => names.of(service.id).serviceOf(`http://${host}:${port}`) === service.id,
        },
      },
    ]),
  );
  const relay: Relay = async (request) => {
    const route = routes.get(request.service);
    if (route === undefined) throw new Error(`no service ${request.service}`);
    const { address: clientAddress, host, secure } = request;
    const result = await requestFollowing(
      route.upstream,
      {
        method: request.method,
        target: request.target,
        headers: selectForwardHeaders(request.rawHeaders, { clientAddress, scheme: secure ? 'https' : 'http', host }),
        body: request.body,
        limitMs: request.limitMs,
      },
      route.policy,
    );
    if (!result.ok) return result;
    const rules = { names: names.of(request.service), service: request.service, publicOrigin: request.origin };
    return fitForPhone(result, rules, secure);
  };
  return {
    relay,
    close: async () => {
      await Promise.all([...routes.values()].map(({ upstream }) => upstream.close()));
    },
  };
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
  const page = rewriteBody(answer.body, contentType ?? undefined, rules);
  if (page.kind === 'phone-xml') {
    const { body, page: kind, overlong } = page;
    return { ...passed, body, contentType: page.contentType, page: kind, overlong };
  }
  const failure: Failure =
    status === 200
      ? { code: 'not-phone-xml', detail: page.reason }
      : { code: 'http-status', detail: `status ${status}` };
  return { ok: false, failure };
}
