/** From the bytes of an answer to the object a phone shows, or to the error it shows instead. */

import { acceptedCharsets, type Charset, type ObjectKind, type PhoneModel } from './models.ts';
import { checkElement } from './object-check.ts';
import { objectRules } from './object-rules.ts';
import { declaredEncoding, decodeBytes, parseXmlTree, type XmlElement } from './xml-tree.ts';

export interface SoftKey {
  readonly name: string;
  readonly position: number;
  /** Empty: the key does nothing. */
  readonly url: string;
}

export interface MenuItem {
  readonly name: string;
  readonly url: string;
}

export interface InputItem {
  readonly displayName: string;
  readonly parameter: string;
  /** Letter of what may be typed: A, T, N, E, U or L. */
  readonly kind: string;
  readonly masked: boolean;
  readonly defaultValue: string;
}

export interface ExecuteItem {
  readonly url: string;
  readonly priority: number;
}

export interface PhonePage {
  readonly kind: ObjectKind;
  /** null: none was sent; the phone then shows the name of the menu item that led here (§1.4). */
  readonly title: string | null;
  readonly prompt: string;
  readonly text: string;
  /** Custom keys only, in the order of their positions. */
  readonly softKeys: readonly SoftKey[];
  /** URLs of keypad and navigation keys, by their names in the XML. */
  readonly keypad: Readonly<Record<string, string>>;
  /** Menu items, or the entries of a directory with `Dial:` URLs. */
  readonly items: readonly MenuItem[];
  readonly inputs: readonly InputItem[];
  readonly submit: { readonly url: string; readonly post: boolean } | null;
  readonly execute: readonly ExecuteItem[];
  /** Where an ImageFile, GraphicFileMenu or StatusFile has its picture. */
  readonly imageUrl: string | null;
}

/** The texts of reference/phone-xml.md §7. */
export type PhoneError =
  | 'XML Error [4]'
  | 'XML Error [5]'
  | 'HTTP Error [8]'
  | 'HTTP Error [10]'
  | 'HTTP Error (503)'
  | 'Host not found'
  | 'No services configured'
  | 'Data too large!'
  | 'Server Busy!'
  | 'File Not Found'
  | 'HTTP connection failed'
  | 'Connection failed';

export type ParseResult =
  | { readonly page: PhonePage; readonly violations: readonly string[] }
  | { readonly error: PhoneError; readonly reason: string; readonly violations: readonly string[] };

/** The limit of the 69xx (§1.1); nothing is known of the others, so more is wrong everywhere. */
const maxDocumentBytes = 196_608;

/**
 * Reads an answer's body as `model` does. `violations` are departures from the documented rules, the fatal ones
 * included, in words without any value of the document; a page without any has none.
 */
export function parsePhoneXml(
  bytes: Uint8Array,
  contentType: string | undefined,
  model: PhoneModel,
  acceptCharset: string = model.acceptCharset,
): ParseResult {
  const violations: string[] = [];
  const fail = (error: PhoneError, reason: string): ParseResult => ({
    error,
    reason,
    violations: [...violations, reason],
  });
  const old = model.family === '69xx';

  if (bytes.length === 0) return fail(old ? 'No services configured' : 'XML Error [4]', 'empty body');
  if (bytes.length > maxDocumentBytes) {
    if (old) return fail('Data too large!', `${bytes.length} bytes`);
    violations.push(`${bytes.length} bytes, at most ${maxDocumentBytes}`);
  }
  const { type, charset: named } = splitContentType(contentType);
  if (type !== 'text/xml' && !type.startsWith('text/'))
    return fail('HTTP Error [8]', `content type ${type || 'missing'}`);
  const charset = decideCharset(bytes, type, named, model, acceptCharset, violations);
  const text = decodeBytes(bytes, charset);
  if (text === undefined) return fail('XML Error [4]', `bytes that are not ${charset}`);
  if (type !== 'text/xml') {
    violations.push(`content type ${type} is shown as text`);
    return { page: { ...emptyPage, kind: 'CiscoIPPhoneText', text }, violations };
  }
  const tree = parseXmlTree(text);
  if ('fault' in tree) return fail('XML Error [4]', `not well-formed: ${tree.fault}`);

  const kind = tree.root.name;
  if (!isObjectKind(kind)) return fail('XML Error [4]', 'no phone object');
  const findings = checkElement(tree.root, objectRules[kind]);
  violations.push(...findings.filter((finding) => !finding.fatal).map((finding) => finding.message));
  const [first, ...more] = findings.filter((finding) => finding.fatal).map((finding) => finding.message);
  if (first !== undefined) {
    violations.push(...more);
    return fail('XML Error [4]', first);
  }
  if (model.unsupportedObjects.includes(kind)) return fail('XML Error [5]', `${model.name} has no ${kind}`);
  const page = readPage(tree.root, kind);
  const position = page.softKeys.find((key) => key.position === 0 || key.position > model.softKeyPositions);
  if (position) return fail('XML Error [4]', `soft key position ${position.position} on ${model.name}`);
  violations.push(...validatePage(page, model));
  return { page: old && page.prompt !== '' ? { ...page, title: page.prompt } : page, violations };
}

function isObjectKind(name: string): name is ObjectKind {
  return Object.hasOwn(objectRules, name);
}

/** Media type and charset of a Content-Type, both in lower case. */
function splitContentType(value: string | undefined): { type: string; charset: string | undefined } {
  const [type = '', ...parameters] = (value ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  return { type, charset: charset?.replace(/^"(.*)"$/, '$1') };
}

/** Which charset the phone reads the bytes in: the header's if it can, else its locale's (§5). */
function decideCharset(
  bytes: Uint8Array,
  type: string,
  named: string | undefined,
  model: PhoneModel,
  acceptCharset: string,
  violations: string[],
): Charset {
  const declared = type === 'text/xml' ? declaredEncoding(bytes) : named;
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) violations.push('byte order mark');
  if (named === undefined) violations.push('no charset in Content-Type');
  if (declared !== undefined && named !== undefined && declared !== named) {
    violations.push(`charset ${named} in Content-Type, ${declared} in the XML declaration`);
  }
  if (type === 'text/xml' && declared === undefined && named !== undefined && named !== 'utf-8') {
    violations.push('no encoding in the XML declaration');
  }
  const accepted = acceptedCharsets(acceptCharset).find((charset) => charset === named);
  if (named !== undefined && accepted === undefined) violations.push(`charset ${named} is not in Accept-Charset`);
  return accepted ?? model.defaultCharset;
}

const emptyPage = {
  title: null,
  prompt: '',
  text: '',
  softKeys: [],
  keypad: {},
  items: [],
  inputs: [],
  submit: null,
  execute: [],
  imageUrl: null,
} as const;

/** Reads a checked tree. What exceeds a count is dropped, as a phone does with what it has no room for. */
function readPage(root: XmlElement, kind: ObjectKind): PhonePage {
  const rules = objectRules[kind].children ?? {};
  const all = (name: string) => root.children.filter((child) => child.name === name).slice(0, rules[name]?.max ?? 1);
  const own = (name: string) => all(name)[0]?.text;
  const form = kind === 'CiscoIPPhoneInput';
  const action = all('URL')[0];
  return {
    kind,
    title: own('Title')?.trim() ?? null,
    prompt: own('Prompt')?.trim() ?? '',
    text: own('Text') ?? '',
    softKeys: all('SoftKeyItem')
      .map((key) => ({ name: part(key, 'Name'), position: Number(part(key, 'Position')), url: part(key, 'URL') }))
      .sort((a, b) => a.position - b.position),
    keypad: Object.fromEntries(all('KeyItem').map((key) => [part(key, 'Key'), part(key, 'URL')])),
    items: [
      ...all('MenuItem').map((item) => ({ name: part(item, 'Name'), url: part(item, 'URL') })),
      ...all('DirectoryEntry').map((entry) => {
        const number = part(entry, 'Telephone');
        return { name: `${part(entry, 'Name')} ${number}`.trim(), url: number === '' ? '' : `Dial:${number}` };
      }),
    ],
    inputs: all('InputItem').map((item) => {
      const flags = part(item, 'InputFlags');
      return {
        displayName: part(item, 'DisplayName'),
        parameter: part(item, 'QueryStringParam'),
        kind: flags.replace('P', '') || 'A',
        masked: flags.includes('P'),
        defaultValue: part(item, 'DefaultValue'),
      };
    }),
    submit: form && action ? { url: action.text.trim(), post: action.attributes.method === 'post' } : null,
    execute: all('ExecuteItem').map((item) => ({
      url: (item.attributes.URL ?? '').trim(),
      priority: Number(item.attributes.Priority ?? 0),
    })),
    imageUrl: form ? null : (action?.text.trim() ?? null),
  };
}

function part(element: XmlElement, name: string): string {
  return element.children.find((child) => child.name === name)?.text.trim() ?? '';
}

/**
 * Keys that exist natively, by kind of object (§2). Exit and Update on a form: some models. Select on a directory is not in
 * the document's table, but public servers used with real phones send it there.
 */
const nativeKeys: Partial<Record<ObjectKind, readonly string[]>> = {
  CiscoIPPhoneMenu: ['Back', 'Select', 'Exit'],
  CiscoIPPhoneIconMenu: ['Back', 'Select', 'Exit'],
  CiscoIPPhoneIconFileMenu: ['Back', 'Select', 'Exit'],
  CiscoIPPhoneText: ['Back', 'Exit'],
  CiscoIPPhoneImage: ['Back', 'Exit'],
  CiscoIPPhoneImageFile: ['Back', 'Exit'],
  CiscoIPPhoneGraphicMenu: ['Back', 'Exit'],
  CiscoIPPhoneGraphicFileMenu: ['Back', 'Exit'],
  CiscoIPPhoneInput: ['Back', 'Submit', '<<', 'Cancel', 'Exit'],
  CiscoIPPhoneDirectory: ['Back', 'Cancel', 'Exit', 'Select', 'Dial', 'EditDial'],
};
/** The user can always force a Refresh, so these two stand on every object (§5). */
const everywhere = ['Update', 'Next'];

/** What the grammar cannot say: doubled keys, URIs that the model or the place does not know (§1.4, §2, §3). */
function validatePage(page: PhonePage, model: PhoneModel): string[] {
  const violations: string[] = [];
  const positions = page.softKeys.map((key) => key.position);
  if (new Set(positions).size < positions.length) violations.push('two soft keys at one position');
  const urls = [...page.softKeys, ...page.items].map((item) => item.url);
  for (const url of [...urls, ...Object.values(page.keypad), ...page.execute.map((item) => item.url)]) {
    const scheme = /^(\w+):/.exec(url)?.[1];
    if (scheme !== undefined && model.unsupportedUris.includes(scheme)) {
      violations.push(`${model.name} has no ${scheme}: URI`);
    }
  }
  for (const key of page.softKeys) {
    const name = /^SoftKey:(.*)$/.exec(key.url)?.[1];
    if (name !== undefined && ![...(nativeKeys[page.kind] ?? []), ...everywhere].includes(name)) {
      violations.push(`${page.kind} has no SoftKey:${name}`);
    }
  }
  for (const { url } of page.execute) {
    if (/^Notify:/.test(url) || (/^SoftKey:/.test(url) && !model.softKeyInExecute)) {
      violations.push(`${url.split(':')[0]}: inside Execute`);
    }
  }
  if (page.execute.filter((item) => /^https?:/i.test(item.url)).length > 1) {
    violations.push('two http URLs in one Execute');
  }
  return violations;
}
