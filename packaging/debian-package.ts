/** The Debian package: files at their places, maintainer scripts, and dpkg-deb. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Release, ROOT } from './source.ts';
import { COMPLETION, compress, EXAMPLE, MAN_PAGE, placeProgram, placeTree, TO_READ, UNIT } from './stage.ts';

const TEMPLATES = join(ROOT, 'packaging/debian');
const SCRIPTS = ['postinst', 'prerm', 'postrm'] as const;

/** Writes the package into `out` and returns its name. `root` is where its tree is laid out. */
export function buildDebianPackage(release: Release, staged: string, root: string, out: string): string {
  const version = `${release.version}-1`;
  const doc = join(root, 'usr/share/doc/ippa-proxy');
  placeProgram(staged, root);
  for (const name of TO_READ) placeTree(join(staged, name), join(doc, name));
  placeTree(join(staged, EXAMPLE), join(doc, 'examples', EXAMPLE));
  placeTree(join(staged, UNIT), join(root, 'lib/systemd/system', UNIT));
  placeTree(join(staged, COMPLETION), join(root, 'usr', COMPLETION));
  placeTree(join(staged, MAN_PAGE), join(root, 'usr', MAN_PAGE));
  writeFileSync(join(doc, 'changelog.gz'), compress(readFileSync(join(staged, 'CHANGELOG.md'), 'utf8')));
  writeFileSync(join(doc, 'changelog.Debian.gz'), compress(renderChangelog(release, version)));
  writeFileSync(join(doc, 'copyright'), renderCopyright(staged));
  mkdirSync(join(root, 'usr/share/lintian/overrides'), { recursive: true });
  writeFileSync(
    join(root, 'usr/share/lintian/overrides/ippa-proxy'),
    readFileSync(join(TEMPLATES, 'lintian-overrides')),
  );
  writeControl(release, version, root);
  const name = `ippa-proxy_${version}_${release.debianArch}.deb`;
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(release.epoch), LC_ALL: 'C.UTF-8', TZ: 'UTC' };
  // gzip: xz takes five times as long for a fifth less, and zstd is not what lintian takes for a package.
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z6', '--build', root, join(out, name)], {
    env,
    stdio: 'pipe',
  });
  return name;
}

function writeControl(release: Release, version: string, root: string): void {
  const files = filesOf(root);
  const kibibytes = files.reduce((sum, file) => sum + Math.ceil(lstatSync(file).size / 1024), foldersOf(root).length);
  const sums = files
    .filter((file) => lstatSync(file).isFile())
    .map((file) => `${createHash('md5').update(readFileSync(file)).digest('hex')}  ${relative(root, file)}\n`);
  const folder = join(root, 'DEBIAN');
  mkdirSync(folder);
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    ARCHITECTURE: release.debianArch,
    MAINTAINER: release.maintainer,
    SIZE: String(kibibytes),
  };
  const control = readFileSync(join(TEMPLATES, 'control.in'), 'utf8').replaceAll(
    /@(\w+)@/g,
    (_, key) => values[key] ?? '',
  );
  writeFileSync(join(folder, 'control'), control);
  writeFileSync(join(folder, 'md5sums'), sums.join(''));
  for (const name of SCRIPTS) writeFileSync(join(folder, name), readFileSync(join(TEMPLATES, name)), { mode: 0o755 });
}

function renderChangelog({ maintainer, epoch }: Release, version: string): string {
  // As RFC 5322 writes it, which dpkg asks for.
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `ippa-proxy (${version}) stable; urgency=medium\n\n  * What changed is in changelog.gz.\n\n -- ${maintainer}  ${date}\n`;
}

function renderCopyright(staged: string): string {
  const license = readFileSync(join(staged, 'LICENSE'), 'utf8');
  return `finesse-ippa-proxy\n\n${license}\nNode.js and the packages in /usr/lib/ippa-proxy/node_modules have licences of their own:\n/usr/share/doc/ippa-proxy/THIRD-PARTY-NOTICES.txt\n`;
}

/** In the order of their bytes. */
function filesOf(root: string): string[] {
  return entriesOf(root, false).sort((a, b) => (a < b ? -1 : 1));
}

function foldersOf(root: string): string[] {
  return [root, ...entriesOf(root, true)];
}

function entriesOf(root: string, folders: boolean): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory() === folders)
    .map((entry) => join(entry.parentPath, entry.name));
}
