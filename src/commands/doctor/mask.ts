/** Takes secrets out of what leaves the machine: by their place in the configuration, by their value, and by telling names. Pure. */

import type { KeyDescription } from '../../config/key-description.ts';
import { scrubText } from '../../ops/scrub.ts';

export const MASKED = '***';

/** Shorter ones would blot out half of every text; their place in the configuration is masked all the same. */
const MIN_LENGTH = 4;

/** Takes these values away in every form in which they may have been written down. */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const forms = [...new Set(secrets.flatMap(formsOf))].filter((form) => form.length >= MIN_LENGTH);
  if (forms.length === 0) return (text) => text;
  const longestFirst = forms.toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(literal).join('|'), 'gi');
  return (text) => text.replace(pattern, MASKED);
}

/** What a regular expression takes for the text itself. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const uri = encodeURIComponent(secret);
  const twice = encodeURIComponent(uri);
  const all = (hex.match(/../g) ?? []).map((pair) => `%${pair}`).join('');
  const strict = uri.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const texts = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    uri,
    twice,
    strict,
    uri.replaceAll('%20', '+'),
    strict.replaceAll('%20', '+'),
    all,
    hex,
  ];
  const cased = texts.flatMap((text) => [text, lowerEscapes(text)]);
  return [...cased, all.toUpperCase(), hex.toUpperCase(), ...base64Forms(bytes)];
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase());
}

/** Behind a user name, say, it may begin at any of three places; the digits that neighbours have a part in are left. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bits = (before + bytes.length) * 8;
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const inner = text.slice(Math.ceil((before * 8) / 6), Math.floor(bits / 6));
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g;
/** Quoted, also within a text that was quoted itself; else up to where the next thing begins, as text after a colon may have spaces in it. */
const QUOTED = String.raw`"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\\"(?:[^"\\\n]|\\\\(?:\\.|[^\\\n]))*\\"`;
const WHOLE_LINE = new RegExp(
  String.raw`\b((?:(?:set-)?cookie|authorization)\\*["']?\s*[:=]\s*)(?:${QUOTED}|[^\n]*)`,
  'gi',
);
const WORDS = '(?:password|passwd|passphrase|pwd|secret|token|jsessionid)';
/** Bounded, so that a log of one endless word takes no longer than another. */
const NAME = String.raw`(${WORDS}\w{0,64}\\*["']?\s*`;
const TAG = String.raw`[\w.:-]{0,64}${WORDS}[\w.:-]{0,64}`;
const NAMED = [
  // An element: up to its end tag; without one the rest of the line.
  new RegExp(
    String.raw`(<${TAG}(?:\s[^<>]*)?(?<!/)>)(?:(?:<!\[CDATA\[(?:(?!\]\]>)[^\n])*\]\]>|[^<])*(?=</)|[^\n]*)`,
    'gi',
  ),
  new RegExp(String.raw`(&lt;${TAG}(?:\s[^<>\n]{0,200}?)?(?<!/)&gt;)(?:(?!&lt;/)[^\n])*`, 'gi'),
  new RegExp(String.raw`${NAME}:[^\S\n]*)(?:${QUOTED}|[^,;}\n]+)`, 'gi'),
  new RegExp(String.raw`${NAME}=\s*)(?:${QUOTED}|[^\s,;}&]+)`, 'gi'),
  new RegExp(String.raw`${NAME}%3D)(?:(?!%26)[^\s"'&;,])+`, 'gi'),
];
const SECRET_NAME = new RegExp(`${WORDS}|cookie|authorization`, 'i');

/** Free text, such as a log: what a telling name stands before, query strings and path parameters too. */
export function maskText(text: string): string {
  const masked = NAMED.reduce(
    (rest, pattern) => rest.replace(pattern, `$1${MASKED}`),
    text.replace(PRIVATE_KEY, MASKED).replace(WHOLE_LINE, `$1${MASKED}`),
  );
  return masked.split('\n').map(scrubText).join('\n');
}

/** Every text of what was JSON. */
export function maskJson(value: unknown): unknown {
  if (typeof value === 'string') return maskText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(maskJson);
  return Object.fromEntries(
    Object.entries(value).map(([name, found]) => [name, SECRET_NAME.test(name) ? MASKED : maskJson(found)]),
  );
}

/** A configuration with the values of known keys that are no secrets; of an unknown key nothing is shown. */
export function maskConfiguration(value: unknown, key: KeyDescription | undefined): unknown {
  if (value === null || value === undefined) return null;
  if (key === undefined) return MASKED;
  if (key.secret === true) return isReference(value) ? value : MASKED;
  if (Array.isArray(value)) return value.map((item) => maskConfiguration(item, key.items));
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([name, found]) => [name, maskConfiguration(found, propertyOf(key, name))]),
    );
  }
  return typeof value === 'string' ? maskText(value) : value;
}

/** The secrets of a configuration as they are written there: text, or a reference to where they are. */
export function secretsOf(value: unknown, key: KeyDescription | undefined): unknown[] {
  if (value === null || value === undefined || key === undefined) return [];
  if (key.secret === true) return [value];
  if (Array.isArray(value)) return value.flatMap((item) => secretsOf(item, key.items));
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, found]) => secretsOf(found, propertyOf(key, name)));
}

function propertyOf({ properties = {} }: KeyDescription, name: string): KeyDescription | undefined {
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}

/** `{ env: NAME }` or `{ file: PATH }` and nothing else. */
function isReference(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const [[name, place] = [], ...more] = Object.entries(value);
  return more.length === 0 && (name === 'env' || name === 'file') && typeof place === 'string';
}
