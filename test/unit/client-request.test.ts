import { expect, it } from 'vitest';
import { renderRequest } from '../../src/http/client/request.ts';

const GET = { method: 'GET', target: '/x', headers: [], body: null } as const;

it('a request is one string, its body in it', () => {
  const body = Buffer.from('id=\u00e9');
  expect(renderRequest({ method: 'POST', target: '/x?y', headers: ['A', 'b'], body }, 'h:1')).toBe(
    `POST /x?y HTTP/1.1\r\nhost: h:1\r\nconnection: keep-alive\r\nA: b\r\ncontent-length: 5\r\n\r\n${body.toString('latin1')}`,
  );
});

it.each<[string, object]>([
  ['a space in the target', { target: '/x y' }],
  ['a line break in the target', { target: '/x\r\nA: b' }],
  ['a character beyond Latin-1 in the target', { target: '/\u010d' }],
  ['a line break in a value', { headers: ['A', 'b\r\nC: d'] }],
  ['a NUL in a value', { headers: ['A', '\0'] }],
  ['a character beyond Latin-1 in a value, whose low byte is a line break', { headers: ['A', '\u010a'] }],
  ['an empty name', { headers: ['', 'b'] }],
  ['a colon in a name', { headers: ['A: b\r\nC', 'd'] }],
])('%s cannot be written', (_, change) => {
  expect(renderRequest({ ...GET, ...change }, 'h')).toBeNull();
});
