/** Writes docs/languages.md: every page in every language, as a 7970 shows it. A test compares them. */

import { writeFileSync } from 'node:fs';
import type { PageView } from '../src/pages/page-view.ts';
import { renderPage } from '../src/pages/renderer.ts';
import { type Language, PAGE_NAMES } from '../src/pages/template.ts';
import { loadPages } from '../src/pages/templates.ts';
import { textLines } from '../src/simulators/phone/frame.ts';
import { findModel, type PhoneModel } from '../src/simulators/phone/models.ts';
import { parsePhoneXml } from '../src/simulators/phone/page.ts';
import type { Screen } from '../src/simulators/phone/screen.ts';

/** docs/languages.md. */
export function renderLanguagesDoc(): string {
  const templates = loadPages({ folder: null, languages: 'auto', help: null });
  const languages = templates.languages.toSorted((one, other) => one.code.localeCompare(other.code));
  const show = (language: Language, view: PageView, charset: string) => {
    const phone = {
      modelName: PHONE.name,
      userAgent: undefined,
      acceptLanguage: language.code,
      acceptCharset: charset,
    };
    const { body, contentType } = renderPage(templates, view, phone);
    return cellOf(body, contentType);
  };
  const english = PAGES.map((view) => show(templates.languages[0], view, 'iso-8859-1'));
  const shown = languages.map((language) => {
    const rows = PAGES.map((view) => {
      return { page: view.page, utf8: show(language, view, 'utf-8'), latin: show(language, view, 'iso-8859-1') };
    });
    const isLatin = rows.every(({ utf8, latin }) => utf8 === latin);
    return { language, rows, isLatin, isReplaced: !isLatin && rows.every(({ latin }, at) => latin === english[at]) };
  });
  const list = shown.map(({ language, isLatin, isReplaced }) => {
    const { code } = language;
    const file = `[${code}.yaml](../phone-xml/languages/${code}.yaml)`;
    const old = isLatin ? 'all of it' : isReplaced ? 'nothing: English' : 'spelt';
    return `| [\`${code}\`](#${anchorOf(code)}) | ${nameOf(code)} | ${old} | ${file} |`;
  });
  const sections = shown.map(({ language, rows, isLatin, isReplaced }) => {
    const isAlone = isLatin || isReplaced;
    const cells = rows.map(({ page, utf8, latin }) => `| \`${page}\` | ${utf8} |${isAlone ? '' : ` ${latin} |`}`);
    const head = isAlone
      ? ['| Page | Shown |', '|---|---|']
      : ['| Page | Shown | On a phone that takes ISO-8859-1 alone |', '|---|---|---|'];
    return [`## ${headingOf(language.code)}`, '', ...head, ...cells, ''].join('\n');
  });
  return [INTRODUCTION, LIST_HEAD, ...list, '', AFTER_LIST, ...sections].join('\n');
}

const PHONE = model('7970');
const ENTRY = 'http://ippa.example.com:8082/a/fippa/SEP001122334455';
const OUTAGE: PageView = {
  page: 'reconnecting',
  service: 'Finesse A',
  attempt: 2,
  attempts: 3,
  alternates: [],
  retryUrl: ENTRY,
  exitUrl: null,
  message: null,
  cause: 'noAnswer',
  callStays: true,
  hurry: false,
  gone: null,
  drained: false,
};
const PAGES: readonly PageView[] = PAGE_NAMES.map((page) => {
  const alternates = ['unavailable', 'elsewhere', 'maintenance', 'error'].includes(page)
    ? [{ name: 'Finesse B', url: `${ENTRY}/~to/b` }]
    : [];
  const isOutage = ['reconnecting', 'unavailable', 'waiting'].includes(page);
  const message = page === 'error' ? ('mayHaveHappened' as const) : null;
  return {
    ...OUTAGE,
    page,
    alternates,
    message,
    cause: isOutage ? 'noAnswer' : null,
    callStays: page !== 'maintenance',
  };
});

function model(name: string): PhoneModel {
  const found = findModel(name);
  if (found === undefined) throw new Error(`no model ${name}`);
  return found;
}

/** Title, pane, prompt and keys, in the order of the screen. */
function cellOf(body: string, contentType: string): string {
  const parsed = parsePhoneXml(Buffer.from(body, 'latin1'), contentType, PHONE);
  if ('error' in parsed) throw new Error(parsed.reason);
  const { title, prompt, text, items, softKeys } = parsed.page;
  const pane =
    items.length > 0 ? items.map(({ name }, at) => `${at + 1} ${name}`) : textLines({ text } as Screen, PHONE.columns);
  const keys = softKeys.map(({ name }) => `[${name}]`).join(' ');
  return [`**${title}**`, ...pane, `*${prompt}*`, keys].map(escapeCell).join('<br>');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').trim();
}

function headingOf(code: string): string {
  return `${code}: ${nameOf(code)}`;
}

/** As GitHub makes it of a heading. */
function anchorOf(code: string): string {
  return headingOf(code)
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}

function nameOf(code: string): string {
  return new Intl.DisplayNames(['en'], { type: 'language' }).of(code) ?? code;
}

const INTRODUCTION = `# Languages

<!-- Generated from phone-xml/ by "node scripts/docs-languages.ts". -->

The phone pages are there in every language that Finesse's desktop offers. \`pages.languages\` says which of them phones get:

\`\`\`yaml
pages:
  languages: auto        # the phone's own, else English
  # languages: [en, de]  # the default: these two; the first is for phones with any other language
\`\`\`

A phone says its language in \`Accept-Language\`: that of its user locale in Unified CM. \`de\`, \`de-DE\` and \`de_DE\` are the same, in any
letter case. \`zh\` is simplified Chinese unless it is for Taiwan, Hong Kong or \`zh-Hant\`; \`no\` and \`nn\` are \`nb\`; \`pt\` is \`pt-BR\`; \`sr\` is
written in Latin letters. \`?locale=\`, which some old phones put into the first URL, makes no difference: links of the proxy carry \`id\`
and \`extension\` alone, so the language would change with the next page.

Names of services, and what an administrator writes, are shown as they are written, in every language.

## The character set of old phones

A phone lists in \`Accept-Charset\` what it takes. If UTF-8 is among it, a page that needs it is sent in UTF-8. A phone that takes
ISO-8859-1 or US-ASCII alone gets the letters it has, and the others spelt in ASCII by the table of [any-ascii](https://anyascii.com):
\`Łódź\` is \`Lódz\`, \`Готов\` is \`Gotov\`; emoji are left out. Chinese, Japanese and Korean cannot be read so: such a phone gets the next
language that it asks for and can show, else the first of \`pages.languages\` that it can show, with \`auto\` English. If \`pages.languages\` has
no other, it stays, spelt: a single language is shown as configured. A phone that names only sets unknown here, such as Shift_JIS, gets UTF-8.

## Correcting a sentence

1. Set \`pages.folder\` to a folder of your own.
2. Put into its \`languages/CODE.yaml\` nothing but the sentence, under the key that it has in \`phone-xml/languages/CODE.yaml\`:
   \`\`\`yaml
   waiting:
     prompt: Fuera de servicio ahora
   \`\`\`
3. \`ippa-proxy check FILE\` says with file and line what is too long or names something unknown. A reload puts it in force.

A language that is not here is one file more: [Adding a language](pages.md#adding-a-language). No sentence has a number in it that its
words would have to agree with, so that no language needs forms for one, two or many.

## The languages
`;

const LIST_HEAD = `
| Code | Language | ISO-8859-1 holds | File |
|---|---|---|---|`;

const AFTER_LIST = `What follows is what a 7970 shows of each page: title, what is in the pane, prompt, soft keys. \`error\` is the one after a time-out.
`;

if (import.meta.main) writeFileSync(new URL('../docs/languages.md', import.meta.url), renderLanguagesDoc());
