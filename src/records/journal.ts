/**
 * Keeps entries in a file: those that changed are appended soon after, and now and then the file is written anew, beside the
 * old one and moved over it. Nobody waits for it, and that it cannot write costs nobody anything; it tries again and says so.
 */

import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Report } from '../domain/events.ts';
import type { Clock } from '../time/clock.ts';
import { type JournalContent, type JournalDamage, readJournal, renderHead, setAside } from './journal-file.ts';

export interface JournalOptions {
  /** Name of the file in the folder. */
  readonly name: string;
  /** What it holds, for its first line and for people. */
  readonly holds: string;
  /** All entries as they are now. */
  readonly keys: () => Iterable<string>;
  /** The lines of an entry as it is now; more than one where many things change at once. */
  readonly lines: (key: string) => Iterable<object>;
  /** The file is written anew at least this often; null: only when it has grown. */
  readonly renewEveryMs: () => number | null;
  /** The file is written anew once it has this many lines more than entries; by default 10,000. */
  readonly spareLines?: number;
  readonly clock: Clock;
  readonly report: Report;
}

export interface Journal {
  /** What the file in the folder holds; null: nothing is kept. Changes nothing yet. */
  read(folder: string | null): JournalContent;
  /** Keeps entries from now on. A file with damage is set aside first. */
  begin(damage: JournalDamage | null): void;
  /** Keeps them there from now on. */
  moveTo(folder: string | null): void;
  changed(key: string): void;
  /** Entries are gone of which no line tells. */
  renew(): void;
  /** Why nothing can be written at present, for operators; null: nothing is wrong. */
  problem(): string | null;
  /** Writes what is left to write. */
  stop(): Promise<void>;
}

/** Well within the second in which a change is to be written; what changes meanwhile goes with it. */
const WRITE_AFTER_MS = 250;
const RETRY_MS = 5000;
/** Lines made in one go: between two of these phones are served. */
const LINES_AT_ONCE = 500;
const SPARE_LINES = 10_000;

export function createJournal(options: JournalOptions): Journal {
  const { name, holds, clock, report, spareLines = SPARE_LINES } = options;
  /** Entries to be appended. */
  let changed = new Set<string>();
  let folder: string | null = null;
  let isRunning = false;
  /** The file is to be written anew as a whole. */
  let wantsAll = true;
  let busy: Promise<void> | null = null;
  let cancelWrite: (() => void) | null = null;
  let cancelRenew = () => {};
  let fault: string | null = null;
  /** Of the file as this process left it. */
  let bytes = 0;
  let appended = 0;
  let entries = 0;

  const append = async (file: string): Promise<void> => {
    const keys = changed;
    changed = new Set();
    const before = bytes;
    const handle = await open(file, 'a', 0o600);
    try {
      // Somebody else removed, cut or wrote it: then what is there cannot be trusted to be what was written.
      if ((await handle.stat()).size !== before) wantsAll = true;
      else appended += await writeLines(handle, keys);
    } catch (error) {
      // On a full disk half of it would be in the way of the new file.
      await handle.truncate(before).catch(() => {});
      throw error;
    } finally {
      await handle.close();
    }
    if (wantsAll || appended > entries + spareLines) await writeAll(file);
  };

  const writeAll = async (file: string): Promise<void> => {
    wantsAll = false;
    changed.clear();
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const handle = await open(`${file}.new`, 'w', 0o600);
    const head = renderHead(holds, clock.now());
    bytes = Buffer.byteLength(head);
    try {
      await handle.appendFile(head);
      entries = await writeLines(handle, options.keys());
      // Once in minutes, so that a loss of power leaves the old file or the new one and no empty one.
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(`${file}.new`, file);
    appended = 0;
  };

  const writeLines = async (handle: FileHandle, keys: Iterable<string>): Promise<number> => {
    let count = 0;
    let text = '';
    const put = async () => {
      await handle.appendFile(text);
      bytes += Buffer.byteLength(text);
      text = '';
    };
    for (const key of keys) {
      for (const line of options.lines(key)) {
        text += `${JSON.stringify(line)}\n`;
        count += 1;
        if (count % LINES_AT_ONCE === 0) await put();
      }
    }
    if (text !== '') await put();
    return count;
  };

  const write = async (): Promise<void> => {
    if (folder === null || (!wantsAll && changed.size === 0)) return;
    const file = join(folder, name);
    try {
      await (wantsAll ? writeAll(file) : append(file));
      // A reload has named another folder meanwhile.
      if (folder !== null && join(folder, name) !== file) wantsAll = true;
      if (fault !== null) report({ kind: 'records-kept-again', at: clock.now(), file });
      fault = null;
    } catch (error) {
      wantsAll = true;
      // Nor must half a file stay there.
      await rm(`${file}.new`, { force: true }).catch(() => {});
      if (fault === null) report({ kind: 'records-not-kept', at: clock.now(), file, error });
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      fault = `${file} cannot be written (${code}): a restart would forget ${holds} that changed since`;
    }
  };

  const writeOne = (): Promise<void> => {
    cancelWrite?.();
    cancelWrite = null;
    busy ??= write().finally(() => {
      busy = null;
      arm();
    });
    return busy;
  };

  const arm = () => {
    if (!isRunning || folder === null || cancelWrite !== null || busy !== null) return;
    if (!wantsAll && changed.size === 0) return;
    cancelWrite = clock.after(fault === null ? WRITE_AFTER_MS : RETRY_MS, () => void writeOne());
  };

  const armRenew = () => {
    const everyMs = options.renewEveryMs();
    if (everyMs === null) return;
    cancelRenew = clock.after(everyMs, () => {
      renew();
      armRenew();
    });
  };

  const renew = () => {
    wantsAll = true;
    arm();
  };

  return {
    read(from) {
      folder = from;
      return from === null ? { writtenAt: null, lines: [], damage: null } : readJournal(join(from, name), holds);
    },
    begin(damage) {
      isRunning = true;
      if (folder !== null && damage !== null) reportAside(join(folder, name), damage, options);
      renew();
      armRenew();
    },
    moveTo(next) {
      if (next === folder) return;
      folder = next;
      fault = null;
      renew();
    },
    changed(key) {
      if (folder === null) return;
      changed.add(key);
      arm();
    },
    renew,
    problem: () => (folder === null ? null : fault),
    async stop() {
      if (!isRunning) return;
      isRunning = false;
      cancelRenew();
      await busy;
      await writeOne();
    },
  };
}

function reportAside(file: string, damage: JournalDamage, { clock, report }: JournalOptions): void {
  const { because, usable } = damage;
  try {
    const aside = setAside(file, damage);
    report({ kind: 'records-set-aside', at: clock.now(), file, aside, because, usable });
  } catch (error) {
    report({ kind: 'records-not-kept', at: clock.now(), file, error });
  }
}
