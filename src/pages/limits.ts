/** What a phone page may hold (reference/phone-xml.md §1.1), and how a text is made to fit. */

/** Lengths in code points. */
export const LIMITS = {
  title: 32,
  prompt: 32,
  softKeyName: 32,
  itemName: 64,
  text: 4000,
  url: 256,
} as const;

/** Menu items a template may list itself; together with the alternates far below the 100 that a menu can have. */
export const MAX_FIXED_ITEMS = 16;
/** More alternates than this are not shown: a cluster has two servers, and nobody reads on. */
export const MAX_ALTERNATES = 16;
/** Soft keys that are seen without a More key (reference/phone-xml.md §2). */
export const MAX_SOFT_KEYS = 4;
/** Bytes of a whole page. Phones are known to take 8 KiB (reference/phone-xml.md §1.1); this is half of it. */
export const MAX_PAGE_BYTES = 4096;

/** The kinds of text on a page that have a limit. */
export type FieldKind = Exclude<keyof typeof LIMITS, 'url'>;

const PRINTABLE_ASCII = /^[ -~]*$/;
// Bidirectional overrides and isolates reach beyond the name they stand in when it is cut; U+FFFE and U+FFFF are not XML.
const NEVER_SHOWN = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu;

/** A name fit for one line: no control characters, no line breaks, no lone surrogates. */
export function cleanLine(name: string): string {
  if (PRINTABLE_ASCII.test(name)) return name;
  // White space goes first: most of it is control characters too, and words must stay apart.
  const spaced = name.toWellFormed().replace(/[\s\u0085]+/gu, ' ');
  return spaced.replace(NEVER_SHOWN, '').trim();
}

/** The same for a text of several lines: line breaks stay, indentation goes. */
export function cleanLines(text: string): string {
  return text
    .split('\n')
    .map((line) => cleanLine(line).trim())
    .join('\n')
    .trim();
}

export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Making one is slow. */
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * The text in at most `limit` code points. What is cut ends in `ellipsis`. No character that a reader sees as one is cut in two,
 * be it a surrogate pair, a letter with its marks, a syllable of jamo or several emoji joined: it is left out as a whole, and of
 * one that is longer than the limit nothing is left but the ellipsis.
 */
export function cutText(text: string, limit: number, ellipsis: string): string {
  if (text.length <= limit || countCodePoints(text) <= limit) return text;
  const room = limit - ellipsis.length;
  return room <= 0 ? ellipsis.slice(0, limit) : `${keepStart(text, room).trimEnd()}${ellipsis}`;
}

function keepStart(text: string, room: number): string {
  // Below U+0300 nothing combines: no need for the segmenter, which is slow.
  const start = text.slice(0, room + 1);
  if (!/[\u0300-\uffff]/.test(start)) return start.slice(0, room);
  const codePoints = [...text.slice(0, 2 * (room + 1))].slice(0, room + 1);
  let kept = '';
  let count = 0;
  // The code point after the room is looked at as well: it may belong to the last grapheme, which then has to go.
  for (const { segment } of GRAPHEMES.segment(codePoints.join(''))) {
    count += countCodePoints(segment);
    if (count > room) break;
    kept += segment;
  }
  return kept;
}

/** Latin, Greek and Cyrillic: a column for each character. */
const NARROW = /^[\0-\u02ff\u0370-\u0482\u048a-\u058f\u2010-\u2027]*$/;
/** Takes no column of its own. */
const ATTACHED = /[\p{M}\u200d]/u;
/** What takes two columns of a line: East Asian wide characters, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** What no line of Chinese or Japanese begins with: closing marks, small kana, the mark of a long vowel. */
const NEVER_FIRST = /^[\p{Pe}\p{Pf}、。，．・：；？！…ー～々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ]/u;
/** What no line of them ends with: opening marks. */
const NEVER_LAST = /[\p{Ps}\p{Pi}]$/u;

/** Columns of a line that a text takes: a wide character has two. */
export function countColumns(text: string): number {
  if (NARROW.test(text)) return text.length;
  let columns = 0;
  // Joined emoji count as if they were not: better a line too many than one that is cut.
  for (const character of text) columns += WIDE.test(character) ? 2 : ATTACHED.test(character) ? 0 : 1;
  return columns;
}

/**
 * A text of one line in lines of at most `columns` columns, broken at spaces and between wide characters; any other word stays
 * whole, though it is longer. What is left when there are no more `lines` stays in the last one.
 */
export function breakLines(text: string, { columns, lines }: { columns: number; lines: number }): string {
  if (lines === 1) return text;
  const broken = [''];
  for (const { piece, space } of breakable(text)) {
    const line = broken.at(-1) ?? '';
    const longer = `${line}${line === '' ? '' : space}${piece}`;
    if (line === '' || broken.length >= lines || countColumns(longer) <= columns) broken[broken.length - 1] = longer;
    else broken.push(piece);
  }
  return broken.join('\n');
}

interface Piece {
  readonly piece: string;
  /** What stands before it within a line. */
  readonly space: '' | ' ';
}

function breakable(text: string): readonly Piece[] {
  return text.split(' ').flatMap((word): readonly Piece[] => {
    if (!WIDE.test(word)) return [{ piece: word, space: ' ' }];
    const pieces: string[] = [];
    for (const { segment } of GRAPHEMES.segment(word)) {
      const last = pieces.at(-1);
      const isPlace = last !== undefined && (WIDE.test(last.slice(-2)) || WIDE.test(segment));
      if (last === undefined || (isPlace && !NEVER_FIRST.test(segment) && !NEVER_LAST.test(last))) pieces.push(segment);
      else pieces[pieces.length - 1] = last + segment;
    }
    return pieces.map((piece, index) => ({ piece, space: index === 0 ? ' ' : '' }));
  });
}

/** Whether a URL can stand on a page: cutting would make it another URL, so a longer one is left out with what it is for. */
export function isPageUrl(url: string): boolean {
  return url.length <= LIMITS.url && /^[!-~]+$/.test(url);
}
