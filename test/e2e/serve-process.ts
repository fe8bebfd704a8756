/** `ippa-proxy serve` as a process of its own, with simulated Finesse servers, for tests of signals and files. */

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));

export type Line = Readonly<Record<string, unknown>> & { readonly event: string };

export interface Serve {
  readonly child: ChildProcess;
  /** Log lines so far. */
  readonly lines: readonly Line[];
  stderr(): string;
  /** The first line from `from` on that is this event and has these fields; rejects when the process ends without it. */
  saw(event: string, fields?: Record<string, unknown>, from?: number): Promise<Line>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Where phones connect and where operators do; after `listening`. */
  phones(index?: number): Promise<string>;
  ops(): Promise<string>;
}

/** A folder that goes with the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-proxy-serve-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function startServe(file: string, ...prefix: readonly string[]): Serve {
  const [program = process.execPath, ...args] = [...prefix, process.execPath, BIN, 'serve', '--config', file];
  return follow(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** By `npm start`, in a process group of its own, as a terminal would have it. */
export function startServeByNpm(file: string): Serve {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const args = ['start', '--silent', '--', 'serve', '--config', file];
  return follow(spawn('npm', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd, detached: true }));
}

function follow(child: ChildProcessByStdio<null, Readable, Readable>): Serve {
  const lines: Line[] = [];
  let stderr = '';
  let waiting: (() => void)[] = [];
  const wake = () => {
    for (const check of waiting.splice(0)) check();
  };
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text));
    wake();
  });
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
    wake();
  });
  onTestFinished(async () => {
    if (!isOver) kill(child);
    await ended;
  });
  const saw: Serve['saw'] = async (event, fields = {}, from = 0) => {
    const wanted = Object.entries(fields);
    for (;;) {
      const line = lines.slice(from).find((one) => {
        return one.event === event && wanted.every(([name, value]) => one[name] === value);
      });
      if (line !== undefined) return line;
      if (isOver) throw new Error(`ended without ${event}: ${JSON.stringify(lines.slice(-10))} ${stderr}`);
      await new Promise<void>((resolve) => {
        waiting = [...waiting, resolve];
      });
    }
  };
  const port = (forWhom: string, index: number) => {
    const found = lines.filter((line) => line.event === 'listening' && line.for === forWhom)[index];
    return `127.0.0.1:${found?.port}`;
  };
  return {
    child,
    lines,
    stderr: () => stderr,
    saw,
    ended,
    phones: async (index = 0) => {
      await saw('listening', { for: 'operators' });
      return `http://${port('phones', index)}`;
    },
    ops: async () => {
      await saw('listening', { for: 'operators' });
      return `http://${port('operators', 0)}`;
    },
  };
}

/** Whoever leads a group of its own is not alone in it. */
function kill({ pid = 0, spawnfile }: ChildProcess): void {
  if (spawnfile === 'npm') process.kill(-pid, 'SIGKILL');
  else process.kill(pid, 'SIGKILL');
}

/** A configuration for it; `more` is added as it stands. */
export function writeConfig(
  folder: string,
  services: Readonly<Record<string, string>>,
  more = '',
  phones = '  listeners: [{ host: 127.0.0.1, port: 0 }]\n',
): string {
  const file = join(folder, 'ippa.yaml');
  const list = Object.entries(services).map(
    ([id, url]) =>
      `      - { id: ${id}, name: Finesse ${id.toUpperCase()}, url: "${url}", probe: { interval: 1s, timeout: 800ms } }\n`,
  );
  const text = `phones:\n${phones}ops: { port: 0 }\nclusters:\n  - id: main\n    services:\n${list.join('')}log: { format: json }\n${more}`;
  writeFileSync(file, text);
  return file;
}
