/** What holds for every language that there is: the same words as the English ones, and room for them on every phone. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { PageView } from '../../src/pages/page-view.ts';
import { renderPage } from '../../src/pages/renderer.ts';
import { type Language, type LanguageText, OUTAGE_CAUSES, PAGE_NAMES, type Part } from '../../src/pages/template.ts';
import { loadPages } from '../../src/pages/templates.ts';
import { textLines } from '../../src/simulators/phone/frame.ts';
import { type PhoneModel, phoneHeaders, phoneModels } from '../../src/simulators/phone/models.ts';
import { parsePhoneXml } from '../../src/simulators/phone/page.ts';
import type { Screen } from '../../src/simulators/phone/screen.ts';

const FOLDER = fileURLToPath(new URL('../../phone-xml', import.meta.url));
/** What Finesse's desktop offers (reference/capture.md §5). */
const OFFERED = 'bg ca cs da de en es fi fr hr hu it ja ko nb nl pl pt-BR ro ru sk sl sr sv tr zh-CN zh-TW'.split(' ');
const templates = loadPages({ folder: null, languages: 'auto', help: null });
const others = templates.languages.filter(({ code }) => code !== 'en');
const english = languageOf('en');

function languageOf(code: string): Language {
  const found = templates.languages.find((language) => language.code === code);
  if (found === undefined) throw new Error(`no language ${code}`);
  return found;
}

function textOf({ texts }: Language, key: string): LanguageText {
  const text = texts.get(key);
  if (text === undefined) throw new Error(`no text ${key}`);
  return text;
}

const slotOf = (part: Part) => (typeof part === 'object' && 'slot' in part ? [part.slot] : []);
const literal = (parts: readonly Part[]) => parts.filter((part) => typeof part === 'string').join(' ');
const keys = [...english.texts.keys()];
/** White space apart: where a line is broken is not the matter. */
const close = (text: string) => text.replace(/\s/g, '');
/** The literal words of the last wording of a text. */
const words = (language: Language, key: string) => literal(textOf(language, key).wordings.at(-1) ?? []);
/** The first of them, for texts of which no wording but the first says all. */
const said = (language: Language, key: string) => literal(textOf(language, key).wordings[0] ?? []);

test('B900 there is a file for each language of Finesse, and `auto` offers them all, English first', () => {
  expect(readdirSync(join(FOLDER, 'languages')).toSorted()).toEqual(OFFERED.map((code) => `${code}.yaml`));
  expect(templates.languages[0].code).toBe('en');
  expect(templates.languages.map(({ code }) => code).toSorted()).toEqual(OFFERED);
});

test("B901 checked as if they were the administrator's own, all of them are right, with the longest help line too", () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-languages-'));
  try {
    cpSync(FOLDER, folder, { recursive: true });
    // Three bytes for each of as many characters as `pages.help` may have.
    expect(() => loadPages({ folder, languages: 'auto', help: '網'.repeat(64) })).not.toThrow();
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 180_000);

describe.each(others.map((language) => [language.code, language] as const))('B901 %s', (code, language) => {
  test('has the texts of the English file and no others', () => {
    expect([...language.texts.keys()]).toEqual(keys);
  });

  test('names in each text what the English one names, in its longest wording the same, in a shorter one nothing more', () => {
    for (const key of keys) {
      const [first = [], ...shorter] = textOf(language, key).wordings.map((parts) => parts.flatMap(slotOf).toSorted());
      const [expected = []] = textOf(english, key).wordings.map((parts) => parts.flatMap(slotOf).toSorted());
      expect([key, ...first]).toEqual([key, ...expected]);
      for (const each of shorter) for (const slot of each) expect([key, ...expected]).toContain(slot);
    }
  });

  test('has as many paragraphs, about as many sentences, and the same numbers', () => {
    for (const key of keys) {
      const [mine, theirs] = [said(language, key), said(english, key)];
      expect([key, mine.split('\n').length]).toEqual([key, theirs.split('\n').length]);
      // What English writes in words a language may write in figures.
      const numbers = theirs.replace('three minutes', '3').replace('five minutes', '5');
      const figures = (text: string) => `${key} ${text.match(/\d/g) ?? ''}`;
      expect([figures(theirs), figures(numbers)]).toContain(figures(mine));
      // A colon of one language may be the full stop of another.
      const sentences = (text: string) =>
        text.split(/[.:;!?。：；！？]+/).filter((each) => /[\p{L}\p{N}]/u.test(each)).length;
      if (key.endsWith('.text'))
        expect(`${key} ${Math.abs(sentences(mine) - sentences(theirs)) <= 2}`).toBe(`${key} true`);
    }
  });

  test('holds no English words but names and those that both languages have', () => {
    const shared = new Set([...NAMES, ...(SHARED[code] ?? '').split(' ')]);
    for (const key of keys) {
      const wordsIn = (text: string) => text.match(/(?<![\p{L}])[A-Za-z]{4,}(?![\p{L}])/gu) ?? [];
      const theirs = new Set(textOf(english, key).wordings.flatMap((parts) => wordsIn(literal(parts)).map(lower)));
      const mine = textOf(language, key).wordings.flatMap((parts) => wordsIn(literal(parts)).map(lower));
      const untranslated = mine.filter((word) => theirs.has(word) && !shared.has(word));
      expect([key, ...untranslated]).toEqual([key]);
    }
  });

  test('names the keys as they are called', () => {
    // Exit is pressed on these pages.
    const exit = said(language, 'keys.exit');
    for (const key of ['messages.badAddress.text', 'messages.tooLong.text', 'messages.unknownService.text'])
      expect(close(said(language, key)).toLowerCase()).toContain(close(exit).toLowerCase().slice(0, 5));
  });

  test('writes in its own script', () => {
    const script = SCRIPTS[code];
    if (script === undefined) return;
    for (const key of keys) {
      const text = literal(textOf(language, key).wordings.flat()).replace(
        /Finesse|Unified CM|Notification Service|CTI|DEVICENAME/g,
        '',
      );
      expect([key, ...(text.match(/[A-Za-z]{2,}/g) ?? [])]).toEqual([key]);
      if (/[^\s\d()?/…]{2,}/.test(text)) expect(`${key} ${text}`).toMatch(script);
    }
  });
});

const lower = (word: string) => word.toLowerCase();
const NAMES = ['finesse', 'unified', 'notification', 'service', 'devicename'];
/** Words that are the language's own as well. */
const SHARED: Readonly<Record<string, string>> = {
  ca: 'moment',
  cs: 'server',
  da: 'server administrator',
  de: 'server',
  fr: 'sites page pages minutes moment maintenance notifications menu services site action messages',
  it: 'server menu',
  nb: 'administrator',
  nl: 'server moment later open menu',
  pl: 'menu',
  'pt-BR': 'menu',
  ro: 'server',
  sk: 'server',
  sr: 'server',
  sv: 'server just',
};
const SCRIPTS: Readonly<Record<string, RegExp>> = {
  bg: /\p{Script=Cyrillic}/u,
  ru: /\p{Script=Cyrillic}/u,
  ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u,
  ko: /\p{Script=Hangul}/u,
  'zh-CN': /\p{Script=Han}/u,
  'zh-TW': /\p{Script=Han}/u,
};

const entry = 'http://ippa.example.com:8082/a/fippa/SEP001122334455';
/** As long as a configuration allows, with and without a place to break it. */
const LONGEST = ['Finesse Frankfurt Mitte Server 12'.slice(0, 32), 'x'.repeat(32)];
const view: PageView = {
  ...{ page: 'reconnecting', service: 'Finesse A', attempt: 1, attempts: 3, alternates: [], message: null },
  ...{ retryUrl: `${entry}?id=1001&extension=2001`, exitUrl: `${entry}/~exit`, gone: null, drained: false },
  ...{ cause: null, callStays: true, hurry: false },
};
/** One for each room that an item has, and the one with the fewest lines. */
const MODELS = ['CP-7970G', 'CP-7841', 'CP-7832', 'CP-8841', 'CP-8821', 'CP-8875', 'DP-9841'].map((name) => {
  const found = phoneModels.find((model) => model.name === name);
  if (found === undefined) throw new Error(`no model ${name}`);
  return found;
});

function situations(name: string): readonly PageView[] {
  const alternate = { name, url: `${entry}/~to/b` };
  const messages = [null, 'notDone', 'noAnswer', 'mayHaveHappened', 'badAnswer', 'busy', 'internal'] as const;
  const about = PAGE_NAMES.flatMap((page) =>
    [[], [alternate]].map((alternates) => ({ ...view, page, service: name, alternates })),
  );
  const signOutUrl = `${entry}/~signout`;
  return about.flatMap((each) => [
    ...messages.map((message) => ({ ...each, message })),
    { ...each, gone: name },
    { ...each, drained: true },
    { ...each, drained: true, gone: name },
    { ...each, notice: '18:30' },
    { ...each, signOutUrl, doubtful: each.alternates.length > 0 },
    { ...each, callStays: false },
    { ...each, attempt: 10, attempts: 10 },
    ...OUTAGE_CAUSES.map((cause) => ({ ...each, cause, hurry: true })),
    { ...each, cause: 'restarting' as const, attempt: 10, attempts: 10 },
  ]);
}

function bodyOf(shown: PageView, phone: PhoneModel, language: string, charset = 'utf-8'): string {
  const headers = phoneHeaders(phone, language, charset);
  return renderPage(templates, shown, {
    modelName: headers['x-CiscoIPPhoneModelName'],
    userAgent: headers['User-Agent'],
    acceptLanguage: language,
    acceptCharset: charset,
  }).body;
}

function read(body: string, phone: PhoneModel) {
  const parsed = parsePhoneXml(Buffer.from(body, 'latin1'), 'text/xml; charset=utf-8', phone);
  expect(parsed.violations).toEqual([]);
  if ('error' in parsed) throw new Error(parsed.reason);
  const { title, prompt, text, items } = parsed.page;
  const names = items.map(({ name }) => name);
  return {
    text,
    items: names,
    lines: textLines({ text } as Screen, phone.columns),
    all: [title, prompt, text, ...names],
  };
}

/** An East Asian character is as wide as two others. */
function columnsOf(text: string): number {
  return [...text].length + (text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uff00-\uff60]/g)?.length ?? 0);
}

describe.each(templates.languages.map((language) => [language.code, language] as const))(
  'B333 B902 on the screens of phones, in %s',
  (code, language) => {
    // A 7841 shows what a 7832 does, on more lines.
    const distinct = MODELS.filter(({ name }) => name !== 'CP-7841');
    test.each(distinct.map((phone) => [phone.name, phone] as const))('a %s has room for everything', (_name, phone) => {
      for (const name of LONGEST) {
        for (const body of new Set(situations(name).map((shown) => bodyOf(shown, phone, code)))) {
          const page = read(body, phone);
          expect(page.all.join('\n')).not.toMatch(/…|\.\.\./);
          // The item's number and the mark of the highlighted one take four; a word longer than the line has no place to break.
          const room = name.includes(' ') || phone.columns >= 40 ? phone.columns - 4 : 32;
          const lines = page.items.flatMap((item) => item.split('\n'));
          for (const line of lines) expect(`${columnsOf(line) <= room} ${line}`).toBe(`true ${line}`);
          for (const item of page.items)
            expect(item.split('\n').length).toBeLessThanOrEqual(phone.family === '79xx' ? 1 : 3);
          if (/^[78]8/.test(phone.family) && page.items.length > 0)
            expect(lines.length).toBeLessThanOrEqual(phone.lines);
        }
      }
    });

    test('reconnecting has all that matters above the fold', () => {
      const [itself = '', elsewhere = ''] = said(language, 'reconnecting.text').split('\n');
      // Where to press Ready may be below the fold, not that it is to be pressed.
      const press = (elsewhere.split(/(?<=[.。])/)[0] ?? '').replace(' there.', '');
      for (const phone of MODELS.filter(({ family }) => family === '78xx' || family === '88xx')) {
        for (const message of [null, 'notDone', 'mayHaveHappened'] as const) {
          const { lines } = read(bodyOf({ ...view, message }, phone, code), phone);
          const seen = close(lines.slice(0, phone.lines).join(''));
          for (const sentence of [itself, words(language, 'calls.stays'), press])
            expect(seen).toContain(close(sentence));
          if (phone.lines >= 7) expect(lines.length).toBeLessThanOrEqual(phone.lines);
        }
      }
    });

    test('what is said of a call, of Ready and of the minutes is said where it holds', () => {
      const [phone] = MODELS;
      if (phone === undefined) throw new Error('no model');
      const text = (changes: Partial<PageView>) =>
        close(read(bodyOf({ ...view, ...changes }, phone, code), phone).all.join(''));
      const stays = close(words(language, 'calls.stays'));
      expect(text({})).toContain(stays);
      expect(text({ callStays: false })).not.toContain(stays);
      expect(text({ callStays: false })).toContain(close(words(language, 'calls.mayEnd')));
      const hurry = close(said(language, 'recovered.textHurry').split('\n')[1] ?? '');
      expect(hurry.length).toBeGreaterThan(15);
      expect(text({ page: 'recovered', hurry: true })).toContain(hurry);
      expect(text({ page: 'recovered' })).not.toContain(hurry);
    });

    test.each(['iso-8859-1', 'us-ascii'])('B903 in %s it is spelt, not full of question marks', (charset) => {
      const [phone] = MODELS;
      if (phone === undefined) throw new Error('no model');
      for (const body of new Set(situations('Finesse A').map((shown) => bodyOf(shown, phone, code, charset)))) {
        const shown = body.replace(/<\?xml.*?\?>|<URL>.*?<\/URL>/gs, '');
        expect(shown.match(/\?/g)?.length ?? 0).toBeLessThanOrEqual(2);
        expect(body).toMatch(charset === 'us-ascii' ? /^[\n -~]*$/ : /^[\n -~\u00a0-\u00ff]*$/);
      }
    });
  },
);

describe('on a phone that takes ISO-8859-1 alone', () => {
  const keysOf = (language: string, charset: string, among: typeof templates = templates) => {
    const headers = { modelName: 'CP-7970G', userAgent: undefined, acceptLanguage: language, acceptCharset: charset };
    const { body } = renderPage(among, view, headers);
    return /<SoftKeyItem><Name>(.*?)<\/Name>/.exec(Buffer.from(body, 'latin1').toString())?.[1];
  };

  test.each(['iso-8859-1', 'us-ascii', 'shift_jis, iso-8859-1;q=0.1'])(
    'B907 `zh`, `ja` and `ko` are not shown in %s, but with `auto` what comes next',
    (charset) => {
      for (const language of ['zh', 'zh_TW', 'zh_CN', 'ja', 'ko_KR']) expect(keysOf(language, charset)).toBe('Retry');
      expect(keysOf('ja, de;q=0.5, en;q=0.3', charset)).toBe('Erneut');
      expect(keysOf('ko, ja;q=0.8, ru;q=0.5', charset)).toBe('Povtor');
      expect(keysOf('bg', charset)).toBe('Otnovo');
      expect(keysOf('sr', charset)).toBe('Ponovi');
    },
  );

  test('B907 elsewhere they are, though `iso-8859-1` or `us-ascii` comes first', () => {
    for (const charset of ['utf-8', 'iso-8859-1, utf-8;q=0.8', 'us-ascii, *;q=0.1', 'shift_jis'])
      expect(keysOf('ja', charset)).toBe('再試行');
  });

  test('B907 the first configured language that can be shown is for the others; if none can, they are as configured', () => {
    const of = (...languages: string[]) => loadPages({ folder: null, languages, help: null });
    expect(keysOf('ja', 'iso-8859-1', of('ja', 'de', 'en'))).toBe('Erneut');
    expect(keysOf('ja', 'utf-8', of('ja', 'de', 'en'))).toBe('再試行');
    expect(keysOf('en', 'iso-8859-1', of('ko'))).toBe('DaSi SiDo');
    expect(keysOf('ko', 'iso-8859-1', of('ja', 'ko'))).toBe('DaSi SiDo');
  });
});

test('B908 no space follows a `。` between what has failed and what to do', () => {
  const [phone] = MODELS;
  if (phone === undefined) throw new Error('no model');
  for (const code of ['ja', 'zh-CN', 'zh-TW']) {
    for (const page of ['reconnecting', 'unavailable', 'waiting'] as const) {
      const { all } = read(bodyOf({ ...view, page, cause: 'noAnswer' }, phone, code), phone);
      expect(all.join('\n')).toContain('。');
      expect(all.join('\n')).not.toContain('。 ');
    }
  }
  const spelt = read(bodyOf({ ...view, cause: 'noAnswer' }, phone, 'de'), phone);
  expect(spelt.all[1]).toBe('Keine Antwort. Versuch 1 von 3');
});
