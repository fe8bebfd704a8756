/** URLs and forms: the words of their paths and the names of their parameters stay, since they are what a capture is for. */

import { isIP } from 'node:net';
import { isWord, keepWords } from './mask-words.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import type { Scrub } from './scrub.ts';

export interface UrlMask {
  /** An absolute URL, a path, or a URI of phones such as `SoftKey:Exit`. */
  url(text: string): string;
  /** The same, from Finesse: files of its path are the server's, and stay wherever they come again. */
  offered(text: string): string;
  /** A path with its query. */
  target(text: string): string;
  /** What stands behind `?`, or a form. */
  pairs(text: string): string;
  /** host or host:port. */
  authority(text: string): string;
  /** As a configuration has it: an address, or one of the above, or an origin. */
  alias(text: string): string;
  /** The value of a parameter. */
  parameter(name: string, value: string): string;
  isSecretName(name: string): boolean;
  /** It is no secret in a path: ids of services and clusters. */
  learnWord(word: string): void;
  /** The fields of this name hold secrets: a form says so. */
  learnSecretName(name: string): void;
}

/** Names of what is never written down, whoever uses them. */
const SECRET_NAME =
  /^(?:.*(?:pass|pwd|passwort|kennwort|token|secret|credential|cookie|session|auth|signature).*|(?:.*[-_.])?(?:pin|pw|sid|otp|nonce|key))$/i;
/** Of values that are words only: whose they are says the name before them. */
const NAME_OF_NAME = /id$|user|agent|login|name|ext|number|^dn$|line|phone|device|mail/i;
/** URIs that phones know by themselves, with words that are not anybody's. */
const PHONE_WORDS = /^(?:SoftKey|Key|Init|Display|Notify|Play|Vibrate|Menu|App|Application):[A-Za-z<>?*#]*[0-9]{0,2}$/i;
/** What stands before a colon, and may as well be an id before a password. */
const SCHEMES =
  /^(?:https?|wss?|tftp|tel|sips?|mailto|xmpp|SoftKey|Key|Init|Display|Notify|Play|Vibrate|Menu|App|Application|QueryStringParam|Dial|EditDial|SendDigits|Device|RTP[A-Za-z]{0,6}):$/i;
/** Words of paths that say nothing of anybody, whoever asks. */
const KNOWN_WORDS = [
  ...[
    'fippa',
    'finesse',
    'api',
    'SystemInfo',
    'User',
    'CGI',
    'Execute',
    'signin',
    'login',
    'logout',
    'signout',
    'home',
  ],
  ...['ready', 'notready', 'wrapup', 'calldata', 'reason', 'reasons', 'state', 'agent', 'agents', 'changestate'],
  ...['unavailable', 'maintenance', 'retry', 'refresh', 'menu', 'index', 'select', 'services', 'desktop', 'phone'],
].map((word) => word.toLowerCase());
/** A file that a page offers: its name says what it is. */
const FILE = /^[A-Za-z][A-Za-z_-]{0,31}\.(?:png|gif|jpe?g|bmp|cip|jspx?|do|action|xml|x?html?|php|cgi|aspx?)$/i;

const MAX_WORDS = 500;

export function createUrlMask(pseudonyms: Pseudonyms, scrub: Scrub): UrlMask {
  const secretNames = new Set<string>();
  const words = new Set<string>(KNOWN_WORDS);
  const isSecretName = (name: string) =>
    // How a system signs people in is no secret of anybody.
    (SECRET_NAME.test(name) && !/^systemAuthMode$/i.test(name)) || secretNames.has(name.toLowerCase());

  const segment = (raw: string, before: string): string => {
    const [name = '', ...parameters] = raw.split(';');
    const text = decode(name);
    const masked = parameters.map((each) => pair(each));
    return [segmentName(text, before), ...masked].join(';');
  };
  const segmentName = (text: string, before: string): string => {
    if (text === '') return text;
    if (before === 'fippa') return encode(pseudonyms.device(text));
    // /finesse/api/User/ID
    if (before === 'User') return encode(pseudonyms.value(text));
    if ((words.has(text) || words.has(text.toLowerCase())) && !pseudonyms.names.has(text))
      return encode(scrub.clean(text));
    // Actions of the proxy: ~to, ~here.
    if (/^~(?:to|here|exit|signout)$/.test(text)) return text;
    return encode(pseudonyms.value(text, /\d/.test(text)));
  };
  const path = (text: string): string => {
    let before = '';
    return text
      .split('/')
      .map((each) => {
        const masked = segment(each, before);
        before = each.split(';', 1)[0] ?? '';
        return masked;
      })
      .join('/');
  };
  const parameter: UrlMask['parameter'] = (name, value) => {
    if (value === '') return value;
    if (isSecretName(name)) return pseudonyms.secret(value);
    // A URL within a URL.
    if (/^https?:\/\//i.test(value)) return url(value);
    return pseudonyms.value(value, /\d/.test(value) || NAME_OF_NAME.test(name));
  };
  const pair = (raw: string): string => {
    const equals = raw.indexOf('=');
    const name = equals === -1 ? raw : raw.slice(0, equals);
    const cleanName = nameOf(name);
    if (equals === -1) return encode(pseudonyms.value(decode(raw, true)));
    const value = raw.slice(equals + 1);
    const masked = encode(parameter(decode(name), decode(value, true)));
    // As spaces were written before.
    return `${cleanName}=${value.includes('+') ? masked.replaceAll('%20', '+') : masked}`;
  };
  const nameOf = (raw: string): string => {
    const text = decode(raw, true);
    return isWord(text) ? scrub.clean(raw) : encode(pseudonyms.value(text));
  };
  const pairs: UrlMask['pairs'] = (text) => text.split('&').map(pair).join('&');
  const target: UrlMask['target'] = (text) => {
    const [before, ...fragments] = text.split('#');
    const question = (before ?? '').indexOf('?');
    const masked =
      question === -1
        ? path(before ?? '')
        : `${path((before ?? '').slice(0, question))}?${pairs((before ?? '').slice(question + 1))}`;
    return fragments.length === 0 ? masked : `${masked}#${encode(pseudonyms.value(decode(fragments.join('#'))))}`;
  };
  const authority: UrlMask['authority'] = (text) => {
    const [, user, host = '', port = ''] = /^(?:([^@]*)@)?(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(text) ?? [];
    if (host === '') return text === '' ? '' : pseudonyms.secret(text);
    const credentials =
      user === undefined
        ? ''
        : `${user
            .split(':')
            .map((each) => encode(pseudonyms.secret(decode(each))))
            .join(':')}@`;
    return `${credentials}${pseudonyms.host(host)}${port}`;
  };
  const offered: UrlMask['offered'] = (text) => {
    const [, path = ''] = /^\s*(?:https?:\/\/[^/?#]*)?(\/[^?#;]*)/i.exec(text) ?? [];
    for (const each of path.split('/')) if (words.size < MAX_WORDS && FILE.test(each)) words.add(each);
    return url(text);
  };
  const url: UrlMask['url'] = (text) => {
    const [, blank = '', scheme = '', slashes, host = '', rest = ''] =
      /^(\s*)([A-Za-z][A-Za-z0-9+.-]*:)?(\/\/)?([^/?#]*)([\s\S]*)$/.exec(text) ?? [];
    const isKnown = SCHEMES.test(scheme);
    if (slashes !== undefined) {
      const kept = isKnown || scheme === '' ? scheme : `${pseudonyms.value(scheme.slice(0, -1))}:`;
      return `${blank}${kept}//${authority(host)}${target(rest)}`;
    }
    if (scheme === '') return `${blank}${target(text.slice(blank.length))}`;
    if (!isKnown) return `${blank}${encode(pseudonyms.value(decode(text.slice(blank.length))))}`;
    const behind = text.slice(blank.length + scheme.length);
    if (PHONE_WORDS.test(text.trim())) return `${blank}${scheme}${keepWords(scrub.clean(behind))}`;
    // What a key adds to the URL of an item: later requests have it by its name.
    if (/^QueryStringParam:$/i.test(scheme)) return `${blank}${scheme}${pairs(behind)}`;
    return `${blank}${scheme}${encode(pseudonyms.value(decode(behind)))}`;
  };
  return {
    ...{ url, offered, target, pairs, authority, parameter, isSecretName },
    alias: (text) => (isIP(text) === 0 ? (text.includes('://') ? url(text) : authority(text)) : pseudonyms.host(text)),
    learnWord: (word) => void words.add(word),
    learnSecretName: (name) => void secretNames.add(name.toLowerCase()),
  };
}

/** A `%` that begins no escape is itself, and bytes that are no UTF-8 are Latin-1. */
export function decode(text: string, isForm = false): string {
  const plain = isForm ? text.replaceAll('+', ' ') : text;
  const bytes = plain.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  if (bytes === plain) return plain;
  try {
    return decodeURIComponent(plain.replace(/%(?![0-9A-Fa-f]{2})/g, '%25'));
  } catch {
    return bytes;
  }
}

/** Only what has to be. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(?:3A|40|2C|7E|24|21|2A|27|28|29)/g, (code) => decodeURIComponent(code));
}
