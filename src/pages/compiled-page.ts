/**
 * A template variant made ready for one kind of phone: everything known beforehand is written already, as XML and as bytes. An outage makes
 * thousands of pages a second, and each is then a few string additions.
 */

import { type Charset, ELLIPSIS, foldText } from './charset.ts';
import { type FilledField, fillField, NO_VALUES, type ValueName, writeXml } from './filled-field.ts';
import { LIMITS } from './limits.ts';
import { FAMILIES, type KeyName, type ModelFamily } from './models.ts';
import type { Condition, Field, Language, MenuItem, Part, Said, SoftKey, Variant } from './template.ts';
import { isSaid, saidKey, selectByCondition, UNNAMED_SERVICE } from './template.ts';

/** Closes the Services application (reference/phone-xml.md §2). */
export const CLOSE_SERVICES = 'Init:Services';

/** A string is as it is sent: one character for each byte. */
export type Piece = string | FilledField;

export interface CompiledPage {
  /** Everything before the items or the text. */
  readonly head: readonly Piece[];
  readonly text: FilledField | null;
  readonly items: readonly { readonly each: boolean; readonly pieces: readonly Piece[] }[];
  readonly foot: string;
  /** Stands for a service or an alternate whose name has nothing to show. */
  readonly unnamed: string;
  /** Whether the charset lacks a character of the page's own words. */
  readonly lossy: boolean;
}

/** What decides how a variant is compiled. */
export interface CompiledFor extends Said {
  readonly family: ModelFamily;
  readonly charset: Charset;
  readonly holding: readonly Condition[];
  readonly hasRetry: boolean;
  /** Whether the proxy's own Exit action is known. */
  readonly hasExit: boolean;
}

interface Context {
  readonly language: Language;
  readonly kind: CompiledFor;
  lossy: boolean;
}

export function compilePage(variant: Variant, language: Language, kind: CompiledFor): CompiledPage {
  const context: Context = { language, kind, lossy: false };
  const isMenu = 'items' in variant.content;
  const name = isMenu ? 'CiscoIPPhoneMenu' : 'CiscoIPPhoneText';
  const head: Piece[] = [`<?xml version="1.0" encoding="${kind.charset}"?>\n<${name}>`];
  // Children in the order of Cisco's schema, the one order that every phone accepts (reference/phone-xml.md §1.2).
  const title = selectByCondition(variant.titles, kind.holding);
  const prompt = selectByCondition(variant.prompts, kind.holding);
  if (title !== undefined) head.push('<Title>', compileField(title, context), '</Title>');
  if (prompt !== undefined) head.push('<Prompt>', compileField(prompt, context), '</Prompt>');
  head.push(...compileSoftKeys(variant.softKeys, isMenu, context));
  const { content } = variant;
  const words = 'texts' in content ? selectByCondition(content.texts, kind.holding) : undefined;
  const text = words === undefined ? null : fillable(words, context);
  if (text !== null) head.push('<Text>');
  const items = 'items' in content ? shownItems(content.items, kind).flatMap((item) => compileItem(item, context)) : [];
  const unnamed = foldText(plainText(UNNAMED_SERVICE, language), kind.charset);
  const foot = `${text === null ? '' : '</Text>'}</${name}>\n`;
  return { head: joinLiterals(head), text, items, foot, unnamed, lossy: context.lossy };
}

function compileSoftKeys(softKeys: readonly SoftKey[], isMenu: boolean, context: Context): readonly Piece[] {
  const { hasRetry, hasExit, family, charset } = context.kind;
  const { menuKeys, textKeys, softKeyUris } = FAMILIES[family];
  const positions = isMenu ? menuKeys : textKeys;
  const urls: Readonly<Record<KeyName, Piece | null>> = {
    select: isMenu && softKeyUris ? 'SoftKey:Select' : null,
    retry: hasRetry ? urlField('retryUrl', charset) : null,
    exit: softKeyUris ? 'SoftKey:Exit' : hasExit ? urlField('exitUrl', charset) : hasRetry ? null : CLOSE_SERVICES,
  };
  const placed = softKeys.flatMap(({ name, ...softKey }) => {
    if (softKey.key === null)
      return [{ name, position: softKey.position, url: writeXml(softKey.url, charset) as Piece }];
    const [position, url] = [positions[softKey.key], urls[softKey.key]];
    return position === undefined || url === null ? [] : [{ name, position, url }];
  });
  return placed
    .toSorted((one, other) => one.position - other.position)
    .flatMap(({ name, position, url }) => [
      '<SoftKeyItem><Name>',
      compileField(name, context),
      `</Name><Position>${position}</Position><URL>`,
      url,
      '</URL></SoftKeyItem>',
    ]);
}

/** Of those that are repeated for each alternate, one. */
function shownItems(items: readonly MenuItem[], { holding }: CompiledFor): readonly MenuItem[] {
  const holds = items.filter(({ when }) => when.every((condition) => holding.includes(condition)));
  const repeated = holds.find(({ each }) => each);
  return holds.filter((item) => !item.each || item === repeated);
}

function compileItem(item: MenuItem, context: Context): CompiledPage['items'] {
  const { url } = item;
  const words = selectByCondition(item.names, context.kind.holding);
  if (words === undefined) return [];
  if ('slot' in url && url.slot === 'retryUrl' && !context.kind.hasRetry) return [];
  const { charset } = context.kind;
  const urlPiece = 'slot' in url ? urlField(url.slot, charset) : writeXml(url.literal, charset);
  const name = compileField(words, context);
  const pieces = joinLiterals(['<MenuItem><Name>', name, '</Name><URL>', urlPiece, '</URL></MenuItem>']);
  return [{ each: item.each, pieces }];
}

function compileField(field: Field, context: Context): Piece {
  const filled = fillable(field, context);
  return hasValues(filled) ? filled : fillField(filled, NO_VALUES, filled.limit);
}

function hasValues({ slots, shorter }: FilledField): boolean {
  return slots.length > 0 || (shorter !== null && hasValues(shorter));
}

function fillable(field: Field, context: Context, wording = 0): FilledField {
  const { family, charset } = context.kind;
  const limit = LIMITS[field.kind];
  const literals = [''];
  const slots: ValueName[] = [];
  for (const part of expandParts(field, context.language, context.kind, wording)) {
    if (typeof part === 'string') {
      const written = field.kind === 'text' ? part : part.replaceAll('\n', ' ');
      // A full stop of Chinese and Japanese is as wide as a character and brings its space along.
      const line = literals.at(-1)?.endsWith('。') ? written.replace(/^ +/, '') : written;
      const folded = foldText(line, charset);
      if (folded !== line) context.lossy = true;
      literals[literals.length - 1] += folded;
    } else {
      slots.push(part.slot);
      literals.push('');
    }
  }
  const hasShorter = wording + 1 < countWordings(field, context.language, context.kind);
  return {
    limit,
    room: field.kind === 'itemName' ? FAMILIES[family].item : { columns: limit, lines: 1 },
    shorter: hasShorter ? fillable(field, context, wording + 1) : null,
    ellipsis: ELLIPSIS[charset],
    charset,
    literals,
    written: literals.map((literal) => writeXml(literal, charset)),
    slots,
    literalLength: literals.join('').length,
  };
}

type ValuePart = string | { readonly slot: Exclude<ValueName, 'alternateUrl' | 'retryUrl' | 'exitUrl'> };

/** The parts of a field with its texts, the message and the cause put in; a missing text is empty. */
export function expandParts(field: Field, language: Language, said: Said, wording: number): readonly ValuePart[] {
  const expand = (part: Part): readonly ValuePart[] => {
    if (typeof part === 'string') return [part];
    if ('text' in part) {
      const wordings = language.texts.get(part.text)?.wordings ?? [];
      return wordings[Math.min(wording, wordings.length - 1)]?.flatMap(expand) ?? [];
    }
    const { slot } = part;
    if (isSaid(slot)) return expand({ text: saidKey(slot, said, field.kind) });
    // placeHelp has put it in before.
    return slot === 'help' ? [] : [{ slot }];
  };
  return field.parts.flatMap(expand);
}

/** How many wordings a field has: those of the text in it that has most. */
export function countWordings({ kind, parts }: Field, { texts }: Language, said: Said): number {
  const counts = parts.map((part) => {
    if (typeof part === 'string') return 1;
    const key = 'text' in part ? part.text : isSaid(part.slot) ? saidKey(part.slot, said, kind) : '';
    return texts.get(key)?.wordings.length ?? 1;
  });
  return Math.max(1, ...counts);
}

function plainText(key: string, language: Language): string {
  return (language.texts.get(key)?.wordings[0] ?? []).filter((part) => typeof part === 'string').join('');
}

/** URLs are checked, ASCII and never cut. */
function urlField(slot: 'alternateUrl' | 'retryUrl' | 'exitUrl' | 'signOutUrl', charset: Charset): FilledField {
  const room = { columns: LIMITS.url, lines: 1 };
  const values = { charset, literals: ['', ''], written: ['', ''], slots: [slot], literalLength: 0 };
  return { limit: LIMITS.url, room, shorter: null, ellipsis: '', ...values };
}

function joinLiterals(pieces: readonly Piece[]): readonly Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece;
    else joined.push(piece);
  }
  return joined;
}
