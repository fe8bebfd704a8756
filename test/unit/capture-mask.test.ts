/** What a capture writes down of URLs, headers, XML, forms and JSON. */
import { describe, expect, it } from 'vitest';
import { renderEntry, renderStanza } from '../../src/capture/har.ts';
import { createMask, type Mask } from '../../src/capture/mask.ts';
import { spell } from '../../src/capture/scrub.ts';
import type { Passed } from '../../src/domain/tap.ts';
import { parseXmlDocument } from '../../src/xmpp/stream.ts';

const KEY = Buffer.alloc(32, 7);
const masks = (keepNames = false): Mask => createMask({ keepNames, key: KEY });
const xml = (text: string, type = 'text/xml; charset=utf-8', mask = masks()) => {
  const masked = mask.body(Buffer.from(text), type);
  return masked.written ? masked.bytes.toString() : masked;
};

describe('B864 pseudonyms', () => {
  it('are stable, of the same shape, and lead nowhere without the key', () => {
    const { pseudonyms } = masks();
    const other = createMask({ keepNames: false }).pseudonyms;
    const names = ['SEP001122334455', 'CSFjsmith'];
    for (const name of names) {
      expect(pseudonyms.device(name)).toBe(pseudonyms.device(name));
      expect(pseudonyms.device(name)).not.toBe(other.device(name));
    }
    expect(pseudonyms.device('SEP001122334455')).toMatch(/^SEP[0-9A-F]{12}$/);
    expect(pseudonyms.device('CSFjsmith')).toMatch(/^[A-Z]{3}[a-z]{6}$/);
    expect(pseudonyms.value('1001')).toMatch(/^\d{4}$/);
    expect(pseudonyms.value('jm-4711')).toMatch(/^[a-z]{2}-\d{4}$/);
    expect(pseudonyms.host('fin-a.voice.example.com').split('.')).toHaveLength(4);
    const [a, b] = ['fin-a.example.com', 'fin-b.example.com'].map((name) =>
      pseudonyms.host(name).split('.').slice(1).join('.'),
    );
    expect(a).toBe(b);
    expect(pseudonyms.host('10.1.2.3')).toMatch(/^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/);
    expect(pseudonyms.host('[2001:db8:1::1]')).toMatch(/^\[2001:db8::/);
    expect(pseudonyms.value('10.1.2.3')).toBe(pseudonyms.host('10.1.2.3'));
    const secret = pseudonyms.secret('s3cret');
    expect([secret, secret.length]).toEqual([pseudonyms.secret('s3cret'), 6]);
    expect(secret).toMatch(/^Z[A-Z0-9]{5}$/);
    expect(secret).not.toBe(pseudonyms.secret('s3cres'));
  });

  it('with `--keep-names` hosts stay, and addresses of phones do not', () => {
    const mask = masks(true);
    expect(mask.urls.url('https://fin-a.example.com:8445/fippa/SEP001122334455')).toMatch(
      /^https:\/\/fin-a\.example\.com:8445\/fippa\/SEP[0-9A-F]{12}$/,
    );
    expect(mask.headers.mask(['X-Forwarded-For', '10.20.3.4'])[0]?.value).not.toContain('10.20.3.4');
  });

  it('stand for one value each, as far as there are enough', () => {
    const { pseudonyms } = masks();
    const values = Array.from({ length: 500 }, (_, index) => String(1000 + index));
    const made = values.map((value) => pseudonyms.value(value));
    expect(new Set(made).size).toBe(values.length);
    expect(made.filter((name) => values.includes(name)).length).toBeLessThan(50);
  });
});

it('B964 a secret of one or two characters changes no pseudonym: what a page leads to is asked for under the same name', () => {
  const { urls, headers } = masks();
  const before = urls.url('/fippa/SEP001122334455/x/1?page=1');
  headers.mask(['Cookie', 'route=1; way=x']);
  expect(urls.url('/fippa/SEP001122334455/x/1?page=1')).toBe(before);
});

describe('B865 pages', () => {
  it('keep their bytes but for texts, which keep length and charset; soft keys stay', () => {
    const page =
      '<?xml version="1.0" encoding="utf-8"?>\r\n<CiscoIPPhoneText>\n  <Title>Müller &amp; 日本 12</Title><Prompt/>' +
      '<Text>a&#228;&lt;b</Text><SoftKeyItem><Name>Ready</Name><Position>1</Position><URL>SoftKey:Exit</URL></SoftKeyItem></CiscoIPPhoneText>\n';
    const masked = xml(page) as string;
    expect(masked).toBe(
      page.replace('Müller &amp; 日本 12', 'xäxxxx &amp; ああ 00').replace('a&#228;&lt;b', 'xä&lt;x'),
    );
  });

  it('keep names of parameters; values that are filled in are those of the same name elsewhere', () => {
    const mask = masks();
    const id = mask.urls.url('/fippa/SEP001122334455?id=1001').split('=')[1] as string;
    const form = xml(
      '<CiscoIPPhoneInput><URL>http://fin/fippa/SEP001122334455/signin</URL><InputItem><DisplayName>ID</DisplayName><DefaultValue>1001</DefaultValue><QueryStringParam>id</QueryStringParam><InputFlags>A</InputFlags></InputItem>' +
        '<InputItem><QueryStringParam>geheim</QueryStringParam><DefaultValue>canary1</DefaultValue><InputFlags>AP</InputFlags></InputItem></CiscoIPPhoneInput>',
      'text/xml',
      mask,
    ) as string;
    expect(form).toContain(`<DefaultValue>${id}</DefaultValue>`);
    expect(form).toContain('<QueryStringParam>geheim</QueryStringParam>');
    expect(form).toContain(`<DefaultValue>${mask.pseudonyms.secret('canary1')}</DefaultValue>`);
    // What a form masks is a secret wherever it is sent.
    expect(mask.urls.pairs('geheim=canary2')).toBe(`geheim=${mask.pseudonyms.secret('canary2')}`);
  });

  it('keep the files that Finesse has offered and words that it is known for, and no others', () => {
    const mask = masks();
    expect(mask.urls.target('/fippa/SEP1/agentPage.jsp')).not.toContain('agentPage');
    const names = 'http://fin/agent/68421337/Juergen.Kaessmann';
    const offered = `<m><MenuItem><URL>http://fin/fippa/SEP1/agentPage.jsp?x=1</URL><URL>${names}</URL></MenuItem></m>`;
    expect(xml(offered, 'text/xml', mask)).not.toMatch(/Juergen|Kaessmann|68421337/);
    expect(mask.urls.target('/fippa/SEP1/agentPage.jsp')).toMatch(/agentPage\.jsp$/);
    expect(mask.urls.target('/fippa/SEP1/NotReady')).toMatch(/NotReady$/);
  });

  it('keep soft keys and labels that are Finesse itself, and mask others; `--keep-names` keeps soft keys', () => {
    const key = (name: string) => `<a><SoftKeyItem><Name>${name}</Name></SoftKeyItem></a>`;
    for (const name of ['NotReady', 'Not Ready', '&lt;&lt;', 'Wrap-Up']) expect(xml(key(name))).toBe(key(name));
    expect(xml(key('Kaessmann'))).toBe(key('xxxxxxxxx'));
    expect(xml(key('Kaessmann'), 'text/xml', masks(true))).toBe(key('Kaessmann'));
    const page = '<a><DisplayName>ID/Extension</DisplayName><Text>Not Ready\nKaessmann</Text></a>';
    expect(xml(page)).toBe(page.replace('Kaessmann', 'xxxxxxxxx'));
  });

  it('keep what SystemInfo says of its release; a namespace names no host of anybody', () => {
    const info = '<SystemInfo><version>12.6(2)</version><systemAuthMode>NON_SSO</systemAuthMode></SystemInfo>';
    expect(xml(info)).toBe(info);
    expect(xml('{"systemAuthMode":"SSO","version":"12.6"}', 'application/json')).toBe(
      '{"systemAuthMode":"SSO","version":"12.6"}',
    );
    expect(xml('<a xmlns="http://fin.kaessmann.de/x"/>')).not.toContain('kaessmann');
    expect(xml('<a xmlns="jabber:client"/>')).toBe('<a xmlns="jabber:client"/>');
  });

  it.each([
    ['cut off', '<CiscoIPPhoneText><Title>canary', 'text/xml', 'not well-formed XML'],
    ['with a DOCTYPE', '<!DOCTYPE a [<!ENTITY x "canary">]><a>&x;</a>', 'text/xml', 'not well-formed XML'],
    ['HTML', '<html>canary</html>', 'text/html', 'HTML'],
    ['HTML that calls itself XML', '<!doctype html><html>canary</html>', 'text/xml', 'HTML'],
    ['an image', 'canary', 'image/png', 'an image'],
    ['bytes of another charset', '<a>\u00e9</a>', 'text/xml; charset=utf-16', 'not well-formed XML'],
    ['anything else', 'canary', 'text/plain', 'text/plain'],
    ['no JSON', '{canary', 'application/json', 'not JSON'],
  ])('what cannot be parsed is not written: %s', (_, text, type, why) => {
    expect(xml(text, type)).toEqual({ written: false, why });
  });

  it('of other charsets are parsed too', () => {
    const text = '<?xml version="1.0"?><CiscoIPPhoneText><Title>Müller</Title></CiscoIPPhoneText>';
    for (const [charset, bytes] of [
      ['iso-8859-1', Buffer.from(text, 'latin1')],
      ['utf-16le', Buffer.from(text, 'utf16le')],
      ['shift_jis', Buffer.concat([Buffer.from('<a>'), Buffer.from([0x93, 0xfa]), Buffer.from('</a>')])],
    ] as const) {
      const masked = masks().body(bytes, `text/xml; charset=${charset}`);
      expect(masked.written && masked.bytes.length).toBe(bytes.length);
      expect(masked.written && masked.bytes.toString('latin1').replaceAll('\0', '')).toMatch(/x[äÄ\u00e4x]/);
    }
  });
});

describe('B963 what is short only because it is written in pieces', () => {
  it.each([
    ['a name that begins as hex does', '<a><Data>Daniela Kaessmann</Data></a>', /niel|ssmann/],
    ['an extension as a number', '<a Index="54321"><Number>54321</Number><status>54321</status></a>', /543/],
    ['a telephone number in groups', '<a><state>+49 711 1234 567</state></a>', /711|1234|567/],
    ['an address as a state', '<a><source>10.20.30.40</source></a>', /20\.30/],
  ])('%s is masked in a page', (_, text, leak) => {
    const masked = xml(text) as string;
    expect(masked).not.toMatch(leak);
    expect(masked).toHaveLength(text.length);
  });

  it('pictures, versions, positions and products stay what they are', () => {
    expect(xml('<a><Data>00ffA3</Data></a>')).toBe('<a><Data>000000</Data></a>');
    const page = '<a><version>12.6.1.0</version><release>12.6.1.10000-38</release><Width>298</Width></a>';
    expect(xml(page)).toBe(page);
    const kept = [
      'User-Agent',
      'Mozilla/5.0 (Windows NT 10.0) Chrome/120.0.0.0',
      'Last-Modified',
      'Thu, 01 Jan 2015 00:00:00 GMT',
    ];
    const headers = masks().headers.mask(kept);
    expect(headers.map(({ value }) => value)).toEqual([kept[1], kept[3]]);
  });

  it('addresses and grouped numbers in headers, and what a server gives out to sign with, are masked', () => {
    const { headers } = masks();
    const raw = [
      'Server',
      'gateway (10.20.30.40)',
      'User-Agent',
      'phone 1234-5678-9',
      'WWW-Authenticate',
      'Digest realm="x", nonce="ab-12-cd", opaque=zz-9',
    ];
    const values = headers.mask(raw).map(({ value }) => value);
    expect(values.join()).not.toMatch(/20\.30|1234|5678|ab-12|cd"|zz-9/);
    expect(values[2]).toMatch(/^Digest realm="x", nonce="/);
  });
});

/** Each canary in a place of its own. */
const CANARY = 'canaryQ7';
const PLACES: readonly (readonly [string, (mask: Mask) => unknown])[] = [
  ['a path of nothing but letters', ({ urls }) => urls.url('http://h/fippa/SEP1/canary/canaryword?canaryname')],
  ['path', ({ urls }) => urls.url(`http://h/fippa/${CANARY}/${CANARY}1/x;jsessionid=${CANARY}`)],
  ['query', ({ urls }) => urls.url(`/x?password=${CANARY}&a=${CANARY}2&${CANARY}9=1#${CANARY}`)],
  ['userinfo', ({ urls }) => urls.url(`http://${CANARY}:${CANARY}@h/`)],
  ['a URI of phones', ({ urls }) => urls.url(`Dial:${CANARY}`)],
  ['a host', ({ urls }) => urls.url(`http://${CANARY.toLowerCase()}.example.com/`)],
  ['a nested URL', ({ urls }) => urls.url(`/x?u=${encodeURIComponent(`http://h/?password=${CANARY}`)}`)],
  ['headers', ({ headers }) => headers.mask(HEADERS)],
  ['text', (mask) => xml(`<a>${CANARY}</a>`, 'text/xml', mask)],
  ['CDATA', (mask) => xml(`<a><![CDATA[${CANARY}]]></a>`, 'text/xml', mask)],
  ['a comment', (mask) => xml(`<a><!--${CANARY}--></a>`, 'text/xml', mask)],
  ['an instruction', (mask) => xml(`<a><?x ${CANARY}?></a>`, 'text/xml', mask)],
  ['attributes', (mask) => xml(`<a b="${CANARY}" c='${CANARY}' URL="http://h/?token=${CANARY}"/>`, 'text/xml', mask)],
  [
    'a menu',
    (mask) => xml(`<m><MenuItem><Name>${CANARY}</Name><URL>/x?pin=${CANARY}</URL></MenuItem></m>`, 'text/xml', mask),
  ],
  [
    'SystemInfo',
    (mask) =>
      xml(
        `<SystemInfo><host>${CANARY}.x</host><xmppDomain>${CANARY}</xmppDomain><id>${CANARY}</id></SystemInfo>`,
        'application/xml',
        mask,
      ),
  ],
  ['an element named password', (mask) => xml(`<a><password>${CANARY}</password></a>`, 'text/xml', mask)],
  [
    'a form',
    (mask) => xml(`user=${CANARY}&password=${CANARY}&x=${CANARY}3`, 'application/x-www-form-urlencoded', mask),
  ],
  [
    'a push',
    (mask) =>
      xml(
        `XML=${encodeURIComponent(`<e><ExecuteItem URL="http://h/?password=${CANARY}"/></e>`)}`,
        'application/x-www-form-urlencoded',
        mask,
      ),
  ],
  [
    'a push as it stands',
    (mask) => xml(`XML=<e><ExecuteItem URL="http://h/?password=${CANARY}"/></e>`, 'text/xml', mask),
  ],
  [
    'JSON',
    (mask) =>
      xml(
        JSON.stringify({ password: CANARY, a: [`x ${CANARY}`], host: `${CANARY}.x`, url: `/x?pin=${CANARY}` }),
        'application/json',
        mask,
      ),
  ],
  [
    'a stanza',
    (mask) =>
      renderStanza(
        parseXmlDocument(
          `<message xmlns='jabber:client' from='pubsub.${CANARY.toLowerCase()}.x' to='${CANARY}@h/${CANARY}'><event><items node='/finesse/api/User/${CANARY}'><item id='${CANARY}'><notification>&lt;Update&gt;&lt;loginId&gt;${CANARY}&lt;/loginId&gt;&lt;/Update&gt;</notification></item></items></event></message>`,
        ) as never,
        mask,
      ),
  ],
];
const HEADERS = [
  ...['Authorization', `Basic ${Buffer.from(`${CANARY}:${CANARY}`).toString('base64')}`],
  ...['authorization', `Bearer ${CANARY}`, 'Cookie', `a=${CANARY}; b="${CANARY}"; ${CANARY}`],
  ...['Set-Cookie', `a=${CANARY}; Path=/${CANARY}8; Domain=${CANARY}.x; x=${CANARY}`],
  ...['Referer', `http://h/?password=${CANARY}`, 'Location', `/x?token=${CANARY}`],
  ...['Refresh', `5; url=http://h/x?pin=${CANARY}`, 'X-Own', CANARY, 'X-Forwarded-For', `10.0.0.1, ${CANARY}`],
  ...['Host', `${CANARY}:80`, 'X-Forwarded-Host', CANARY, 'WWW-Authenticate', `Basic realm="${CANARY}"`],
];

describe('B862 canaries', () => {
  it.each(PLACES)('nothing of it is left in: %s', (_, place) => {
    const made = JSON.stringify(place(masks()) ?? null);
    for (const form of spell(CANARY)) expect(made).not.toContain(form);
    expect(made).not.toMatch(/canary/i);
    expect(decodeURIComponent(made)).not.toMatch(/canary/i);
  });

  it.each(['pässword+1/&<"', 'simple99', '日本語pass1'])(
    'B863 a `password` that was typed once is found in every form: %s',
    (password) => {
      const mask = masks();
      mask.urls.pairs(`id=1001&password=${encodeURIComponent(password)}`);
      for (const form of spell(password)) {
        expect(mask.scrub.clean(`x ${form} y`)).not.toContain(form);
      }
      const basic = Buffer.from(`1001:${password}`).toString('base64');
      expect(mask.scrub.find(mask.scrub.clean(basic))).toEqual([]);
      expect(mask.scrub.clean(basic)).not.toBe(basic);
    },
  );
});

/** What is kept for what it says of a program: each with a canary where such a word stands. */
const KEPT: readonly (readonly [string, (mask: Mask) => unknown])[] = [
  ...[
    ['Accept', 'text/canary, x-canary/*;q=0.9, canary'],
    ['Accept-Language', 'canary, de-canary'],
    ['Accept-Charset', 'canary;q=0.5'],
    ['Content-Type', 'multipart/form-data; boundary=----canary'],
    ['Content-Type', 'text/xml; charset=canary'],
    ['Server', 'canary/1.0 (canary)'],
    ['X-Powered-By', 'Servlet/canary'],
    ['User-Agent', 'canary/4.34'],
    ['Expires', 'canary'],
    ['Date', 'canary'],
    ['Cache-Control', 'max-age=0, canary'],
    ['Keep-Alive', 'canary'],
    ['X-CiscoIPPhoneModelName', 'CP-canary'],
    ['Set-Cookie', 'a=1; SameSite=canary; canary; Expires=canary'],
    ['WWW-Authenticate', 'Basic realm=canary, nonce="canary"'],
    ['Authorization', 'canary canary'],
    ['Refresh', '5 canary'],
    ['Location', 'canary:canary'],
    ['Location', 'canary://h/'],
    ['Cookie', 'canary11111=1'],
    ['canary11111', '1'],
  ].map(
    ([name = '', value = '']) => [`${name}: ${value}`, ({ headers }: Mask) => headers.mask([name, value])] as const,
  ),
  ['a URI of phones', ({ urls }) => ['SoftKey:canary', 'Key:canary', 'App:canary1'].map((uri) => urls.url(uri))],
  ['what a key adds', ({ urls }) => urls.url('QueryStringParam:password=canary&canary')],
  ['an action of the proxy', ({ urls }) => urls.url('/a/fippa/SEP1/~canary')],
  ['a declaration', (mask) => xml('<?xml version="1.0" encoding="canary"?><a/>', 'text/xml; charset=utf-8', mask)],
  ['a state', (mask) => xml('<a><status>canary</status><requestId>canary</requestId></a>', 'text/xml', mask)],
  ['a type', (mask) => xml('<iq type="canary" id="canary" xml:lang="canary"/>', 'text/xml', mask)],
  ['names of elements', (mask) => xml('<canary1234 canary5678="1"><b/></canary1234>', 'text/xml', mask)],
  ['names of values', (mask) => xml('{"canary1234":{"status":"canary"}}', 'application/json', mask)],
  ['a type that is not written', (mask) => xml('canary', 'text/canary', mask)],
];

describe('B886 words that are kept are those of a list', () => {
  it.each(KEPT)('%s', (_, place) => {
    const made = JSON.stringify(place(masks()) ?? null);
    expect(made).not.toMatch(/canary/i);
    expect(made.length).toBeGreaterThan(4);
  });

  it('and those of phones, of Finesse and of what it runs on are among them', () => {
    const headers = [
      ...['Accept', 'x-CiscoIPPhone/*;*/*;text/xml, text/html, image/png', 'Accept-Language', 'de-DE, zh_TW;q=0.8'],
      ...['Accept-Charset', 'utf-8,iso-8859-1;q=0.8', 'Content-Type', 'text/xml; charset=windows-1252'],
      ...['Server', 'Apache-Coyote/1.1', 'User-Agent', 'Allegro-Software-WebClient/4.34', 'Connection', 'keep-alive'],
      ...['Cache-Control', 'no-cache, must-revalidate, max-age=31536000', 'X-CiscoIPPhoneModelName', 'CP-7970G'],
      ...['Expires', 'Thu, 01 Jan 1970 00:00:00 GMT', 'Set-Cookie', '=; Path=/; HttpOnly; Secure; SameSite=Lax'],
      ...['x-CiscoIPPhoneDisplay', '559, 265, 24, C', 'x-CiscoIPPhoneSDKVersion', '9.3(4)', 'Refresh', '30'],
    ];
    const masked = masks().headers.mask(headers);
    expect(masked.flatMap(({ name, value }) => [name, value])).toEqual(headers);
    const page =
      '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><SystemInfo><currentTimestamp>2014-04-17T13:22:35.123Z</currentTimestamp><deploymentType>UCCX</deploymentType><status>OUT_OF_SERVICE</status><version>12.6.1.10000-38</version></SystemInfo>';
    expect(xml(page)).toBe(page);
    for (const uri of ['SoftKey:<<', 'Key:KeyPad5', 'Init:CallHistory']) expect(masks().urls.url(uri)).toBe(uri);
  });
});

it('B863 a known secret is found behind references for characters too, where keys stay', () => {
  const mask = masks(true);
  mask.pseudonyms.secret('canary99');
  expect(xml('<a><SoftKeyItem><Name>a&#99;&#x61;nary99 </Name></SoftKeyItem></a>', 'text/xml', mask)).not.toMatch(
    /nary/,
  );
});

it('B863 credentials of Basic are known one by one: a `password` of a push is found elsewhere too', () => {
  const mask = masks();
  mask.headers.mask(['Authorization', `Basic ${Buffer.from('push-user7:canary-p9').toString('base64')}`]);
  expect(mask.scrub.clean('a canary-p9 of push-user7')).toMatch(/^a Z[A-Z0-9]{8} of [a-z]{4}-[a-z]{4}\d$/);
});

describe('an entry', () => {
  const passed = (over: Partial<Passed>): Passed => ({
    ...{ leg: 'finesse', service: 'a', startedAt: 0, client: '10.0.0.9', method: 'GET', url: 'http://fin/fippa/SEP1' },
    ...{ headers: [], body: null, answer: null, error: null, ...over },
  });
  const render = (over: Partial<Passed>) => renderEntry(passed(over), 20, { exchange: 1, device: 'SEP1' }, masks());

  it('B861 keeps headers in `order`, case and number', () => {
    const headers = ['B', '1', 'a', '2', 'b', '3', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'];
    const { request } = render({ headers });
    expect(request.headers.map(({ name }) => name)).toEqual(['B', 'a', 'b', 'Set-Cookie', 'Set-Cookie']);
  });

  it('B887 has the lists of HAR 1.2, made of what is masked already', () => {
    const mask = masks();
    const entry = renderEntry(
      passed({
        url: 'http://fin/fippa/SEP1?password=canary1&name=a%20b+c',
        headers: ['Cookie', 'JSESSIONID=canary2; b="canary3"', 'Content-Type', 'application/x-www-form-urlencoded'],
        method: 'POST',
        body: 'id=1001&password=canary1',
        answer: {
          ...{ status: 200, body: '' },
          headers: ['Set-Cookie', 'JSESSIONID=canary2; Path=/fippa; HttpOnly; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
        },
      }),
      20,
      { exchange: 1, device: 'SEP1' },
      mask,
    );
    const { secret, value } = mask.pseudonyms;
    expect(entry.request.queryString).toEqual([
      { name: 'password', value: secret('canary1') },
      { name: 'name', value: value('a b c') },
    ]);
    expect(entry.request.cookies).toEqual([
      { name: 'JSESSIONID', value: secret('canary2') },
      { name: 'b', value: `"${secret('canary3')}"` },
    ]);
    expect(entry.request.postData?.params).toEqual([
      { name: 'id', value: value('1001') },
      { name: 'password', value: secret('canary1') },
    ]);
    expect(entry.response.cookies).toEqual([
      {
        ...{ name: 'JSESSIONID', value: secret('canary2'), path: '/fippa', httpOnly: true, secure: false },
        expires: '1970-01-01T00:00:00.000Z',
      },
    ]);
    expect(JSON.stringify(entry)).not.toContain('canary');
  });

  it('B865 says of a body that is `not written` what it is and how long it was', () => {
    const answer = { status: 500, headers: ['Content-Type', 'text/html'], body: '<html>canary</html>' };
    const entry = render({ answer });
    expect(entry._ippa.notWritten).toEqual({ response: { why: 'HTML', bytes: 19 } });
    expect(JSON.stringify(entry)).not.toContain('canary');
    expect(render({ error: 'timeout' })).toMatchObject({ _error: 'timeout', response: { status: 0 } });
  });
});
