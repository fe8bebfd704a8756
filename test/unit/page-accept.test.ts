import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeText, foldText, isReadable, selectCharset } from '../../src/pages/charset.ts';
import { cleanLine } from '../../src/pages/limits.ts';
import { parsePreferences, selectLanguage } from '../../src/text/accept.ts';
import { anyText } from '../any-text.ts';

describe('an Accept-… header', () => {
  test.each([
    [undefined, []],
    ['', []],
    ['en', ['en']],
    ['iso-8859-1, utf-8;q=0.8', ['iso-8859-1', 'utf-8']],
    ['a;q=0.2,B;q=0.9 , c', ['c', 'b', 'a']],
    ['utf-8,;q=0.8', ['utf-8']],
    ['a;level=1;q=.5,b;q=0.6', ['b', 'a']],
    ['a;q=nonsense,b;q=0.6', ['a', 'b']],
    [',,;;', []],
  ])('%s is read best first', (header, names) => {
    expect(parsePreferences(header).map((entry) => entry.name)).toEqual(names);
  });
});

describe('the language', () => {
  test.each([
    ['de', 'de'],
    ['de-DE', 'de'],
    ['DE_de', 'de'],
    ['de-AT-1996', 'de'],
    ['fr, de;q=0.5, en;q=0.4', 'de'],
    ['en;q=0.3, de;q=0.8', 'de'],
    ['de;q=0', 'en'],
    ['fr', 'en'],
    ['*', 'en'],
    ['', 'en'],
    [undefined, 'en'],
    ['deutsch', 'en'],
    [';q=0.8,de', 'de'],
  ])('%s is answered in %s', (header, language) => {
    expect(selectLanguage(header, ['en', 'de'])).toBe(language);
  });

  const ALL = 'en bg ca cs da de es fi fr hr hu it ja ko nb nl pl pt-BR ro ru sk sl sr sv tr zh-CN zh-TW'.split(' ');
  test.each([
    ['Bg_BG', 'bg'],
    ['de_DE', 'de'],
    ['zh', 'zh-CN'],
    ['zh_TW', 'zh-TW'],
    ['zh-hk', 'zh-TW'],
    ['zh-Hant', 'zh-TW'],
    ['zh-Hans-HK', 'zh-CN'],
    ['no', 'nb'],
    ['nn_NO', 'nb'],
    ['nb-NO', 'nb'],
    ['pt', 'pt-BR'],
    ['pt_PT', 'pt-BR'],
    ['sr', 'sr'],
    ['sr_Cyrl_RS', 'sr'],
    ['fr;q=x', 'fr'],
    ['xx, ko;q=0.1', 'ko'],
    ['ca_ES@euro', 'ca'],
    ['xx', 'en'],
    ['english_united_kingdom', 'en'],
    ['constructor', 'en'],
    ['a-'.repeat(4000), 'en'],
    [`${'xx,'.repeat(3000)}de`, 'en'],
  ])('B900 of all languages that there are, %s is answered in %s', (header, language) => {
    expect(selectLanguage(header, ALL)).toBe(language);
  });

  test('the first configured language is the fallback', () => {
    expect(selectLanguage('fr', ['de', 'en'])).toBe('de');
  });

  test('a language that is not configured is never chosen', () => {
    expect(selectLanguage('de', ['en'])).toBe('en');
  });

  test('a regional variant serves the plain language, the exact one comes first', () => {
    expect(selectLanguage('pt', ['en', 'pt-BR'])).toBe('pt-BR');
    expect(selectLanguage('pt', ['pt-BR', 'pt'])).toBe('pt');
    expect(selectLanguage('pt-br', ['pt', 'pt-BR'])).toBe('pt-BR');
  });
});

describe('the charset', () => {
  test.each([
    ['iso-8859-1, utf-8;q=0.8', 'iso-8859-1', true],
    ['utf-8,iso-8859-1;q=0.8', 'utf-8', true],
    ['utf-8,;q=0.8', 'utf-8', true],
    ['ISO-8859-1', 'iso-8859-1', false],
    ['us-ascii', 'us-ascii', false],
    ['us-ascii;q=0.2, latin1;q=0.7', 'iso-8859-1', false],
    ['shift_jis, iso-8859-1;q=0.1', 'iso-8859-1', false],
    ['shift_jis', 'utf-8', true],
    ['*', 'utf-8', true],
    ['iso-8859-1, *;q=0.1', 'iso-8859-1', true],
    ['utf-8;q=0, iso-8859-1;q=0.5', 'iso-8859-1', false],
    ['iso-8859-1;q=0', 'utf-8', true],
    ['', 'utf-8', true],
    [undefined, 'utf-8', true],
    // Kept: what every object answers to is no charset.
    ['__proto__', 'utf-8', true],
    ['constructor, iso-8859-1', 'iso-8859-1', false],
  ])('%s means %s', (header, charset, acceptsUtf8) => {
    expect(selectCharset(header)).toEqual({ charset, acceptsUtf8 });
  });

  test.each([
    ['Köln …', 'Köln ...', 'Koln ...'],
    ['Łódź', 'Lódz', 'Lodz'],
    ['größer „ß“ – €', 'größer "ß" - EUR', 'grosser "ss" - EUR'],
    ['Готов, щит', 'Gotov, shchit', 'Gotov, shchit'],
    ['就绪', 'JiuXu', 'JiuXu'],
    ['준비', 'JunBi', 'JunBi'],
    ['サーバ', 'saba', 'saba'],
    // In two characters what is one in ISO-8859-1, and what is not.
    ['e\u0301 z\u030c', 'é z', 'e z'],
    // The name of an emoji says nothing and takes the place of what does.
    ['A👩‍👩‍👧 👍🏽B ❤️', 'A B ', 'A B '],
    ['™ ★ →', 'TM * >', 'TM * >'],
    // For private use: nobody knows what it is.
    ['\ue000 \ufffd', '? ?', '? ?'],
    ['', '', ''],
  ])('B903 %s is spelt in what a charset has, and only what it lacks', (text, latin, ascii) => {
    expect(foldText(text, 'utf-8')).toBe(text);
    expect(foldText(text, 'iso-8859-1')).toBe(latin);
    expect(foldText(text, 'us-ascii')).toBe(ascii);
  });

  test('B903 nothing but what it has is left of any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(foldText(cleanLine(text), 'iso-8859-1')).toMatch(/^[ -~\u00a0-\u00ff]*$/);
        expect(foldText(cleanLine(text), 'us-ascii')).toMatch(/^[ -~]*$/);
      }),
    );
  });

  test.each([
    ['Zurück', true],
    ['Готов', true],
    ['Έτοιμο', true],
    ['1ª línea', true],
    ['就绪', false],
    ['受信可', false],
    ['준비', false],
    ['מוכן', false],
    ['Finesse と受信可にしてください', false],
    ['', true],
  ])('B907 whether %s can be read as it is spelt: %s', (text, readable) => {
    expect(isReadable(text, 'iso-8859-1')).toBe(readable);
    expect(isReadable(text, 'us-ascii')).toBe(readable);
    expect(isReadable(text, 'utf-8')).toBe(true);
  });

  test('bytes are in the charset', () => {
    expect(encodeText('ü', 'iso-8859-1')).toBe('\xfc');
    expect(encodeText('ü', 'utf-8')).toBe('\xc3\xbc');
  });
});
