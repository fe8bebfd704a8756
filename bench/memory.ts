/** What a known phone and an idle connection cost. */

import { memoryKiB, pause, startAsked } from './child.ts';
import { type Contestant, type Name, type Setting, startContestant } from './contestants.ts';
import { type Load, paths } from './relay.ts';

export interface IdleCost {
  readonly name: Name;
  readonly connections: number;
  readonly httpKiB: number;
  readonly tlsKiB: number;
}

export interface Memory {
  /** Heap of one known phone with 100,000 of them. */
  readonly bytesPerPhone: number;
  readonly idle: readonly IdleCost[];
}

const IDLE = 4_000;

export async function measureMemory(load: Load, setting: Setting, names: readonly Name[]): Promise<Memory> {
  const registry = await startAsked('./registry.ts');
  registry.stop();
  const idle: IdleCost[] = [];
  for (const name of names) {
    const [http, tls] = [await idleKiB(load, setting, name, false), await idleKiB(load, setting, name, true)];
    if (http !== null && tls !== null) idle.push({ name, connections: IDLE, httpKiB: http, tlsKiB: tls });
  }
  return { bytesPerPhone: registry.hello as number, idle };
}

/** Growth of resident memory by connections that had one page and then stay open; a process of its own for each figure. */
async function idleKiB(load: Load, setting: Setting, name: Name, tls: boolean): Promise<number | null> {
  const contestant = await startContestant(name, setting);
  if (contestant === null) return null;
  const job = jobOf(contestant, tls);
  await load.ask({ ...job, pace: { connections: 32, pages: 4_000 } });
  const before = memoryKiB(contestant.pid, 'VmRSS');
  const open = await load.ask<number>({ ...job, pace: { connections: 1, pages: IDLE }, hold: IDLE });
  await pause(300);
  const grown = memoryKiB(contestant.pid, 'VmRSS') - before;
  await load.ask({ ...job, pace: { connections: 1, pages: 1 }, release: true });
  await contestant.stop();
  if (open !== IDLE) throw new Error(`${name} kept ${open} of ${IDLE} connections`);
  return grown / IDLE;
}

function jobOf(contestant: Contestant, tls: boolean) {
  const port = tls ? contestant.tlsPort : contestant.port;
  return { port, paths, fresh: false, tls: tls ? ('full' as const) : null, markers: [contestant.marker] };
}
