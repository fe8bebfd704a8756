/**
 * Reads one answer of a server from the bytes of a connection (RFC 9112). Strict where two programs could read differently:
 * lines end in CRLF, nothing is folded, one length. What it does not know how to read breaks the connection.
 *
 * Written by hand because it runs for every page of every phone: with the connections in upstream.ts it takes a fifth off
 * the CPU time of a relayed page (docs/performance.md).
 */

import type { FailureCode } from '../../domain/failure.ts';
import type { Failure } from '../../domain/model.ts';
import { indexOrEnd } from '../../relay/phone-xml-text.ts';

/** The headers of an answer that matter to phones or to redirects; bytes above 127 as Latin-1, as received. */
export interface AnswerHeaders {
  readonly contentType: string | null;
  readonly refresh: string | null;
  readonly expires: string | null;
  readonly location: string | null;
  readonly setCookies: readonly string[];
}

export interface AnswerLimits {
  readonly headerBytes: number;
  readonly bodyBytes: number;
}

/** `more`: bytes are missing. A failure: the connection can carry nothing any more. */
export type Progress = 'more' | 'done' | Failure;

type Head = { -readonly [Name in keyof AnswerHeaders]: AnswerHeaders[Name] } & {
  status: number;
  contentLength: number | null;
  chunked: boolean;
  closes: boolean;
  /** Seconds of `Keep-Alive: timeout=`. */
  idleSeconds: number | null;
  setCookies: string[];
};

const HEAD_END = '\r\n\r\n';
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t -~\x80-\xff]*)?(?=\r\n|$)/;
const HEADER_LINES = /(?:\r\n[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*)*$/y;
const CHUNK_LINE = /^([\da-f]{1,8})[ \t]*(?:;[\t -~\x80-\xff]*)?$/i;
/** Longest line before a chunk: its size and extensions that nobody uses. */
const CHUNK_LINE_BYTES = 1024;
const EMPTY = Buffer.alloc(0);

/** One answer; a new parser for each. */
export class AnswerParser {
  readonly #limits: AnswerLimits;
  #head: Head | null = null;
  /** Received and not yet understood. */
  #rest: Buffer = EMPTY;
  readonly #body: Buffer[] = [];
  #size = 0;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
  }

  /** Once a `Progress` of `done` has been returned. */
  get status(): number {
    return this.#head?.status ?? 0;
  }

  get headers(): AnswerHeaders {
    const { contentType, refresh, expires, location, setCookies } = this.#head as Head;
    return { contentType, refresh, expires, location, setCookies };
  }

  get body(): Buffer {
    return this.#body.length === 1 ? (this.#body[0] as Buffer) : Buffer.concat(this.#body, this.#size);
  }

  /** Whether another request may follow on the connection: nothing came behind the answer. */
  get keepsConnection(): boolean {
    return this.#head?.closes === false && this.#rest.length === 0;
  }

  get idleSeconds(): number | null {
    return this.#head?.idleSeconds ?? null;
  }

  /** The next bytes, which are lent: what is needed later is copied. */
  push(lent: Buffer): Progress {
    this.#rest = this.#rest.length === 0 ? lent : Buffer.concat([this.#rest, lent]);
    const progress = this.#read();
    if (progress === 'more' && this.#rest.buffer === lent.buffer) this.#rest = Buffer.from(this.#rest);
    return progress;
  }

  /** The connection has ended: is the answer complete by that? */
  end(): boolean {
    return this.#head !== null && this.#head.contentLength === null && !this.#head.chunked;
  }

  #read(): Progress {
    while (this.#head === null) {
      const progress = this.#readHead();
      if (progress !== 'done') return progress;
    }
    return this.#readBody(this.#head);
  }

  #readHead(): Progress {
    const end = this.#rest.indexOf(HEAD_END, 0, 'latin1');
    if (end > this.#limits.headerBytes || (end === -1 && this.#rest.length > this.#limits.headerBytes)) {
      return { code: 'answer-too-large', detail: `more than ${this.#limits.headerBytes} bytes of headers` };
    }
    // "SSH-2.0-…" and the like would be waited for in vain.
    if (end === -1) return startsLikeHttp(this.#rest) ? 'more' : broken('no HTTP');
    const head = parseHead(this.#rest.toString('latin1', 0, end));
    this.#rest = this.#rest.subarray(end + HEAD_END.length);
    if (isFailure(head)) return head;
    // 103 Early Hints and their like: the answer is yet to come.
    if (head.status >= 200) this.#head = head;
    else if (head.status === 101) return broken('a change of protocol');
    const announced = head.contentLength ?? 0;
    if (announced > this.#limits.bodyBytes) return tooLarge(`${announced} bytes announced`);
    return 'done';
  }

  #readBody(head: Head): Progress {
    if (head.chunked) return this.#readChunks();
    const wanted = head.contentLength === null ? this.#rest.length : head.contentLength - this.#size;
    const progress = this.#take(Math.min(wanted, this.#rest.length));
    if (progress !== 'done') return progress;
    return head.contentLength === this.#size ? 'done' : 'more';
  }

  /** Adds the next bytes to the body. */
  #take(length: number): Progress {
    if (length === 0) return 'done';
    this.#size += length;
    if (this.#size > this.#limits.bodyBytes) return tooLarge(`more than ${this.#limits.bodyBytes} bytes`);
    this.#body.push(Buffer.from(this.#rest.subarray(0, length)));
    this.#rest = this.#rest.length === length ? EMPTY : this.#rest.subarray(length);
    return 'done';
  }

  /** Whole chunks only: the answers are small. */
  #readChunks(): Progress {
    for (;;) {
      const line = this.#rest.indexOf('\r\n', 0, 'latin1');
      if (line === -1) return this.#rest.length > CHUNK_LINE_BYTES ? broken('no chunk size') : 'more';
      const size = CHUNK_LINE.exec(this.#rest.toString('latin1', 0, Math.min(line, CHUNK_LINE_BYTES)))?.[1];
      if (size === undefined) return broken('no chunk size');
      const length = Number.parseInt(size, 16);
      if (length === 0) return this.#readTrailers(line);
      if (this.#size + length > this.#limits.bodyBytes) return tooLarge(`more than ${this.#limits.bodyBytes} bytes`);
      const end = line + 2 + length;
      if (this.#rest.length < end + 2) return 'more';
      if (this.#rest[end] !== 0x0d || this.#rest[end + 1] !== 0x0a) return broken('a chunk without an end');
      this.#rest = this.#rest.subarray(line + 2);
      this.#take(length);
      this.#rest = this.#rest.subarray(2);
    }
  }

  /** They end with an empty line, which without trailers follows at once; nobody reads them. */
  #readTrailers(line: number): Progress {
    const end = this.#rest.indexOf(HEAD_END, line, 'latin1');
    if (end === -1) return this.#rest.length > this.#limits.headerBytes ? broken('trailers without an end') : 'more';
    this.#rest = this.#rest.subarray(end + HEAD_END.length);
    return 'done';
  }
}

function parseHead(text: string): Head | Failure {
  const line = STATUS_LINE.exec(text);
  if (line === null) return broken('no HTTP');
  HEADER_LINES.lastIndex = line[0].length;
  if (!HEADER_LINES.test(text)) return broken('a malformed header');
  const http10 = line[1] === '0';
  const head: Head = {
    status: Number(line[2]),
    contentLength: null,
    chunked: false,
    closes: http10,
    idleSeconds: null,
    contentType: null,
    refresh: null,
    expires: null,
    location: null,
    setCookies: [],
  };
  for (let at = line[0].length + 2; at < text.length; ) {
    const colon = text.indexOf(':', at);
    const end = indexOrEnd(text, '\r\n', colon);
    // No name that matters is shorter.
    if (colon - at >= 'refresh'.length) {
      const failure = readHeader(head, text.slice(at, colon).toLowerCase(), text.slice(colon + 1, end).trim());
      if (failure !== null) return failure;
    }
    at = end + 2;
  }
  // RFC 9112 §6.1: both, or chunks in HTTP/1.0, is an attempt at smuggling or a broken server.
  if (head.chunked && (http10 || head.contentLength !== null)) return broken('two lengths');
  if (head.status < 200 || head.status === 204 || head.status === 304) {
    head.contentLength = 0;
    head.chunked = false;
  } else if (head.contentLength === null && !head.chunked) head.closes = true;
  return head;
}

/** Of a repeated header the first counts, as for phones. */
function readHeader(head: Head, name: string, value: string): Failure | null {
  switch (name) {
    case 'content-type':
      head.contentType ??= value;
      return null;
    case 'content-length':
      if (!/^\d{1,15}$/.test(value)) return broken('a length that is no number');
      if (head.contentLength !== null && head.contentLength !== Number(value)) return broken('two lengths');
      head.contentLength = Number(value);
      return null;
    case 'transfer-encoding':
      if (head.chunked || value.toLowerCase() !== 'chunked') return encoded('a Transfer-Encoding other than chunked');
      head.chunked = true;
      return null;
    case 'content-encoding':
      return value === '' || value.toLowerCase() === 'identity' ? null : encoded('a Content-Encoding');
    case 'connection':
      if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)) head.closes = true;
      else if (/(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i.test(value)) head.closes = false;
      return null;
    case 'keep-alive': {
      const seconds = /(?:^|[, \t])timeout[ \t]*=[ \t]*"?(\d{1,6})/i.exec(value)?.[1];
      head.idleSeconds = seconds === undefined ? null : Number(seconds);
      return null;
    }
    case 'refresh':
    case 'expires':
    case 'location':
      head[name] ??= value;
      return null;
    case 'set-cookie':
      head.setCookies.push(value);
      return null;
    default:
      return null;
  }
}

function startsLikeHttp(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 5);
  return 'HTTP/'.startsWith(start);
}

function isFailure(head: Head | Failure): head is Failure {
  return 'code' in head;
}

function fail(code: FailureCode, detail: string): Failure {
  return { code, detail };
}

/** For the phone the same as no complete answer. */
function broken(detail: string): Failure {
  return fail('reset', `the answer cannot be read: ${detail}`);
}

function tooLarge(detail: string): Failure {
  return fail('answer-too-large', detail);
}

function encoded(what: string): Failure {
  return fail('answer-encoding', `${what} although identity was asked for`);
}
