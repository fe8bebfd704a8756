/**
 * `npm run package`: the Debian package, the archive, the container image, what is in them and their checksums, all from one
 * tree. The same bytes from the same commit.
 *
 *   node packaging/build.ts [--out FOLDER] [--cache FOLDER] [--without-image]
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDebianPackage } from './debian-package.ts';
import { buildImage, describeDebianPackages, fetchDebianPackages } from './image.ts';
import { readLockFile } from './lock-file.ts';
import { prepareNode, sha256 } from './node-binary.ts';
import { describeNode, describePackages, renderSbom } from './sbom.ts';
import { hasChanges, type Release, ROOT, readRelease } from './source.ts';
import { placeTree, stage } from './stage.ts';
import { compressFile, writeTar } from './tar.ts';

const { values } = parseArgs({
  options: { out: { type: 'string' }, cache: { type: 'string' }, 'without-image': { type: 'boolean' } },
});
process.umask(0o022);
const out = resolve(values.out ?? join(ROOT, 'build/packages'));
const cache = resolve(values.cache ?? join(ROOT, 'build/cache'));
const work = mkdtempSync(join(tmpdir(), 'ippa-proxy-package-'));
try {
  await build(readRelease());
} finally {
  rmSync(work, { recursive: true, force: true });
}

async function build(release: Release): Promise<void> {
  if (hasChanges() === true) console.error('The working tree has changes: these packages are of no commit.');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const packages = readLockFile();
  const node = prepareNode(release, cache);
  const staged = join(work, 'stage');
  stage(release, packages, node, staged);
  const made = [buildDebianPackage(release, staged, join(work, 'debian'), out), await buildArchive(release, staged)];
  const inside = [...describePackages(packages), describeNode(node, release)];
  const write = (name: string, text: string) => {
    writeFileSync(join(out, name), text);
    return name;
  };
  made.push(write(`ippa-proxy-${release.version}.cdx.json`, renderSbom(release, inside)));
  if (values['without-image'] !== true) {
    const debian = fetchDebianPackages(cache);
    made.push(await buildImage(release, { staged, node, debian, work: join(work, 'image'), cache }, out));
    const image = [...inside, ...describeDebianPackages(debian)];
    made.push(write(`ippa-proxy-${release.version}-oci.cdx.json`, renderSbom(release, image)));
  }
  write(
    'SHA256SUMS',
    made
      .sort()
      .map((name) => `${sha256(join(out, name))}  ${name}\n`)
      .join(''),
  );
  for (const name of [...made, 'SHA256SUMS']) console.log(join(out, name));
}

async function buildArchive(release: Release, staged: string): Promise<string> {
  const name = `ippa-proxy-${release.version}-linux-${release.arch}`;
  placeTree(staged, join(work, 'archive', name));
  const tar = join(work, 'archive.tar');
  writeTar(tar, join(work, 'archive'), [name], release);
  await compressFile(tar, join(out, `${name}.tar.gz`));
  rmSync(tar);
  return `${name}.tar.gz`;
}
