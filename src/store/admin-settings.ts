/** Keeps what operators set across restarts: a server in maintenance must not come back because the proxy did. */

import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { reduceSetting } from '../domain/health/operator.ts';
import { type AdminSetting, READY } from '../domain/model.ts';
import type { Clock } from '../time/clock.ts';
import type { ServiceStore } from './services.ts';
import { makeFolder, renderCause } from './state-folder.ts';

const settings = z.record(
  z.string(),
  z.object({
    admin: z.enum(['ready', 'drain', 'maint']),
    reason: z.string().nullable(),
    until: z.number().nullable(),
    // Not in files of earlier versions.
    maintAt: z.number().optional(),
    by: z.object({ who: z.string().nullable(), at: z.number() }).optional(),
  }),
);

export interface AdminSettingsFile {
  /** The settings kept for known services that have not ended by `now`; a broken file throws with a clear message. */
  read(now: number): ReadonlyMap<string, AdminSetting>;
  write(all: ReadonlyMap<string, AdminSetting>): void;
}

/** What is optional in the file is absent, not undefined. */
function toSetting({ maintAt, by, ...setting }: z.infer<typeof settings>[string]): AdminSetting {
  return { ...setting, ...(maintAt === undefined ? {} : { maintAt }), ...(by === undefined ? {} : { by }) };
}

/** Names of operators and why they did what are for this user alone, as is all else in the folder. */
const MODE = 0o600;

/** Written whole beside the old file and moved over it, so that a crash never leaves half a file. */
export function createAdminSettingsFile(folder: string): AdminSettingsFile {
  const file = join(folder, 'admin.json');
  return {
    read(now) {
      const text = readIfThere(file);
      if (text === null) return new Map();
      closeToOthers(file);
      const parsed = settings.safeParse(parseJson(text));
      if (!parsed.success)
        throw new Error(`${file} does not hold operator settings; remove it to start with all services ready`);
      const known = Object.entries(parsed.data).filter(([, { until }]) => until === null || until > now);
      return new Map(known.map(([id, setting]) => [id, reduceSetting(toSetting(setting), now)]));
    },
    write(all) {
      makeFolder(folder);
      const kept = [...all].filter(([, setting]) => setting !== READY);
      // One that a crash left would keep its mode.
      rmSync(`${file}.new`, { force: true });
      writeFileSync(`${file}.new`, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`, { mode: MODE });
      renameSync(`${file}.new`, file);
    },
  };
}

/** A file of an earlier version. That it belongs to somebody else is no reason not to begin: the next write replaces it. */
function closeToOthers(file: string): void {
  try {
    chmodSync(file, MODE);
  } catch {
    // Not this user's.
  }
}

export interface AdminKeeper {
  /** At start, before anything asks the store. null: nothing is kept. */
  readFrom(folder: string | null): void;
  /** Keeps them there from now on. */
  moveTo(folder: string | null): void;
  /** Why what operators set would not survive a restart although it is meant to, for the operator; null: it would. */
  problem(): string | null;
  stop(): void;
}

export interface AdminFaults {
  notRead(error: unknown): void;
  notKept(error: unknown): void;
  keptAgain(): void;
}

const TRY_AGAIN_MS = 60_000;

/** Writes what operators set whenever it changes. That it could not is told, and tried again each minute. */
export function createAdminKeeper(store: ServiceStore, clock: Clock, faults: AdminFaults): AdminKeeper {
  let folder: string | null = null;
  let problem: string | null = null;
  let isNotKept = false;
  let cancel = () => {};

  const write = () => {
    cancel();
    if (folder === null) return;
    try {
      createAdminSettingsFile(folder).write(new Map(store.all().map(({ id, admin }) => [id, admin])));
      if (isNotKept) faults.keptAgain();
      isNotKept = false;
      problem = null;
    } catch (error) {
      if (!isNotKept) faults.notKept(error);
      isNotKept = true;
      problem = `state.folder: what operators set cannot be kept in ${folder}: ${renderCause(error)}`;
      cancel = clock.after(TRY_AGAIN_MS, write);
    }
  };
  store.onAdminChange(write);
  return {
    readFrom(from) {
      folder = from;
      if (from === null) return;
      try {
        for (const [id, setting] of createAdminSettingsFile(from).read(clock.now())) store.setAdmin(id, setting);
      } catch (error) {
        // Without the proxy phones have nothing at all; with all services ready they have at least what the servers say.
        faults.notRead(error);
        problem =
          'state.folder: what operators had set could not be read, so all services began as ready; set them again';
      }
    },
    moveTo(next) {
      if (next === folder) return;
      folder = next;
      problem = null;
      isNotKept = false;
      write();
    },
    problem: () => problem,
    stop: () => cancel(),
  };
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
