/** Bodies by what they are: phone XML, forms, JSON. What is none of these is not written, only how long it was. */

import { maskText } from './mask-text.ts';
import { decode, type UrlMask } from './mask-url.ts';
import { isWord, keepWords, MAX_VERSION } from './mask-words.ts';
import type { XmlMask } from './mask-xml.ts';
import type { Pseudonyms } from './pseudonyms.ts';

export type MaskedBody =
  | { readonly written: true; readonly bytes: Buffer; readonly charset: string | null }
  /** `why`: what it is, as far as that is known. */
  | { readonly written: false; readonly why: string };

export type BodyMask = (body: Buffer, contentType: string | null) => MaskedBody;

const EMPTY: MaskedBody = { written: true, bytes: Buffer.alloc(0), charset: null };

export function createBodyMask(pseudonyms: Pseudonyms, urls: UrlMask, xml: XmlMask): BodyMask {
  const maskXml = (body: Buffer, declared: string | null): MaskedBody => {
    const charset = findCharset(body, declared);
    const read = readText(body, charset);
    const masked = read === null ? null : xml(read.text);
    if (read === null || masked === null) return { written: false, why: 'not well-formed XML' };
    return { written: true, bytes: read.write(masked), charset };
  };
  /** The field `XML` of a push holds a document, escaped or not. */
  const maskForm = (text: string): MaskedBody => {
    if (text.startsWith('XML=<')) {
      const inner = maskXml(Buffer.from(text.slice(4), 'latin1'), null);
      return inner.written ? { ...inner, bytes: Buffer.concat([Buffer.from('XML='), inner.bytes]) } : inner;
    }
    const parts: string[] = [];
    for (const each of text.split('&')) {
      if (!/^XML=/.test(each)) {
        parts.push(urls.pairs(each));
        continue;
      }
      const inner = maskXml(unescapeBytes(each.slice(4)), null);
      if (!inner.written) return inner;
      parts.push(`XML=${escapeBytes(inner.bytes, each.includes('+'))}`);
    }
    return { written: true, bytes: Buffer.from(parts.join('&'), 'latin1'), charset: null };
  };
  const maskJson = (text: string): MaskedBody => {
    try {
      JSON.parse(text);
    } catch {
      return { written: false, why: 'not JSON' };
    }
    let key = '';
    const masked = text.replace(/"((?:[^"\\]|\\.)*)"(\s*:)?|-?\d[\d.eE+-]*/g, (whole, string, colon) => {
      if (string === undefined) return whole.replace(/\d/g, (digit: string) => (whole.length > 2 ? '0' : digit));
      if (colon !== undefined) {
        key = JSON.parse(`"${string}"`) as string;
        return isWord(key) ? whole : `${JSON.stringify(pseudonyms.value(key))}${colon}`;
      }
      const value = JSON.parse(`"${string}"`) as string;
      return JSON.stringify(maskJsonValue(key, value));
    });
    return { written: true, bytes: Buffer.from(masked), charset: 'utf-8' };
  };
  const maskJsonValue = (key: string, value: string): string => {
    if (/^(?:version|release)$/.test(key)) return keepWords(value, MAX_VERSION);
    if (/^(?:status|deploymentType|\w*Mode|\w*HeartbeatStatus)$/.test(key)) return keepWords(value);
    if (/host|domain|fqdn/i.test(key)) return pseudonyms.host(value);
    if (/^(?:https?:\/)?\//.test(value)) return urls.url(value);
    const masked = urls.parameter(key, value);
    return /\s/.test(value) && masked === pseudonyms.value(value) ? maskText(value) : masked;
  };

  return (body, contentType) => {
    if (body.length === 0) return EMPTY;
    const [type = ''] = (contentType ?? '').toLowerCase().split(';');
    const start = body
      .toString('latin1', 0, 64)
      .replace(/^\xef\xbb\xbf|^\xff\xfe|^\xfe\xff/, '')
      .replaceAll('\0', '')
      .trimStart();
    if (/html/.test(type) || /^<(?:!doctype\s+html|html)/i.test(start)) return { written: false, why: 'HTML' };
    if (/^image\//.test(type.trim())) return { written: false, why: 'an image' };
    if (/json/.test(type)) return maskJson(body.toString());
    if (start.startsWith('XML=') || /form-urlencoded/.test(type)) return maskForm(body.toString('latin1'));
    if (start.startsWith('<')) return maskXml(body, charsetOf(contentType));
    return { written: false, why: type.trim() === '' ? 'of no type' : printableType(type) };
  };
}

function printableType(type: string): string {
  const [found] = /^\s*[a-z]{1,20}\/[a-z0-9.+-]{1,40}/.exec(type) ?? [];
  return found === undefined ? 'of an unknown type' : keepWords(found.trim());
}

function charsetOf(contentType: string | null): string | null {
  return /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase() ?? null;
}

function findCharset(body: Buffer, declared: string | null): string {
  if (declared !== null) return declared;
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le';
  if (body[0] === 0xfe && body[1] === 0xff) return 'utf-16be';
  const head = body.toString('latin1', 0, 200).replaceAll('\0', '');
  return /^[^<]*<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)/i.exec(head)?.[1]?.toLowerCase() ?? 'utf-8';
}

/** null: the bytes are not of that charset. One that Node cannot write is read byte by byte, and what is not ASCII becomes x. */
function readText(body: Buffer, charset: string): { readonly text: string; write(text: string): Buffer } | null {
  if (/^utf-?8$/.test(charset)) {
    const text = body.toString();
    return text.includes('\ufffd') ? null : { text, write: (masked) => Buffer.from(masked) };
  }
  if (/^utf-?16/.test(charset)) {
    const isBig = charset.endsWith('be') || (body[0] === 0xfe && body[1] === 0xff);
    if (body.length % 2 !== 0) return null;
    const little = isBig ? Buffer.from(body).swap16() : body;
    const write = (masked: string) => {
      const bytes = Buffer.from(masked, 'utf16le');
      return isBig ? bytes.swap16() : bytes;
    };
    return { text: little.toString('utf16le'), write };
  }
  const latin1 = body.toString('latin1');
  const isLatin1 = /^(?:iso-8859-1|latin1|us-ascii|ascii|windows-1252)$/.test(charset);
  const text = isLatin1 ? latin1 : latin1.replace(/[\x80-\xff]/g, 'x');
  return { text, write: (masked) => Buffer.from(masked, 'latin1') };
}

function unescapeBytes(text: string): Buffer {
  const plain = text.replaceAll('+', ' ');
  const bytes = plain.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1');
}

function escapeBytes(bytes: Buffer, plus: boolean): string {
  const escaped = Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    if (/[A-Za-z0-9._~-]/.test(character)) return character;
    return plus && byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return escaped.join('');
}

/** For those who read captures: the form field of a push, unescaped. */
export function pushedXml(form: string): string | null {
  const found = form.split('&').find((each) => each.startsWith('XML='));
  if (form.startsWith('XML=<')) return form.slice(4);
  return found === undefined ? null : decode(found.slice(4), true);
}
