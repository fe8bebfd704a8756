/** Bytes of an answer to text, and text to a plain tree of elements. Knows nothing of phone objects. */

import { SaxesParser } from 'saxes';
import type { Charset } from './models.ts';

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own text, CDATA included, without that of its children. */
  readonly text: string;
}

export type TreeResult = { readonly root: XmlElement } | { readonly fault: string };

/** Parses a whole document strictly. A document type is a fault: no phone reads one, and entities are a risk. */
export function parseXmlTree(text: string): TreeResult {
  const parser = new SaxesParser();
  type Open = { name: string; attributes: Record<string, string>; children: XmlElement[]; text: string };
  const open: Open[] = [];
  let root: XmlElement | undefined;
  let fault: string | undefined;
  // The handler's error also stops saxes from going on in its lenient mode.
  const fail = (message: string) => {
    fault ??= message;
  };
  parser.on('error', (error) => fail(error.message));
  parser.on('doctype', () => fail('document type declaration'));
  parser.on('opentag', (tag) => {
    const element: Open = { name: tag.name, attributes: { ...tag.attributes }, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
    root ??= element;
  });
  const addText = (more: string) => {
    const element = open.at(-1);
    if (element) element.text += more;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(text).close();
  if (fault !== undefined) return { fault };
  return root ? { root } : { fault: 'empty document' };
}

/** The encoding that the XML declaration at the very start of the bytes names, in lower case. */
export function declaredEncoding(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  return /^(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([^"']+)["']/.exec(start)?.[1]?.toLowerCase();
}

/** Decodes strictly; undefined when the bytes are not of that charset. */
export function decodeBytes(bytes: Uint8Array, charset: Charset): string | undefined {
  if (charset === 'iso-8859-1') return Buffer.from(bytes).toString('latin1');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
