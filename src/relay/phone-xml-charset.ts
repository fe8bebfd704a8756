/**
 * The charset of an answer, as its bytes prove it. A phone believes the header, the declaration or its locale depending on
 * model, so all must say the same (reference/phone-xml.md §5); the bytes are right and the words about them are corrected.
 */

import { isAscii, isUtf8 } from 'node:buffer';
import { spaceEnd } from './phone-xml-text.ts';

/** What stands before the first element: byte order mark, white space, XML declaration. Offsets into the document's text. */
export interface Prolog {
  readonly end: number;
  /** Of the declaration, as written; null: none. */
  readonly encoding: string | null;
  readonly encodingFrom: number;
}

export interface PageCharset {
  /** For the Content-Type header. */
  readonly name: string;
  /** Whether the declaration's encoding is wrong and has to become `name`. */
  readonly redeclare: boolean;
}

export type Utf16 = 'utf-16le' | 'utf-16be';

const DECLARATION =
  /<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')([ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]*)["'])?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>/y;
const HEADER_CHARSET = /;\s*charset\s*=\s*["']?([A-Za-z][A-Za-z0-9._:-]*)/i;
/** Encodings in which bytes below 0x80 are not always ASCII characters. */
const NOT_ASCII = /^(?:utf-?7|utf-?32|ucs|iso-10646|iso-2022|hz-|ebcdic)/i;
const UTF8_MARK = '\xef\xbb\xbf';

/** Reads the prolog of a text, or of bytes read as latin1; null: a declaration that is not well-formed. */
export function parseProlog(text: string): Prolog | null {
  const at = spaceEnd(text, text.startsWith(UTF8_MARK) ? UTF8_MARK.length : text.startsWith('\ufeff') ? 1 : 0);
  const declares = text.startsWith('<?xml', at) && spaceEnd(text, at + 5) > at + 5;
  if (!declares) return { end: at, encoding: null, encodingFrom: 0 };
  DECLARATION.lastIndex = at;
  const match = DECLARATION.exec(text);
  if (match === null) return null;
  const encoding = match[2] ?? null;
  const end = DECLARATION.lastIndex;
  const encodingFrom = encoding === null ? 0 : text.indexOf(encoding, text.indexOf('encoding', at) + 'encoding'.length);
  return { end, encoding, encodingFrom };
}

/** UTF-16 shows in the first bytes: a byte order mark, or an ASCII character (XML begins with one) beside a zero. */
export function sniffUtf16(body: Uint8Array): Utf16 | null {
  const [first, second] = body;
  if ((first === 0xff && second === 0xfe) || (second === 0 && first !== 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && second !== 0)) return 'utf-16be';
  return null;
}

/**
 * The charset of a body in ASCII-compatible bytes; null: one that nobody here can read. The declaration is taken at its
 * word first, then the Content-Type header, since changing a header changes no byte; either only if the bytes can be read
 * so; an encoding unknown here is taken at its word for bytes in ASCII. Where the two disagree and the bytes are UTF-8 beyond ASCII, UTF-8 is right: no other text looks like that by chance.
 */
export function decidePageCharset(
  body: Uint8Array,
  contentType: string | undefined,
  prolog: Prolog,
): PageCharset | null {
  const declared = prolog.encoding;
  const declaredAs = declared === null ? null : encodingOf(declared);
  const ascii = isAscii(body);
  // Most pages: the header need not be looked at.
  if (ascii && declared !== null && declaredAs !== null && canAsciiBeReadAs(declaredAs)) {
    return { name: declared, redeclare: false };
  }
  const header = HEADER_CHARSET.exec(contentType ?? '')?.[1] ?? null;
  if (declared !== null && declaredAs === null) {
    return ascii && !NOT_ASCII.test(declared) ? { name: declared, redeclare: false } : null;
  }
  const headerAs = header === null ? null : encodingOf(header);
  const named = (label: string, encoding: string): PageCharset => ({
    name: label,
    redeclare: declaredAs !== null && declaredAs !== encoding,
  });
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  if (marked && !isUtf8(body)) return null;
  const candidates = [
    { label: declared, encoding: declaredAs },
    { label: header, encoding: headerAs },
  ];
  const disagree = declaredAs !== null && headerAs !== null && declaredAs !== headerAs;
  if (disagree && headerAs === 'utf-8' && !ascii && isUtf8(body)) candidates.reverse();
  for (const { label, encoding } of candidates) {
    if (label === null || encoding === null || (marked && encoding !== 'utf-8')) continue;
    if (canBeReadAs(body, encoding)) return named(label, encoding);
  }
  // Java's writers fall back to ISO-8859-1 where no charset was set.
  return isUtf8(body) ? named('utf-8', 'utf-8') : named('iso-8859-1', 'windows-1252');
}

/** The name of UTF-16 for the header: as declared where that is true, else by whether a byte order mark tells the order. */
export function utf16Charset(utf16: Utf16, marked: boolean, prolog: Prolog): PageCharset {
  const declared = prolog.encoding?.toLowerCase();
  if (prolog.encoding !== null && (declared === 'utf-16' || declared === utf16)) {
    return { name: prolog.encoding, redeclare: false };
  }
  return { name: marked ? 'utf-16' : utf16, redeclare: prolog.encoding !== null };
}

/** Whether bytes or text hold U+FFFE or U+FFFF, which no XML document may (XML 1.0 §2.2). */
export function holdsNoncharacter(text: string, charset: 'utf-8' | 'utf-16'): boolean {
  if (charset === 'utf-16') return text.includes('\ufffe') || text.includes('\uffff');
  return text.includes('\xef\xbf\xbe') || text.includes('\xef\xbf\xbf');
}

const known = new Map<string, string>();

/**
 * The WHATWG name of an encoding; null: one that is unknown, or whose bytes below 0x80 are not always ASCII. `ascii` stays
 * apart from windows-1252, with which WHATWG unites it.
 */
function encodingOf(label: string): string | null {
  const key = label.toLowerCase();
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  if (key === 'us-ascii' || key === 'ascii') return 'ascii';
  try {
    const { encoding } = new TextDecoder(key);
    if (encoding === 'iso-2022-jp' || encoding === 'x-user-defined') return null;
    known.set(key, encoding); // bounded: only the labels of the standard get here
    return encoding;
  } catch {
    return null;
  }
}

/** UTF-16 is declared by programs that write to a string first (.NET does); in the bytes it was found before (sniffUtf16). */
function canAsciiBeReadAs(encoding: string): boolean {
  return !encoding.startsWith('utf-16');
}

function canBeReadAs(body: Uint8Array, encoding: string): boolean {
  if (isAscii(body)) return canAsciiBeReadAs(encoding);
  if (encoding.startsWith('utf-16')) return false;
  if (encoding === 'utf-8') return isUtf8(body);
  if (encoding === 'ascii') return false;
  try {
    new TextDecoder(encoding, { fatal: true }).decode(body);
    return true;
  } catch {
    return false;
  }
}
