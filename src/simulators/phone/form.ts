/** Typing into forms and sending them (reference/phone-xml.md §1.4). */

import type { InputItem, PhonePage } from './page.ts';

const allowed: Readonly<Record<string, RegExp>> = {
  T: /^[0-9*#+,]$/,
  N: /^[0-9]$/,
  E: /^[0-9+\-*/().=]$/,
};

/** `text` as this field takes it: upper or lower case where the flags say so. undefined: a character it does not take. */
export function fitInput(item: InputItem, text: string): string | undefined {
  const pattern = allowed[item.kind];
  if (pattern && ![...text].every((character) => pattern.test(character))) return undefined;
  if (item.kind === 'U') return text.toUpperCase();
  return item.kind === 'L' ? text.toLowerCase() : text;
}

/** The position of a field by its parameter or its label, in any letter case; -1: no such field. */
export function findInput(page: PhonePage, name: string): number {
  const wanted = name.toLowerCase();
  const exact = page.inputs.findIndex((item) => item.parameter === name);
  return exact >= 0
    ? exact
    : page.inputs.findIndex((item) => [item.parameter, item.displayName].some((own) => own.toLowerCase() === wanted));
}

/** One pair per field, in the form's order, as a query string or the body of a POST. */
export function encodeForm(page: PhonePage, values: readonly string[]): string {
  return page.inputs
    .map((item, index) => `${encodeURIComponent(item.parameter)}=${encodeURIComponent(values[index] ?? '')}`)
    .join('&');
}
