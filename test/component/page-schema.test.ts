/**
 * Everything the renderer makes, judged from outside: by Cisco's schema through xmllint, and by limits written down here
 * a second time. The schema may not be shipped, so that it is looked for beside the checkout.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Parser } from 'xml2js';
import type { PageView, PhoneHeaders, RenderedPage } from '../../src/pages/page-view.ts';
import { renderExit, renderPage } from '../../src/pages/renderer.ts';
import { OUTAGE_CAUSES, PAGE_NAMES, PHONE_MESSAGES } from '../../src/pages/template.ts';
import { loadPages } from '../../src/pages/templates.ts';

const besideCheckout = fileURLToPath(new URL('../../../shared/schema/CiscoIPPhone.xsd', import.meta.url));
const SCHEMA = process.env.CISCO_IP_PHONE_XSD ?? besideCheckout;
const hasSchema = existsSync(SCHEMA);

const templates = loadPages({ folder: null, languages: 'auto', help: null });
const entry = 'https://ippa.example.com:8445/a/fippa/SEP001122334455';

const MODELS = ['CP-7970G', 'CP-7841', 'CP-8845', 'CP-8821', 'CP-8875', 'DP-9841', undefined];
const CHARSETS = [undefined, 'utf-8,;q=0.8', 'iso-8859-1, utf-8;q=0.8', 'iso-8859-1', 'us-ascii'];
const NAMES = [
  'Finesse A',
  'Finesse Köln '.repeat(3),
  'ｆｉｎｅｓｓｅ～'.repeat(8),
  '👩‍👩‍👧‍👦'.repeat(12),
  'שירות '.repeat(8),
  'خدمة '.repeat(9),
  `e${'\u0301'.repeat(70)}`,
  `&<>"'`.repeat(20),
  ']]><!--',
  'lone \ud83d and \udcde',
  'not \ufffe a \uffff character',
  'two\r\nlines\u0000\u0007\u0085',
  '\u202eoverride',
  '{{service}} {{text keys.exit}}',
  '',
];

function phonesOf(acceptLanguage: string): readonly PhoneHeaders[] {
  return MODELS.flatMap((modelName) =>
    CHARSETS.map((acceptCharset) => ({ modelName, userAgent: undefined, acceptLanguage, acceptCharset })),
  );
}

const plain: PageView = {
  page: 'reconnecting',
  service: 'Finesse A',
  attempt: 1,
  attempts: 3,
  alternates: [],
  retryUrl: `${entry}?id=1001&extension=2001`,
  exitUrl: `${entry}/~exit`,
  message: null,
  gone: null,
  drained: false,
  cause: null,
  callStays: true,
  hurry: false,
};
const link = (name: string) => ({ name, url: `${entry}/~to/b?id=1001&extension=2001` });

/** Every page in every situation it knows, for every model, language and charset. */
function everyPage(): readonly RenderedPage[] {
  const situations = PAGE_NAMES.flatMap((page) =>
    [null, ...PHONE_MESSAGES].flatMap((message) =>
      [[], [link('Finesse B'), link('Finesse C')]].flatMap((alternates) => [
        { ...plain, page, message, alternates },
        { ...plain, page, message, alternates, gone: 'Finesse D', service: null, retryUrl: null, exitUrl: null },
      ]),
    ),
  );
  return situations.flatMap((view) =>
    ['en', 'de'].flatMap((language) => phonesOf(language).map((phone) => renderPage(templates, view, phone))),
  );
}

/** Every page in every language, with names as long as a configuration allows, on the models that differ most. */
function everyLanguage(): readonly RenderedPage[] {
  const name = 'Ω'.repeat(32);
  const views = PAGE_NAMES.flatMap((page): PageView[] => {
    const about = { ...plain, page, service: name, alternates: [link(name)] };
    return [
      { ...about, message: 'badAnswer' },
      { ...about, cause: 'notNotified', hurry: true },
      { ...about, alternates: [], message: 'badDevice', drained: true },
      { ...about, alternates: [], cause: 'restarting', callStays: false, gone: name },
    ];
  });
  return templates.languages.flatMap(({ code }) =>
    ['CP-7970G', 'CP-8875'].flatMap((modelName) =>
      ['utf-8', 'iso-8859-1'].flatMap((acceptCharset) => {
        const phone = { modelName, userAgent: undefined, acceptLanguage: code, acceptCharset };
        return views.map((view) => renderPage(templates, view, phone));
      }),
    ),
  );
}

/** Names of every script and length in every place that shows one. */
function everyName(): readonly RenderedPage[] {
  const views = NAMES.flatMap((name) =>
    PAGE_NAMES.flatMap((page) =>
      [0, 1, 40].flatMap((count): PageView[] => {
        const alternates = Array.from({ length: count }, () => link(name));
        return [
          { ...plain, page, service: name, alternates, message: 'mayHaveHappened' },
          { ...plain, page, service: name, gone: name, alternates },
        ];
      }),
    ),
  );
  return views.flatMap((view) =>
    ['CP-8845', 'CP-8875'].flatMap((modelName) =>
      CHARSETS.map((acceptCharset) =>
        renderPage(templates, view, { modelName, userAgent: undefined, acceptLanguage: 'de', acceptCharset }),
      ),
    ),
  );
}

const anyName = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);
const anyUrl = fc.oneof(
  fc.constant(entry),
  fc.string({ unit: 'grapheme-ascii', maxLength: 260 }).map((tail) => `http://a/${tail}`),
  fc.integer({ min: 200, max: 260 }).map((length) => 'http://a/'.padEnd(length, '&')),
);
const anyView: fc.Arbitrary<PageView> = fc.record({
  page: fc.constantFrom(...PAGE_NAMES),
  service: fc.option(anyName),
  attempt: fc.option(fc.integer({ min: 1, max: 99 })),
  attempts: fc.integer({ min: 1, max: 99 }),
  alternates: fc.array(fc.record({ name: anyName, url: anyUrl }), { maxLength: 30 }),
  retryUrl: fc.option(anyUrl),
  exitUrl: fc.option(anyUrl),
  message: fc.option(fc.constantFrom(...PHONE_MESSAGES)),
  gone: fc.option(anyName),
  drained: fc.boolean(),
  cause: fc.option(fc.constantFrom(...OUTAGE_CAUSES)),
  callStays: fc.boolean(),
  hurry: fc.boolean(),
});
const anyPhone: fc.Arbitrary<PhoneHeaders> = fc.record({
  modelName: fc.constantFrom(...MODELS),
  userAgent: fc.constantFrom(undefined, 'Allegro-Software-WebClient/4.34'),
  acceptLanguage: fc.oneof(fc.constantFrom(...templates.languages.map(({ code }) => code), undefined), fc.string()),
  acceptCharset: fc.oneof(fc.constantFrom(...CHARSETS), fc.string()),
});

function decode({ body, contentType }: RenderedPage): string {
  const bytes = Buffer.from(body, 'latin1');
  const charset = contentType.replace('text/xml; charset=', '');
  const xml = charset === 'utf-8' ? new TextDecoder('utf-8', { fatal: true }).decode(bytes) : body;
  expect(xml.startsWith(`<?xml version="1.0" encoding="${charset}"?>\n`)).toBe(true);
  if (charset === 'us-ascii') expect(bytes.every((byte) => byte < 0x80)).toBe(true);
  return xml;
}

interface XmlNode {
  readonly '#name': string;
  readonly _?: string;
  readonly $$?: readonly XmlNode[];
}

function parse(xml: string): XmlNode {
  const parser = new Parser({ async: false, explicitChildren: true, preserveChildrenOrder: true, explicitRoot: false });
  let root: XmlNode | null = null;
  parser.parseString(xml, (error: Error | null, result: XmlNode) => {
    if (error !== null) throw error;
    root = result;
  });
  if (root === null) throw new Error('xml2js found no document');
  return root;
}

/** The limits of reference/phone-xml.md §1.1 and §1.2, on their own: no code of the renderer is used. */
function expectWithinLimits(page: RenderedPage): void {
  expect(page.body.length).toBeLessThanOrEqual(4096);
  const xml = decode(page);
  const root = parse(xml);
  const name = root['#name'];
  expect(['CiscoIPPhoneText', 'CiscoIPPhoneMenu']).toContain(name);
  const children = root.$$ ?? [];
  const order = children.map((child) => child['#name']);
  const allowed = name === 'CiscoIPPhoneText' ? /^T?P?S{1,4}X$/ : /^T?P?S{1,4}M{0,32}$/;
  const letters = { Title: 'T', Prompt: 'P', SoftKeyItem: 'S', Text: 'X', MenuItem: 'M' } as Record<string, string>;
  expect(order.map((child) => letters[child] ?? '?').join('')).toMatch(allowed);
  const within = (text: string | undefined, limit: number) =>
    expect([...(text ?? '')].length).toBeLessThanOrEqual(limit);
  const positions: number[] = [];
  for (const child of children) {
    const parts = Object.fromEntries((child.$$ ?? []).map((part) => [part['#name'], part._ ?? '']));
    if (child['#name'] === 'Title' || child['#name'] === 'Prompt') within(child._, 32);
    else if (child['#name'] === 'Text') within(child._, 4000);
    else if (child['#name'] === 'SoftKeyItem') {
      expect(Object.keys(parts)).toEqual(['Name', 'Position', 'URL']);
      within(parts.Name, 32);
      within(parts.URL, 256);
      positions.push(Number(parts.Position));
    } else {
      expect(Object.keys(parts)).toEqual(['Name', 'URL']);
      within(parts.Name, 64);
      within(parts.URL, 256);
    }
  }
  expect(positions.every((position) => position >= 1 && position <= 4)).toBe(true);
  expect(positions).toEqual([...new Set(positions)].sort());
  expect(xml.slice(xml.indexOf('\n'))).not.toMatch(/[^\P{Cc}\n]|[\ufffe\uffff]/u);
}

function validate(pages: readonly RenderedPage[]): void {
  // The same bytes come from many phones; xmllint needs to see them once.
  const distinct = [...new Map(pages.map((page) => [page.body, page])).values()];
  const folder = mkdtempSync(join(tmpdir(), 'page-schema-'));
  try {
    const files = distinct.map((page, index) => {
      const file = join(folder, `${index}.xml`);
      writeFileSync(file, page.body, 'latin1');
      return file;
    });
    // xmllint names on its error output every file that is not valid, and all the others too: only a failure shows it.
    for (let start = 0; start < files.length; start += 1000) {
      execFileSync('xmllint', ['--noout', '--schema', SCHEMA, ...files.slice(start, start + 1000)], {
        stdio: ['ignore', 'ignore', 'pipe'],
        maxBuffer: 64 * 1024 * 1024,
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('B901 every page, for every phone, in every language, is within the limits', () => {
  const distinct = new Map([...everyPage(), ...everyLanguage(), ...everyName()].map((page) => [page.body, page]));
  for (const page of distinct.values()) expectWithinLimits(page);
}, 300_000);

test('a page of any names and URLs is within the limits', () => {
  fc.assert(
    fc.property(anyView, anyPhone, (view, phone) => {
      expectWithinLimits(renderPage(templates, view, phone));
    }),
    { numRuns: 300 },
  );
});

test("B901 Cisco's schema accepts every page in every language", () => {
  if (!hasSchema) {
    expect(process.env.CI ?? '', `in CI the schema has to be at ${SCHEMA}`).toBe('');
    console.log(`${SCHEMA} is not there: pages were checked against the limits in this file only.`);
    return;
  }
  const samples = fc.sample(fc.tuple(anyView, anyPhone), { numRuns: 500, seed: 20 });
  const anyPages = samples.map(([view, phone]) => renderPage(templates, view, phone));
  const exits = phonesOf('en').map((phone) => renderExit(phone));
  validate([...everyPage(), ...everyLanguage(), ...everyName(), ...anyPages, ...exits]);
}, 300_000);
