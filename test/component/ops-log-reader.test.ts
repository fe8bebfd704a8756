/** A log whose reader is stuck or gone must neither stop nor end the process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';

const LINES = 20_000;
const program = `
  import { createLog } from ${JSON.stringify(new URL('../../src/ops/log.ts', import.meta.url).href)};
  const log = createLog({ level: 'info', format: 'json' });
  process.stdin.once('data', () => {
    for (let n = 0; n < ${LINES}; n += 1) log.info('line', { n });
    setImmediate(() => process.stderr.write('goes on'));
  });
  process.stdin.on('end', () => process.exit(0));
`;

let child: ChildProcess | null = null;
afterEach(() => void child?.kill('SIGKILL'));

it.each(['is stuck', 'has gone'])('goes on when the reader %s', async (how) => {
  const started = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], { stdio: 'pipe' });
  child = started;
  // Nobody reads its standard output.
  started.stdout.pause();
  if (how === 'has gone') {
    started.stdout.destroy();
    await once(started.stdout, 'close');
  }
  started.stdin.write('go');
  const [said] = await once(started.stderr, 'data');
  expect(String(said)).toBe('goes on');
  started.stdin.end();
  const [code] = await once(started, 'exit');
  expect(code).toBe(0);
});
