/** Ten thousand phones when their service fails: what they get and when, what the probes do, and what a choice by all costs. */

import type { Asked } from './child.ts';
import { cpuMs, freePort, memoryKiB, pause, type Started, untilOpen } from './child.ts';
import { serve } from './contestants.ts';
import { deviceName, SERVERS } from './fixture.ts';
import type { LoadResult } from './load.ts';
import type { Load } from './relay.ts';
import type { SeenProbes, UpstreamOrder } from './upstream.ts';

export interface OutageSize {
  readonly phones: number;
  /** Requests within the first second of the outage, beside the polling. */
  readonly wave: number;
  /** Agents who choose the alternate within a second. */
  readonly choices: number;
}

export interface Outage {
  readonly size: OutageSize;
  readonly requestsPerSecond: number;
  /** Requests from the failure to the end. */
  readonly requests: number;
  /** Answers that were not 200 phone XML. */
  readonly bad: number;
  readonly complaints: readonly string[];
  /** From the failure on, the wave included. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly waveP99Ms: number;
  /** From the first failed probe to the verdict, by the proxy's own log. */
  readonly verdictAfterMs: number;
  /** Most probes of the failed server at the same time. */
  readonly probesAtOnce: number;
  readonly probes: number;
  /** Probes of the alternate while all chose it. */
  readonly confirmations: number;
  readonly choices: { readonly answered: number; readonly bad: number; readonly p99Ms: number };
  /** Share of one CPU that the proxy took during the outage, and in its first second. */
  readonly cpu: number;
  readonly cpuFirstSecond: number;
  /** The same of the process that plays the phones: near 1, it is what is late. */
  readonly phonesCpuFirstSecond: number;
  readonly peakMiB: number;
  /** Pages by what they say. */
  readonly pages: Readonly<Record<string, number>>;
}

const POLL_SECONDS = 5;
const PAGES = { relayed: 'Agent 1001', reconnecting: 'Reconnecting: ', alternates: '/~to/b', other: '<CiscoIPPhone' };
const MARKERS = Object.values(PAGES);
/** How long SystemInfo takes: long enough that probes which overlap are seen to. */
const PROBE_MS = 30;

type Upstream = Asked<UpstreamOrder>;

export async function measureOutage(load: Load, upstream: Upstream, folder: string, size: OutageSize): Promise<Outage> {
  const port = await freePort();
  await upstream.ask({ failing: [], probeDelayMs: PROBE_MS });
  const proxy = serve(folder, outageConfig(port, upstream.hello as [number, number]));
  await untilOpen(port);
  await until(proxy, '"event":"ready"');
  const paths = Array.from({ length: size.phones }, (_, index) => `/a/fippa/${deviceName(index)}`);
  const rate = size.phones / POLL_SECONDS;
  const poll = (seconds: number) =>
    load.ask<LoadResult>({
      port,
      paths,
      fresh: true,
      tls: null,
      markers: MARKERS,
      pace: { rate, pages: rate * seconds },
    });

  // Every phone has been relayed once, and so is signed in.
  await poll(POLL_SECONDS);
  const before = cpuMs(proxy.pid);
  const loadBefore = cpuMs(load.pid);
  await upstream.ask({ failing: ['a'], reset: true });
  const wavePaths = paths.slice(0, size.wave).map((path) => `${path}/ready`);
  const pace = { rate: size.wave, pages: size.wave };
  const wave = load.ask<LoadResult>({ port, paths: wavePaths, fresh: true, tls: null, markers: MARKERS, pace });
  const first = pause(1000).then(() => [cpuMs(proxy.pid) - before, cpuMs(load.pid) - loadBefore] as const);
  const outageSeconds = 18;
  const polling = await poll(outageSeconds);
  const cpu = (cpuMs(proxy.pid) - before) / (outageSeconds * 1000);
  const seen = await upstream.ask<Record<'a' | 'b', SeenProbes>>({ reset: true });

  const chosen = paths.slice(0, size.choices).map((path) => `${path}/~to/b`);
  const choosing = { rate: size.choices, pages: size.choices };
  const choices = await load.ask<LoadResult>({
    port,
    paths: chosen,
    fresh: true,
    tls: null,
    markers: MARKERS,
    pace: choosing,
  });
  const after = await upstream.ask<Record<'a' | 'b', SeenProbes>>({ failing: [], probeDelayMs: 0 });
  const waved = await wave;
  const verdictAfterMs = verdictOf(proxy);
  const peakMiB = memoryKiB(proxy.pid, 'VmHWM') / 1024;
  await proxy.stop();
  return {
    size,
    requestsPerSecond: rate,
    requests: rate * outageSeconds + size.wave,
    bad: polling.bad + waved.bad,
    complaints: [...polling.complaints, ...waved.complaints, ...choices.complaints],
    p50Ms: polling.p50,
    p99Ms: polling.p99,
    maxMs: Math.max(polling.max, waved.max),
    waveP99Ms: waved.p99,
    verdictAfterMs,
    probesAtOnce: seen.a.atOnce,
    probes: seen.a.probes,
    confirmations: after.b.probes,
    choices: {
      answered: choices.held[PAGES.relayed] ?? 0,
      bad: size.choices - (choices.held[PAGES.relayed] ?? 0),
      p99Ms: choices.p99,
    },
    cpu,
    cpuFirstSecond: (await first)[0] / 1000,
    phonesCpuFirstSecond: (await first)[1] / 1000,
    peakMiB,
    pages: Object.fromEntries(
      Object.entries(PAGES).map(([name, marker]) => [name, (polling.held[marker] ?? 0) + (waved.held[marker] ?? 0)]),
    ),
  };
}

/** Everything at its default: the timeline of three attempts of 5 s. */
function outageConfig(port: number, [a, b]: readonly [number, number]): string {
  return `phones: { listeners: [{ host: 127.0.0.1, port: ${port} }] }
ops: { port: 0 }
log: { format: json }
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "http://127.0.0.1:${a}", aliases: [${SERVERS.a}] }
      - { id: b, name: Finesse B, url: "http://127.0.0.1:${b}", aliases: [${SERVERS.b}] }
`;
}

async function until(proxy: Started, text: string): Promise<void> {
  while (!proxy.output().includes(text)) await pause(20);
}

function verdictOf(proxy: Started): number {
  const changes = proxy
    .output()
    .split('\n')
    .filter((line) => line.includes('"event":"service-state"') && line.includes('"service":"a"'))
    .map((line) => JSON.parse(line) as { time: string; to: string });
  const at = (to: string) => Date.parse(changes.find((change) => change.to === to)?.time ?? '');
  return at('out-of-service') - at('reconnecting');
}
