/** Two installations that share a store, from the command line: phones go on at the other one when the first is killed. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { dumpRedis, startRedis, until } from '../redis-rig.ts';
import { fetchRaw } from '../rig.ts';
import { startServe, testFolder } from './serve-process.ts';

const BIN = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));
const TOKEN = 'CANARYtoken';
const PHONE = 'SEP001122334455';

async function startFinesse(name: string): Promise<Finesse> {
  const agents = [{ id: '1001', password: 'CANARYpassword', extension: '2001' }];
  const server = createFinesse({ name: `finesse-${name}.example.com`, peer: 'finesse-z.example.com', agents });
  await server.start();
  onTestFinished(() => server.stop());
  return server;
}

const run = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [BIN, ...args]).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
  );

it('B664 a proxy that is killed is not missed: the other one knows its phones, and `check --probe` and `doctor` try the store', async () => {
  const redis = await startRedis();
  onTestFinished(redis.stop);
  await redis.ask('ACL', 'SETUSER', 'ippa', 'on', '>CANARYstore', '~ippa:*', '+@all');
  const [a, b] = [await startFinesse('a'), await startFinesse('b')];
  const install = () => {
    const folder = testFolder();
    writeFileSync(join(folder, 'store-password'), 'CANARYstore\n', { mode: 0o600 });
    const file = join(folder, 'ippa.yaml');
    const probe = 'probe: { interval: 1s, timeout: 800ms }';
    const store = `{ url: "redis://127.0.0.1:${redis.port}", username: ippa, password: { file: store-password }, poll: 50ms, timeout: 1s }`;
    writeFileSync(
      file,
      `phones: { listeners: [{ host: 127.0.0.1, port: 0 }] }
ops: { port: 0, token: ${TOKEN} }
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "${a.url}", ${probe} }
      - { id: b, name: Finesse B, url: "${b.url}", ${probe} }
store: { redis: ${store} }
state: { folder: state }
log: { format: json }
`,
    );
    return file;
  };
  const files = [install(), install()] as const;
  const checked = await run('check', files[0], '--probe');
  expect(checked).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/Other proxies\n.*ok +127\.0\.0\.1:\d+: works, redis/s),
  });

  const [one, two] = files.map((file) => startServe(file)) as [
    ReturnType<typeof startServe>,
    ReturnType<typeof startServe>,
  ];
  for (const serve of [one, two]) {
    await serve.saw('ready');
    await serve.saw('store-connected');
  }
  const ask = async (serve: typeof one, path: string) => (await fetchRaw(`${await serve.phones()}${path}`)).body;
  expect(await ask(one, `/b/fippa/${PHONE}?id=1001&password=CANARYpassword&extension=2001`)).toContain('1001');
  const known = async () => {
    const { body } = await fetchRaw(`${await two.ops()}/devices`, { authorization: `Bearer ${TOKEN}` });
    return body.includes(PHONE);
  };
  await until(known, 'known at the second');
  one.child.kill('SIGKILL');
  await one.ended;
  // The front door of the other one leads to where the phone is signed in.
  expect(await ask(two, `/fippa/${PHONE}`)).toContain('finesse-b.example.com');
  const dump = await dumpRedis(redis);
  expect(dump).toContain('2001');
  const logs = JSON.stringify([one.lines, two.lines]) + one.stderr() + two.stderr() + checked.stdout;
  expect(dump + logs).not.toContain('CANARY');

  await redis.ask('ACL', 'SETUSER', 'ippa', 'resetpass', '>another');
  const doctor = await run('doctor', '--config', files[1], '--json');
  expect(doctor.stdout).toContain('store-refused');
  expect(doctor.stdout).not.toContain('CANARY');
  expect((await run('check', files[1], '--probe')).code).toBe(1);
}, 170_000);
