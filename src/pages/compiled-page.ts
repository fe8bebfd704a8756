/**
 * A template variant made ready for one kind of phone: everything known beforehand is XML text already. An outage makes
 * thousands of pages a second, and each is then a few string additions.
 */

import type { PhoneMessage } from '../domain/failure.ts';
import { type Charset, ELLIPSIS, foldText } from './charset.ts';
import { cutText, escapeXml, LIMITS } from './limits.ts';
import { FAMILIES, type KeyName, type ModelFamily } from './models.ts';
import type { Condition, Field, Language, MenuItem, Part, SoftKey, Variant } from './template.ts';
import { messageKey, selectByCondition, UNNAMED_SERVICE } from './template.ts';

/** Closes the Services application (reference/phone-xml.md §2). */
export const CLOSE_SERVICES = 'Init:Services';

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
}
export type ValueName = keyof PageValues;

/** A text with values in it: literals[0], slots[0], literals[1], … */
export interface FilledField {
  readonly limit: number;
  readonly ellipsis: string;
  readonly literals: readonly string[];
  /** The literals as XML. */
  readonly escaped: readonly string[];
  readonly slots: readonly ValueName[];
  /** UTF-16 units of all literals. */
  readonly literalLength: number;
}
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
export interface PageKind {
  readonly family: ModelFamily;
  readonly charset: Charset;
  readonly message: PhoneMessage;
  readonly holding: readonly Condition[];
  readonly hasRetry: boolean;
  /** Whether the proxy's own Exit action is known. */
  readonly hasExit: boolean;
}

interface Context {
  readonly language: Language;
  readonly kind: PageKind;
  lossy: boolean;
}

export function compilePage(variant: Variant, language: Language, kind: PageKind): CompiledPage {
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
  const items = 'items' in content ? content.items.flatMap((item) => compileItem(item, context)) : [];
  const unnamed = foldText(plainText(UNNAMED_SERVICE, language), kind.charset);
  const foot = `${text === null ? '' : '</Text>'}</${name}>\n`;
  return { head: joinLiterals(head), text, items, foot, unnamed, lossy: context.lossy };
}

function compileSoftKeys(softKeys: readonly SoftKey[], isMenu: boolean, context: Context): readonly Piece[] {
  const { hasRetry, hasExit, family } = context.kind;
  const { keys, softKeyUris } = FAMILIES[family];
  const urls: Readonly<Record<KeyName, Piece | null>> = {
    select: isMenu && softKeyUris ? 'SoftKey:Select' : null,
    retry: hasRetry ? urlField('retryUrl') : null,
    exit: softKeyUris ? 'SoftKey:Exit' : hasExit ? urlField('exitUrl') : hasRetry ? null : CLOSE_SERVICES,
  };
  const ofModel = keys.flatMap((key) => {
    const softKey = softKeys.find((candidate) => candidate.key === key);
    const url = urls[key];
    return softKey === undefined || url === null ? [] : [{ name: softKey.name, url }];
  });
  const own = softKeys.flatMap((softKey) =>
    softKey.key === null ? [{ ...softKey, url: escapeXml(softKey.url) as Piece }] : [],
  );
  return [...ofModel.map((softKey, index) => ({ ...softKey, position: index + 1 })), ...own].flatMap((softKey) => [
    '<SoftKeyItem><Name>',
    compileField(softKey.name, context),
    `</Name><Position>${softKey.position}</Position><URL>`,
    softKey.url,
    '</URL></SoftKeyItem>',
  ]);
}

function compileItem(item: MenuItem, context: Context): CompiledPage['items'] {
  const { url } = item;
  if ('slot' in url && url.slot === 'retryUrl' && !context.kind.hasRetry) return [];
  const urlPiece = 'slot' in url ? urlField(url.slot) : escapeXml(url.literal);
  const name = compileField(item.name, context);
  const pieces = joinLiterals(['<MenuItem><Name>', name, '</Name><URL>', urlPiece, '</URL></MenuItem>']);
  return [{ each: item.each, pieces }];
}

function compileField(field: Field, context: Context): Piece {
  const filled = fillable(field, context);
  return filled.slots.length === 0
    ? escapeXml(cutText(filled.literals.join(''), filled.limit, filled.ellipsis))
    : filled;
}

function fillable(field: Field, context: Context): FilledField {
  const { charset, message } = context.kind;
  const literals = [''];
  const slots: ValueName[] = [];
  for (const part of expandParts(field, context.language, message)) {
    if (typeof part === 'string') {
      const line = field.kind === 'text' ? part : part.replaceAll('\n', ' ');
      const folded = foldText(line, charset);
      if (folded !== line) context.lossy = true;
      literals[literals.length - 1] += folded;
    } else {
      slots.push(part.slot);
      literals.push('');
    }
  }
  return {
    limit: LIMITS[field.kind],
    ellipsis: ELLIPSIS[charset],
    literals,
    escaped: literals.map(escapeXml),
    slots,
    literalLength: literals.join('').length,
  };
}

type ValuePart = string | { readonly slot: Exclude<ValueName, 'alternateUrl' | 'retryUrl' | 'exitUrl'> };

/** The parts of a field with its texts and the message put in; a missing text is empty. */
export function expandParts(field: Field, language: Language, message: PhoneMessage): readonly ValuePart[] {
  const expand = (part: Part): readonly ValuePart[] => {
    if (typeof part === 'string') return [part];
    if ('text' in part) return language.texts.get(part.text)?.parts.flatMap(expand) ?? [];
    const { slot } = part;
    if (slot === 'message') return expand({ text: messageKey(message, field.kind) });
    return [{ slot }];
  };
  return field.parts.flatMap(expand);
}

function plainText(key: string, language: Language): string {
  return (language.texts.get(key)?.parts ?? []).filter((part) => typeof part === 'string').join('');
}

/** URLs are checked, ASCII and never cut. */
function urlField(slot: 'alternateUrl' | 'retryUrl' | 'exitUrl'): FilledField {
  return { limit: LIMITS.url, ellipsis: '', literals: ['', ''], escaped: ['', ''], slots: [slot], literalLength: 0 };
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
