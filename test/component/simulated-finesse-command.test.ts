import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { finesseCommand } from '../../src/simulators/finesse/command.ts';
import {
  Control,
  createFinesse,
  type FinesseOptions,
  faultNames,
  type RunOptions,
  runFinesse,
} from '../../src/simulators/finesse.ts';
import { ask } from './simulated-finesse-client.ts';

const DEVICE = 'SEP001122334455';
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** `simulate finesse` in this process: what it says, what it is told, how it ends. */
function run(options: FinesseOptions, more: RunOptions = {}) {
  const abort = new AbortController();
  const stdin = new PassThrough();
  const said = new Words();
  const io = { stdout: said.add, stderr: said.add, stdin, signal: abort.signal };
  const code = runFinesse(options, more, io);
  ends.push(() => abort.abort());
  return { said, code, type: (line: string) => stdin.write(`${line}\n`) };
}

class Words {
  text = '';
  #waiting: (() => void)[] = [];

  readonly add = (more: string): void => {
    this.text += more;
    for (const check of this.#waiting) check();
  };

  /** Resolves once the words fit; what was said up to there is forgotten. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve) => {
      const check = () => {
        const match = pattern.exec(this.text);
        if (match === null) return;
        this.#waiting = this.#waiting.filter((other) => other !== check);
        this.text = this.text.slice(match.index + match[0].length);
        resolve(match);
      };
      this.#waiting.push(check);
      check();
    });
  }
}

async function control(): Promise<{ finesse: ReturnType<typeof createFinesse>; url: string }> {
  const finesse = createFinesse();
  const port = new Control(finesse, 0);
  await finesse.start();
  await port.start();
  ends.push(
    () => finesse.stop(),
    () => port.stop(),
  );
  return { finesse, url: port.url };
}

test('the control port switches faults, gives calls and shows the state', async () => {
  const { finesse, url } = await control();
  const post = (path: string, body: object | string) =>
    ask(url + path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  await ask(`${finesse.url}/fippa/${DEVICE}?id=1001&password=cisco&extension=2001`, {
    headers: { cookie: 'a=secret' },
  });
  const set = await post('/fault', { name: 'slow', ms: 10, count: 3 });
  expect([set.status, JSON.parse(set.body).fault]).toEqual([
    200,
    { name: 'slow', args: { ms: 10 }, scope: 'all', since: expect.any(String), left: 3 },
  ]);
  expect((await ask(`${url}/fault`, { method: 'DELETE' })).status).toBe(200);
  expect(finesse.currentFault.name).toBe('none');
  expect((await post('/call', { device: DEVICE, from: '0711555' })).status).toBe(200);
  const state = JSON.parse((await ask(`${url}/state`)).body);
  expect(state.signedIn).toEqual([{ agent: '1001', device: DEVICE, state: 'TALKING', call: '0711555' }]);
  expect((await post('/hangup', { agent: '1001' })).status).toBe(200);
  expect(JSON.parse((await ask(`${url}/actions`)).body)).toMatchObject([{ action: 'SIGN_IN', agent: '1001' }]);
  const requests = (await ask(`${url}/requests`)).body;
  expect(JSON.parse(requests)).toMatchObject([{ target: `/fippa/${DEVICE}?id=1001&password=***&extension=2001` }]);
  expect(requests).not.toMatch(/cisco|secret/);
  expect((await ask(`${url}/`)).body).toContain('POST   /fault');
});

test('the control port refuses what makes no sense, and web pages', async () => {
  const { finesse, url } = await control();
  const post = (body: string, headers = {}) => ask(`${url}/fault`, { method: 'POST', body, headers });
  for (const [body, words] of [
    ['{"name":"explode"}', 'There is no fault'],
    ['{"name":"slow","ms":"x"}', 'whole number'],
    ['refuse', 'not a JSON object'],
  ] as const) {
    const answer = await post(body);
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining(words)]);
  }
  expect((await post('{"name":"503"}', { origin: 'http://evil.example.com' })).status).toBe(403);
  expect((await post('{"name":"503"}', { host: 'evil.example.com' })).status).toBe(403);
  expect((await ask(`${url}/nothing`)).status).toBe(404);
  expect(finesse.currentFault.name).toBe('none');
});

test('it says where it listens, and obeys what is typed', async () => {
  const { said, type, code } = run({ controlPort: 0, name: 'fin-a.example.com' }, { verbose: true });
  const [, url] = await said.until(/SystemInfo {2}(http:\S+)\/finesse\/api\/SystemInfo/);
  await said.until(/simulate finesse fault http:\S+ refuse/);
  await said.until(/Ctrl-C ends it/);
  await ask(`${url}/fippa/${DEVICE}?id=1001&password=cisco&extension=2001`);
  await said.until(/127\.0\.0\.1 {2}GET \/fippa\/SEP001122334455\n/);
  type('refuse for=10m');
  await said.until(/Fault on: refuse for 600 s\./);
  type('none');
  await said.until(/Fault over/);
  type('slow ms=x');
  await said.until(/"ms" is a whole number/);
  type('slow 3000');
  await said.until(/"3000" is not of the form key=value/);
  type('fault 503 count=2');
  await said.until(/Fault on: 503 2 more requests/);
  type(`call ${DEVICE} from 0711`);
  await said.until(/has a call from 0711/);
  type('state');
  await said.until(/Agent 1001 on SEP001122334455: TALKING, call from 0711/);
  type('hangup 1001');
  await said.until(/is over/);
  type('help');
  await said.until(/out-of-service {2,}SystemInfo says OUT_OF_SERVICE/);
  type('quit');
  expect(await code).toBe(0);
  expect(said.text).not.toContain('extension=2001');
});

test('a port in use is 1, a bad option 2, each in plain words', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  ends.push(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const busy = run({ port });
  expect(await busy.code).toBe(1);
  expect(busy.said.text).toBe(`--port: 127.0.0.1 port ${port} is in use\n`);
  const control = run({ controlPort: port });
  expect(await control.code).toBe(1);
  expect(control.said.text).toContain(`--control-port: 127.0.0.1 port ${port} is in use`);
  const bad = run({ baseUrl: 'nonsense' });
  expect(await bad.code).toBe(2);
  const fault = run({}, { fault: 'explode' });
  expect(await fault.code).toBe(2);
});

const PROGRAM = `
import { CommanderError } from 'commander';
import { finesseCommand } from '${new URL('../../src/simulators/finesse.ts', import.meta.url)}';
const command = finesseCommand();
for (const each of [command, ...command.commands]) each.exitOverride();
try { await command.parseAsync(process.argv.slice(1), { from: 'user' }); }
catch (error) { if (!(error instanceof CommanderError)) throw error; process.exitCode = error.exitCode === 0 ? 0 : 2; }
`;

function start(...args: string[]): {
  child: ChildProcessWithoutNullStreams;
  said: Words;
  code: Promise<number | null>;
} {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', ...args]);
  const said = new Words();
  child.stdout.setEncoding('utf8').on('data', said.add);
  child.stderr.setEncoding('utf8').on('data', said.add);
  ends.push(() => child.kill('SIGKILL'));
  return { child, said, code: new Promise((resolve) => child.once('close', resolve)) };
}

test('as a command: one process runs, others switch its faults', async () => {
  const names = ['--name', 'fin-a.example.com', '--peer', 'fin-b.example.com'];
  const server = start(...names, '--control-port', '0', '--agent', '7:pw:70', '--no-cookies', '--fault', 'slow');
  const [, url] = await server.said.until(/phones {6}(http:\S+)\/fippa/);
  const [, controlUrl] = await server.said.until(/control {5}(http:\S+)/);
  const order = async (...args: string[]) => {
    const { said, code } = start(...args);
    return [await code, said.text] as const;
  };
  expect(await order('fault', controlUrl!, '503', 'count=1', 'scope=fippa')).toEqual([
    0,
    expect.stringContaining('"503"'),
  ]);
  expect((await ask(`${url}/fippa/${DEVICE}`)).status).toBe(503);
  const home = await ask(`${url}/fippa/${DEVICE}?id=7&password=pw&extension=70`);
  expect(home.body).toContain('7 Not Ready');
  expect((await order('call', controlUrl!, DEVICE, '0711'))[0]).toBe(0);
  expect(await order('state', controlUrl!)).toEqual([0, expect.stringContaining('TALKING')]);
  expect((await order('hangup', controlUrl!, DEVICE))[0]).toBe(0);
  expect(await order('fault', controlUrl!, 'explode')).toEqual([2, expect.stringContaining('There is no fault')]);
  expect(await order('fault', controlUrl!, 'slow', '3000')).toEqual([2, expect.stringContaining('key=value')]);
  expect(await order('fault', 'nonsense', 'slow')).toEqual([2, expect.stringContaining('is not a URL')]);
  server.child.kill('SIGTERM');
  expect(await server.code).toBe(0);
  expect(await order('fault', controlUrl!, 'none')).toEqual([1, expect.stringContaining('Nobody answers')]);
});

test('bad usage of the command is 2', async () => {
  for (const args of [['--port', 'x'], ['--role', 'third'], ['--agent', 'x'], ['--unknown'], ['nonsense']])
    expect([args, await start(...args).code]).toEqual([args, 2]);
});

test('the help of fault lists every fault with what it may be told', () => {
  const fault = finesseCommand().commands.find((each) => each.name() === 'fault');
  let help = '';
  fault
    ?.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    })
    .outputHelp();
  for (const name of faultNames) expect(help).toMatch(new RegExp(`^  ${name} +\\S`, 'm'));
  expect(help).toContain('[when=connect|request processed=yes|no]');
  expect(help).toContain('[ms=NUMBER]');
});
