import { describe, expect, test } from 'vitest';
import { selectFamily } from '../../src/pages/models.ts';
import type { PageView } from '../../src/pages/page-view.ts';
import { renderExit, renderPage } from '../../src/pages/renderer.ts';
import { loadPages } from '../../src/pages/templates.ts';
import { parseXmlTree } from '../../src/pages/xml-tree.ts';

const templates = loadPages({ folder: null, languages: ['en', 'de'], help: null });
const retryUrl = 'http://ippa.example.com:8082/a/fippa/SEP001122334455';
const exitUrl = `${retryUrl}/~exit`;
const view: PageView = {
  page: 'waiting',
  service: 'Finesse A',
  attempt: null,
  attempts: 3,
  alternates: [],
  retryUrl,
  exitUrl,
  message: null,
  gone: null,
  drained: false,
  cause: null,
  callStays: true,
  hurry: false,
};
const menu: PageView = { ...view, page: 'unavailable', alternates: [{ name: 'Finesse B', url: `${retryUrl}/~to/b` }] };

/** `position name url` of every soft key. */
function softKeys(modelName: string | undefined, shown: PageView, userAgent?: string): readonly string[] {
  const phone = { modelName, userAgent, acceptLanguage: 'en', acceptCharset: undefined };
  const root = parseXmlTree(Buffer.from(renderPage(templates, shown, phone).body, 'latin1').toString());
  if ('message' in root) throw new Error(root.message);
  return root.children
    .filter((child) => child.name === 'SoftKeyItem')
    .map(({ children: [name, position, url] }) => `${position?.text} ${name?.text} ${url?.text}`);
}

test.each([
  ['CP-7970G', '79xx'],
  ['CP-7921G', '79xx'],
  ['cp-7940', '79xx'],
  ['CP-7861', '78xx'],
  ['CP-7821', '78xx'],
  ['CP-7832', '78xx'],
  ['CP-8845', 'desk'],
  ['CP-8821', 'wireless'],
  ['CP-8821-EX', 'wireless'],
  ['DP-9821', 'wireless'],
  ['DP-9841', '98xx'],
  ['CP-8875', '8875'],
  ['CP-8875NR', '8875'],
  ['CP-840', 'desk'],
  ['something new', 'desk'],
  ['', 'desk'],
  [undefined, 'desk'],
])('%s is of the family %s', (modelName, family) => {
  expect(selectFamily(modelName, undefined)).toBe(family);
});

test('without a model name the web client of the 79xx tells', () => {
  expect(selectFamily(undefined, 'Allegro-Software-WebClient/4.34')).toBe('79xx');
  expect(selectFamily('CP-8845', 'Allegro-Software-WebClient/4.34')).toBe('desk');
});

test.each([
  ['Cisco-CP-8875/3.1', '8875'],
  ['Cisco-CP-8875NR/3.1', '8875'],
  ['Cisco/8875 PhoneOS', '8875'],
  ['Allegro-Software-WebClient/4.34 (CP-8875)', '8875'],
  ['Cisco-CP8821/11.0', 'wireless'],
  ['Cisco-CP-7841/14.3', '78xx'],
  ['Mozilla/5.0 (build 188753)', 'desk'],
  [undefined, 'desk'],
])('without a model name, %s is of the family %s', (userAgent, family) => {
  expect(selectFamily(undefined, userAgent)).toBe(family);
  expect(selectFamily(' ', userAgent)).toBe(family);
  expect(selectFamily('CP-7970G', userAgent)).toBe('79xx');
});

describe('soft keys', () => {
  test.each(['CP-7970G', 'CP-8821'])('%s begins with Select', (model) => {
    const select = '1 Select SoftKey:Select';
    expect(softKeys(model, menu)).toEqual([select, `2 Retry ${retryUrl}`, '3 Exit SoftKey:Exit']);
    expect(softKeys(model, view)).toEqual([`1 Retry ${retryUrl}`, '3 Exit SoftKey:Exit']);
  });

  test.each(['CP-7841', 'CP-8845', 'DP-9841', undefined])('%s has Select where its own menus have it', (model) => {
    const [retry, exit] = [`1 Retry ${retryUrl}`, '3 Exit SoftKey:Exit'];
    expect(softKeys(model, menu)).toEqual([retry, '2 Select SoftKey:Select', exit]);
    expect(softKeys(model, view)).toEqual([retry, exit]);
  });

  test('an 8875 has no SoftKey: URI: no Select, and Exit is an action of the proxy', () => {
    expect(softKeys('CP-8875', menu)).toEqual([`1 Retry ${retryUrl}`, `3 Exit ${exitUrl}`]);
    expect(softKeys('CP-8875NR', view)).toEqual([`1 Retry ${retryUrl}`, `3 Exit ${exitUrl}`]);
  });

  test('B108 nor has one that only its User-Agent names', () => {
    expect(softKeys(undefined, menu, 'Cisco-CP-8875/3.1')).toEqual(softKeys('CP-8875', menu));
    expect(softKeys('CP-8875', menu)).toEqual([`1 Retry ${retryUrl}`, `3 Exit ${exitUrl}`]);
  });

  test('an 8875 without an Exit action keeps Retry, and without both it can still close the application', () => {
    expect(softKeys('CP-8875', { ...view, exitUrl: null })).toEqual([`1 Retry ${retryUrl}`]);
    expect(softKeys('CP-8875', { ...view, exitUrl: null, retryUrl: null })).toEqual(['3 Exit Init:Services']);
  });

  test('Retry is left out where there is nothing to retry, and Exit stays in its place', () => {
    expect(softKeys('CP-7970G', { ...menu, retryUrl: null })).toEqual([
      '1 Select SoftKey:Select',
      '3 Exit SoftKey:Exit',
    ]);
  });

  test('a URL over 256 characters is left out with its key', () => {
    const long = retryUrl.padEnd(257, 'x');
    expect(softKeys('CP-8845', { ...view, retryUrl: long })).toEqual(['3 Exit SoftKey:Exit']);
    expect(softKeys('CP-8875', { ...view, exitUrl: long })).toEqual([`1 Retry ${retryUrl}`]);
  });

  test('Retry never reloads: SoftKey:Update would repeat the request that failed', () => {
    for (const model of ['CP-7970G', 'CP-8845', 'CP-8821', 'CP-8875']) {
      expect(softKeys(model, view).join()).not.toContain('Update');
    }
  });
});

test('the Exit action closes the Services application', () => {
  const phone = { modelName: 'CP-8875', userAgent: undefined, acceptLanguage: undefined, acceptCharset: 'iso-8859-1' };
  const { body, contentType } = renderExit(phone);
  expect(contentType).toBe('text/xml; charset=iso-8859-1');
  expect(body).toBe(
    '<?xml version="1.0" encoding="iso-8859-1"?>\n' +
      '<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="Init:Services"/></CiscoIPPhoneExecute>\n',
  );
});
