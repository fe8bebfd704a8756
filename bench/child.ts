/** Processes of the benchmark: started, asked, measured, ended. */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface Asked<Order> {
  readonly pid: number;
  ask<Result>(order: Omit<Order, 'id'>): Promise<Result>;
  /** Result of the first message, which it sends by itself. */
  readonly hello: unknown;
  stop(): void;
}

/** A module of this folder as a process that takes orders by messages. */
export async function startAsked<Order>(module: string, args: readonly string[] = []): Promise<Asked<Order>> {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), [...args], { execArgv: ['--expose-gc'] });
  const waiting = new Map<number, (result: unknown) => void>();
  const hello = new Promise<unknown>((resolve) => waiting.set(0, resolve));
  child.on('message', (message: { id: number; result: unknown }) => {
    waiting.get(message.id)?.(message.result);
    waiting.delete(message.id);
  });
  let last = 0;
  return {
    pid: child.pid as number,
    hello: await hello,
    ask: <Result>(order: Omit<Order, 'id'>) =>
      new Promise<Result>((resolve) => {
        last += 1;
        waiting.set(last, resolve as (result: unknown) => void);
        child.send({ ...order, id: last });
      }),
    stop: () => child.disconnect(),
  };
}

export interface Started {
  readonly pid: number;
  /** Standard output so far. */
  output(): string;
  stop(): Promise<void>;
}

export function start(command: string, args: readonly string[]): Started {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  // Nothing stays behind when the benchmark itself fails.
  process.once('exit', () => child.kill('SIGKILL'));
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  let stopping = false;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void ended.then(() => {
    if (!stopping) throw new Error(`${command} ${args.join(' ')} ended by itself: ${errors}${output}`);
  });
  return {
    pid: child.pid as number,
    output: () => output,
    stop: () => {
      stopping = true;
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), 3_000);
      return ended.then(() => clearTimeout(kill));
    },
  };
}

/** Time that a process has run on a processor, all threads that it has now, in ms: counted in ns by the kernel's scheduler. */
export function cpuMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]) / 1e6,
    0,
  );
}

/** Resident memory in KiB: now (VmRSS) or the most there ever was (VmHWM). */
export function memoryKiB(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  const line = readFileSync(`/proc/${pid}/status`, 'latin1').match(new RegExp(`${which}:\\s+(\\d+)`))?.[1];
  return Number(line);
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export async function untilOpen(port: number): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
    if (open) return;
    await pause(20);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
