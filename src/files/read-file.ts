/** Reading a file of the operator's, and why it cannot be read, in words. */

import { open } from 'node:fs/promises';

/** Far more than any real configuration; keeps a wrong file name from filling the memory. */
export const MAX_BYTES = 1024 * 1024;

const CHUNK_BYTES = 64 * 1024;

/** The bytes of a file, at most one more than `limit` of them: a wrong path may name a device without an end. */
export async function readBytes(path: string, limit = MAX_BYTES): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const chunks: Uint8Array[] = [];
    for (let length = 0; length <= limit; ) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES));
      if (bytesRead === 0) break;
      chunks.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
    }
    return Buffer.concat(chunks).subarray(0, limit + 1);
  } finally {
    await file.close();
  }
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'which does not exist',
  ENOTDIR: 'which does not exist',
  EACCES: 'which this user may not read',
  EPERM: 'which this user may not read',
  EISDIR: 'which is a folder',
  ENAMETOOLONG: 'which is too long for a path',
  ELOOP: 'which is a loop of links',
};

/** Why a file cannot be read, to follow its name. */
export function renderFileError(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return FILE_ERRORS[code] ?? `which cannot be read (${code})`;
}
