/**
 * Machines of their own in network namespaces, joined by a switch: what happens on a network without touching the real one.
 * Needs root and a kernel that allows it.
 */

import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Servers are in folders that not everybody has in the path. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Whether this machine allows it. */
export function canMakeNetworks(): boolean {
  const name = `ippa${process.pid}t`;
  const made = spawnSync('ip', ['netns', 'add', name], { env }).status === 0;
  if (made) spawnSync('ip', ['netns', 'del', name], { env });
  return made;
}

export class Network {
  readonly #prefix = `ippa${process.pid}`;
  readonly #machines: string[] = [];
  readonly #children = new Set<ChildProcess>();

  constructor() {
    this.#add('sw');
    this.#inside('sw', 'link', 'add', 'br0', 'type', 'bridge');
    this.#inside('sw', 'link', 'set', 'br0', 'up');
  }

  #add(machine: string): void {
    ip('netns', 'add', this.#prefix + machine);
    this.#machines.push(machine);
    this.#inside(machine, 'link', 'set', 'lo', 'up');
  }

  #inside(machine: string, ...args: string[]): string {
    return ip('-n', this.#prefix + machine, ...args);
  }

  /** A machine with that address (as 10.1.1.11/24) on eth0. */
  machine(name: string, address: string): void {
    this.#add(name);
    const peer = ['name', name, 'netns', `${this.#prefix}sw`];
    ip('link', 'add', 'eth0', 'netns', this.#prefix + name, 'type', 'veth', 'peer', ...peer);
    this.#inside('sw', 'link', 'set', name, 'master', 'br0', 'up');
    this.#inside(name, 'address', 'add', address, 'dev', 'eth0');
    this.#inside(name, 'link', 'set', 'eth0', 'up');
  }

  /** Pulls the cable of a machine out of the switch, which it does not notice, or puts it back. */
  cut(name: string): void {
    this.#inside('sw', 'link', 'set', name, 'nomaster');
  }

  join(name: string): void {
    this.#inside('sw', 'link', 'set', name, 'master', 'br0');
  }

  has(name: string, address: string): boolean {
    return this.#inside(name, '-brief', 'address', 'show', 'dev', 'eth0').includes(` ${address}/`);
  }

  start(name: string, program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    // `ip` becomes the program: signals reach it.
    const all = ['netns', 'exec', this.#prefix + name, program, ...args];
    const child = spawn('ip', all, { stdio: ['ignore', 'pipe', 'pipe'], env, ...options });
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    return child;
  }

  async remove(): Promise<void> {
    await Promise.all(
      [...this.#children].map(async (child) => {
        child.kill('SIGCONT');
        child.kill('SIGKILL');
        await once(child, 'close');
      }),
    );
    for (const machine of this.#machines) spawnSync('ip', ['netns', 'del', this.#prefix + machine], { env });
  }
}
