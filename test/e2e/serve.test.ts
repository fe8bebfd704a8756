/** The real process: signals, changed files, two copies. */

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { openRaw } from '../component/raw-sockets.ts';
import { fetchRaw } from '../rig.ts';
import { startServe, startServeByNpm, testFolder, writeConfig } from './serve-process.ts';

const BIN = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));

const finesse: Finesse[] = [];
afterEach(async () => {
  await Promise.all(finesse.splice(0).map((server) => server.stop()));
});

async function startFinesse(name = 'a'): Promise<Finesse> {
  const server = createFinesse({ name: `finesse-${name}.example.com`, peer: 'finesse-z.example.com' });
  await server.start();
  finesse.push(server);
  return server;
}

const PHONE = 'SEP001122334455';
const SIGN_IN = `?id=1001&password=cisco&extension=2001`;
const health = async (ops: string) => JSON.parse((await fetchRaw(`${ops}/health`)).body);
/** Asks until it holds. */
async function until<T>(ask: () => Promise<T>, holds: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await ask();
    if (holds(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('SIGHUP', () => {
  it('B201 B202 loads what changed, keeps the health and the phones of the rest, and says what changed', async () => {
    const [a, b, c] = [await startFinesse('a'), await startFinesse('b'), await startFinesse('c')];
    const folder = testFolder();
    const file = writeConfig(folder, { a: a.url, b: b.url });
    const serve = startServe(file);
    const [phones, ops] = [await serve.phones(), await serve.ops()];
    await serve.saw('ready');
    await fetchRaw(`${phones}/a/fippa/${PHONE}${SIGN_IN}`);
    const before = (await health(ops)).services[0];
    expect(before).toMatchObject({ id: 'a', state: 'in-service', phones: 1 });

    writeConfig(folder, { a: a.url, c: c.url }, 'reconnect: { interval: 2s, attempts: 2 }\n');
    serve.child.kill('SIGHUP');
    await serve.saw('reloaded');
    expect(
      serve.lines.filter(({ event }) => event === 'configuration-changed').map(({ key, change }) => [key, change]),
    ).toEqual([
      ['clusters[main].services[b]', 'removed'],
      ['clusters[main].services[c]', 'added'],
      ['reconnect.interval', 'from 5s to 2s'],
      ['reconnect.attempts', 'from 3 to 2'],
    ]);
    const after = (await health(ops)).services;
    expect(after.map(({ id }: { id: string }) => id)).toEqual(['a', 'c']);
    expect(after[0]).toMatchObject({ state: 'in-service', since: before.since, phones: 1 });
    await until(
      () => health(ops),
      ({ services }) => services[1].state === 'in-service',
    );
    expect((await fetchRaw(`${phones}/c/fippa/${PHONE}`)).body).toContain('CiscoIPPhoneInput');
    expect((await fetchRaw(`${phones}/b/fippa/${PHONE}`)).body).toContain('CiscoIPPhoneText');
  });

  it('B204 drops no request: what is under way ends by the old configuration', async () => {
    const [a, b] = [await startFinesse('a'), await startFinesse('b')];
    const folder = testFolder();
    const serve = startServe(writeConfig(folder, { a: a.url, b: b.url }));
    const phones = await serve.phones();
    await serve.saw('ready');
    await a.fault('slow', { ms: 1000, scope: 'fippa' });
    const slow = fetchRaw(`${phones}/a/fippa/${PHONE}`);
    await until(
      async () => a.requests,
      (seen) => seen.some(({ target }) => target.startsWith('/fippa/')),
    );
    writeConfig(folder, { b: b.url });
    serve.child.kill('SIGHUP');
    await serve.saw('reloaded');
    expect((await slow).body).toContain('CiscoIPPhoneInput');
    expect(a.requests.filter(({ target }) => target.startsWith('/fippa/')).length).toBe(1);
  });

  it('B200 changes nothing by a bad file and says what is wrong, templates included', async () => {
    const a = await startFinesse();
    const folder = testFolder();
    const file = writeConfig(folder, { a: a.url });
    const good = readFileSync(file, 'utf8');
    const serve = startServe(file);
    const [phones, ops] = [await serve.phones(), await serve.ops()];
    await serve.saw('ready');
    const { services } = await health(ops);
    writeFileSync(file, good.replace('id: a,', 'id: a, adress: x,'));
    serve.child.kill('SIGHUP');
    await serve.saw('reload-refused', { key: 'clusters[0].services[0].adress', line: 7 });
    writeFileSync(join(folder, 'error.xml'), '<CiscoIPPhoneText');
    writeFileSync(file, `${good}pages: { folder: "." }\n`);
    const from = serve.lines.length;
    serve.child.kill('SIGHUP');
    await serve.saw('reload-refused', { file: join(folder, 'error.xml') }, from);
    writeFileSync(file, `${good.replace('id: a,', 'id: a, adress: x,')}pages: { folder: ".", languages: [en, xx] }\n`);
    const third = serve.lines.length;
    serve.child.kill('SIGHUP');
    await serve.saw('reload-refused', { key: 'clusters[0].services[0].adress', line: 7 }, third);
    const language = await serve.saw('reload-refused', { key: 'pages.languages[1]' }, third);
    expect(language.problem).toContain('found "xx"; allowed: bg, ca');
    await serve.saw('reload-refused', { file: join(folder, 'error.xml') }, third);
    expect((await health(ops)).services[0].since).toBe(services[0].since);
    expect((await fetchRaw(`${phones}/a/fippa/${PHONE}`)).body).toContain('CiscoIPPhoneInput');
    expect(serve.lines.some(({ event }) => event === 'reloaded')).toBe(false);
  });

  it('B205 says which changes of listeners need a restart, and applies the rest', async () => {
    const a = await startFinesse();
    const folder = testFolder();
    const serve = startServe(writeConfig(folder, { a: a.url }));
    await serve.saw('ready');
    writeConfig(folder, { a: a.url }, 'pages: { languages: [de] }\n', '  listeners: [{ host: 127.0.0.2, port: 0 }]\n');
    serve.child.kill('SIGHUP');
    expect(await serve.saw('reloaded')).toMatchObject({ changes: 1, restartNeeded: 2 });
    expect(
      serve.lines.filter(({ event }) => event === 'restart-needed').map(({ key, change }) => [key, change]),
    ).toEqual([
      ['phones.listeners[0] (http on 127.0.0.1 port 0)', 'removed'],
      ['phones.listeners[0] (http on 127.0.0.2 port 0)', 'added'],
    ]);
    const page = await fetchRaw(`${await serve.phones()}/nothing`, { 'accept-language': 'en' });
    expect(page.body).toMatch(/Adresse/);
  });

  it.runIf(process.platform === 'linux')(
    'B285 B288 that is refused stands in /health until one is fine, a state folder that cannot be written to say',
    async () => {
      const a = await startFinesse();
      const folder = testFolder();
      const serve = startServe(writeConfig(folder, { a: a.url }, 'state: { folder: state }\n'));
      await serve.saw('ready');
      const ops = await serve.ops();
      const problems = async () => (await health(ops)).problems;
      expect(await problems()).toEqual([]);
      const file = writeConfig(folder, { a: a.url }, 'state: { folder: /proc/state }\n');
      serve.child.kill('SIGHUP');
      expect(await serve.saw('reload-refused', { key: 'state.folder' })).toMatchObject({ file, line: 9 });
      await until(problems, ([problem = '']) =>
        problem.includes(`refused, and nothing has changed: ${file}:9: state.folder`),
      );
      writeConfig(folder, { a: a.url }, 'state: { folder: state }\n');
      serve.child.kill('SIGHUP');
      await serve.saw('reloaded');
      expect(await problems()).toEqual([]);
    },
  );

  it.runIf(process.platform === 'linux')(
    'B289 by the unit fails, with words, when the configuration is wrong',
    async () => {
      const a = await startFinesse();
      const folder = testFolder();
      const file = writeConfig(folder, { a: a.url });
      const serve = startServe(file);
      await serve.saw('ready');
      const unit = readFileSync(fileURLToPath(new URL('../../packaging/ippa-proxy.service', import.meta.url)), 'utf8');
      const commands = [...unit.matchAll(/^ExecReload=(.*)$/gm)].map(([, command = '']) =>
        command
          .replace('/usr/bin/ippa-proxy', `${process.execPath} ${BIN}`)
          .replace('/etc/ippa-proxy/ippa-proxy.yaml', file)
          .replace(/\$\{MAINPID\}/, String(serve.child.pid)),
      );
      expect(commands.length).toBe(2);
      /** As systemd does it: one after the other, the next one only if the last was fine. */
      const reload = async () => {
        for (const command of commands) await promisify(execFile)('/bin/sh', ['-c', command]);
      };
      writeConfig(folder, { a: a.url }, 'reconnect: { attempts: none }\n');
      await expect(reload()).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/ippa\.yaml:9: reconnect\.attempts: found "none"; allowed: /),
      });
      writeConfig(folder, { a: a.url }, 'state: { folder: /proc/state }\n');
      await expect(reload()).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringContaining('state.folder: found "'),
      });
      expect(serve.lines.some(({ event }) => event === 'reloading')).toBe(false);
      writeConfig(folder, { a: a.url }, 'reconnect: { attempts: 4 }\n');
      await reload();
      await serve.saw('configuration-changed', { key: 'reconnect.attempts' });
    },
  );

  it('B200 is not needed when the file is watched', async () => {
    const a = await startFinesse();
    const folder = testFolder();
    const file = writeConfig(folder, { a: a.url }, 'reload: { watch: true }\n');
    const serve = startServe(file);
    await serve.saw('ready');
    writeFileSync(file, `${readFileSync(file, 'utf8')}reconnect: { attempts: 4 }\n`);
    await serve.saw('reloading', { why: 'file' });
    const change = await serve.saw('configuration-changed', { key: 'reconnect.attempts' });
    expect(change).toMatchObject({ change: 'from 3 to 4' });
  });
});

describe('SIGTERM', () => {
  it('B210 B211 turns /readyz first, closes every connection with its answer, finishes what is under way, ends with 0', async () => {
    const a = await startFinesse();
    const serve = startServe(writeConfig(testFolder(), { a: a.url }, 'stop: { pause: 3s, within: 20s }\n'));
    const [phones, ops] = [await serve.phones(), await serve.ops()];
    await serve.saw('ready');
    const port = Number(new URL(phones).port);
    const kept = openRaw(port);
    kept.write(`GET /a/fippa/${PHONE} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(await kept.received('</CiscoIPPhoneInput>')).toContain('Connection: keep-alive');
    await a.fault('slow', { ms: 4000, scope: 'fippa' });
    const slow = openRaw(port);
    slow.write(`GET /a/fippa/${PHONE}/ready HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(
      async () => a.requests,
      (seen) => seen.some(({ target }) => target.endsWith('/ready')),
    );
    serve.child.kill('SIGTERM');
    await serve.saw('stopping', { signal: 'SIGTERM' });
    expect((await fetchRaw(`${ops}/readyz`)).status).toBe(503);
    // In the pause new phones are still served.
    await a.fault('none');
    kept.write(`GET /a/fippa/${PHONE} HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect((await kept.closed).text).toMatch(/Connection: close[\s\S]*<\/CiscoIPPhoneInput>\s*$/);
    expect((await fetchRaw(`${phones}/a/fippa/${PHONE}`)).body).toContain('CiscoIPPhoneInput');
    const { text } = await slow.closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*<\/CiscoIPPhone\w+>\s*$/);
    expect(await serve.ended).toEqual({ code: 0, signal: null });
    expect(serve.lines.at(-1)?.event).toBe('stopped');
  });

  it('B211 keeps the ops port until phones are done', async () => {
    const a = await startFinesse();
    const serve = startServe(writeConfig(testFolder(), { a: a.url }));
    const [phones, ops] = [await serve.phones(), await serve.ops()];
    await serve.saw('ready');
    await a.fault('slow', { ms: 1500, scope: 'fippa' });
    const slow = fetchRaw(`${phones}/a/fippa/${PHONE}`);
    await until(
      async () => a.requests,
      (seen) => seen.some(({ target }) => target.startsWith('/fippa/')),
    );
    serve.child.kill('SIGTERM');
    await serve.saw('stopping');
    expect((await fetchRaw(`${ops}/livez`)).status).toBe(200);
    expect((await fetchRaw(`${ops}/readyz`)).status).toBe(503);
    expect((await slow).body).toContain('CiscoIPPhoneInput');
    expect((await serve.ended).code).toBe(0);
  });

  it('B212 ends within the configured time whatever is under way', async () => {
    const a = await startFinesse();
    const serve = startServe(
      writeConfig(
        testFolder(),
        { a: a.url },
        'stop: { within: 1s }\n',
        '  listeners: [{ host: 127.0.0.1, port: 0 }]\n  answerWithin: 10s\n',
      ),
    );
    const phones = await serve.phones();
    await serve.saw('ready');
    await a.fault('silent');
    const stuck = openRaw(Number(new URL(phones).port));
    stuck.write(`GET /a/fippa/${PHONE} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(
      async () => a.requests,
      (seen) => seen.some(({ target }) => target.startsWith('/fippa/')),
    );
    const from = performance.now();
    serve.child.kill('SIGTERM');
    expect((await serve.ended).code).toBe(0);
    // Without the limit it would be the ten seconds of answerWithin.
    expect(performance.now() - from).toBeLessThan(7000);
    await stuck.closed;
  });

  it('B212 ends at once by a second signal', async () => {
    const a = await startFinesse();
    const serve = startServe(writeConfig(testFolder(), { a: a.url }, 'stop: { pause: 5m, within: 10m }\n'));
    await serve.saw('ready');
    serve.child.kill('SIGTERM');
    await serve.saw('stopping');
    serve.child.kill('SIGTERM');
    expect((await serve.ended).code).toBe(1);
  });
});

const HANGING = fileURLToPath(new URL('hanging-start.ts', import.meta.url));

it.runIf(process.platform !== 'win32')('B843 a second signal ends a start that hangs, too', async () => {
  const a = await startFinesse();
  const file = writeConfig(testFolder(), { a: a.url });
  const serve = startServe(file, 'env', `NODE_OPTIONS=--import=${HANGING}`);
  await serve.saw('hanging');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) serve.child.kill(signal);
  expect(await serve.ended).toEqual({ code: 1, signal: null });
});

/** Until no signal to the process is pending: a second one would be the same as the first. */
function waitUntilTaken(pid: number): void {
  if (process.platform !== 'linux') return;
  while (!/^ShdPnd:\s*0+$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
}

describe('SIGINT', () => {
  /** A request of a phone that Finesse takes its time to answer. */
  const startSlow = async (a: Finesse, phones: string): Promise<{ readonly page: ReturnType<typeof fetchRaw> }> => {
    await a.fault('slow', { ms: 1500, scope: 'fippa' });
    const seen = async () => a.requests.filter(({ target }) => target.startsWith('/fippa/')).length;
    const before = await seen();
    const page = fetchRaw(`${phones}/a/fippa/${PHONE}`);
    await until(seen, (count) => count > before);
    return { page };
  };

  it('B290 twice for one Ctrl-C is one: what is under way is finished, and it ends with 0', async () => {
    const a = await startFinesse();
    for (;;) {
      const serve = startServe(writeConfig(testFolder(), { a: a.url }));
      const phones = await serve.phones();
      await serve.saw('ready');
      const slow = await startSlow(a, phones);
      const from = performance.now();
      serve.child.kill('SIGINT');
      // Not by the line that says so: it may be read here, on a busy machine, when the half second is over.
      waitUntilTaken(serve.child.pid ?? 0);
      serve.child.kill('SIGINT');
      // Later than that they are two, and nothing was tried.
      if (performance.now() - from > 400) {
        await Promise.all([slow.page.catch(() => null), serve.ended]);
        await a.fault('none');
        continue;
      }
      await serve.saw('stopping', { signal: 'SIGINT' });
      expect((await slow.page).body).toContain('CiscoIPPhoneInput');
      expect((await serve.ended).code).toBe(0);
      return;
    }
  });

  it('B839 a SIGTERM in the same instant counts too', async () => {
    const a = await startFinesse();
    const serve = startServe(writeConfig(testFolder(), { a: a.url }, 'stop: { pause: 5m, within: 10m }\n'));
    await serve.saw('ready');
    // Both are there when it goes on. Which is heard first is the system's choice: each of the threads of Node may take one.
    for (const signal of ['SIGSTOP', 'SIGINT', 'SIGTERM', 'SIGCONT'] as const) serve.child.kill(signal);
    expect(await serve.ended).toEqual({ code: 1, signal: null });
    expect(serve.lines.filter(({ event }) => event === 'stopping')).toHaveLength(1);
    expect(serve.lines.at(-1)).toMatchObject({ event: 'stopped' });
  });

  it('B290 a SIGTERM after it counts at once, and so does a SIGINT that comes later', async () => {
    const a = await startFinesse();
    const stuck = 'stop: { pause: 5m, within: 10m }\n';
    for (const [second, waitMs] of [
      ['SIGTERM', 0],
      ['SIGINT', 600],
    ] as const) {
      const serve = startServe(writeConfig(testFolder(), { a: a.url }, stuck));
      await serve.saw('ready');
      serve.child.kill('SIGINT');
      await serve.saw('stopping');
      // What is tested is the time itself.
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      serve.child.kill(second);
      expect((await serve.ended).code).toBe(1);
    }
  });

  it.runIf(process.platform !== 'win32')('B290 of a terminal under npm start ends it in order, with 0', async () => {
    const a = await startFinesse();
    const file = writeConfig(testFolder(), { a: a.url });
    // A group of its own is what a terminal sends SIGINT to: npm, its shell and the proxy get it, and npm passes it on once more.
    const serve = startServeByNpm(file);
    const phones = await serve.phones();
    await serve.saw('ready');
    const slow = await startSlow(a, phones);
    process.kill(-(serve.child.pid ?? 0), 'SIGINT');
    expect((await slow.page).body).toContain('CiscoIPPhoneInput');
    expect(await serve.ended).toEqual({ code: 0, signal: null });
    expect(serve.lines.at(-1)).toMatchObject({ event: 'stopped', level: 'info' });
  });
});

describe('the start', () => {
  it('B200 with a wrong configuration tells all that is wrong, pages included, and ends with 2', async () => {
    const folder = testFolder();
    const file = writeConfig(folder, { a: 'http://127.0.0.1:1' }, 'pages: { folder: ".", languages: [xx] }\nx: 1\n');
    writeFileSync(join(folder, 'error.xml'), '<CiscoIPPhoneText');
    const serve = startServe(file);
    expect((await serve.ended).code).toBe(2);
    expect(serve.stderr()).toContain(': x: found an unknown key');
    expect(serve.stderr()).toMatch(/:\d+: pages\.languages\[0\]: found "xx"; allowed: bg, ca, .*, zh-TW\n/);
    expect(serve.stderr()).toContain(`${join(folder, 'error.xml')}:1: `);
  });

  it('B213 of a demo whose port is taken names the option that chose it', async () => {
    const [a, b] = [await startFinesse('a'), await startFinesse('b')];
    const taken = new URL(a.url).port;
    const free = new URL(b.url).port;
    await b.stop();
    const demo = (...ports: readonly [string, string]) =>
      promisify(execFile)(process.execPath, [BIN, 'demo', '--port', ports[0], '--ops-port', ports[1]]);
    const problem = `port ${taken} on 127.0.0.1 is already in use`;
    await expect(demo(taken, free)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(`^--port: ${problem}`),
    });
    await expect(demo(free, taken)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(`^--ops-port: ${problem}`),
    });
  });

  it('B213 of a second copy names the key whose port is taken, and ends with 1', async () => {
    const a = await startFinesse();
    const first = startServe(writeConfig(testFolder(), { a: a.url }));
    const [phones, ops] = [await first.phones(), await first.ops()];
    const port = (origin: string) => new URL(origin).port;
    const folder = testFolder();
    const file = writeConfig(folder, { a: a.url }, '', `  listeners: [{ host: 127.0.0.1, port: ${port(phones)} }]\n`);
    const second = startServe(file);
    expect((await second.ended).code).toBe(1);
    expect(second.stderr()).toMatch(/^phones\.listeners\[0\]\.port: port \d+ on 127\.0\.0\.1 is already in use/);
    writeFileSync(file, readFileSync(file, 'utf8').replace('ops: { port: 0 }', `ops: { port: ${port(ops)} }`));
    const third = startServe(file);
    expect((await third.ended).code).toBe(1);
    expect(third.stderr()).toMatch(/^ops\.port: port \d+ on 127\.0\.0\.1 is already in use/);
    expect((await fetchRaw(`${ops}/livez`)).status).toBe(200);
  });

  it.runIf(process.platform === 'linux')(
    'B285 with a state folder that cannot be written to tells the key, and ends with 2',
    async () => {
      const folder = testFolder();
      const serve = startServe(writeConfig(folder, { a: 'http://127.0.0.1:1' }, 'state: { folder: /proc/state }\n'));
      expect((await serve.ended).code).toBe(2);
      expect(serve.stderr()).toMatch(
        /ippa\.yaml:9: state\.folder: found "\/proc\/state", which cannot be written to \(ENOENT.*\); allowed: a folder that this user can write to\n$/,
      );
    },
  );

  it('B214 trusts no state that is broken or over: it serves, and says what it could not read', async () => {
    const a = await startFinesse();
    const folder = testFolder();
    const file = writeConfig(folder, { a: a.url }, 'state: { folder: "." }\n');
    const state = (setting: object) => writeFileSync(join(folder, 'admin.json'), JSON.stringify({ a: setting }));
    state({ admin: 'maint', reason: 'over', until: Date.now() - 1000 });
    const serve = startServe(file);
    await serve.saw('ready');
    expect((await health(await serve.ops())).services[0].admin).toBe('ready');
    serve.child.kill('SIGTERM');
    await serve.ended;
    writeFileSync(join(folder, 'admin.json'), '{"a": {"admin": "ma');
    const again = startServe(file);
    await again.saw('state-not-read');
    await again.saw('ready');
    expect((await health(await again.ops())).services[0]).toMatchObject({ admin: 'ready', state: 'in-service' });
  });
});
