/** The words of the console: the same keys in every language, none that is not used, and none missing that the console asks for. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failures } from '../../src/domain/failure.ts';
import { CHANGE_KINDS } from '../../src/ops/changes.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const languages = readdirSync(join(ROOT, 'console/words')).map((file) => file.replace('.json', ''));
const wordsOf = (language: string) => JSON.parse(read(`console/words/${language}.json`)) as Record<string, string>;
const en = wordsOf('en');
const sources = [
  ...readdirSync(join(ROOT, 'console'))
    .filter((file) => file.endsWith('.js'))
    .map((file) => read(`console/${file}`)),
  read('src/ops/console-page.ts'),
].join('\n');

/** Without what makes it one or many. */
const stem = (key: string) => key.replace(/\.(?:one|other)$/, '');
const literals = new Set([...sources.matchAll(/['"`]([a-z][\w.-]*)['"`]/gi)].map(([, text = '']) => text));
/** `state.${state}` and the like. */
const beginnings = [...sources.matchAll(/[`'"]([a-z][\w.-]*\.)\$\{/gi)].map(([, text = '']) => text);

describe('B956 the words of the console', () => {
  it('English and German have the same keys and the same places in them', () => {
    expect(languages.toSorted()).toEqual(['de', 'en']);
    const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).toSorted();
    for (const language of languages) {
      const words = wordsOf(language);
      expect(Object.keys(words).toSorted()).toEqual(Object.keys(en).toSorted());
      const others = Object.keys(en).filter((key) => {
        return places(words[key] as string).join() !== places(en[key] as string).join();
      });
      expect(others).toEqual([]);
      expect(Object.values(words).filter((text) => text.trim() === '')).toEqual([]);
    }
  });

  it('none is there that nobody says', () => {
    const idle = Object.keys(en).filter((key) => {
      return !literals.has(key) && !literals.has(stem(key)) && !beginnings.some((begin) => key.startsWith(begin));
    });
    expect(idle).toEqual([]);
  });

  it('each that is said is there', () => {
    const said = [...sources.matchAll(/\b(say|sayCount)\(\s*'([^']+)'/g)].map(([, how, key = '']) => {
      return how === 'say' ? key : `${key}.other`;
    });
    expect(said.length).toBeGreaterThan(150);
    expect(said.filter((key) => !(key in en))).toEqual([]);
  });

  it('of every failure that begins an outage, and of every change, there are words', () => {
    const causes = Object.entries(failures).filter(([, kind]) => 'outage' in kind);
    expect(causes.map(([code]) => `cause.${code}`).filter((key) => !(key in en))).toEqual([]);
    const told = ['attempt', ...CHANGE_KINDS].map((kind) => `change.${kind}`);
    expect(told.filter((key) => !(key in en) && !(`${key}.other` in en))).toEqual([]);
  });
});
