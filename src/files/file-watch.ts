/**
 * Notices that files have other contents than before. Contents are compared, on an interval and when the file system says
 * something: it says too much (a touch), too little (network folders, mounted secrets that are links), or too early.
 */

import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { readBytes } from './read-file.ts';

export interface FileWatchOptions {
  readonly files: readonly string[];
  readonly clock: { after(delayMs: number, run: () => void): () => void };
  /** Told once for each change, after the files have been the same at two looks. */
  readonly onChange: () => void;
  readonly everyMs?: number;
  /** Between a sign of change and the look at it: whoever writes a file is rarely done with the first byte. */
  readonly settleMs?: number;
}

export interface FileWatch {
  /** Takes note of what the files hold now, before they are used: a change made since then is one. */
  begin(): Promise<void>;
  /** Switches it on or off; switched on again it begins with the contents of that moment. */
  set(on: boolean): void;
  /** A look at once. */
  look(): Promise<void>;
}

const WATCH_EVERY_MS = 10_000;
const SETTLE_MS = 300;

export function createFileWatch(options: FileWatchOptions): FileWatch {
  const { files, clock, onChange, everyMs = WATCH_EVERY_MS, settleMs = SETTLE_MS } = options;
  let watchers: FSWatcher[] = [];
  let cancel = () => {};
  let isOn = false;
  /** What was told last, and what was seen at the last look if that differs. */
  let told: string | null = null;
  let seen: string | null = null;

  const look = async () => {
    const now = await digest(files);
    if (!isOn) return;
    if (told === null || now === told) {
      told = now;
      seen = null;
      return;
    }
    // Half-written files change again: only what two looks agree on counts.
    if (now !== seen) {
      seen = now;
      arm(settleMs);
      return;
    }
    told = now;
    seen = null;
    onChange();
  };
  const arm = (delayMs: number) => {
    cancel();
    if (!isOn) return;
    cancel = clock.after(delayMs, () => {
      arm(everyMs);
      void look();
    });
  };
  const listen = () => {
    for (const folder of new Set(files.map((file) => dirname(file)))) {
      try {
        const watcher = watch(folder, { persistent: false }, () => arm(settleMs));
        watcher.on('error', () => watcher.close());
        watchers.push(watcher);
      } catch {
        // No more watches to be had, or no such folder: the interval does it alone.
      }
    }
  };
  return {
    async begin() {
      told = await digest(files);
    },
    set(on) {
      isOn = on;
      cancel();
      for (const watcher of watchers.splice(0)) watcher.close();
      watchers = [];
      seen = null;
      if (!on) {
        told = null;
        return;
      }
      listen();
      void look();
      arm(everyMs);
    },
    look,
  };
}

/** Of the contents of all files; one that cannot be read counts as such. */
async function digest(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = await readBytes(file).catch(() => null);
    hash.update(bytes === null ? 'unreadable' : `${bytes.length} `);
    if (bytes !== null) hash.update(bytes);
  }
  return hash.digest('hex');
}
