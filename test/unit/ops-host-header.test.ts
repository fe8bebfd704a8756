import { expect, it } from 'vitest';
import { hostsOf, isOwnHost } from '../../src/ops/host-header.ts';

it.each([
  ['127.0.0.1'],
  ['10.1.2.3:8090'],
  ['[::1]:8090'],
  ['[2001:db8::1]'],
  ['localhost'],
  ['LOCALHOST:8090'],
  ['ops.example.com'],
  ['OPS.example.com:9'],
])('serves %s', (host) => {
  expect(isOwnHost([host], 'ops.example.com')).toBe(true);
});

it.each([
  ['evil.example.com'],
  ['ops.example.com.evil.org'],
  ['localhost.evil.org'],
  ['127.0.0.1.evil.org'],
  ['[localhost]'],
  ['[127.0.0.1]'],
  ['::1'],
  [''],
  ['a b'],
  ['localhost:x'],
  ['user@localhost'],
])('refuses %j', (host) => {
  expect(isOwnHost([host], 'ops.example.com')).toBe(false);
});

it('serves HTTP/1.0 without a Host header and refuses two', () => {
  expect(isOwnHost([], 'x')).toBe(true);
  expect(isOwnHost(['localhost', 'localhost'], 'x')).toBe(false);
});

it('finds every Host header, whatever its letter case, and none among values', () => {
  expect(hostsOf(['Host', 'a', 'X', 'host', 'HOST', 'b'])).toEqual(['a', 'b']);
});
