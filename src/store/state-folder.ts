/** The folder where state is kept: made when it is needed, and judged before it is trusted. */

import { mkdirSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Makes a folder and those above it, and returns the ones it made, the outermost first. One by one: where nothing can be made
 * although what is above exists (`/proc`), Node's own recursive way never ends.
 */
export function makeFolder(folder: string): string[] {
  if (isThere(folder)) {
    // Says so if it is something else.
    if (!statSync(folder).isDirectory()) mkdirSync(folder);
    return [];
  }
  const above = dirname(folder) === folder ? [] : makeFolder(dirname(folder));
  mkdirSync(folder);
  return [...above, folder];
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * Why nothing can be kept in a folder, or null. Tried for real, since rights tell little (a read-only or a full disk, an
 * administrator's account); nothing is left behind.
 */
export function validateStateFolder(folder: string): string | null {
  let made: readonly string[] = [];
  try {
    made = makeFolder(folder);
    const file = join(folder, `.ippa-proxy-${process.pid}`);
    try {
      writeFileSync(file, 'This file shows that the folder can be written to.\n');
    } finally {
      rmSync(file, { force: true });
    }
    return null;
  } catch (error) {
    return `${JSON.stringify(folder)}, which cannot be written to (${renderCause(error)})`;
  } finally {
    removeEmpty(made);
  }
}

/** The running proxy may have begun to use them meanwhile. */
function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders.toReversed()) rmdirSync(folder);
  } catch {
    // In use.
  }
}

/** `ENOSPC: no space left on device`; what follows repeats the name of the file. */
export function renderCause(error: unknown): string {
  return error instanceof Error ? (error.message.split(',')[0] ?? error.message) : String(error);
}
