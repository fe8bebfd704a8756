/** A compiled page and its values to XML, within 4 KiB. */

import type { CompiledPage, Piece } from './compiled-page.ts';
import { fillField, type PageValues } from './filled-field.ts';
import { LIMITS, MAX_PAGE_BYTES } from './limits.ts';
import type { PageLink } from './page-view.ts';

/** The page in at most 4 KiB: the last alternates go first, then other menu items; of a text, its end. */
export function fitPage(page: CompiledPage, values: PageValues, alternates: readonly PageLink[]): string {
  const whole = buildPage(page, values, alternates);
  if (whole.length <= MAX_PAGE_BYTES) return whole;
  if (page.text !== null) {
    const cut = (limit: number) => buildPage(page, values, alternates, limit);
    return largestThatFits(0, LIMITS.text, cut);
  }
  const menu = (shown: number) => {
    const kept = shown < 0 ? barePage(page) : page;
    return buildPage(kept, values, alternates.slice(0, Math.max(0, shown)));
  };
  return largestThatFits(-1, alternates.length, menu);
}

/** The least of a page that can be sent: without menu items, and with an empty text. */
export function barePage(page: CompiledPage): CompiledPage {
  return { ...page, items: [] };
}

/** Binary search for the largest size whose page fits; the smallest if none does, which the check at start rules out. */
function largestThatFits(smallest: number, largest: number, build: (size: number) => string): string {
  let best = build(smallest);
  let [low, high] = [smallest + 1, largest];
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const body = build(middle);
    if (body.length <= MAX_PAGE_BYTES) {
      best = body;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return best;
}

/** The page as XML, one character for each byte, its text cut to `textLimit` code points. */
export function buildPage(
  page: CompiledPage,
  values: PageValues,
  alternates: readonly PageLink[],
  textLimit: number = LIMITS.text,
): string {
  let xml = addPieces('', page.head, values);
  if (page.text !== null) xml += fillField(page.text, values, textLimit);
  for (const { each, pieces } of page.items) {
    if (!each) xml = addPieces(xml, pieces, values);
    else
      for (const { name, url } of alternates)
        xml = addPieces(xml, pieces, { ...values, alternate: name, alternateUrl: url });
  }
  return xml + page.foot;
}

function addPieces(xml: string, pieces: readonly Piece[], values: PageValues): string {
  let longer = xml;
  for (const piece of pieces) longer += typeof piece === 'string' ? piece : fillField(piece, values, piece.limit);
  return longer;
}
