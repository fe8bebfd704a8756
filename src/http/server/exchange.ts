/** One request and the way to answer it, whoever read it from its connection: Node's parser or `GetConnection`. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GateInput } from '../../phones/gate.ts';
import { answerHeaders, endGently, type PhoneAnswer, renderAnswer, shortBody } from './answer.ts';
import { type Form, readForm } from './form-body.ts';

export interface HttpExchange extends GateInput {
  /** Address of the peer: of a front, if the phone comes by one. */
  readonly remoteAddress: string | undefined;
  /** An answer has been begun; another one is no more possible. */
  readonly isAnswered: boolean;
  /** A header by its name in lower case, as `findHeader`. */
  header(name: string): string | undefined;
  /** The posted form, or why there is none: see form.ts. Never rejects. */
  readForm(limit?: number): Promise<Form>;
  /** The connection closes after the answer. */
  closeAfter(): void;
  /** The connection closes after it, if it has to, gently where the request's body has not been read. A peer that has gone is no error. */
  answer(answer: PhoneAnswer): void;
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

/** A request that Node's parser has read. */
export class NodeExchange implements HttpExchange {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.method = req.method;
    this.url = req.url;
    this.httpVersion = req.httpVersion;
    this.rawHeaders = req.rawHeaders;
    this.#req = req;
    this.#res = res;
  }

  get remoteAddress(): string | undefined {
    return this.#req.socket.remoteAddress;
  }

  get isAnswered(): boolean {
    return this.#res.headersSent;
  }

  header(name: string): string | undefined {
    return findHeader(this.rawHeaders, name);
  }

  readForm(limit?: number): Promise<Form> {
    return readForm(this.#req, limit);
  }

  closeAfter(): void {
    this.#res.shouldKeepAlive = false;
  }

  answer(answer: PhoneAnswer): void {
    const res = this.#res;
    const { socket, shouldKeepAlive } = res;
    if (!shouldKeepAlive && socket !== null && hasUnreadBody(this.#req)) {
      this.#req.resume();
      endGently(socket, renderAnswer(answer, false));
      return;
    }
    // `Connection` is said outright, or Node adds a Keep-Alive header.
    res.writeHead(answer.status ?? 200, answerHeaders(answer, shouldKeepAlive));
    const body = shortBody(answer.body);
    if (typeof body === 'string') res.end(body, 'latin1');
    else res.end(body);
  }

  breakOff(): void {
    this.#req.socket.destroy();
  }
}

/** A body was announced and is not there in full. */
function hasUnreadBody(req: IncomingMessage): boolean {
  if (req.complete || req.method === 'HEAD') return false;
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
