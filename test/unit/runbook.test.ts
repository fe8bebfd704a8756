/** docs/runbook.md: a part for each code, none for what is no code, and nothing leads nowhere. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type FailureCode, failures, runbookOf } from '../../src/domain/failure.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const runbook = read('docs/runbook.md');
const ids = [...runbook.matchAll(/<a id="([^"]+)"><\/a>/g)].map(([, id]) => id);
const headings = [...runbook.matchAll(/^#+ (.+)$/gm)].map(([, words = '']) => slug(words));
const codes = Object.keys(failures) as FailureCode[];

/** The anchor that a heading gets where Markdown is shown. */
function slug(words: string): string {
  return words
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

it('B450 every code has its part, and every part with an anchor of its own is about codes', () => {
  expect(ids.toSorted()).toEqual(codes.toSorted());
});

it('B450 every part with codes is said what it is: here, and what ends it or is to be checked', () => {
  const parts = runbook.split(/^(?=<a id=)/m).slice(1);
  const bare = parts.filter((part) => !/^#{3} /m.test(part) || !/\*\*Here\*\*/.test(part));
  expect(bare.map((part) => part.slice(0, 60))).toEqual([]);
});

it('B450 `runbook` is a path and an anchor of it', () => {
  for (const code of codes) {
    const [file = '', anchor] = runbookOf(code).split('#');
    expect(existsSync(join(ROOT, file))).toBe(true);
    expect(ids).toContain(anchor);
  }
});

it('every link into the runbook, and within it, leads somewhere', () => {
  const pages = ['docs/operations.md', 'docs/errors.md', 'docs/notification-service.md', 'README.md'].map(read);
  const outer = pages.flatMap((page) => [...page.matchAll(/runbook\.md#([\w-]+)/g)]);
  const links = [...outer, ...runbook.matchAll(/\]\(#([\w-]+)\)/g)].map(([, anchor]) => anchor);
  expect(links.length).toBeGreaterThan(codes.length);
  expect(links.filter((anchor) => !ids.includes(anchor ?? '') && !headings.includes(anchor ?? ''))).toEqual([]);
});

it('B450 every alert leads to its part', () => {
  const alerts = [
    ...read('monitoring/ippa-proxy.rules.yaml').matchAll(
      /- alert: (\w+)\n(?:(?!\s+- alert:).*\n)*?\s+runbook_url: (\S+)/g,
    ),
  ];
  expect(alerts.length).toBeGreaterThan(20);
  const astray = alerts.filter(([, , url = '']) => {
    const anchor = /\/docs\/runbook\.md#([\w-]+)$/.exec(url)?.[1] ?? '';
    return !ids.includes(anchor) && !headings.includes(anchor);
  });
  expect(astray.map(([, name]) => name)).toEqual([]);
});
