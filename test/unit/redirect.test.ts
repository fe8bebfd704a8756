import { describe, expect, test } from 'vitest';
import { type Destination, type RedirectPolicy, resolveRedirect } from '../../src/relay/redirect.ts';
import { mergeCookies } from '../../src/relay/redirect-cookies.ts';

const policy: RedirectPolicy = {
  service: {
    url: 'https://fin-a.example.com:8445',
    aliases: ['fin-a', 'https://public.example.com:9443', 'http://public.example.com:8082'],
  },
  isSameServer: (host) => ['fin-a.example.com', 'fin-a', '10.1.1.5'].includes(host),
};
const from: Destination = { origin: 'https://fin-a.example.com:8445', target: '/fippa/SEP1/a?x=1' };

function lead(location: string, start = from): string | null {
  const to = resolveRedirect(location, start, policy);
  return to === null ? null : to.origin + to.target;
}

describe('where a redirect leads', () => {
  test.each([
    ['/fippa/SEP1/b?y=%2F', 'https://fin-a.example.com:8445/fippa/SEP1/b?y=%2F'],
    ['b;p=1', 'https://fin-a.example.com:8445/fippa/SEP1/b;p=1'],
    ['?z', 'https://fin-a.example.com:8445/fippa/SEP1/a?z'],
    ['../SEP2', 'https://fin-a.example.com:8445/fippa/SEP2'],
    ['//fin-a.example.com:8445/fippa/x', 'https://fin-a.example.com:8445/fippa/x'],
    ['HTTPS://FIN-A.example.com:8445/fippa/x', 'https://fin-a.example.com:8445/fippa/x'],
    ['http://fin-a.example.com:8082/fippa/x', 'http://fin-a.example.com:8082/fippa/x'],
    ['https://10.1.1.5:8445/fippa/x', 'https://fin-a.example.com:8445/fippa/x'],
    ['http://fin-a:8082/fippa/x', 'http://fin-a.example.com:8082/fippa/x'],
    ['https://public.example.com:9443/fippa/x', 'https://public.example.com:9443/fippa/x'],
  ])('%s', (location, to) => {
    expect(lead(location)).toBe(to);
  });

  test('the connection goes to the configured host on its port, with the scheme it came by', () => {
    const start = { origin: 'http://fin-a.example.com:8082', target: '/fippa/SEP1' };
    expect(lead('https://fin-a:8445/fippa/SEP1', start)).toBe('https://fin-a.example.com:8445/fippa/SEP1');
    expect(lead('/fippa/SEP1/x', start)).toBe('http://fin-a.example.com:8082/fippa/SEP1/x');
  });

  test.each([
    ...['https://fin-b.example.com:8445/fippa/x', '//evil/fippa/x', 'https://fin-a.example.com.evil:8445/fippa/x'],
    ...[
      'https://fin-a.example.com/fippa/x',
      'https://fin-a.example.com:8443/fippa/x',
      'http://fin-a.example.com:8445/fippa/x',
    ],
    ...[
      'https://fin-a.example.com:8445/desktop',
      '/',
      '/fippa',
      '/fippax/y',
      '/fippa/../desktop',
      '/fippa/%2e%2e/desktop',
    ],
    ...[
      '/fippa/..%2fdesktop',
      '/fippa/..;/desktop',
      '/fippa/a\\..\\b//c',
      'https://u:p@fin-a.example.com:8445/fippa/x',
    ],
    ...[
      'ftp://fin-a.example.com:8445/fippa/x',
      'javascript:alert(1)',
      'https://',
      'http://[',
      `/fippa/${'x'.repeat(2048)}`,
    ],
  ])('nowhere: %s', (location) => {
    expect(lead(location)).toBeNull();
  });
});

describe('cookies within a chain of redirects', () => {
  const hop = { target: '/fippa/SEP1/x?y', secure: true, now: Date.UTC(2026, 0, 1) };

  test.each<[string | undefined, string[], string | undefined]>([
    [undefined, ['A=1; Path=/; HttpOnly'], 'A=1'],
    ['P=0', ['A=1', 'B=2=3; path=/fippa'], 'P=0; A=1; B=2=3'],
    ['A=0; B=1', ['A=2; Path=/fippa/SEP1'], 'A=2; B=1'],
    ['A=0; B=1', ['A=; Max-Age=0'], 'B=1'],
    ['A=0', ['A=x; Expires=Thu, 01 Jan 1970 00:00:10 GMT'], undefined],
    ['A=0', ['A=x; Expires=Thu, 01 Jan 1970 00:00:10 GMT; Max-Age=9'], 'A=x'],
    ['A=0', ['A=x; Expires=soon'], 'A=x'],
    ['A=0', ['B=1; Max-Age=-1'], 'A=0'],
    ['A=0', ['B=1; Path=/desktop', 'C=1; Path=/fippa/SEP', 'D=1; Path="/fippa/"'], 'A=0; D=1'],
    [' A=0 ;; ', ['nonsense', '=x', ''], 'A=0'],
    [undefined, [], undefined],
  ])('%j and %j', (cookie, setCookies, merged) => {
    expect(mergeCookies(cookie, setCookies, hop)).toBe(merged);
  });

  test('a secure cookie does not go where there is no TLS', () => {
    expect(mergeCookies(undefined, ['A=1; Secure'], hop)).toBe('A=1');
    expect(mergeCookies(undefined, ['A=1; secure'], { ...hop, secure: false })).toBeUndefined();
  });
});
