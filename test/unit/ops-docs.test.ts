import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { renderDoctorDoc } from '../../scripts/docs-doctor.ts';
import { renderErrorsDoc } from '../../scripts/docs-errors.ts';
import { renderEventsDoc } from '../../scripts/docs-events.ts';
import { renderFidelityDoc, renderUnifiedCmDoc } from '../../scripts/docs-fidelity.ts';
import { renderLanguagesDoc } from '../../scripts/docs-languages.ts';
import { renderMetricsDoc } from '../../scripts/docs-metrics.ts';
import { failures } from '../../src/domain/failure.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

it('docs/metrics.md is as `node scripts/docs-metrics.ts` writes it', () => {
  expect(read('docs/metrics.md')).toBe(renderMetricsDoc());
});

it('docs/languages.md is as `node scripts/docs-languages.ts` writes it', () => {
  expect(read('docs/languages.md')).toBe(renderLanguagesDoc());
});

it('docs/doctor.md is as `node scripts/docs-doctor.ts` writes it, and its links lead somewhere', () => {
  const page = read('docs/doctor.md');
  expect(page).toBe(renderDoctorDoc());
  for (const [, file = '', section] of page.matchAll(/\]\(([a-z-]+\.md)(?:#([a-z0-9-]+))?\)/g)) {
    const titles = [...read(`docs/${file}`).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => {
      return title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-');
    });
    if (section !== undefined) expect(titles, `${file}#${section}`).toContain(section);
  }
});

it('docs/fidelity.md and the assumptions of docs/unified-cm.md are as `node scripts/docs-fidelity.ts` writes them', () => {
  expect(read('docs/fidelity.md')).toBe(renderFidelityDoc());
  const page = read('docs/unified-cm.md');
  expect(page).toBe(renderUnifiedCmDoc(page));
  expect(page).toContain('| A1 | Parameters arrive as');
});

it('docs/events.md is as `node scripts/docs-events.ts` writes it', () => {
  expect(read('docs/events.md')).toBe(renderEventsDoc());
});

it('docs/errors.md is as `node scripts/docs-errors.ts` writes it, and has every code once', () => {
  const page = read('docs/errors.md');
  expect(page).toBe(renderErrorsDoc());
  for (const code of Object.keys(failures)) expect(page.split(`\n| \`${code}\` |`)).toHaveLength(2);
});

it('docs/operations.md explains every event that the program logs, and no other', () => {
  const sources = globSync('src/**/*.ts', { cwd: root }).filter((path) => !path.startsWith('src/simulators/'));
  const texts = sources.map(read);
  const calls = texts.flatMap((text) => [...text.matchAll(/\blog\.(?:debug|info|warn|error)\(([^;{]*)/g)]);
  const named = calls.flatMap(([, start]) => [...(start ?? '').matchAll(/(?<!=== )'([a-z]+(?:-[a-z]+)*)'/g)]);
  // The table of events: a line is its level and its name.
  const lines = [...read('src/ops/event-log.ts').matchAll(/'(?:debug|info|warn|error)',\s*([^{\]]*)/g)].flatMap(
    ([, name]) => [...(name ?? '').matchAll(/(?<!=== )'([a-z]+(?:-[a-z]+)*)'/g)],
  );
  const logged = [...named, ...lines, ...texts.flatMap((text) => [...text.matchAll(/\bevent: '([a-z-]+)'/g)])];
  const table = read('docs/operations.md').split('| Event |')[1] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  const explained = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)]);
  const names = (matches: readonly RegExpMatchArray[]) => [...new Set(matches.map(([, name]) => name))].toSorted();
  expect(names(logged).length).toBeGreaterThan(3);
  expect(names(logged)).toEqual(names(explained));
});

it('docs/operations.md uses only metrics that there are', () => {
  const page = `${read('docs/operations.md')}`;
  const known = read('docs/metrics.md');
  for (const [name] of page.matchAll(/\bippa_[a-z_]+/g)) {
    expect(known).toContain(`\`${name.replace(/_bucket$/, '')}\``);
  }
});
