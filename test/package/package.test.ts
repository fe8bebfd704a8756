/** The packages as `npm run package` makes them: on a bare machine, from the first install to the purge, and serving phones. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { fetchRaw } from '../rig.ts';
import { bootSystemd, createMachine, type Machine, must, run } from './machine.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MINUTES = 60_000;
const CONFIG = 'etc/ippa-proxy/ippa-proxy.yaml';
/** Of this machine alone, and no other test's. */
const PHONES = 'http://127.77.0.1:81';
const PHONE = 'SEP001122334455';

let work: string;
let packages: string;
let again: Promise<string>;
let machine: Machine;
let finesse: Finesse;
let deb: string;

const artefact = (pattern: RegExp) => {
  const name = readdirSync(packages).find((each) => pattern.test(each));
  if (name === undefined) throw new Error(`no ${pattern} among ${readdirSync(packages).join(' ')}`);
  return join(packages, name);
};

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'ippa-proxy-packages-'));
  packages = join(work, 'packages');
  const build = [join(ROOT, 'packaging/build.ts'), '--out', packages, '--cache', join(work, 'cache')];
  const first = must(process.execPath, build, { env: { ...process.env, SOURCE_DATE_EPOCH: commitTime() } });
  again = buildElsewhere(join(work, 'a-checkout-with-quite-another-name'));
  again.catch(() => {});
  machine = await createMachine();
  await first;
  deb = artefact(/\.deb$/);
  finesse = createFinesse({ name: 'finesse-a.example.com', peer: 'finesse-z.example.com' });
  await finesse.start();
}, 12 * MINUTES);

afterAll(async () => {
  machine?.remove();
  await finesse?.stop();
  await again?.catch(() => {});
  rmSync(work, { recursive: true, force: true });
}, 2 * MINUTES);

function commitTime(): string {
  try {
    return execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' }).trim();
  } catch {
    return '1800000000';
  }
}

/** The same sources at a longer path, with other rights, another home, time zone and language. Returns where the packages are. */
async function buildElsewhere(folder: string): Promise<string> {
  mkdirSync(folder);
  const sources = [
    'bin',
    'console',
    'src',
    'packaging',
    'phone-xml',
    'docs',
    'monitoring',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    'package.json',
  ];
  for (const name of [
    ...sources,
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'ippa-proxy.example.yaml',
  ]) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  await must('chmod', ['-R', 'g-w,o-rwx', folder]);
  const env = { ...process.env, SOURCE_DATE_EPOCH: commitTime(), HOME: folder, TZ: 'Pacific/Auckland', LC_ALL: 'C' };
  const command = `umask 077; exec "${process.execPath}" packaging/build.ts`;
  await must('sh', ['-c', command], { cwd: folder, env });
  return join(folder, 'build/packages');
}

function configuration(more = ''): string {
  return `phones: { listeners: [{ host: 127.77.0.1, port: 81 }] }
ops: { host: 127.77.0.1, port: 8090, token: { env: IPPA_OPS_TOKEN } }
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "${finesse.url}", probe: { interval: 1s, timeout: 800ms } }
state: { folder: /var/lib/ippa-proxy }
${more}`;
}

/** The same package with another version number, and not compressed, which takes longer than all else here. */
async function repack(version: string): Promise<string> {
  const folder = join(work, `repacked-${version}`);
  await must('dpkg-deb', ['-R', deb, folder]);
  const control = readFileSync(join(folder, 'DEBIAN/control'), 'utf8');
  writeFileSync(join(folder, 'DEBIAN/control'), control.replace(/^Version: .*/m, `Version: ${version}`));
  await must('dpkg-deb', ['--root-owner-group', '-Znone', '-b', folder, join(work, `${version}.deb`)]);
  rmSync(folder, { recursive: true });
  return join(work, `${version}.deb`);
}

const page = async () => (await fetchRaw(`${PHONES}/a/fippa/${PHONE}`)).body;

describe.runIf(process.getuid?.() === 0)('the Debian package', () => {
  it('lintian finds nothing to say', { timeout: 5 * MINUTES }, async () => {
    const found = await run('lintian', [
      '--allow-root',
      '--fail-on',
      'error,warning,info',
      '-I',
      '--tag-display-limit',
      '0',
      deb,
    ]);
    expect(found).toEqual({ code: 0, output: '' });
  });

  it('B710 is installed on a machine without Node.js, systemd or a configuration', {
    timeout: 5 * MINUTES,
  }, async () => {
    const before = machine.list();
    for (const name of ['node', 'nodejs', 'npm'])
      expect(await machine.run('which', name)).toEqual({ code: 1, output: '' });
    expect(await machine.install(deb)).toMatchObject({ code: 0 });
    expect(await machine.must('ippa-proxy', '--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    const rights = await machine.must('stat', '-c', '%A %U:%G', '/etc/ippa-proxy', '/var/lib/ippa-proxy');
    expect(rights).toBe('drwxr-x--- root:ippa-proxy\ndrwxr-x--- ippa-proxy:ippa-proxy\n');
    expect(machine.has(CONFIG)).toBe(false);
    expect(await machine.run('dpkg', '-P', 'ippa-proxy')).toMatchObject({ code: 0 });
    expect(machine.list()).toEqual(before);
  });

  it('B711 B716 starts once there is a configuration, reloads it, and serves phones on a port below 1024 without being root', {
    timeout: 5 * MINUTES,
  }, async () => {
    bootSystemd(machine);
    const installed = await machine.install(deb);
    expect(installed).toMatchObject({ code: 0, output: expect.stringContaining('not configured yet') });
    expect(machine.pid()).toBeNull();
    machine.write('etc/default/ippa-proxy', 'IPPA_OPS_TOKEN="a token"\n');
    machine.write(CONFIG, configuration());
    await machine.must('systemctl', 'start', 'ippa-proxy');
    expect(await page()).toContain('<CiscoIPPhoneInput');
    expect(readFileSync(`/proc/${machine.pid()}/status`, 'utf8')).not.toMatch(/^Uid:\t0/m);
    expect(await machine.must('systemctl', 'reload', 'ippa-proxy')).toContain('the configuration is fine');
  });

  it('B712 an upgrade restarts it when the new version accepts the configuration', {
    timeout: 5 * MINUTES,
  }, async () => {
    const before = machine.pid();
    expect(before).not.toBeNull();
    expect(await machine.install(await repack('0.1.1-1'))).toMatchObject({ code: 0 });
    expect(machine.pid()).not.toBeNull();
    expect(machine.pid()).not.toBe(before);
    expect(await page()).toContain('<CiscoIPPhoneInput');
  });

  it('B712 an upgrade that would not start says so and leaves the old process to serve', {
    timeout: 5 * MINUTES,
  }, async () => {
    const before = machine.pid();
    machine.write(CONFIG, configuration('unknownKey: 1\n'));
    expect(await machine.run('systemctl', 'reload', 'ippa-proxy')).toMatchObject({ code: 1 });
    const upgraded = await machine.install(await repack('0.1.2-1'));
    expect(upgraded).toMatchObject({ code: 0, output: expect.stringContaining('unknownKey') });
    expect(upgraded.output).toContain('WOULD NOT START');
    expect(machine.pid()).toBe(before);
    expect(await page()).toContain('<CiscoIPPhoneInput');
    expect(machine.read(CONFIG)).toContain('unknownKey');
  });

  it('B713 the old process needs none of the files that an upgrade replaces', { timeout: 5 * MINUTES }, async () => {
    const [installed, away] = [join(machine.root, 'usr/lib/ippa-proxy'), join(machine.root, 'usr/lib/ippa-proxy-away')];
    const log = 'stand-in/log';
    const saw = async (text: string) => {
      while (!machine.read(log).includes(text)) await new Promise((resolve) => setTimeout(resolve, 50));
    };
    renameSync(installed, away);
    machine.write(CONFIG, configuration('pages: { languages: [de] }\nreconnect: { interval: 2s, attempts: 1 }\n'));
    process.kill(machine.pid() ?? Number.NaN, 'SIGHUP');
    await saw('"reloaded"');
    await finesse.fault('refuse');
    await saw('"to":"out-of-service"');
    expect(await page()).toMatch(/nicht|wird|Bitte/);
    await finesse.fault('none');
    await saw('"to":"in-service"');
    await machine.must('systemctl', 'stop', 'ippa-proxy');
    expect(machine.read(log)).toContain('"stopped"');
    renameSync(away, installed);
    await machine.must('systemctl', 'start', 'ippa-proxy');
  });

  it('B714 removing stops it and keeps the configuration, with which the next install starts', {
    timeout: 5 * MINUTES,
  }, async () => {
    await machine.must('dpkg', '-r', 'ippa-proxy');
    expect(machine.pid()).toBeNull();
    expect(machine.has('usr/lib/ippa-proxy')).toBe(false);
    expect(machine.read(CONFIG)).toBe(
      configuration('pages: { languages: [de] }\nreconnect: { interval: 2s, attempts: 1 }\n'),
    );
    expect(await machine.install(deb)).toMatchObject({ code: 0 });
    expect(await page()).toContain('<CiscoIPPhoneInput');
  });

  it('B714 purging removes all of it, also without systemd', { timeout: 5 * MINUTES }, async () => {
    await machine.must('dpkg', '-P', 'ippa-proxy');
    expect(machine.pid()).toBeNull();
    expect(machine.list().filter((path) => /ippa/.test(path))).toEqual([]);
    expect(await machine.must('getent', 'passwd', 'ippa-proxy')).toContain('/nologin');
    expect(await machine.run('dpkg', '-P', 'ippa-proxy')).toMatchObject({ code: 0 });
  });

  it('what is in the archive runs from any folder', { timeout: 5 * MINUTES }, async () => {
    const folder = join(machine.root, 'opt/any where');
    mkdirSync(folder);
    await must('tar', ['-xzf', artefact(/\.tar\.gz$/), '-C', folder, '--strip-components=1']);
    symlinkSync('/opt/any where/bin/ippa-proxy', join(machine.root, 'usr/local/bin/ippa-proxy'));
    expect(await machine.must('ippa-proxy', 'check', '/opt/any where/ippa-proxy.example.yaml')).toContain(
      'the configuration is fine',
    );
  });

  it('the image is one that others read, and serves phones as its user', { timeout: 5 * MINUTES }, async () => {
    const image = `oci-archive:${artefact(/-oci-.*\.tar$/)}`;
    const { config } = JSON.parse(await must('skopeo', ['inspect', '--config', image]));
    // Every digest is checked on the way.
    await must('skopeo', ['copy', '--insecure-policy', image, `dir:${join(work, 'image')}`]);
    const manifest = JSON.parse(readFileSync(join(work, 'image/manifest.json'), 'utf8'));
    const root = join(work, 'container');
    mkdirSync(root);
    for (const { digest } of manifest.layers) {
      await must('tar', ['-xzpf', join(work, 'image', digest.replace('sha256:', '')), '-C', root]);
    }
    writeFileSync(
      join(root, CONFIG),
      configuration().replaceAll('{ env: IPPA_OPS_TOKEN }', 'token').replace('port: 81', 'port: 8181'),
    );
    const [uid] = config.User.split(':');
    const inside = ['--userspec', config.User, root, ...config.Entrypoint];
    expect(await must('chroot', [...inside, 'check', `/${CONFIG}`])).toContain('the configuration is fine');
    const child = spawn('/usr/sbin/chroot', [...inside, ...config.Cmd], {
      env: {},
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    const ended = once(child, 'close');
    try {
      await new Promise<void>((resolve, reject) => {
        lines.on('line', (line) => line.includes('"ready"') && resolve());
        void ended.then(([code]) => reject(new Error(`ended with ${code}`)));
      });
      expect((await fetchRaw(`http://127.77.0.1:8181/a/fippa/${PHONE}`)).body).toContain('<CiscoIPPhoneInput');
      expect(readFileSync(`/proc/${child.pid}/status`, 'utf8')).toContain(`Uid:\t${uid}`);
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  });
});

it('B715 two builds in folders of their own, under another umask, time zone and home, are the same bytes', {
  timeout: 10 * MINUTES,
}, async () => {
  const other = await again;
  const sums = readFileSync(join(packages, 'SHA256SUMS'), 'utf8');
  expect(readFileSync(join(other, 'SHA256SUMS'), 'utf8')).toBe(sums);
  expect(sums.trim().split('\n').length).toBe(readdirSync(packages).length - 1);
  await must('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: packages });
});
