/** The same tar from the same tree: by GNU tar, with all that differs from machine to machine fixed. */

import { execFileSync } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export interface TarOptions {
  readonly epoch: number;
  /** Numeric, of user and group. */
  readonly owner?: number;
  /** To a tar that is there. */
  readonly append?: boolean;
}

/** `names` of `folder`, each with what is below it. */
export function writeTar(file: string, folder: string, names: readonly string[], options: TarOptions): void {
  const { epoch, owner = 0, append = false } = options;
  const fixed = ['--sort=name', `--mtime=@${epoch}`, `--owner=:${owner}`, `--group=:${owner}`, '--numeric-owner'];
  const format = ['--format=posix', '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime'];
  const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
  // A hard link here is a file of its own there.
  const order = [
    append ? '-r' : '-c',
    '-f',
    file,
    '--hard-dereference',
    ...fixed,
    ...format,
    '-C',
    folder,
    '--',
    ...names,
  ];
  execFileSync('tar', order, { env });
}

export interface Compressed {
  readonly size: number;
  readonly sha256: string;
  /** Before compression. */
  readonly plainSha256: string;
}

/** By the zlib of the Node.js that runs this, which package-lock.json names. */
export async function compressFile(from: string, to: string): Promise<Compressed> {
  const plain = createHash('sha256');
  const packed = createHash('sha256');
  let size = 0;
  const count = (chunk: Buffer) => {
    size += chunk.length;
  };
  await pipeline(
    createReadStream(from, { highWaterMark: 1 << 20 }),
    hashing(plain),
    createGzip({ level: 6 }),
    hashing(packed, count),
    createWriteStream(to),
  );
  return { size, sha256: packed.digest('hex'), plainSha256: plain.digest('hex') };
}

function hashing(hash: Hash, seen: (chunk: Buffer) => void = () => {}): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      seen(chunk);
      done(null, chunk);
    },
  });
}
