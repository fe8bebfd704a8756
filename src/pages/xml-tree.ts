/** XML text to a tree whose elements know their line: as much of XML as a page template needs. */

import { SaxesParser } from 'saxes';
import { createTreeBuilder, type XmlNode } from '../text/xml-tree.ts';

interface Tag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Where the element begins, from 1. */
  readonly line: number;
}

export type XmlElement = XmlNode<Tag>;

/** Why a text is no XML document; only the first reason, since the others mostly follow from it. */
export interface XmlFault {
  readonly line: number;
  readonly message: string;
}

export function parseXmlTree(source: string): XmlElement | XmlFault {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const tree = createTreeBuilder<Tag>();
  let fault: XmlFault | null = null;
  let root: XmlElement | null = null;
  let line = 1;
  parser.on('error', (error) => {
    fault ??= { line: parser.line, message: error.message };
  });
  parser.on('opentagstart', () => {
    line = parser.line;
  });
  parser.on('opentag', ({ name, attributes }) => tree.open({ name, attributes: { ...attributes }, line }));
  parser.on('text', tree.addText);
  parser.on('cdata', tree.addText);
  parser.on('closetag', () => {
    const element = tree.close();
    if (tree.depth() === 0) root ??= element;
  });
  parser.write(source).close();
  return firstFault(fault, findBareAmpersand(source)) ?? root ?? { line: 1, message: 'no element' };
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
