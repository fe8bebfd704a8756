/** Data flows one way: which folder of src may import which (docs: the direction is part of the design, not a habit). */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');

interface Import {
  readonly from: string;
  /** A file of src, relative to it, or the name of a package. */
  readonly to: string;
  readonly isRelative: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports: readonly Import[] = files.flatMap((from) => {
  const source = readFileSync(join(SRC, from), 'utf8');
  // Static imports, re-exports and import(): with sources formatted one way these forms are all there is.
  const found = source.matchAll(
    /(?:^|\n)(?:import|export)[^;'"]*?from\s*'([^']+)'|(?:^|\n)import\s*'([^']+)'|\bimport\(\s*'([^']+)'/g,
  );
  return [...found].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const isRelative = specifier.startsWith('.');
    return { from, to: isRelative ? relative(SRC, join(SRC, dirname(from), specifier)) : specifier, isRelative };
  });
});

const isIn = (file: string, ...folders: readonly string[]) => folders.some((folder) => file.startsWith(`${folder}/`));
const show = ({ from, to }: Import) => `${from} imports ${to}`;

/** simulators/demo… puts the parts together and so may import both sides. */
const isComposition = (file: string) => file.startsWith('simulators/demo') || !file.includes('/');

describe('imports of src', () => {
  it('are found at all', () => {
    expect(imports.map(show)).toContain('domain/alternates.ts imports domain/model.ts');
    expect(imports.map(show)).toContain('monitor/probe.ts imports got');
    expect(imports.filter(({ isRelative, to }) => isRelative && !files.includes(to)).map(show)).toEqual([]);
  });

  it('domain imports nothing but itself, and touches no clock, timer or randomness', () => {
    expect(imports.filter(({ from, to }) => isIn(from, 'domain') && !isIn(to, 'domain')).map(show)).toEqual([]);
    const impure = /\bDate\.now|new Date\(\)|Math\.random|setTimeout|\basync\b|\bawait\b|\bprocess\.|performance\./;
    const code = (file: string) => readFileSync(join(SRC, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect(files.filter((file) => isIn(file, 'domain') && impure.test(code(file)))).toEqual([]);
  });

  it('simulators share no code with what they test', () => {
    const own = imports.filter(({ from }) => isIn(from, 'simulators') && !isComposition(from));
    expect(own.filter(({ to, isRelative }) => isRelative && !isIn(to, 'simulators')).map(show)).toEqual([]);
  });

  it('nothing but the composition and the commands imports simulators', () => {
    const others = imports.filter(({ from }) => !isIn(from, 'simulators', 'commands') && !isComposition(from));
    expect(others.filter(({ to }) => isIn(to, 'simulators')).map(show)).toEqual([]);
  });

  it('phone does not import proxy, monitor or ops', () => {
    expect(
      imports.filter(({ from, to }) => isIn(from, 'phone') && isIn(to, 'proxy', 'monitor', 'ops')).map(show),
    ).toEqual([]);
  });

  it('store imports domain and itself only', () => {
    const own = imports.filter(({ from, isRelative }) => isIn(from, 'store') && isRelative);
    expect(own.filter(({ to }) => !isIn(to, 'domain', 'store', 'config')).map(show)).toEqual([]);
  });
});
