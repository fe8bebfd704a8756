/** What a page of the proxy's own shows: the contract between decisions (snapshot to view) and the renderer (view to XML). */

import type { PageName } from '../domain/events.ts';
import type { OutageCause, PhoneMessage } from '../domain/failure.ts';

export type { PageName };

export interface PageLink {
  /** As agents read it; the renderer cuts it to the limit. */
  readonly name: string;
  /** Absolute URL on the proxy, not yet XML-escaped. */
  readonly url: string;
}

export interface PageView {
  readonly page: PageName;
  /** Name of the service the page is about; null when the request named none. */
  readonly service: string | null;
  /** reconnecting: attempt n of `attempts`. */
  readonly attempt: number | null;
  readonly attempts: number;
  /** Confirmed alternates, in the order to show; may be empty. */
  readonly alternates: readonly PageLink[];
  /** Where Retry (Update) leads: the service's own entry, never the failed request. null: nothing to retry. */
  readonly retryUrl: string | null;
  /** The proxy's own Exit action for phones without SoftKey: URIs. null when no device is known. */
  readonly exitUrl: string | null;
  /** What became of the request; error: also what to do. */
  readonly message: PhoneMessage | null;
  /** What has failed, where the page is about that and it is known. */
  readonly cause: OutageCause | null;
  /** A call in progress stays up: only where the vendor says so (reference/high-availability.md). */
  readonly callStays: boolean;
  /** Agents should be signed in again within five minutes of the failure. */
  readonly hurry: boolean;
  /** The agent chose this alternate, but it is gone meanwhile: its name. */
  readonly gone: string | null;
  /** maintenance: the service takes no new sign-ins, but is not in maintenance. */
  readonly drained: boolean;
}

/** What a request told about the phone that sent it. Header values as received; undefined: absent. */
export interface PhoneHeaders {
  readonly modelName: string | undefined;
  readonly userAgent: string | undefined;
  readonly acceptLanguage: string | undefined;
  readonly acceptCharset: string | undefined;
}

export interface RenderedPage {
  /** One character for each byte. */
  readonly body: string;
  /** `text/xml; charset=…`, the same charset as in the XML declaration and the bytes. */
  readonly contentType: string;
}
