/**
 * One pass over an answer of Finesse that says at once whether it is phone XML, where its URLs stand, and whether it is a
 * sign-in form. It is stricter than XML where phones are: a DOCTYPE declares nothing, version 1.0, names in ASCII. Written by hand because it
 * runs for every page of every phone: with the rewriting it takes 0.6 of the time that saxes needs to parse alone.
 *
 * The text may be the bytes of any ASCII-compatible charset read as latin1: only ASCII means something to the scanner.
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
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 §2.2 forbids.
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f]/;

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
const NAME_CLASS = new Uint8Array(128);
for (const unit of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:') NAME_CLASS[unit.charCodeAt(0)] = 2;
for (const unit of '0123456789.-') NAME_CLASS[unit.charCodeAt(0)] = 1;

/** Where the names of the open elements begin and end. One for all scans: a scan never waits. */
const openNames = new Int32Array(2 * MAX_DEPTH);

/** Scans `text` from `from`, which is behind byte order mark and XML declaration. */
export function scanPhoneXml(text: string, from: number): PhoneXml | ScanFailure {
  const first = spaceEnd(text, from);
  if (first === text.length) return 'empty';
  if (text.charAt(first) !== '<') return 'other-root';
  const scan = new Scan(text, first);
  const failure = scan.run();
  if (failure !== null) return failure;
  if (FORBIDDEN.test(text)) return 'not-well-formed';
  return { urls: scan.urls, page: scan.signIn ? 'sign-in' : scan.input ? 'input' : 'other' };
}

class Scan {
  readonly urls: number[] = [];
  input = false;
  signIn = false;
  private readonly text: string;
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

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  run(): ScanFailure | null {
    const { text } = this;
    for (;;) {
      let open = this.at;
      if (text.charCodeAt(open) !== LESS) {
        open = text.indexOf('<', open);
        if (open === -1) break;
        if (!this.isTextSound(this.at, open)) return 'not-well-formed';
      }
      const next = text.charCodeAt(open + 1);
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
    if (this.depth === 0) return spaceEnd(this.text, from) >= to;
    if (this.cdataClose < from) this.cdataClose = indexOrEnd(this.text, ']]>', from);
    return this.cdataClose >= to && this.areReferencesSound(from, to);
  }

  private areReferencesSound(from: number, to: number): boolean {
    if (this.ampersand < from) this.ampersand = indexOrEnd(this.text, '&', from);
    return this.ampersand >= to || referencesAreSound(this.text, this.ampersand, to);
  }

  private startTag(open: number): boolean {
    const { text } = this;
    const from = open + 1;
    const to = nameEnd(text, from);
    if (to === from) return false;
    if (this.depth === 0 && !this.isRoot(from, to)) return false;
    let at = to;
    if (text.charCodeAt(at) !== GREATER) {
      at = this.attributes(at);
      if (at === -1) return false;
    }
    this.leaf = -1;
    if (text.charCodeAt(at) === SLASH) {
      this.at = at + 2;
      return text.charCodeAt(at + 1) === GREATER;
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
    const { text } = this;
    const names: string[] = [];
    for (let at = from; ; ) {
      const nameFrom = spaceEnd(text, at);
      const next = text.charCodeAt(nameFrom);
      if (next === GREATER || next === SLASH) return nameFrom;
      const nameTo = nameEnd(text, nameFrom);
      if (nameFrom === at || nameTo === nameFrom) return -1;
      const name = text.slice(nameFrom, nameTo);
      if (names.length === MAX_ATTRIBUTES || names.includes(name)) return -1;
      names.push(name);
      const equals = spaceEnd(text, nameTo);
      if (text.charCodeAt(equals) !== EQUALS) return -1;
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
    if (close === -1 || indexOrEnd(text, '<', quote) < close) return -1;
    return this.areReferencesSound(quote, close) ? close : -1;
  }

  private endTag(open: number): boolean {
    const { text } = this;
    if (this.depth === 0) return false;
    this.depth--;
    const from = openNames[2 * this.depth] as number;
    const length = (openNames[2 * this.depth + 1] as number) - from;
    for (let i = 0; i < length; i++) {
      if (text.charCodeAt(from + i) !== text.charCodeAt(open + 2 + i)) return false;
    }
    let close = open + 2 + length;
    if (text.charCodeAt(close) !== GREATER) close = spaceEnd(text, close);
    this.at = close + 1;
    if (this.leaf !== -1) this.endLeaf(open);
    return text.charCodeAt(close) === GREATER;
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
      return dashes !== -1 && text.charCodeAt(dashes + 2) === GREATER;
    }
    if (text.startsWith('<![CDATA[', open)) {
      const close = text.indexOf(']]>', open + 9);
      this.at = close + 3;
      return close !== -1 && this.depth > 0;
    }
    DOCTYPE.lastIndex = open;
    if (!this.rootSeen && !this.doctypeSeen && DOCTYPE.test(text)) {
      this.doctypeSeen = true;
      this.at = DOCTYPE.lastIndex;
      return true;
    }
    this.otherRoot = !this.rootSeen && /^<!doctype(?!\s+CiscoIPPhone)/i.test(text.slice(open, open + 64));
    return false;
  }

  private instruction(open: number): boolean {
    const { text } = this;
    const to = nameEnd(text, open + 2);
    const close = text.indexOf('?>', to);
    const target = text.slice(open + 2, to);
    this.at = close + 2;
    if (close === -1 || target === '' || target.toLowerCase() === 'xml') return false;
    return close === to || spaceEnd(text, to) > to;
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

function nameEnd(text: string, from: number): number {
  let at = from;
  let unit = text.charCodeAt(at);
  if (!(unit < 128) || NAME_CLASS[unit] !== 2) return at;
  do unit = text.charCodeAt(++at);
  while (unit < 128 && NAME_CLASS[unit] !== 0);
  return at;
}
