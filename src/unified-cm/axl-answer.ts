/** What an answer of AXL means, and its words (reference/unified-cm-axl.md §6). Pure. */

import { printable } from '../config/values.ts';
import { parseSupportedVersions } from './axl-version.ts';
import { descendant, type Element, parseXml, textOf } from './soap.ts';

export type AxlAnswer =
  /** The element `return` of the response. */
  | { readonly kind: 'ok'; readonly value: Element }
  | { readonly kind: 'fault'; readonly code: string; readonly message: string }
  /** More than fits into one answer: ask for fewer than `first` rows. */
  | { readonly kind: 'too-large'; readonly first: number }
  /** Come again later: nothing was done. */
  | { readonly kind: 'busy'; readonly detail: string }
  | { readonly kind: 'version'; readonly supported: readonly string[] }
  | { readonly kind: 'unauthorized'; readonly status: number }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'unreadable'; readonly detail: string };

/** Codes of faults that callers tell apart. */
export const NOT_FOUND = '5007';

export function classifyAxlAnswer(status: number, body: string): AxlAnswer {
  if (status === 401 || status === 403) return { kind: 'unauthorized', status };
  if (status === 404) return { kind: 'not-found' };
  if (status === 503) return { kind: 'busy', detail: 'HTTP 503: too many changes are waiting' };
  if (status === 599) return { kind: 'version', supported: parseSupportedVersions(body) };
  const root = parseXml(body);
  const soapBody = root?.name === 'Envelope' ? descendant(root, 'Body') : null;
  const [content] = soapBody?.children ?? [];
  if (content === undefined) return { kind: 'unreadable', detail: `HTTP ${status} without a SOAP message` };
  if (content.name === 'Fault') return classifyFault(content);
  const value = descendant(content, 'return');
  if (status !== 200 || value === null)
    return { kind: 'unreadable', detail: `HTTP ${status}, ${printable(content.name)}` };
  return { kind: 'ok', value };
}

/** A fault of AXL has its code in axlError, with or without a namespace; others have the words only. */
function classifyFault(fault: Element): AxlAnswer {
  const error = descendant(fault, 'axlError');
  const code = textOf(error, 'axlcode').trim() || textOf(fault, 'faultcode').trim();
  const message = textOf(error, 'axlmessage').trim() || textOf(fault, 'faultstring').trim();
  if (/query request too large/i.test(message)) {
    const less = /less than (\d+)/i.exec(message)?.[1];
    return { kind: 'too-large', first: Math.max(1, less === undefined ? 1 : Number(less) - 1) };
  }
  if (/maximum axl memory allocation/i.test(message)) return { kind: 'busy', detail: 'AXL has no memory left' };
  return { kind: 'fault', code: printable(code, 40), message: withoutQueries(printable(message, 300)) };
}

/** URLs of subscriptions end in the values of their parameters, passwords among them: only what stands before is shown. */
export function withoutQueries(text: string): string {
  return text.replace(/\?[^\s"'<>]*=[^\s"'<>]*/g, '?…');
}

const MEANINGS: Readonly<Record<string, string>> = {
  [NOT_FOUND]: 'there is no such entry',
  '5003': 'a rule of Unified CM forbids it, for example a user rank that is too low',
};

/** A fault in words, with those of Unified CM. */
export function describeFault(code: string, message: string): string {
  const meaning = MEANINGS[code];
  return `fault ${code}${meaning === undefined ? '' : `, ${meaning}`}: ${message === '' ? 'no words' : message}`;
}
