/** A real redis-server, or valkey-server (`STORE_SERVER`), and Sentinels, for a test: on ports of their own, frozen, killed and started again as it likes. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisConfig } from '../src/config/config.ts';
import { freePort } from './free-port.ts';

export interface RedisServer {
  readonly port: number;
  readonly folder: string;
  /** Asks it as the test itself, beside the proxies. */
  ask(...command: readonly (string | number)[]): Promise<unknown>;
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
  /** After `kill`: the same port and folder, with what it had saved. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const SERVER = process.env.STORE_SERVER ?? 'redis-server';

export async function startRedis(args: readonly string[] = [], fixedPort?: number): Promise<RedisServer> {
  const port = fixedPort ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'ippa-redis-'));
  let child: ChildProcess | null = null;
  let client: Redis | null = null;

  const connect = async () => {
    const fresh = new Redis({ port, lazyConnect: true, retryStrategy: () => null, protocol: 2 });
    fresh.on('error', () => {});
    await fresh.connect();
    client = fresh;
    return fresh;
  };
  const start = async () => {
    const base = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--loglevel',
      'warning',
    ];
    child = spawn(SERVER, [...base, ...args], { stdio: 'ignore' });
    for (let tries = 0; ; tries += 1) {
      try {
        await connect();
        return;
      } catch (error) {
        if (tries > 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
  };
  const kill = async () => {
    client?.disconnect();
    client = null;
    const dying = child;
    child = null;
    if (dying === null || dying.exitCode !== null) return;
    const gone = once(dying, 'exit');
    dying.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    ...{ port, folder, start, kill },
    async ask(name, ...parts) {
      if (client === null) throw new Error('the server is not running');
      // Sentinels close connections of clients when they make a replica of a master, or the other way round.
      const usable = client.status === 'ready' ? client : await connect();
      return usable.call(String(name), ...parts);
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async stop() {
      child?.kill('SIGCONT');
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A Sentinel that watches the master at this port. */
export async function startSentinel(
  masterPort: number,
): Promise<{ readonly port: number; stop(): Promise<void>; info(): Promise<string> }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'ippa-sentinel-'));
  const file = join(folder, 'sentinel.conf');
  writeFileSync(
    file,
    [
      ...[`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, `sentinel monitor ippa 127.0.0.1 ${masterPort} 2`],
      ...['sentinel down-after-milliseconds ippa 1000', 'sentinel failover-timeout ippa 4000'],
      'sentinel parallel-syncs ippa 1',
    ].join('\n'),
  );
  const child = spawn('redis-sentinel', [file], { stdio: 'ignore' });
  const client = new Redis({ port, protocol: 2, enableReadyCheck: false, retryStrategy: () => 50 });
  client.on('error', () => {});
  return {
    port,
    info: async () => String(await client.call('INFO', 'sentinel')),
    async stop() {
      client.disconnect();
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** How proxies of a test reach it: asked often, so that tests are quick. */
export function redisConfig(port: number, more: Partial<RedisConfig> = {}): RedisConfig {
  return {
    ...{ servers: [{ host: '127.0.0.1', port }], name: null, username: null, password: null },
    ...{ sentinelUsername: null, sentinelPassword: null, tls: null, database: 0, prefix: 'ippa:' },
    // An answer may be late on a busy machine: less than half of the second after which a store is taken for gone.
    ...{ pollMs: 50, timeoutMs: 450, rereadMs: 60_000 },
    ...more,
  };
}

/** Everything that is in it, as text, names of keys included: to be searched. */
export async function dumpRedis(server: RedisServer): Promise<string> {
  const keys = (await server.ask('KEYS', '*')) as string[];
  const parts: string[] = [];
  for (const key of keys) {
    const type = await server.ask('TYPE', key);
    const content =
      type === 'hash'
        ? await server.ask('HGETALL', key)
        : type === 'stream'
          ? await server.ask('XRANGE', key, '-', '+')
          : await server.ask('GET', key);
    parts.push(`${key} ${JSON.stringify(content)}`);
  }
  return parts.join('\n');
}

/** Waits until it holds, looking every 20 ms. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, withinMs = 25_000): Promise<number> {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - began;
}
