import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AnswersEnded, type Asking } from '../../src/commands/asking.ts';
import { runControl } from '../../src/commands/control.ts';
import { runStatus } from '../../src/commands/status.ts';
import { freePort } from '../free-port.ts';
import { type OpsRig, READ_TOKEN, startOps, TOKEN } from './ops-rig.ts';

const BIN = join(import.meta.dirname, '../../bin/ippa-proxy.js');

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

async function control(options: Parameters<typeof runControl>[0]) {
  const { printed, output } = capture();
  const access = options.config === undefined && options.url === undefined ? { config: await writeConfig() } : {};
  return { code: await runControl({ ...options, ...access }, output), ...printed };
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
    expect(out).toMatch(/^b: Connection refused: .*nothing listens on that port\..* \(port 8445\)$/m);
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
    await writeFile(join(folder, 'bad.yaml'), 'ops: 5\n');
    expect((await status(join(folder, 'bad.yaml'))).code).toBe(2);
  });
});

/** Watches until `seen` says that what was printed so far is enough. */
async function watch(options: Parameters<typeof runStatus>[0], seen: (printed: string, times: number) => boolean) {
  const stop = new AbortController();
  let out = '';
  let times = 0;
  const output = {
    stdout: (text: string) => {
      out += text;
      if (seen(out, ++times)) stop.abort();
    },
    stderr: () => undefined,
    isTerminal: true,
  };
  const watching = { now: () => Date.parse('2026-11-01T12:00:00Z'), everyMs: 5, stop: stop.signal };
  return { code: await runStatus({ ...options, watch: true }, output, watching), out };
}

describe('status --watch', () => {
  it('redraws the table with the time, and ends with 0 when it is told to', async () => {
    rig.setState('a', 'in-service');
    const { code, out } = await watch({ config: await writeConfig() }, (_, times) => {
      if (times === 3) rig.setState('b', 'in-service');
      return times === 5;
    });
    expect(code).toBe(0);
    const pictures = out.replaceAll('\u001b[K', '').split('\u001b[H').slice(1);
    expect(pictures).toHaveLength(4);
    expect(pictures[0]).toMatch(/^2026-11-01 \d\d:\d\d:00 [+-]\d\d:\d\d\ndegraded/);
    expect(pictures.at(-1)).toMatch(/^2026-11-01 .*\nok/);
  });

  it('with --json prints a line for each change and none without one', async () => {
    rig.setState('a', 'in-service');
    const { code, out } = await watch({ config: await writeConfig(), json: true }, (printed, times) => {
      // Many looks later: the same again is not printed again.
      if (times === 1) setTimeout(() => rig.store.setAdmin('b', { admin: 'maint', reason: 'x', until: null }), 100);
      return printed.includes('"maint"');
    });
    expect(code).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { at: '2026-11-01T12:00:00.000Z', status: 'degraded', services: [{ id: 'a' }, { id: 'b', admin: 'ready' }] },
      { services: [{ id: 'a' }, { id: 'b', admin: 'maint' }] },
    ]);
  });

  it('ends with 0 at Ctrl-C, also when npm passes it on a second time', async () => {
    const child = spawn(process.execPath, [BIN, 'status', '--watch', '--url', rig.origin], { stdio: 'pipe' });
    const ended = once(child, 'close');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });

  it('goes on while nothing answers, and says so once', async () => {
    const port = await freePort();
    let later: Awaited<ReturnType<typeof startOps>> | undefined;
    const { code, out } = await watch({ url: `http://127.0.0.1:${port}`, json: true }, (_, times) => {
      if (times === 1) {
        setTimeout(async () => {
          later = await startOps({ port });
        }, 50);
      }
      return times === 2;
    });
    await later?.server.stop();
    expect(code).toBe(0);
    const [first, second] = out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({ status: null, error: expect.stringContaining(`127.0.0.1:${port} (--url)`) });
    expect(second).toMatchObject({ status: 'down' });
  });
});

describe('the ops port and the token alone', () => {
  /** Wrong everywhere but under `ops`, with secrets and keys that are not there. */
  async function writeWrong(ops: string): Promise<string> {
    const file = join(folder, 'wrong.yaml');
    await writeFile(
      file,
      `phones:
  listeners: [{ host: 0.0.0.0, port: 8445, tls: { cert: no.pem, key: no.key } }]
ops: ${ops}
clusters:
  - id: fippa
    services:
      - { id: a, url: 5, probe: { password: { file: no.password } } }
what: else
`,
    );
    return file;
  }

  it('errors elsewhere and files that cannot be read do not hinder', async () => {
    rig.setState('a', 'in-service');
    const config = await writeWrong(`{ port: ${rig.port}, token: ${TOKEN} }`);
    expect(await status(config)).toMatchObject({ code: 0, err: '' });
    expect(await control({ service: 'a', admin: 'drain', config })).toMatchObject({ code: 0, err: '' });
  });

  it.each(['{ [ broken', '"broken', 'a: b: c: ]'])('nor does broken YAML around it: %s', async (broken) => {
    rig.setState('a', 'in-service');
    const config = join(folder, 'broken.yaml');
    await writeFile(
      config,
      `before: ${broken}\nops:\n  port: ${rig.port}\n  # the token\n  token: ${TOKEN}\nafter: ${broken}\n`,
    );
    expect(await control({ service: 'a', admin: 'drain', config })).toMatchObject({ code: 0, err: '' });
  });

  it('status reads no token', async () => {
    rig.setState('a', 'in-service');
    const config = await writeWrong(`{ port: ${rig.port}, token: { file: no.token } }`);
    expect(await status(config)).toMatchObject({ code: 0, err: '' });
    const { code, err } = await control({ service: 'a', admin: 'drain', config });
    expect(code).toBe(2);
    expect(err).toMatch(/wrong\.yaml:3: ops\.token: found "no\.token", which does not exist/);
  });

  it('an error under ops is told with its line', async () => {
    const { code, err } = await status(await writeWrong('{ port: eight, prot: 1 }'));
    expect(code).toBe(2);
    expect(err).toMatch(/wrong\.yaml:3: ops\.port: found "eight"/);
    expect(err).toMatch(/wrong\.yaml:3: ops\.prot: found an unknown key/);
    expect(err.split('\n')).toHaveLength(3);
  });

  it('broken YAML under ops is told, not guessed around', async () => {
    const config = join(folder, 'broken.yaml');
    await writeFile(config, `ops: { port: ${rig.port}, token: "x\n`);
    const { code, err } = await status(config);
    expect(code).toBe(2);
    expect(err).toMatch(/broken\.yaml:\d+: found /);
  });

  it('--url and --token-file need no configuration', async () => {
    rig.setState('a', 'in-service');
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, `${TOKEN}\n`);
    const { printed, output } = capture();
    expect(await runStatus({ url: rig.origin }, output)).toBe(0);
    expect(printed.out).toContain('Finesse a');
    const set = await control({ service: 'a', admin: 'drain', url: `${rig.origin}/`, tokenFile });
    expect(set).toMatchObject({ code: 0, err: '' });
  });

  it.each([
    [{}, /^--config FILE, or --url URL is needed/],
    [{ url: 'http://127.0.0.1:1' }, /^--token-file FILE, or --config FILE is needed/],
    [{ url: '127.0.0.1:8090' }, /^--url: found "127\.0\.0\.1:8090"; allowed: such as http:/],
    [
      { url: 'http://127.0.0.1:1', tokenFile: '/no/such/token' },
      /^--token-file: found "\/no\/such\/token", which does not exist/,
    ],
  ])('is 2 for %j', async (access, message) => {
    const { printed, output } = capture();
    expect(await runControl({ service: 'a', admin: 'drain', ...access }, output)).toBe(2);
    expect(printed.err).toMatch(message);
  });
});

describe('times', () => {
  it.each(['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/St_Johns'])('are local with zone: %s', async (zone) => {
    const before = process.env.TZ;
    process.env.TZ = zone;
    try {
      const end = Date.parse('2099-01-31T18:00:00Z');
      const { out } = await control({ service: 'a', admin: 'drain', until: '2099-01-31T18:00:00Z' });
      const shown = /until (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d)/;
      const local = { UTC: '18:00:00 +00:00', 'Europe/Berlin': '19:00:00 +01:00', 'Asia/Kolkata': '23:30:00 +05:30' };
      expect(shown.exec(out)?.[1]).toContain(local[zone as keyof typeof local] ?? '14:30:00 -03:30');
      const listed = shown.exec((await status(await writeConfig())).out)?.[1] ?? '';
      expect(Date.parse(listed)).toBe(end);
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });
});

it('B582 what the proxy says stands with local times too, and `--json` as it came', async () => {
  const told = 'nothing could be reached since 2026-01-31T18:00:00.000Z: 2026-13-99T00:00:00Z';
  const before = process.env.TZ;
  process.env.TZ = 'Asia/Kolkata';
  const other = await startOps({ problems: () => [told] });
  try {
    for (const id of ['a', 'b']) other.setState(id, 'in-service');
    const config = await writeConfig({ port: other.port });
    const set = await control({ service: 'a', admin: 'maint', in: '10m', config });
    const times = set.out.match(/\d{4}-\d\d-\d\d.\d\d:\d\d:\d\d[^;,]{7}/g) ?? [];
    expect(times).toHaveLength(2);
    for (const time of times) expect(time).toMatch(/^\S{10} \S{8} \+05:30$/);
    const shown = await status(config);
    expect(shown.out).toContain('! nothing could be reached since 2026-01-31 23:30:00 +05:30: 2026-13-99T00:00:00Z\n');
    expect(JSON.parse((await status(config, true)).out).problems).toEqual([told]);
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
    await other.server.stop();
  }
});

describe('drain, ready, maint', () => {
  it('sets the service and says what that means', async () => {
    const { code, out } = await control({ service: 'a', admin: 'drain', reason: 'patching' });
    expect(code).toBe(0);
    expect(out).toMatch(
      /^Finesse a: 0 agents are signed in there and stay;.*\na is set to drain: those signed in stay, no new ones are admitted\. It is unknown; 0 phones are/,
    );
    expect(rig.store.get('a')?.admin).toMatchObject({ admin: 'drain', reason: 'patching', until: null });
  });

  it('needs no reason', async () => {
    expect((await control({ service: 'a', admin: 'maint' })).code).toBe(0);
    expect(rig.store.get('a')?.admin.reason).toBe('set on the command line');
    expect((await control({ service: 'a', admin: 'ready' })).code).toBe(0);
    expect(rig.store.get('a')?.admin).toEqual({
      ...{ admin: 'ready', reason: null, until: null },
      by: { who: 'token', at: expect.any(Number) },
    });
  });

  it.each([
    ['y', 0, 'drain'],
    ['', 1, 'ready'],
    [null, 1, 'ready'],
  ] as const)('B941 at a terminal it says whom that touches and asks; %s', async (said, code, admin) => {
    for (const id of ['a', 'b']) rig.setState(id, 'in-service');
    const asked: string[] = [];
    const asking: Asking = {
      async ask(question) {
        asked.push(question);
        if (said === null) throw new AnswersEnded('no answer');
        return said;
      },
      end: () => asked.push('end'),
    };
    const { printed, output } = capture();
    const config = await writeConfig();
    expect(await runControl({ service: 'a', admin: 'drain', config }, output, Date.now(), asking)).toBe(code);
    expect(asked).toEqual(['Set a to drain? [y/N] ', 'end']);
    expect(printed.out).toMatch(/^Finesse a: 0 agents are signed in there and stay; .* Alternates: Finesse b\.\n/);
    if (code === 1) expect(printed.err).toBe('Nothing was set.\n');
    expect(rig.store.get('a')?.admin.admin).toBe(admin);
  });

  it('B941 a preview sets nothing and stands in no trail; who may only read may not ask for one either', async () => {
    const ask = (token: string, body: object) =>
      fetch(`${rig.origin}/services/a`, {
        ...{ method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${token}` } },
      });
    const body = { admin: 'maint', reason: 'patching', preview: true };
    const answer = await ask(TOKEN, body);
    expect(await answer.json()).toMatchObject({ service: 'a', admin: 'maint', stay: false, words: expect.any(String) });
    expect((await ask(READ_TOKEN, body)).status).toBe(403);
    expect((await ask(TOKEN, { ...body, preview: 'yes' })).status).toBe(400);
    expect(rig.store.get('a')?.admin.admin).toBe('ready');
    expect(rig.lines.filter(({ event }) => event.startsWith('service-'))).toEqual([]);
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
    'B284 B581 does not set the last service that admits new agents to %s, and says why, unless --yes is given',
    async (admin) => {
      rig.setState('a', 'in-service');
      rig.setState('b', 'in-service');
      await control({ service: 'b', admin: 'maint' });
      const refused = await control({ service: 'a', admin });
      // B581
      const fate = admin === 'drain' ? 'stay; nobody new is' : 'are led away at the next key or refresh; nobody is';
      const words = `Finesse a: 0 agents are signed in there and ${fate} admitted. There is no confirmed alternate now.`;
      expect(refused).toMatchObject({ code: 1, out: `${words} No service of the cluster would admit new agents.\n` });
      expect(refused.err).toBe(
        `With a in ${admin} no service of cluster main would admit new agents: b is set to maint. Nothing was set; add --yes to set it all the same.\n`,
      );
      expect(rig.store.get('a')?.admin.admin).toBe('ready');
      const done = await control({ service: 'a', admin, yes: true });
      expect(done.code).toBe(0);
      const problem = `no service admits new agents: a is set to ${admin}, b is set to maint`;
      expect(done.err).toBe(`Warning: main: ${problem}\n`);
      expect(rig.store.get('a')?.admin.admin).toBe(admin);
      expect((await status(await writeConfig())).out).toMatch(new RegExp(`^down(?:.*\n)*! main: ${problem}$`, 'm'));
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
    expect(err).toMatch(/does not know c; it knows a, b\./);
  });

  it('is 2 for a service that the running proxy has not been told of, and names those it knows', async () => {
    const config = await writeConfig();
    await appendFile(config, '      - { id: zed, name: Finesse Z, url: "http://127.0.0.1:3" }\n');
    const { code, err } = await control({ service: 'zed', admin: 'drain', config });
    expect(code).toBe(2);
    expect(err).toBe(
      'The running proxy does not know zed; it knows a, b. If the configuration has zed, reload it (SIGHUP).\n',
    );
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
    const other = await startOps({ operators: () => [{ name: 'token', token, may: 'set' }] });
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
