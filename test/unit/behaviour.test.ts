/**
 * docs/behaviour.md and the tests: every sentence has a test that carries its number, no test names another, and where a
 * sentence names a state, a setting, a page, a signal or an error code, some test with its number names that very word too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { failures } from '../../src/domain/failure.ts';
import { PAGE_NAMES } from '../../src/pages/template.ts';
import { readNumberedTests } from '../numbered-tests.ts';

const ROOT = join(import.meta.dirname, '../..');
const STATES = ['unknown', 'in-service', 'out-of-service', 'ready', 'drain', 'maint', 'ok', 'degraded', 'down'];
const SIGNALS = ['IN_SERVICE', 'OUT_OF_SERVICE', 'connection', 'presence', 'notified', 'systemInfo'];
const WORDS = new Set([...STATES, ...SIGNALS, ...PAGE_NAMES, ...Object.keys(failures)]);

const document = readFileSync(join(ROOT, 'docs/behaviour.md'), 'utf8');
const sentences = [...document.matchAll(/^\* \*\*(B\d+)\*\* ((?:.+\n?(?!\* |#|\n))*.*)/gm)].map(
  ([, number = '', words = '']) => ({ number, words }),
);
const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .flatMap((file) => readNumberedTests(readFileSync(join(ROOT, 'test', file), 'utf8')));
const testsOf = Map.groupBy(
  tests.flatMap(({ numbers, source }) => numbers.map((number) => ({ number, source }))),
  ({ number }) => number,
);

it('every sentence of docs/behaviour.md has a test, and no test names another', () => {
  const numbers = sentences.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers.filter((number) => !testsOf.has(number))).toEqual([]);
  expect([...testsOf.keys()].filter((number) => !numbers.includes(number))).toEqual([]);
});

it('every test with a number expects something', () => {
  const idle = tests.filter(({ source }) => !/\bexpect\b/.test(source));
  expect(idle.map(({ title }) => title)).toEqual([]);
});

it('the word that a sentence names is named by a test with its number', () => {
  const unsaid = sentences.flatMap(({ number, words }) => {
    const sources = (testsOf.get(number) ?? []).map(({ source }) => source);
    const named = [...words.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word).filter((word) => WORDS.has(word));
    const lacks = (word: string) => !sources.some((source) => isNamed(word, source));
    return [...new Set(named)].filter(lacks).map((word) => `${number} ${word}`);
  });
  expect(unsaid).toEqual([]);
});

function isNamed(word: string, source: string): boolean {
  return new RegExp(`(?<![\\w-])${word}(?![\\w-])`).test(source);
}
