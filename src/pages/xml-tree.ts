/** XML text to a tree whose elements know their line: as much of XML as a page template needs. */

import { SaxesParser } from 'saxes';

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The character data directly inside, joined. */
  readonly text: string;
  /** Where the element begins, from 1. */
  readonly line: number;
}

/** Why a text is no XML document; only the first reason, since the others mostly follow from it. */
export interface XmlFault {
  readonly line: number;
  readonly message: string;
}

interface OpenElement {
  readonly name: string;
  readonly line: number;
  readonly children: XmlElement[];
  attributes: Readonly<Record<string, string>>;
  text: string;
}

export function parseXmlTree(source: string): XmlElement | XmlFault {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const document: OpenElement = { name: '', line: 1, children: [], attributes: {}, text: '' };
  const open: OpenElement[] = [document];
  let fault: XmlFault | null = null;
  const innermost = () => open.at(-1) ?? document;
  const addText = (text: string) => {
    innermost().text += text;
  };
  parser.on('error', (error) => {
    fault ??= { line: parser.line, message: error.message };
  });
  parser.on('opentagstart', (tag) => {
    open.push({ name: tag.name, line: parser.line, children: [], attributes: {}, text: '' });
  });
  parser.on('opentag', (tag) => {
    innermost().attributes = { ...tag.attributes };
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const closed = open.pop();
    if (closed !== undefined) innermost().children.push(closed);
  });
  parser.write(source).close();
  const found = firstFault(fault, findBareAmpersand(source));
  if (found !== null) return found;
  return document.children[0] ?? { line: 1, message: 'no element' };
}

/** In comments, CDATA sections and processing instructions it means nothing. */
const AMPERSAND = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|&(?!#?[\p{L}\p{N}_.:-]+;)/gu;

/** The parser takes all up to the next semicolon for the name of an entity, and so reports it lines later or not at all. */
function findBareAmpersand(source: string): XmlFault | null {
  const bare = [...source.matchAll(AMPERSAND)].find(([found]) => found === '&');
  if (bare === undefined) return null;
  return { line: source.slice(0, bare.index).split(/\r\n|\n|\r/).length, message: 'a bare &; write &amp;' };
}

function firstFault(one: XmlFault | null, other: XmlFault | null): XmlFault | null {
  if (one === null || other === null) return one ?? other;
  return one.line < other.line ? one : other;
}
