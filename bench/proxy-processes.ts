/** The proxy with one process and with two, as the benchmark runs and measures it. */

import { readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { cpuMs, freePort, type Started } from './child.ts';
import { clustersOf, type Setting, serveReady } from './contestants.ts';

export const PROCESSES = [1, 2] as const;

export interface Running {
  /** How many serve phones: of one the process itself, of two those that it started. */
  readonly processes: number;
  readonly port: number;
  readonly tlsPort: number;
  readonly proxy: Started;
}

export async function startProxy({ folder, upstreams, cert, key }: Setting, processes: number): Promise<Running> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const config = `phones:
  listeners:
    - { host: 127.0.0.1, port: ${port} }
    - { host: 127.0.0.1, port: ${tlsPort}, tls: { cert: ${cert}, key: ${key} } }
processes: ${processes}
ops: { port: 0 }
log: { format: json }
${clustersOf(upstreams)}`;
  const proxy = await serveReady(folder, config);
  return { processes, port, tlsPort, proxy };
}

export function pidsOf({ proxy }: Running): readonly number[] {
  const { pid } = proxy;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
  return children === '' ? [pid] : [pid, ...children.split(' ').map(Number)];
}

/** CPU time of all its processes, in ms; of the one that started the others by itself too. */
export function cpuOf(running: Running): { readonly all: number; readonly main: number } {
  const [main = 0, ...others] = pidsOf(running).map(cpuMs);
  return { all: others.reduce((sum, ms) => sum + ms, main), main };
}

const YIELDS = 5;

/** The proxy has what its phones leave: real ones compute for themselves and wait for no processor of the proxy's machine. */
export function yieldToPhones(running: Running): void {
  for (const pid of pidsOf(running)) setPriority(pid, YIELDS);
}

export function describe({ processes, proxy }: Running) {
  return { name: `processes: ${processes}`, pid: proxy.pid };
}
