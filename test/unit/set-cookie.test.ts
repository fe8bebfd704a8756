import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rewriteSetCookie } from '../../src/relay/set-cookie.ts';

test.each([
  ['JSESSIONID=1; Path=/fippa; Secure; HttpOnly', 'JSESSIONID=1; Path=/a/fippa; Secure; HttpOnly'],
  ['JSESSIONID=1; Path=/fippa/SEP1', 'JSESSIONID=1; Path=/a/fippa/SEP1'],
  ['JSESSIONID=1; Path=/', 'JSESSIONID=1; Path=/a/fippa'],
  ['JSESSIONID=1', 'JSESSIONID=1; Path=/a/fippa'],
  ['JSESSIONID=1; Path=', 'JSESSIONID=1; Path=/a/fippa'],
  ['JSESSIONID=1; Path', 'JSESSIONID=1; Path=/a/fippa'],
  ['JSESSIONID=1; Path=fippa', 'JSESSIONID=1; Path=/a/fippa'],
  ['JSESSIONID=1;path = "/fippa"; Version=1', 'JSESSIONID=1;Path=/a/fippa; Version=1'],
  ['JSESSIONID=1; Path=/a/fippa', 'JSESSIONID=1; Path=/a/fippa'],
  ['x=1; DOMAIN=.example.com; path=/fippa; secure', 'x=1; Path=/a/fippa; secure'],
  ['x="q=1"; Max-Age=5; SameSite=Lax', 'x="q=1"; Max-Age=5; SameSite=Lax; Path=/a/fippa'],
  ['domain=1; Path=/fippa', 'domain=1; Path=/a/fippa'],
])('on TLS %s becomes %s', (value, expected) => {
  expect(rewriteSetCookie(value, 'a', true)).toBe(expected);
});

test('on a plain listener Secure goes, or the phone would never send the cookie back', () => {
  expect(rewriteSetCookie('x=1; Path=/fippa; SECURE; HttpOnly', 'a', false)).toBe('x=1; Path=/a/fippa; HttpOnly');
});

test('no value can end its header', () => {
  expect(rewriteSetCookie('x=1\r\nRefresh: 1; Path=/fi\nppa', 'a', true)).toBe('x=1Refresh: 1; Path=/a/fippa');
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), fc.boolean(), (value, secure) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not come out.
      expect(rewriteSetCookie(value, 'a', secure)).not.toMatch(/[\0-\x08\x0a-\x1f\x7f]/);
    }),
  );
});

test('rewriting twice changes nothing more', () => {
  const attribute = fc.constantFrom(
    'Path=/fippa',
    'path=/',
    'Path=/x',
    'Domain=y',
    'Secure',
    'HttpOnly',
    'Path="/fippa/z"',
    '',
  );
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 5 }), fc.boolean(), (attributes, secure) => {
      const once = rewriteSetCookie(['n=v', ...attributes].join('; '), 'a', secure);
      expect(once).toContain('Path=/a/');
      expect(rewriteSetCookie(once, 'a', secure)).toBe(once);
    }),
  );
});
