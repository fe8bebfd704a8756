/** What passed as entries of HAR 1.2, masked. Fields of our own begin with `_`. */

import { STATUS_CODES } from 'node:http';
import type { Entry, Har } from 'har-format';
import type { Leg, Passed, PassedAnswer, PassedElement } from '../domain/tap.ts';
import { escapeXml } from '../text/xml-escape.ts';
import { cookiesOf, headerIn, pairsOf, queryOf, setCookiesOf } from './har-lists.ts';
import type { Mask } from './mask.ts';

/** What HAR has no field for. */
export interface EntryNotes {
  readonly leg: Leg;
  /** What belongs together has the same number. */
  readonly exchange: number;
  readonly device: string | null;
  readonly service: string | null;
  /** Address of whoever asked; null: the proxy did. */
  readonly client: string | null;
  /** Bodies that were not written: what they are and how long they were. */
  readonly notWritten?: { readonly request?: NotWritten; readonly response?: NotWritten };
}

export interface NotWritten {
  readonly why: string;
  readonly bytes: number;
}

export interface Stanza {
  readonly at: string;
  readonly service: string;
  /** Masked. */
  readonly xml: string;
}

export type CaptureEntry = Entry & { readonly _ippa: EntryNotes; readonly _error?: string };

export interface CaptureNotes {
  /** Of the fields of our own. */
  readonly format: 1;
  readonly from: string;
  readonly until: string;
  readonly ended: string;
  readonly devices: readonly string[];
  readonly services: readonly {
    readonly id: string;
    readonly cluster: string;
    readonly url: string;
    /** Other names that URLs of it may have. */
    readonly names: readonly string[];
  }[];
  /** Origins that phones reach the proxy by. */
  readonly listeners: readonly string[];
  readonly keepNames: boolean;
  /** What there was no room for. */
  readonly dropped: number;
  /** Of these nothing was kept, since a known secret was found in them. */
  readonly withheld: number;
}

export interface CaptureHar {
  readonly log: Omit<Har['log'], 'entries'> & {
    readonly _ippa: CaptureNotes;
    readonly _stanzas: readonly Stanza[];
    readonly entries: readonly CaptureEntry[];
  };
}

/** `passed` as it may be written down. */
export function renderEntry(
  passed: Passed,
  endedAt: number,
  about: { readonly exchange: number; readonly device: string | null },
  mask: Mask,
): CaptureEntry {
  const { leg, service, client, answer, error } = passed;
  const time = Math.max(0, endedAt - passed.startedAt);
  const request = renderRequest(passed, mask);
  const response = answer === null ? NO_ANSWER : renderAnswer(answer, mask);
  const notWritten = {
    ...(request.notWritten === null ? {} : { request: request.notWritten }),
    ...(response.notWritten === null ? {} : { response: response.notWritten }),
  };
  return {
    startedDateTime: new Date(passed.startedAt).toISOString(),
    time,
    request: request.har,
    response: response.har,
    cache: {},
    timings: { send: 0, wait: time, receive: 0 },
    ...(error === null ? {} : { _error: mask.scrub.clean(error) }),
    _ippa: {
      ...{ leg, exchange: about.exchange, service, client: client === null ? null : mask.pseudonyms.value(client) },
      device: about.device === null ? null : mask.pseudonyms.device(about.device),
      ...(Object.keys(notWritten).length === 0 ? {} : { notWritten }),
    },
  };
}

function renderRequest({ method, url, headers, body }: Passed, mask: Mask) {
  const masked = { url: mask.urls.url(url), headers: mask.headers.mask(headers) };
  const base = {
    ...{ method, ...masked, httpVersion: 'HTTP/1.1', cookies: cookiesOf(masked.headers) },
    ...{ queryString: queryOf(masked.url), headersSize: -1, bodySize: body === null ? 0 : body.length },
  };
  if (body === null || body.length === 0) return { har: base, notWritten: null };
  const type = findHeader(headers, 'content-type');
  const posted = mask.body(toBuffer(body), type);
  if (!posted.written) return { har: base, notWritten: { why: posted.why, bytes: body.length } };
  // HAR 1.2 has no encoding for what is posted.
  const text = posted.bytes.toString('base64');
  const mimeType = headerIn(masked.headers, 'content-type') ?? '';
  const params = /form-urlencoded/i.test(mimeType) ? pairsOf(posted.bytes.toString('latin1')) : [];
  const postData = { mimeType, params, text, _encoding: 'base64' };
  return {
    har: { ...base, postData: postData as unknown as NonNullable<Entry['request']['postData']> },
    notWritten: null,
  };
}

function renderAnswer({ status, headers, body }: PassedAnswer, mask: Mask) {
  const type = findHeader(headers, 'content-type');
  const masked = mask.body(toBuffer(body), type);
  const written = mask.headers.mask(headers);
  const content = { size: body.length, mimeType: headerIn(written, 'content-type') ?? '' };
  const location = findHeader(headers, 'location');
  const har = {
    ...{ status, statusText: STATUS_CODES[status] ?? '', httpVersion: 'HTTP/1.1', cookies: setCookiesOf(written) },
    ...{ headers: written, redirectURL: location === null ? '' : mask.urls.url(location) },
    ...{ headersSize: -1, bodySize: body.length },
  };
  if (!masked.written) return { har: { ...har, content }, notWritten: { why: masked.why, bytes: body.length } };
  const text = masked.bytes.toString('base64');
  return { har: { ...har, content: { ...content, text, encoding: 'base64' } }, notWritten: null };
}

/** As browsers write it. */
const NO_ANSWER = {
  har: {
    ...{ status: 0, statusText: '', httpVersion: '', cookies: [], headers: [], redirectURL: '' },
    ...{ headersSize: -1, bodySize: -1, content: { size: 0, mimeType: '' } },
  },
  notWritten: null,
};

function findHeader(raw: readonly string[], name: string): string | null {
  for (let at = 0; at + 1 < raw.length; at += 2) if (raw[at]?.toLowerCase() === name) return raw[at + 1] ?? null;
  return null;
}

function toBuffer(body: Uint8Array | string): Buffer {
  return typeof body === 'string'
    ? Buffer.from(body, 'latin1')
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

/** A stanza as XML again, masked; null: it cannot be. */
export function renderStanza(stanza: PassedElement, mask: Mask): string | null {
  return mask.xml(renderElement(stanza, ''));
}

function renderElement({ name, namespace, attributes, children, text }: PassedElement, around: string): string {
  const own = namespace === around ? '' : ` xmlns='${escapeXml(namespace)}'`;
  const written = [...attributes]
    .filter(([key]) => key !== 'xmlns' && !key.startsWith('xmlns:') && /^[\w.-]+$/.test(key))
    .map(([key, value]) => ` ${key}='${escapeXml(value)}'`);
  const inner = `${children.map((child) => renderElement(child, namespace)).join('')}${escapeXml(text)}`;
  return `<${name}${own}${written.join('')}>${inner}</${name}>`;
}

export const COMMENT =
  'Masked as it was recorded. Passwords, cookies and tokens are markers that begin with Z and keep length and equality within ' +
  'this file. Device names, ids, extensions, numbers, addresses and, unless _ippa.keepNames says otherwise, host names are ' +
  'pseudonyms of the same shape, made with a key that was thrown away: none of them is real. In texts letters are x and digits ' +
  '0. Names of parameters, and soft keys and path words that Finesse is known to use, are as they were; others are masked ' +
  'too. Bodies are base64 of the masked bytes; what could not be parsed was left out, see _ippa.notWritten. Headers that ' +
  'the proxy adds as it writes (Connection, Date) are missing on the leg phone.';
