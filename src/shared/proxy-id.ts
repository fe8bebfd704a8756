/** By what this proxy is known to the others. Kept in the state folder, so that it is the same one after a restart. */

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'proxy-id';
const VALID = /^[0-9a-f]{12}$/;

/**
 * Without a folder, or with one that cannot be read or written, another one at each start: the old one is then a proxy that is
 * gone. Nothing is derived from names or addresses, since two containers may well have the same.
 */
export function readProxyId(folder: string | null): string {
  const fresh = randomBytes(6).toString('hex');
  if (folder === null) return fresh;
  try {
    const kept = readFileSync(join(folder, FILE), 'utf8').trim();
    if (VALID.test(kept)) return kept;
  } catch {
    // The first start.
  }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, FILE), `${fresh}\n`, { mode: 0o600 });
  } catch {
    // Said elsewhere: all that is kept in the folder has the same trouble.
  }
  return fresh;
}
