import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeXml } from '../../src/text/xml-escape.ts';
import {
  createStreamReader,
  MAX_STANZA_BYTES,
  parseXmlDocument,
  StreamError,
  type XmlElement,
} from '../../src/xmpp/stream.ts';

const OPEN =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

function reader() {
  const seen: string[] = [];
  const stanzas: XmlElement[] = [];
  const stream = createStreamReader({
    opened: () => seen.push('opened'),
    stanza: (stanza) => {
      stanzas.push(stanza);
      seen.push(stanza.name);
    },
    oversized: () => seen.push('oversized'),
    closed: () => seen.push('closed'),
  });
  return { seen, stanzas, write: (text: string) => stream.write(Buffer.from(text)), stream };
}

describe('a stream', () => {
  it('becomes stanzas, wherever its bytes are cut', () => {
    const text = `${OPEN}<presence from='fínesse@x'/> <message><body a="1 &lt; 2">ä &amp; 日本</body></message></stream:stream>`;
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        const { seen, stanzas, stream } = reader();
        const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        for (const [index, edge] of edges.entries()) stream.write(bytes.subarray(edges[index - 1] ?? 0, edge));
        expect(seen).toEqual(['opened', 'presence', 'message', 'closed']);
        expect(stanzas[0]?.attributes.get('from')).toBe('fínesse@x');
        expect(stanzas[1]?.children[0]).toMatchObject({ name: 'body', namespace: 'jabber:client', text: 'ä & 日本' });
        expect(stanzas[1]?.children[0]?.attributes.get('a')).toBe('1 < 2');
      }),
    );
  });

  it('reads past a stanza that is too large, and goes on', () => {
    const { seen, write } = reader();
    write(`${OPEN}<message><body>`);
    for (let sent = 0; sent <= MAX_STANZA_BYTES * 2; sent += 16_384) write('x'.repeat(16_384));
    write('</body><x/></message><presence/>');
    expect(seen).toEqual(['opened', 'oversized', 'presence']);
  });

  it.each([
    ['a stanza without end', `<message>${'<a/>'.repeat(300_000)}`],
    ['text without end', `<message>${'x'.repeat(1_100_000)}`],
    ['white space without end', ' '.repeat(1_100_000)],
    ['an attribute without end', `<message a='${'x'.repeat(1_100_000)}`],
    ['nesting without end', '<a>'.repeat(100)],
    ['a comment', '<!-- x -->'],
    ['a processing instruction', '<?x y?>'],
    ['elements that cross', '<a><b></a></b>'],
    ['an unknown entity', '<a>&nbsp;</a>'],
    ['a prefix nobody declared', '<x:a/>'],
    ['a control character', '<a>\u0001</a>'],
  ])('is given up for %s', (_, text) => {
    const { write } = reader();
    write(OPEN);
    expect(() => {
      for (let at = 0; at < text.length; at += 65_536) write(text.slice(at, at + 65_536));
    }).toThrow(StreamError);
  });

  it('is given up for a document type and for bytes that are no UTF-8', () => {
    expect(() => reader().write('<!DOCTYPE x [<!ENTITY a "b">]>')).toThrow(StreamError);
    expect(() => reader().write('HTTP/1.1 400 Bad Request\r\n')).toThrow(StreamError);
    const { stream, write } = reader();
    write(OPEN);
    expect(() => stream.write(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0xfe]))).toThrow(StreamError);
  });

  it('with any bytes ends in stanzas or in StreamError', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 }), fc.boolean(), (chunks, opened) => {
        const { stream, write } = reader();
        try {
          if (opened) write(OPEN);
          for (const chunk of chunks) stream.write(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(StreamError);
        }
      }),
    );
  });
});

describe('a document', () => {
  it('with any text is an element or null', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => void parseXmlDocument(`<a>${text}</a>`)));
    for (const text of ['', 'x', '<a>', '<a/><b/>', '<a></b>', '<!DOCTYPE a><a/>'])
      expect(parseXmlDocument(text)).toBeNull();
  });

  it('gives back what was escaped', () => {
    fc.assert(
      fc.property(fc.string(), (raw) => {
        const text = raw.replace(/[^\x20-\x7e]/g, '');
        const element = parseXmlDocument(`<a b='${escapeXml(text)}'>${escapeXml(text)}</a>`);
        expect([element?.text, element?.attributes.get('b')]).toEqual([text, text]);
      }),
    );
  });
});
