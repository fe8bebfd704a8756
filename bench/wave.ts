/** A wave of phones over HTTP and HTTPS at the moment a service fails, for one process and two. */

import { type Asked, cpuMs } from './child.ts';
import { type KeyType, makeCertificate, type Setting } from './contestants.ts';
import { deviceName } from './fixture.ts';
import type { LoadResult } from './load.ts';
import { cpuOf, PROCESSES, type Running, startProxy, yieldToPhones } from './proxy-processes.ts';
import type { Load } from './relay.ts';
import type { UpstreamOrder } from './upstream.ts';

export interface Wave {
  readonly scheme: 'http' | 'https';
  /** null: no TLS. */
  readonly key: KeyType | null;
  readonly processes: number;
  readonly phones: number;
  readonly bad: number;
  readonly complaints: readonly string[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** By how much the phones were late to ask. */
  readonly latestMs: number;
  /** In seconds of one core, until the last answer. */
  readonly cpuSeconds: number;
  readonly phonesCpuSeconds: number;
}

/** Pages that each process has answered before, so that V8 has made the best of its code. */
const WARM_PAGES = 4_000;

export async function measureWaves(
  loads: readonly Load[],
  upstream: Asked<UpstreamOrder>,
  setting: Setting,
  options: { readonly wave: number; readonly scale: number },
): Promise<Wave[]> {
  const waves: Wave[] = [];
  const rsa = { ...setting, ...makeCertificate(setting.folder, 'RSA-2048') };
  for (const processes of PROCESSES) {
    for (const key of [null, 'P-256', 'RSA-2048'] as const) {
      const running = await startProxy(key === 'RSA-2048' ? rsa : setting, processes);
      waves.push(await measureWave(loads, upstream, running, key, options));
    }
  }
  return waves;
}

/** All phones ask within a second, each on a connection of its own and with a full handshake, at the moment their service fails. */
async function measureWave(
  loads: readonly Load[],
  upstream: Asked<UpstreamOrder>,
  running: Running,
  key: KeyType | null,
  { wave: phones, scale }: { readonly wave: number; readonly scale: number },
): Promise<Wave> {
  const { processes, port, tlsPort, proxy } = running;
  const all = Array.from({ length: phones }, (_, index) => `/a/fippa/${deviceName(index)}`);
  const markers = ['Reconnecting: ', '/~to/b', 'Agent 1001', '<CiscoIPPhone'];
  const job = { fresh: true, markers, paths: all };
  const plain = { ...job, port, tls: null };
  const met = key === null ? plain : ({ ...job, port: tlsPort, tls: 'full', version: 'TLSv1.2' } as const);
  const phonesCpuMs = () => loads.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
  await upstream.ask({ failing: [], probeDelayMs: 30 });
  // What is meant is a proxy that has run for a while, and its phones are signed in.
  await loads[0]?.ask<LoadResult>({ ...plain, pace: { connections: 16, pages: phones } });
  const warm = { connections: 8 * processes, pages: Math.ceil((WARM_PAGES * scale * 2 * processes) / loads.length) };
  for (const load of loads) await load.ask<LoadResult>({ ...met, pace: warm });
  yieldToPhones(running);
  const before = { proxy: cpuOf(running).all, phones: phonesCpuMs() };
  await upstream.ask({ failing: ['a'] });
  const share = phones / loads.length;
  const waved = await Promise.all(
    loads.map((load, index) => {
      const paths = all.slice(index * share, (index + 1) * share).map((path) => `${path}/ready`);
      return load.ask<LoadResult>({ ...met, paths, tellsTimes: true, pace: { rate: share, pages: share } });
    }),
  );
  const cpuSeconds = (cpuOf(running).all - before.proxy) / 1000;
  const phonesCpuSeconds = (phonesCpuMs() - before.phones) / 1000;
  await upstream.ask({ failing: [], probeDelayMs: 0 });
  await proxy.stop();
  const times = waved.flatMap((each) => each.times).sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  return {
    ...{ scheme: key === null ? 'http' : 'https', key, processes, phones, cpuSeconds, phonesCpuSeconds },
    ...{ bad: waved.reduce((sum, { bad }) => sum + bad, 0), complaints: waved.flatMap((each) => each.complaints) },
    ...{ p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), latestMs: Math.max(...waved.map(({ latest }) => latest)) },
  };
}
