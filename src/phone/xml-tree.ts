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
  if (fault !== null) return fault;
  return document.children[0] ?? { line: 1, message: 'no element' };
}
