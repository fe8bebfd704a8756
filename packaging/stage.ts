/** The one tree that the package, the archive and the image are made from. */

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CONSOLE_PAGES } from '../src/ops/console-files.ts';
import { listCommands } from './commands.ts';
import { renderCompletion } from './completion.ts';
import type { LockedPackage } from './lock-file.ts';
import { renderManPage } from './man-page.ts';
import type { NodeBinary } from './node-binary.ts';
import { renderNotices } from './notices.ts';
import { describeNode, describePackages, renderSbom } from './sbom.ts';
import { type Release, ROOT, readJson } from './source.ts';

export const COMPLETION = 'share/bash-completion/completions/ippa-proxy';
export const MAN_PAGE = 'share/man/man1/ippa-proxy.1.gz';
export const EXAMPLE = 'ippa-proxy.example.yaml';
export const UNIT = 'ippa-proxy.service';
/** What runs; the rest is to be read, or to be put elsewhere. */
export const PROGRAM = ['bin', 'console', 'dist', 'node_modules', 'phone-xml', 'package.json'] as const;
/** What is to be read, beside the program. */
export const TO_READ = ['README.md', 'docs', 'monitoring', 'THIRD-PARTY-NOTICES.txt', 'sbom.cdx.json'] as const;

/** Types, maps, tests and pages for developers stay away; licences are in the notices. */
const RUNS = new Set(['.js', '.cjs', '.mjs', '.json']);
const NOT_RUN = new Set([
  'node_modules',
  'test',
  'tests',
  '__tests__',
  'example',
  'examples',
  'benchmark',
  'benchmarks',
  'docs',
]);

export function stage(release: Release, packages: readonly LockedPackage[], node: NodeBinary, folder: string): void {
  const write = (file: string, content: string | Buffer) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), content);
  };
  const tsc = ['-p', join(ROOT, 'tsconfig.build.json'), '--declaration', 'false', '--sourceMap', 'false'];
  execFileSync(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    ...tsc,
    '--outDir',
    join(folder, 'dist'),
  ]);
  for (const each of [
    ...['bin/ippa-proxy', 'phone-xml', 'docs', 'monitoring', 'README.md', 'CHANGELOG.md', 'LICENSE', EXAMPLE],
  ]) {
    cpSync(join(ROOT, each), join(folder, each), { recursive: true });
  }
  placeConsole(folder);
  cpSync(node.file, join(folder, 'bin/node'));
  // The launcher names the Node.js; there may be none on the PATH, where this line would look.
  write('bin/ippa-proxy.js', readFileSync(join(ROOT, 'bin/ippa-proxy.js'), 'utf8').replace(/^#!.*\n/, ''));
  for (const each of packages) copyPackage(each, folder);
  const { scripts: _scripts, devDependencies: _dev, ...facts } = readJson('package.json');
  write('package.json', `${JSON.stringify(facts, null, 2)}\n`);
  cpSync(join(ROOT, 'packaging', UNIT), join(folder, UNIT));
  const commands = listCommands();
  write(COMPLETION, renderCompletion(commands));
  write(MAN_PAGE, compress(renderManPage(commands, release)));
  write('THIRD-PARTY-NOTICES.txt', renderNotices(release, packages, node));
  write('sbom.cdx.json', renderSbom(release, [...describePackages(packages), describeNode(node, release)]));
  setModes(folder);
}

/** With the pages that it shows: where programs are, the documentation may be elsewhere, or left out. */
function placeConsole(folder: string): void {
  cpSync(join(ROOT, 'console'), join(folder, 'console'), {
    recursive: true,
    filter: (file) => basename(file) !== 'tsconfig.json' && !file.endsWith('.d.ts'),
  });
  for (const page of CONSOLE_PAGES) cpSync(join(ROOT, 'docs', page), join(folder, 'console/docs', page));
}

/** As gzip -9n does it: without time and name. */
export function compress(content: string): Buffer {
  return gzipSync(content, { level: 9 });
}

function copyPackage({ folder, name, version }: LockedPackage, to: string): void {
  const source = join(ROOT, folder);
  const installed = readJson(join(folder, 'package.json')).version;
  if (installed !== version) throw new Error(`${name} is ${installed}, package-lock.json has ${version}: npm ci`);
  cpSync(source, join(to, folder), {
    recursive: true,
    filter: (file) => {
      if (file === source) return true;
      const isTop = dirname(file) === source;
      if (statSync(file).isDirectory())
        return !(isTop && NOT_RUN.has(basename(file))) && !basename(file).startsWith('.');
      return RUNS.has(extname(file)) && !isCommand(file);
    },
  });
  removeEmpty(join(to, folder));
}

/** Commands of other packages are not ours to bring. */
function isCommand(file: string): boolean {
  return readFileSync(file).subarray(0, 2).toString() === '#!';
}

function removeEmpty(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Whatever they were in the checkout: readable by all, and programs are what is in bin. */
function setModes(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const isProgram = entry.parentPath === join(folder, 'bin') && extname(entry.name) === '';
    chmodSync(join(entry.parentPath, entry.name), entry.isDirectory() || isProgram ? 0o755 : 0o644);
  }
  chmodSync(folder, 0o755);
}

/** The same files at other places: hard links, as Node.js alone is 100 MB. */
export function placeTree(source: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  if (statSync(source).isDirectory()) {
    mkdirSync(target, { recursive: true });
    for (const name of readdirSync(source)) placeTree(join(source, name), join(target, name));
  } else linkSync(source, target);
}

/** Where things are on a system, for the package and the image: beside the program, the command. */
export function placeProgram(staged: string, root: string, parts: readonly string[] = PROGRAM): void {
  for (const part of parts) placeTree(join(staged, part), join(root, 'usr/lib/ippa-proxy', part));
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  symlinkSync('../lib/ippa-proxy/bin/ippa-proxy', join(root, 'usr/bin/ippa-proxy'));
}
