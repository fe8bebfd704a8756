/** The charsets a page of the proxy's own can be sent in, and how its characters get there. */

import anyAscii from 'any-ascii';
import { parsePreferences } from '../text/accept.ts';

export type Charset = 'utf-8' | 'iso-8859-1' | 'us-ascii';

/**
 * Names that phones use for them (reference/phone-xml.md §4), and common aliases. No plain object: asked for `__proto__` or
 * `constructor`, as a header may, that would have an answer too.
 */
const CHARSETS: ReadonlyMap<string, Charset> = new Map([
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['iso-8859-1', 'iso-8859-1'],
  ['iso8859-1', 'iso-8859-1'],
  ['latin1', 'iso-8859-1'],
  ['us-ascii', 'us-ascii'],
  ['ascii', 'us-ascii'],
]);

const LACKING: Readonly<Record<Exclude<Charset, 'utf-8'>, RegExp>> = {
  'iso-8859-1': /[\u{100}-\u{10ffff}]/gu,
  'us-ascii': /\P{ASCII}/gu,
};

/** Ends a text that was cut. */
export const ELLIPSIS: Readonly<Record<Charset, string>> = { 'utf-8': '…', 'iso-8859-1': '...', 'us-ascii': '...' };

export interface CharsetChoice {
  /** The one the phone likes best among those known here. */
  readonly charset: Charset;
  /** Whether a page with characters that `charset` lacks may be sent as UTF-8 instead. */
  readonly acceptsUtf8: boolean;
}

/** What a phone's Accept-Charset asks for. Without the header, or without a charset known here in it: UTF-8. */
export function selectCharset(header: string | undefined): CharsetChoice {
  const weights = new Map<Charset, number>();
  for (const { name, weight } of parsePreferences(header)) {
    const meant = name === '*' ? [...CHARSETS.values()] : [CHARSETS.get(name)];
    for (const charset of meant) if (charset !== undefined && !weights.has(charset)) weights.set(charset, weight);
  }
  const accepted = [...weights].filter(([, weight]) => weight > 0).map(([charset]) => charset);
  return { charset: accepted[0] ?? 'utf-8', acceptsUtf8: accepted.length === 0 || accepted.includes('utf-8') };
}

/**
 * The text with what the charset lacks spelt in ASCII, character by character: `Łódź` in ISO-8859-1 is `Lódz`. Where nothing is
 * known to spell a character by, it is one `?`; emoji are left out, for their names would take the place of the words. Longer than the text, perhaps: what has a limit is measured after this.
 */
export function foldText(text: string, charset: Charset): string {
  if (charset === 'utf-8') return text;
  // A single look at almost every text. The pattern is global, so that its own test() would remember where it was.
  if (text.search(LACKING[charset]) === -1) return text;
  // A letter with its mark is one character in ISO-8859-1 where it is one in Unicode.
  return text.normalize('NFC').replace(LACKING[charset], spell);
}

/**
 * Marks, joiners, marks of length and tones of skin that have no spelling of their own only change what stands before them.
 */
const ATTACHED = /^[\p{M}\p{Lm}\p{Cf}\p{Emoji_Modifier}]$/u;

/** What stands for an emoji in the table of spellings is its name: `:woman:`. */
const EMOJI_NAME = /^:.+:$/;

function spell(character: string): string {
  const spelt = anyAscii(character);
  if (spelt !== '') return EMOJI_NAME.test(spelt) ? '' : spelt;
  return ATTACHED.test(character) ? '' : '?';
}

/**
 * Whether a reader of this text can read it as `foldText` spells it. An alphabet can be spelt letter by letter, as Cyrillic is; of
 * Chinese, Japanese, Korean and other scripts, which have no small and capital letters, only sounds would be left, if those.
 */
export function isReadable(text: string, charset: Charset): boolean {
  if (charset === 'utf-8') return true;
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const unspellable = text.match(/[\p{Lo}--\p{Script=Latin}]/gv)?.length ?? 0;
  return 2 * unspellable <= letters;
}

/** The bytes of a text that has been folded to the charset, as one character for each: so they are written at once. */
export function encodeText(text: string, charset: Charset): string {
  const same = charset !== 'utf-8' || Buffer.byteLength(text) === text.length;
  return same ? text : Buffer.from(text).toString('latin1');
}
