/** `ippa-proxy doctor` on real files, ports, certificates and servers: what it finds, and what its archive does not hold. */

import { execFileSync } from 'node:child_process';
import { KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { mayAccess } from '../../src/commands/doctor/files-look.ts';
import { FINDINGS, type FindingCode } from '../../src/commands/doctor/kinds.ts';
import { decideNode, openFileLimit } from '../../src/commands/doctor/machine-look.ts';
import { lookAtRunning } from '../../src/commands/doctor/running-look.ts';
import { readSource } from '../../src/commands/doctor/source.ts';
import { type DoctorOptions, type DoctorSurroundings, runDoctor } from '../../src/commands/doctor.ts';
import { issue, makeKey } from '../../src/commands/init/certificate.ts';
import { selfSigned } from '../../src/simulators/finesse/certificate.ts';
import type { FinesseOptions } from '../../src/simulators/finesse/options.ts';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { freePort } from '../free-port.ts';
import { startRig } from '../rig.ts';
import { writeFiles } from '../unit/config-files.ts';

const VERSION = '0.0.0-test';
const NAMES: DoctorSurroundings['names'] = {
  addresses: async () => ['127.0.0.1'],
  names: async () => [],
  own: ['127.0.0.1'],
};

async function finesse(options: FinesseOptions = {}): Promise<Finesse> {
  const server = createFinesse({ name: 'finesse-a.example.com', peer: 'finesse-b.example.com', ...options });
  await server.start();
  onTestFinished(() => server.stop());
  return server;
}

interface Setting {
  readonly servers: Readonly<Record<string, string>>;
  readonly opsPort?: number;
  readonly phonePort?: number;
  readonly listener?: string;
  readonly service?: string;
  readonly more?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** A configuration in a folder of its own, for its owner alone. */
async function installation({
  servers,
  opsPort,
  phonePort = 0,
  listener = '',
  service = '',
  more = '',
  files = {},
}: Setting) {
  const services = Object.entries(servers).map(
    ([id, url]) => `      - { id: ${id}, name: Finesse ${id}, url: "${url}"${service} }\n`,
  );
  const text =
    `phones:\n  listeners:\n    - { host: 127.0.0.1, port: ${phonePort}${listener} }\n` +
    `ops: { port: ${opsPort ?? (await freePort())} }\nstate: { folder: state }\n` +
    `clusters:\n  - id: main\n    services:\n${services.join('')}${more}`;
  const folder = writeFiles({ ...files, 'ippa.yaml': text });
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o600);
  return { folder, file: join(folder, 'ippa.yaml') };
}

async function doctor(options: DoctorOptions, given: Partial<DoctorSurroundings> = {}) {
  const printed = { out: '', err: '' };
  const output = {
    stdout: (text: string) => {
      printed.out += text;
    },
    stderr: (text: string) => {
      printed.err += text;
    },
  };
  const surroundings = { names: NAMES, environmentFile: '/nonexistent', openFiles: null, isRoot: false, ...given };
  const code = await runDoctor({ json: true, ...options }, VERSION, output, surroundings);
  const report = options.json === false || printed.out === '' ? null : JSON.parse(printed.out);
  const codes: FindingCode[] = (report?.findings ?? []).map((one: { code: FindingCode }) => one.code);
  return { code, report, codes, ...printed };
}

const pair = async () => {
  const [a, b] = [
    await finesse(),
    await finesse({ name: 'finesse-b.example.com', peer: 'finesse-a.example.com', role: 'secondary' }),
  ];
  return { a: a.url, b: b.url };
};

describe('doctor', () => {
  it('B780 a sound installation that runs: nothing is found, exit code 0', async () => {
    const rig = await startRig({ config: (config) => config });
    onTestFinished(() => rig.stop());
    const [a = '', b = ''] = rig.finesse.map(({ url }) => url);
    const port = Number(new URL(rig.phones).port);
    const { file } = await installation({ servers: { a, b }, phonePort: port, opsPort: Number(new URL(rig.ops).port) });
    const { code, report } = await doctor({ config: file });
    expect(report.findings).toEqual([]);
    expect({ code, ok: report.ok }).toEqual({ code: 0, ok: true });
    expect(report.facts).toMatchObject({
      configuration: file,
      proxy: VERSION,
      running: `${VERSION}, ok`,
      node: process.versions.node,
    });
  });

  it('B780 says for each finding what was found, what to do, and where that is written', async () => {
    const { file } = await installation({ servers: { a: 'http://127.0.0.1:1' } });
    const { code, out } = await doctor({ config: file, json: false });
    expect(code).toBe(1);
    expect(out).toMatch(
      /ERROR {4}a: not in service: Connection refused.*\n +.*\[finesse-unconfirmed; docs\/errors\.md\]/,
    );
    expect(out).toMatch(/WARNING {2}The proxy does not answer at http:\/\/127\.0\.0\.1:\d+.*\n +Start it/);
    expect(out).toMatch(/WARNING {2}.*the cluster has one service/);
    expect(out).toMatch(/\n1 error, 2 warnings, 0 hints\n$/);
  });

  it('B780 hints alone leave the exit code 0', async () => {
    const rig = await startRig();
    onTestFinished(() => rig.stop());
    const [a = '', b = ''] = rig.finesse.map(({ url }) => url);
    const { file } = await installation({ servers: { a, b }, opsPort: Number(new URL(rig.ops).port) });
    writeFileSync(file, readFileSync(file, 'utf8').replace('state: { folder: state }\n', ''));
    expect(await doctor({ config: file })).toMatchObject({ code: 0, codes: ['state-not-kept'] });
  });

  it('B780 usage: no configuration, a log without an archive, an archive that is there', async () => {
    const { folder, file } = await installation({ servers: { a: 'http://127.0.0.1:1' } });
    expect(await doctor({ config: file, log: file })).toMatchObject({ code: 2, err: '--log goes with --bundle\n' });
    expect(await doctor({ config: file, bundle: file })).toMatchObject({
      code: 2,
      err: `--bundle: ${file} is there already\n`,
    });
    expect(await doctor({ config: file, user: 'nobody' })).toMatchObject({ code: 2 });
    expect(readdirSync(folder)).toEqual(['ippa.yaml']);
  });

  it('B781 a wrong configuration is a finding with file, line and key; what needs none is looked at all the same', async () => {
    const { file } = await installation({ servers: { a: 'http://127.0.0.1:1' }, more: 'colour: green\n' });
    const { code, codes, report } = await doctor({ config: file });
    expect(code).toBe(1);
    expect(codes).toEqual(['configuration-error', 'not-running']);
    expect(report.findings[0].found).toContain(`${file}:10: colour: found an unknown key`);
    const missing = await doctor({ config: join(file, '../none.yaml') });
    expect(missing).toMatchObject({ code: 1, codes: ['configuration-error'] });
  });

  it('B782 secrets that others can read', async () => {
    const { folder, file } = await installation({
      servers: await pair(),
      more: 'push: { username: u, password: { file: push-password } }\n',
      files: { 'push-password': 'x7-long-password' },
    });
    writeFileSync(file, readFileSync(file, 'utf8').replace('phones:\n', 'phones:\n  networks: [10.0.0.0/8]\n'));
    expect((await doctor({ config: file })).codes).not.toContain('secret-exposed');
    chmodSync(join(folder, 'push-password'), 0o644);
    const { report } = await doctor({ config: file });
    expect(report.findings.filter(({ code }: { code: string }) => code === 'secret-exposed')).toMatchObject([
      { severity: 'error', found: `${join(folder, 'push-password')} has the rights 0644` },
    ]);
    // A configuration without secrets in it may be read by all.
    chmodSync(join(folder, 'push-password'), 0o600);
    chmodSync(file, 0o644);
    expect((await doctor({ config: file })).codes).not.toContain('secret-exposed');
    writeFileSync(file, readFileSync(file, 'utf8').replace('{ file: push-password }', 'in-the-file'));
    expect((await doctor({ config: file })).codes).toContain('secret-exposed');
  });

  // Only root may look with the rights of another user; CI is root.
  it.runIf(process.getuid?.() === 0)(
    'B782 files and state.folder are looked at with the rights of the service’s user',
    async () => {
      const { folder, file } = await installation({ servers: await pair() });
      mkdirSync(join(folder, 'state'), { mode: 0o700 });
      const { codes, report } = await doctor({ config: file, user: 'nobody' }, { isRoot: true });
      expect(codes).toEqual(expect.arrayContaining(['file-unreadable', 'state-unwritable']));
      expect(report.facts.user).toBe('nobody');
      chmodSync(folder, 0o755);
      chmodSync(file, 0o644);
      chmodSync(join(folder, 'state'), 0o777);
      const after = await doctor({ config: file, user: 'nobody' }, { isRoot: true });
      expect(after.codes).not.toContain('file-unreadable');
      expect(after.codes).not.toContain('state-unwritable');
    },
  );

  it('B781 secrets of the service’s environment are found where systemd finds them', async () => {
    const { folder, file } = await installation({
      servers: await pair(),
      service: ', probe: { username: u, password: { env: DOCTOR_PROBE_PASSWORD } }',
      files: { environment: '# for systemd\nDOCTOR_PROBE_PASSWORD="long secret"\n' },
    });
    expect((await doctor({ config: file })).codes).toContain('configuration-error');
    const environmentFile = join(folder, 'environment');
    expect((await doctor({ config: file }, { environmentFile })).codes).toEqual(['not-running']);
    chmodSync(environmentFile, 0o644);
    const { report } = await doctor({ config: file }, { environmentFile });
    expect(report.findings).toMatchObject([
      { code: 'secret-exposed', found: `${environmentFile} has the rights 0644` },
      {},
    ]);
  });

  it('B786 reports that do not answer', async () => {
    const { file } = await installation({
      servers: await pair(),
      more: 'reports: { listeners: [{ host: 127.0.0.1, port: 0 }], services: [{ id: r, name: R, url: "https://127.0.0.1:1" }] }\n',
    });
    expect((await doctor({ config: file })).codes).toContain('reports-down');
  });

  it('B782 rights are those of the owner, else of the group, else of others', () => {
    const account = { name: 'x', uid: 7, gid: 8, groups: [8, 9] };
    expect(mayAccess(account, { uid: 7, gid: 1, mode: 0o400 }, 4)).toBe(true);
    expect(mayAccess(account, { uid: 7, gid: 1, mode: 0o044 }, 4)).toBe(false);
    expect(mayAccess(account, { uid: 1, gid: 9, mode: 0o040 }, 4)).toBe(true);
    expect(mayAccess(account, { uid: 1, gid: 1, mode: 0o004 }, 4)).toBe(true);
    expect(mayAccess(account, { uid: 1, gid: 1, mode: 0o004 }, 2)).toBe(false);
    expect(mayAccess({ ...account, uid: 0 }, { uid: 1, gid: 1, mode: 0 }, 4)).toBe(true);
  });

  it('B783 a port that another program has, an address that is not here, something else on the ops port', async () => {
    const other = createHttpServer((_, response) => response.end('something')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const servers = await pair();
    expect((await doctor({ config: (await installation({ servers, phonePort: port })).file })).codes).toEqual([
      'not-running',
      'port-taken',
    ]);
    const foreign = await doctor({ config: (await installation({ servers, opsPort: port })).file });
    expect(foreign.codes).toEqual(['ops-foreign', 'port-taken']);
    const { file } = await installation({ servers, phonePort: await freePort() });
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('host: 127.0.0.1', 'host: 192.0.2.1, publicUrl: "http://192.0.2.1:8082"'),
    );
    expect((await doctor({ config: file })).codes).toContain('address-missing');
  });

  it('B783 a port that the running proxy does not answer on, and another version than is installed', async () => {
    const rig = await startRig();
    onTestFinished(() => rig.stop());
    const [a = '', b = ''] = rig.finesse.map(({ url }) => url);
    const { file } = await installation({
      servers: { a, b },
      phonePort: await freePort(),
      opsPort: Number(new URL(rig.ops).port),
    });
    expect((await doctor({ config: file })).codes).toEqual(['port-silent']);
    let out = '';
    const output = {
      stdout: (text: string) => {
        out += text;
      },
      stderr: () => {},
    };
    await runDoctor({ config: file }, '9.9.9', output, { names: NAMES, openFiles: null, isRoot: false });
    expect(out).toContain(`${VERSION} runs, 9.9.9 is installed`);
  });

  it('B836 a running proxy that is newer than the command is not said to be older', async () => {
    const at = async (running: string, here: string) => {
      const health = { version: running, clusters: [], services: [], problems: [] };
      const server = createHttpServer((_, response) => response.end(JSON.stringify(health))).listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      const port = (server.address() as AddressInfo).port;
      const folder = writeFiles({ 'ippa.yaml': `ops: { port: ${port} }\n` });
      return (await lookAtRunning(join(folder, 'ippa.yaml'), here)).findings;
    };
    expect(await at('0.10.0', '0.9.3')).toMatchObject([
      { code: 'running-newer', found: '0.10.0 runs, this command is 0.9.3' },
    ]);
    expect(await at('0.9.3', '0.10.0')).toMatchObject([
      { code: 'running-older', found: '0.9.3 runs, 0.10.0 is installed' },
    ]);
    expect(await at('1.0.0-rc.1', '1.0.0')).toMatchObject([{ code: 'running-older' }]);
    expect(await at('1.0.0', '1.0.0')).toEqual([]);
  });

  it('B784 certificates: names, ends, keys, chains', async () => {
    const servers = await pair();
    const at = async (cert: string, key: string, host = 'ippa.example.com') => {
      const listener = `, publicUrl: "https://${host}:8445", tls: { cert: p.pem, key: p.key }`;
      const { file } = await installation({ servers, listener, files: { 'p.pem': cert, 'p.key': key } });
      return (await doctor({ config: file })).codes.filter((code) => FINDINGS[code].area === 'certificates');
    };
    const own = selfSigned(['ippa.example.com'], Date.now());
    expect(await at(own.cert, own.key)).toEqual(['certificate-self-signed']);
    expect(await at(own.cert, own.key, 'other.example.com')).toEqual([
      'certificate-warning',
      'certificate-self-signed',
    ]);
    const old = selfSigned(['ippa.example.com'], Date.now() - 360 * 86_400_000);
    expect(await at(old.cert, old.key)).toEqual(['certificate-warning', 'certificate-self-signed']);
  });

  it('B784 a weak key, and a chain that is not there', async () => {
    const x509 = await import('reflect-metadata').then(() => import('@peculiar/x509'));
    const algorithm = {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      publicExponent: new Uint8Array([1, 0, 1]),
      modulusLength: 1024,
    };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
    const made = (issuer: string) =>
      x509.X509CertificateGenerator.create({
        ...{ subject: 'CN=ippa.example.com', issuer, signingKey: keys.privateKey, publicKey: keys.publicKey },
        ...{ signingAlgorithm: algorithm, notAfter: new Date(Date.now() + 99 * 86_400_000) },
      });
    const certificate = (await made('CN=Some CA')).toString('pem');
    const listener = ', tls: { cert: p.pem, key: p.key }';
    const { file } = await installation({
      servers: await pair(),
      listener,
      files: { 'p.pem': certificate, 'p.key': key },
    });
    const { report } = await doctor({ config: file });
    const found = report.findings.filter(({ area }: { area: string }) => area === 'certificates');
    expect(found.map(({ found }: { found: string }) => found.split('p.pem: ')[1])).toEqual([
      'an RSA key of 1024 bits',
      'no Subject Alternative Name',
      'signed by CN=Some CA',
    ]);
  });

  it('B837 certificates made by the recipes of the docs, and one that may not sign others', async () => {
    const servers = await pair();
    const listener = ', publicUrl: "https://ippa.example.com:8445", tls: { cert: proxy.pem, key: proxy.key }';
    const made = async (script: string) => {
      const { folder, file } = await installation({ servers, listener });
      execFileSync('sh', ['-ec', script], { cwd: folder, stdio: 'pipe' });
      chmodSync(join(folder, 'proxy.key'), 0o600);
      const { report } = await doctor({ config: file });
      const found = report.findings.filter(({ area }: { area: string }) => area === 'certificates');
      return found.map(({ code }: { code: string }) => code);
    };
    const recipe = (page: string) => {
      const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
      return [...text.matchAll(/^```\n(openssl req[^`]*)^```/gm)].map(([, lines]) => lines).join('');
    };
    const trial = recipe('unified-cm.md');
    expect(await made(trial)).toEqual(['certificate-self-signed']);
    const limited = trial.replace(/-addext/, '-addext keyUsage=digitalSignature,keyEncipherment -addext');
    expect(await made(limited)).toEqual(['certificate-self-signed']);
    // By a CA of one's own: right where Phone-trust has it, and whether it has cannot be seen from here.
    expect(await made(recipe('install.md'))).toEqual(['certificate-incomplete']);
    const { means, todo } = FINDINGS['certificate-incomplete'];
    expect(`${means} ${todo}`).toMatch(/That is right if Phone-trust has this very CA.* Nothing if it has\./);
  });

  it('B785 a name without an address, with several, that leads back to another, that is not of this machine', async () => {
    const names = {
      addresses: async (host: string) => {
        if (host === 'ippa.example.com') return ['192.0.2.1', '192.0.2.2'];
        throw Object.assign(new Error(), { code: 'ENOTFOUND' });
      },
      names: async (address: string) => (address === '192.0.2.1' ? ['IPPA.example.com'] : ['old.example.com']),
      own: ['192.0.2.9'],
    };
    const listener = ', publicUrl: "http://ippa.example.com:8082"';
    const { file } = await installation({ servers: { a: 'https://finesse-a.invalid:1' }, listener });
    const { report } = await doctor({ config: file }, { names });
    const found = report.findings.filter(({ area }: { area: string }) => area === 'names');
    expect(found.map(({ code, found }: { code: string; found: string }) => [code, found])).toEqual([
      ['name-several', 'ippa.example.com: 192.0.2.1, 192.0.2.2'],
      ['name-elsewhere', 'ippa.example.com: 192.0.2.1, 192.0.2.2'],
      ['name-reverse', 'ippa.example.com is 192.0.2.2, and that is old.example.com'],
      ['name-unknown', 'finesse-a.invalid (ENOTFOUND)'],
    ]);
  });

  it('B786 Finesse: out of service, not trusted, in maintenance, a clock that is wrong, a closed Notification port', async () => {
    const late = await finesse({ now: () => Date.now() - 60_000 });
    const untrusted = await finesse({ tls: true });
    const resting = await finesse();
    await resting.fault('maintenance');
    const servers = { a: late.url, b: untrusted.url, c: resting.url };
    const service = ', notification: { host: 127.0.0.1, port: 1, username: u, password: never-tried }';
    const { file } = await installation({ servers, service });
    const { report } = await doctor({ config: file });
    const of = (code: FindingCode) =>
      report.findings.filter((one: { code: string }) => one.code === code).map(({ found }: { found: string }) => found);
    expect(of('clock-offset')).toEqual(['a is 60 s behind this machine']);
    expect(of('finesse-untrusted')).toEqual([expect.stringMatching(/^b: /)]);
    expect(of('finesse-caution').join()).toContain('c: no alternate at present: Finesse is in maintenance mode there');
    expect(of('notification-closed')).toHaveLength(3);
    expect(new X509Certificate(untrusted.certificate ?? '').subject).toBeTruthy();
  });

  it('B787 open files and Node.js', async () => {
    const { file } = await installation({ servers: await pair() });
    expect((await doctor({ config: file }, { openFiles: 1024 })).codes).toContain('open-files');
    expect((await doctor({ config: file }, { openFiles: 65_536 })).codes).not.toContain('open-files');
    expect(decideNode('20.20.2', '>=22.18')).toMatchObject([{ code: 'node-version' }]);
    expect([decideNode('22.18.0', '>=22.18'), decideNode('24.1.0', '>=22.18')]).toEqual([[], []]);
    const unit = writeFiles({
      unit: '[Service]\nLimitNOFILE=4096\n',
      limits: 'Max open files            1024                 20000                files\n',
    });
    expect(openFileLimit([join(unit, 'none'), join(unit, 'unit')])).toBe(4096);
    expect(openFileLimit([], join(unit, 'limits'))).toBe(20_000);
    expect(openFileLimit([], join(unit, 'none'))).toBeNull();
  });

  it('B788 the archive: the report, the configuration, what the proxy says and the log, for its owner alone', async () => {
    const rig = await startRig();
    onTestFinished(() => rig.stop());
    const [a = '', b = ''] = rig.finesse.map(({ url }) => url);
    const { folder, file } = await installation({ servers: { a, b }, opsPort: Number(new URL(rig.ops).port) });
    const [archive, log] = [join(folder, 'support.tar.gz'), join(folder, 'proxy.log')];
    writeFileSync(log, 'first line\nlast line\n');
    const { code, err } = await doctor({ config: file, bundle: archive, log });
    expect({ code, mode: statSync(archive).mode & 0o777 }).toEqual({ code: 0, mode: 0o600 });
    expect(err).toContain('look before you send it');
    const names = execFileSync('tar', ['-tzf', archive], { encoding: 'utf8' }).trim().split('\n');
    expect(names).toEqual(
      ['report.txt', 'report.json', 'configuration.yaml', 'health.json', 'outages.json', 'metrics.txt', 'log.txt'].map(
        (name) => `ippa-proxy-doctor/${name}`,
      ),
    );
    const read = (name: string) =>
      execFileSync('tar', ['-xzOf', archive, `ippa-proxy-doctor/${name}`], { encoding: 'utf8' });
    expect(read('log.txt')).toBe('first line\nlast line\n');
    expect(JSON.parse(read('health.json')).services).toHaveLength(2);
    expect(read('metrics.txt')).toContain('process_start_time_seconds');
    expect(read('configuration.yaml')).toContain(`url: ${a}`);
    expect(JSON.parse(read('report.json'))).toMatchObject({ ok: true });
  });

  it('B789 no secret is in the archive or in what is printed, in no form', async () => {
    const canary = (name: string) => `Canary ${name}+/"é&=%`;
    const inPlace = ['token', 'probe', 'notification', 'push'].map(canary);
    const elsewhere = ['query', 'cookie', 'path', 'bearer', 'comment', 'unknown'].map((name) => `CANARY-${name}-8d1f`);
    const [query, cookie, path, bearer, comment, unknown] = elsewhere;
    process.env.DOCTOR_CANARY = inPlace[1];
    onTestFinished(() => void delete process.env.DOCTOR_CANARY);
    const key = await makeKey('ec');
    const { certificate } = await issue((await import('node:crypto')).createPrivateKey(key), ['localhost'], Date.now());
    const { folder, file } = await installation({
      servers: await pair(),
      listener: ', tls: { cert: p.pem, key: p.key }',
      service: `, probe: { username: u, password: { env: DOCTOR_CANARY } }, notification: { host: 127.0.0.1, port: 1, username: u, password: { file: secret } }`,
      more: `push: { username: u, password: ${JSON.stringify(inPlace[3])} }\n# token: ${comment}\n`,
      files: { secret: inPlace[2] ?? '', 'p.pem': certificate, 'p.key': key },
    });
    const before = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      before
        .replace('ops: {', `ops: { token: ${JSON.stringify(inPlace[0])},`)
        .replace('phones:\n', 'phones:\n  networks: [10.0.0.0/8]\n'),
    );
    const forms = (secret: string) => {
      const bytes = Buffer.from(secret);
      return [
        ...[secret, JSON.stringify(secret), encodeURIComponent(secret), encodeURIComponent(secret).toLowerCase()],
        ...[new URLSearchParams({ x: secret }).toString(), bytes.toString('base64'), bytes.toString('base64url')],
        ...[`Basic ${Buffer.from(`u:${secret}`).toString('base64')}`, Buffer.from(`us:${secret}`).toString('base64')],
        encodeURIComponent(encodeURIComponent(secret)),
        ...[bytes.toString('hex'), bytes.toString('hex').toUpperCase()],
      ];
    };
    const log = join(folder, 'proxy.log');
    const lines = [
      ...inPlace.flatMap(forms).map((form) => `something said ${form} here`),
      `GET /a/fippa/SEP1?id=1001&password=${query}&extension=2001`,
      `GET /a/fippa/SEP1;jsessionid=${path}/x`,
      `{"headers":{"cookie":"JSESSIONID=${cookie}; other=${cookie}"},"password":"a \\" ${query}"}`,
      `Set-Cookie: SESSION=${cookie}; Path=/`,
      `Authorization: Bearer ${bearer}`,
      key,
    ];
    writeFileSync(log, lines.join('\n'));
    for (const [index, extra] of ['', `pasword: ${unknown}\n`, `clusters: [\n  password: ${unknown}\n`].entries()) {
      writeFileSync(file, `${readFileSync(file, 'utf8')}${extra}`);
      const archive = join(folder, `support-${index}.tar.gz`);
      const { out, err } = await doctor({ config: file, bundle: archive, log });
      const secrets = [...inPlace, ...elsewhere];
      const text = execFileSync('tar', ['-xzOf', archive], { encoding: 'utf8' });
      // Of what is no YAML nobody knows the secrets, so the log stays behind.
      expect(text.includes('something said ***')).toBe(index < 2);
      expect(err.includes('without the log')).toBe(index === 2);
      for (const form of secrets.flatMap(forms)) {
        expect(text.includes(form), form).toBe(false);
        expect(`${out}${err}`.includes(form), form).toBe(false);
      }
      for (const line of key.split('\n').filter((line) => /^[\w+/=]{20,}$/.test(line)))
        expect(text).not.toContain(line);
      // Nor a base64 or hex text that holds one.
      for (const word of text.match(/[\w+/=-]{8,}/g) ?? []) {
        const decoded = [Buffer.from(word, 'base64'), Buffer.from(word, 'hex')].map(String).join(' ');
        expect(
          secrets.some((secret) => decoded.includes(secret)),
          word,
        ).toBe(false);
      }
    }
  });

  it('B835 a secret given as both env and file is refused, and both are masked', async () => {
    const { file } = await installation({
      servers: await pair(),
      more: 'push: { username: u, password: { env: DOCTOR_CANARY, file: secret } }\n',
      files: { secret: 'CANARY-file\n' },
    });
    const { secrets } = await readSource(file, { DOCTOR_CANARY: 'CANARY-env' });
    expect(secrets).toEqual(['CANARY-env', 'CANARY-file']);
  });
});
