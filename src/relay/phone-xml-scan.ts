/**
 * One pass over an answer of Finesse that says at once whether it is phone XML, where its URLs stand, and whether it is a
 * sign-in form. It is stricter than XML where phones are: a DOCTYPE declares nothing, version 1.0, names in ASCII. Written by
 * hand because it runs for every page of every phone: with the rewriting it takes less time than saxes needs to parse alone.
 *
 * The text may be the bytes of any ASCII-compatible charset read as latin1: only ASCII means something to the scanner. It
 * looks at the bytes and cuts nothing out but names.
 */

import { indexOrEnd, spaceEnd } from './phone-xml-text.ts';
import { decodeValue, referencesAreSound } from './phone-xml-value.ts';

/** What the page tells about who is signed in: a form that asks for an identity, any other form, or anything else. */
export type PageKind = 'sign-in' | 'input' | 'other';

/** `other-root`: HTML, JSON, text, XML of another kind. */
export type ScanFailure = 'empty' | 'other-root' | 'not-well-formed';

export interface PhoneXml {
  /** Where URL values begin and end, in the order of the document: from, to, from, to… */
  readonly urls: readonly number[];
  readonly page: PageKind;
}

/** Real phone XML nests three deep. */
const MAX_DEPTH = 32;
/** The schema knows no object with more than ten; the search for a double one is quadratic. */
const MAX_ATTRIBUTES = 32;

/** XML 1.0 §2.8 without an internal subset: nothing may declare entities. What it points to is not fetched by anybody here. */
const DOCTYPE =
  /<!DOCTYPE[ \t\r\n]+CiscoIPPhone[A-Za-z0-9._:-]*(?:[ \t\r\n]+(?:SYSTEM|PUBLIC[ \t\r\n]+(?:"[-'()+,./:=?;!*#@$_% \r\nA-Za-z0-9]*"|'[-()+,./:=?;!*#@$_% \r\nA-Za-z0-9]*'))[ \t\r\n]+(?:"[^"]*"|'[^']*'))?[ \t\r\n]*>/y;

const BANG = 0x21;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const SLASH = 0x2f;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const QUESTION = 0x3f;

/** 2: may begin a name, 1: may stand in one. */
const NAME_CLASS = new Uint8Array(256);
for (const unit of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:') NAME_CLASS[unit.charCodeAt(0)] = 2;
for (const unit of '0123456789.-') NAME_CLASS[unit.charCodeAt(0)] = 1;

/** What a byte of text means: nothing, the end of the text, a closer look (`&`, `]`), or that this is no XML (XML 1.0 §2.2). */
const ENDS = 1;
const LOOK = 2;
const FORBIDDEN = 3;
const TEXT_CLASS = new Uint8Array(256);
for (let unit = 0; unit < 0x20; unit++) TEXT_CLASS[unit] = FORBIDDEN;
for (const space of '\t\n\r') TEXT_CLASS[space.charCodeAt(0)] = 0;
for (const mark of '&]') TEXT_CLASS[mark.charCodeAt(0)] = LOOK;
TEXT_CLASS[LESS] = ENDS;

/** Where the names of the open elements begin and end. One for all scans: a scan never waits. */
const openNames = new Int32Array(2 * MAX_DEPTH);

/**
 * Scans `text` from `from`, which is behind byte order mark and XML declaration. `bytes`: its units, one byte for each; for
 * one above 255 any byte above 127.
 */
export function scanPhoneXml(text: string, bytes: Uint8Array, from: number): PhoneXml | ScanFailure {
  const first = spaceEnd(text, from);
  if (first === text.length) return 'empty';
  if (text.charAt(first) !== '<') return 'other-root';
  const scan = new Scan(text, bytes, first);
  const failure = scan.run();
  if (failure !== null) return failure;
  return { urls: scan.urls, page: scan.signIn ? 'sign-in' : scan.input ? 'input' : 'other' };
}

class Scan {
  readonly urls: number[] = [];
  input = false;
  signIn = false;
  private readonly text: string;
  private readonly bytes: Uint8Array;
  private at: number;
  private depth = 0;
  private doctypeSeen = false;
  private rootSeen = false;
  private otherRoot = false;
  /** Name and content of the innermost element while nothing but text was seen in it; -1: none that matters. */
  private leaf = -1;
  private leafName: LeafName = 'URL';
  /** The next `&` and the next `]]>`, found ahead: most pages have neither. */
  private ampersand = -1;
  private cdataClose = -1;

  constructor(text: string, bytes: Uint8Array, at: number) {
    this.text = text;
    this.bytes = bytes;
    this.at = at;
  }

  run(): ScanFailure | null {
    const { text, bytes } = this;
    const { length } = bytes;
    for (;;) {
      let open = this.at;
      let look = false;
      for (; open < length; open++) {
        const kind = TEXT_CLASS[bytes[open] as number];
        if (kind === 0) continue;
        if (kind === ENDS) break;
        if (kind === FORBIDDEN) return 'not-well-formed';
        look = true;
      }
      if (open === length) break;
      if (this.depth === 0 ? spaceEnd(text, this.at) < open : look && !this.isTextSound(this.at, open)) {
        return 'not-well-formed';
      }
      const next = bytes[open + 1];
      let sound: boolean;
      if (next === SLASH) sound = this.endTag(open);
      else if (next === BANG) sound = this.section(open);
      else if (next === QUESTION) sound = this.instruction(open);
      else sound = this.startTag(open);
      if (!sound) return this.otherRoot ? 'other-root' : 'not-well-formed';
    }
    return this.rootSeen && this.depth === 0 && spaceEnd(text, this.at) === text.length ? null : 'not-well-formed';
  }

  private isTextSound(from: number, to: number): boolean {
    if (this.cdataClose < from) this.cdataClose = indexOrEnd(this.text, ']]>', from);
    return this.cdataClose >= to && this.areReferencesSound(from, to);
  }

  /** Whether XML permits all that stands there: for what is no text between tags. */
  private isPermitted(from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (TEXT_CLASS[this.bytes[at] as number] === FORBIDDEN) return false;
    return true;
  }

  private areReferencesSound(from: number, to: number): boolean {
    if (this.ampersand < from) this.ampersand = indexOrEnd(this.text, '&', from);
    return this.ampersand >= to || referencesAreSound(this.text, this.ampersand, to);
  }

  private startTag(open: number): boolean {
    const { text, bytes } = this;
    const from = open + 1;
    const to = nameEnd(bytes, from);
    if (to === from) return false;
    if (this.depth === 0 && !this.isRoot(from, to)) return false;
    let at = to;
    if (bytes[at] !== GREATER) {
      at = this.attributes(at);
      if (at === -1) return false;
    }
    this.leaf = -1;
    if (bytes[at] === SLASH) {
      this.at = at + 2;
      return bytes[at + 1] === GREATER;
    }
    if (this.depth === MAX_DEPTH) return false;
    openNames[2 * this.depth] = from;
    openNames[2 * this.depth + 1] = to;
    this.depth++;
    this.at = at + 1;
    const name = leafNameOf(text, from, to);
    if (name !== null) {
      this.leaf = this.at;
      this.leafName = name;
    }
    return true;
  }

  private isRoot(from: number, to: number): boolean {
    if (this.rootSeen) return false;
    // A document that ends within its first name was cut off: no telling what it was.
    this.otherRoot = to < this.text.length && !this.text.startsWith('CiscoIPPhone', from);
    this.rootSeen = !this.otherRoot;
    this.input = this.text.slice(from, to) === 'CiscoIPPhoneInput';
    return this.rootSeen;
  }

  /** From behind the element's name to its `>` or `/`; -1: not well-formed. */
  private attributes(from: number): number {
    const { text, bytes } = this;
    const names: string[] = [];
    for (let at = from; ; ) {
      const nameFrom = spaceEnd(text, at);
      const next = bytes[nameFrom];
      if (next === GREATER || next === SLASH) return nameFrom;
      const nameTo = nameEnd(bytes, nameFrom);
      if (nameFrom === at || nameTo === nameFrom) return -1;
      const name = text.slice(nameFrom, nameTo);
      if (names.length === MAX_ATTRIBUTES || names.includes(name)) return -1;
      names.push(name);
      const equals = spaceEnd(text, nameTo);
      if (bytes[equals] !== EQUALS) return -1;
      const quote = spaceEnd(text, equals + 1);
      const close = this.attributeValueEnd(quote);
      if (close === -1) return -1;
      if (name === 'URL' || name.startsWith('onApp')) this.urls.push(quote + 1, close);
      at = close + 1;
    }
  }

  private attributeValueEnd(quote: number): number {
    const { text } = this;
    const mark = text.charCodeAt(quote);
    if (mark !== QUOTE && mark !== APOSTROPHE) return -1;
    const close = text.indexOf(mark === QUOTE ? '"' : "'", quote + 1);
    if (close === -1 || indexOrEnd(text, '<', quote) < close || !this.isPermitted(quote, close)) return -1;
    return this.areReferencesSound(quote, close) ? close : -1;
  }

  private endTag(open: number): boolean {
    const { text, bytes } = this;
    if (this.depth === 0) return false;
    this.depth--;
    const from = openNames[2 * this.depth] as number;
    const length = (openNames[2 * this.depth + 1] as number) - from;
    for (let i = 0; i < length; i++) {
      if (bytes[from + i] !== bytes[open + 2 + i]) return false;
    }
    let close = open + 2 + length;
    if (bytes[close] !== GREATER) close = spaceEnd(text, close);
    this.at = close + 1;
    if (this.leaf !== -1) this.endLeaf(open);
    return bytes[close] === GREATER;
  }

  private endLeaf(to: number): void {
    const from = this.leaf;
    this.leaf = -1;
    if (this.leafName === 'URL') this.urls.push(from, to);
    else if (this.input && !this.signIn) this.signIn = asksWhoIsThere(this.leafName, this.text, from, to);
  }

  /** Comment, CDATA or DOCTYPE; anything else that begins with `<!` is refused. */
  private section(open: number): boolean {
    const { text } = this;
    if (text.startsWith('<!--', open)) {
      const dashes = text.indexOf('--', open + 4);
      this.at = dashes + 3;
      return dashes !== -1 && text.charCodeAt(dashes + 2) === GREATER && this.isPermitted(open, dashes);
    }
    if (text.startsWith('<![CDATA[', open)) {
      const close = text.indexOf(']]>', open + 9);
      this.at = close + 3;
      return close !== -1 && this.depth > 0 && this.isPermitted(open, close);
    }
    DOCTYPE.lastIndex = open;
    if (!this.rootSeen && !this.doctypeSeen && DOCTYPE.test(text)) {
      this.doctypeSeen = true;
      this.at = DOCTYPE.lastIndex;
      return this.isPermitted(open, this.at);
    }
    this.otherRoot = !this.rootSeen && /^<!doctype(?!\s+CiscoIPPhone)/i.test(text.slice(open, open + 64));
    return false;
  }

  private instruction(open: number): boolean {
    const { text } = this;
    const to = nameEnd(this.bytes, open + 2);
    const close = text.indexOf('?>', to);
    const target = text.slice(open + 2, to);
    this.at = close + 2;
    if (close === -1 || target === '' || target.toLowerCase() === 'xml') return false;
    return (close === to || spaceEnd(text, to) > to) && this.isPermitted(to, close);
  }
}

type LeafName = 'URL' | 'InputFlags' | 'QueryStringParam';

/** The elements whose content matters; phones tell upper from lower case (reference/phone-xml.md §3). */
function leafNameOf(text: string, from: number, to: number): LeafName | null {
  switch (to - from) {
    case 3:
      return text.startsWith('URL', from) ? 'URL' : null;
    case 7:
      return text.startsWith('URLDown', from) ? 'URL' : null;
    case 10:
      return text.startsWith('InputFlags', from) ? 'InputFlags' : null;
    case 16:
      return text.startsWith('QueryStringParam', from) ? 'QueryStringParam' : null;
    default:
      return null;
  }
}

/** contract.md, "States of a service": a form with a parameter `id` or `password` or a masked item is a sign-in form. */
function asksWhoIsThere(name: LeafName, text: string, from: number, to: number): boolean {
  const value = decodeValue(text, from, to).text.trim();
  return name === 'InputFlags' ? value.includes('P') : value === 'id' || value === 'password';
}

function nameEnd(bytes: Uint8Array, from: number): number {
  const { length } = bytes;
  let at = from;
  if (at >= length || NAME_CLASS[bytes[at] as number] !== 2) return at;
  do at += 1;
  while (at < length && NAME_CLASS[bytes[at] as number] !== 0);
  return at;
}
