/**
 * The files of the console, as the browser gets them. They are read once, at the start, so that a package that is replaced
 * meanwhile does not mix two versions in one page. The libraries come from the installed packages; browsers know no bare names
 * such as `preact`, so these become paths of this port (an import map would have to be inline, which the policy forbids).
 */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ConsoleFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
}

export interface ConsoleFiles {
  /** By the path below `/console/`. */
  readonly files: ReadonlyMap<string, ConsoleFile>;
  /** The documentation as it is written, by name, such as `runbook.md`. */
  readonly pages: ReadonlyMap<string, string>;
  /** `index.html`, in which the server writes what stands there without JavaScript. */
  readonly shell: string;
  /** By language, then by key. */
  readonly words: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** By language, then by what the proxy says in English. */
  readonly phrases: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

const ROOT = new URL('../../', import.meta.url);

/** Name in imports, and path below `/console/`. */
const LIBRARIES = new Map([
  ['preact', 'lib/preact.js'],
  ['preact/hooks', 'lib/hooks.js'],
  ['htm', 'lib/htm.js'],
]);
/** What the console shows of the documentation. */
export const CONSOLE_PAGES = ['runbook.md', 'operations.md', 'console.md'] as const;

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

export function readConsoleFiles(root: URL = ROOT): ConsoleFiles {
  const folder = fileURLToPath(new URL('console/', root));
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => extname(name) in TYPES && name !== 'tsconfig.json');
  const files = new Map([
    ...own.map((name): [string, ConsoleFile] => [name, toFile(name, readFileSync(join(folder, name), 'utf8'))]),
    ...[...LIBRARIES].map(([name, path]): [string, ConsoleFile] => {
      return [path, toFile(path, readFileSync(fileURLToPath(import.meta.resolve(name)), 'utf8'))];
    }),
  ]);
  const pages = CONSOLE_PAGES.map((name): [string, string] => {
    // In a package they stand beside the console, since the documentation is elsewhere.
    const packaged = new URL(`console/docs/${name}`, root);
    return [name, readFileSync(existsSync(packaged) ? packaged : new URL(`docs/${name}`, root), 'utf8')];
  });
  const textsOf = (folder: 'words' | 'phrases') => {
    const names = own.filter((name) => name.startsWith(`${folder}/`));
    return new Map(
      names.map((name) => [name.slice(folder.length + 1, -'.json'.length), JSON.parse(textOf(files.get(name)))]),
    );
  };
  return {
    files,
    pages: new Map(pages),
    shell: readFileSync(join(folder, 'index.html'), 'utf8'),
    words: textsOf('words'),
    phrases: textsOf('phrases'),
  };
}

function textOf(file: ConsoleFile | undefined): string {
  return file?.body.toString('utf8') ?? '{}';
}

function toFile(name: string, text: string): ConsoleFile {
  const extension = extname(name);
  const body = Buffer.from(extension === '.js' ? renameImports(text) : text, 'utf8');
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  return { body, type: TYPES[extension] ?? 'application/octet-stream', etag };
}

/** `from 'preact'` and the like, as written and as minified. Source maps are not there to be looked for. */
function renameImports(text: string): string {
  return text
    .replaceAll(/\bfrom\s*(['"])([a-z/]+)\1/g, (whole, quote: string, name: string) => {
      const path = LIBRARIES.get(name);
      return path === undefined ? whole : `from ${quote}/console/${path}${quote}`;
    })
    .replaceAll(/^\/\/# sourceMappingURL=.*$/gm, '');
}
