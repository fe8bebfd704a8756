/**
 * Looks for what must not be in a capture, in every form in which it may be written. Masking goes by structure first; this is
 * for what stands where no structure says that it would, and for what was learnt to be a secret only later.
 */

import { escapeXml } from '../text/xml-escape.ts';
import type { Pseudonyms } from './pseudonyms.ts';

export interface Scrub {
  /** The text with everything replaced that is known by now. */
  clean(text: string): string;
  /** What is known and stands there; empty: nothing. */
  find(text: string): readonly string[];
}

/** Shorter secrets are masked where they stand and not looked for: they would be found in any number. */
const MIN_SECRET = 3;
/** Up to here a secret is only one if no letter or digit stands beside it. */
const SHORT = 6;
/** Of base64 in the middle of something longer. */
const MIN_BASE64 = 6;

export function createScrub(pseudonyms: Pseudonyms): Scrub {
  let size = -1;
  let forms = new Map<string, string>();
  let pattern: RegExp | null = null;

  const refresh = () => {
    const { secrets, names } = pseudonyms;
    if (secrets.size + names.size === size) return;
    size = secrets.size + names.size;
    forms = new Map();
    for (const [text, marker] of secrets) {
      if (text.length < MIN_SECRET) continue;
      for (const form of spell(text)) forms.set(form, fit(marker, form));
    }
    for (const [text, name] of names) {
      // One that is a pseudonym as well gives nothing away.
      if (pseudonyms.isMade(text)) continue;
      for (const form of new Set([text, encodeURIComponent(text), escapeXml(text)])) {
        if (!forms.has(form)) forms.set(form, name);
      }
    }
    const sorted = [...forms.keys()].sort((one, other) => other.length - one.length);
    pattern = sorted.length === 0 ? null : new RegExp(sorted.map(bounded).join('|'), 'g');
  };

  return {
    clean(text) {
      refresh();
      return pattern === null ? text : text.replace(pattern, (found) => forms.get(found) ?? '');
    },
    find(text) {
      refresh();
      return pattern === null ? [] : (text.match(pattern) ?? []);
    },
  };
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

function bounded(form: string): string {
  const literal = form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  return form.length < SHORT ? `(?<![A-Za-z0-9])${literal}(?![A-Za-z0-9])` : literal;
}
