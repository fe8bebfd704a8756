/** A small XML writer and reader of the simulator's own, so that it shares no mistake with the code it tests. */

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text or attribute value as XML; characters that XML 1.0 forbids are left out. */
export function escapeXml(text: string): string {
  return Array.from(text)
    .filter(isXmlCharacter)
    .join('')
    .replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? '');
}

function isXmlCharacter(character: string): boolean {
  return character >= ' ' || character === '\n' || character === '\t' || character === '\r';
}

/** `<name>text</name>`. */
export function leaf(name: string, text: string | number): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`;
}

/** `<name>…</name>` around XML that is already written. */
export function group(name: string, children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Character data directly inside, joined. */
  readonly text: string;
}

export class XmlError extends Error {}

interface OpenElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
}

const TOKEN =
  /<!\[CDATA\[([\s\S]*?)\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;

/** The root element. Throws XmlError for anything that is not one well-formed element (document types are refused). */
export function parseXml(source: string): XmlElement {
  const text = source.replace(/^\ufeff/, '');
  const open: OpenElement[] = [{ name: '', attributes: {}, children: [], text: '' }];
  const token = new RegExp(TOKEN);
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    const top = open.at(-1);
    if (match === null || top === undefined) throw new XmlError(`not well-formed at character ${at}`);
    readToken(match, open, top);
  }
  const document = open[0];
  const root = document?.children[0];
  if (open.length !== 1 || root === undefined || document?.children.length !== 1) throw new XmlError('not one element');
  if (document.text.trim() !== '') throw new XmlError('text outside the root element');
  return root;
}

function readToken(match: RegExpExecArray, open: OpenElement[], top: OpenElement): void {
  const [whole, data, closing, opening, attributes = '', selfClosing] = match;
  if (data !== undefined) top.text += data;
  else if (closing !== undefined) {
    if (open.length === 1 || top.name !== closing) throw new XmlError(`</${closing}> closes nothing`);
    open.pop();
    open.at(-1)?.children.push(top);
  } else if (opening !== undefined) {
    const element = { name: opening, attributes: readAttributes(attributes), children: [], text: '' };
    if (selfClosing === '/') top.children.push(element);
    else open.push(element);
  } else if (!whole.startsWith('<')) top.text += decode(whole);
}

function readAttributes(source: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of source.matchAll(/([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')/g)) {
    if (name in found) throw new XmlError(`attribute ${name} twice`);
    found[name] = decode(value.slice(1, -1));
  }
  return found;
}

function decode(text: string): string {
  return text.replace(/&([^;&\s]*);?/g, (whole, name: string) => {
    if (!whole.endsWith(';')) throw new XmlError('an ampersand that begins no reference');
    const number = /^#(?:x([0-9a-fA-F]+)|(\d+))$/.exec(name);
    if (number !== null) {
      const code = number[1] !== undefined ? Number.parseInt(number[1], 16) : Number(number[2]);
      if (code > 0x10ffff) throw new XmlError('a character reference beyond Unicode');
      return String.fromCodePoint(code);
    }
    const entity = ENTITIES[name];
    if (entity === undefined) throw new XmlError(`unknown entity ${name}`);
    return entity;
  });
}
