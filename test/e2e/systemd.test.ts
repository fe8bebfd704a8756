/** What `serve` tells systemd: the real process, with a socket that stands for systemd's. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { createFinesse } from '../../src/simulators/finesse/server.ts';
import { startServe, testFolder, writeConfig } from './serve-process.ts';

/** Prints each message as a line, its assignments separated by spaces. */
const RECEIVER = `
use IO::Socket::UNIX; use Socket;
$| = 1;
my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
print "listening\\n";
while (1) { defined $socket->recv(my $text, 65536) or die; $text =~ tr/\\n/ /; print "$text\\n"; }
`;

interface FakeSystemd {
  readonly socket: string;
  readonly messages: readonly string[];
  /** The first message from `from` on that matches. */
  heard(pattern: RegExp, from?: number): Promise<string>;
}

async function startSystemd(folder: string): Promise<FakeSystemd> {
  const socket = join(folder, 'notify');
  const child: ChildProcess = spawn('perl', ['-e', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const messages: string[] = [];
  let wake = () => {};
  const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  await once(lines, 'line');
  lines.on('line', (line) => {
    // What `systemd-notify` adds of its own to learn that its message was read.
    if (!line.startsWith('BARRIER=1')) messages.push(line);
    wake();
  });
  return {
    socket,
    messages,
    async heard(pattern, from = 0) {
      for (;;) {
        const found = messages.slice(from).find((message) => pattern.test(message));
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

async function startFinesse() {
  const finesse = createFinesse({ name: 'finesse-a.example.com', peer: 'finesse-z.example.com' });
  await finesse.start();
  onTestFinished(() => finesse.stop());
  return finesse;
}

it('B700 B701 tells systemd when its listeners are up, around a reload and when it stops', async () => {
  const folder = testFolder();
  const systemd = await startSystemd(folder);
  const file = writeConfig(folder, { a: (await startFinesse()).url });
  const serve = startServe(file, 'env', `NOTIFY_SOCKET=${systemd.socket}`);
  await systemd.heard(/^READY=1/);
  // The log comes by a pipe of its own, and so perhaps later.
  await serve.saw('listening', { for: 'operators' });
  expect(serve.lines.filter(({ event }) => event === 'listening').length).toBe(2);
  serve.child.kill('SIGHUP');
  await serve.saw('reloaded');
  await systemd.heard(/^READY=1/, 1);
  writeFileSync(file, 'phones: 1\n');
  const refused = systemd.messages.length;
  serve.child.kill('SIGHUP');
  await systemd.heard(/^READY=1/, refused);
  serve.child.kill('SIGTERM');
  await systemd.heard(/^STOPPING=1/);
  expect(await serve.ended).toEqual({ code: 0, signal: null });
  expect(systemd.messages.map((message) => message.split(' ')[0])).toEqual([
    'READY=1',
    'RELOADING=1',
    'READY=1',
    'RELOADING=1',
    'READY=1',
    'STOPPING=1',
  ]);
});

it('B702 feeds the watchdog with what it heard from its own listener', async () => {
  const folder = testFolder();
  const systemd = await startSystemd(folder);
  const file = writeConfig(folder, { a: (await startFinesse()).url });
  startServe(file, 'env', `NOTIFY_SOCKET=${systemd.socket}`, 'WATCHDOG_USEC=600000');
  await systemd.heard(/WATCHDOG=1 STATUS=ok: 1 of 1 services in service, 0 phones signed in/);
  expect(systemd.messages.join('\n')).toContain('WATCHDOG=1');
});

it('B703 is silent outside systemd, and other children know nothing of its socket', async () => {
  const folder = testFolder();
  const systemd = await startSystemd(folder);
  const file = writeConfig(folder, { a: (await startFinesse()).url });
  const serve = startServe(file, 'env', '-u', 'NOTIFY_SOCKET', 'WATCHDOG_USEC=600000');
  await serve.saw('ready');
  serve.child.kill('SIGTERM');
  expect((await serve.ended).code).toBe(0);
  expect(systemd.messages).toEqual([]);
  expect(serve.lines.map(({ event }) => event)).not.toContain('systemd-not-told');
});

it('B703 serves on when nobody listens at the socket, and says so', async () => {
  const folder = testFolder();
  const file = writeConfig(folder, { a: (await startFinesse()).url });
  const serve = startServe(file, 'env', `NOTIFY_SOCKET=${join(folder, 'nobody')}`);
  await serve.saw('systemd-not-told');
  await serve.saw('ready');
  expect(serve.lines.map(({ event }) => event)).not.toContain('crashed');
});
