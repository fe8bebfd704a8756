/**
 * Turns the URLs of a Finesse answer into the proxy's (contract.md, "Rewriting") and leaves every other byte alone.
 * One rule for one URL (rewriteUrl) serves the body, Refresh and Location alike.
 */

import { Buffer } from 'node:buffer';
import { MAX_URL_LENGTH } from '../domain/phone-url.ts';
import type { ServerNames } from '../domain/server-names.ts';
import {
  decidePageCharset,
  holdsNoncharacter,
  parseProlog,
  sniffUtf16,
  type Utf16,
  utf16Charset,
} from './phone-xml-charset.ts';
import { type PageKind, type ScanFailure, scanPhoneXml } from './phone-xml-scan.ts';
import { spaceEnd } from './phone-xml-text.ts';
import { type DecodedValue, decodeValue } from './phone-xml-value.ts';

export interface UrlRules {
  /** The names of the cluster's servers. */
  readonly names: ServerNames;
  /** The service that gave the answer: whose `/fippa/…` a path without a host means. */
  readonly service: string;
  /** Origin by which the phone reaches this listener, without a trailing slash. */
  readonly publicOrigin: string;
}

export type NotPhoneXml = ScanFailure | 'unknown-encoding';

export type RewrittenPage<Body = Buffer | string> =
  | {
      readonly kind: 'phone-xml';
      /** The very Buffer that came in when nothing had to change. As a string: one character for each byte. */
      readonly body: Body;
      readonly contentType: string;
      readonly page: PageKind;
      /** URLs that now lead to the proxy. */
      readonly rewritten: number;
      /** Those of them that have more than MAX_URL_LENGTH characters. */
      readonly overlong: number;
    }
  | { readonly kind: 'not-phone-xml'; readonly reason: NotPhoneXml };

export type RewrittenBody = RewrittenPage<Buffer>;

const FIPPA = '/fippa/';
/** The beginning of a value in which nothing is hidden up to where it would have to say `/fippa/`. */
const PLAINLY_OTHER = /(?:https?:)?\/\/[^/&<]+\/[^&<]{6}|\/[^/&<][^&<]{5}|[^h/&<]/iy;

/** As `rewritePage`, in bytes. */
export function rewriteBody(body: Buffer, contentType: string | undefined, rules: UrlRules): RewrittenBody {
  const page = rewritePage(body, contentType, rules);
  if (page.kind !== 'phone-xml') return page;
  return { ...page, body: typeof page.body === 'string' ? Buffer.from(page.body, 'latin1') : page.body };
}

/**
 * Rewrites a whole answer, or says why it is not phone XML. The media type does not matter: real servers send phone XML
 * as text/html too; charset rules are in phone-xml-charset.ts. Never throws.
 */
export function rewritePage(body: Buffer, contentType: string | undefined, rules: UrlRules): RewrittenPage {
  if (body.length === 0) return refuse('empty');
  const utf16 = sniffUtf16(body);
  const text = utf16 === null ? body.toString('latin1') : decodeUtf16(body, utf16);
  if (text === null) return refuse('unknown-encoding');
  const prolog = parseProlog(text);
  if (prolog === null) return refuse('not-well-formed');
  const charset =
    utf16 === null
      ? decidePageCharset(body, contentType, prolog)
      : utf16Charset(utf16, text.startsWith('\ufeff'), prolog);
  if (charset === null) return refuse('unknown-encoding');
  const scan = scanPhoneXml(text, utf16 === null ? body : unitsOf(text), prolog.end);
  if (typeof scan === 'string') return refuse(scan);
  const width = utf16 !== null ? 'utf-16' : /^utf-?8$/i.test(charset.name) ? 'utf-8' : 'single';
  if (width !== 'single' && holdsNoncharacter(text, width)) return refuse('not-well-formed');

  const page = new PageRewrite(text, rules, width === 'utf-8');
  if (charset.redeclare && prolog.encoding !== null) page.replace(prolog.encodingFrom, prolog.encoding, charset.name);
  for (let i = 0; i < scan.urls.length; i += 2) page.rewriteValue(scan.urls[i] as number, scan.urls[i + 1] as number);
  return {
    kind: 'phone-xml',
    body: !page.changed ? body : utf16 === null ? page.finish() : encodeUtf16(page.finish(), utf16),
    contentType: `text/xml; charset=${charset.name}`,
    page: scan.page,
    rewritten: page.rewritten,
    overlong: page.overlong,
  };
}

/** One URL as it is, without entities: rewritten if it names a server of the cluster and its path begins `/fippa/`. */
export function rewriteUrl(url: string, rules: UrlRules): string {
  const path = fippaPath(url, 0, url.length);
  if (path === -1) return url;
  const origin = proxyOrigin(url.slice(0, path), rules);
  return origin === null ? url : origin + url.slice(path);
}

/**
 * Where `/fippa/` begins in the URL that stands between `from` and `to`; -1 where the URL is neither that path nor an
 * http(s) or scheme-less URL with it behind its authority.
 */
function fippaPath(text: string, from: number, to: number): number {
  const slashes = from + schemeLength(text, from);
  let path = from;
  if (text.startsWith('//', slashes)) {
    path = text.indexOf('/', slashes + 2);
    if (path === -1 || path === slashes + 2) return -1;
  } else if (slashes !== from) return -1;
  return path + FIPPA.length <= to && text.startsWith(FIPPA, path) ? path : -1;
}

/** The length of `http:` or `https:` in any letter case at `at`, 0 without one. */
function schemeLength(text: string, at: number): number {
  if ((text.charCodeAt(at) | 0x20) !== 0x68) return 0;
  const plain = text.charCodeAt(at + 4) === 0x3a;
  const length = plain ? 5 : 6;
  const scheme = text.slice(at, at + length);
  if (scheme === 'https:' || scheme === 'http:') return length;
  return scheme.toLowerCase() === (plain ? 'http:' : 'https:') ? length : 0;
}

/** What stands before `/fippa/` on the proxy for an origin of Finesse ('' for a path alone); null: not one of ours. */
function proxyOrigin(origin: string, rules: UrlRules): string | null {
  if (origin === '') return `/${rules.service}`;
  // Without a scheme a URL takes that of the page it stands on, which the phone got from this listener.
  const full = origin.startsWith('//') ? rules.publicOrigin.slice(0, rules.publicOrigin.indexOf('/')) + origin : origin;
  const service = rules.names.serviceOf(full);
  return service === null ? null : `${rules.publicOrigin}/${service}`;
}

/** Code points of a decoded value from `from` up to its trailing white space; in UTF-8 read as latin1 several units are one. */
function countCharacters(value: DecodedValue, from: number, utf8: boolean): number {
  let end = value.text.length;
  while (end > from && spaceEnd(value.text, end - 1) >= end) end--;
  let count = 0;
  for (let i = from; i < end; i++) {
    const unit = value.text.charCodeAt(i);
    const literal = (value.ends[i] as number) - (value.starts[i] as number) === 1;
    const goesOn = utf8 && literal ? (unit & 0xc0) === 0x80 : (unit & 0xfc00) === 0xdc00;
    if (!goesOn) count++;
  }
  return count;
}

/** The URLs of one page, rewritten from left to right. */
class PageRewrite {
  rewritten = 0;
  overlong = 0;
  changed = false;
  private readonly text: string;
  private readonly rules: UrlRules;
  private readonly utf8: boolean;
  private done = '';
  private at = 0;
  /** The last origin that was met, and what replaces it: a page names one server many times. */
  private lastOrigin: string | null = null;
  private lastReplacement: string | null = null;

  constructor(text: string, rules: UrlRules, utf8: boolean) {
    this.text = text;
    this.rules = rules;
    this.utf8 = utf8;
  }

  replace(from: number, old: string, by: string): void {
    this.cut(from, from + old.length, by);
  }

  finish(): string {
    return this.done + this.text.slice(this.at);
  }

  /** Rewrites the URL between `from` and `to` if it is one of ours; the white space around it stays. */
  rewriteValue(from: number, to: number): void {
    const { text } = this;
    const start = spaceEnd(text, from);
    const path = fippaPath(text, start, to);
    const origin = path === -1 ? null : this.replacementOf(start, path);
    if (origin === null) {
      PLAINLY_OTHER.lastIndex = start;
      if (!PLAINLY_OTHER.test(text)) this.rewriteEncoded(from, to);
      return;
    }
    this.cut(start, path, origin);
    this.rewritten++;
    // Reading references, CDATA and UTF-8 can only make the URL shorter: look closer where it matters.
    if (to - path + origin.length > MAX_URL_LENGTH) this.countOverlong(origin, decodeValue(text, path, to), 0);
  }

  /** What replaces an origin written in plain characters; one with references or CDATA in it names nothing. */
  private replacementOf(from: number, to: number): string | null {
    const written = this.text.slice(from, to);
    if (written !== this.lastOrigin) {
      this.lastOrigin = written;
      this.lastReplacement = proxyOrigin(written, this.rules);
    }
    return this.lastReplacement;
  }

  /** A value in which references, CDATA or comments hide the URL. Their marks survive, only the characters of the origin go. */
  private rewriteEncoded(from: number, to: number): void {
    const raw = this.text.slice(from, to);
    if (!raw.includes('&') && !raw.includes('<')) return;
    const value = decodeValue(this.text, from, to);
    const start = spaceEnd(value.text, 0);
    const path = fippaPath(value.text, start, value.text.length);
    const origin = path === -1 ? null : proxyOrigin(value.text.slice(start, path), this.rules);
    if (origin === null) return;
    this.cut(value.starts[start] as number, value.starts[start] as number, origin);
    for (let i = start; i < path; i++) this.cut(value.starts[i] as number, value.ends[i] as number, '');
    this.rewritten++;
    this.countOverlong(origin, value, path);
  }

  private countOverlong(origin: string, value: DecodedValue, path: number): void {
    if (origin.length + countCharacters(value, path, this.utf8) > MAX_URL_LENGTH) this.overlong++;
  }

  private cut(from: number, to: number, by: string): void {
    this.done += this.text.slice(this.at, from) + by;
    this.at = to;
    this.changed = true;
  }
}

/** One byte for each unit; those above 255 mean nothing to a scan. */
function unitsOf(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length }, (_, at) => Math.min(text.charCodeAt(at), 0xff));
}

function decodeUtf16(body: Buffer, utf16: Utf16): string | null {
  try {
    return new TextDecoder(utf16, { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return null;
  }
}

function encodeUtf16(text: string, utf16: Utf16): Buffer {
  const body = Buffer.from(text, 'utf16le');
  return utf16 === 'utf-16be' ? body.swap16() : body;
}

function refuse(reason: NotPhoneXml): RewrittenPage<never> {
  return { kind: 'not-phone-xml', reason };
}
