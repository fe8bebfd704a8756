import { expect, test } from 'vitest';
import { createServerNames } from '../../src/domain/server-names.ts';
import { rewriteRefresh } from '../../src/relay/refresh-header.ts';

const names = createServerNames([
  { id: 'a', url: 'https://fin-a:8445', aliases: [], learntName: null },
  { id: 'b', url: 'https://fin-b:8445', aliases: [], learntName: null },
]);
const rules = { names, service: 'a', publicOrigin: 'http://ippa:8082' };

test.each([
  ['5; url=http://fin-a:8082/fippa/SEP1', '5; url=http://ippa:8082/a/fippa/SEP1'],
  ['5;URL=HTTPS://FIN-B:8445/fippa/SEP1;x=1?a=b', '5;URL=http://ippa:8082/b/fippa/SEP1;x=1?a=b'],
  ['5; url="http://fin-a:8082/fippa/SEP1"', '5; url="http://ippa:8082/a/fippa/SEP1"'],
  ["5; url='http://fin-a:8082/fippa/SEP1'", "5; url='http://ippa:8082/a/fippa/SEP1'"],
  ['5,url=/fippa/SEP1', '5,url=/a/fippa/SEP1'],
  ['0.5 ; Url = /fippa/SEP1', '0.5 ; Url = /a/fippa/SEP1'],
  ['; url=/fippa/SEP1', '; url=/a/fippa/SEP1'],
  ['url=/fippa/SEP1', 'url=/a/fippa/SEP1'],
  ['5; /fippa/SEP1', '5; /a/fippa/SEP1'],
])('%s becomes %s', (value, expected) => {
  expect(rewriteRefresh(value, rules)).toBe(expected);
  expect(rewriteRefresh(expected, rules)).toBe(expected);
});

test.each([
  '5',
  '',
  '5; url=',
  '5; url=http://other:8082/fippa/SEP1',
  '5; url=http://fin-a:8082/desktop',
  '5; url=SoftKey:Exit',
  '5; url=state?x=/fippa/SEP1',
  '5; url=http://ippa:8082/a/fippa/SEP1',
  '5; url=http://u:p@fin-a:8082/fippa/SEP1',
])('%s stays', (value) => {
  expect(rewriteRefresh(value, rules)).toBe(value);
});
