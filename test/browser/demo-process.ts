/** `ippa-proxy demo` as a process of its own, on free ports, as somebody who has just cloned it would start it. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';

const BIN = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));

export interface DemoProcess {
  /** Origin of the ops port. */
  readonly ops: string;
  /** What it printed, its log included. */
  printed(): string;
  stop(): Promise<void>;
}

export async function startDemo(): Promise<DemoProcess> {
  const [port, opsPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [BIN, 'demo', '--port', `${port}`, '--ops-port', `${opsPort}`]);
  let text = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`the demonstration ended with ${code}: ${text}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += String(chunk);
        if (text.includes('ready')) resolve();
      });
    }
  });
  await ready;
  return {
    ops: `http://127.0.0.1:${opsPort}`,
    printed: () => text,
    async stop() {
      const closed = once(child, 'close');
      child.kill('SIGINT');
      await closed;
    },
  };
}
