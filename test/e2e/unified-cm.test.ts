/** `unified-cm` by its command line alone, with `simulate unified-cm` as another process; its requests by Cisco's schema. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import type { SeenAxl } from '../../src/simulators/unified-cm/server.ts';
import { siteBefore, validateAll } from '../component/unified-cm-rig.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from '../unit/config-certificates.ts';

const bin = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));
const PASSWORD = 'CANARYpassword';
const FORBIDDEN = [
  'CANARY',
  Buffer.from(`axl:${PASSWORD}`).toString('base64'),
  Buffer.from(PASSWORD).toString('base64'),
];

const cleanUp: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

interface Site {
  readonly folder: string;
  readonly control: string;
  /** Everything that any command printed. */
  readonly printed: string[];
  readonly run: (...args: string[]) => Promise<Ended>;
  readonly unifiedCm: (...args: string[]) => Promise<Ended>;
  readonly start: (...args: string[]) => ChildProcess;
  readonly state: () => Promise<string>;
  readonly fault: (...args: string[]) => Promise<Ended>;
  readonly requests: () => Promise<SeenAxl[]>;
}

async function prepare(...options: string[]): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-unified-cm-'));
  cleanUp.push(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, 'proxy.yaml'),
    `phones:
  listeners:
    - { host: 127.0.0.1, port: 8082, publicUrl: "http://ippa.example.com:8082" }
    - { host: 127.0.0.1, port: 8445, publicUrl: "https://proxy.example.com:8445", tls: { cert: proxy.pem, key: proxy.key } }
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "https://finesse-a.example.com:8445" }
      - { id: b, name: Finesse B, url: "https://finesse-b.example.com:8445" }
`,
  );
  writeFileSync(join(folder, 'proxy.pem'), PROXY_CERTIFICATE);
  writeFileSync(join(folder, 'proxy.key'), PROXY_KEY);
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`);
  const before = siteBefore(2);
  before.certificates.push({
    uuid: '{11111111-2222-3333-4444-555555555555}',
    subjectName: 'CN=proxy.example.com,O=Test of finesse-ippa-proxy',
    issuerName: 'CN=proxy.example.com,O=Test of finesse-ippa-proxy',
    serialNumber: '01',
    purposes: ['Phone-trust'],
  });
  writeFileSync(join(folder, 'before.json'), JSON.stringify(before));
  const simulator = [
    'simulate',
    'unified-cm',
    '--control-port',
    '0',
    '--user',
    `axl:${PASSWORD}`,
    '--cert-out',
    'ca.pem',
  ];
  const child = spawn(process.execPath, [bin, ...simulator, '--state', 'before.json', ...options], { cwd: folder });
  cleanUp.push(() => child.kill('SIGKILL'));
  let welcome = '';
  for await (const chunk of child.stdout) {
    welcome += chunk;
    if (welcome.includes('Ctrl-C')) break;
  }
  const url = /AXL +(\S+)/.exec(welcome)?.[1] ?? '';
  const control = /control +(\S+)/.exec(welcome)?.[1] ?? '';
  const printed: string[] = [];
  const env = { ...process.env, IPPA_AXL_PASSWORD: '' };
  const connection = ['--axl', url, '--user', 'axl', '--axl-ca', 'ca.pem', '--password-file', 'password'];
  const all = (args: string[]) => [bin, 'unified-cm', '--config', 'proxy.yaml', ...connection, ...args];
  const end = async (args: string[], keep = true): Promise<Ended> => {
    const started = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk) => (output += chunk));
    const [code] = await once(started, 'close');
    if (keep) printed.push(output);
    return { code, output };
  };
  const get = async (path: string) => (await fetch(`${control}${path}`)).text();
  return {
    folder,
    control,
    printed,
    run: (...args) => end([bin, ...args]),
    unifiedCm: (...args) => end(all(args)),
    start: (...args) => spawn(process.execPath, all(args), { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }),
    state: () => get('/state'),
    // What it prints is what it was told.
    fault: (...args) => end([bin, 'simulate', 'unified-cm', 'fault', control, ...args], false),
    requests: async () => JSON.parse(await get('/requests')),
  };
}

/** Many processes, each of which has to start. */
const TIME = { timeout: 360_000 };
const MOVE = [
  '--entry',
  'main=Cisco Finesse',
  '--entry',
  'a',
  '--parameters',
  'id,extension,password',
  '--push-user',
  'finesse-push',
];
const PHONES = ['--phones', 'SEP*', '--subscribe', '--update-subscriptions'];

test('apply, the button, verify, apply again, undo, the button: as before, byte for byte', {
  timeout: 360_000,
}, async () => {
  const { unifiedCm, run, state, control, requests, folder, printed } = await prepare();
  const before = await state();
  const first = await unifiedCm('--verify', ...MOVE, ...PHONES);
  expect(first.code).toBe(1);
  expect(first.output).toMatch(
    /Cisco Finesse +Service URL +found +http:\/\/finesse-a\S+\s+expected +http:\/\/ippa\.example\.com:8082\/main/,
  );
  expect(await state()).toBe(before);

  const applied = await unifiedCm('--apply', '--yes', '--undo-file', 'undo.json', ...MOVE, ...PHONES);
  expect(applied.output).toContain('To be changed');
  expect(applied.output).not.toContain('FAILED');
  // The secure URLs of subscriptions are left, which AXL cannot write.
  expect(applied.code).toBe(1);
  expect(applied.output).toContain('the button Update Subscriptions');
  expect((await run('simulate', 'unified-cm', 'update-subscriptions', control, 'Cisco Finesse')).code).toBe(0);

  const clean = await unifiedCm('--verify', ...MOVE, ...PHONES);
  expect(clean.output).toContain('No differences.');
  expect(clean.code).toBe(0);
  const after = await state();
  const again = await unifiedCm('--apply', '--yes', '--undo-file', 'again.json', ...MOVE, ...PHONES);
  expect(again.output).toContain('Nothing to change.');
  expect(again.code).toBe(0);
  expect(await state()).toBe(after);
  expect(globSync('again.json*', { cwd: folder })).toEqual([]);

  const undone = await unifiedCm('--undo', 'undo.json', '--yes');
  expect(undone.output).toContain('All is as before.');
  expect(undone.code).toBe(0);
  await run('simulate', 'unified-cm', 'update-subscriptions', control, 'Cisco Finesse');
  expect(await state()).toBe(before);
  expect((await unifiedCm('--undo', 'undo.json', '--yes')).output).toContain('Nothing to take back.');

  const seen = await requests();
  expect(validateAll(seen)).toBeGreaterThan(30);
  expect(seen.filter(({ status, operation }) => status !== 200 && operation !== 'getIpPhoneServices')).toEqual([]);
  const files = globSync('undo.json*', { cwd: folder }).map((file) => readFileSync(join(folder, file), 'utf8'));
  for (const text of [...printed, ...files]) expect(FORBIDDEN.filter((secret) => text.includes(secret))).toEqual([]);
});

test('no credential and no value of a parameter is put out, whatever goes wrong', TIME, async () => {
  const { unifiedCm, fault, state, printed, folder } = await prepare();
  const steps = ['--apply', '--yes', '--timeout', '2', ...MOVE, ...PHONES];
  for (const [index, args] of [
    ['fault', 'message=no to http://x/?id=1&password=CANARYagent', 'on=updatePhone'],
    ['unauthorized'],
    ['forbidden', 'on=write'],
    ['html'],
    ['version'],
    ['truncated', 'on=write', 'count=1'],
    ['silent', 'on=write', 'count=1'],
    ['ignored', 'on=updatePhone'],
    ['none'],
  ].entries()) {
    expect((await fault(...args)).code).toBe(0);
    await unifiedCm(...steps, '--undo-file', `undo-${index}.json`);
    await unifiedCm('--verify', '--json', ...MOVE, ...PHONES);
  }
  const json = await unifiedCm('--verify', '--json', '--no-sql', '--entry', 'main=Cisco Finesse');
  expect(JSON.parse(json.output)).toMatchObject({ version: '14.0', differences: expect.any(Array) });
  for (const file of globSync('undo-*.json', { cwd: folder })) {
    await unifiedCm('--undo', file, '--yes', '--json');
    printed.push(readFileSync(join(folder, file), 'utf8'));
  }
  writeFileSync(join(folder, 'password'), `${PASSWORD}x`);
  expect((await unifiedCm('--verify')).output).toContain('not accepted');
  expect(await state()).toContain('CANARYagent');
  expect(printed.length).toBeGreaterThan(25);
  for (const text of printed) expect(FORBIDDEN.filter((secret) => text.includes(secret))).toEqual([]);
});

test('killed while a change is under way: undo finds it in the file', TIME, async () => {
  const { unifiedCm, start, fault, state, folder } = await prepare();
  const before = await state();
  await fault('silent', 'on=addIpPhoneServices', 'count=1');
  const child = start('--apply', '--yes', '--undo-file', 'undo.json', ...MOVE);
  while ((await state()) === before) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(JSON.parse(readFileSync(join(folder, 'undo.json'), 'utf8')).steps[0].state).toBe('sent');
  const undone = await unifiedCm('--undo', 'undo.json', '--yes');
  expect(undone.code).toBe(0);
  expect(await state()).toBe(before);
});

test('what is wrong with the command line costs no request', TIME, async () => {
  const { unifiedCm, run, requests, folder, state } = await prepare();
  const before = await state();
  writeFileSync(join(folder, 'strange.json'), '{}');
  for (const [words, ...args] of [
    ['Choose one', '--verify', '--apply'],
    ['need --phones', '--verify', '--subscribe'],
    ['no file that --apply wrote', '--undo', 'strange.json'],
    ['cannot be read', '--undo', 'nowhere.json'],
    ['main, a, b', '--verify', '--entry', 'nowhere'],
    ['cannot be read (ENOENT)', '--verify', '--phones', '@nowhere'],
    ['no certificate', '--verify', '--axl-ca', 'proxy.key'],
    ['cannot be read (ENOENT)', '--verify', '--password-file', 'nowhere'],
    ['unknown option', '--verify', '--password', 'x'],
  ] as const) {
    const { code, output } = await unifiedCm(...args);
    expect([code, output]).toEqual([2, expect.stringContaining(words)]);
  }
  const noPassword = await run(
    'unified-cm',
    '--config',
    'proxy.yaml',
    '--verify',
    '--axl',
    'cucm.example.com',
    '--user',
    'x',
  );
  expect([noPassword.code, noPassword.output]).toEqual([2, expect.stringContaining('--password-file')]);
  expect(await requests()).toEqual([]);

  // Without a terminal there is nobody to ask.
  const unasked = await unifiedCm('--apply');
  expect([unasked.code, unasked.output]).toEqual([2, expect.stringContaining('--yes')]);
  expect(await state()).toBe(before);
});

test('a certificate that is not trusted is shown, with what to do', TIME, async () => {
  const { unifiedCm, requests } = await prepare();
  const untrusted = await unifiedCm('--verify', '--axl-ca', 'proxy.pem');
  expect(untrusted.code).toBe(1);
  expect(untrusted.output).toContain('certificate is not trusted');
  expect(await requests()).toEqual([]);
  const fingerprint = /SHA-256 (\S+)/.exec(untrusted.output)?.[1] ?? '';
  expect((await unifiedCm('--verify', '--axl-ca', 'proxy.pem', '--axl-fingerprint', fingerprint)).output).toContain(
    'AXL 14.0',
  );
});

test(
  'on a terminal: the password is asked for and not shown, and a plan that is refused changes nothing',
  TIME,
  async () => {
    const { folder, control, state } = await prepare();
    const before = await state();
    const { url } = JSON.parse(await (await fetch(`${control}/status`)).text());
    const line = `${process.execPath} ${bin} unified-cm --config proxy.yaml --apply --axl ${url} --user axl --axl-ca ca.pem`;
    const env = { ...process.env, IPPA_AXL_PASSWORD: '', TERM: 'xterm' };
    const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: folder, env });
    let output = '';
    child.stdout.on('data', (chunk) => {
      const before = output;
      output += chunk;
      const shows = (text: string) => output.includes(text) && !before.includes(text);
      if (shows('Password of axl: ')) child.stdin.write(`${PASSWORD}\r`);
      if (shows('Do it? [y/N] ')) child.stdin.write('n\r');
    });
    await once(child, 'close');
    expect(output).toContain('1. Add the phone service Finesse');
    expect(output).toContain('Nothing was changed.');
    expect(output).not.toContain('CANARY');
    expect(await state()).toBe(before);
  },
);
