import { describe, expect, test } from 'vitest';
import type { PageView, PhoneHeaders } from '../../src/pages/page-view.ts';
import { renderPage } from '../../src/pages/renderer.ts';
import { PHONE_MESSAGES } from '../../src/pages/template.ts';
import { loadPages } from '../../src/pages/templates.ts';
import { parseXmlTree } from '../../src/pages/xml-tree.ts';

const templates = loadPages({ folder: null, languages: ['en', 'de'], help: null });
const entry = 'http://ippa.example.com:8082/a/fippa/SEP001122334455';
const base: PageView = {
  page: 'reconnecting',
  service: 'Finesse A',
  attempt: 2,
  attempts: 3,
  alternates: [],
  retryUrl: entry,
  exitUrl: `${entry}/~exit`,
  message: null,
  gone: null,
  drained: false,
  cause: null,
  callStays: true,
  hurry: false,
};
const alternates = [
  { name: 'Finesse B', url: `${entry}/~to/b` },
  { name: 'Finesse C', url: `${entry}/~to/c` },
];
const signIns = alternates.map(({ name, url }) => ({ name: `Sign in on ${name}`, url }));
const stays = { name: 'Your call stays up. Sign in, then press Ready', url: entry };
const english: PhoneHeaders = {
  modelName: 'CP-8845',
  userAgent: undefined,
  acceptLanguage: 'en-US',
  acceptCharset: 'utf-8,iso-8859-1;q=0.8',
};

function decode({ body, contentType }: ReturnType<typeof renderPage>): string {
  const charset = contentType.replace('text/xml; charset=', '');
  return Buffer.from(body, 'latin1').toString(charset === 'utf-8' ? 'utf8' : 'latin1');
}

/** The page as an agent reads it. */
function read(changes: Partial<PageView>, phone: Partial<PhoneHeaders> = {}) {
  const xml = decode(renderPage(templates, { ...base, ...changes }, { ...english, ...phone }));
  const root = parseXmlTree(xml);
  if ('message' in root) throw new Error(root.message);
  const text = (name: string) => root.children.find((child) => child.name === name)?.text;
  const items = root.children
    .filter((child) => child.name === 'MenuItem')
    .map(({ children: [name, url] }) => ({ name: name?.text, url: url?.text }));
  return { object: root.name, title: text('Title'), prompt: text('Prompt'), text: text('Text') ?? '', items, xml };
}

describe('reconnecting', () => {
  test('says which service and which attempt, and what follows from signing in elsewhere', () => {
    const page = read({});
    expect(page.object).toBe('CiscoIPPhoneText');
    expect(page.title).toBe('Finesse A');
    expect(page.prompt).toBe('Reconnecting: 2 of 3');
    expect(page.text).toContain('A call in progress stays up');
    expect(page.text).toContain('press Ready there');
    expect(page.text).toContain('have to sign in twice during the first three minutes');
  });

  test('offers no alternates', () => {
    expect(read({ alternates }).xml).not.toContain('Finesse B');
  });

  test('after a time-out says that the action may have happened', () => {
    expect(read({ message: 'mayHaveHappened' }).text).toContain('may have been carried out');
    expect(read({ message: 'mayHaveHappened' }).text).toContain('updates itself');
    expect(read({}).text).not.toContain('may have been carried out');
  });
});

describe('unavailable', () => {
  test('is a menu of the alternates by name, and of what stays', () => {
    const page = read({ page: 'unavailable', alternates });
    expect(page.object).toBe('CiscoIPPhoneMenu');
    expect(page.title).toBe('Down: Finesse A');
    expect(page.prompt).toBe('Choose another service');
    expect(page.items).toEqual([...signIns, stays]);
  });

  test('says why when the chosen alternate has gone meanwhile', () => {
    expect(read({ page: 'unavailable', alternates, gone: 'Finesse D' }).title).toBe('Unavailable now: Finesse D');
  });

  test('after a time-out says that the action may have happened', () => {
    const page = read({ page: 'unavailable', alternates, message: 'mayHaveHappened' });
    expect(page.prompt).toBe('Last action may have been done');
    expect(page.items).toEqual([...signIns, stays]);
  });
});

describe('waiting', () => {
  test('says that there is no other service', () => {
    const page = read({ page: 'waiting' });
    expect(page.object).toBe('CiscoIPPhoneText');
    expect(page.text).toContain('Finesse A is out of service, and no other service is available');
    expect(page.text).toContain('A call in progress stays up');
  });

  test('says why when the chosen alternate has gone meanwhile', () => {
    const page = read({ page: 'waiting', gone: 'Finesse B' });
    expect(page.prompt).toBe('Unavailable now: Finesse B');
    expect(page.text).toContain('Finesse B is no longer available');
  });
});

test('recovered says that the service is back', () => {
  expect(read({ page: 'recovered' }).text).toContain('Finesse A is back in service');
});

describe('maintenance', () => {
  test('is a menu of the alternates', () => {
    const page = read({ page: 'maintenance', alternates });
    expect(page.title).toBe('Maintenance: Finesse A');
    expect(page.items).toEqual([...signIns, stays]);
    expect(read({ page: 'maintenance', alternates, gone: 'Finesse D' }).title).toBe('Unavailable now: Finesse D');
  });

  test('is a text without alternates', () => {
    const page = read({ page: 'maintenance' });
    expect(page.object).toBe('CiscoIPPhoneText');
    expect(page.text).toContain('Finesse A is in maintenance');
    expect(read({ page: 'maintenance', gone: 'Finesse B' }).text).toContain('Finesse B is no longer available');
  });
});

describe('error', () => {
  test.each(PHONE_MESSAGES)('%s has words in both languages, without a placeholder', (message) => {
    for (const acceptLanguage of ['en', 'de']) {
      const alone = read({ page: 'error', message }, { acceptLanguage });
      expect(alone.object).toBe('CiscoIPPhoneText');
      expect(alone.text.length).toBeGreaterThan(message === 'notDone' ? 30 : 40);
      expect(alone.xml).not.toMatch(/\{\{|undefined|null/);
      const menu = read({ page: 'error', message, alternates }, { acceptLanguage });
      expect(menu.prompt).toBe(alone.prompt);
      expect(menu.items.map(({ url }) => url)).toEqual([entry, ...alternates.map(({ url }) => url), entry]);
      expect(menu.items[3]?.name?.length).toBeGreaterThan(20);
    }
  });

  test('after a time-out says that the action may have happened, in every form', () => {
    const message = 'mayHaveHappened';
    expect(read({ page: 'error', message }).text).toContain('may have been carried out all the same');
    expect(read({ page: 'error', message }, { acceptLanguage: 'de' }).text).toContain('vielleicht trotzdem ausgeführt');
    const menu = read({ page: 'error', message, alternates });
    expect(menu.prompt).toBe('Last action may have been done');
    expect(menu.items[3]?.name).toContain('may have been done');
  });

  test('without a way to retry keeps the message in the prompt', () => {
    const menu = read({ page: 'error', message: 'noAnswer', alternates, retryUrl: null });
    expect(menu.items).toEqual(signIns);
    expect(menu.prompt).toBe('Not done - server unreachable');
  });

  test('about no service has a title all the same', () => {
    expect(read({ page: 'error', message: 'badAddress', service: null }).title).toBe('Finesse');
  });

  test('without a message says that something went wrong', () => {
    expect(read({ page: 'error' }).text).toContain('Something went wrong');
  });
});

describe('language and charset', () => {
  test('a phone in German gets German', () => {
    expect(read({}, { acceptLanguage: 'de-DE' }).prompt).toBe('Neuer Versuch: 2 von 3');
  });

  const charsetOf = (page: ReturnType<typeof renderPage>) => {
    const declared = /^<\?xml version="1\.0" encoding="([^"]+)"\?>\n/.exec(decode(page))?.[1];
    expect(page.contentType).toBe(`text/xml; charset=${declared}`);
    return declared;
  };
  const render = (service: string, acceptCharset: string | undefined) =>
    renderPage(templates, { ...base, service }, { ...english, acceptCharset });

  test('header, declaration and bytes name the same charset', () => {
    expect(charsetOf(render('Köln', 'iso-8859-1'))).toBe('iso-8859-1');
    expect(decode(render('Köln', 'iso-8859-1'))).toContain('<Title>Köln</Title>');
    expect(charsetOf(render('Köln', undefined))).toBe('utf-8');
    expect(decode(render('Köln', undefined))).toContain('<Title>Köln</Title>');
  });

  test('a page that the preferred charset cannot hold is sent as UTF-8 where that is accepted', () => {
    expect(charsetOf(render('Köln', 'iso-8859-1, utf-8;q=0.8'))).toBe('iso-8859-1');
    expect(charsetOf(render('Łódź', 'iso-8859-1, utf-8;q=0.8'))).toBe('utf-8');
    expect(decode(render('Łódź', 'iso-8859-1, utf-8;q=0.8'))).toContain('<Title>Łódź</Title>');
  });

  test('B903 elsewhere a lacking character is spelt in what there is', () => {
    expect(decode(render('Łódź ～ \ue000', 'iso-8859-1'))).toContain('<Title>Lódz ~ ?</Title>');
    expect(decode(render('Łódź', 'us-ascii'))).toContain('<Title>Lodz</Title>');
    expect(read({}, { acceptLanguage: 'de', acceptCharset: 'us-ascii' }).text).toContain('Gesprach');
  });

  test('B903 what has become longer by that is cut to the limit', () => {
    const title = (charset: string) => /<Title>(.*)<\/Title>/.exec(decode(render('щ'.repeat(32), charset)))?.[1];
    expect(title('utf-8')).toBe('щ'.repeat(32));
    expect(title('iso-8859-1')).toBe(`${'shch'.repeat(8).slice(0, 29)}...`);
  });

  test('three dots end what was cut for a charset without …', () => {
    const long = 'x'.repeat(40);
    expect(decode(render(long, 'iso-8859-1'))).toContain(`<Title>${'x'.repeat(29)}...</Title>`);
    expect(decode(render(long, 'utf-8'))).toContain(`<Title>${'x'.repeat(31)}…</Title>`);
  });
});

describe('names', () => {
  test('are escaped', () => {
    expect(read({ service: `R&D <"A's"> ]]>` }).xml).toContain(
      '<Title>R&amp;D &lt;&quot;A&apos;s&quot;&gt; ]]&gt;</Title>',
    );
  });

  test('with nothing to show are replaced', () => {
    const page = read({ page: 'unavailable', alternates: [{ name: '\u0007', url: entry }] });
    expect(page.items[0]).toEqual({ name: 'Sign in on Finesse', url: entry });
  });

  test('B903 lose the emoji that the charset lacks, and nothing else of the page is pushed out by them', () => {
    const latin = { acceptCharset: 'iso-8859-1' };
    expect(read({ service: 'Finesse 👩‍👩‍👧 Köln 👍🏽' }, latin).title).toBe('Finesse Köln');
    expect(read({ service: '💬💬' }, latin).title).toBe('Finesse');
    expect(read({ service: '💬💬' }, { acceptCharset: 'utf-8' }).title).toBe('💬💬');
  });

  test('of placeholders are shown as they are', () => {
    expect(read({ service: '{{gone}}' }).title).toBe('{{gone}}');
  });
});

describe('many alternates', () => {
  const many = (count: number, length: number, urlLength = 60) =>
    Array.from({ length: count }, (_, index) => ({
      name: `${index} `.padEnd(length, '💬'),
      url: `${entry}/~to/${index}?`.padEnd(urlLength, '&'),
    }));

  test('are shown up to 16', () => {
    expect(
      read({ page: 'unavailable', alternates: many(40, 5) }).items.filter(({ name }) => name !== stays.name),
    ).toHaveLength(16);
  });

  test('that do not fit 4 KiB are shown from the first on, with the message kept', () => {
    const page = read({ page: 'error', message: 'noAnswer', alternates: many(16, 100, 200) });
    expect(Buffer.byteLength(page.xml)).toBeLessThanOrEqual(4096);
    expect(page.items.length).toBeGreaterThan(3);
    expect(page.items[1]?.name).toMatch(/^Sign in on 0 💬+\n💬/u);
    expect(page.items.at(-1)?.name).toContain('not carried out');
  });

  test('whose URL is too long are left out, and without any other the page is for no alternates', () => {
    const broken = { name: 'Broken', url: entry.padEnd(257, 'x') };
    expect(read({ page: 'unavailable', alternates: [broken, ...alternates] }).items).toEqual([...signIns, stays]);
    expect(read({ page: 'maintenance', alternates: [broken] }).object).toBe('CiscoIPPhoneText');
  });
});

test('thousands of different phones do not fill the memory', () => {
  const own = loadPages({ folder: null, languages: ['en'], help: null });
  for (let index = 0; index < 5000; index += 1) renderPage(own, base, { ...english, modelName: `CP-${index}` });
  expect(own.profiles.size).toBeLessThanOrEqual(1000);
  const before = own.profiles.size;
  renderPage(own, base, { ...english, acceptLanguage: 'x'.repeat(5000) });
  expect(own.profiles.size).toBe(before);
});

test('B905 every page for every phone in every language does not fill the memory either', () => {
  const own = loadPages({ folder: null, languages: 'auto', help: null });
  const pages = () => [...own.compiled.values()].reduce((sum, { size }) => sum + size, 0);
  let most = 0;
  for (const { code } of own.languages) {
    for (const modelName of ['CP-7970G', 'CP-7841', 'CP-8845', 'CP-8821', 'CP-8875', 'DP-9841']) {
      for (const acceptCharset of ['utf-8', 'iso-8859-1', 'us-ascii']) {
        const phone = { ...english, modelName, acceptLanguage: code, acceptCharset };
        for (const message of PHONE_MESSAGES) renderPage(own, { ...base, page: 'error', message }, phone);
        most = Math.max(most, pages());
      }
    }
  }
  expect(most).toBeGreaterThan(3900);
  expect(most).toBeLessThanOrEqual(4000);
  expect(pages()).toBe(own.counts.compiled);
});
