/** SOAP 1.1 as AXL speaks it: a tree to text and text to a tree. Pure. */

import { SaxesParser } from 'saxes';

/** An element to write: text, or elements in the order that the schema wants. */
export interface Tag {
  readonly name: string;
  readonly content: string | readonly Tag[];
}

export function tag(name: string, content: string | readonly Tag[] = ''): Tag {
  return { name, content };
}

/**
 * The envelope of one operation. Only its root element is in the namespace of the version; all others have none
 * (reference/unified-cm-axl.md §1).
 */
export function renderRequest(operation: string, version: string, content: readonly Tag[]): string {
  const body = `<ns:${operation} xmlns:ns="${axlNamespace(version)}">${content.map(renderTag).join('')}</ns:${operation}>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">' +
    `<soapenv:Header/><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`
  );
}

export function axlNamespace(version: string): string {
  return `http://www.cisco.com/AXL/API/${version}`;
}

function renderTag({ name, content }: Tag): string {
  if (content.length === 0) return `<${name}/>`;
  return `<${name}>${typeof content === 'string' ? escapeText(content) : content.map(renderTag).join('')}</${name}>`;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };

function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? '');
}

/** An element that was read. Names are local: releases differ in where they put namespaces. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** Its own text, exactly. */
  readonly text: string;
}

type Open = { name: string; attributes: Record<string, string>; children: Element[]; text: string };

/** Deeper than any answer of AXL. */
const MAX_DEPTH = 64;

/** The root element, or null when the text is not one well-formed document without a document type. */
export function parseXml(text: string): Element | null {
  const parser = new SaxesParser();
  const open: Open[] = [];
  let root: Open | null = null;
  let failed = false;
  const fail = () => {
    failed = true;
  };
  parser.on('error', fail);
  parser.on('doctype', fail);
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length >= MAX_DEPTH) failed = true;
    if (failed) return;
    const element: Open = { name: localName(name), attributes: { ...attributes }, children: [], text: '' };
    open.at(-1)?.children.push(element);
    open.push(element);
    root ??= element;
  });
  const addText = (more: string) => {
    const element = open.at(-1);
    if (element !== undefined) element.text += more;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => void open.pop());
  parser.write(text).close();
  return failed ? null : root;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

export function child(element: Element | null, ...path: readonly string[]): Element | null {
  return path.reduce<Element | null>((at, name) => at?.children.find((each) => each.name === name) ?? null, element);
}

export function childrenOf(element: Element | null, name: string): readonly Element[] {
  return element?.children.filter((each) => each.name === name) ?? [];
}

/** Text of a child; '' for none, which AXL does not tell from an empty one. */
export function textOf(element: Element | null, ...path: readonly string[]): string {
  return child(element, ...path)?.text ?? '';
}

/** The first element of that name anywhere below. */
export function descendant(element: Element | null, name: string): Element | null {
  for (const each of element?.children ?? []) {
    const found = each.name === name ? each : descendant(each, name);
    if (found !== null) return found;
  }
  return null;
}
