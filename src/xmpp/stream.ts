/**
 * The XML of an XMPP stream (RFC 6120 §4): bytes in, whole stanzas out. The server is not trusted: what it sends may
 * cost neither memory without bound nor the process.
 */

import { SaxesParser, type SaxesTagNS } from 'saxes';
import { createTreeBuilder, type XmlNode } from '../text/xml-tree.ts';

interface Tag {
  /** Without a prefix. */
  readonly name: string;
  readonly namespace: string;
  /** By the name as written. */
  readonly attributes: ReadonlyMap<string, string>;
}

export type XmlElement = XmlNode<Tag>;

export interface StreamEvents {
  readonly opened: () => void;
  readonly stanza: (stanza: XmlElement) => void;
  /** A stanza over MAX_STANZA_BYTES was read past. */
  readonly oversized: () => void;
  readonly closed: () => void;
}

export interface StreamReader {
  /** Throws StreamError when the bytes are no XMPP stream; nothing may be written after that. */
  write(bytes: Uint8Array): void;
}

export class StreamError extends Error {}

/** Larger than any real one (a SystemInfo notification has about 3 KiB). Larger stanzas are passed over. */
export const MAX_STANZA_BYTES = 64 * 1024;
/** The parser holds the text of one stanza whole: beyond this the stream is given up. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_DEPTH = 32;

export function createStreamReader(events: StreamEvents): StreamReader {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const tree = createTreeBuilder<Tag>();
  let depth = 0;
  let stanzaBytes = 0;
  let isOversized = false;

  const parser = createParser({
    opened(tag) {
      depth++;
      if (depth > MAX_DEPTH) throw new StreamError('elements are nested too deeply');
      if (depth === 1) events.opened();
      else if (!isOversized) tree.open(readTag(tag));
    },
    text: tree.addText,
    closed() {
      depth--;
      if (depth === 0) events.closed();
      const element = tree.close();
      if (depth !== 1) return;
      const wasOversized = isOversized;
      [stanzaBytes, isOversized] = [0, false];
      if (wasOversized) events.oversized();
      else if (element !== null) events.stanza(element);
    },
  });

  return {
    write(bytes) {
      stanzaBytes += bytes.length;
      if (stanzaBytes > MAX_BUFFERED_BYTES) throw new StreamError('a stanza is larger than 1 MiB');
      // Only what is not yet whole: a chunk may hold many small stanzas.
      if (stanzaBytes > MAX_STANZA_BYTES + bytes.length && depth > 1) {
        isOversized = true;
        tree.clear();
      }
      parser.write(decode(decoder, bytes));
    },
  };
}

function decode(
  decoder: { decode(bytes: Uint8Array, options: { stream: boolean }): string },
  bytes: Uint8Array,
): string {
  try {
    return decoder.decode(bytes, { stream: true });
  } catch {
    throw new StreamError('bytes that are not UTF-8');
  }
}

interface ParserEvents {
  readonly opened: (tag: SaxesTagNS) => void;
  readonly text: (text: string) => void;
  readonly closed: () => void;
}

/** RFC 6120 §11.1 forbids comments, processing instructions and document types; they are refused. */
function createParser(events: ParserEvents): SaxesParser<{ xmlns: true }> {
  const parser = new SaxesParser({ xmlns: true, position: false });
  const refuse = (what: string) => () => {
    throw new StreamError(`${what} in a stream`);
  };
  parser.on('error', () => {
    throw new StreamError('not well-formed XML');
  });
  parser.on('doctype', refuse('a document type'));
  parser.on('comment', refuse('a comment'));
  parser.on('processinginstruction', refuse('a processing instruction'));
  parser.on('opentag', events.opened);
  parser.on('text', events.text);
  parser.on('cdata', events.text);
  parser.on('closetag', events.closed);
  return parser;
}

function readTag(tag: SaxesTagNS): Tag {
  const attributes = new Map(Object.values(tag.attributes).map(({ name, value }) => [name, value]));
  return { name: tag.local, namespace: tag.uri, attributes };
}

/** The root element of a whole document, or null when it is not well-formed, too large or has a document type. */
export function parseXmlDocument(text: string): XmlElement | null {
  if (text.length > MAX_STANZA_BYTES) return null;
  const tree = createTreeBuilder<Tag>();
  let root: XmlElement | null = null;
  try {
    const parser = createParser({
      opened(tag) {
        if (tree.depth() >= MAX_DEPTH) throw new StreamError('elements are nested too deeply');
        tree.open(readTag(tag));
      },
      text: tree.addText,
      closed() {
        const element = tree.close();
        if (tree.depth() === 0) root = element;
      },
    });
    parser.write(text).close();
    return root;
  } catch (error) {
    if (error instanceof StreamError) return null;
    throw error;
  }
}

export function child(element: XmlElement | undefined, name: string, namespace?: string): XmlElement | undefined {
  return element?.children.find((c) => c.name === name && (namespace === undefined || c.namespace === namespace));
}

/** The name of a condition (RFC 6120 §4.9.3, §8.3.3); what looks like none is not repeated. */
export function readCondition(element: XmlElement | undefined, otherwise = 'no condition'): string {
  const name = element?.name ?? '';
  return /^[a-z-]{1,40}$/.test(name) ? name : otherwise;
}

/** The condition of a stanza of type error. */
export function readStanzaError(stanza: XmlElement): string {
  return readCondition(child(stanza, 'error')?.children.find(({ name }) => name !== 'text'));
}
