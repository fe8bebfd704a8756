/** The parts of the packages that need no build: unit, completion, manual page, list of contents, notices, and npm's own package. */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { listCommands } from '../../packaging/commands.ts';
import { renderCompletion } from '../../packaging/completion.ts';
import { readLockFile } from '../../packaging/lock-file.ts';
import { renderManPage } from '../../packaging/man-page.ts';
import { renderNotices } from '../../packaging/notices.ts';
import { describePackages, renderSbom } from '../../packaging/sbom.ts';
import type { Release } from '../../packaging/source.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const UNIT = join(ROOT, 'packaging/ippa-proxy.service');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'ippa-proxy-packaging-'));
afterAll(() => rmSync(folder, { recursive: true }));

const release: Release = {
  name: 'finesse-ippa-proxy',
  version: '1.2.3',
  description: 'a proxy',
  license: 'MIT',
  epoch: 1_800_000_000,
  arch: 'x64',
  debianArch: 'amd64',
  maintainer: 'Somebody <somebody@localhost>',
};

describe('the unit', () => {
  it('B716 is accepted by systemd, warnings included', () => {
    const unit = join(folder, 'lib/systemd/system/ippa-proxy.service');
    for (const each of ['lib/systemd/system', 'usr/bin', 'bin']) mkdirSync(join(folder, each), { recursive: true });
    // With the units of this machine, which it refers to.
    cpSync('/lib/systemd/system', join(folder, 'lib/systemd/system'), { recursive: true, verbatimSymlinks: true });
    writeFileSync(unit, readFileSync(UNIT));
    for (const program of ['usr/bin/ippa-proxy', 'bin/sh']) writeFileSync(join(folder, program), '', { mode: 0o755 });
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', `--root=${folder}`, unit], {
      encoding: 'utf8',
    });
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' });
  });

  it('B716 has the exposure that the documentation says', () => {
    const report = execFileSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', UNIT], {
      encoding: 'utf8',
    });
    const exposure = /Overall exposure level for \S+ ([\d.]+)/.exec(report)?.[1];
    expect(exposure).toBe('1.8');
    expect(read('docs/install.md')).toContain(`gives it **${exposure}**`);
  });

  it('B716 checks before it reloads', () => {
    const [check, reload] = [...readFileSync(UNIT, 'utf8').matchAll(/^ExecReload=(.*)$/gm)].map((match) => match[1]);
    expect(check).toBe('/usr/bin/ippa-proxy check /etc/ippa-proxy/ippa-proxy.yaml');
    expect(reload).toBe(`/bin/sh -c "kill -HUP \${MAINPID}"`);
  });
});

describe('completion', () => {
  const script = join(folder, 'completion');
  writeFileSync(script, renderCompletion(listCommands()));
  /** What bash offers for the last of the words. */
  const complete = (...words: readonly string[]) => {
    const line = `cd "$1"; . ./completion; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _ippa_proxy; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const output = execFileSync('bash', ['-c', line, 'bash', folder, 'ippa-proxy', ...words], { encoding: 'utf8' });
    return output.split('\n').filter((word) => word !== '');
  };

  it('offers commands, commands of commands, and their options', () => {
    expect(complete('s')).toEqual(['serve', 'status', 'simulate']);
    expect(complete('simulate', 'fi')).toEqual(['finesse']);
    expect(complete('simulate', 'finesse', 'fa')).toEqual(['fault']);
    expect(complete('status', '--')).toEqual([
      '--config',
      '--url',
      '--ca',
      '--fingerprint',
      '--token-file',
      '--watch',
      '--json',
      '--help',
    ]);
    expect(complete('drain', 'a', '--reason', 'ready', '--un')).toEqual(['--until']);
  });

  it('offers files where a file is wanted, and nothing where only the user knows', () => {
    expect(complete('serve', '--config', 'compl')).toEqual(['completion']);
    expect(complete('check', 'compl')).toEqual(['completion']);
    expect(complete('demo', '--port', '')).toEqual([]);
  });

  it('knows every command', () => {
    for (const { path } of listCommands().filter((each) => each.path !== '')) {
      const words = path.split(' ');
      expect(complete(...words)).toContain(words.at(-1));
    }
  });
});

it('the manual page names every command and option, and man has nothing to complain about', () => {
  const file = join(folder, 'ippa-proxy.1');
  writeFileSync(file, renderManPage(listCommands(), release));
  const env = { ...process.env, MANWIDTH: '200', LC_ALL: 'C.UTF-8', MANROFFSEQ: '', MAN_KEEP_FORMATTING: '' };
  const { stdout, stderr } = spawnSync('man', ['--warnings', '--local-file', file], { encoding: 'utf8', env });
  expect(stderr).toBe('');
  // Bold is a letter printed twice, with a backspace between.
  const shown = stdout.replaceAll(new RegExp(`.${String.fromCharCode(8)}`, 'g'), '');
  for (const { path, usage, options } of listCommands()) {
    if (path !== '') expect(shown).toContain(usage);
    for (const { flags } of options.filter(({ names }) => !names.includes('--help') && !names.includes('--version'))) {
      expect(shown).toContain(flags);
    }
  }
});

describe('what is inside', () => {
  // Not --omit dev: that leaves out what production shares with development (yaml, say).
  it('agrees with what npm says of each package', { timeout: 120_000 }, () => {
    const order = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
    const npm = JSON.parse(execFileSync('npm', order, { cwd: ROOT, encoding: 'utf8' }));
    const ours = JSON.parse(renderSbom(release, describePackages(readLockFile())));
    for (const { name, version, purl, licenses, hashes } of ours.components) {
      expect(npm.components).toContainEqual(expect.objectContaining({ name, version, purl, licenses, hashes }));
    }
    const names = ours.components.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(JSON.parse(read('package.json')).dependencies)));
    expect(ours).toMatchObject({ bomFormat: 'CycloneDX', specVersion: npm.specVersion });
  });

  it('has no time but that of the commit, and the same serial number each time', () => {
    const [one, two] = [renderSbom(release, []), renderSbom(release, [])];
    expect(one).toBe(two);
    const { serialNumber, metadata } = JSON.parse(one);
    expect(serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(metadata.timestamp).toBe('2027-01-15T08:00:00.000Z');
    expect(renderSbom({ ...release, version: '1.2.4' }, [])).not.toContain(serialNumber);
  });

  it('has a licence for every package', () => {
    const node = { file: '', sha256: '', version: '24.0.0', parts: {}, license: 'of Node.js' };
    const notices = renderNotices(release, readLockFile(), node);
    for (const { name, version } of readLockFile()) expect(notices).toContain(`\n${name} ${version} (`);
    expect(notices).toContain('of Node.js');
  });
});

describe("npm's package", () => {
  it('has the example, the unit, the licence and the launcher', () => {
    const { files } = JSON.parse(read('package.json'));
    for (const file of [
      'ippa-proxy.example.yaml',
      'packaging/ippa-proxy.service',
      'LICENSE',
      'bin',
      'console',
      'dist',
      'monitoring',
      'phone-xml',
    ]) {
      expect(files).toContain(file);
    }
    expect(existsSync(join(ROOT, 'bin/ippa-proxy'))).toBe(true);
    expect(read('LICENSE')).toContain('MIT License');
  });

  it('its launcher starts on the Node.js that npm brought, whatever is on the PATH', () => {
    const env = { PATH: '/usr/bin:/bin' };
    const shown = execFileSync(join(ROOT, 'bin/ippa-proxy'), ['--version'], { encoding: 'utf8', env });
    expect(shown.trim()).toBe(JSON.parse(read('package.json')).version);
  });
});

it('the documentation has no other paths than the unit', () => {
  const unit = readFileSync(UNIT, 'utf8');
  expect(unit).toContain('/etc/ippa-proxy/ippa-proxy.yaml');
  for (const page of ['README.md', 'docs/install.md', 'docs/operations.md', 'docs/security.md', 'docs/unified-cm.md']) {
    expect(read(page)).not.toMatch(/\/etc\/ippa-proxy\.yaml|\/usr\/local\/bin/);
  }
});
