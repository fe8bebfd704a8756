/** A file that is there whole or not at all. */

import { randomBytes } from 'node:crypto';
import { chmod, chown, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface WriteOptions {
  readonly mode: number;
  /** null: whoever writes it. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  /** false: rejects with EEXIST when it is there already. */
  readonly replace: boolean;
}

export async function writeWhole(
  file: string,
  content: string | Uint8Array,
  { mode, owner, replace }: WriteOptions,
): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.${randomBytes(4).toString('hex')}`);
  try {
    const handle = await open(draft, 'wx', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (owner !== null) await chown(draft, owner.uid, owner.gid);
    // Whatever the umask says.
    await chmod(draft, mode);
    if (replace) await rename(draft, file);
    else await link(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
