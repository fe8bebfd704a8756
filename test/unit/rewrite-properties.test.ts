/** The rewriter against generated and damaged documents, with saxes as an independent judge of what XML is. */

import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { createServerNames } from '../../src/domain/server-names.ts';
import { rewriteBody } from '../../src/relay/rewrite.ts';

const names = createServerNames([
  { id: 'a', url: 'https://fin-a.example.com:8445', aliases: ['10.1.1.1'], learntName: null },
  { id: 'b', url: 'https://fin-b.example.com:8445', aliases: [], learntName: null },
]);
const rules = { names, service: 'a', publicOrigin: 'https://ippa.example.com' };

// Values: what a URL place may hold, and what has to become of it. Written down, not computed by the code under test.

const ours = fc
  .tuple(
    fc.constantFrom(
      ['https://fin-a.example.com:8445', 'https://ippa.example.com/a'],
      ['HTTP://FIN-A.EXAMPLE.COM:8082', 'https://ippa.example.com/a'],
      ['https://Fin-B.example.com.', 'https://ippa.example.com/b'],
      ['http://10.1.1.1', 'https://ippa.example.com/a'],
      ['//fin-b.example.com:8445', 'https://ippa.example.com/b'],
      ['', '/a'],
    ),
    fc.constantFrom('', 'SEP1', 'SEP1/a?b=1&c="<>\'', 'ü€😀', 'SEP1;j=1#]]>--?>'),
  )
  .map(([[from, to], rest]): [string, string] => [`${from}/fippa/${rest}`, `${to}/fippa/${rest}`]);
const foreign = fc
  .constantFrom(
    'SoftKey:Exit',
    'http://other.example.com/fippa/x',
    'https://fin-a.example.com:8445/desktop?u=/fippa/',
    'https://u@fin-a.example.com:8445/fippa/x',
    '/a/fippa/x',
    'https://ippa.example.com/b/fippa/x',
    'http:',
    '//',
    '&',
    '',
  )
  .map((url): [string, string] => [url, url]);
const space = fc.constantFrom('', '', ' ', '\n\t ');
const value = fc
  .tuple(space, fc.oneof({ weight: 2, arbitrary: ours }, foreign), space)
  .map(([before, [from, to], after]): [string, string] => [before + from + after, before + to + after]);

/** What every value that was generated has to become where it is a URL. */
const expectations = new Map<string, string>();
const remembered = value.map(([from, to]) => {
  expectations.set(from, to);
  return from;
});

// Documents: each value in any of the ways in which XML can write it.

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** One seed per character says how it is written. */
function written(text: string, seeds: readonly number[], inElement: boolean): string {
  return [...text]
    .map((character, i) => {
      const seed = seeds[i % seeds.length] ?? 0;
      const code = character.codePointAt(0) ?? 0;
      if (seed === 1) return `&#${code};`;
      if (seed === 2) return `&#x${code.toString(16)};`;
      if (seed === 3 && inElement) return `<![CDATA[${character}]]>`;
      if (seed === 4 && inElement) return `<!-- / -->${escapes[character] ?? character}<?p /?>`;
      if (!inElement && character < ' ') return `&#${code};`;
      return escapes[character] ?? character;
    })
    .join('');
}

const plainly = fc.constant([0]);
const seeds = fc.oneof(plainly, fc.array(fc.constantFrom(0, 0, 1, 2, 3, 4), { minLength: 1, maxLength: 60 }));
const elementText = fc.tuple(remembered, seeds).map(([text, how]) => written(text, how, true));
const attribute = fc
  .tuple(
    fc.constantFrom('URL', 'url', 'onAppClosed', 'Priority', 'method'),
    remembered,
    seeds,
    fc.constantFrom('"', "'"),
  )
  .map(([name, text, how, quote]): [string, string] => [name, `${name}=${quote}${written(text, how, false)}${quote}`]);
const attributes = fc
  .uniqueArray(attribute, { selector: ([name]) => name, maxLength: 3 })
  .map((list) => list.map(([, text]) => ` ${text}`).join(''));
const elementName = fc.constantFrom(
  'URL',
  'URL',
  'URLDown',
  'Text',
  'Name',
  'SoftKeyItem',
  'url',
  'URLx',
  'QueryStringParam',
  'InputFlags',
);
const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  element: fc
    .tuple(elementName, attributes, tie('content'))
    .map(([name, attrs, content]) =>
      content === '' ? `<${name}${attrs}/>` : `<${name}${attrs}>${content}</${name} >`,
    ),
  content: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    elementText,
    fc
      .array(
        fc.oneof(tie('element'), fc.constantFrom('<!-- <URL>/fippa/</URL> -->', '\n ', 'x', '<?p URL="/fippa/"?>')),
        {
          maxLength: 4,
        },
      )
      .map((parts) => parts.join('')),
  ),
}));
const DOCTYPES = [
  '<!DOCTYPE CiscoIPPhoneMenu>',
  '<!DOCTYPE CiscoIPPhoneText SYSTEM "x.dtd">\n',
  "<!DOCTYPE\nCiscoIPPhoneMenu SYSTEM '<URL>/fippa/</URL>&\"]>' >",
  '<!DOCTYPE CiscoIPPhoneInput PUBLIC "-//Cisco//DTD Phone (x)//EN" \'http://fin-a.example.com/fippa/x.dtd\'>',
];
const page = fc
  .tuple(
    fc.constantFrom('', '<?xml version="1.0" encoding="utf-8"?>\n', '<!-- c --><?p?>'),
    fc.constantFrom('', '', ...DOCTYPES),
    fc.constantFrom('CiscoIPPhoneMenu', 'CiscoIPPhoneInput', 'CiscoIPPhoneExecute'),
    attributes,
    fc.array(element, { maxLength: 6 }),
  )
  .map(
    ([prolog, doctype, root, attrs, elements]) => `${prolog}${doctype}<${root}${attrs}>${elements.join('')}</${root}>`,
  );

// The judge.

/** What stands between `<!DOCTYPE` and `>`: the name of a phone object, SYSTEM or PUBLIC, and one literal or two. */
function isPlainDoctype(text: string): boolean {
  const literals: string[] = [];
  const words = text
    .replace(/"[^"]*"|'[^']*'/g, (literal) => `"${literals.push(literal)}`)
    .split(/[ \t\r\n]/)
    .filter((word) => word !== '')
    .map((word) => (/^"\d$/.test(word) ? '"' : word));
  const [name = '', ...external] = words;
  const publicId = literals[0]?.slice(1, -1) ?? '';
  return (
    /^[ \t\r\n]/.test(text) &&
    /^CiscoIPPhone[\w.:-]*$/.test(name) &&
    (external.length === 0 ||
      external.join(' ') === 'SYSTEM "' ||
      (external.join(' ') === 'PUBLIC " "' && /^[ \r\na-zA-Z0-9\-'()+,./:=?;!*#@$_%]*$/.test(publicId)))
  );
}

type Place = readonly [kind: string, name: string, text: string];

/** Everything a parser sees, in order; null: not well-formed. `isUrl` marks the places that may change. */
function placesOf(xml: string): Place[] | null {
  const places: Place[] = [];
  const open: { name: string; text: string; leaf: boolean }[] = [];
  let sound = true;
  const parser = new SaxesParser();
  parser.on('error', () => {
    sound = false;
  });
  // saxes only looks for the end of it.
  parser.on('doctype', (text) => {
    if (!isPlainDoctype(text)) sound = false;
    places.push(['doctype', '', text]);
  });
  parser.on('opentag', (tag) => {
    const parent = open.at(-1);
    if (parent !== undefined) {
      places.push(['text', '', parent.text]);
      parent.text = '';
      parent.leaf = false;
    }
    places.push(['open', tag.name, '']);
    for (const [name, text] of Object.entries(tag.attributes)) {
      places.push([name === 'URL' || name.startsWith('onApp') ? 'url' : 'attribute', name, text]);
    }
    open.push({ name: tag.name, text: '', leaf: true });
  });
  const add = (text: string): void => {
    const parent = open.at(-1);
    if (parent !== undefined) parent.text += text;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('comment', (text) => places.push(['comment', '', text]));
  parser.on('processinginstruction', ({ target, body }) => places.push(['instruction', target, body]));
  parser.on('closetag', () => {
    const { name, text, leaf } = open.pop() ?? { name: '', text: '', leaf: false };
    places.push([leaf && (name === 'URL' || name === 'URLDown') ? 'url' : 'text', name, text]);
  });
  try {
    parser.write(xml).close();
  } catch {
    return null;
  }
  // Stricter than XML on purpose: phones know version 1.0 only.
  return sound && (parser.xmlDecl.version ?? '1.0') === '1.0' ? places : null;
}

describe('generated pages', () => {
  test('the URLs become what they must, and nothing else changes', () => {
    fc.assert(
      fc.property(page, (xml) => {
        const body = Buffer.from(xml);
        const result = rewriteBody(body, 'text/xml', rules);
        if (result.kind !== 'phone-xml') throw new Error(result.reason);
        const before = placesOf(xml) ?? [];
        const wanted = before.map((place): Place => {
          const [kind, name, text] = place;
          return kind === 'url' ? [kind, name, expectations.get(text) ?? text] : place;
        });
        expect(before).not.toEqual([]);
        expect(placesOf(result.body.toString())).toEqual(wanted);
        const changes = wanted.filter(([, , text], i) => text !== before[i]?.[2]).length;
        expect(result.rewritten).toBe(changes);
        expect(result.body === body).toBe(changes === 0);
      }),
      { numRuns: 1500 },
    );
    // Of each page all that stands around its URLs is compared: that takes its time on a busy machine.
  }, 300_000);

  test('rewriting twice changes nothing more', () => {
    fc.assert(
      fc.property(page, (xml) => {
        const once = rewriteBody(Buffer.from(xml), undefined, rules);
        if (once.kind !== 'phone-xml') throw new Error(once.reason);
        expect(rewriteBody(once.body, once.contentType, rules)).toMatchObject({ body: once.body, rewritten: 0 });
      }),
      { numRuns: 500 },
    );
  });

  test('UTF-16 is rewritten as UTF-8 is', () => {
    fc.assert(
      fc.property(page, (given) => {
        const xml = given.replace('encoding="utf-8"', 'encoding="utf-16"');
        const narrow = rewriteBody(Buffer.from(given), undefined, rules);
        const wide = rewriteBody(Buffer.from(`\ufeff${xml}`, 'utf16le'), undefined, rules);
        if (narrow.kind !== 'phone-xml' || wide.kind !== 'phone-xml') throw new Error('refused');
        expect(wide.body.toString('utf16le').slice(1)).toBe(narrow.body.toString().replace('"utf-8"', '"utf-16"'));
        expect(wide).toMatchObject({ rewritten: narrow.rewritten, page: narrow.page, overlong: narrow.overlong });
      }),
      { numRuns: 300 },
    );
  });
});

describe('damaged pages', () => {
  const markup = fc.constantFrom(
    ...'<>/&;"\'=!-[]?#x \n\0\x01a1',
    ']]>',
    '<!--',
    '-->',
    '<![CDATA[',
    '</URL>',
    '<URL>',
    '&#',
    '<?',
    '?>',
  );
  const damage = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    drop: fc.nat(3),
    insert: fc.oneof(markup, fc.constant('')),
  });
  const damaged = fc.tuple(page, fc.array(damage, { minLength: 1, maxLength: 3 })).map(([xml, damages]) => {
    let text = xml;
    for (const { at, drop, insert } of damages) {
      const place = Math.floor(at * text.length);
      text = text.slice(0, place) + insert + text.slice(place + drop);
    }
    return text.toWellFormed();
  });

  test('are accepted exactly when they are well-formed', () => {
    fc.assert(
      fc.property(damaged, (xml) => {
        const result = rewriteBody(Buffer.from(xml), undefined, rules);
        // saxes takes <?p??>, in which XML wants a space (2.6); the scanner is right to refuse it.
        if (result.kind === 'not-phone-xml' && /<\?[^\s?>]+\?(?!>)/.test(xml)) return;
        // saxes does not look at the name of the encoding.
        if (result.kind === 'not-phone-xml' && result.reason === 'unknown-encoding') return;
        const trimmed = xml.replace(/^[ \t\r\n]+/, '');
        const places = placesOf(trimmed);
        const root = places?.find(([kind]) => kind === 'open')?.[1] ?? '';
        const phoneXml = places !== null && root.startsWith('CiscoIPPhone');
        expect([xml, result.kind]).toEqual([xml, phoneXml ? 'phone-xml' : 'not-phone-xml']);
        if (result.kind === 'phone-xml') expect(placesOf(result.body.toString().trimStart())).not.toBeNull();
      }),
      { numRuns: 5000 },
    );
  });

  test('kept cases', () => {
    expect(rewriteBody(Buffer.from('<?p??><CiscoIPPhoneMenu/>'), undefined, rules).kind).toBe('not-phone-xml');
    expect(rewriteBody(Buffer.from('<?p ??><CiscoIPPhoneMenu/>'), undefined, rules).kind).toBe('phone-xml');
  });

  /** A charset that nobody knows here is named only where all bytes are ASCII. */
  function decode(body: Buffer, charset: string): string {
    const isKnown = ['utf-8', 'utf-16', 'utf-16le', 'utf-16be', 'us-ascii', 'iso-8859-1'].includes(
      charset.toLowerCase(),
    );
    if (!isKnown && body.every((byte) => byte < 0x80)) return body.toString('latin1');
    return new TextDecoder(charset, { fatal: true }).decode(body);
  }

  test('no bytes make it throw, and what comes out can be read in the charset it names', () => {
    const contentType = fc.constantFrom(
      undefined,
      'text/xml',
      'text/xml;charset=utf-8',
      'text/html; charset=iso-8859-1',
      ';charset',
    );
    const flipped = fc.tuple(page, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 })).map(([xml, flips]) => {
      const body = Buffer.from(xml);
      for (const [at, byte] of flips) body[at % body.length] = byte;
      return body;
    });
    const bytes = fc.oneof(
      flipped,
      fc.uint8Array().map((array) => Buffer.from(array)),
    );
    fc.assert(
      fc.property(bytes, contentType, (body, type) => {
        const result = rewriteBody(body, type, rules);
        if (result.kind !== 'phone-xml') return;
        const charset = result.contentType.replace('text/xml; charset=', '');
        const text = decode(result.body, charset);
        expect(placesOf(text.replace(/^[ \t\r\n]+/, ''))).not.toBeNull();
      }),
      { numRuns: 3000 },
    );
  });
});
