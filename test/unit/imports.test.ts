/** Data flows one way: which room of src may use which, and no circles between files (docs/architecture.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../../src');

const ARCHITECTURE = readFileSync(join(SRC, '../docs/architecture.md'), 'utf8');

/**
 * Each room and what it may import beside itself, from the table of docs/architecture.md; packages are free. Files at the
 * top of src put the parts together and may use all of them.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  [...ARCHITECTURE.matchAll(/^\| `([a-z/-]+)` \| [^|]* \|([^|]*)\|$/gm)].map(([, room = '', uses = '']) => [
    room,
    [...uses.matchAll(/`([^`]+)`/g)].map(([, used = '']) => used),
  ]),
);

/** The two commands that run a whole proxy start what `app.ts` puts together. Nothing is added here. */
const EXCEPTIONS: readonly string[] = ['commands/demo.ts imports app.ts', 'commands/serve.ts imports app.ts'];

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

/** The room of a file: the longest name of a room that its path begins with; null at the top of src. */
const roomOf = (file: string): string | null => {
  if (!file.includes('/')) return null;
  const rooms = Object.keys(ROOMS).filter((room) => file.startsWith(`${room}/`));
  return rooms.sort((one, other) => other.length - one.length)[0] ?? file;
};
const show = ({ from, to }: Import) => `${from} imports ${to}`;

describe('imports of src', () => {
  it('are found at all', () => {
    expect(imports.map(show)).toContain('domain/alternates.ts imports domain/model.ts');
    expect(imports.map(show)).toContain('health/probe.ts imports got');
    expect(imports.filter(({ isRelative, to }) => isRelative && !files.includes(to)).map(show)).toEqual([]);
  });

  it('every file is in a room of the table, and every room has files', () => {
    const used = new Set(files.map(roomOf));
    expect(Object.keys(ROOMS).filter((room) => !used.has(room))).toEqual([]);
    expect(Object.keys(ROOMS).length).toBeGreaterThan(10);
    expect(files.filter((file) => file.includes('/') && !((roomOf(file) ?? '') in ROOMS))).toEqual([]);
  });

  it('each room uses only what the table allows', () => {
    const breaches = imports
      .filter(({ isRelative }) => isRelative)
      .filter(({ from, to }) => {
        const [room, used] = [roomOf(from), roomOf(to)];
        return room !== null && room !== used && (used === null || !ROOMS[room]?.includes(used));
      })
      .map(show);
    expect(breaches.sort()).toEqual(EXCEPTIONS);
  });

  it('arrows between rooms go one way', () => {
    const reaches = (from: string, to: string): boolean =>
      (ROOMS[from] ?? []).some((next) => next === to || reaches(next, to));
    expect(Object.keys(ROOMS).filter((room) => reaches(room, room))).toEqual([]);
  });

  it('no files import each other in a circle', () => {
    const next = Map.groupBy(
      imports.filter(({ isRelative }) => isRelative),
      ({ from }) => from,
    );
    const reached = (from: string): ReadonlySet<string> => {
      const seen = new Set<string>();
      const open = [from];
      for (let file = open.pop(); file !== undefined; file = open.pop()) {
        for (const { to } of next.get(file) ?? []) {
          if (seen.has(to)) continue;
          seen.add(to);
          open.push(to);
        }
      }
      return seen;
    };
    const all = new Map(files.map((file) => [file, reached(file)]));
    const circles = files
      .filter((file) => all.get(file)?.has(file))
      .map((file) => files.filter((other) => all.get(file)?.has(other) && all.get(other)?.has(file)))
      .map((circle) => circle.sort().join(', '));
    expect([...new Set(circles)]).toEqual([]);
  });

  it('domain touches no clock, timer or randomness', () => {
    expect(imports.filter(({ from, isRelative }) => roomOf(from) === 'domain' && !isRelative).map(show)).toEqual([]);
    const impure = /\bDate\.now|new Date\(\)|Math\.random|setTimeout|\basync\b|\bawait\b|\bprocess\.|performance\./;
    const code = (file: string) => readFileSync(join(SRC, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect(files.filter((file) => roomOf(file) === 'domain' && impure.test(code(file)))).toEqual([]);
  });

  it('every file that docs/architecture.md names is there', () => {
    const paths = [...ARCHITECTURE.matchAll(/`([\w./-]+\.ts)`/g)].map(([, path = '']) => path);
    expect(paths.length).toBeGreaterThan(30);
    expect(paths.filter((path) => !files.includes(path))).toEqual([]);
  });

  it('nothing but the composition, the commands and the phones in the browser imports simulators', () => {
    const users = imports.filter(({ from, to }) => roomOf(to) === 'simulators' && roomOf(from) !== 'simulators');
    const allowed = [null, 'commands', 'console-phones'];
    expect(users.filter(({ from }) => !allowed.includes(roomOf(from))).map(show)).toEqual([]);
  });
});
