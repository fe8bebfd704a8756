import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PageView } from '../../src/pages/page-view.ts';
import { renderPage } from '../../src/pages/renderer.ts';
import { loadPages, PageTemplateError } from '../../src/pages/templates.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'page-templates-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: string | Uint8Array) => {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
};

/** `file:line: message` of everything wrong, the file without the folder. */
function problems(languages: readonly string[] | 'auto' = ['en']): readonly string[] {
  try {
    loadPages({ folder, languages, help: null });
    return [];
  } catch (error) {
    if (!(error instanceof PageTemplateError)) throw error;
    return error.problems.map(({ file, line, message }) => `${file.replace(`${folder}/`, '')}:${line}: ${message}`);
  }
}

const view: PageView = {
  page: 'waiting',
  service: 'Finesse A',
  attempt: null,
  attempts: 3,
  alternates: [],
  retryUrl: 'http://ippa.example.com/a/fippa/SEP1',
  exitUrl: null,
  message: null,
  gone: null,
  drained: false,
  cause: null,
  callStays: true,
  hurry: false,
};
function render(languages: readonly string[] = ['en'], acceptLanguage = 'en', changes: Partial<PageView> = {}): string {
  const phone = { modelName: 'CP-8845', userAgent: undefined, acceptLanguage, acceptCharset: undefined };
  const page = renderPage(loadPages({ folder, languages, help: null }), { ...view, ...changes }, phone);
  return Buffer.from(page.body, 'latin1').toString();
}

const EXIT = '<SoftKeyItem key="exit"><Name>Exit</Name></SoftKeyItem>';
const text = (inner: string) => `<CiscoIPPhoneText>${inner}</CiscoIPPhoneText>`;
const menu = (inner: string) => `<CiscoIPPhoneMenu>${inner}</CiscoIPPhoneMenu>`;
const ITEM = '<MenuItem each="alternate"><Name>{{alternate}}</Name><URL>{{alternateUrl}}</URL></MenuItem>';

describe("an administrator's folder", () => {
  test('may be empty', () => {
    expect(render()).toContain('Finesse A is out of service');
  });

  test('replaces single pages', () => {
    write('waiting.xml', text(`${EXIT}<Text>Call {{service}} on 4711</Text>`));
    expect(render()).toContain('<Text>Call Finesse A on 4711</Text>');
    expect(render(['en'], 'en', { page: 'recovered' })).toContain('Finesse A is back in service');
  });

  test('replaces single texts', () => {
    write('languages/en.yaml', 'waiting:\n  prompt: Please hold\n');
    expect(render()).toContain('<Prompt>Please hold</Prompt>');
    expect(render()).toContain('Finesse A is out of service');
  });

  test('may hold texts of its own for its own pages', () => {
    write('waiting.xml', text(`${EXIT}<Text>{{text house.rule}}</Text>`));
    write('languages/en.yaml', 'house: { rule: Ask Ann }\n');
    expect(render()).toContain('<Text>Ask Ann</Text>');
  });

  test('keeps other files apart from the templates', () => {
    write('README.txt', 'ours');
    write('waiting.xml.bak', '<broken');
    expect(problems()).toEqual([]);
  });

  test('that does not exist is refused', () => {
    rmSync(folder, { recursive: true });
    expect(problems()).toEqual([`${folder}:1: no such folder, or it cannot be read`]);
    mkdirSync(folder);
  });

  test('with a template of an unknown name is refused', () => {
    write('wating.xml', text(EXIT));
    expect(problems()[0]).toMatch(/^wating\.xml:1: no page has this name; allowed: reconnecting\.xml, .*error\.xml$/);
  });

  test('with a translation of another ending is refused', () => {
    write('languages/fr.yml', '');
    expect(problems()).toEqual(['languages/fr.yml:1: a translation is called CODE.yaml, such as fr.yaml']);
  });
});

describe('a template', () => {
  test('chooses the first variant, title, prompt and text whose conditions hold', () => {
    const own = text(
      `<Title when="gone">{{gone}} gone</Title>${EXIT}<Text when="message">{{message}}!</Text><Text>plain</Text>`,
    );
    write(
      'waiting.xml',
      `<Page><Variant when="alternates gone">${menu(EXIT + ITEM)}</Variant><Variant>${own}</Variant></Page>`,
    );
    const alternates = [{ name: 'B', url: 'http://b/' }];
    expect(render()).toMatch(/<CiscoIPPhoneText><SoftKeyItem>.*<Text>plain<\/Text>/);
    expect(render(['en'], 'en', { gone: 'X' })).toContain('<Title>X gone</Title>');
    expect(render(['en'], 'en', { alternates })).toContain('<Text>plain</Text>');
    expect(render(['en'], 'en', { gone: 'X', alternates })).toContain('<MenuItem><Name>B</Name>');
    expect(render(['en'], 'en', { message: 'busy' })).toContain('too many requests');
  });

  test('is put in the order of the schema, whatever order it has', () => {
    write('waiting.xml', text(`<Text>words</Text>${EXIT}<Prompt>second</Prompt><Title>first</Title>`));
    expect(render()).toMatch(/<Title>first.*<Prompt>second.*<SoftKeyItem>.*<Text>words/);
  });

  test('may have soft keys of its own behind those of the model', () => {
    const own = '<SoftKeyItem><Name>Help</Name><Position>4</Position><URL>http://help/?a&amp;b</URL></SoftKeyItem>';
    write('waiting.xml', text(`${EXIT}${own}<Text>words</Text>`));
    expect(render()).toContain('<Name>Help</Name><Position>4</Position><URL>http://help/?a&amp;b</URL>');
  });

  test('keeps the line breaks of a text, but not its indentation', () => {
    write('waiting.xml', text(`${EXIT}<Text>\n    one\n\n    <![CDATA[two & three]]>\n  </Text>`));
    expect(render()).toContain('<Text>one\n\ntwo &amp; three</Text>');
  });

  test('is cut where a name makes it too long', () => {
    write('waiting.xml', text(`<Title>About {{service}}</Title>${EXIT}<Text>words</Text>`));
    expect(render(['en'], 'en', { service: 'x'.repeat(50) })).toContain(`<Title>About ${'x'.repeat(25)}…</Title>`);
  });

  const refused: readonly (readonly [what: string, source: string, problem: RegExp])[] = [
    ['ill-formed', '<Page>\n<Variant>\n</Page>', /^waiting\.xml:3: not well-formed XML: /],
    [
      'with a bare &',
      text(`\n${EXIT}<Text>\nBreak & lunch\n</Text>\n`),
      /^waiting\.xml:3: not well-formed XML: a bare &/,
    ],
    ['with a bare & before an entity', text(`${EXIT}<Text>\na & b\n&lt;</Text>`), /^waiting\.xml:2: .*: a bare &/],
    ['with another error before a bare &', text(`${EXIT}<Text a>\na & b</Text>`), /^waiting\.xml:1: (?!.*bare)/],
    ['with an unknown entity', text(`\n${EXIT}<Text>\n&nbsp;</Text>`), /^waiting\.xml:3: not well-formed XML: /],
    ['empty', '', /^waiting\.xml:1: not well-formed XML: /],
    ['of another root', '<html/>', /^waiting\.xml:1: found <html>; allowed as the root: <Page>, <CiscoIPPhoneText>/],
    ['of an object for other phones', '<CiscoIPPhoneImage/>', /^waiting\.xml:1: found <CiscoIPPhoneImage>; allowed/],
    [
      'with another object in a variant',
      '<Page><Variant>\n<CiscoIPPhoneImage/></Variant></Page>',
      /^waiting\.xml:2: found <CiscoIPPhoneImage> in <Variant>; allowed: <CiscoIPPhoneText>, <CiscoIPPhoneMenu>$/,
    ],
    ['without variants', '<Page></Page>', /^waiting\.xml:1: <Page> needs at least one <Variant>$/],
    [
      'with an unknown element',
      text(`${EXIT}<Text>a</Text>\n<Image/>`),
      /^waiting\.xml:2: found <Image> in <CiscoIPPhoneText>; allowed: <Title>, <Prompt>, <SoftKeyItem>, <Text>$/,
    ],
    [
      'with an unknown attribute',
      `<CiscoIPPhoneText appId="x">${EXIT}<Text>a</Text></CiscoIPPhoneText>`,
      /^waiting\.xml:1: unknown attribute appId of <CiscoIPPhoneText>; none is allowed$/,
    ],
    ['with stray text', text(`stray${EXIT}<Text>a</Text>`), /^waiting\.xml:1: text directly in <CiscoIPPhoneText>/],
    [
      'with an unknown placeholder',
      text(`${EXIT}\n<Text>{{servise}}</Text>`),
      /^waiting\.xml:2: unknown placeholder \{\{servise\}\}; allowed: \{\{service\}\}, .*\{\{text KEY\}\}$/,
    ],
    [
      'with half a placeholder',
      text(`${EXIT}<Text>{{service</Text>`),
      /^waiting\.xml:1: a placeholder is \{\{name\}\}/,
    ],
    [
      'with a text that no language has',
      text(`${EXIT}\n\n<Text>{{text no.such}}</Text>`),
      /^waiting\.xml:3: no language has the text "no\.such"$/,
    ],
    [
      'with a value of another page',
      text(`${EXIT}<Text>{{attempt}}</Text>`),
      /^waiting\.xml:1: \{\{attempt\}\} is known only in reconnecting\.xml$/,
    ],
    [
      'with a value that is not always known',
      text(`${EXIT}<Text>{{gone}}</Text>`),
      /^waiting\.xml:1: \{\{gone\}\} is known only where when="gone" is set$/,
    ],
    [
      'with a message that is not always there',
      text(`${EXIT}<Text>{{message}}</Text>`),
      /^waiting\.xml:1: \{\{message\}\} is known only in error\.xml and where when="message" is set$/,
    ],
    [
      'with a text that names what is not known there',
      text(`${EXIT}<Text>{{text reconnecting.prompt}}</Text>`),
      /en\.yaml:\d+: \{\{attempt\}\} is known only in reconnecting\.xml; "reconnecting\.prompt" is used in /,
    ],
    [
      'with an alternate outside its item',
      menu(`${EXIT}<MenuItem><Name>{{alternate}}</Name><URL>{{alternateUrl}}</URL></MenuItem>`),
      /^waiting\.xml:1: \{\{alternateUrl\}\} is known only in <MenuItem each="alternate">$/,
    ],
    [
      'repeating anything else',
      menu(`${EXIT}<MenuItem each="service"><Name>x</Name><URL>{{alternateUrl}}</URL></MenuItem>`),
      /^waiting\.xml:1: found each="service"; allowed: each="alternate"$/,
    ],
    ['with an empty menu', menu(EXIT), /^waiting\.xml:1: <CiscoIPPhoneMenu> needs at least one <MenuItem>$/],
    ['without a text', text(EXIT), /^waiting\.xml:1: <CiscoIPPhoneText> has no <Text>: it is required$/],
    [
      'with an unknown condition',
      `<Page><Variant\nwhen="night">${text(`${EXIT}<Text>a</Text>`)}</Variant></Page>`,
      /^waiting\.xml:\d: unknown condition "night" in when; allowed: alternates, gone, message, drain, cause, call, hurry, doubtful, signOut, notice, or several of them$/,
    ],
    [
      'without a last resort',
      `<Page><Variant when="gone">${text(`${EXIT}<Text>a</Text>`)}</Variant></Page>`,
      /^waiting\.xml:1: the last <Variant> must have no when: it stands for all other cases$/,
    ],
    [
      'with a variant that is never shown',
      `<Page><Variant>${text(`${EXIT}<Text>a</Text>`)}</Variant>\n<Variant>${text(`${EXIT}<Text>b</Text>`)}</Variant></Page>`,
      /^waiting\.xml:2: this <Variant> is never shown: the one at line 1 always comes first$/,
    ],
    ['without Exit', text('<Text>a</Text>'), /^waiting\.xml:1: <CiscoIPPhoneText> needs <SoftKeyItem key="exit">$/],
    [
      'with an unknown key',
      text(`${EXIT}<SoftKeyItem key="submit"><Name>x</Name></SoftKeyItem><Text>a</Text>`),
      /^waiting\.xml:1: found key="submit"; allowed: select, retry, exit$/,
    ],
    ['with a key twice', text(`${EXIT}${EXIT}<Text>a</Text>`), /^waiting\.xml:1: a soft key is there twice/],
    [
      'with Select on a text',
      text(`${EXIT}<SoftKeyItem key="select"><Name>x</Name></SoftKeyItem><Text>a</Text>`),
      /^waiting\.xml:1: key="select" is for <CiscoIPPhoneMenu> only$/,
    ],
    [
      'with a soft key without a position',
      text(`${EXIT}\n<SoftKeyItem><Name>x</Name><URL>http://x/</URL></SoftKeyItem><Text>a</Text>`),
      /^waiting\.xml:2: <SoftKeyItem> has no <Position>: a soft key without key="…" needs one$/,
    ],
    [
      'with a position that is no number',
      text(`${EXIT}<SoftKeyItem><Name>x</Name><Position>-1</Position><URL>http://x/</URL></SoftKeyItem><Text>a</Text>`),
      /^waiting\.xml:1: the Position "-1" is not a number from 1$/,
    ],
    [
      'with a soft key in a place of the model',
      text(`${EXIT}<SoftKeyItem><Name>x</Name><Position>3</Position><URL>http://x/</URL></SoftKeyItem><Text>a</Text>`),
      /^waiting\.xml:1: Position 3 of own soft keys; allowed, each once: 1, 2, 4$/,
    ],
    [
      'with a SoftKey: URI',
      text(
        `${EXIT}<SoftKeyItem><Name>x</Name><Position>4</Position><URL>SoftKey:Update</URL></SoftKeyItem><Text>a</Text>`,
      ),
      /^waiting\.xml:1: the URL "SoftKey:Update" is a SoftKey: URI, which not every phone has/,
    ],
    [
      'with a URL that is too long',
      menu(`${EXIT}<MenuItem><Name>x</Name><URL>http://${'x'.repeat(250)}</URL></MenuItem>`),
      /^waiting\.xml:1: the URL "http:.*" has more than 256 characters/,
    ],
    [
      'with a relative URL',
      menu(`${EXIT}<MenuItem><Name>x</Name><URL>/help</URL></MenuItem>`),
      /^waiting\.xml:1: the URL "\/help" has no scheme such as https:/,
    ],
    [
      'with a title that is too long by itself',
      text(`\n<Title>${'x'.repeat(33)}</Title>${EXIT}<Text>a</Text>`),
      /^waiting\.xml:2: In the language en this has 33 characters, with at most 32 allowed$/,
    ],
    [
      'with more than 4 KiB',
      text(`${EXIT}<Text>${'ü'.repeat(2500)}</Text>`),
      /^waiting\.xml:1: the page has \d+ bytes with ordinary names in the language en; at most 4096 are allowed$/,
    ],
  ];
  test.each(refused)('%s is refused', (_what, source, problem) => {
    write('waiting.xml', source);
    expect(problems()).toContainEqual(expect.stringMatching(problem));
  });

  test('in another encoding than UTF-8 is refused', () => {
    write('waiting.xml', Buffer.from(text(`${EXIT}<Text>ü</Text>`), 'latin1'));
    expect(problems()).toEqual(['waiting.xml:1: not UTF-8 text; save the file as UTF-8']);
  });

  test('is refused together with all others', () => {
    write('waiting.xml', '<html/>');
    write('error.xml', '<Page>');
    write('languages/en.yaml', 'waiting:\n  prompt: 5\n');
    const found = problems();
    expect(found.map((problem) => problem.replace(/: .*/, ''))).toEqual([
      'error.xml:1',
      'languages/en.yaml:2',
      'waiting.xml:1',
    ]);
  });
});

describe('B337 the line of pages.help', () => {
  const help = 'Help desk: 4711 & 4712';
  const shown = (changes: Partial<PageView> = {}, line: string | null = help) => {
    const phone = { modelName: 'CP-8845', userAgent: undefined, acceptLanguage: 'en', acceptCharset: undefined };
    const templates = loadPages({ folder, languages: ['en'], help: line });
    return Buffer.from(renderPage(templates, { ...view, ...changes }, phone).body, 'latin1').toString();
  };
  const alternates = [{ name: 'B', url: 'http://b/' }];

  test("ends a page of the administrator's own", () => {
    write('waiting.xml', text(`${EXIT}<Text when="gone">gone</Text><Text>words</Text>`));
    expect(shown()).toContain('<Text>words\nHelp desk: 4711 &amp; 4712</Text>');
    expect(shown({ gone: 'X' })).toContain('<Text>gone\nHelp desk: 4711 &amp; 4712</Text>');
    write('unavailable.xml', menu(EXIT + ITEM));
    expect(shown({ page: 'unavailable', alternates })).toContain(
      `<Name>Help desk: 4711 &amp; 4712</Name><URL>${view.retryUrl}</URL></MenuItem></CiscoIPPhoneMenu>`,
    );
  });

  test('stands where a template says so, and is nothing when there is none', () => {
    write('waiting.xml', text(`${EXIT}<Text>{{help}}! words</Text>`));
    expect(shown()).toContain('<Text>Help desk: 4711 &amp; 4712! words</Text>');
    expect(shown({}, null)).toContain('<Text>! words</Text>');
    write('unavailable.xml', menu(`${EXIT}<MenuItem><Name>Ask {{help}}</Name><URL>http://x/</URL></MenuItem>${ITEM}`));
    expect(shown({ page: 'unavailable', alternates }).split('4711')).toHaveLength(2);
  });

  test('is not for a title or a prompt', () => {
    write('waiting.xml', text(`${EXIT}\n<Prompt>{{help}}</Prompt><Text>a</Text>`));
    expect(problems()).toEqual(['waiting.xml:2: {{help}} is for a text or a menu item']);
  });
});

test('of several wordings of a text the first that fits is shown', () => {
  write('waiting.xml', text(`<Title>{{text long}}</Title>${EXIT}<Text>a</Text>`));
  write('languages/en.yaml', 'long: ["The name of it is {{service}}", "It is {{service}}"]\n');
  const titled = (service: string) => /<Title>(.*)<\/Title>/.exec(render(['en'], 'en', { service }))?.[1];
  expect(titled('Finesse A')).toBe('The name of it is Finesse A');
  expect(titled('x'.repeat(20))).toBe(`It is ${'x'.repeat(20)}`);
  expect(titled('x'.repeat(40))).toBe(`It is ${'x'.repeat(25)}…`);
});

describe('a translation', () => {
  test('is one file', () => {
    const english = readFileSync(new URL('../../phone-xml/languages/en.yaml', import.meta.url), 'utf8');
    write('languages/eo.yaml', english.replace('prompt: Out of service', 'prompt: Ne funkcias'));
    expect(render(['en', 'eo'], 'eo-XX')).toContain('<Prompt>Ne funkcias</Prompt>');
  });

  test('that does not exist is refused', () => {
    expect(problems(['en', 'eo'])[0]).toMatch(
      /phone-xml.languages:1: no translation for the language "eo"; there are: bg, ca, .*zh-TW$/,
    );
    expect(problems(['../../etc/passwd'])[0]).toContain('no translation for the language');
  });

  test('that lacks a text is refused, text by text', () => {
    write('languages/eo.yaml', 'unnamedService: Finesse\n');
    const found = problems(['en', 'eo']);
    expect(found).toContainEqual(
      expect.stringMatching(
        /^languages\/eo\.yaml:1: the text "waiting\.prompt" is missing \(used in .*waiting\.xml:\d+\)$/,
      ),
    );
    expect(found.length).toBeGreaterThan(50);
  });

  test.each([
    ['with broken YAML', 'keys:\n  exit: "Exit\n', /^languages\/en\.yaml:\d: not YAML: /],
    ['with a key twice', 'gone: a\ngone: b\n', /^languages\/en\.yaml:2: not YAML: /],
    [
      'with a text that no template uses',
      '\nwaiting:\n  promt: x\n',
      /^languages\/en\.yaml:3: no template uses the text "waiting\.promt"$/,
    ],
    [
      'with something else than text',
      'keys: { exit: { a: 5 } }\n',
      /^languages\/en\.yaml:1: "keys\.exit\.a" is not a text; put it in quotes$/,
    ],
    [
      'with wordings that are no text',
      'keys: { exit: [a, 5] }\n',
      /^languages\/en\.yaml:1: "keys\.exit" is a list of texts; put each in quotes$/,
    ],
    ['that is a list', '- a\n', /^languages\/en\.yaml:1: a language file is a list of "key: text" lines$/],
    [
      'with an unknown placeholder',
      'waiting:\n  text: "{{servise}}"\n',
      /^languages\/en\.yaml:2: unknown placeholder \{\{servise\}\}/,
    ],
    [
      'with a text in a text',
      'waiting:\n  text: "{{text gone}}"\n',
      /^languages\/en\.yaml:2: \{\{text …\}\} is for templates/,
    ],
    [
      'with a placeholder that is not known there',
      'waiting:\n  text: "{{gone}}"\n',
      /^languages\/en\.yaml:2: \{\{gone\}\} is known only where when="gone" is set; "waiting\.text" is used in /,
    ],
    [
      'with a text that is too long',
      `messages:\n  busy:\n    prompt: ${'x'.repeat(33)}\n`,
      /^languages\/en\.yaml:3: "messages\.busy\.prompt", used in .*, has 33 characters, with at most 32 allowed$/,
    ],
    [
      'with a placeholder for a name',
      'unnamedService: "{{service}}"\n',
      /^languages\/en\.yaml:1: "unnamedService" is a name, without placeholders$/,
    ],
  ])('%s is refused', (_what, source, problem) => {
    write('languages/en.yaml', source);
    expect(problems()).toContainEqual(expect.stringMatching(problem));
  });
});

test('the error names every problem with its file and line', () => {
  write('waiting.xml', '<html/>');
  expect(() => loadPages({ folder, languages: ['en'], help: null })).toThrow(
    `${join(folder, 'waiting.xml')}:1: found <html>`,
  );
});

test('B900 `auto` offers the languages of the folder too, and English where nothing else is asked for', () => {
  const english = readFileSync(new URL('../../phone-xml/languages/en.yaml', import.meta.url), 'utf8');
  write('languages/eo.yaml', english.replace('prompt: Out of service', 'prompt: Ne funkcias'));
  const shown = (acceptLanguage: string | undefined) => {
    const phone = { modelName: 'CP-8845', userAgent: undefined, acceptLanguage, acceptCharset: undefined };
    const templates = loadPages({ folder, languages: 'auto', help: null });
    const xml = Buffer.from(renderPage(templates, view, phone).body, 'latin1').toString();
    return /<Prompt>(.*)<\/Prompt>/.exec(xml)?.[1];
  };
  expect(shown('eo')).toBe('Ne funkcias');
  expect(shown('fr_CA')).toBe('Hors service');
  expect(shown('zh_TW')).toBe('停止服務');
  for (const other of ['xx', '', undefined]) expect(shown(other)).toBe('Out of service');
});

test('B906 what an administrator changes is checked in every language that `auto` offers', () => {
  write('waiting.xml', text(`<Title>{{text house.title}}</Title>${EXIT}<Text>words</Text>`));
  write('languages/en.yaml', 'house: { title: Ours }\n');
  write('languages/ru.yaml', `house: { title: ${'щ'.repeat(33)} }\n`);
  const found = problems('auto');
  expect(found).toContainEqual(
    expect.stringMatching(
      /^languages\/ru\.yaml:1: "house\.title", used in .*, has 33 characters, with at most 32 allowed$/,
    ),
  );
  expect(found).toContainEqual(
    expect.stringMatching(/bg\.yaml:1: the text "house\.title" is missing \(used in .*waiting\.xml:1\)$/),
  );
  // All but English and Russian lack it.
  expect(found.filter((each) => each.includes('is missing'))).toHaveLength(25);
});

test('the fallback is the first of the languages', () => {
  expect(render(['de', 'en'], 'fr')).toContain('außer Betrieb');
});

test('without a language nothing can be loaded', () => {
  expect(problems([])).toEqual([expect.stringContaining('no language is configured')]);
});

test('the example of the manual works', () => {
  const manual = readFileSync(new URL('../../docs/pages.md', import.meta.url), 'utf8');
  write('waiting.xml', /```xml\n([^`]*)```/.exec(manual)?.[1] ?? '');
  expect(render()).toContain('<Text>Finesse A is out of service.\n\nThe service desk has the number 4711.</Text>');
  expect(render()).toContain('<Name>Help</Name><Position>4</Position>');
});
