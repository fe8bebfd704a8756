/** What the simulated phone makes of bytes and headers: reference/phone-xml.md §1, §2, §5, §7. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decideExpires, parseRefresh } from '../../src/simulators/phone/answer-headers.ts';
import { emptyJar, renderCookies, storeCookies } from '../../src/simulators/phone/cookies.ts';
import { findModel, phoneModels } from '../../src/simulators/phone/models.ts';
import { parsePhoneXml } from '../../src/simulators/phone/page.ts';
import { redact } from '../../src/simulators/phone/redaction.ts';
import { deviceOf, serviceUrl } from '../../src/simulators/phone/service-url.ts';
import { appendQuery } from '../../src/simulators/phone/soft-keys.ts';

const utf8 = 'text/xml; charset=utf-8';
const declaration = '<?xml version="1.0" encoding="utf-8"?>\n';
const model = (name = 'CP-8845') => {
  const found = findModel(name);
  if (!found) throw new Error(name);
  return found;
};
const parse = (xml: string, name?: string, contentType: string | undefined = utf8) =>
  parsePhoneXml(Buffer.from(xml), contentType, model(name));
const key = (name: string, position: string, url: string) =>
  `<SoftKeyItem><Name>${name}</Name>${position === '' ? '' : `<Position>${position}</Position>`}<URL>${url}</URL></SoftKeyItem>`;
const text = (inner: string) => `${declaration}<CiscoIPPhoneText>${inner}</CiscoIPPhoneText>`;
const menu = (inner: string) => `${declaration}<CiscoIPPhoneMenu>${inner}</CiscoIPPhoneMenu>`;

/** The templates of reference/phone-xml.md §1.3. */
const templates = {
  text: text(
    `<Title>Finesse A</Title><Prompt>Reconnecting</Prompt>${key('Update', '1', 'SoftKey:Update')}${key('Exit', '3', 'SoftKey:Exit')}<Text>Trying again, attempt 2 of 3.</Text>`,
  ),
  menu: menu(
    `<Title>Finesse A is down</Title><Prompt>Choose a service</Prompt>${key('Select', '1', 'SoftKey:Select')}${key('Exit', '3', 'SoftKey:Exit')}<MenuItem><Name>Finesse B</Name><URL>https://proxy.example.com:8445/b/fippa/SEP001122334455</URL></MenuItem>`,
  ),
  input: `${declaration}<CiscoIPPhoneInput><Title>Sign in</Title><Prompt>Finesse B</Prompt>${key('SignIn', '1', 'SoftKey:Submit')}${key('&lt;&lt;', '2', 'SoftKey:&lt;&lt;')}${key('Exit', '3', 'SoftKey:Exit')}<URL>https://proxy.example.com:8445/b/fippa/SEP001122334455</URL><InputItem><DisplayName>ID</DisplayName><QueryStringParam>id</QueryStringParam><InputFlags>A</InputFlags><DefaultValue>1001</DefaultValue></InputItem><InputItem><DisplayName>Password</DisplayName><QueryStringParam>password</QueryStringParam><InputFlags>AP</InputFlags></InputItem></CiscoIPPhoneInput>`,
  execute: `${declaration}<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="https://finesse-a.example.com:8445/fippa/SEP001122334455"/></CiscoIPPhoneExecute>`,
};

describe('documents', () => {
  it.each(Object.entries(templates))('takes the %s template without a violation', (_, xml) => {
    const result = parse(xml);
    expect(result).toHaveProperty('page');
    expect(result.violations).toEqual([]);
  });

  it('takes SoftKey:Select on a directory, as phones do and public servers send it', () => {
    const keys = key('Select', '1', 'SoftKey:Select') + key('Exit', '2', 'SoftKey:Exit');
    const entry = '<DirectoryEntry><Name>Ada</Name><Telephone>4711</Telephone></DirectoryEntry>';
    const result = parse(`${declaration}<CiscoIPPhoneDirectory>${keys}${entry}</CiscoIPPhoneDirectory>`);
    expect(result.violations).toEqual([]);
  });

  it('knows the 7941', () => {
    expect(findModel('7941')).toMatchObject({ name: 'CP-7941G', family: '79xx', maxTls: 'TLSv1' });
    expect(findModel('CP-7941G')).toBe(findModel('7941'));
  });

  it('reads what is in them', () => {
    const result = parse(templates.input);
    if (!('page' in result)) throw new Error(result.reason);
    expect(result.page).toMatchObject({
      kind: 'CiscoIPPhoneInput',
      title: 'Sign in',
      prompt: 'Finesse B',
      submit: { url: 'https://proxy.example.com:8445/b/fippa/SEP001122334455', post: false },
    });
    expect(result.page.softKeys.map((softKey) => softKey.url)).toEqual([
      'SoftKey:Submit',
      'SoftKey:<<',
      'SoftKey:Exit',
    ]);
    expect(result.page.inputs[1]).toEqual({
      displayName: 'Password',
      parameter: 'password',
      kind: 'A',
      masked: true,
      defaultValue: '',
    });
  });

  it.each([
    ['truncated', '<CiscoIPPhoneText><Title>x'],
    ['an unescaped ampersand', text('<Text>a & b</Text>')],
    ['an entity it does not know', text('<Text>&nbsp;</Text>')],
    ['a document type', '<!DOCTYPE x [<!ENTITY e "x">]><CiscoIPPhoneText><Text>&e;</Text></CiscoIPPhoneText>'],
    ['HTML', '<html><body>Error</body></html>'],
    ['another letter case', '<CiscoIPPhonetext/>'],
    ['an unknown tag', text('<Titel>x</Titel>')],
    ['an unknown tag in a soft key', text('<SoftKeyItem><Position>1</Position><Label>x</Label></SoftKeyItem>')],
    ['a wrapper around soft keys', text(`<SoftKeys>${key('A', '1', 'SoftKey:Exit')}</SoftKeys>`)],
    ['no Position', text(key('Exit', '', 'SoftKey:Exit'))],
    ['an empty Position', text('<SoftKeyItem><Name>x</Name><Position></Position></SoftKeyItem>')],
    ['Position 17', text(key('Exit', '17', 'SoftKey:Exit'))],
    ['Position 0', text(key('Exit', '0', 'SoftKey:Exit'))],
    ['a form without URL', `${declaration}<CiscoIPPhoneInput/>`],
    [
      'a field without QueryStringParam',
      `${declaration}<CiscoIPPhoneInput><URL>http://x/</URL><InputItem><DisplayName>ID</DisplayName><InputFlags>A</InputFlags></InputItem></CiscoIPPhoneInput>`,
    ],
    ['an Execute without items', `${declaration}<CiscoIPPhoneExecute/>`],
    [
      'Priority 3',
      `${declaration}<CiscoIPPhoneExecute><ExecuteItem Priority="3" URL="http://x/"/></CiscoIPPhoneExecute>`,
    ],
    ['nothing', ''],
  ])('XML Error [4] for %s', (_, xml) => {
    const result = parse(xml);
    expect(result).toMatchObject({ error: 'XML Error [4]' });
    expect(result.violations.length).toBeGreaterThan(0);
  });

  it('XML Error [5] for an object that the model has not', () => {
    const image = `${declaration}<CiscoIPPhoneImageFile><URL>http://x/a.png</URL></CiscoIPPhoneImageFile>`;
    expect(parse(image, 'CP-7841')).toMatchObject({ error: 'XML Error [5]' });
    expect(parse(image, 'CP-8845')).toHaveProperty('page');
  });

  it('takes position 9 on a desk phone, not on an 8821', () => {
    const xml = text(key('Exit', '9', 'SoftKey:Exit'));
    expect(parse(xml, 'CP-8861')).toHaveProperty('page');
    expect(parse(xml, 'CP-8821')).toMatchObject({ error: 'XML Error [4]' });
  });
});

describe('limits', () => {
  const items = (count: number, name = 'x') =>
    `<MenuItem><Name>${name}</Name><URL>http://x/</URL></MenuItem>`.repeat(count);
  it.each([
    ['Title', text(`<Title>${'x'.repeat(33)}</Title>`)],
    ['Prompt', text(`<Prompt>${'x'.repeat(33)}</Prompt>`)],
    ['Text', text(`<Text>${'x'.repeat(4001)}</Text>`)],
    ['soft key name', text(key('x'.repeat(33), '1', 'SoftKey:Exit'))],
    ['soft key URL', text(key('x', '1', `http://x/${'y'.repeat(256)}`))],
    ['item name', menu(items(1, 'x'.repeat(65)))],
    ['item line breaks', menu(items(1, 'a\nb\nc\nd'))],
    ['items', menu(items(101))],
    ['two keys at one position', text(key('a', '1', 'SoftKey:Exit') + key('b', '1', 'SoftKey:Update'))],
    ['unknown attribute', `${declaration}<CiscoIPPhoneText lang="en"/>`],
    ['foreign key', menu(key('x', '1', 'SoftKey:Submit'))],
    ['two titles', text('<Title>a</Title><Title>b</Title>')],
  ])('reports %s and shows the page all the same', (_, xml) => {
    const result = parse(xml);
    expect(result).toHaveProperty('page');
    expect(result.violations).toHaveLength(1);
  });

  it('counts code points', () => {
    expect(parse(text(`<Title>${'𝒳'.repeat(32)}</Title>`)).violations).toEqual([]);
  });

  it('keeps no more items than it has room for', () => {
    const result = parse(menu(items(120)));
    expect('page' in result && result.page.items.length).toBe(100);
  });

  it('knows what the 8875, the 7800s and Execute do not take', () => {
    expect(parse(templates.text, 'CP-8875').violations).toContain('CP-8875 has no SoftKey: URI');
    expect(parse(text(key('x', '1', 'App:Close:0:0:x')), 'CP-7841').violations).toEqual(['CP-7841 has no App: URI']);
    const execute = `${declaration}<CiscoIPPhoneExecute><ExecuteItem URL="SoftKey:Exit"/></CiscoIPPhoneExecute>`;
    expect(parse(execute).violations).toEqual(['SoftKey: inside Execute']);
    expect(parse(execute, 'CP-8821').violations).toEqual([]);
  });
});

describe('charsets and content types', () => {
  const latin = Buffer.from(
    '<?xml version="1.0" encoding="iso-8859-1"?><CiscoIPPhoneText><Title>ä</Title></CiscoIPPhoneText>',
    'latin1',
  );
  it('reads iso-8859-1 where header, declaration and bytes agree', () => {
    const result = parsePhoneXml(latin, 'text/xml; charset=ISO-8859-1', model());
    expect(result).toMatchObject({ page: { title: 'ä' }, violations: [] });
  });
  it('reports a header that contradicts the declaration, and bytes that are not of the charset', () => {
    const result = parsePhoneXml(latin, utf8, model());
    expect(result).toMatchObject({ error: 'XML Error [4]' });
    expect(result.violations).toHaveLength(2);
  });
  it('takes its own charset when none is named', () => {
    const result = parsePhoneXml(Buffer.from(text('<Title>ä</Title>')), 'text/xml', model());
    expect(result).toMatchObject({ page: { title: 'Ã¤' }, violations: ['no charset in Content-Type'] });
  });
  it('reports a charset that the phone did not ask for', () => {
    const result = parsePhoneXml(Buffer.from(text('<Title>a</Title>')), utf8, model(), 'iso-8859-1');
    expect(result.violations).toEqual(['charset utf-8 is not in Accept-Charset']);
  });
  it('shows text/html as text without a title, and refuses what is no text', () => {
    expect(parse('<html>', undefined, 'text/html; charset=utf-8')).toMatchObject({
      page: { title: null, text: '<html>' },
      violations: ['content type text/html is shown as text'],
    });
    expect(parse('{}', undefined, 'application/json')).toMatchObject({ error: 'HTTP Error [8]' });
  });
  it('has the texts of a 6941', () => {
    expect(parse('', 'CP-6941')).toMatchObject({ error: 'No services configured' });
    expect(parse(text(`<!--${'x'.repeat(200_000)}-->`), 'CP-6941')).toMatchObject({ error: 'Data too large!' });
    expect(parse(templates.text, 'CP-6941')).toMatchObject({ page: { title: 'Reconnecting' } });
  });
});

describe('headers', () => {
  it.each([
    ['5; url=http://x/a', { seconds: 5, url: 'http://x/a' }],
    ['5;URL="http://x/a?b=1&c=2"', { seconds: 5, url: 'http://x/a?b=1&c=2' }],
    ['5', { seconds: 5, url: null }],
    ['0; url=/a', { seconds: null, url: '/a' }],
    ['url=/a', { seconds: null, url: '/a' }],
    ['; url=/a', { seconds: null, url: '/a' }],
    ['soon', undefined],
    ['-1', undefined],
    ['', undefined],
  ])('Refresh: %s', (value, expected) => {
    expect(parseRefresh(value)).toEqual(expected);
  });

  it.each([
    ['Thu, 01 Jan 2015 00:00:00 GMT', true, false],
    ['Thu, 01 Jan 2099 00:00:00 GMT', false, false],
    ['Thu, 01 Jan 1970 00:00:00 GMT', false, true],
    ['-1', false, true],
    ['0', false, true],
    [undefined, false, false],
  ])('Expires: %s', (value, expired, violation) => {
    const judged = decideExpires(value, Date.parse('2026-01-01T00:00:00Z'));
    expect(judged.expired).toBe(expired);
    expect(judged.violation !== undefined).toBe(violation);
  });

  it('keeps four cookies a host, of 255 bytes, and heeds Path and Secure', () => {
    const url = new URL('https://a.example/x/fippa/SEP1');
    const many = storeCookies(
      emptyJar,
      url,
      ['a=1; Path=/x', 'b=2; Path=/y', 'c=3; Path=/; Secure', 'd=4', 'e=5', `f=${'x'.repeat(260)}`],
      1000,
    );
    expect(many.violations).toEqual(['more than 4 cookies of one host', 'cookie of more than 255 bytes']);
    expect(renderCookies(many.jar, url, 1000)).toBe('a=1; c=3; d=4');
    expect(renderCookies(many.jar, new URL('http://a.example/x/fippa/SEP1'), 1000)).toBe('a=1; d=4');
    expect(renderCookies(many.jar, new URL('https://a.example/xy'), 1000)).toBe('c=3');
    expect(renderCookies(many.jar, new URL('https://b.example/x'), 1000)).toBeUndefined();
    expect(renderCookies(many.jar, url, 1000 + 31 * 60_000)).toBeUndefined();
    const gone = storeCookies(many.jar, url, ['a=; Path=/x; Max-Age=0'], 1000);
    expect(renderCookies(gone.jar, url, 1000)).toBe('c=3; d=4');
  });
});

describe('URLs', () => {
  it('replaces the device or appends it', () => {
    expect(serviceUrl('http://p:8082/a/fippa/#DEVICENAME#', 'SEP1')).toBe('http://p:8082/a/fippa/SEP1');
    expect(serviceUrl('http://p:8082/a/fippa/', 'SEP1')).toBe('http://p:8082/a/fippa/SEP1');
    expect(serviceUrl('http://p:8082/fippa?id=1', 'SEP1')).toBe('http://p:8082/fippa/SEP1?id=1');
    expect(serviceUrl('http://p:8082/a/fippa/SEP2', 'SEP1')).toBe('http://p:8082/a/fippa/SEP2');
    expect(serviceUrl('http://p/menu.xml', 'SEP1')).toBe('http://p/menu.xml');
    expect(() => serviceUrl('ftp://p/', 'SEP1')).toThrow();
    expect(deviceOf('http://p/a/fippa/SEP2;x=1?id=1')).toBe('SEP2');
  });
  it('appends parameters by ? or &', () => {
    expect(appendQuery('http://p/a', 'b=1')).toBe('http://p/a?b=1');
    expect(appendQuery('http://p/a?x=1', 'b=1')).toBe('http://p/a?x=1&b=1');
    expect(appendQuery('http://p/a?', 'b=1')).toBe('http://p/a?b=1');
  });
  it('prints no password', () => {
    const url = 'http://u:p@h/a;jsessionid=AB12?id=1001&password=secret&Password=Secret&x=1';
    expect(redact(url)).toBe('http://***@h/a;jsessionid=***?id=1001&password=***&Password=***&x=1');
    expect(redact('http://h/?pass=secret', new Set(['pass']))).toBe('http://h/?pass=***');
    expect(redact('http://h/?p%61ssword=secret')).toBe('http://h/?p%61ssword=***');
  });
});

describe('models', () => {
  it('are found by number', () => {
    expect(findModel('8845')?.name).toBe('CP-8845');
    expect(findModel('cp-7970')?.name).toBe('CP-7970G');
    expect(findModel('9841')?.name).toBe('DP-9841');
    expect(findModel('1234')).toBeUndefined();
    expect(phoneModels.every((known) => known.columns <= 76 && known.lines <= 13)).toBe(true);
  });
});

describe('independence', () => {
  it('imports nothing of the program that it tests', () => {
    const source = new URL('../../src/simulators/', import.meta.url);
    for (const folder of ['phone/', 'phones/']) {
      for (const file of readdirSync(new URL(folder, source))) {
        const text = readFileSync(new URL(folder + file, source), 'utf8');
        const imported = [...text.matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? '');
        for (const name of imported)
          expect(name).toMatch(/^(node:[a-z/]+|saxes|commander|\.\/[a-z-]+\.ts|\.\.\/phone\/[a-z-]+\.ts)$/);
      }
    }
  });
});
