import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfiguration } from '../../src/commands/configuration.ts';
import { createAdminKeeper, createAdminSettingsFile } from '../../src/store/admin-settings.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { validateStateFolder } from '../../src/store/state-folder.ts';
import { createFakeClock } from '../fake-clock.ts';
import { VALID } from './config-files.ts';

function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-state-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

it('a folder that can be written to is left as it was, and so is one that is not there yet', () => {
  const folder = testFolder();
  writeFileSync(join(folder, 'admin.json'), '{}');
  expect(validateStateFolder(folder)).toBeNull();
  expect(readdirSync(folder)).toEqual(['admin.json']);
  expect(validateStateFolder(join(folder, 'a/b'))).toBeNull();
  expect(readdirSync(folder)).toEqual(['admin.json']);
});

it.each(['admin.json', 'admin.json/state'])('one that cannot be is told: %s', (name) => {
  const folder = testFolder();
  writeFileSync(join(folder, 'admin.json'), '{}');
  const found = `${JSON.stringify(join(folder, name))}, which cannot be written to (EEXIST: file already exists)`;
  expect(validateStateFolder(join(folder, name))).toBe(found);
});

// Nobody can make a folder there, not even root.
it.runIf(process.platform === 'linux')(
  'B285 one that cannot be written to is an error with its key and line',
  async () => {
    const file = join(testFolder(), 'ippa.yaml');
    writeFileSync(file, `${VALID}state: { folder: /proc/state }\n`);
    const result = await loadConfiguration(file);
    expect(result.ok ? [] : result.problems).toMatchObject([
      {
        key: 'state.folder',
        line: VALID.split('\n').length,
        message: expect.stringMatching(
          /^found "\/proc\/state", which cannot be written to \(ENOENT.*\); allowed: a folder that this user can write to$/,
        ),
      },
    ]);
  },
);

it('B285 what could not be kept is a problem until it is kept, which is tried again each minute', async () => {
  const folder = join(testFolder(), 'state');
  const clock = createFakeClock();
  const service = { id: 'a', name: 'A', cluster: 'main', probeIntervalMs: 5000 };
  const store = createServiceStore([service], { intervalMs: 5000, attempts: 3 }, clock);
  const told: string[] = [];
  const keeper = createAdminKeeper(store, clock, {
    notRead: () => void told.push('not read'),
    notKept: () => void told.push('not kept'),
    keptAgain: () => void told.push('kept again'),
  });
  keeper.readFrom(folder);
  store.setAdmin('a', { admin: 'drain', reason: 'x', until: null });
  expect([keeper.problem(), told]).toEqual([null, []]);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  store.setAdmin('a', { admin: 'maint', reason: 'x', until: null });
  await clock.advance(120_000);
  expect(keeper.problem()).toMatch(/^state\.folder: what operators set cannot be kept in .*state: EEXIST/);
  expect(told).toEqual(['not kept']);
  rmSync(folder);
  await clock.advance(60_000);
  expect([keeper.problem(), told]).toEqual([null, ['not kept', 'kept again']]);
  expect(JSON.parse(readFileSync(join(folder, 'admin.json'), 'utf8')).a.admin).toBe('maint');
  expect(clock.armed()).toBe(0);
  expect(existsSync(join(folder, 'admin.json.new'))).toBe(false);
});

it('B214 a file that cannot be read is a problem until an operator sets something', () => {
  const folder = testFolder();
  writeFileSync(join(folder, 'admin.json'), '{"a": {');
  const clock = createFakeClock();
  const service = { id: 'a', name: 'A', cluster: 'main', probeIntervalMs: 5000 };
  const store = createServiceStore([service], { intervalMs: 5000, attempts: 3 }, clock);
  const nothing = () => {};
  const keeper = createAdminKeeper(store, clock, { notRead: nothing, notKept: nothing, keptAgain: nothing });
  keeper.readFrom(folder);
  expect(keeper.problem()).toContain('all services began as ready');
  store.setAdmin('a', { admin: 'maint', reason: 'x', until: null });
  expect(keeper.problem()).toBeNull();
});

it('B579 `admin.json` is for its user alone, also one that others could read, and a draft that a crash left', () => {
  const folder = testFolder();
  const file = join(folder, 'admin.json');
  const modeOf = (path: string) => statSync(path).mode & 0o777;
  const settings = createAdminSettingsFile(folder);
  settings.write(new Map([['a', { admin: 'maint', reason: 'x', until: null }]]));
  expect(modeOf(file)).toBe(0o600);
  chmodSync(file, 0o644);
  expect(settings.read(0).get('a')?.admin).toBe('maint');
  expect(modeOf(file)).toBe(0o600);
  writeFileSync(`${file}.new`, 'half', { mode: 0o644 });
  settings.write(new Map());
  expect([modeOf(file), readFileSync(file, 'utf8')]).toEqual([0o600, '{}\n']);
});
