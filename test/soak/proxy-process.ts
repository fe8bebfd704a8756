/** The proxy as a process of its own: its log as it comes, its memory and its sockets. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LogLine } from './checks.ts';

export interface Sample {
  /** Bytes in use after a garbage collection. */
  readonly liveBytes: number;
  readonly residentBytes: number;
  readonly sockets: number;
}

/** When a process had no turn although it had something to do; epoch ms. */
export interface Stall {
  readonly from: number;
  readonly to: number;
}

interface Memory {
  readonly live: number;
  readonly rss: number;
}

export class ProxyProcess {
  readonly lines: LogLine[] = [];
  readonly states = new Map<string, string>();
  /** Log events by name. */
  readonly events = new Map<string, number>();
  readonly stalls: Stall[] = [];
  #onMemory: (memory: Memory) => void = () => {};
  readonly #child: ChildProcess;
  #stderr = '';

  constructor(configFile: string) {
    const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const args = ['--expose-gc', '--import', file('live-heap.ts'), file('../../bin/ippa-proxy.js')];
    this.#child = spawn(process.execPath, [...args, 'serve', '--config', configFile], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    this.#child.on('message', (message: Stall | Memory) => {
      if ('from' in message) this.stalls.push(message);
      else this.#onMemory(message);
    });
    if (this.#child.stdout) createInterface({ input: this.#child.stdout }).on('line', (line) => this.#read(line));
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Until the log has the event; throws when the process ends before. */
  async logged(event: string): Promise<void> {
    while (!this.events.has(event)) {
      if (this.#child.exitCode !== null) throw new Error(`the proxy ended: ${this.#stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async sample(): Promise<Sample> {
    const { promise, resolve } = Promise.withResolvers<Memory>();
    this.#onMemory = resolve;
    this.#child.send('memory');
    const { live, rss } = await promise;
    return { liveBytes: live, residentBytes: rss, sockets: this.sockets() };
  }

  /** Open ones, the listening ones included. */
  sockets(): number {
    const folder = `/proc/${this.#child.pid}/fd`;
    return readdirSync(folder).filter((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
      } catch {
        // Closed meanwhile.
        return false;
      }
    }).length;
  }

  /** Asks it to end; its exit code. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const [code] = await ended;
    return code;
  }

  #read(text: string): void {
    const line = JSON.parse(text);
    this.events.set(line.event, (this.events.get(line.event) ?? 0) + 1);
    if (line.event !== 'service-state' && line.event !== 'service-attempt') return;
    const { event, service, from, to, attempt, reason } = line;
    this.lines.push({ at: Date.parse(line.time), event, service, from, to, attempt, reason });
    this.states.set(service, to);
  }
}
