/**
 * Reads one answer of a server from the bytes of a connection (RFC 9112). Strict where two programs could read differently:
 * lines end in CRLF, nothing is folded, one length. What it does not know how to read breaks the connection.
 *
 * Written by hand because it runs for every answer: with the connections in upstream.ts it takes a fifth off the CPU time of
 * a relayed page (docs/performance.md).
 */

import { trimBlanks } from '../../text/blanks.ts';
import type { ExchangeFault, ExchangeFaultCode } from './exchange-fault.ts';

/** The headers of an answer that are passed on or acted upon; bytes above 127 as Latin-1, as received. */
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

/** `more`: bytes are missing. A fault: the connection can carry nothing any more. */
export type Progress = 'more' | 'done' | ExchangeFault;

type Head = { -readonly [Name in keyof AnswerHeaders]: AnswerHeaders[Name] } & {
  status: number;
  contentLength: number | null;
  chunked: boolean;
  /** `close` wins over any `keep-alive`, however they are spread over headers (RFC 9112 §9.3). */
  connection: 'close' | 'keep-alive' | null;
  /** Seconds of `Keep-Alive: timeout=`. */
  idleSeconds: number | null;
  setCookies: string[];
};

const HEAD_END = '\r\n\r\n';
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t -~\x80-\xff]*)?(?=\r\n|$)/;
const HEADER_LINES = /(?:\r\n[!#$%&'*+.^_`|~\w-]+:[\t -~\x80-\xff]*)*$/y;
/** Without blanks behind the size, which Node's parser refuses too; extensions as RFC 9112 §7.1.1 has them, without blanks. */
const CHUNK_LINE = /^([\da-f]{1,8})(?:;[!#$%&'*+.^_`|~\w-]+(?:=(?:[!#$%&'*+.^_`|~\w-]+|"[\t !#-[\]-~]*"))?)*$/i;
const FRAMING = /\r\n(?:content-length|transfer-encoding):/i;
/** Longest line before a chunk: its size and extensions that nobody uses. */
const CHUNK_LINE_BYTES = 1024;
const EMPTY = Buffer.alloc(0);

/** One answer; a new parser for each. */
export class AnswerParser {
  readonly #limits: AnswerLimits;
  #head: Head | null = null;
  #headText = '';
  /** Received and not yet understood, from `#at` on. */
  #rest: Buffer = EMPTY;
  #at = 0;
  /** The body so far is its first `#size` bytes: one Buffer, however many chunks it comes in. */
  #body: Buffer = EMPTY;
  #size = 0;
  /** Of the chunk that is being read, with the line end behind it; null: the line with the next size comes. */
  #chunkLeft: number | null = null;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
  }

  /** Once a `Progress` of `done` has been returned. */
  get status(): number {
    return this.#head?.status ?? 0;
  }

  /** Status line and headers as they came. */
  get headText(): string {
    return this.#headText;
  }

  get headers(): AnswerHeaders {
    const { contentType, refresh, expires, location, setCookies } = this.#head as Head;
    return { contentType, refresh, expires, location, setCookies };
  }

  get body(): Buffer {
    return this.#body.length === this.#size ? this.#body : this.#body.subarray(0, this.#size);
  }

  /** Whether another request may follow on the connection: nothing came behind the answer. */
  get keepsConnection(): boolean {
    return this.#head?.connection === 'keep-alive' && this.#at === this.#rest.length;
  }

  get idleSeconds(): number | null {
    return this.#head?.idleSeconds ?? null;
  }

  /** The next bytes, which are lent: what is needed later is copied. */
  push(lent: Buffer): Progress {
    this.#rest = this.#at === this.#rest.length ? lent : Buffer.concat([this.#rest.subarray(this.#at), lent]);
    this.#at = 0;
    const progress = this.#read();
    if (progress === 'more' && this.#rest.buffer === lent.buffer) {
      this.#rest = this.#at === this.#rest.length ? EMPTY : Buffer.from(this.#rest.subarray(this.#at));
      this.#at = 0;
    }
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
    const end = this.#rest.indexOf(HEAD_END, this.#at, 'latin1');
    const length = (end === -1 ? this.#rest.length : end) - this.#at;
    if (length > this.#limits.headerBytes) {
      return { code: 'answer-too-large', detail: `more than ${this.#limits.headerBytes} bytes of headers` };
    }
    // "SSH-2.0-…" and the like would be waited for in vain.
    if (end === -1) return startsLikeHttp(this.#rest, this.#at) ? 'more' : broken('no HTTP');
    this.#headText = this.#rest.toString('latin1', this.#at, end);
    const head = parseHead(this.#headText);
    this.#at = end + HEAD_END.length;
    if (isFault(head)) return head;
    // 103 Early Hints and their like: the answer is yet to come.
    if (head.status >= 200) this.#head = head;
    else if (head.status === 101) return broken('a change of protocol');
    const announced = head.contentLength ?? 0;
    if (announced > this.#limits.bodyBytes) return tooLarge(`${announced} bytes announced`);
    return 'done';
  }

  #readBody(head: Head): Progress {
    if (head.chunked) return this.#readChunks();
    const there = this.#rest.length - this.#at;
    const { contentLength } = head;
    if (!this.#take(contentLength === null ? there : Math.min(contentLength - this.#size, there), contentLength)) {
      return tooLarge(`more than ${this.#limits.bodyBytes} bytes`);
    }
    return contentLength === this.#size ? 'done' : 'more';
  }

  /** Adds the next bytes to the body, whose `length` may be known; false: it is too large. */
  #take(bytes: number, length: number | null = null): boolean {
    const size = this.#size + bytes;
    if (size > this.#limits.bodyBytes) return false;
    if (size > this.#body.length) {
      const larger = Buffer.allocUnsafe(length ?? Math.max(size, 2 * this.#body.length));
      this.#body.copy(larger, 0, 0, this.#size);
      this.#body = larger;
    }
    this.#rest.copy(this.#body, this.#size, this.#at, this.#at + bytes);
    this.#at += bytes;
    this.#size = size;
    return true;
  }

  #readChunks(): Progress {
    for (;;) {
      if (this.#chunkLeft === null) {
        const line = this.#rest.indexOf('\r\n', this.#at, 'latin1');
        const end = line === -1 ? this.#rest.length : line;
        if (end - this.#at > CHUNK_LINE_BYTES) return broken('no chunk size');
        if (line === -1) return 'more';
        const size = CHUNK_LINE.exec(this.#rest.toString('latin1', this.#at, line))?.[1];
        if (size === undefined) return broken('no chunk size');
        const length = Number.parseInt(size, 16);
        if (length === 0) return this.#readTrailers(line);
        if (this.#size + length > this.#limits.bodyBytes) return tooLarge(`more than ${this.#limits.bodyBytes} bytes`);
        this.#at = line + 2;
        this.#chunkLeft = length + 2;
      }
      const there = Math.min(this.#chunkLeft - 2, this.#rest.length - this.#at);
      if (there > 0) {
        this.#take(there);
        this.#chunkLeft -= there;
      }
      if (this.#rest.length - this.#at < this.#chunkLeft) return 'more';
      if (this.#rest[this.#at] !== 0x0d || this.#rest[this.#at + 1] !== 0x0a) return broken('a chunk without an end');
      this.#at += 2;
      this.#chunkLeft = null;
    }
  }

  /** They end with an empty line, which without trailers follows at once; nobody reads them. */
  #readTrailers(line: number): Progress {
    const end = this.#rest.indexOf(HEAD_END, line, 'latin1');
    if (end === -1) {
      return this.#rest.length - line > this.#limits.headerBytes ? broken('trailers without an end') : 'more';
    }
    const trailers = this.#rest.toString('latin1', line, end);
    HEADER_LINES.lastIndex = 0;
    if (!HEADER_LINES.test(trailers) || FRAMING.test(trailers)) return broken('a malformed trailer');
    this.#at = end + HEAD_END.length;
    return 'done';
  }
}

function parseHead(text: string): Head | ExchangeFault {
  const line = STATUS_LINE.exec(text);
  if (line === null) return broken('no HTTP');
  HEADER_LINES.lastIndex = line[0].length;
  if (!HEADER_LINES.test(text)) return broken('a malformed header');
  const http10 = line[1] === '0';
  const head: Head = {
    status: Number(line[2]),
    contentLength: null,
    chunked: false,
    connection: null,
    idleSeconds: null,
    contentType: null,
    refresh: null,
    expires: null,
    location: null,
    setCookies: [],
  };
  for (let at = line[0].length + 2; at < text.length; ) {
    const colon = text.indexOf(':', at);
    const found = text.indexOf('\r\n', colon);
    const end = found === -1 ? text.length : found;
    // No name that matters is shorter.
    if (colon - at >= 'refresh'.length) {
      const fault = readHeader(head, text.slice(at, colon).toLowerCase(), trimBlanks(text, colon + 1, end));
      if (fault !== null) return fault;
    }
    at = end + 2;
  }
  // RFC 9112 §6.1: both, or chunks in HTTP/1.0, is an attempt at smuggling or a broken server.
  if (head.chunked && (http10 || head.contentLength !== null)) return broken('two lengths');
  if (head.status < 200 || head.status === 204 || head.status === 304) {
    head.contentLength = 0;
    head.chunked = false;
  } else if (head.contentLength === null && !head.chunked) head.connection = 'close';
  head.connection ??= http10 ? 'close' : 'keep-alive';
  return head;
}

/** Of a repeated header the first counts. */
function readHeader(head: Head, name: string, value: string): ExchangeFault | null {
  switch (name) {
    case 'content-type':
      head.contentType ??= value;
      return null;
    case 'content-length':
      if (!/^\d{1,15}$/.test(value)) return broken('a length that is no number');
      if (head.contentLength !== null) return broken('two lengths');
      head.contentLength = Number(value);
      return null;
    case 'transfer-encoding':
      if (head.chunked || value.toLowerCase() !== 'chunked') return encoded('a Transfer-Encoding other than chunked');
      head.chunked = true;
      return null;
    case 'content-encoding':
      return value === '' || value.toLowerCase() === 'identity' ? null : encoded('a Content-Encoding');
    case 'connection':
      if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)) head.connection = 'close';
      else if (/(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i.test(value)) head.connection ??= 'keep-alive';
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

function startsLikeHttp(bytes: Buffer, at: number): boolean {
  const start = bytes.toString('latin1', at, at + 5);
  return 'HTTP/'.startsWith(start);
}

function isFault(head: Head | ExchangeFault): head is ExchangeFault {
  return 'code' in head;
}

function fail(code: ExchangeFaultCode, detail: string): ExchangeFault {
  return { code, detail };
}

/** The same as no complete answer. */
function broken(detail: string): ExchangeFault {
  return fail('reset', `the answer cannot be read: ${detail}`);
}

function tooLarge(detail: string): ExchangeFault {
  return fail('answer-too-large', detail);
}

function encoded(what: string): ExchangeFault {
  return fail('answer-encoding', `${what} although identity was asked for`);
}
