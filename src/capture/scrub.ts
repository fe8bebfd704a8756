/**
 * Looks for what must not be in a capture, in every form in which it may be written. Masking goes by structure first; this is
 * for what stands where no structure says that it would, and for what was learnt to be a secret only later.
 */

import { escapeXml } from '../text/xml-escape.ts';
import { MIN_SECRET, type Pseudonyms } from './pseudonyms.ts';

export interface Scrub {
  /** The text with everything replaced that is known by now. */
  clean(text: string): string;
  /** What is known and stands there; empty: nothing. */
  find(text: string): readonly string[];
}

/** Of what is looked for. */
const MIN_FORM = MIN_SECRET;
/** Up to here a secret is only one if no letter or digit stands beside it. */
const SHORT = 6;
/** Of base64 in the middle of something longer. */
const MIN_BASE64 = 6;

/** Something that must not stay, as it may be written. */
interface Form {
  readonly replacement: string;
  /** Whose form it is, where that is a name and no secret. */
  readonly name: string | null;
}

export function createScrub(pseudonyms: Pseudonyms): Scrub {
  const forms = new Map<string, Form>();
  /** How long those are that begin so, the longest first: a capture knows thousands, and each text is gone through once. */
  const lengths = new Map<number, number[]>();
  let [secretsKnown, namesKnown] = [0, 0];

  const add = (text: string, form: Form) => {
    forms.set(text, form);
    const start = startOf(text, 0);
    const known = lengths.get(start) ?? [];
    if (!known.includes(text.length))
      lengths.set(
        start,
        [...known, text.length].sort((one, other) => other - one),
      );
  };
  const learn = () => {
    const { secrets, names } = pseudonyms;
    for (const [text, marker] of after(secrets, secretsKnown)) {
      if (text.length < MIN_FORM) continue;
      for (const form of spell(text)) {
        if (form.length >= MIN_FORM) add(form, { replacement: fit(marker, form), name: null });
      }
    }
    for (const [text, name] of after(names, namesKnown)) {
      for (const form of new Set([text, encodeURIComponent(text), escapeXml(text)])) {
        if (form.length >= MIN_FORM && !forms.has(form)) add(form, { replacement: name, name: text });
      }
    }
    [secretsKnown, namesKnown] = [secrets.size, names.size];
  };
  const formAt = (text: string, at: number): (Form & { readonly text: string }) | null => {
    for (const length of lengths.get(startOf(text, at)) ?? []) {
      const found = text.slice(at, at + length);
      const form = forms.get(found);
      // A name that is a pseudonym as well gives nothing away.
      if (form === undefined || (form.name !== null && pseudonyms.isMade(form.name))) continue;
      if (length >= SHORT || standsAlone(text, at, length)) return { ...form, text: found };
    }
    return null;
  };
  const walk = (text: string, found: (form: Form & { readonly text: string }, at: number) => void) => {
    learn();
    for (let at = 0; at + MIN_FORM <= text.length; at++) {
      const form = formAt(text, at);
      if (form === null) continue;
      found(form, at);
      at += form.text.length - 1;
    }
  };

  return {
    clean(text) {
      let [cleaned, from] = ['', 0];
      walk(text, (form, at) => {
        cleaned += text.slice(from, at) + form.replacement;
        from = at + form.text.length;
      });
      return from === 0 ? text : cleaned + text.slice(from);
    },
    find(text) {
      const found: string[] = [];
      walk(text, (form) => void found.push(form.text));
      return found;
    },
  };
}

/** What came into it since there were `known` of it. */
function* after<K, V>(map: ReadonlyMap<K, V>, known: number): Iterable<readonly [K, V]> {
  if (map.size === known) return;
  let n = 0;
  for (const each of map) if (n++ >= known) yield each;
}

function startOf(text: string, at: number): number {
  return (text.charCodeAt(at) * 0x10000 + text.charCodeAt(at + 1)) * 0x10000 + text.charCodeAt(at + 2);
}

function standsAlone(text: string, at: number, length: number): boolean {
  return !/[A-Za-z0-9]/.test(`${text.charAt(at - 1)}${text.charAt(at + length)}`);
}

/** Every form in which a value may stand: plain, in a URL (once or twice), in XML, JSON, hex and base64, alone or within more. */
export function spell(text: string): ReadonlySet<string> {
  const url = encodeURIComponent(text);
  const strict = url.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const bytes = [Buffer.from(text), Buffer.from(text, 'latin1')];
  // As bytes of two each, in either order.
  const wide = Buffer.from(text, 'utf16le');
  bytes.push(wide, Buffer.from(wide).swap16());
  const references = (write: (code: number) => string) =>
    Array.from(text, (character) => `&#${write(character.codePointAt(0) as number)};`).join('');
  const forms = new Set([text, escapeXml(text), text.toLowerCase(), text.toUpperCase()]);
  forms.add(references(String));
  for (const hex of [
    references((code) => `x${code.toString(16)}`),
    references((code) => `x${code.toString(16).toUpperCase()}`),
  ])
    forms.add(hex);
  for (const each of [url, strict, percentAll(bytes[1] as Buffer), url.replaceAll('%20', '+')]) {
    forms.add(each);
    forms.add(each.replace(/%../g, (code) => code.toLowerCase()));
    forms.add(encodeURIComponent(each));
  }
  forms.add(JSON.stringify(text).slice(1, -1));
  // As bytes of the one charset, read in the other.
  for (const each of bytes) {
    forms.add(each.toString('latin1'));
    if (each.length >= SHORT)
      for (const hex of [each.toString('hex'), each.toString('hex').toUpperCase()]) forms.add(hex);
    for (const part of base64Within(each)) {
      forms.add(part);
      forms.add(part.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
  forms.delete('');
  return forms;
}

/** Its base64 at each of the three places where it may begin, without the characters that depend on what stands beside it. */
function base64Within(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const from = before === 0 ? 0 : before + 1;
    const to = (before + bytes.length) % 3 === 0 ? text.length : text.length - 1;
    const part = text.slice(from, to);
    return part.length >= MIN_BASE64 ? [part] : [];
  });
}

function percentAll(bytes: Buffer): string {
  const encoded = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return encoded.join('');
}

/** Of the same length where it can be. */
function fit(marker: string, form: string): string {
  return marker.length >= form.length ? marker.slice(0, form.length) : marker.padEnd(form.length, 'Z');
}
