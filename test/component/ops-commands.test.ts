import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runControl } from '../../src/commands/control.ts';
import { runStatus } from '../../src/commands/status.ts';
import { type OpsRig, startOps, TOKEN } from './ops-rig.ts';

let rig: OpsRig;
let folder: string;
const others: Server[] = [];

beforeEach(async () => {
  rig = await startOps();
  folder = await mkdtemp(join(tmpdir(), 'ippa-ops-'));
});
afterEach(async () => {
  await rig.server.stop();
  for (const other of others.splice(0)) other.close();
  await rm(folder, { recursive: true });
});

async function writeConfig({
  host = '127.0.0.1',
  port = rig.port,
  token = TOKEN as string | null,
} = {}): Promise<string> {
  const file = join(folder, 'proxy.yaml');
  const secret = token === null ? '' : `, token: ${JSON.stringify(token)}`;
  await writeFile(
    file,
    `phones:
  listeners: [{ host: 127.0.0.1, port: 8082 }]
ops: { host: "${host}", port: ${port}${secret} }
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "http://127.0.0.1:1" }
      - { id: b, name: Finesse B, url: "http://127.0.0.1:2" }
`,
  );
  return file;
}

function capture() {
  const printed = { out: '', err: '' };
  const output = {
    stdout: (text: string) => {
      printed.out += text;
    },
    stderr: (text: string) => {
      printed.err += text;
    },
  };
  return { printed, output };
}

async function status(config: string, json = false) {
  const { printed, output } = capture();
  return { code: await runStatus({ config, json }, output), ...printed };
}

async function control(options: Omit<Parameters<typeof runControl>[0], 'config'> & { config?: string }) {
  const { printed, output } = capture();
  const config = options.config ?? (await writeConfig());
  return { code: await runControl({ ...options, config }, output), ...printed };
}

/** A port on which nothing listens any more. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('status', () => {
  it('prints a table, the reasons below it, and 0 when degraded', async () => {
    rig.setState('a', 'in-service');
    rig.setState('b', 'out-of-service');
    rig.store.setAdmin('b', { admin: 'drain', reason: 'patching\u001b[31m', until: null });
    const { code, out, err } = await status(await writeConfig());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^degraded \(main degraded\); ippa-proxy 0\.1\.0/);
    expect(out).toMatch(/^a +Finesse a +main +in-service +\d+ s +ready +0 +3 ms$/m);
    expect(out).toMatch(/^b +Finesse b +main +out-of-service +\d+ s +drain +0 +3 ms$/m);
    expect(out).toMatch(/^b: Connection refused: nothing listens on that port\. \(port 8445\)$/m);
    expect(out).toMatch(/^b: set to drain: patching\?\[31m$/m);
    expect(out).toMatch(/^b: not offered to agents of other services: it is out-of-service$/m);
  });

  it('prints the problems under the table', async () => {
    const other = await startOps({ problems: () => ['x is claimed by a and b'] });
    try {
      expect((await status(await writeConfig({ port: other.port }))).out).toMatch(/\n! x is claimed by a and b\n$/);
    } finally {
      await other.server.stop();
    }
  });

  it('prints the answer of /health as JSON', async () => {
    rig.setState('a', 'in-service');
    const { code, out } = await status(await writeConfig(), true);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ status: 'degraded', services: [{ id: 'a' }, { id: 'b' }] });
  });

  it('is 1 when down', async () => {
    const { code, out } = await status(await writeConfig());
    expect(code).toBe(1);
    expect(out).toMatch(/^down/);
  });

  it('is 1 and says where it asked when nothing answers', async () => {
    const port = await freePort();
    const { code, out, err } = await status(await writeConfig({ port }));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(`http://127.0.0.1:${port} (ops.host and ops.port of the configuration)`);
    expect(err).toContain('Is it running');
  });

  it.each(['<html>hello</html>', '{"status": 5}', ''])('is 1 when something else answers: %j', async (body) => {
    const other = createServer((_, res) => res.end(body));
    others.push(other);
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { code, err } = await status(await writeConfig({ port: (other.address() as AddressInfo).port }));
    expect(code).toBe(1);
    expect(err).toContain('is it ippa-proxy');
  });

  it('reaches a proxy that listens on every address by loopback', async () => {
    const everywhere = await startOps({ host: '0.0.0.0' });
    try {
      const { err } = await status(await writeConfig({ host: '0.0.0.0', port: everywhere.port }));
      expect(err).toBe('');
    } finally {
      await everywhere.server.stop();
    }
  });

  it('is 2 for a configuration that is wrong or missing', async () => {
    const missing = await status(join(folder, 'nothing.yaml'));
    expect(missing.code).toBe(2);
    expect(missing.err).toContain('nothing.yaml');
    await writeFile(join(folder, 'bad.yaml'), 'phones: 5\n');
    expect((await status(join(folder, 'bad.yaml'))).code).toBe(2);
  });
});

describe('drain, ready, maint', () => {
  it('sets the service and says what that means', async () => {
    const { code, out } = await control({ service: 'a', admin: 'drain', reason: 'patching' });
    expect(code).toBe(0);
    expect(out).toMatch(
      /^a is set to drain: those signed in stay, no new ones are admitted\. It is unknown; 0 phones are/,
    );
    expect(rig.store.get('a')?.admin).toMatchObject({ admin: 'drain', reason: 'patching', until: null });
  });

  it('needs no reason', async () => {
    expect((await control({ service: 'a', admin: 'maint' })).code).toBe(0);
    expect(rig.store.get('a')?.admin.reason).toBe('set on the command line');
    expect((await control({ service: 'a', admin: 'ready' })).code).toBe(0);
    expect(rig.store.get('a')?.admin).toEqual({ admin: 'ready', reason: null, until: null });
  });

  it('takes a duration or a time, and prints JSON', async () => {
    const before = Date.now();
    const { out } = await control({ service: 'b', admin: 'maint', until: '30m', json: true });
    const until = Date.parse(JSON.parse(out).until);
    expect(until).toBeGreaterThanOrEqual(before + 1_800_000);
    expect(until).toBeLessThanOrEqual(Date.now() + 1_800_000);
    await control({ service: 'b', admin: 'drain', until: '2099-01-31T18:00:00+01:00' });
    expect(rig.store.get('b')?.admin.until).toBe(Date.parse('2099-01-31T17:00:00Z'));
  });

  it.each(['drain', 'maint'] as const)(
    'B284 does not set the last service that admits new agents to %s, and says why, unless --yes is given',
    async (admin) => {
      rig.setState('a', 'in-service');
      rig.setState('b', 'in-service');
      await control({ service: 'b', admin: 'maint' });
      const refused = await control({ service: 'a', admin });
      expect(refused).toMatchObject({ code: 1, out: '' });
      expect(refused.err).toBe(
        `With a in ${admin} no service of cluster main would admit new agents: b is set to maint. Nothing was set; add --yes to set it all the same.\n`,
      );
      expect(rig.store.get('a')?.admin.admin).toBe('ready');
      const done = await control({ service: 'a', admin, yes: true });
      expect(done.code).toBe(0);
      const words = `no service admits new agents: a is set to ${admin}, b is set to maint`;
      expect(done.err).toBe(`Warning: main: ${words}\n`);
      expect(rig.store.get('a')?.admin.admin).toBe(admin);
      expect((await status(await writeConfig())).out).toMatch(new RegExp(`^down(?:.*\n)*! main: ${words}$`, 'm'));
    },
  );

  it('B284 nor while the others are out of service; ready is always set', async () => {
    rig.setState('b', 'out-of-service');
    const refused = await control({ service: 'a', admin: 'drain' });
    expect(refused.err).toContain('would admit new agents: b is out-of-service.');
    expect((await control({ service: 'b', admin: 'ready' })).code).toBe(0);
    expect((await control({ service: 'b', admin: 'maint' })).code).toBe(0);
  });

  it.each([
    ['soon', /--until takes/],
    ['2099-01-31', /--until takes/],
    ['2001-01-31T18:00:00Z', /until must lie in the future/],
  ])('is 2 for --until %s', async (until, message) => {
    const { code, err } = await control({ service: 'a', admin: 'drain', until });
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(rig.store.get('a')?.admin.admin).toBe('ready');
  });

  it('is 2 for an unknown service, and names those there are', async () => {
    const { code, err } = await control({ service: 'c', admin: 'drain' });
    expect(code).toBe(2);
    expect(err).toMatch(/no service c there.*: a, b\./);
  });

  it('is 2 for a service that the running proxy has not been told of, and names those it knows', async () => {
    const config = await writeConfig();
    await appendFile(config, '      - { id: zed, name: Finesse Z, url: "http://127.0.0.1:3" }\n');
    const { code, err } = await control({ service: 'zed', admin: 'drain', config });
    expect(code).toBe(2);
    expect(err).toBe('the running proxy does not know zed; it knows a, b: reload it (SIGHUP) or restart it\n');
  });

  it('is 2 without a token in the configuration', async () => {
    const { code, err } = await control({ service: 'a', admin: 'drain', config: await writeConfig({ token: null }) });
    expect(code).toBe(2);
    expect(err).toContain('ops.token is not set');
  });

  it('is 1 with another token, and prints neither', async () => {
    const config = await writeConfig({ token: 'other-canary' });
    const { code, out, err } = await control({ service: 'a', admin: 'drain', config });
    expect(code).toBe(1);
    expect(err).toContain('refused the token');
    expect(out + err).not.toMatch(/canary/);
  });

  it('sends a token with any characters as UTF-8', async () => {
    const token = 'Schlüssel-漢字';
    const other = await startOps({ token: () => token });
    try {
      const config = await writeConfig({ token, port: other.port });
      expect(await control({ service: 'a', admin: 'drain', config })).toMatchObject({ code: 0, err: '' });
    } finally {
      await other.server.stop();
    }
  });

  it('is 1 when nothing answers', async () => {
    const config = await writeConfig({ port: await freePort() });
    const { code, err } = await control({ service: 'a', admin: 'drain', config });
    expect(code).toBe(1);
    expect(err).toContain('Is it running');
  });
});
