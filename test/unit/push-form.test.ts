import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createServerNames } from '../../src/domain/server-names.ts';
import { renderExecute } from '../../src/push/announcer.ts';
import { readPushed } from '../../src/push/document.ts';
import { classifyPhoneAnswer, PUSH_FAILURES, renderPhoneError } from '../../src/push/phone-answer.ts';
import { formType, parsePushForm, renderPushForm } from '../../src/push/push-form.ts';
import { isMaintenanceNews, selectPushReason } from '../../src/push/pushes.ts';
import { anyText } from '../any-text.ts';

const TYPE = 'application/x-www-form-urlencoded';
const form = (body: string) => parsePushForm(Buffer.from(body, 'latin1'));

describe('the form of a push', () => {
  it('holds what any client put into it, byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const xml = Buffer.from(bytes);
        expect(form(renderPushForm(xml))?.xml.equals(xml)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(anyText, (text) => {
        const sent = new URLSearchParams({ XML: text }).toString();
        expect(form(sent)?.xml.toString()).toBe(Buffer.from(text).toString());
      }),
    );
  });

  it('is read the same by others when we have written it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(new URLSearchParams(renderPushForm(Buffer.from(text))).get('XML')).toBe(text.toWellFormed());
      }),
    );
  });

  it.each([
    ['another name', 'xml=a'],
    ['no field', ''],
    ['two of them', 'XML=a&XML=b'],
    ['one of them hidden', 'XML=a&%58ML=b'],
  ])('is none with %s', (_what, body) => {
    expect(form(body)).toBeNull();
  });

  it('goes on with the type it came with, if that is one of a form', () => {
    for (const type of [`${TYPE}; charset=utf-8`, TYPE.toUpperCase(), ` ${TYPE} ;x`]) expect(formType(type)).toBe(type);
    for (const type of [undefined, '', 'text/xml', `${TYPE}x`, 'multipart/form-data']) {
      expect(formType(type)).toBe(TYPE);
    }
  });

  it('may hold the document as it is, and is then escaped', () => {
    const xml = '<x u="a?b=1&amp;c=%20+2"/>\n';
    expect(form(`XML=${xml}`)?.xml.toString()).toBe(xml);
    const escaped = form(`XML=${xml}`)?.withXml(Buffer.from(xml)).toString() ?? '';
    expect(new URLSearchParams(escaped).get('XML')).toBe(xml);
  });

  it('keeps its other fields when the document is replaced', () => {
    expect(form('a=%20b&XML=old&c')?.withXml(Buffer.from('<n/>')).toString()).toBe('a=%20b&XML=%3Cn%2F%3E&c');
  });

  it('takes a % that begins no escape as it is', () => {
    expect(form('XML=100%+%zz%4')?.xml.toString()).toBe('100% %zz%4');
  });
});

describe('a pushed document', () => {
  const names = createServerNames([
    { id: 'a', url: 'https://fin-a.example.com:8445', aliases: [], learntName: null },
    { id: 'b', url: 'https://fin-b.example.com:8445', aliases: [], learntName: null },
  ]);
  const read = (xml: string | Buffer) => readPushed(Buffer.from(xml as string), names, 'a');
  const one = (url: string) => `<CiscoIPPhoneExecute><ExecuteItem URL="${url}"/></CiscoIPPhoneExecute>`;

  it('is for the device in its URLs, of the server that they name', () => {
    for (const rest of ['', '/home', '?x=1', ';jsessionid=1', '/a?b=1&amp;c=2']) {
      const document = read(one(`https://fin-b.example.com:8445/fippa/SEP1${rest}`));
      expect(document).toMatchObject({ kind: 'for-device', device: 'SEP1', service: 'b' });
      if (document.kind !== 'for-device') return;
      const { xml } = document.rewrite('http://proxy:8082');
      expect(xml.toString()).toBe(one(`http://proxy:8082/b/fippa/SEP1${rest}`));
    }
  });

  it('keeps what is no URL of ours', () => {
    const xml =
      '<CiscoIPPhoneExecute><ExecuteItem Priority="2" URL="http://fin-a.example.com:8082/fippa/S"/><ExecuteItem URL="Play:x.raw"/></CiscoIPPhoneExecute>';
    const document = read(xml);
    if (document.kind !== 'for-device') throw new Error(document.kind);
    expect(document.rewrite('https://p').xml.toString()).toBe(
      xml.replace('http://fin-a.example.com:8082/', 'https://p/a/'),
    );
  });

  it.each([
    ['no URL', '<CiscoIPPhoneText><Text>x</Text></CiscoIPPhoneText>', 'no-device'],
    ['another server', one('https://fin-c.example.com/fippa/SEP1'), 'no-device'],
    ['another application', one('https://fin-a.example.com:8445/desktop/SEP1'), 'no-device'],
    ['no valid device', one('https://fin-a.example.com:8445/fippa/..'), 'no-device'],
    ['an encoded device', one('https://fin-a.example.com:8445/fippa/S%20P'), 'no-device'],
    ['too long a device', one(`https://fin-a.example.com:8445/fippa/${'S'.repeat(65)}`), 'no-device'],
    ['a path alone', one('/fippa/SEP1'), 'no-device'],
    ['HTML', '<html></html>', 'not-phone-xml'],
    ['nothing', '', 'not-phone-xml'],
  ])('with %s is for nobody', (_what, xml, kind) => {
    expect(read(xml).kind).toBe(kind);
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readPushed(Buffer.from(bytes), names, 'a');
      }),
    );
  });
});

describe('the answer of a phone', () => {
  it.each([
    [200, '<CiscoIPPhoneResponse><ResponseItem Status="0" Data="" URL=""/></CiscoIPPhoneResponse>', 'delivered'],
    [200, '', 'delivered'],
    [200, '<CiscoIPPhoneResponse><ResponseItem URL="x" Status="6"/></CiscoIPPhoneResponse>', 'push-refused'],
    [200, '<?xml version="1.0"?><CiscoIPPhoneError Number="4"/>', 'push-credentials'],
    [200, "<CiscoIPPhoneError x='' Number = '1' />", 'push-refused'],
    [401, '', 'push-credentials'],
    [403, '', 'push-credentials'],
    [404, '', 'push-refused'],
  ])('%i %s means %s', (status, body, outcome) => {
    expect(classifyPhoneAnswer(status, Buffer.from(body))).toBe(outcome);
  });

  it('is made up for every failure, as a document that says so', () => {
    for (const code of PUSH_FAILURES) {
      const { body, contentType } = renderPhoneError(code);
      expect(body.toString()).toMatch(/^<\?xml .*\?>\n<CiscoIPPhoneError Number="[1-4]"\/>\n$/);
      expect(contentType).toBe('text/xml; charset=utf-8');
    }
  });
});

it('the Execute of our own is well-formed and small, whatever the URL holds', () => {
  const xml = renderExecute(`http://p/a/fippa/S?a=1&b="<>${'x'.repeat(200)}`, 1).toString();
  expect(xml).toContain('?a=1&amp;b=&quot;&lt;&gt;x');
  expect(renderExecute('x'.repeat(256), 1).length).toBeLessThanOrEqual(512);
});

it('phones are told of the verdict, of a recovery they know the failure of, and of the first failure if asked for', () => {
  const events = (['unknown', 'in-service', 'reconnecting', 'out-of-service'] as const).flatMap((from) =>
    (['in-service', 'reconnecting', 'out-of-service'] as const).map((to) => [from, to] as const),
  );
  const told = (early: boolean) =>
    events.flatMap(([from, to]) => {
      const event = selectPushReason(from, to, early);
      return event === null ? [] : [`${from} > ${to}: ${event}`];
    });
  const always = [
    'unknown > reconnecting: first-failure',
    'unknown > out-of-service: verdict',
    'in-service > reconnecting: first-failure',
    'in-service > out-of-service: verdict',
    'reconnecting > out-of-service: verdict',
    'out-of-service > in-service: recovery',
    'out-of-service > reconnecting: first-failure',
    'out-of-service > out-of-service: verdict',
  ];
  expect(told(false).toSorted()).toEqual(always.toSorted());
  expect(told(true).toSorted()).toEqual([...always, 'reconnecting > in-service: recovery'].toSorted());
});

it('B442 phones are told when maintenance is set for a time, for another time, and when it begins; not of any other setting', () => {
  const drain = { admin: 'drain', reason: 'x', until: null } as const;
  const coming = { ...drain, maintAt: 1000 };
  const maint = { ...drain, admin: 'maint' } as const;
  expect(isMaintenanceNews(drain, coming)).toBe(true);
  expect(isMaintenanceNews(coming, { ...coming, maintAt: 2000 })).toBe(true);
  expect(isMaintenanceNews(coming, maint)).toBe(true);
  for (const [from, to] of [
    [coming, coming],
    [drain, maint],
    [coming, drain],
    [maint, drain],
  ] as const)
    expect(isMaintenanceNews(from, to)).toBe(false);
});
