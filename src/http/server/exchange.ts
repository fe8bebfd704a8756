/** One request and the way to answer it, whoever read it from its connection. */

import type { HttpAnswer } from './answer.ts';
import type { Form } from './form-body.ts';
import type { RequestHead } from './request-head.ts';

export interface HttpExchange extends RequestHead {
  /** Address of the peer: of a front, if the client comes by one. */
  readonly remoteAddress: string | undefined;
  /** An answer has been begun; another one is no more possible. */
  readonly isAnswered: boolean;
  /** The connection is no more, so that no answer can arrive. A client that has merely ended its side is still there. */
  readonly isGone: boolean;
  /** A header by its name in lower case, as `findHeader`. */
  header(name: string): string | undefined;
  /** The posted form, or why there is none: see form-body.ts. Never rejects. */
  readForm(limit?: number): Promise<Form>;
  /** The connection closes after the answer. */
  closeAfter(): void;
  /** A peer that has gone is no error. */
  answer(answer: HttpAnswer): void;
  /** Breaks the connection, without an answer if there was none yet. */
  breakOff(): void;
}

/** Of these the first counts when they are repeated; the values of all others are joined (RFC 9110 §5.3). */
const SINGLE: ReadonlySet<string> = new Set(['authorization', 'content-type', 'user-agent']);

/** A header of `rawHeaders` by its name in lower case. */
export function findHeader(rawHeaders: readonly string[], name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const each = rawHeaders[i] as string;
    if (each.length !== name.length || each.toLowerCase() !== name) continue;
    if (found === undefined) found = rawHeaders[i + 1];
    else if (!SINGLE.has(name)) found += `, ${rawHeaders[i + 1]}`;
  }
  return found;
}
