/** A text of a page with values in it, made to fit: another wording, lines, and in the end a cut. */

import { escapeXml } from '../text/xml-escape.ts';
import { type Charset, encodeText } from './charset.ts';
import { breakLines, countCodePoints, countColumns, cutText } from './limits.ts';
import type { ItemRoom } from './models.ts';

/** What only the view knows; every value folded to the charset and not yet escaped. */
export interface PageValues {
  readonly service: string;
  readonly attempt: string;
  readonly attempts: string;
  readonly gone: string;
  readonly alternate: string;
  readonly alternateUrl: string;
  readonly retryUrl: string;
  readonly exitUrl: string;
  readonly signOutUrl: string;
  readonly time: string;
}
export type ValueName = keyof PageValues;

/** A text with values in it: literals[0], slots[0], literals[1], … */
export interface FilledField {
  readonly limit: number;
  /** Where a menu item is broken into lines; of other fields the limit, and one. */
  readonly room: ItemRoom;
  /** What to show where this does not fit. */
  readonly shorter: FilledField | null;
  readonly ellipsis: string;
  readonly charset: Charset;
  readonly literals: readonly string[];
  /** The literals as they are sent: XML, one character for each byte. */
  readonly written: readonly string[];
  readonly slots: readonly ValueName[];
  /** UTF-16 units of all literals. */
  readonly literalLength: number;
}

/** For a text that has none. */
export const NO_VALUES: PageValues = {
  service: '',
  attempt: '',
  attempts: '',
  gone: '',
  alternate: '',
  alternateUrl: '',
  retryUrl: '',
  exitUrl: '',
  signOutUrl: '',
  time: '',
};

/**
 * As XML, in at most `limit` code points and one character for each byte. Part by part, and what is known beforehand once: a look
 * at the bytes of the whole page would copy it.
 */
export function fillField(field: FilledField, values: PageValues, limit: number): string {
  const { slots, room } = field;
  let length = field.literalLength;
  for (const slot of slots) length += values[slot].length;
  // UTF-16 units are never fewer than code points, and columns never more than twice as many: nothing has to be counted for a
  // text this short.
  const hasColumns = room.columns < field.limit;
  if (length <= limit && (!hasColumns || 2 * length <= room.columns)) {
    let filled = field.written[0] ?? '';
    for (let index = 0; index < slots.length; index++) {
      const value = values[slots[index] as ValueName];
      filled += writeXml(value, field.charset) + (field.written[index + 1] ?? '');
    }
    return filled;
  }
  const filled = field.literals.map((literal, index) => literal + valueAt(slots[index], values)).join('');
  const isShort = countCodePoints(filled) <= limit;
  const broken = breakLines(isShort ? filled : cutText(filled, limit, field.ellipsis), room);
  // A break between wide characters is one more character: there is no space that it could take the place of.
  const isWhole = isShort && countCodePoints(broken) <= limit;
  const fits = isWhole && (!hasColumns || broken.split('\n').every((line) => countColumns(line) <= room.columns));
  if (!fits && field.shorter !== null) return fillField(field.shorter, values, limit);
  return writeXml(cutText(broken, limit, field.ellipsis), field.charset);
}

/** A text that has been folded to the charset. */
export function writeXml(text: string, charset: Charset): string {
  return encodeText(escapeXml(text), charset);
}

function valueAt(slot: ValueName | undefined, values: PageValues): string {
  return slot === undefined ? '' : values[slot];
}
