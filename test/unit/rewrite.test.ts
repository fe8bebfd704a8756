import { describe, expect, test } from 'vitest';
import { createServerNames } from '../../src/domain/server-names.ts';
import { type RewrittenBody, rewriteBody, rewriteUrl } from '../../src/relay/rewrite.ts';

const names = createServerNames([
  { id: 'a', url: 'https://fin-a.example.com:8445', aliases: ['10.1.1.1'], learntName: null },
  { id: 'b', url: 'https://fin-b.example.com:8445', aliases: ['[2001:db8::b]'], learntName: null },
]);
const rules = { names, service: 'a', publicOrigin: 'https://ippa.example.com:8445' };
const A = 'https://fin-a.example.com:8445/fippa/SEP1';
const NEW_A = 'https://ippa.example.com:8445/a/fippa/SEP1';
const NEW_B = 'https://ippa.example.com:8445/b/fippa/SEP1';

function rewrite(xml: string | Buffer, contentType?: string): RewrittenBody & { readonly kind: 'phone-xml' } {
  const body = typeof xml === 'string' ? Buffer.from(xml) : xml;
  const result = rewriteBody(body, contentType, rules);
  if (result.kind !== 'phone-xml') throw new Error(`refused: ${result.reason}`);
  return result;
}

function reasonOf(xml: string | Buffer, contentType?: string): string {
  const result = rewriteBody(typeof xml === 'string' ? Buffer.from(xml) : xml, contentType, rules);
  return result.kind === 'phone-xml' ? 'phone-xml' : result.reason;
}

const menu = (inside: string): string => `<CiscoIPPhoneMenu>${inside}</CiscoIPPhoneMenu>`;

describe('one URL', () => {
  test.each([
    [A, NEW_A],
    ['http://fin-a.example.com:8082/fippa/SEP1', NEW_A],
    ['http://fin-a.example.com/fippa/SEP1', NEW_A],
    ['HtTpS://FIN-B.Example.com:8445/fippa/SEP1', NEW_B],
    ['http://10.1.1.1:8082/fippa/SEP1', NEW_A],
    ['http://[2001:DB8::B]:8082/fippa/SEP1', NEW_B],
    ['//fin-b.example.com:8082/fippa/SEP1', NEW_B],
    ['//fin-b.example.com/fippa/SEP1', NEW_B],
    ['/fippa/SEP1', '/a/fippa/SEP1'],
    ['/fippa/', '/a/fippa/'],
    [`${A};j=1/%2F..?a=http://x/&b=ü#f`, `${NEW_A};j=1/%2F..?a=http://x/&b=ü#f`],
  ])('%s becomes %s', (url, expected) => {
    expect(rewriteUrl(url, rules)).toBe(expected);
    expect(rewriteUrl(expected, rules)).toBe(expected);
  });

  test.each([
    'https://fin-a.example.com:8445/fippa',
    'https://fin-a.example.com:8445/fippa?x=/fippa/',
    'https://fin-a.example.com:8445/FIPPA/SEP1',
    'https://fin-a.example.com:8445/desktop/fippa/SEP1',
    'https://fin-a.example.com:8445//fippa/SEP1',
    'https://fin-a.example.com:9999/fippa/SEP1',
    'https://agent:secret@fin-a.example.com:8445/fippa/SEP1',
    'https://fin-a.example.com:8445?/fippa/SEP1',
    'https://fin-a.example.com:8445#/fippa/SEP1',
    'https://other.example.com:8445/fippa/SEP1',
    'ftp://fin-a.example.com/fippa/SEP1',
    'https:/fippa/SEP1',
    'https:///fippa/SEP1',
    'fippa/SEP1',
    'state?x=/fippa/',
    'SoftKey:Exit',
    'http://',
    '',
  ])('%s stays', (url) => {
    expect(rewriteUrl(url, rules)).toBe(url);
  });
});

describe('the places where URLs stand', () => {
  test.each([
    ['URL', menu(`<MenuItem><Name>x</Name><URL>${A}</URL></MenuItem>`)],
    ['URL at any depth, with attributes', menu(`<a><b><c><URL method="post" >${A}</URL ></c></b></a>`)],
    ['URLDown', menu(`<SoftKeyItem><URLDown>${A}</URLDown></SoftKeyItem>`)],
    ['a URL attribute', `<CiscoIPPhoneExecute><ExecuteItem Priority="0" URL="${A}"/></CiscoIPPhoneExecute>`],
    ['a URL attribute in apostrophes', `<CiscoIPPhoneExecute><ExecuteItem URL = '${A}' /></CiscoIPPhoneExecute>`],
    ['an onApp attribute', `<CiscoIPPhoneText appId="x" onAppFocusLost="${A}"><Text>t</Text></CiscoIPPhoneText>`],
    ['an onApp attribute yet to come', `<CiscoIPPhoneText onAppX="${A}"/>`],
  ])('%s', (_, xml) => {
    const result = rewrite(xml);
    expect(result.body.toString()).toBe(xml.replace(A, NEW_A));
    expect(result).toMatchObject({ rewritten: 1, overlong: 0, contentType: 'text/xml; charset=utf-8' });
  });

  test.each(['Text', 'Name', 'Title', 'Prompt', 'url', 'Url', 'URLX', 'xURL', 'InputFlags', 'QueryStringParam'])(
    'not in %s',
    (element) => {
      const body = Buffer.from(menu(`<${element}>${A}</${element}>`));
      expect(rewrite(body).body).toBe(body);
    },
  );

  test.each([
    ['a comment', menu(`<!-- <URL>${A}</URL> -->`)],
    ['an instruction', menu(`<?x <URL>${A}</URL>?>`)],
    ['CDATA of a text', menu(`<Text><![CDATA[<URL>${A}</URL>]]></Text>`)],
    ['an escaped text', menu(`<Text>&lt;URL>${A}&lt;/URL></Text>`)],
    ['other attributes', menu(`<x url="${A}" Url="${A}" URLDown="${A}" ONAPP="${A}" a='URL="${A}"'/>`)],
    ['an element with elements in it', menu(`<URL>${A}<b/></URL>`)],
  ])('not in %s', (_, xml) => {
    const body = Buffer.from(xml);
    expect(rewrite(body)).toMatchObject({ body, rewritten: 0 });
    expect(rewrite(body).body).toBe(body);
  });

  test('every URL of a page', () => {
    const page = menu(
      `<URL>${A}</URL><x URL='${A}'/><URL>SoftKey:Exit</URL><URLDown>/fippa/x</URLDown><URL>${A}</URL>`,
    );
    const result = rewrite(page);
    expect(result.rewritten).toBe(4);
    expect(result.body.toString()).toBe(page.replaceAll(A, NEW_A).replace('>/fippa', '>/a/fippa'));
  });
});

test.each([
  '<!DOCTYPE CiscoIPPhoneMenu>',
  '<!DOCTYPE CiscoIPPhoneMenu SYSTEM "x.dtd">\n<!-- c -->',
  '\n<!DOCTYPE  CiscoIPPhoneMenu PUBLIC \'-//x//EN\'\t"https://fin-a.example.com:8445/fippa/x.dtd?>" >',
])('a DOCTYPE that declares nothing stays as it is: %j', (doctype) => {
  const page = (url: string) => `<?xml version="1.0"?>${doctype}${menu(`<URL>${url}</URL>`)}`;
  expect(rewrite(page(A)).body.toString()).toBe(page(NEW_A));
});

describe('how a URL may be written', () => {
  test.each([
    ['with white space around', ` \r\n\t${A}\n `, ` \r\n\t${NEW_A}\n `],
    ['with entities behind', `${A}?a=1&amp;b=&quot;&#228;`, `${NEW_A}?a=1&amp;b=&quot;&#228;`],
    ['with references in front', `&#104;t&#x74;ps:&#x2F;&#47;fin-a.example.com:8445/fippa/SEP1&#46;`, `${NEW_A}&#46;`],
    [
      'with references in the path',
      `https://fin-a.example.com:8445&#x2f;fipp&#97;/SEP1`,
      `https://ippa.example.com:8445/a&#x2f;fipp&#97;/SEP1`,
    ],
    ['with a reference for white space', `&#10;${A}`, `&#10;${NEW_A}`],
    ['in CDATA', `<![CDATA[${A}?a=1&b=2]]>`, `<![CDATA[${NEW_A}?a=1&b=2]]>`],
    ['in white space and CDATA', `\n<![CDATA[ ${A} ]]>\n`, `\n<![CDATA[ ${NEW_A} ]]>\n`],
    [
      'partly in CDATA',
      `https://fin-a<![CDATA[.example.com:8445/fippa/]]>SEP1`,
      `https://ippa.example.com:8445/a<![CDATA[/fippa/]]>SEP1`,
    ],
    [
      'in two CDATA',
      `<![CDATA[https://fin-a]]><![CDATA[.example.com:8445/fippa/SEP1]]>`,
      `<![CDATA[https://ippa.example.com:8445/a]]><![CDATA[/fippa/SEP1]]>`,
    ],
    [
      'with a comment inside',
      `https://<!-- a / b -->fin-a.example.com:8445/fippa/SEP1`,
      `https://ippa.example.com:8445/a<!-- a / b -->/fippa/SEP1`,
    ],
    [
      'with a comment in the port',
      `https://fin-a.example.com:84<!-- -->45/fippa/SEP1`,
      `https://ippa.example.com:8445/a<!-- -->/fippa/SEP1`,
    ],
    [
      'with an instruction inside',
      `https://fin-a<?x ?>.example.com:8445/fippa/SEP1`,
      `https://ippa.example.com:8445/a<?x ?>/fippa/SEP1`,
    ],
    ['a path in CDATA', `<![CDATA[/fippa/SEP1]]>`, `<![CDATA[/a/fippa/SEP1]]>`],
    ['a path with references', `&#47;fippa&#47;SEP1`, `/a&#47;fippa&#47;SEP1`],
  ])('%s', (_, value, expected) => {
    const once = rewrite(menu(`<URL>${value}</URL>`));
    expect(once.body.toString()).toBe(menu(`<URL>${expected}</URL>`));
    expect(once.rewritten).toBe(1);
    expect(rewrite(once.body).body).toBe(once.body);
  });

  test('what merely looks like it once it is read stays', () => {
    for (const value of [
      `https://fin-a&amp;.example.com:8445/fippa/`,
      `&lt;${A}`,
      `x&amp;${A}`,
      `https&#59;//fin-a/fippa/`,
    ]) {
      const body = Buffer.from(menu(`<URL>${value}</URL>`));
      expect(rewrite(body).body).toBe(body);
    }
  });
});

describe('URLs over 256 characters are counted', () => {
  const urlOf = (length: number): string => `/fippa/${'x'.repeat(length - '/a/fippa/'.length)}`;
  test.each([
    ['256 characters', urlOf(256), 0],
    ['257 characters', urlOf(257), 1],
    ['white space', `  ${urlOf(256)}  `, 0],
    ['an entity is one character', `${urlOf(255)}&amp;`, 0],
    ['two are two', `${urlOf(255)}&amp;&#x1F600;`, 1],
    ['bytes of UTF-8', `${urlOf(255)}€`, 0],
    ['characters of UTF-8', `${urlOf(255)}€😀`, 1],
    ['CDATA marks do not count', `<![CDATA[${urlOf(256)}]]>`, 0],
    ['what stays long is not ours', 'x'.repeat(300), 0],
  ])('%s', (_, url, overlong) => {
    expect(rewrite(menu(`<URL>${url}</URL>`)).overlong).toBe(overlong);
  });
});

describe('what kind of page it is', () => {
  const input = (inside: string): string => `<CiscoIPPhoneInput><InputItem>${inside}</InputItem></CiscoIPPhoneInput>`;
  test.each([
    ['sign-in', input('<QueryStringParam>id</QueryStringParam>')],
    ['sign-in', input('<QueryStringParam> password\n</QueryStringParam>')],
    ['sign-in', input('<QueryStringParam><![CDATA[id]]></QueryStringParam>')],
    ['sign-in', input('<QueryStringParam>pin</QueryStringParam><InputFlags>NP</InputFlags>')],
    ['input', input('<QueryStringParam>extension</QueryStringParam><InputFlags>N</InputFlags>')],
    ['input', input('<DisplayName>id</DisplayName>')],
    ['other', menu('<QueryStringParam>id</QueryStringParam>')],
    ['other', '<CiscoIPPhoneText/>'],
    ['other', '<CiscoIPPhoneError Number="4"/>'],
  ])('%s: %s', (page, xml) => {
    expect(rewrite(xml).page).toBe(page);
  });
});

describe('what is not phone XML', () => {
  test.each([
    ['empty', ''],
    ['empty', ' \r\n'],
    ['empty', '\ufeff'],
    ['other-root', '<html><body>503</body></html>'],
    ['other-root', '<!DOCTYPE html><html></html>'],
    ['other-root', '<!doctype html SYSTEM "about:legacy-compat">'],
    ['other-root', '{"status":"ok"}'],
    ['other-root', 'Service Unavailable'],
    ['other-root', '<SystemInfo/>'],
    ['other-root', '<x><CiscoIPPhoneMenu/></x>'],
    ['other-root', '<ciscoipphonemenu/>'],
    ['not-well-formed', '<CiscoIPPhone'],
    ['not-well-formed', '<CiscoIPPhoneMenu'],
    ['not-well-formed', '<CiscoIPPhoneMenu>'],
    ['not-well-formed', '<CiscoIPPhoneMenu><Title>x</CiscoIPPhoneMenu>'],
    ['not-well-formed', '<CiscoIPPhoneMenu></CiscoIPPhoneMen>'],
    ['not-well-formed', '<CiscoIPPhoneMenu></CiscoIPPhoneMenux>'],
    ['not-well-formed', '<CiscoIPPhoneMenu></CiscoIPPhoneMenu'],
    ['not-well-formed', '<CiscoIPPhoneMenu/><CiscoIPPhoneMenu/>'],
    ['not-well-formed', '<CiscoIPPhoneMenu/></x>'],
    ['not-well-formed', '<CiscoIPPhoneMenu/>x'],
    ['not-well-formed', '<CiscoIPPhoneMenu/>&amp;'],
    ['not-well-formed', '<CiscoIPPhoneMenu/><![CDATA[]]>'],
    ['not-well-formed', '<!DOCTYPE CiscoIPPhoneMenu [<!ENTITY x "y">]><CiscoIPPhoneMenu>&x;</CiscoIPPhoneMenu>'],
    ['not-well-formed', '<!DOCTYPE CiscoIPPhoneMenu SYSTEM "x.dtd" []><CiscoIPPhoneMenu/>'],
    ['not-well-formed', '<!DOCTYPE CiscoIPPhoneMenu SYSTEM><CiscoIPPhoneMenu/>'],
    ['not-well-formed', '<!DOCTYPE CiscoIPPhoneMenu PUBLIC "x"><CiscoIPPhoneMenu/>'],
    ['not-well-formed', '<!DOCTYPE CiscoIPPhoneMenu PUBLIC "{" "x.dtd"><CiscoIPPhoneMenu/>'],
    ['not-well-formed', '<!DOCTYPE CiscoIPPhoneMenu SYSTEM "x.dtd><CiscoIPPhoneMenu/>'],
    ['not-well-formed', '<!DOCTYPE CiscoIPPhoneMenu><!DOCTYPE CiscoIPPhoneMenu><CiscoIPPhoneMenu/>'],
    ['not-well-formed', '<CiscoIPPhoneMenu/><!DOCTYPE CiscoIPPhoneMenu>'],
    ['not-well-formed', '<!doctype CiscoIPPhoneMenu><CiscoIPPhoneMenu/>'],
    ['not-well-formed', '<!DOCTYPE CiscoIPPhoneMenu SYSTEM "x.dtd"><CiscoIPPhoneMenu>&x;</CiscoIPPhoneMenu>'],
    ['other-root', '<!DOCTYPE html SYSTEM "x.dtd"><CiscoIPPhoneMenu/>'],
    ['not-well-formed', menu('<!DOCTYPE x>')],
    ['not-well-formed', menu('<!DOCTYPE CiscoIPPhoneMenu>')],
    ['not-well-formed', menu('&nbsp;')],
    ['not-well-formed', menu('a & b')],
    ['not-well-formed', menu('&amp')],
    ['not-well-formed', menu('&#0;')],
    ['not-well-formed', menu('&#xD800;')],
    ['not-well-formed', menu('&#x110000;')],
    ['not-well-formed', menu('&#X20;')],
    ['not-well-formed', menu('&#99999999999999999999;')],
    ['not-well-formed', menu(']]>')],
    ['not-well-formed', menu('<a b="1" b="2"/>')],
    ['not-well-formed', menu('<a b="1"c="2"/>')],
    ['not-well-formed', menu('<a b=1/>')],
    ['not-well-formed', menu('<a b/>')],
    ['not-well-formed', menu('<a b="<"/>')],
    ['not-well-formed', menu('<a b="&x;"/>')],
    ['not-well-formed', menu('<a b="&#38"/>')],
    ['not-well-formed', menu('<a / >')],
    ['not-well-formed', menu('< a/>')],
    ['not-well-formed', menu('<1a/>')],
    ['not-well-formed', menu('<ü/>')],
    ['not-well-formed', menu('<!-- -- -->')],
    ['not-well-formed', menu('<!-- --->')],
    ['not-well-formed', menu('<!-->')],
    ['not-well-formed', menu('<?xml version="1.0"?>')],
    ['not-well-formed', menu('<??>')],
    ['not-well-formed', menu('<?x')],
    ['not-well-formed', menu('\u0001')],
    ['not-well-formed', menu('\0')],
    ['not-well-formed', menu('\ufffe')],
    ['not-well-formed', menu('<a>'.repeat(40) + '</a>'.repeat(40))],
    ['not-well-formed', `<?xml version="1.1"?>${menu('')}`],
    ['not-well-formed', `<?xml encoding="utf-8"?>${menu('')}`],
  ])('%s: %s', (reason, xml) => {
    expect(reasonOf(xml)).toBe(reason);
  });

  test('every truncation of a page', () => {
    const page = Buffer.from(
      `<?xml version="1.0"?><CiscoIPPhoneMenu a="1"><!-- c --><URL>${A}</URL><![CDATA[x]]>&#38;</CiscoIPPhoneMenu>`,
    );
    expect(reasonOf(page)).toBe('phone-xml');
    for (let length = 0; length < page.length; length++)
      expect(reasonOf(page.subarray(0, length))).not.toBe('phone-xml');
  });
});

test.each([
  ['leading white space', ` \n<?xml version="1.0"?>${menu('')}`],
  ['a byte order mark', `\ufeff${menu('')}`],
  ['comments and instructions around the root', `<!-- - --><?a?>${menu('')}<?xml-b c?><!---->\n`],
  ['white space in tags', '<CiscoIPPhoneMenu\n\ta = "1"\r\nb=\'2\' ><x  /></CiscoIPPhoneMenu >'],
  ['greater-than signs', menu('> ]> ]] >')],
  ['CDATA with markup', menu('<Text><![CDATA[<a> & ]] ]>]]></Text>')],
  ['long character references', menu('&#0000000000000065;&#x0000000000000041;')],
  ['an empty CDATA', menu('<Text><![CDATA[]]></Text>')],
  ['C1 controls and DEL', menu('\u007f\u0085')],
  ['a declaration in apostrophes', `<?xml version='1.0' encoding='utf-8' standalone='yes' ?>${menu('')}`],
  ['names with a colon', menu('<a:b c:d="" xml:lang="de"/>')],
])('phone XML may have %s', (_, xml) => {
  const body = Buffer.from(xml);
  expect(rewrite(body).body).toBe(body);
});
