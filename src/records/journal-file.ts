/**
 * The file of a journal: a head, then one line of JSON for each entry that changed; of several lines about one entry the last
 * one counts. Reading it changes nothing, so that a second copy of the proxy, which ends at once, harms nobody.
 */

import { closeSync, copyFileSync, fstatSync, openSync, readFileSync, renameSync } from 'node:fs';

/** A larger file was not written by the proxy: the bounds of what is kept are far below. */
const MAX_BYTES = 256 * 1024 * 1024;
const VERSION = 1;

export interface JournalHead {
  /** What the file holds. */
  readonly holds: string;
  readonly version: number;
  /** When the file was last written anew, epoch ms. */
  readonly writtenAt: number;
}

/** What is wrong with a file, in words; `usable`: some of it could be read all the same. */
export interface JournalDamage {
  readonly because: string;
  readonly usable: boolean;
}

export interface JournalContent {
  readonly writtenAt: number | null;
  /** What each line holds, in order. */
  readonly lines: readonly unknown[];
  readonly damage: JournalDamage | null;
}

const NOTHING: JournalContent = { writtenAt: null, lines: [], damage: null };

export function renderHead(holds: string, writtenAt: number): string {
  return `${JSON.stringify({ holds, version: VERSION, writtenAt } satisfies JournalHead)}\n`;
}

/** Never throws: what cannot be read is told as damage. */
export function readJournal(file: string, holds: string): JournalContent {
  try {
    const text = readBounded(file);
    return text === null ? unusable('it is larger than 256 MiB') : parseJournal(text, holds);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? NOTHING : unusable(`it cannot be read (${code})`);
  }
}

function readBounded(file: string): string | null {
  const handle = openSync(file, 'r');
  try {
    return fstatSync(handle).size > MAX_BYTES ? null : readFileSync(handle, 'utf8');
  } finally {
    closeSync(handle);
  }
}

export function parseJournal(text: string, holds: string): JournalContent {
  const [first = '', ...rest] = text.split('\n');
  const head = parseLine(first) as Partial<JournalHead> | null | undefined;
  const isOurs = head?.holds === holds && head.version === VERSION && typeof head.writtenAt === 'number';
  if (!isOurs) return unusable(`it does not begin as a file of ${holds}`);
  // Every line ends with a line feed, so what follows the last one is a line that was cut off.
  const torn = rest.pop() !== '';
  const parsed = rest.map(parseLine);
  const lines = parsed.filter((line) => line !== undefined);
  const lost = parsed.length - lines.length;
  const because = [
    ...(torn ? ['its last line is cut off'] : []),
    ...(lost > 0 ? [`${lost} of its lines cannot be read`] : []),
  ];
  const damage = because.length === 0 ? null : { because: because.join(', and '), usable: true };
  return { writtenAt: head.writtenAt ?? null, lines, damage };
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unusable(because: string): JournalContent {
  return { ...NOTHING, damage: { because, usable: false } };
}

/** Keeps a damaged file beside the new one, in place of an earlier one. Returns where. */
export function setAside(file: string, { usable }: JournalDamage): string {
  const aside = `${file}.aside`;
  // What could be read stays in place until it has been written anew.
  if (usable) copyFileSync(file, aside);
  else renameSync(file, aside);
  return aside;
}
