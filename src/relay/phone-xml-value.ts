/** What a value of phone XML says once references, CDATA, comments and instructions are read as XML means them. */

export interface DecodedValue {
  readonly text: string;
  /** For each unit of `text`, where it stands in the document: from `starts[i]` up to `ends[i]`. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#(\d+)|#x([\da-fA-F]+));/y;
const CDATA_OPEN = '<![CDATA[';
const CDATA_CLOSE = ']]>';

/** Whether every `&` of `xml` between `from` and `to` begins a reference that needs no declaration, to a character XML allows. */
export function referencesAreSound(xml: string, from: number, to: number): boolean {
  for (let at = xml.indexOf('&', from); at !== -1 && at < to; at = xml.indexOf('&', REFERENCE.lastIndex)) {
    if (referenceAt(xml, at) === null) return false;
  }
  return true;
}

/** Reads the value that stands between `from` and `to` of a well-formed document. */
export function decodeValue(xml: string, from: number, to: number): DecodedValue {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = '';
  const add = (units: string, start: number, end: number): void => {
    text += units;
    for (let i = 0; i < units.length; i++) {
      starts.push(start);
      ends.push(end);
    }
  };
  for (let at = from; at < to; ) {
    const unit = xml.charAt(at);
    if (unit === '&') {
      add(referenceAt(xml, at) ?? '', at, REFERENCE.lastIndex);
      at = REFERENCE.lastIndex;
    } else if (unit !== '<') {
      add(unit, at, ++at);
    } else if (xml.startsWith(CDATA_OPEN, at)) {
      const close = xml.indexOf(CDATA_CLOSE, at);
      for (at += CDATA_OPEN.length; at < close; ) add(xml.charAt(at), at, ++at);
      at += CDATA_CLOSE.length;
    } else {
      const close = xml.startsWith('<!--', at) ? '-->' : '?>';
      at = xml.indexOf(close, at + 2) + close.length;
    }
  }
  return { text, starts, ends };
}

/** The character that the reference at `at` stands for; null: not a sound reference. Leaves its end in REFERENCE.lastIndex. */
function referenceAt(xml: string, at: number): string | null {
  REFERENCE.lastIndex = at;
  if (xml.startsWith('&amp;', at)) {
    // By far the most frequent one: an eighth of the time of the expression.
    REFERENCE.lastIndex += 5;
    return '&';
  }
  const match = REFERENCE.exec(xml);
  if (match === null) return null;
  if (match[1] !== undefined) return Object.hasOwn(NAMED, match[1]) ? (NAMED[match[1]] ?? null) : null;
  const code = match[2] === undefined ? Number.parseInt(match[3] ?? '', 16) : Number(match[2]);
  return isXmlCharacter(code) ? String.fromCodePoint(code) : null;
}

/** XML 1.0 §2.2, production Char. */
function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code <= 0xd7ff || (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}
