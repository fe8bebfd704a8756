/** The real process with receivers: killed in the middle, reloaded, and ended. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, it, onTestFinished } from 'vitest';
import { createFinesse } from '../../src/simulators/finesse/server.ts';
import { SECRET, startReceiver } from '../webhook-receiver.ts';
import { startServe, testFolder, writeConfig } from './serve-process.ts';

async function finesse(): Promise<string> {
  const server = createFinesse({ name: 'finesse-a.example.com' });
  await server.start();
  onTestFinished(() => server.stop());
  return server.url;
}

const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
};

it('B604 what waits survives `kill -9`, comes under the same `webhook-id`, and once only', async () => {
  const folder = testFolder();
  const receiver = await startReceiver();
  receiver.answer = (response) => response.writeHead(503).end();
  const more = `state: { folder: state }\nwebhooks: [{ name: noc, url: "${receiver.url}", secret: ${SECRET} }]\n`;
  const file = writeConfig(folder, { a: await finesse() }, more);
  const first = startServe(file);
  await first.saw('webhook-failed', { webhook: 'noc', type: 'proxy.ready' });
  const outbox = join(folder, 'state', 'webhooks.jsonl');
  await until(() => {
    try {
      return readFileSync(outbox, 'utf8').includes('proxy.ready');
    } catch {
      return false;
    }
  });
  first.child.kill('SIGKILL');
  await first.ended;
  const headers = receiver.requests[0]?.headers ?? {};
  receiver.answer = (response) => response.writeHead(200).end();
  const second = startServe(file);
  await second.saw('ready');
  await until(() => receiver.requests.filter(({ json }) => json.type === 'ippa-proxy.proxy.ready').length >= 3);
  const again = receiver.requests.filter((request) => request.headers['webhook-id'] === headers['webhook-id']);
  expect(again).toHaveLength(2);
  expect(new Webhook(SECRET).verify(again[1]?.body ?? '', again[1]?.headers ?? {})).toEqual(again[0]?.json);
  second.child.kill('SIGTERM');
  expect((await second.ended).code).toBe(0);
  // The last thing that it says is that it ends.
  await until(() => receiver.requests.at(-1)?.json.type === 'ippa-proxy.proxy.stopping');
});

it('B624 B625 lines go to syslog up to the last one, and a reload changes where to', async () => {
  const folder = testFolder();
  let text = '';
  const server = createServer((socket) => {
    socket.on('error', () => {}).on('data', (chunk) => (text += String(chunk)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const file = writeConfig(folder, { a: await finesse() });
  const proxy = startServe(file);
  await proxy.saw('ready');
  const log = `log: { format: json, syslog: { url: "tcp://127.0.0.1:${port}", facility: local0, hostname: here } }\n`;
  writeFileSync(file, readFileSync(file, 'utf8').replace('log: { format: json }\n', log));
  proxy.child.kill('SIGHUP');
  await proxy.saw('syslog-connected');
  proxy.child.kill('SIGTERM');
  await proxy.ended;
  await until(() => text.includes('stopped'));
  expect(text).toMatch(/\d+ <134>1 \S+ here ippa-proxy \d+ stopped - \{"level":"info",/);
  expect(proxy.stderr()).toBe('');
});
