/** The files of the configuration and their rights. */

import { accessSync, constants, existsSync, type Stats, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { validateStateFolder } from '../../store/state-folder.ts';
import type { Account } from '../accounts.ts';
import { type Finding, finding } from './kinds.ts';

export interface ConfiguredFile {
  /** Absolute. */
  readonly path: string;
  /** Its content is a private key, a password or a token. */
  readonly secret: boolean;
}

/** All that a configuration points at, whatever the keys above are called: PEM files, and `{ file: PATH }`. */
export function filesOf(value: unknown, folder: string): ConfiguredFile[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, found]): ConfiguredFile[] => {
    if (typeof found !== 'string') return filesOf(found, folder);
    const secret = name === 'key' || name === 'file';
    return secret || name === 'cert' || name === 'ca' ? [{ path: resolve(folder, found), secret }] : [];
  });
}

const READ = 4;
const WRITE = 2;
const ENTER = 1;

/** By the mode bits alone. */
export function mayAccess(
  account: Account,
  { uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>,
  bits: number,
): boolean {
  if (account.uid === 0) return true;
  const shift = uid === account.uid ? 6 : account.groups.includes(gid) ? 3 : 0;
  return ((mode >> shift) & bits) === bits;
}

/** null: the current user. */
function canRead(path: string, account: Account | null): boolean {
  try {
    if (account === null) accessSync(path, constants.R_OK);
    return account === null || (mayEnter(dirname(path), account) && mayAccess(account, statSync(path), READ));
  } catch {
    return false;
  }
}

function mayEnter(folder: string, account: Account): boolean {
  const above = dirname(folder);
  return mayAccess(account, statSync(folder), ENTER) && (above === folder || mayEnter(above, account));
}

/** Of the service's user; null: of whoever runs this. */
export function lookAtFiles(files: readonly ConfiguredFile[], account: Account | null): Finding[] {
  // One that is not there is an error of the configuration.
  return [...new Map(files.map((file) => [file.path, file])).values()]
    .filter(({ path }) => existsSync(path))
    .flatMap((file) => {
      const { path } = file;
      const reader = `${path} (${rightsOf(path)}), by ${account?.name ?? 'this user'}`;
      return [
        ...decideExposure(file),
        ...(canRead(path, account) ? [] : [finding('file-unreadable', reader)]),
        ...(/^\/(home|root)\//.test(path) ? [finding('file-in-home', path)] : []),
      ];
    });
}

/** Nobody else may read a secret, nor change any file. */
export function decideExposure({ path, secret }: ConfiguredFile): Finding[] {
  const isExposed = existsSync(path) && (statSync(path).mode & (secret ? READ | WRITE : WRITE)) !== 0;
  return isExposed ? [finding('secret-exposed', `${path} has the rights ${rightsOf(path)}`)] : [];
}

function rightsOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8).padStart(4, '0');
}

const LOW_BYTES = 64 * 1024 * 1024;

export function lookAtState(folder: string | null, account: Account | null): Finding[] {
  if (folder === null) return [finding('state-not-kept', 'state.folder is not set')];
  // It is made when it is needed, in the nearest folder that there is.
  const nearest = nearestFolder(folder);
  const disk = statfsSync(nearest);
  const free = disk.bavail * disk.bsize;
  const low =
    free < LOW_BYTES ? [finding('disk-low', `${Math.floor(free / 1024 / 1024)} MiB are free at ${nearest}`)] : [];
  if (account === null) {
    const found = validateStateFolder(folder);
    return [...low, ...(found === null ? [] : [finding('state-unwritable', found)])];
  }
  const isFit = mayEnter(nearest, account) && mayAccess(account, statSync(nearest), WRITE | ENTER);
  return [...low, ...(isFit ? [] : [finding('state-unwritable', `${nearest}, by ${account.name}`)])];
}

function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}
