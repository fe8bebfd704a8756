/** The Node.js that goes into the packages: the one that npm installed, without its debug symbols. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Release, ROOT } from './source.ts';

export interface NodeBinary {
  /** Stripped. */
  readonly file: string;
  /** Of the stripped file. */
  readonly sha256: string;
  readonly version: string;
  /** What is linked into it, by name. */
  readonly parts: Readonly<Record<string, string>>;
  readonly license: string;
}

const STRIP = ['--strip-unneeded', '--remove-section=.comment'] as const;

export function prepareNode({ arch }: Release, cache: string): NodeBinary {
  const folder = join(ROOT, 'node_modules', `node-linux-${arch}`);
  const original = join(folder, 'bin/node');
  if (!existsSync(original)) throw new Error(`there is no ${original}: "npm ci" brings it`);
  const file = join(cache, `node-${sha256(original)}${STRIP.join('')}`);
  if (!existsSync(file)) {
    mkdirSync(cache, { recursive: true });
    execFileSync('strip', [...STRIP, '-o', `${file}.part`, original]);
    renameSync(`${file}.part`, file);
  }
  const print = 'process.stdout.write(JSON.stringify(process.versions))';
  const { node, ...parts } = JSON.parse(execFileSync(file, ['-e', print], { encoding: 'utf8' }));
  return { file, sha256: sha256(file), version: node, parts, license: readFileSync(join(folder, 'LICENSE'), 'utf8') };
}

export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
