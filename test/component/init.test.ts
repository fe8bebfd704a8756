/** `ippa-proxy init` against simulated Finesse servers over TLS: what it asks, what it writes, what it leaves to do. */

import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCheck } from '../../src/commands/check.ts';
import { type InitOptions, runInit } from '../../src/commands/init.ts';
import type { FinesseOptions } from '../../src/simulators/finesse/options.ts';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { writeFiles } from '../unit/config-files.ts';

const PAIR = ['finesse-a.example.com', 'finesse-b.example.com'] as const;
/** Nothing listens there. */
const CLOSED = { plain: 1, xmppTls: 1, xmpp: 1 };

async function finesse(options: FinesseOptions = {}): Promise<Finesse> {
  const server = createFinesse({ name: PAIR[0], peer: PAIR[1], tls: true, ...options });
  await server.start();
  onTestFinished(() => server.stop());
  return server;
}

const pair = () => Promise.all([finesse(), finesse({ name: PAIR[1], peer: PAIR[0], role: 'secondary' })]);

const fingerprint = (server: Finesse) => new X509Certificate(server.certificate ?? '').fingerprint256;

/** Somebody at the terminal with these answers, in this order. */
function answering(...answers: readonly string[]) {
  const asked: string[] = [];
  const left = [...answers];
  const asking = {
    ask: async (question: string) => {
      asked.push(question);
      const answer = left.shift();
      if (answer === undefined) throw new Error(`one question too many: ${question}`);
      return answer;
    },
    end: () => {},
  };
  return { asked, asking };
}

async function init(options: InitOptions, given: Parameters<typeof runInit>[3] = {}) {
  const printed = { out: '', err: '' };
  const output = {
    stdout: (text: string) => {
      printed.out += text;
    },
    stderr: (text: string) => {
      printed.err += text;
    },
  };
  const code = await runInit(options, '0.0.0-test', output, { asking: null, ports: CLOSED, isRoot: false, ...given });
  return { code, ...printed };
}

const folder = () => writeFiles({});
const rights = (file: string) => statSync(file).mode & 0o777;

async function check(file: string) {
  let text = '';
  const print = (part: string) => {
    text += part;
  };
  return { code: await runCheck(file, { probe: true }, { stdout: print, stderr: print }), text };
}

function allGiven(file: string, servers: readonly Finesse[]): InitOptions {
  return {
    config: file,
    finesse: servers.map(({ url }) => url),
    network: ['10.20.0.0/16,10.21.0.0/16'],
    name: 'ippa.example.com',
    trust: servers.map(fingerprint),
  };
}

describe('init', () => {
  it('B760 with options alone asks nothing, and writes what check accepts', async () => {
    const servers = await pair();
    const file = join(folder(), 'ippa.yaml');
    const { code, out, err } = await init({ ...allGiven(file, servers), altName: ['10.1.1.5'] });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('publicUrl: "https://ippa.example.com:8445"');
    expect(text).toContain('publicUrl: "http://ippa.example.com:8082"');
    expect(text).toContain('networks: ["10.20.0.0/16", "10.21.0.0/16"]');
    expect(text).toContain('deployment UCCE, it calls itself finesse-b.example.com');
    expect(text.match(/^ {2}- id:/gm)).toHaveLength(1);
    expect(out).toContain('pair           finesse-a.example.com and finesse-b.example.com');
    expect(out).toContain('trusted by its fingerprint');
    expect(await check(file)).toMatchObject({ code: 0, text: expect.not.stringContaining('warning') });
  });

  it('B761 asks for what is not given, again after an answer that is none, and to confirm a fingerprint', async () => {
    const server = await finesse({ peer: undefined });
    const file = join(folder(), 'ippa.yaml');
    const { asked, asking } = answering(
      `${server.url}/fippa`,
      server.url,
      'everywhere',
      'none',
      'ippa.example.com',
      'y',
    );
    const { code, out } = await init({ config: file }, { asking });
    expect(code).toBe(0);
    expect(asked).toHaveLength(6);
    expect(asked[3]).toContain('networks such as 10.20.0.0/16, or none');
    expect(out).toContain(`SHA-256        ${fingerprint(server)}`);
    expect(readFileSync(file, 'utf8')).toContain(`tls: { fingerprints: ["${fingerprint(server)}"] }`);
    expect((await check(file)).code).toBe(0);
  });

  it('B761 a fingerprint that is not confirmed is not trusted, and nothing is written', async () => {
    const server = await finesse();
    const file = join(folder(), 'ippa.yaml');
    const { asking } = answering('', '');
    const { code, err } = await init({ ...allGiven(file, [server]), trust: [] }, { asking });
    expect({ code, there: readdirSync(join(file, '..')) }).toEqual({ code: 1, there: [] });
    expect(err).toContain('--anyway');
  });

  it('B762 without a terminal names every option that is missing or wrong at once, and ends with 2', async () => {
    const file = join(folder(), 'ippa.yaml');
    const { code, err } = await init({ config: file, network: ['10.20.0.0/99'], port: '0', keyType: 'dsa' });
    expect(code).toBe(2);
    for (const option of [
      '--finesse HOST is needed',
      '--name HOST is needed',
      '--network NETWORK: found "10.20.0.0/99"',
    ]) {
      expect(err).toContain(option);
    }
    expect(err).toContain('--port: found "0"');
    expect(err).toContain('--key-type: found "dsa"; allowed: rsa or ec');
    const server = await finesse();
    const untrusted = await init({ ...allGiven(file, [server]), trust: [] });
    expect(untrusted.code).toBe(2);
    expect(untrusted.err).toBe(
      `--trust ${fingerprint(server)} is needed for ${server.url}, if that is its fingerprint\n`,
    );
    expect(existsSync(file)).toBe(false);
  });

  it('B763 never replaces a configuration without --force, and never a key, a certificate or a token', async () => {
    const servers = await pair();
    const at = folder();
    const file = join(at, 'ippa.yaml');
    writeFileSync(file, 'mine');
    const refused = await init(allGiven(file, servers));
    expect(refused).toMatchObject({ code: 2, err: `${file} is there already: --force replaces it\n` });
    expect(readdirSync(at)).toEqual(['ippa.yaml']);
    expect((await init({ ...allGiven(file, servers), force: true })).code).toBe(0);
    const kept = ['proxy.key', 'proxy.pem', 'ops-token'].map((name) => readFileSync(join(at, name), 'utf8'));
    const again = await init({ ...allGiven(file, servers), force: true });
    expect(again.out).toContain('proxy.key: was there, and is kept as it is');
    expect(['proxy.key', 'proxy.pem', 'ops-token'].map((name) => readFileSync(join(at, name), 'utf8'))).toEqual(kept);
    expect(readdirSync(at).toSorted()).toEqual(['ippa.yaml', 'ops-token', 'proxy.csr', 'proxy.key', 'proxy.pem']);
  });

  it('B764 the key and the token are for their owner alone, the rest for the group of the service too', async () => {
    const servers = await pair();
    const at = folder();
    expect((await init(allGiven(join(at, 'ippa.yaml'), servers))).code).toBe(0);
    expect(rights(join(at, 'proxy.key'))).toBe(0o600);
    expect(rights(join(at, 'ops-token'))).toBe(0o600);
    expect(rights(join(at, 'ippa.yaml'))).toBe(0o640);
  });

  // Only root may give files away; CI is root.
  it.runIf(process.getuid?.() === 0)('B764 as root the files are given to the user of the service', async () => {
    const servers = await pair();
    const at = folder();
    const options = { ...allGiven(join(at, 'ippa.yaml'), servers), user: 'nobody' };
    const { code, out } = await init(options, { isRoot: true });
    expect(code).toBe(0);
    const nobody = statSync(join(at, 'proxy.key'));
    expect(nobody.uid).not.toBe(0);
    expect(statSync(join(at, 'ops-token')).uid).toBe(nobody.uid);
    expect(statSync(join(at, 'ippa.yaml'))).toMatchObject({ uid: 0, gid: nobody.gid });
    expect(out).toContain('systemctl enable --now ippa-proxy');
  });

  it.each([
    ['rsa', 'rsa'],
    ['ec', 'ec'],
  ] as const)('B765 makes a key (%s), a request and a certificate with every name', async (keyType, kind) => {
    const servers = await pair();
    const at = folder();
    const options = { ...allGiven(join(at, 'ippa.yaml'), servers), keyType, altName: ['ippa', '10.1.1.5'] };
    const { code, out } = await init({ ...options, listen: '127.0.0.1' });
    expect(code).toBe(0);
    const certificate = new X509Certificate(readFileSync(join(at, 'proxy.pem')));
    expect(certificate.publicKey.asymmetricKeyType).toBe(kind);
    expect(certificate.subjectAltName).toBe('DNS:ippa.example.com, DNS:ippa, IP Address:10.1.1.5');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(readFileSync(join(at, 'proxy.csr'), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\n/);
    expect(out).toContain(keyType === 'rsa' ? 'every phone takes it' : 'phones of the 7900 series refuse it');
    expect(out).toContain('a signing request for ippa.example.com, ippa, 10.1.1.5');
  });

  it('B766 sees the redirect, the Notification port and a pair that was not given; servers of other pairs are another cluster', async () => {
    const a = await finesse({ httpPort: 0, notification: { username: 'ippa-proxy', password: 'x' } });
    const other = await finesse({ name: 'other.example.com', peer: undefined });
    const file = join(folder(), 'ippa.yaml');
    const ports = {
      plain: a.httpPort ?? 1,
      xmppTls: a.notification?.port ?? 1,
      xmpp: 1,
    };
    const { code, out } = await init(allGiven(file, [a, other]), { ports });
    expect(code).toBe(0);
    expect(out).toContain('plain port     leads to https://');
    expect(out).toContain('notification   open, with TLS');
    expect(out).toContain('Finesse also names finesse-b.example.com, which is not in the configuration');
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('  - id: cluster2\n');
    expect(text).toContain('frontDoor: true');
    expect(text).toContain('# notification: { tls: direct,');
  });

  it('B767 a server that does not answer: nothing is written, unless --anyway', async () => {
    const server = await finesse();
    const file = join(folder(), 'ippa.yaml');
    const options = { ...allGiven(file, [server]), finesse: [server.url, 'https://127.0.0.1:1'] };
    expect(await init(options)).toMatchObject({
      code: 1,
      err: expect.stringContaining('https://127.0.0.1:1: not confirmed'),
    });
    expect(existsSync(file)).toBe(false);
    const { code, out } = await init({ ...options, anyway: true });
    expect(code).toBe(0);
    expect(out).toContain('https://127.0.0.1:1: it was not confirmed');
  });

  it('B767 a server that asks for credentials is no hindrance, and is told', async () => {
    const server = await finesse({ secureSystemInfo: true });
    const file = join(folder(), 'ippa.yaml');
    const { code, out } = await init(allGiven(file, [server]));
    expect(code).toBe(0);
    expect(out).toContain('SystemInfo asks for credentials; set probe.username');
  });

  it('a folder that is not there, or a file in its place: words, exit code 1', async () => {
    const servers = await pair();
    const at = folder();
    mkdirSync(join(at, 'proxy.key'));
    const missing = await init(allGiven(join(at, 'no', 'ippa.yaml'), servers));
    expect(missing).toMatchObject({ code: 1, err: expect.stringContaining('ENOENT') });
  });
});
