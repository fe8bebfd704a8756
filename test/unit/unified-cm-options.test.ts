/** The options of unified-cm that go to Unified CM. */

import { expect, test } from 'vitest';
import { decideAxlOptions, type UnifiedCmOptions } from '../../src/commands/unified-cm-options.ts';

const BASE: UnifiedCmOptions = {
  config: 'x.yaml',
  verify: true,
  axl: 'https://cucm.example.com:8443/axl/',
  user: 'axl',
  timeout: 30,
  sql: true,
};

test.each([
  ['cucm.example.com', 'https://cucm.example.com:8443/axl/'],
  ['https://cucm.example.com', 'https://cucm.example.com:8443/axl/'],
  ['https://cucm.example.com:8443/axl', 'https://cucm.example.com:8443/axl/'],
  ['https://cucm.example.com:443/axl/', 'https://cucm.example.com/axl/'],
  ['10.0.0.1:8444', 'https://10.0.0.1:8444/axl/'],
])('%s is %s', (axl, url) => {
  expect(decideAxlOptions({ ...BASE, axl })).toMatchObject({ url });
});

const { verify: _, ...NO_MODE } = BASE;

test.each<[string, UnifiedCmOptions]>([
  ['--axl', { ...BASE, axl: 'http://cucm.example.com/' }],
  ['--axl', { ...BASE, axl: 'https://axl:CANARY@cucm.example.com/' }],
  ['Choose one', { ...BASE, apply: true }],
  ['Choose one', { ...BASE, undo: 'file' }],
  ['--axl-fingerprint', { ...BASE, axlFingerprint: ['AA:BB'] }],
  ['need --phones', { ...BASE, subscribe: true }],
  ['need --phones', { ...BASE, updateSubscriptions: true }],
  ['--phones', { ...BASE, phones: "SEP1' or 1=1" }],
  ['--phones', { ...BASE, phones: ' , ' }],
  ['needs --yes', { ...NO_MODE, apply: true, json: true }],
])('%s', (words, options) => {
  const decided = decideAxlOptions(options);
  expect(decided).toContain(words);
  expect(decided).not.toContain('CANARY');
});

test('phones: names, patterns, a file', () => {
  expect(decideAxlOptions({ ...BASE, phones: 'SEP1*, SEP2%,CIPC' })).toMatchObject({
    phones: ['SEP1%', 'SEP2%', 'CIPC'],
  });
  expect(decideAxlOptions({ ...BASE, phones: '@agents.txt' })).toMatchObject({ phones: { file: 'agents.txt' } });
  expect(decideAxlOptions(BASE)).toMatchObject({ phones: null, parameters: null });
});
