import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  isAlias,
  isLoopback,
  isNetwork,
  parseDuration,
  parseOrigin,
  printable,
  renderDuration,
} from '../../src/config/values.ts';

test('durations', () => {
  expect(['500ms', '5s', '2m', '12h', '400d', '0s'].map(parseDuration)).toEqual([
    500, 5000, 120_000, 43_200_000, 34_560_000_000, 0,
  ]);
  for (const text of ['5', '5 s', '1.5s', '-1s', '5S', 's', '', '5w', '9999999999s'])
    expect(parseDuration(text)).toBeNull();
});

test('a rendered duration means the same', () => {
  fc.assert(
    fc.property(fc.nat({ max: 999_999_999 }), (ms) => {
      expect(parseDuration(renderDuration(ms))).toBe(ms);
    }),
  );
});

test('origins', () => {
  expect(parseOrigin('HTTPS://Finesse-A.example.com:8445/')?.origin).toBe('https://finesse-a.example.com:8445');
  expect(parseOrigin('https://[2001:DB8::1]:443')?.origin).toBe('https://[2001:db8::1]');
  for (const text of [
    'https://x/y',
    'https:x',
    'https:///x',
    'https://x\\y',
    'https://x y',
    ' https://x',
    'https://x?',
    'https://x#',
    'https://u@x',
    'https://x:99999',
    'x:1',
  ]) {
    expect(parseOrigin(text)).toBeNull();
  }
});

test('aliases', () => {
  for (const text of [
    'fin',
    'fin.example.com',
    'fin:8445',
    '[::1]',
    '[::1]:8445',
    '::1',
    '10.0.0.1',
    'http://fin:8082',
  ]) {
    expect(isAlias(text)).toBe(true);
  }
  for (const text of ['', 'a b', 'fin/x', 'http://fin/x', 'fin:', 'fin:99999', 'u@fin', 'ftp://fin', '[::1']) {
    expect(isAlias(text)).toBe(false);
  }
});

test('networks', () => {
  for (const text of ['10.0.0.0/8', '10.0.0.1', '::1', '2001:db8::/32', '0.0.0.0/0'])
    expect(isNetwork(text)).toBe(true);
  for (const text of ['', '10.0.0/8', '10.0.0.0/33', '::/129', '10.0.0.0/', 'x', '10.0.0.0/8/8', '256.0.0.0'])
    expect(isNetwork(text)).toBe(false);
});

test('loopback', () => {
  for (const host of ['127.0.0.1', '127.9.8.7', '::1', '[::1]', 'LOCALHOST']) expect(isLoopback(host)).toBe(true);
  for (const host of ['0.0.0.0', '::', '128.0.0.1', 'localhost.example.com', '']) expect(isLoopback(host)).toBe(false);
});

test('printable text stays on its line and is cut at a character', () => {
  expect(printable('a\u001b[31m\n\u202eb')).toBe('a\\u{1B}[31m\\u{A}\\u{202E}b');
  expect(printable('😀'.repeat(5), 3)).toBe('😀😀😀…');
});
