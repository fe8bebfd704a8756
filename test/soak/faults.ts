/** What goes wrong in the soak: one fault after another on one server after another, for as long as it lasts. */

import type { Finesse } from '../../src/simulators/finesse/server.ts';

interface FaultPlan {
  readonly name: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** SystemInfo fails by it, so an outage begins. */
  readonly outage: boolean;
}

const outages: readonly FaultPlan[] = [
  { name: 'refuse', outage: true },
  { name: 'refuse', args: { sessions: 'lose' }, outage: true },
  { name: 'drop', outage: true },
  { name: 'reset', args: { when: 'connect' }, outage: true },
  { name: 'reset', args: { when: 'request' }, outage: true },
  { name: 'reset', args: { when: 'request', processed: 'yes' }, outage: true },
  { name: 'silent', outage: true },
  { name: 'silent', args: { processed: 'yes' }, outage: true },
  { name: 'slow', args: { ms: 6000 }, outage: true },
  { name: 'trickle', args: { ms: 20 }, outage: true },
  { name: '503', outage: true },
  { name: '503', args: { body: 'phone-xml' }, outage: true },
  { name: '500', outage: true },
  { name: 'html', outage: true },
  { name: 'html', args: { type: 'xml' }, outage: true },
  { name: 'json', outage: true },
  { name: 'empty', outage: true },
  { name: 'large', outage: true },
  { name: 'gzip', outage: true },
  { name: 'truncated', args: { variant: 'closed' }, outage: true },
  { name: 'truncated', args: { variant: 'cut' }, outage: true },
  { name: 'redirect', args: { to: 'http://elsewhere.invalid{path}' }, outage: true },
  { name: 'redirect', args: { hops: 2 }, outage: true },
  { name: 'out-of-service', outage: true },
];
const nuisances: readonly FaultPlan[] = [
  { name: 'slow', args: { ms: 150 }, outage: false },
  { name: 'chunked', outage: false },
  { name: 'maintenance', outage: false },
  { name: 'heartbeat-failure', outage: false },
  { name: 'unauthorized', outage: false },
  ...['500', '503', 'html', 'silent', 'truncated', 'empty', 'reset'].map((variant) => {
    return { name: 'fippa-only', args: { variant }, outage: false };
  }),
];

export interface Episode {
  readonly service: string;
  readonly fault: string;
  readonly outage: boolean;
  readonly beganAt: number;
  readonly endedAt: number;
}

export interface FaultsOptions {
  readonly servers: ReadonlyMap<string, Finesse>;
  /** Whether the service has recovered from the fault before. */
  readonly isReady: (service: string) => boolean;
  readonly random: () => number;
  /** Resolves after so long, or at once when the soak ends. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  /** Shortest and longest a fault lasts. */
  readonly lastsMs: readonly [number, number];
}

/** One fault after another, each on a server that works, until `signal` is aborted. Every server works at the end. */
export async function runFaults(options: FaultsOptions, onEpisode: (episode: Episode) => void): Promise<void> {
  const { servers, random, sleep, signal, lastsMs } = options;
  while (!signal.aborted) {
    await sleep(500 + 1500 * random());
    const working = [...servers].filter(([id, server]) => options.isReady(id) && server.currentFault.name === 'none');
    // Two at a time, or agents would only ever wait.
    const [service, server] = working[Math.floor(random() * working.length)] ?? [];
    if (service === undefined || server === undefined || working.length <= servers.size - 2 || signal.aborted) continue;
    const list = random() < 0.6 ? outages : nuisances;
    const plan = list[Math.floor(random() * list.length)] as FaultPlan;
    const beganAt = Date.now();
    await server.fault(plan.name, plan.args);
    await sleep(lastsMs[0] + (lastsMs[1] - lastsMs[0]) * random());
    await server.fault('none');
    const fault = [plan.name, ...Object.values(plan.args ?? {})].join(' ');
    onEpisode({ service, fault, outage: plan.outage, beganAt, endedAt: Date.now() });
  }
}
