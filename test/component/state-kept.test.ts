import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startRig, TOKEN } from '../rig.ts';

it('B285 a setting that could not be kept is told in the answer of its command and in /health, until it is', async () => {
  const above = mkdtempSync(join(tmpdir(), 'ippa-state-'));
  onTestFinished(() => rmSync(above, { recursive: true, force: true, maxRetries: 10 }));
  const folder = join(above, 'state');
  const rig = await startRig({ config: (config) => ({ ...config, state: { folder } }) });
  onTestFinished(() => rig.stop());
  const set = async (admin: string) => {
    const answer = await fetch(`${rig.ops}/services/a`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({ admin, reason: 'patching' }),
    });
    return { status: answer.status, ...((await answer.json()) as { admin: string; warnings?: string[] }) };
  };
  expect((await set('drain')).warnings).toBeUndefined();
  rmSync(folder, { recursive: true, maxRetries: 10 });
  writeFileSync(folder, '');
  const words = /state\.folder: what operators set cannot be kept in .*: EEXIST: file already exists$/;
  expect(await set('maint')).toMatchObject({
    status: 200,
    admin: 'maint',
    warnings: [expect.stringMatching(/^it will not survive a restart: state\.folder/)],
  });
  // Beside it the records of outages cannot be kept either, which /health says once they have been tried.
  const settings = async () => {
    const { problems } = (await rig.health()) as unknown as { problems: readonly string[] };
    return problems.filter((each) => each.startsWith('state.folder'));
  };
  expect(await settings()).toEqual([expect.stringMatching(words)]);
  rmSync(folder);
  expect((await set('ready')).warnings).toBeUndefined();
  expect(await settings()).toEqual([]);
});
