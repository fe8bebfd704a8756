/** From nothing to an agent on a phone: init, check, serve, and a phone that trusts the certificate that init made. */

import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { freePort } from '../free-port.ts';
import { startServe, testFolder } from './serve-process.ts';

const BIN = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));

async function startFinesse(name: string, peer: string): Promise<Finesse> {
  const server = createFinesse({ name, peer, tls: true });
  await server.start();
  onTestFinished(() => server.stop());
  return server;
}

async function run(args: readonly string[], input = ''): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: 'pipe' });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, text };
}

it('B760 init, check --probe, serve, and an agent signs in over TLS', async () => {
  const servers = [
    await startFinesse('finesse-a.example.com', 'finesse-b.example.com'),
    await startFinesse('finesse-b.example.com', 'finesse-a.example.com'),
  ];
  const file = join(testFolder(), 'ippa-proxy.yaml');
  const port = String(await freePort());
  const [plainPort, opsPort] = [String(await freePort()), String(await freePort())];
  const made = await run([
    ...['init', '--config', file, '--name', 'localhost', '--listen', '127.0.0.1', '--network', 'none'],
    ...['--port', port, '--plain-port', plainPort, '--ops-port', opsPort, '--alt-name', '127.0.0.1'],
    ...servers.flatMap(({ url, certificate }) => {
      return ['--finesse', url, '--trust', new X509Certificate(certificate ?? '').fingerprint256];
    }),
  ]);
  expect(made, made.text).toMatchObject({ code: 0 });
  const checked = await run(['check', file, '--probe']);
  expect(checked, checked.text).toMatchObject({ code: 0 });
  expect(checked.text).toContain('ok      a (Finesse A): in service');

  const serve = startServe(file);
  await serve.saw('ready');
  const ca = join(file, '../proxy.pem');
  const keys = ['type id=1001', 'type password=cisco', 'type extension=2001', 'submit', 'wait for State:', 'quit', ''];
  const url = `https://localhost:${port}/fippa/`;
  const phone = await run(['phone', url, '--device', 'SEP001122334455', '--ca', ca, '--headless'], keys.join('\n'));
  expect(phone, phone.text).toMatchObject({ code: 0 });
  await serve.saw('device-signed-in', { device: 'SEP001122334455', service: 'a' });
});

it('B761 asks at a terminal, and an end of input writes nothing', async () => {
  const server = await startFinesse('finesse-a.example.com', 'finesse-b.example.com');
  const folder = testFolder();
  const file = join(folder, 'ippa-proxy.yaml');
  // script(1) gives a process a terminal.
  const command = `exec ${process.execPath} ${BIN} init --config ${file} --network none --ops-port 8091`;
  const dialogue = (answers: Readonly<Record<string, string>>) => {
    const child = spawn('script', ['-qfec', command, '/dev/null'], { stdio: 'pipe' });
    let [text, left] = ['', Object.entries(answers)];
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
      const [question = '', answer = ''] = left[0] ?? [];
      if (left.length === 0 || !text.includes(question)) return;
      left = left.slice(1);
      child.stdin.write(answer);
    });
    return once(child, 'close').then(([code]) => ({ code, text }));
  };
  const ended = await dialogue({ 'Finesse servers': '\u0004' });
  expect(ended, ended.text).toMatchObject({ code: 1, text: expect.stringContaining('Nothing was written.') });
  expect(existsSync(file)).toBe(false);
  const answers = {
    'Finesse servers': `${server.url}\r`,
    'Name (or address)': 'ippa.example.com\r',
    'to be trusted?': 'y\r',
  };
  const made = await dialogue(answers);
  expect(made, made.text).toMatchObject({ code: 0 });
  expect(existsSync(file)).toBe(true);
});
