/** What agents see of the proxy's own pages on the screens of their phones, in English and German. */
import { describe, expect, test } from 'vitest';
import type { PageView } from '../../src/pages/page-view.ts';
import { renderPage } from '../../src/pages/renderer.ts';
import { OUTAGE_CAUSES, PAGE_NAMES } from '../../src/pages/template.ts';
import { loadPages } from '../../src/pages/templates.ts';
import { textLines } from '../../src/simulators/phone/frame.ts';
import { type PhoneModel, phoneHeaders, phoneModels } from '../../src/simulators/phone/models.ts';
import { parsePhoneXml } from '../../src/simulators/phone/page.ts';
import type { Screen } from '../../src/simulators/phone/screen.ts';

/** Those whose words are looked for here; page-languages.test.ts has all. */
const LANGUAGES = ['en', 'de'];
const HELP = 'Help desk: 4711';
const templates = loadPages({ folder: null, languages: LANGUAGES, help: null });
const withHelp = loadPages({ folder: null, languages: LANGUAGES, help: HELP });

const entry = 'http://ippa.example.com:8082/a/fippa/SEP001122334455';
/** As long as a configuration allows, with and without a place to break it. */
const LONGEST = ['Finesse Frankfurt Mitte Server 12', 'x'.repeat(32)].map((name) => name.slice(0, 32));
const view: PageView = {
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
const alternate = (name: string) => ({ name, url: `${entry}/~to/b` });
const menu = (page: PageView['page']): PageView => ({ ...view, page, alternates: [alternate('Finesse B')] });

/** Models whose room for an item is known to the proxy: not the 7940 and the 69xx, which IPPA no longer names. One of those that are alike. */
const MODELS = phoneModels.filter(
  ({ name }) =>
    !['CP-7940G', 'CP-6941', 'CP-7821', 'CP-7861', 'CP-8811', 'CP-8845', 'CP-8851', 'CP-8861', 'CP-8865'].includes(
      name,
    ),
);
const model = (name: string): PhoneModel => {
  const found = phoneModels.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no model ${name}`);
  return found;
};
const P7841 = model('CP-7841');

/** Many situations look alike, and reading a page takes longest. */
const read = new Map<string, ReturnType<typeof readPage>>();

function show(shown: PageView, phone: PhoneModel, language = 'en', pages = templates) {
  const headers = phoneHeaders(phone, language);
  const { body, contentType } = renderPage(pages, shown, {
    modelName: headers['x-CiscoIPPhoneModelName'],
    userAgent: headers['User-Agent'],
    acceptLanguage: language,
    acceptCharset: undefined,
  });
  expect(contentType).toBe('text/xml; charset=utf-8');
  const known = read.get(phone.name + body);
  if (known !== undefined) return known;
  const page = readPage(body, contentType, phone);
  read.set(phone.name + body, page);
  return page;
}

function readPage(body: string, contentType: string, phone: PhoneModel) {
  const parsed = parsePhoneXml(Buffer.from(body, 'latin1'), contentType, phone);
  expect(parsed.violations).toEqual([]);
  if ('error' in parsed) throw new Error(parsed.reason);
  const { title, prompt, text, items, softKeys } = parsed.page;
  const lines = textLines({ text } as Screen, phone.columns);
  return {
    title: title ?? '',
    prompt,
    text,
    lines,
    items: items.map(({ name }) => name),
    urls: items.map(({ url }) => url),
    keys: softKeys,
    all: [title, prompt, text, ...items.map(({ name }) => name)].join('\n'),
  };
}

/** Every page in every situation, about services of these names. */
function situations(name: string): readonly PageView[] {
  const messages = [null, 'notDone', 'noAnswer', 'mayHaveHappened', 'badAnswer', 'busy', 'internal'] as const;
  const plain = PAGE_NAMES.flatMap((page) =>
    messages.flatMap((message) =>
      [[], [alternate(name)]].flatMap((alternates) =>
        [null, name].flatMap((gone) =>
          [
            { drained: false },
            { drained: true },
            { drained: false, doubtful: alternates.length > 0, signOutUrl: `${entry}/~signout` },
            { drained: true, notice: '18:30' },
          ].map((rest) => ({ ...view, page, service: name, message, alternates, gone, ...rest })),
        ),
      ),
    ),
  );
  const told = plain
    .filter(({ drained, message, gone }) => !drained && message === null && gone === null)
    .flatMap((each) =>
      OUTAGE_CAUSES.flatMap((cause) => [false, true].map((both) => ({ ...each, cause, callStays: both, hurry: both }))),
    );
  return [...plain, ...told];
}

const each = (run: (language: string, phone: PhoneModel) => void) => {
  for (const language of LANGUAGES) for (const phone of MODELS) run(language, phone);
};

describe('B330 the menu at the verdict', () => {
  test('names what its lines do, then what stays and what to do', () => {
    const page = show(menu('unavailable'), model('CP-8845'));
    expect(page.title).toBe('Down: Finesse A');
    expect(page.items).toEqual(['Sign in on Finesse B', 'Your call stays up. Sign in, then press Ready']);
    expect(page.urls[1]).toBe(view.retryUrl);
  });

  test('says so in German', () => {
    const page = show(menu('unavailable'), model('CP-8845'), 'de');
    expect(page.items).toEqual(['Anmelden bei Finesse B', 'Gespräch bleibt. Anmelden, dann Bereit drücken']);
  });

  test('breaks the second line where a 78xx would cut it', () => {
    expect(show(menu('unavailable'), P7841).items[1]).toBe('Your call stays up. Sign in, then press\nReady');
  });

  test('of a service in maintenance, where nothing has failed, says what to do only', () => {
    expect(show({ ...menu('maintenance'), callStays: false }, model('CP-8845')).items).toEqual([
      'Sign in on Finesse B',
      'Sign in there, then press Ready',
    ]);
  });
});

describe('B331 the first page after a silent server', () => {
  const silent: PageView = { ...menu('error'), message: 'mayHaveHappened' };

  test('leads back to the service with Enter, and to the alternate with the second line', () => {
    const page = show(silent, P7841);
    expect(page.title).toBe('No answer: Finesse A');
    expect(page.items.slice(0, 2)).toEqual(['Look again at Finesse A', 'Sign in on Finesse B']);
    expect(page.urls[0]).toBe(view.retryUrl);
    expect(page.urls[1]).toContain('/~to/b');
    expect(page.prompt).toBe('Last action may have been done');
  });

  test('says so in German', () => {
    const page = show(silent, P7841, 'de');
    expect(page.title).toBe('Keine Antwort: Finesse A');
    expect(page.items.slice(0, 2)).toEqual(['Erneut ansehen: Finesse A', 'Anmelden bei Finesse B']);
  });

  test('without an alternate has the same title', () => {
    expect(show({ ...silent, alternates: [] }, P7841).title).toBe('No answer: Finesse A');
  });
});

describe('B332 reconnecting', () => {
  test.each([
    ['en', 'Your last key was not carried out', 'may have been carried out'],
    ['de', 'Die letzte Taste wurde nicht ausgeführt', 'vielleicht trotzdem ausgeführt'],
  ])('says first what became of the last key (%s)', (language, notDone, maybe) => {
    expect(show({ ...view, message: 'notDone' }, P7841, language).lines[0]).toContain(notDone);
    const doubtful = show({ ...view, message: 'mayHaveHappened' }, P7841, language);
    expect(doubtful.lines.slice(0, 2).join(' ')).toContain(maybe);
    expect(show(view, P7841, language).text).not.toMatch(/carried out|ausgeführt/);
  });

  test('repeats neither title nor prompt', () => {
    each((language, phone) => {
      const page = show(view, phone, language);
      expect(page.title).toBe('Finesse A');
      expect(page.text).not.toContain('Finesse A');
      expect(page.text).not.toMatch(/\d/);
    });
  });

  test('says that it updates itself, that a call stays up, and what a sign-in elsewhere asks for', () => {
    const { text } = show(view, P7841);
    expect(text).toContain('updates itself');
    expect(text).toContain('A call in progress stays up');
    expect(text).toContain('press Ready there');
    expect(text).toContain('You may have to sign in twice during the first three minutes');
    const german = show(view, P7841, 'de').text;
    for (const words of ['aktualisiert sich selbst', 'laufendes Gespräch bleibt', 'Bereit', 'ersten drei Minuten'])
      expect(german).toContain(words);
  });
});

test('B332 every page that asks again says that it updates itself', () => {
  for (const language of LANGUAGES) {
    for (const shown of situations('Finesse A')) {
      expect(show(shown, P7841, language).all).not.toMatch(/goes on by itself|geht von selbst weiter/);
    }
  }
});

describe('B333 on the screens of phones', () => {
  // Tens of thousands of pages.
  test.each(['Finesse B', ...LONGEST])('nothing is cut: %s', { timeout: 180_000 }, (name) => {
    each((language, phone) => {
      for (const shown of situations(name)) {
        const page = show(shown, phone, language);
        expect(page.all).not.toMatch(/…|\.\.\./);
        for (const item of page.items) {
          const lines = item.split('\n');
          expect(lines.length).toBeLessThanOrEqual(phone.family === '79xx' ? 1 : 3);
          // The item's number and the mark of the highlighted one take four; a word longer than the line has no place to break.
          const room = name.includes(' ') || phone.columns >= 40 ? phone.columns - 4 : 32;
          for (const line of lines) expect(`${line.length <= room} ${line}`).toBe(`true ${line}`);
        }
      }
    });
  });

  test('reconnecting has all that matters above the fold', () => {
    for (const language of LANGUAGES) {
      for (const phone of MODELS.filter(({ family }) => family === '78xx' || family === '88xx')) {
        for (const message of [null, 'notDone', 'mayHaveHappened'] as const) {
          const { lines } = show({ ...view, message }, phone, language);
          const seen = lines.slice(0, phone.lines).join(' ');
          expect(seen).toMatch(/updates itself|aktualisiert sich selbst/);
          expect(seen).toMatch(/call in progress stays up|laufendes Gespräch bleibt bestehen/);
          expect(seen).toMatch(/press Ready|Bereit drücken/);
          if (phone.lines >= 7) expect(lines.length).toBeLessThanOrEqual(phone.lines);
        }
      }
    }
  });

  test('a menu of one alternate has all its lines above the fold, whatever it is called', () => {
    for (const language of LANGUAGES) {
      for (const phone of MODELS.filter(({ family }) => family === '78xx' || family === '88xx')) {
        for (const name of ['Finesse B', ...LONGEST]) {
          for (const shown of situations(name).filter(({ alternates }) => alternates.length > 0)) {
            const { items } = show(shown, phone, language);
            expect(items.join('\n').split('\n').length).toBeLessThanOrEqual(phone.lines);
          }
        }
      }
    }
  });
});

test('B334 an unreadable answer is called a fault of the server, and the state is to be looked at first', () => {
  const fault: PageView = { ...menu('error'), message: 'badAnswer' };
  const page = show(fault, model('CP-8845'));
  expect(page.items.at(-1)).toBe('Finesse A has a fault. Check your state first.');
  expect(page.items[0]).toBe('Look again at Finesse A');
  expect(show({ ...fault, alternates: [] }, P7841).text).toContain('Finesse A has a fault. Check your state first.');
  expect(show({ ...fault, alternates: [] }, P7841, 'de').text).toContain(
    'Finesse A hat eine Störung. Erst den eigenen Status prüfen.',
  );
});

test('B335 a drained service takes no new sign-ins; it is not called in maintenance', () => {
  for (const alternates of [[], [alternate('Finesse B')]]) {
    for (const gone of [null, 'Finesse C']) {
      const page = show({ ...menu('maintenance'), alternates, gone, drained: true }, P7841);
      expect(page.all).not.toMatch(/maintenance/i);
      if (gone === null) expect(page.title).toBe('No new sign-ins: Finesse A');
      if (alternates.length === 0) expect(page.text).toContain('takes no new sign-ins');
      const german = show({ ...menu('maintenance'), alternates, gone, drained: true }, P7841, 'de');
      expect(german.all).not.toMatch(/wartung|gewartet/i);
    }
  }
});

test('B336 Exit is on the third key of every page, for every model', () => {
  for (const phone of MODELS) {
    for (const shown of situations('Finesse A')) {
      for (const retryUrl of [view.retryUrl, null]) {
        const { keys } = show({ ...shown, retryUrl }, phone);
        const exits = keys.filter(({ url }) => url === 'SoftKey:Exit' || url.endsWith('/~exit'));
        expect(exits.map(({ position }) => position)).toEqual([3]);
      }
    }
  }
});

test('B337 the line of pages.help is on every page, once, last', () => {
  for (const language of LANGUAGES) {
    for (const phone of [P7841, model('CP-7970G')]) {
      for (const shown of situations('Finesse A')) {
        const page = show(shown, phone, language, withHelp);
        expect(page.all.split(HELP)).toHaveLength(2);
        expect((page.items.length > 0 ? page.items : page.lines).at(-1)).toBe(HELP);
        expect(show(shown, phone, language).all).not.toContain(HELP);
      }
    }
  }
});

describe('the words for each failure', () => {
  const PROMPTS = {
    noAnswer: 'No answer.',
    badAnswer: 'Fault.',
    ctiLost: 'CTI lost.',
    outOfService: 'Not ready.',
    restarting: 'Restarting.',
    notNotified: 'Link lost.',
    notificationDown: 'No updates.',
  } as const;

  test('B452 reconnecting, unavailable and waiting begin with what has failed', () => {
    for (const [cause, words] of Object.entries(PROMPTS)) {
      const failed = { cause: cause as keyof typeof PROMPTS };
      expect(show({ ...view, ...failed }, P7841).prompt).toBe(`${words} Reconnecting: 1 of 3`);
      expect(show({ ...menu('unavailable'), ...failed }, P7841).prompt).toBe(`${words} Choose another`);
      const waiting = show({ ...view, page: 'waiting', ...failed }, P7841);
      expect(waiting.prompt).toBe(`${words} Out of service`);
      expect(waiting.text.split('\n')[0]).toMatch(/Finesse A\b.*\.$/);
    }
  });

  test('B452 in German too, each in words of its own', () => {
    const texts = OUTAGE_CAUSES.map(
      (cause) => show({ ...view, page: 'waiting', cause }, P7841, 'de').text.split('\n')[0],
    );
    expect(new Set(texts).size).toBe(OUTAGE_CAUSES.length);
    expect(show({ ...view, cause: 'ctiLost' }, P7841, 'de').prompt).toBe('CTI verloren. Versuch 1 von 3');
  });

  test('B452 ten attempts are not cut', () => {
    const page = show({ ...view, cause: 'restarting', attempt: 10, attempts: 10 }, P7841);
    expect(page.prompt).toBe('Restarting. Attempt 10 of 10');
  });

  test('B454 a call is spoken of on the menu of an outage, not on that of maintenance', () => {
    expect(show({ ...menu('unavailable'), callStays: true }, P7841).all).toMatch(/call stays up/i);
    for (const language of LANGUAGES) {
      const page = show({ ...menu('maintenance'), callStays: false }, P7841, language);
      expect(page.all).not.toMatch(/call|Gespräch/);
      expect(page.items[1]).toMatch(/press Ready|Bereit drücken/);
      for (const busy of [menu('error'), { ...view, page: 'error' as const }])
        expect(show({ ...busy, message: 'busy', callStays: false }, P7841, language).all).not.toMatch(/call|Gespräch/);
    }
  });

  test('B454 of an outage after an island no page says that it stays', () => {
    for (const language of LANGUAGES) {
      for (const page of ['reconnecting', 'waiting'] as const) {
        const { text } = show({ ...view, page, callStays: false }, P7841, language);
        expect(text).toMatch(/a call in progress may end|Gespräch kann enden/);
        expect(text).not.toMatch(/stays up|bleibt bestehen/);
      }
    }
  });

  test('B455 unavailable and recovered name the five minutes where they apply', () => {
    const hurried = { callStays: true, hurry: true };
    expect(show({ ...menu('unavailable'), ...hurried }, P7841).items[1]?.replace('\n', ' ')).toBe(
      'Your call stays up. Sign in within 5 minutes, then press Ready',
    );
    for (const language of LANGUAGES) {
      expect(show({ ...menu('unavailable'), ...hurried }, model('CP-7970G'), language).items[1]).toContain('5 ');
      const back = { ...view, page: 'recovered' as const };
      expect(show({ ...back, ...hurried }, P7841, language).text).toMatch(/within five minutes|binnen fünf Minuten/);
      expect(show(back, P7841, language).text).not.toMatch(/five|fünf/);
    }
  });

  test('B456 error says that the phone pages fail, and its menu what stays and what to do', () => {
    const failing = { ...menu('error'), message: 'badAnswer', cause: 'pagesFail' } as const;
    const page = show(failing, P7841);
    expect(page.title).toBe('Pages fail: Finesse A');
    expect(page.prompt).toBe('Check your state first');
    expect(page.items.at(-1)).toBe('Call stays up. Sign in, press Ready');
    expect(show({ ...failing, alternates: [] }, P7841).text).toContain('The phone pages of Finesse A fail');
  });
});
