/** What a page of phone XML holds, as far as captures are judged by it. */

import { SaxesParser } from 'saxes';

export interface Field {
  readonly parameter: string;
  readonly isMasked: boolean;
}

export interface PhonePage {
  /** Name of the root element, CiscoIPPhone…. */
  readonly object: string;
  readonly softKeys: readonly { readonly name: string; readonly url: string }[];
  readonly items: readonly string[];
  /** Where a form goes; null: it is no form. */
  readonly formUrl: string | null;
  readonly fields: readonly Field[];
  /** Every URL of it, with those of pushes. */
  readonly urls: readonly string[];
  /** Text of elements by name in lower case, and by `parent/name`, the first of each. */
  readonly texts: ReadonlyMap<string, string>;
}

interface Open {
  readonly name: string;
  readonly values: Map<string, string>;
  text: string;
}

/** null: not XML. */
export function parsePhonePage(text: string): PhonePage | null {
  const softKeys: { name: string; url: string }[] = [];
  const [items, urls, fields] = [[] as string[], [] as string[], [] as Field[]];
  const texts = new Map<string, string>();
  const around: Open[] = [];
  let root: string | null = null;
  let formUrl: string | null = null;

  const close = ({ name, values, text: inner }: Open) => {
    const value = inner.trim();
    const parent = around.at(-1);
    for (const key of [name, `${parent?.name}/${name}`]) if (value !== '' && !texts.has(key)) texts.set(key, value);
    parent?.values.set(name, value);
    if (/^url/.test(name) && value !== '') urls.push(value);
    if (name === 'url' && parent !== undefined && around.length === 1) formUrl = value;
    if (name === 'softkeyitem') softKeys.push({ name: values.get('name') ?? '', url: values.get('url') ?? '' });
    if (name === 'menuitem') items.push(values.get('url') ?? '');
    if (name !== 'inputitem') return;
    fields.push({
      parameter: values.get('querystringparam') ?? '',
      isMasked: /P/.test(values.get('inputflags') ?? ''),
    });
  };
  const parser = new SaxesParser();
  let isSound = true;
  parser.on('error', () => {
    isSound = false;
  });
  parser.on('opentag', ({ name, attributes }) => {
    root ??= name;
    around.push({ name: name.replace(/^.*:/, '').toLowerCase(), values: new Map(), text: '' });
    for (const [key, value] of Object.entries(attributes)) {
      if (/^url/i.test(key) && value !== '') urls.push(value);
    }
  });
  const addText = (more: string) => {
    const open = around.at(-1);
    if (open !== undefined) open.text += more;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const closed = around.pop();
    if (closed !== undefined) close(closed);
  });
  try {
    parser.write(text).close();
  } catch {
    return null;
  }
  if (!isSound || root === null) return null;
  return { object: root, softKeys, items, urls, fields, formUrl: fields.length === 0 ? null : formUrl, texts };
}

/** As the proxy itself tells sign-in forms (domain/device.ts). */
export function isSignIn({ fields }: PhonePage): boolean {
  return fields.some(({ parameter, isMasked }) => isMasked || parameter === 'id' || parameter === 'password');
}
