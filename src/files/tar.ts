/** A gzipped tar archive of a few texts (POSIX ustar), in memory. */

import { gzipSync } from 'node:zlib';

const BLOCK = 512;

export interface TarEntry {
  /** At most 100 bytes, with slashes. */
  readonly name: string;
  readonly content: string;
}

/** Files of mode 0640 in this order; `at` in epoch ms. */
export function tarGz(entries: readonly TarEntry[], at: number): Buffer {
  const blocks = entries.flatMap(({ name, content }) => {
    const bytes = Buffer.from(content);
    return [header(name, bytes.length, at), bytes, Buffer.alloc(-bytes.length & (BLOCK - 1))];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]));
}

function header(name: string, size: number, at: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number) => `${value.toString(8).padStart(length - 1, '0')}\0`;
  block.write(name, 0, 100);
  block.write(octal(0o640, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(Math.floor(at / 1000), 12), 136);
  // The sum is taken with spaces in its own place.
  block.write('        0', 148);
  block.write('ustar\u000000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
