/** Phone XML objects in the order of the schema and within its limits (reference/phone-xml.md §1.1, §1.2). */

import { group, leaf } from './xml.ts';

export interface SoftKey {
  readonly name: string;
  /** An absolute or path-absolute URL, or a `SoftKey:` URI. */
  readonly url: string;
}

export interface InputField {
  readonly label: string;
  readonly parameter: string;
  /** A text, N numeric, with P masked. */
  readonly flags: 'A' | 'AP' | 'N';
  readonly value?: string | undefined;
}

export interface PhonePage {
  /** The document without its XML declaration. */
  readonly xml: string;
  readonly refresh: { readonly seconds: number; readonly url: string } | null;
  /** Expired pages stay out of the phone's URL history, so that Exit does not repeat the action that led to them. */
  readonly expired: boolean;
}

export interface Frame {
  readonly title: string;
  readonly prompt: string;
  readonly keys: readonly SoftKey[];
}

/** The first `limit` characters, counted as code points. */
export function cut(text: string, limit: number): string {
  return Array.from(text).slice(0, limit).join('');
}

export function textPage(frame: Frame, text: string): string {
  return group('CiscoIPPhoneText', [...head(frame), leaf('Text', cut(text, 4000))]);
}

export function menuPage(frame: Frame, items: readonly SoftKey[]): string {
  const entries = items
    .slice(0, 100)
    .map((item) => group('MenuItem', [leaf('Name', cut(item.name, 64)), leaf('URL', item.url)]));
  return group('CiscoIPPhoneMenu', [...head(frame), ...entries]);
}

export function inputPage(frame: Frame, url: string, fields: readonly InputField[]): string {
  const items = fields.map((field) =>
    group('InputItem', [
      leaf('DisplayName', cut(field.label, 32)),
      leaf('QueryStringParam', field.parameter),
      leaf('InputFlags', field.flags),
      ...(field.value ? [leaf('DefaultValue', cut(field.value, 32))] : []),
    ]),
  );
  return group('CiscoIPPhoneInput', [...head(frame), leaf('URL', url), ...items]);
}

export function executePage(url: string): string {
  return `<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="${url.replace(/&/g, '&amp;')}"/></CiscoIPPhoneExecute>`;
}

function head(frame: Frame): string[] {
  const keys = frame.keys
    .slice(0, 8)
    .map((key, index) =>
      group('SoftKeyItem', [leaf('Name', cut(key.name, 32)), leaf('Position', index + 1), leaf('URL', key.url)]),
    );
  return [leaf('Title', cut(frame.title, 32)), leaf('Prompt', cut(frame.prompt, 32)), ...keys];
}
