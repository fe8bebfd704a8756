/** Pushes as a site has them: `serve` from a file, a phone as a process of its own, and a client that posts as others do. */

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { createFinesse } from '../../src/simulators/finesse/server.ts';
import { freePort } from '../free-port.ts';
import { DEVICE, pushForm, startAuthentication, USER } from '../push-rig.ts';
import { fetchRaw } from '../rig.ts';
import { startServe, testFolder, writeConfig } from './serve-process.ts';

const RUNNER = fileURLToPath(new URL('phone-runner.ts', import.meta.url));

/** The phone command, headless; `saw` awaits a text in what it prints. */
function startPhoneProcess(args: readonly string[]): { child: ChildProcess; saw(text: string): Promise<void> } {
  const child = spawn(process.execPath, [RUNNER, 'phone', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let printed = '';
  let wake = () => {};
  child.stdout.on('data', (chunk) => {
    printed += String(chunk);
    wake();
  });
  return {
    child,
    async saw(text) {
      while (!printed.includes(text)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

it('a call, a push by hand and an outage reach the phone, and no credentials reach the log', async () => {
  const [pushPort, phonePort] = [await freePort(), await freePort()];
  const push = { ...USER, port: pushPort };
  const servers = ['a', 'b'].map((id) => createFinesse({ name: `finesse-${id}.example.com`, push }));
  const [a, b] = servers;
  if (a === undefined || b === undefined) throw new Error('no servers');
  await Promise.all(servers.map((server) => server.start()));
  const authentication = await startAuthentication();
  onTestFinished(async () => {
    await Promise.all([...servers, authentication].map((server) => server.stop()));
  });
  const folder = testFolder();
  writeFileSync(join(folder, 'push-password'), `${USER.password}\n`);
  const more = `reconnect: { interval: 1s, attempts: 3 }
push:
  listeners: [{ host: 127.0.0.1, port: ${pushPort} }]
  username: ${USER.username}
  password: { file: push-password }
  phoneScheme: http
  phonePorts: { http: ${phonePort} }
`;
  const phones = '  listeners: [{ host: 127.0.0.1, port: 0 }]\n  networks: [127.0.0.1]\n';
  const serve = startServe(writeConfig(folder, { a: a.url, b: b.url }, more, phones));
  const origin = await serve.phones();
  await serve.saw('ready');
  expect(await serve.saw('listening', { for: 'pushes' })).toMatchObject({ port: pushPort });

  const phone = startPhoneProcess([
    `${origin}/a/fippa/${DEVICE}?id=1001&password=cisco&extension=2001`,
    ...['--device', DEVICE, '--headless', '--web-port', String(phonePort)],
    ...['--auth-url', `http://127.0.0.1:${authentication.port}/`],
  ]);
  await phone.saw('Not Ready');
  a.call(DEVICE, '07115550100');
  await phone.saw('Caller: 07115550100');

  const url = `http://finesse-a.example.com:${a.port}/fippa/${DEVICE}/calldata`;
  const post = (user: string) =>
    fetchRaw(
      `http://127.0.0.1:${pushPort}/CGI/Execute`,
      {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Basic ${Buffer.from(user).toString('base64')}`,
      },
      pushForm(
        `<?xml version="1.0" encoding="UTF-8"?>\n<CiscoIPPhoneExecute>\n  <ExecuteItem URL="${url}" Priority="0" />\n</CiscoIPPhoneExecute>\n`,
      ),
    );
  expect((await post(`${USER.username}:${USER.password}`)).body).toContain('Data="Success"');
  await phone.saw(`${origin}/a/fippa/${DEVICE}/calldata`);
  expect((await post(`${USER.username}:wrong`)).body).toContain('<CiscoIPPhoneError Number="4"/>');

  await a.fault('refuse');
  await phone.saw('Finesse B');
  expect(await serve.saw('phones-told')).toMatchObject({ service: 'a', reason: 'verdict', delivered: 1 });
  const log = JSON.stringify(serve.lines) + serve.stderr();
  for (const secret of [USER.password, 'cisco', 'Basic']) expect(log).not.toContain(secret);
});
