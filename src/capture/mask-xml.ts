/**
 * XML of phones, of SystemInfo and of stanzas. It is parsed first: what is not well-formed, or has a DOCTYPE, is not masked
 * but left out, since nobody knows what it says. Marks and everything between them stay as they were, byte for byte.
 */

import { SaxesParser } from 'saxes';
import { escapeXml } from '../text/xml-escape.ts';
import { decodeXml, maskText, maskXmlText } from './mask-text.ts';
import type { UrlMask } from './mask-url.ts';
import { isWord, keepWords, MAX_VERSION } from './mask-words.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import type { Scrub } from './scrub.ts';

export type XmlMask = (text: string) => string | null;

interface Open {
  readonly name: string;
  /** Of the InputItem it stands in. */
  readonly parameter: string | null;
}

const TOKEN =
  /<!--([\s\S]*?)-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?([\s\S]*?)\?>|<(\/?)([^\s/>]+)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>|([^<]+)/g;
const ATTRIBUTE = /([^\s=]+)(\s*=\s*)(?:"([^"]*)"|'([^']*)')/g;

/** What they hold says how the document works, not who uses it. */
const NUMBERS: ReadonlySet<string> = new Set([
  ...['position', 'locationx', 'locationy', 'width', 'height', 'depth', 'inputflags', 'priority', 'number', 'status'],
  ...['x1', 'y1', 'x2', 'y2', 'windowmode', 'iconindex', 'index', 'left', 'top', 'right', 'bottom'],
]);
/** Of SystemInfo and its notifications. */
const WORDS: ReadonlySet<string> = new Set([
  ...['status', 'deploymenttype', 'lastctiheartbeatstatus', 'finessemmode', 'ctimmode', 'systemauthmode', 'event'],
  ...[
    'timezoneoffset',
    'currenttimestamp',
    'active',
    'source',
    'requestid',
    'alloworphanedcalls',
    'errortype',
    'state',
  ],
]);
const VERSIONS: ReadonlySet<string> = new Set(['version', 'release', 'finesseversion', 'productversion']);
/** Longer ones may be an extension or a PIN. */
const SMALL_NUMBER = /^\s*(?:-?\d{1,3}|[A-Z]{1,3})\s*$/;
const TIME = /^\s*\d{4}-\d\d-\d\dT[\d:.]{5,12}(?:Z|[+-]\d\d:?\d\d)?\s*$/;
const HOSTS: ReadonlySet<string> = new Set(['host', 'xmppdomain', 'xmpppubsubdomain', 'hostname', 'fqdn']);
const IDS: ReadonlySet<string> = new Set([
  'peripheralid',
  'id',
  'extension',
  'loginid',
  'loginname',
  'dialnumber',
  'from',
]);

/** Keys, labels and states as Finesse itself calls them, without spaces and signs. Every other word may be somebody's. */
const VENDOR_KEYS: ReadonlySet<string> = new Set([
  ...['signin', 'signout', 'login', 'logout', 'ready', 'notready', 'wrapup', 'calldata', 'select', 'retry', 'exit'],
  ...['back', 'cancel', 'submit', 'update', 'ok', 'clear', 'next', 'previous', 'more', 'refresh', 'dial', 'search', ''],
]);
const VENDOR_TEXTS: ReadonlySet<string> = new Set([
  ...['id', 'agentid', 'username', 'password', 'extension', 'idextension', 'state', 'ready', 'notready', 'wrapup'],
  ...['talking', 'reserved', 'hold', 'work', 'workready', 'logout', 'signin', 'signout'],
]);
/** Names of the formats themselves. */
const NAMESPACE =
  /^(?:jabber:|urn:(?:ietf|xmpp):|https?:\/\/(?:(?:etherx\.)?jabber\.org|www\.w3\.org|www\.cisco\.com)(?:\/|$))/;

export function createXmlMask(pseudonyms: Pseudonyms, urls: UrlMask, scrub: Scrub, keepNames: boolean): XmlMask {
  const escaped = (raw: string, mask: (text: string) => string): string => {
    const [, before = '', inner = '', after = ''] = /^(\s*)([\s\S]*?)(\s*)$/.exec(raw) ?? [];
    if (inner === '') return raw;
    return `${before}${escapeXml(mask(decodeXml(inner)))}${after}`;
  };
  const jid = (text: string): string =>
    text.replace(/^(?:([^@/]+)@)?([^/]+)(?:\/([\s\S]*))?$/, (_, user, host, resource) => {
      // Finesse's own user is everybody's.
      const who = user === undefined ? '' : `${user === 'finesse' ? user : pseudonyms.value(user)}@`;
      return `${who}${pseudonyms.host(host)}${resource === undefined ? '' : `/${pseudonyms.value(resource)}`}`;
    });

  const content = (raw: string, name: string, around: readonly Open[]): string => {
    if (raw.trim() === '') return raw;
    const lower = name.toLowerCase();
    const parent = around.at(-2)?.name.toLowerCase() ?? '';
    if (/^url/.test(lower) || lower === 'uri') return escaped(raw, urls.offered);
    // A picture: hex alone. Everything else that is called so is text.
    if (lower === 'data' && /^[0-9a-f\s]*$/i.test(raw)) return raw.replace(/[0-9a-f]/gi, '0');
    if (NUMBERS.has(lower) && SMALL_NUMBER.test(raw)) return raw;
    if (lower === 'name' && parent === 'softkeyitem') return softKey(raw);
    if (lower === 'querystringparam')
      return escaped(raw, (text) => (isWord(text) ? scrub.clean(text) : pseudonyms.value(text)));
    if (lower === 'defaultvalue') {
      const parameter = around.findLast((each) => each.parameter !== null)?.parameter ?? '';
      return escaped(raw, (text) => urls.parameter(parameter, text));
    }
    if (urls.isSecretName(name)) return escaped(raw, pseudonyms.secret);
    if (HOSTS.has(lower)) return escaped(raw, (text) => pseudonyms.host(text));
    if (IDS.has(lower)) return escaped(raw, (text) => pseudonyms.value(text));
    if ((WORDS.has(lower) || VERSIONS.has(lower)) && /^[\sA-Za-z0-9_:.()+-]{1,40}$/.test(raw))
      return TIME.test(raw) ? raw : keepWords(scrub.clean(raw), VERSIONS.has(lower) ? MAX_VERSION : undefined);
    if (lower === 'notification') {
      const inner = mask(decodeXml(raw));
      return inner === null ? maskXmlText(raw) : escapeXml(inner);
    }
    return texts(raw);
  };
  /** Line by line. */
  const texts = (raw: string) =>
    raw.replace(/[^\r\n]+/g, (line) =>
      VENDOR_TEXTS.has(bare(line)) && !pseudonyms.names.has(line.trim()) ? scrub.clean(line) : maskXmlText(line),
    );
  /** Without what is known: references stand for characters too. */
  const known = (raw: string) => {
    const plain = decodeXml(raw);
    const cleaned = scrub.clean(plain);
    return cleaned === plain ? scrub.clean(raw) : escapeXml(cleaned);
  };
  /** Words that all agents read; a number in one may be somebody's. */
  const softKey = (raw: string) =>
    keepNames || VENDOR_KEYS.has(bare(decodeXml(raw)))
      ? known(raw).replace(/\d{3,}/g, (digits) => '0'.repeat(digits.length))
      : maskXmlText(raw);

  const nameOf = (name: string) => (name.split(':').every(isWord) ? name : pseudonyms.value(name, false));
  const attribute = (name: string, raw: string, element: string): string => {
    const lower = name.toLowerCase();
    if (lower === 'xml:lang' || lower === 'type') return keepWords(scrub.clean(raw));
    if (lower === 'xmlns' || lower.startsWith('xmlns:')) return NAMESPACE.test(raw) ? raw : escaped(raw, urls.url);
    if (/^url/.test(lower)) return escaped(raw, urls.offered);
    if (NUMBERS.has(lower) && SMALL_NUMBER.test(raw)) return raw;
    if (element === 'item' && lower === 'id') return escaped(raw, (text) => pseudonyms.value(text));
    if (lower === 'node') return escaped(raw, urls.target);
    if (lower === 'from' || lower === 'to' || lower === 'jid') return escaped(raw, jid);
    if (lower === 'id' && keepWords(raw) === raw) return scrub.clean(raw);
    if (lower === 'id') return escaped(raw, (text) => pseudonyms.value(text, false));
    return maskXmlText(raw);
  };

  const mask: XmlMask = (text) => {
    if (!isWellFormed(text)) return null;
    const fields = readFields(text);
    for (const { parameter, isMasked } of fields) if (isMasked && parameter !== null) urls.learnSecretName(parameter);
    const around: Open[] = [];
    let field = -1;
    return text.replace(
      TOKEN,
      (_, comment, cdata, instruction, closes, name: string | undefined, attributes = '', empty, raw) => {
        if (comment !== undefined) return `<!--${maskText(comment)}-->`;
        if (instruction !== undefined)
          return /^xml\s/.test(instruction) ? `<?${keepWords(instruction)}?>` : `<?${maskText(instruction)}?>`;
        const at = around.at(-1)?.name ?? '';
        if (cdata !== undefined) {
          const masked = content(escapeXml(cdata), at, around);
          return `<![CDATA[${decodeXml(masked)}]]>`;
        }
        if (raw !== undefined) return content(raw, at, around);
        if (closes === '/') {
          around.pop();
          return `</${nameOf(name ?? '')}${attributes}>`;
        }
        const local = name?.replace(/^.*:/, '') ?? '';
        if (empty !== '/') {
          const isField = local.toLowerCase() === 'inputitem';
          if (isField) field += 1;
          around.push({ name: local, parameter: isField ? (fields[field]?.parameter ?? null) : null });
        }
        const masked = attributes.replace(
          ATTRIBUTE,
          (__: string, key: string, equals: string, double: string | undefined, single: string) =>
            double === undefined
              ? `${nameOf(key)}${equals}'${attribute(key, single, local)}'`
              : `${nameOf(key)}${equals}"${attribute(key, double, local)}"`,
        );
        return `<${nameOf(name ?? '')}${masked}${empty}>`;
      },
    );
  };
  return mask;
}

/** Letters and digits alone, so that `Not Ready` and `Wrap-Up` are the same as `NotReady` and `WrapUp`. */
function bare(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

function isWellFormed(text: string): boolean {
  let isSound = true;
  const parser = new SaxesParser({ xmlns: false });
  parser.on('error', () => {
    isSound = false;
  });
  parser.on('doctype', () => {
    isSound = false;
  });
  try {
    parser.write(text).close();
  } catch {
    return false;
  }
  return isSound;
}

/** The fields of a form in their order: their parameters, and whether what is typed is shown as stars. */
function readFields(text: string): readonly { readonly parameter: string | null; readonly isMasked: boolean }[] {
  return [...text.matchAll(/<InputItem\b(?:[^>]*\/>|[\s\S]*?<\/InputItem\s*>)/gi)].map(([item]) => {
    const read = (name: string) => {
      const found = new RegExp(`<${name}\\b[^>]*>\\s*(?:<!\\[CDATA\\[)?([^<\\]]*)`, 'i').exec(item)?.[1];
      return found === undefined ? null : decodeXml(found.trim());
    };
    return { parameter: read('QueryStringParam'), isMasked: /P/.test(read('InputFlags') ?? '') };
  });
}
