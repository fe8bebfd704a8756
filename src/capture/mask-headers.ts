/** Headers: names, order, case and duplicates stay. What no rule knows is masked as text. */

import { maskText } from './mask-text.ts';
import { decode, type UrlMask } from './mask-url.ts';
import { isWord, keepWords } from './mask-words.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import type { Scrub } from './scrub.ts';

export interface HeaderMask {
  /** Name, value, name, value … */
  mask(raw: readonly string[]): { readonly name: string; readonly value: string }[];
}

/** They say what a client or server can do, not who it is: in words that are known (mask-words.ts). */
const KEPT: ReadonlySet<string> = new Set([
  ...[
    'accept',
    'accept-charset',
    'accept-encoding',
    'accept-language',
    'accept-ranges',
    'age',
    'allow',
    'cache-control',
  ],
  ...['connection', 'content-encoding', 'content-language', 'content-length', 'content-type', 'date', 'expires'],
  ...['if-modified-since', 'keep-alive', 'last-modified', 'pragma', 'proxy-connection', 'retry-after', 'server', 'te'],
  ...['trailer', 'transfer-encoding', 'upgrade', 'vary', 'x-content-type-options', 'x-forwarded-proto'],
  ...['x-frame-options', 'x-powered-by', 'x-xss-protection', 'x-ciscoipphonedisplay', 'x-ciscoipphonemodelname'],
  ...['x-ciscoipphonesdkversion', 'strict-transport-security', 'upgrade-insecure-requests'],
]);
/** Numbers in them are counts and times, however long. */
const COUNTS: ReadonlySet<string> = new Set([
  'age',
  'cache-control',
  'content-length',
  'keep-alive',
  'retry-after',
  'strict-transport-security',
]);
const MAX_COUNT = 10;
/** How somebody signs in, before what he signs in with. */
const SCHEMES = /^(?:basic|bearer|digest|negotiate|ntlm)$/i;
const URLS: ReadonlySet<string> = new Set(['location', 'content-location', 'referer', 'origin', 'x-original-url']);
const HOSTS: ReadonlySet<string> = new Set(['host', 'x-forwarded-host', 'x-forwarded-server']);
const ADDRESSES: ReadonlySet<string> = new Set(['x-forwarded-for', 'x-real-ip', 'x-client-ip']);

export function createHeaderMask(pseudonyms: Pseudonyms, urls: UrlMask, scrub: Scrub): HeaderMask {
  const nameOf = (name: string) => (isWord(name.trim()) ? scrub.clean(name) : pseudonyms.value(name));
  const cookie = (pair: string): string => {
    const [, blank = '', name = '', value] = /^(\s*)([^=]*)(?:=([\s\S]*))?$/.exec(pair) ?? [];
    if (value === undefined) return name === '' ? blank : `${blank}${pseudonyms.secret(name)}`;
    return `${blank}${nameOf(name)}=${quoted(value, pseudonyms.secret)}`;
  };
  const setCookie = (value: string): string => {
    const [first = '', ...attributes] = value.split(';');
    const masked = attributes.map((attribute) => {
      const [, before = '', name = '', equals = '', text = ''] = /^(\s*)([^=]*)(=?)([\s\S]*)$/.exec(attribute) ?? [];
      switch (name.trim().toLowerCase()) {
        case 'path':
          return `${before}${name}${equals}${urls.target(text)}`;
        case 'domain':
          return `${before}${name}${equals}${text.startsWith('.') ? '.' : ''}${pseudonyms.host(text.replace(/^\./, ''))}`;
        case 'expires':
        case 'max-age':
        case 'samesite':
        case 'secure':
        case 'httponly':
          return keepWords(attribute, MAX_COUNT);
        default:
          return `${before}${keepWords(name)}${equals}${text === '' ? '' : pseudonyms.secret(text)}`;
      }
    });
    return [cookie(first), ...masked].join(';');
  };
  const authorization = (value: string): string => {
    const [, scheme = '', blank = '', rest = ''] = /^(\S+)(\s*)([\s\S]*)$/.exec(value) ?? [];
    if (rest === '' || !SCHEMES.test(scheme)) return pseudonyms.secret(value);
    if (scheme.toLowerCase() === 'basic') {
      const plain = Buffer.from(rest, 'base64').toString('utf8');
      const colon = plain.indexOf(':');
      // Each by itself: they may stand elsewhere too.
      if (colon > 0) pseudonyms.value(plain.slice(0, colon));
      if (plain.length > colon + 1) pseudonyms.secret(plain.slice(colon + 1));
    }
    return `${scheme}${blank}${pseudonyms.secret(rest)}`;
  };
  /** What a server gives out to be sent back is as good as a token. */
  const challenge = (value: string): string =>
    value.replace(
      /\b(nonce|opaque)(\s*=\s*"?)([^",]+)/gi,
      (_, name, before, text) => `${name}${before}${maskText(text)}`,
    );
  const refresh = (value: string): string => {
    const [, before = '', url = ''] = /^(\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?)([\s\S]*)$/i.exec(value) ?? [];
    return `${before}${url === '' ? '' : quoted(url, urls.offered)}`;
  };
  const addresses = (value: string): string =>
    value.replace(/[^\s,]+/g, (each) => pseudonyms.value(each.replace(/^::ffff:/, '')));

  const one = (name: string, value: string): string => {
    const lower = name.toLowerCase();
    // Not searched for names: numbers might be one by chance.
    if (COUNTS.has(lower)) return keepWords(value, MAX_COUNT);
    if (lower === 'date' || lower === 'expires') return keepWords(value);
    if (KEPT.has(lower)) return keepWords(scrub.clean(value));
    if (URLS.has(lower)) return lower === 'location' ? urls.offered(value) : urls.url(value);
    if (HOSTS.has(lower)) return urls.authority(value);
    if (ADDRESSES.has(lower)) return addresses(value);
    switch (lower) {
      case 'cookie':
        return value.split(';').map(cookie).join(';');
      case 'set-cookie':
        return setCookie(value);
      case 'authorization':
      case 'proxy-authorization':
        return authorization(value);
      case 'www-authenticate':
      case 'proxy-authenticate':
        return keepWords(scrub.clean(challenge(value)));
      case 'refresh':
        return refresh(value);
      // Some phones write their MAC address and serial number into it.
      case 'user-agent':
        return keepWords(
          scrub.clean(value.replace(/[0-9A-Fa-f]{2}(?:[:-]?[0-9A-Fa-f]{2}){3,}/g, (each) => pseudonyms.value(each))),
        );
      default:
        return maskText(scrub.clean(decode(value)));
    }
  };
  return {
    mask: (raw) => {
      const masked: { name: string; value: string }[] = [];
      for (let at = 0; at + 1 < raw.length; at += 2) {
        const name = raw[at] as string;
        masked.push({ name: nameOf(name), value: one(name, raw[at + 1] as string) });
      }
      return masked;
    },
  };
}

/** A value without the marks around it. */
function quoted(value: string, mask: (text: string) => string): string {
  const [, open = '', inner = '', close = ''] = /^(["']?)([\s\S]*?)(["']?\s*)$/.exec(value) ?? [];
  return `${open}${mask(inner)}${close}`;
}
