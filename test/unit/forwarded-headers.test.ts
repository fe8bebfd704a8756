import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ForwardedFor, selectForwardHeaders } from '../../src/relay/forwarded-headers.ts';

const FROM: ForwardedFor = { clientAddress: '10.20.0.7', scheme: 'https', host: 'proxy.example.com:8445' };
const OWN = [
  ...['X-Forwarded-For', '10.20.0.7', 'X-Forwarded-Proto', 'https'],
  ...['X-Forwarded-Host', 'proxy.example.com:8445', 'Accept-Encoding', 'identity'],
];

function forwarded(...rawHeaders: string[]): string[] {
  const headers = selectForwardHeaders(rawHeaders, FROM);
  expect(headers.slice(-OWN.length)).toEqual(OWN);
  return headers.slice(0, -OWN.length);
}

describe('request headers for the server', () => {
  test('those of a phone keep their spelling and value', () => {
    const phone = [
      ...[
        'Accept',
        'x-CiscoIPPhone/*, text/*,image/png,*/*',
        'ACCEPT-language',
        'en',
        'Accept-Charset',
        'utf-8,;q=0.8',
      ],
      ...['User-Agent', 'Allegro-Software-WebClient/4.34', 'Cookie', 'JSESSIONID=1', 'Content-Type', 'x/y'],
      ...[
        'x-CiscoIPPhoneModelName',
        'CP-7970G',
        'x-CiscoIPPhoneDisplay',
        '176, 140, 16, C',
        'X-CISCOIPPHONEanything',
        '',
      ],
    ];
    expect(forwarded('Host', 'proxy', ...phone, 'Connection', 'Close')).toEqual(phone);
  });

  test.each([
    ...[
      'Host',
      'Content-Length',
      'Transfer-Encoding',
      'TE',
      'Trailer',
      'Upgrade',
      'Keep-Alive',
      'Connection',
      'Proxy-Connection',
    ],
    ...[
      'Expect',
      'Authorization',
      'Proxy-Authorization',
      'Accept-Encoding',
      'Referer',
      'Origin',
      'Range',
      'If-Modified-Since',
    ],
    ...[
      'X-Forwarded-For',
      'x-forwarded-host',
      'X-FORWARDED-PROTO',
      'X-Forwarded-Port',
      'Forwarded',
      'X-Real-IP',
      'X-HTTP-Method-Override',
    ],
  ])('%s stays behind', (name) => {
    expect(forwarded(name, 'x')).toEqual([]);
  });

  test('what Connection names was meant for the proxy only', () => {
    expect(
      forwarded(
        'Connection',
        'close, X-CiscoIPPhoneDisplay ,Cookie',
        'Accept',
        'a',
        'x-ciscoipphonedisplay',
        '1',
        'cookie',
        'a=1',
      ),
    ).toEqual(['Accept', 'a']);
    expect(forwarded('connection', 'Accept', 'Connection', 'user-agent', 'ACCEPT', 'a', 'User-Agent', 'b')).toEqual([]);
  });

  test('of a repeated header the first counts, cookies are joined', () => {
    expect(forwarded('Accept', 'a', 'cookie', 'a=1', 'accept', 'b', 'Cookie', 'b=2; c=3')).toEqual([
      'Accept',
      'a',
      'cookie',
      'a=1; b=2; c=3',
    ]);
  });

  test('an IPv4 phone on a dual-stack socket, and a phone that did not say where it is', () => {
    const headers = selectForwardHeaders([], { clientAddress: '::ffff:10.20.0.7', scheme: 'http', host: null });
    expect(headers).toEqual([
      'X-Forwarded-For',
      '10.20.0.7',
      'X-Forwarded-Proto',
      'http',
      'Accept-Encoding',
      'identity',
    ]);
    expect(selectForwardHeaders([], { ...FROM, clientAddress: '::1' })).toContain('::1');
  });

  test('whatever comes in, only the allowed names go out, each once', () => {
    const name = fc.oneof(
      fc.constantFrom('Cookie', 'accept', 'Host', 'Connection', 'X-Forwarded-For', 'x-CiscoIPPhoneX'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(name, fc.string())), (rawHeaders) => {
        const names = selectForwardHeaders(rawHeaders, FROM)
          .filter((_, i) => i % 2 === 0)
          .map((header) => header.toLowerCase());
        expect(new Set(names).size).toBe(names.length);
        for (const out of names.slice(0, -4))
          expect(out).toMatch(
            /^(accept|accept-language|accept-charset|user-agent|cookie|content-type|x-ciscoipphone.*)$/s,
          );
      }),
    );
  });
});
