/**
 * A port for what has to be told one before it starts. Whoever asks the system for any port gets one from 32768 on; below that nobody
 * takes this one before it is used, or while what used it is ended and not yet started again, however many tests run beside this one.
 */

import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 20_000;
const PER_WORKER = 300;
const WORKERS = 40;

/** Workers that run at the same time have different numbers. */
const start = FIRST + (Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS) * PER_WORKER;
let next = Math.floor(Math.random() * PER_WORKER);

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PER_WORKER; tries += 1) {
    const port = start + (next++ % PER_WORKER);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port is free from ${start} to ${start + PER_WORKER - 1}`);
}

/** At all addresses of this machine. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
