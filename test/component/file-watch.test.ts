import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFileWatch, type FileWatch } from '../../src/files/file-watch.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';

let folder: string;
let file: string;
let clock: FakeClock;
let changes: number;
let watch: FileWatch;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'file-watch-'));
  file = join(folder, 'a.yaml');
  writeFileSync(file, 'one');
  clock = createFakeClock();
  changes = 0;
  watch = createFileWatch({ files: [file, join(folder, 'b.yaml')], clock, onChange: () => changes++, everyMs: 1000 });
  watch.set(true);
  await watch.look();
});
afterEach(() => {
  watch.set(false);
  rmSync(folder, { recursive: true });
});

/** Two looks, as the clock would make them. */
async function look(): Promise<void> {
  await watch.look();
  await watch.look();
}

it('tells of other contents once, whatever the way they came', async () => {
  writeFileSync(file, 'two');
  await look();
  await look();
  expect(changes).toBe(1);
  writeFileSync(`${file}.new`, 'three');
  renameSync(`${file}.new`, file);
  await look();
  expect(changes).toBe(2);
  writeFileSync(join(folder, 'target'), 'four');
  rmSync(file);
  symlinkSync('target', file);
  await look();
  expect(changes).toBe(3);
  writeFileSync(join(folder, 'b.yaml'), 'there at last');
  await look();
  expect(changes).toBe(4);
});

it('does not tell of the same contents, touched or written anew', async () => {
  utimesSync(file, 1, 1);
  await look();
  writeFileSync(file, 'one');
  await look();
  expect(changes).toBe(0);
});

it('waits until a file that is being written is the same at two looks', async () => {
  for (const part of ['t', 'tw', 'two']) {
    writeFileSync(file, part);
    await watch.look();
  }
  expect(changes).toBe(0);
  await watch.look();
  expect(changes).toBe(1);
});

it('looks by itself now and then, also where the file system says nothing', async () => {
  writeFileSync(file, 'two');
  while (changes === 0) {
    await clock.advance(1000);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(changes).toBe(1);
});

it('is quiet once it is off, and leaves no timer', async () => {
  watch.set(false);
  writeFileSync(file, 'two');
  await look();
  expect(changes).toBe(0);
  expect(clock.armed()).toBe(0);
});
