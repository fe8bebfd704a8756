/** THIRD-PARTY-NOTICES.txt: the licence of everything that is in the packages and not ours. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LockedPackage } from './lock-file.ts';
import type { NodeBinary } from './node-binary.ts';
import { type Release, ROOT } from './source.ts';

const LICENSE_FILE = /^(licen[cs]e|copying|notice)(?![a-z])/i;
const RULE = '='.repeat(80);

export function renderNotices({ name }: Release, packages: readonly LockedPackage[], node: NodeBinary): string {
  const sections = packages.map((each) => {
    return `${RULE}\n${each.name} ${each.version} (${each.license})\n${RULE}\n\n${readLicenses(each)}`;
  });
  return [
    `${name} contains Node.js and the packages below, each under the licence that follows its name.\n`,
    ...new Set(sections),
    `${RULE}\nNode.js ${node.version}, with what is linked into it\n${RULE}\n\n${node.license.trim()}\n`,
  ].join('\n');
}

function readLicenses({ folder, license }: LockedPackage): string {
  const path = join(ROOT, folder);
  const files = readdirSync(path).filter((name) => LICENSE_FILE.test(name));
  if (files.length === 0) return `The package has no file with the text of its licence; it names ${license}.\n`;
  return files
    .sort()
    .map((name) => `${readFileSync(join(path, name), 'utf8').replaceAll('\r\n', '\n').trim()}\n`)
    .join('\n');
}
