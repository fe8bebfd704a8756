/** One request of a phone with all that is known of it, and what can be read off it. Pure. */

import type { ListenerConfig } from '../config/config.ts';
import { isEntryQuery, parsePrefill } from '../domain/device.ts';
import type { ServiceStatus } from '../domain/model.ts';
import { phoneUrl } from '../domain/phone-url.ts';
import type { Watched } from '../domain/tap.ts';
import type { AddressOf } from '../http/server/client-address.ts';
import type { HttpExchange } from '../http/server/exchange.ts';
import type { PhoneHeaders } from '../pages/page-view.ts';
import type { PageTemplates } from '../pages/templates.ts';
import { urlHost } from '../text/url-host.ts';
import type { PhoneRequest } from './gate.ts';
import type { Reader } from './which-page.ts';

/** What a configuration says to the handler; a request is served to its end by the one it came under. */
export interface PhonePlan {
  readonly answerWithinMs: number;
  readonly frontDoor: string | null;
  readonly templates: PageTemplates;
  readonly addressOf: AddressOf;
}

/** One request with all that is known of it. */
export interface Visit {
  readonly plan: PhonePlan;
  readonly exchange: HttpExchange;
  readonly listener: ListenerConfig;
  readonly request: PhoneRequest;
  readonly reader: Reader;
  readonly address: string;
  /** Origin of the listener without anything from this request: what may be remembered. */
  readonly stableOrigin: string;
  readonly body: Buffer | null;
  /** Epoch ms by which the phone has its answer. */
  readonly deadline: number;
  /** A capture is told of it; null, as nearly always: none is. */
  readonly watched: Watched | null;
}

/** A request that is refused, with what is known of it. */
export interface TurnedAway {
  readonly plan: PhonePlan;
  readonly exchange: HttpExchange;
  readonly address: string;
  readonly device: string | null;
  readonly origin: string;
  readonly status: ServiceStatus | null;
}

export const NO_HEADERS: PhoneHeaders = {
  modelName: undefined,
  userAgent: undefined,
  acceptLanguage: undefined,
  acceptCharset: undefined,
};

export function phoneHeaders(exchange: HttpExchange): PhoneHeaders {
  return {
    modelName: exchange.header('x-ciscoipphonemodelname'),
    userAgent: exchange.header('user-agent'),
    acceptLanguage: exchange.header('accept-language'),
    acceptCharset: exchange.header('accept-charset'),
  };
}

export function withoutCookies(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_, at) => rawHeaders[at - (at % 2)]?.toLowerCase() !== 'cookie');
}

export function entryUrl(status: ServiceStatus, { origin, device, prefill }: Reader): string {
  return phoneUrl(origin, status.id, device ?? '', '', prefill);
}

/** Whether a request asks for a service's entry with nothing but `id` and `extension`. */
export function isEntry({ rest, query }: PhoneRequest): boolean {
  return /^\/?(?:\?|$)/.test(rest) && isEntryQuery(query);
}

/** `id` and `extension` as the query of the alternate's sign-in. */
export function carried(query: string | null): string {
  const prefill = parsePrefill(query);
  if (prefill === null) return '';
  const pairs = Object.entries({ id: prefill.id, extension: prefill.extension }).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return `?${pairs.join('&')}`;
}

/** The origin of URLs for this phone. Without publicUrl (loopback only) the Host header's name and the listener's port. */
export function originOf(listener: ListenerConfig, port: number, host: string | null): string {
  if (listener.publicUrl !== null) return listener.publicUrl;
  const name = host?.replace(/:\d+$/, '') ?? urlHost(listener.host);
  return `${listener.tls === null ? 'http' : 'https'}://${name}:${port}`;
}
