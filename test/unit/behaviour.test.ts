/** docs/behaviour.md and the tests: every sentence has a test that carries its number, and no test names another. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

it('every sentence of docs/behaviour.md has a test', () => {
  const document = readFileSync(join(ROOT, 'docs/behaviour.md'), 'utf8');
  const sentences = [...document.matchAll(/^\* \*\*(B\d+)\*\* /gm)].map((match) => match[1]);
  expect(new Set(sentences).size).toBe(sentences.length);
  const titles = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => readFileSync(join(ROOT, 'test', file), 'utf8').match(/['"]B\d.*/g) ?? []);
  const tested = new Set(titles.flatMap((title) => title.match(/\bB\d+\b/g) ?? []));
  expect(sentences.filter((sentence) => !tested.has(sentence ?? ''))).toEqual([]);
  expect([...tested].filter((number) => !sentences.includes(number))).toEqual([]);
});
