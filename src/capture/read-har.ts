/** Reads a HAR: one of our own, or one of any other program, whose legs are told by what was asked. Pure and total. */

import type { Leg } from '../domain/tap.ts';
import type { CaptureNotes, Stanza } from './har.ts';
import { pushedXml } from './mask-body.ts';
import { type PhonePage, parsePhonePage } from './phone-page.ts';

export interface Seen {
  /** From 1, as the entries of the file. */
  readonly number: number;
  readonly leg: Leg;
  readonly exchange: number | null;
  readonly device: string | null;
  readonly service: string | null;
  /** Epoch ms. */
  readonly at: number;
  readonly ms: number;
  readonly method: string;
  readonly url: URL;
  /** Without the proxy's own prefix. */
  readonly path: string;
  readonly parameters: readonly string[];
  readonly request: Headers;
  /** What was posted: names of its parameters, or the document that was pushed. */
  readonly posted: readonly string[];
  readonly pushed: PhonePage | null;
  /** What was posted is in the file. */
  readonly hasPosted: boolean;
  /** Address of whoever asked, as far as the file says it. */
  readonly client: string | null;
  readonly status: number;
  readonly response: Headers;
  readonly page: PhonePage | null;
  readonly error: string | null;
  readonly notWritten: string | null;
}

/** The values of a header, by its name in lower case. */
export type Headers = ReadonlyMap<string, readonly string[]>;

export interface Traffic {
  readonly seen: readonly Seen[];
  readonly stanzas: readonly Stanza[];
  /** null: another program wrote it. */
  readonly notes: CaptureNotes | null;
  readonly creator: string;
}

export type ReadHar =
  | { readonly ok: true; readonly traffic: Traffic }
  | { readonly ok: false; readonly problem: string };

export function readHar(file: string): ReadHar {
  const text = file.replace(/^\ufeff/, '');
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    return { ok: false, problem: explainNoJson(text, error) };
  }
  const log = record(record(found)?.log);
  const entries = log?.entries;
  if (log === null || !Array.isArray(entries)) return { ok: false, problem: 'it has no log.entries, so it is no HAR' };
  const seen = entries.flatMap((entry, index) => readEntry(entry, index + 1) ?? []);
  if (seen.length === 0 && entries.length > 0) {
    return {
      ok: false,
      problem: `of its entries (${entries.length}) none is about phones: no /fippa/, no /CGI/Execute, no SystemInfo, no phone XML`,
    };
  }
  const notes = record(log._ippa);
  const stanzas = Array.isArray(log._stanzas)
    ? log._stanzas.filter((each) => typeof record(each)?.xml === 'string')
    : [];
  const creator = record(log.creator);
  return {
    ok: true,
    traffic: {
      seen,
      stanzas,
      notes: notes !== null && Array.isArray(notes.services) ? (notes as unknown as CaptureNotes) : null,
      creator: [creator?.name, creator?.version].filter((each) => typeof each === 'string').join(' '),
    },
  };
}

/** Where it stops being JSON, without a word of it. */
function explainNoJson(text: string, error: unknown): string {
  if (text.trim() === '') return 'it is empty';
  if (text.startsWith('\x1f') || text.startsWith('PK')) return 'it is compressed: unpack it first';
  const at = Number(/position (\d+)/.exec(String(error))?.[1] ?? text.length);
  const before = text.slice(0, at).split('\n');
  const place = `line ${before.length}, character ${(before.at(-1)?.length ?? 0) + 1}`;
  return /^\s*\{/.test(text)
    ? `it is no whole JSON (${place}): was it written and copied to its end?`
    : 'it is not JSON, so it is no HAR';
}

function readEntry(entry: unknown, number: number): Seen | null {
  const [request, response] = [record(record(entry)?.request), record(record(entry)?.response)];
  const address = textOf(request?.url);
  if (request === null || response === null || address === null || !URL.canParse(address)) return null;
  const url = new URL(address);
  const notes = record(record(entry)?._ippa);
  const body = readContent(record(response.content), 'encoding');
  const posted = readContent(record(request.postData), '_encoding');
  const page = body === null ? null : parsePhonePage(body);
  const leg = readLeg(notes, url, page);
  if (leg === null) return null;
  const pushed = leg === 'push-in' || leg === 'push-out' ? pushedXml(posted ?? '') : null;
  return {
    ...{ number, leg, url, page },
    exchange: typeof notes?.exchange === 'number' ? notes.exchange : null,
    device: textOf(notes?.device) ?? /\/fippa\/([^/?;]+)/.exec(url.pathname)?.[1] ?? null,
    service: textOf(notes?.service),
    at: Date.parse(textOf(record(entry)?.startedDateTime) ?? '') || 0,
    ms: Number(record(entry)?.time) || 0,
    method: textOf(request.method) ?? '',
    path: url.pathname.replace(/^\/[A-Za-z0-9_-]{1,16}(?=\/fippa\/)/, ''),
    parameters: [...url.searchParams.keys()],
    request: readHeaders(request.headers),
    posted: leg === 'phone' || leg === 'finesse' ? [...new URLSearchParams(posted ?? '').keys()] : [],
    pushed: pushed === null ? null : parsePhonePage(pushed),
    hasPosted: posted !== null && posted !== '',
    client: textOf(notes?.client),
    status: Number(response.status) || 0,
    response: readHeaders(response.headers),
    error: textOf(record(entry)?._error),
    notWritten: textOf(record(record(notes?.notWritten)?.response)?.why),
  };
}

const LEGS: readonly unknown[] = ['phone', 'finesse', 'push-in', 'push-out', 'probe'] satisfies Leg[];

/** null: it has nothing to do with phones. */
function readLeg(
  notes: Readonly<Record<string, unknown>> | null,
  { pathname }: URL,
  page: PhonePage | null,
): Leg | null {
  if (LEGS.includes(notes?.leg)) return notes?.leg as Leg;
  if (pathname === '/CGI/Execute') return 'push-in';
  if (pathname.startsWith('/finesse/api/SystemInfo')) return 'probe';
  if (/^\/[A-Za-z0-9_-]{1,16}\/fippa\//.test(pathname)) return 'phone';
  if (pathname.startsWith('/fippa/') || page?.object.startsWith('CiscoIPPhone') === true) return 'finesse';
  return null;
}

function readContent(content: Readonly<Record<string, unknown>> | null, encoding: string): string | null {
  const text = textOf(content?.text);
  if (text === null || content?.[encoding] !== 'base64') return text;
  const bytes = Buffer.from(text, 'base64');
  const utf8 = bytes.toString();
  return utf8.includes('\ufffd') ? bytes.toString('latin1') : utf8;
}

function readHeaders(headers: unknown): Headers {
  const found = new Map<string, string[]>();
  for (const each of Array.isArray(headers) ? headers : []) {
    const [name, value] = [textOf(record(each)?.name), textOf(record(each)?.value)];
    if (name === null || value === null) continue;
    const lower = name.toLowerCase();
    found.set(lower, [...(found.get(lower) ?? []), value]);
  }
  return found;
}

function record(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
