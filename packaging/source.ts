/** The checkout that is packaged: where it is, which version, and from when. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export interface Release {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  /** Seconds; every time in every package is this one. */
  readonly epoch: number;
  /** Node's word for the processor, and those of Debian and of images. */
  readonly arch: 'x64' | 'arm64';
  readonly debianArch: 'amd64' | 'arm64';
  readonly maintainer: string;
}

/** Of this machine's processor: the Node.js that goes into the packages is the one that npm installed here. */
export function readRelease(env: NodeJS.ProcessEnv = process.env): Release {
  const { name, version, description, license } = readJson('package.json');
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64') throw new Error(`packages are made for x64 and arm64, this is ${arch}`);
  return {
    name,
    version,
    description,
    license,
    epoch: env.SOURCE_DATE_EPOCH === undefined ? commitTime() : Number(env.SOURCE_DATE_EPOCH),
    arch,
    debianArch: arch === 'x64' ? 'amd64' : 'arm64',
    maintainer: env.PACKAGE_MAINTAINER ?? 'The finesse-ippa-proxy authors <ippa-proxy@localhost>',
  };
}

export function readJson(file: string) {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function commitTime(): number {
  try {
    return Number(git('log', '-1', '--format=%ct'));
  } catch {
    throw new Error('no commit to take the time from: set SOURCE_DATE_EPOCH (seconds since 1970)');
  }
}

/** Null outside a checkout. */
export function hasChanges(): boolean | null {
  try {
    return git('status', '--porcelain') !== '';
  } catch {
    return null;
  }
}
