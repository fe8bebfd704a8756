import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { breakLines, cleanLine, countCodePoints, cutText, isPageUrl } from '../../src/pages/limits.ts';
import { escapeXml } from '../../src/text/xml-escape.ts';
import { anyText } from '../any-text.ts';

const graphemes = (text: string) => [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);

describe('cutting a text', () => {
  test.each([
    ['Finesse A', 32, 'Finesse A'],
    ['12345', 5, '12345'],
    ['123456', 5, '1234…'],
    ['123 56', 5, '123…'],
    ['📞📞📞', 3, '📞📞📞'],
    ['📞📞📞📞', 3, '📞📞…'],
    ['ab👩‍👩‍👧cdef', 6, 'ab…'],
    ['abe\u0301\u0302fgh', 5, 'ab…'],
    ['👩‍👩‍👧‍👦', 4, '…'],
    [`e${'\u0301'.repeat(40)}`, 32, '…'],
    // Jamo of one syllable; Thai and Devanagari vowels; two flags.
    ['ab\u1112\u1161\u11ab\u1112\u1161', 5, 'ab…'],
    ['กำกำกำ', 4, 'กำ…'],
    ['नमस्ते', 4, 'नम…'],
    ['🇩🇪🇫🇷', 3, '🇩🇪…'],
    ['שלום עולם', 5, 'שלום…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('B904 %s to %i', (text, limit, expected) => {
    expect(cutText(text, limit, '…')).toBe(expected);
  });

  test('three dots count three', () => {
    expect(cutText('1234567', 6, '...')).toBe('123...');
  });

  test('B904 never overflows, keeps whole sequences from the start, changes nothing that fits', () => {
    const texts = fc.string({ unit: 'grapheme', maxLength: 80 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 64 }), (text, limit) => {
        const cut = cutText(text, limit, '…');
        expect(countCodePoints(cut)).toBeLessThanOrEqual(limit);
        expect(cut.isWellFormed()).toBe(true);
        if (countCodePoints(text) <= limit) expect(cut).toBe(text);
        else {
          const kept = cut.slice(0, -1);
          expect(cut.endsWith('…')).toBe(true);
          // As many of the first characters as leave room for the ellipsis, and no more.
          let whole = '';
          for (const each of graphemes(text)) {
            if (countCodePoints(whole + each) > limit - 1) break;
            whole += each;
          }
          expect(kept).toBe(whole.trimEnd());
        }
      }),
    );
  });
});

describe('a name', () => {
  test.each([
    ['Finesse A', 'Finesse A'],
    ['two\r\nlines', 'two lines'],
    ['a\tb\u2028c', 'a b c'],
    ['bell\u0007 nul\u0000 del\u007f c1\u0090', 'bell nul del c1'],
    ['\u202eoverride\u2066', 'override'],
    ['no\ufffecharacter\uffff', 'nocharacter'],
    ['lone \ud83d high', 'lone \ufffd high'],
    ['lone \udcde low', 'lone \ufffd low'],
    ['  Köln  ', 'Köln'],
    ['שירות א', 'שירות א'],
  ])('%j is shown as %j', (name, shown) => {
    expect(cleanLine(name)).toBe(shown);
  });

  test('of any characters holds no control character and no lone surrogate', () => {
    fc.assert(
      fc.property(anyText, (name) => {
        expect(cleanLine(name)).not.toMatch(/[\p{Cc}\p{Cs}\ufffe\uffff]/u);
      }),
    );
  });
});

describe('breaking a line', () => {
  test.each([
    ['Sign in on Finesse B', 40, 3, 'Sign in on Finesse B'],
    ['one two three', 7, 3, 'one two\nthree'],
    ['one two three four', 5, 3, 'one\ntwo\nthree four'],
    ['unbreakable', 4, 3, 'unbreakable'],
    ['on unbreakable', 4, 3, 'on\nunbreakable'],
    ['one two three', 7, 1, 'one two three'],
    ['📞📞 📞📞', 9, 3, '📞📞 📞📞'],
    ['📞📞 📞📞', 5, 3, '📞📞\n📞📞'],
    // An East Asian character takes two columns, and a line may end after any but an opening mark.
    ['请登录然后按就绪', 8, 3, '请登录然\n后按就绪'],
    ['请登录，然后按', 6, 3, '请登\n录，然\n后按'],
    ['按「就绪」', 4, 3, '按\n「就\n绪」'],
    ['再看：Finesse A', 13, 3, '再看：Finesse\nA'],
    ['e\u0301\u0301 e\u0301', 3, 3, 'e\u0301\u0301 e\u0301'],
    ['한국어 페이지', 6, 3, '한국어\n페이지'],
  ])('B902 %s at %i, %i lines', (text, columns, lines, expected) => {
    expect(breakLines(text, { columns, lines })).toBe(expected);
  });
});

test('the five characters of XML are escaped', () => {
  expect(escapeXml(`a<b>&"c'`)).toBe('a&lt;b&gt;&amp;&quot;c&apos;');
  expect(escapeXml(']]>')).toBe(']]&gt;');
});

test('a URL on a page is printable ASCII of 1 to 256 characters', () => {
  expect(isPageUrl('http://a/'.padEnd(256, 'x'))).toBe(true);
  expect(isPageUrl('http://a/'.padEnd(257, 'x'))).toBe(false);
  for (const url of ['', 'http://a/ b', 'http://a/\n', 'http://ä/', 'http://a/\ud800'])
    expect(isPageUrl(url)).toBe(false);
});
