import { describe, expect, test } from 'vitest';
import { createServerNames } from '../../src/domain/server-names.ts';
import { rewriteBody } from '../../src/relay/rewrite.ts';

const names = createServerNames([{ id: 'a', url: 'https://fin-a:8445', aliases: [], learntName: null }]);
const rules = { names, service: 'a', publicOrigin: 'https://ippa:8445' };
type Bytes = 'utf8' | 'latin1' | 'utf16le' | 'utf16be';

function bytes(text: string, as: Bytes): Buffer {
  return as === 'utf16be' ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text, as);
}

function page(encoding: string | null, text: string, url = 'SoftKey:Exit'): string {
  const declaration = encoding === null ? '' : `<?xml version="1.0" encoding="${encoding}"?>`;
  return `${declaration}<CiscoIPPhoneText><Text>${text}</Text><URL>${url}</URL></CiscoIPPhoneText>`;
}

describe('bytes stay and the header says what they are', () => {
  test.each<[string, string | null, string, Bytes, string | undefined, string]>([
    ['all agree', 'UTF-8', 'ü', 'utf8', 'text/xml;charset=utf-8', 'UTF-8'],
    ['nothing said, ASCII', null, 'u', 'utf8', undefined, 'utf-8'],
    ['nothing said, UTF-8', null, 'ü', 'utf8', 'text/xml', 'utf-8'],
    ['nothing said, not UTF-8', null, 'ü', 'latin1', 'text/xml', 'iso-8859-1'],
    ['header alone', null, 'ü', 'latin1', 'text/html; Charset="ISO-8859-1"', 'ISO-8859-1'],
    ['declaration alone', 'iso-8859-1', 'ü', 'latin1', 'text/xml', 'iso-8859-1'],
    ['declaration right, header wrong', 'iso-8859-1', 'ü', 'latin1', 'text/xml;charset=utf-8', 'iso-8859-1'],
    ['declaration right, header wrong, UTF-8', 'utf-8', 'ü', 'utf8', 'text/xml;charset=iso-8859-1', 'utf-8'],
    ['both could be, ASCII', 'iso-8859-1', 'u', 'utf8', 'text/xml;charset=utf-8', 'iso-8859-1'],
    ['both could be', 'iso-8859-15', 'ü', 'latin1', 'text/xml;charset=iso-8859-1', 'iso-8859-15'],
    ['header unknown', 'utf-8', 'ü', 'utf8', 'text/xml;charset=x-none', 'utf-8'],
    ['header UTF-16 for bytes that are not', null, 'u', 'utf8', 'text/xml;charset=utf-16', 'utf-8'],
    ['byte order mark', null, 'ü', 'utf8', 'text/xml;charset=iso-8859-1', 'utf-8'],
    ['UTF-16 without declaration', null, 'ü', 'utf16le', 'text/xml;charset=utf-8', 'utf-16le'],
    ['UTF-16 with declaration', 'UTF-16', 'ü', 'utf16be', undefined, 'UTF-16'],
    ['UTF-16BE with declaration', 'utf-16be', 'ü', 'utf16be', undefined, 'utf-16be'],
  ])('%s', (name, encoding, text, as, contentType, expected) => {
    const mark = name === 'byte order mark' ? '\ufeff' : '';
    const body = bytes(mark + page(encoding, text), as);
    const result = rewriteBody(body, contentType, rules);
    expect(result).toMatchObject({ kind: 'phone-xml', contentType: `text/xml; charset=${expected}` });
    expect(result.kind === 'phone-xml' && result.body === body).toBe(true);

    const changed = rewriteBody(bytes(mark + page(encoding, text, '/fippa/x'), as), contentType, rules);
    expect(changed).toMatchObject({ body: bytes(mark + page(encoding, text, '/a/fippa/x'), as), rewritten: 1 });
  });

  test('UTF-16 with a byte order mark', () => {
    for (const as of ['utf16le', 'utf16be'] as const) {
      const body = bytes(`\ufeff${page(null, 'ü😀', 'https://fin-a:8445/fippa/x')}`, as);
      expect(rewriteBody(body, undefined, rules)).toMatchObject({
        body: bytes(`\ufeff${page(null, 'ü😀', 'https://ippa:8445/a/fippa/x')}`, as),
        contentType: 'text/xml; charset=utf-16',
      });
    }
  });
});

describe('the declaration is corrected where nothing else can make all three agree', () => {
  test.each<[string, string, Bytes, string | undefined, string]>([
    ['iso-8859-1', 'ü', 'utf8', 'text/xml;charset=utf-8', 'utf-8'],
    ['utf-8', 'ü', 'latin1', 'text/xml;charset=iso-8859-1', 'iso-8859-1'],
    ['utf-8', 'ü', 'latin1', 'text/xml;charset=utf-8', 'iso-8859-1'],
    ['us-ascii', 'ü', 'utf8', undefined, 'utf-8'],
    ['utf-16', 'ü', 'utf8', 'text/xml;charset=utf-8', 'utf-8'],
    ['utf-8', 'ü', 'utf16le', undefined, 'utf-16le'],
  ])('declared %s with %s in %s, header %s', (encoding, text, as, contentType, expected) => {
    const result = rewriteBody(bytes(page(encoding, text, '/fippa/x'), as), contentType, rules);
    expect(result).toMatchObject({
      body: bytes(page(expected, text, '/a/fippa/x'), as),
      contentType: `text/xml; charset=${expected}`,
      rewritten: 1,
    });
  });

  test('behind a byte order mark', () => {
    const result = rewriteBody(bytes(`\ufeff${page('iso-8859-1', 'ü')}`, 'utf8'), undefined, rules);
    expect(result).toMatchObject({ body: bytes(`\ufeff${page('utf-8', 'ü')}`, 'utf8'), rewritten: 0 });
  });
});

test.each(['x-none', 'IBM850', 'windows-31j-x'])('%s is kept where all bytes are ASCII, else refused', (encoding) => {
  const body = Buffer.from(page(encoding, 'u', '/fippa/x'));
  expect(rewriteBody(body, 'text/xml;charset=utf-8', rules)).toMatchObject({
    body: Buffer.from(page(encoding, 'u', '/a/fippa/x')),
    contentType: `text/xml; charset=${encoding}`,
  });
  const unchanged = Buffer.from(page(encoding, 'u'));
  const result = rewriteBody(unchanged, undefined, rules);
  expect(result.kind === 'phone-xml' && result.body === unchanged).toBe(true);
  for (const as of ['utf8', 'latin1'] as const) {
    expect(rewriteBody(bytes(page(encoding, 'ü'), as), 'text/xml;charset=utf-8', rules)).toMatchObject({
      reason: 'unknown-encoding',
    });
  }
});

test.each(['utf-7', 'utf-32', 'ebcdic-cp-us', 'iso-2022-jp'])('%s is refused', (encoding) => {
  expect(rewriteBody(Buffer.from(page(encoding, 'u')), 'text/xml;charset=utf-8', rules)).toEqual({
    kind: 'not-phone-xml',
    reason: 'unknown-encoding',
  });
});

test.each([
  [
    'a byte order mark before bytes that are not UTF-8',
    Buffer.from('\xef\xbb\xbf<CiscoIPPhoneText>\xfc</CiscoIPPhoneText>', 'latin1'),
  ],
  ['half a character of UTF-16', bytes(page(null, ''), 'utf16le').subarray(0, -1)],
  ['half a pair of UTF-16', bytes(page(null, '\ud800'), 'utf16le')],
])('%s is refused', (_, body) => {
  expect(rewriteBody(body, undefined, rules)).toMatchObject({ reason: 'unknown-encoding' });
});

test('multi-byte charsets whose bytes hold ASCII letters keep them', () => {
  // Shift_JIS: the second byte of the first character is a backslash, of the second a capital A.
  const body = Buffer.from(page('Shift_JIS', '\x83\x5c\x83\x41', 'https://fin-a:8445/fippa/x'), 'latin1');
  expect(rewriteBody(body, 'text/xml;charset=Shift_JIS', rules)).toMatchObject({
    body: Buffer.from(page('Shift_JIS', '\x83\x5c\x83\x41', 'https://ippa:8445/a/fippa/x'), 'latin1'),
    contentType: 'text/xml; charset=Shift_JIS',
  });
});
