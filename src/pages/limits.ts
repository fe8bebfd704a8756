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

/**
 * The text in at most `limit` code points. What is cut ends in `ellipsis`; no surrogate pair and, unless it alone is longer
 * than the limit, no combining sequence is cut in two.
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
  // The code point after the room is looked at as well: it may belong to the last sequence, which then has to go.
  for (const { segment } of new Intl.Segmenter().segment(codePoints.join(''))) {
    count += countCodePoints(segment);
    if (count > room) break;
    kept += segment;
  }
  return kept === '' ? codePoints.slice(0, room).join('') : kept;
}

/**
 * A text of one line in lines of at most `columns` characters, broken at spaces; a longer word stays whole. What is left
 * when there are no more `lines` stays in the last one.
 */
export function breakLines(text: string, { columns, lines }: { columns: number; lines: number }): string {
  if (lines === 1) return text;
  const broken = [''];
  for (const word of text.split(' ')) {
    const line = broken.at(-1) ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (line === '' || broken.length >= lines || countCodePoints(longer) <= columns) broken[broken.length - 1] = longer;
    else broken.push(word);
  }
  return broken.join('\n');
}

/** Whether a URL can stand on a page: cutting would make it another URL, so a longer one is left out with what it is for. */
export function isPageUrl(url: string): boolean {
  return url.length <= LIMITS.url && /^[!-~]+$/.test(url);
}
