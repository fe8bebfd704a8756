import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createJournal } from '../../src/records/journal.ts';
import { systemClock } from '../../src/time/clock.ts';

it('B361 kept in another folder from a reload on, all of it is there, whatever was being written meanwhile', async () => {
  const made = mkdtempSync(join(tmpdir(), 'ippa-journal-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  const [one, other] = [join(made, 'one'), join(made, 'other')];
  let whileWriting = () => {};
  const journal = createJournal({
    ...{ name: 'x.jsonl', holds: 'letters', clock: systemClock, report: () => {}, renewEveryMs: () => null },
    keys: () => ['a', 'b'],
    lines(key) {
      whileWriting();
      return [{ key }];
    },
  });
  const read = (folder: string) => readFileSync(join(folder, 'x.jsonl'), 'utf8');
  journal.read(one);
  journal.begin(null);
  await expect.poll(() => read(one)).toMatch(/"a"[\s\S]*"b"/);
  const moved = new Promise<void>((resolve) => {
    whileWriting = () => {
      journal.moveTo(other);
      resolve();
    };
  });
  journal.changed('a');
  await moved;
  await journal.stop();
  expect(read(other)).toMatch(/"a"[\s\S]*"b"/);
});
