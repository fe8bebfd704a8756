/** What of package-lock.json goes into the packages. */

import { readJson } from './source.ts';

export interface LockedPackage {
  /** Below the root: node_modules/NAME, or deeper. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Subresource integrity of its archive. */
  readonly integrity: string;
}

const NODE_BINARY = /^node-linux-/;

/** Everything that runs in production, in the order of the folders; Node.js itself, which is such a package too, apart. */
export function readLockFile(): readonly LockedPackage[] {
  const { packages } = readJson('package-lock.json');
  return Object.keys(packages)
    .filter((folder) => folder !== '' && packages[folder].dev !== true)
    .map((folder) => ({ ...packages[folder], folder, name: folder.split('node_modules/').at(-1) ?? folder }))
    .filter(({ name }) => !NODE_BINARY.test(name))
    .sort((a, b) => (a.folder < b.folder ? -1 : 1));
}
