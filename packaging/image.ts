/**
 * The container image, as an OCI layout in a tar (OCI image specification 1.0). No daemon and no registry: the lowest layer is
 * the few Debian packages that Node.js needs. There is no shell in it.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NodeBinary, sha256 } from './node-binary.ts';
import type { Component } from './sbom.ts';
import type { Release } from './source.ts';
import { placeProgram, placeTree, TO_READ } from './stage.ts';
import { type Compressed, compressFile, writeTar } from './tar.ts';

/** Libraries of Node.js, and names: of ports, and of the system for those who look. */
const DEBIAN_PACKAGES = ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6', 'netbase'] as const;
/** Nobody else's number, and not root. */
const USER = 65532;
const NOT_NEEDED = [
  'usr/share/man',
  'usr/share/locale',
  'usr/share/lintian',
  'usr/share/bug',
  'usr/lib/x86_64-linux-gnu/gconv',
];

export interface DebianFile {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

/** Of the Debian of this machine, as apt offers them now; apt checks their signatures. */
export function fetchDebianPackages(cache: string): readonly DebianFile[] {
  const folder = join(cache, 'debian');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', ...DEBIAN_PACKAGES], { cwd: folder });
  return readdirSync(folder)
    .sort()
    .map((entry) => {
      const file = join(folder, entry);
      const field = (name: string) => execFileSync('dpkg-deb', ['-f', file, name], { encoding: 'utf8' }).trim();
      return { file, name: field('Package'), version: field('Version'), sha256: sha256(file) };
    });
}

export function describeDebianPackages(packages: readonly DebianFile[]): Component[] {
  return packages.map(({ name, version, sha256: content }) => {
    const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
    return { type: 'library', 'bom-ref': purl, name, version, purl, hashes: [{ alg: 'SHA-256', content }] };
  });
}

export interface ImageParts {
  readonly staged: string;
  readonly node: NodeBinary;
  readonly debian: readonly DebianFile[];
  /** A folder for what is in between, and one that outlives this build. */
  readonly work: string;
  readonly cache: string;
}

/** Writes the image into `out` and returns its name. */
export async function buildImage(release: Release, parts: ImageParts, out: string): Promise<string> {
  const { work } = parts;
  const layout = join(work, 'layout');
  const blobs = join(layout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const layers = [
    await addLayer(blobs, layBase(release, parts)),
    await addNodeLayer(blobs, parts),
    await addLayer(blobs, layProgram(release, parts)),
  ];
  const addJson = (value: unknown) => {
    const text = JSON.stringify(value);
    const digest = createHash('sha256').update(text).digest('hex');
    writeFileSync(join(blobs, digest), text);
    return { digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
  };
  const config = addJson(describeConfig(release, layers));
  const manifest = addJson({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: layers.map(({ sha256: digest, size }) => {
      return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: `sha256:${digest}`, size };
    }),
  });
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        ...manifest,
        platform: { architecture: release.debianArch, os: 'linux' },
        // What Podman and Docker call it once it is loaded.
        annotations: {
          'io.containerd.image.name': `localhost/ippa-proxy:${release.version}`,
          'org.opencontainers.image.ref.name': release.version,
        },
      },
    ],
  };
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index));
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const name = `ippa-proxy-${release.version}-oci-${release.debianArch}.tar`;
  writeTar(join(out, name), layout, ['blobs', 'index.json', 'oci-layout'], release);
  return name;
}

function describeConfig(
  { name, version, description, license, epoch, debianArch }: Release,
  layers: readonly Compressed[],
) {
  const created = new Date(epoch * 1000).toISOString();
  const program = '/usr/lib/ippa-proxy/bin';
  return {
    created,
    architecture: debianArch,
    os: 'linux',
    config: {
      User: `${USER}:${USER}`,
      Env: [`PATH=${program}:/usr/bin`, 'LANG=C.UTF-8'],
      Entrypoint: [`${program}/node`, `${program}/ippa-proxy.js`],
      Cmd: ['serve', '--config', '/etc/ippa-proxy/ippa-proxy.yaml'],
      WorkingDir: '/var/lib/ippa-proxy',
      StopSignal: 'SIGTERM',
      Labels: {
        'org.opencontainers.image.title': name,
        'org.opencontainers.image.description': description,
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': license,
        'org.opencontainers.image.created': created,
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ plainSha256 }) => `sha256:${plainSha256}`) },
    history: ['Debian libraries', 'Node.js', `${name} ${version}`].map((comment) => ({ created, comment })),
  };
}

async function addLayer(blobs: string, tar: string): Promise<Compressed> {
  const compressed = await compressFile(tar, `${tar}.gz`);
  renameSync(`${tar}.gz`, join(blobs, compressed.sha256));
  rmSync(tar);
  return compressed;
}

function layBase({ epoch }: Release, { work, debian }: ImageParts): string {
  const root = join(work, 'base');
  for (const { file } of debian) execFileSync('dpkg-deb', ['-x', file, root]);
  for (const path of NOT_NEEDED) rmSync(join(root, path), { recursive: true, force: true });
  const files = {
    'etc/passwd': `root:x:0:0:root:/root:/sbin/nologin\nippa-proxy:x:${USER}:${USER}::/var/lib/ippa-proxy:/sbin/nologin\n`,
    'etc/group': `root:x:0:\nippa-proxy:x:${USER}:\n`,
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\n',
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text);
  mkdirSync(join(root, 'etc/ippa-proxy'));
  const tar = join(work, 'base.tar');
  writeTar(tar, root, readdirSync(root).sort(), { epoch });
  const state = join(work, 'state');
  mkdirSync(join(state, 'var/lib/ippa-proxy'), { recursive: true, mode: 0o750 });
  writeTar(tar, state, ['var/lib/ippa-proxy'], { epoch, owner: USER, append: true });
  return tar;
}

/** The largest, and the slowest to compress. Its time is no commit's, so that all versions with this Node.js share it. */
async function addNodeLayer(blobs: string, { work, staged, node, cache }: ImageParts): Promise<Compressed> {
  const kept = join(cache, `layer-${node.sha256}`);
  const tar = join(work, 'node.tar');
  const root = join(work, 'node');
  placeTree(join(staged, 'bin/node'), join(root, 'usr/lib/ippa-proxy/bin/node'));
  writeTar(tar, root, ['usr'], { epoch: 0 });
  if (!existsSync(kept)) {
    await compressFile(tar, `${kept}.part`);
    renameSync(`${kept}.part`, kept);
  }
  const compressed = { size: statSync(kept).size, sha256: sha256(kept), plainSha256: sha256(tar) };
  copyFileSync(kept, join(blobs, compressed.sha256));
  rmSync(tar);
  return compressed;
}

function layProgram({ epoch }: Release, { work, staged }: ImageParts): string {
  const root = join(work, 'program');
  placeProgram(staged, root);
  rmSync(join(root, 'usr/lib/ippa-proxy/bin/node'));
  for (const name of ['LICENSE', ...TO_READ])
    placeTree(join(staged, name), join(root, 'usr/share/doc/ippa-proxy', name));
  const tar = join(work, 'program.tar');
  writeTar(tar, root, ['usr'], { epoch });
  return tar;
}
