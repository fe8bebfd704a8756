/** One of the proxy's own pages (reconnecting) beside an empty answer of node:http. */

import { fileURLToPath } from 'node:url';
import { freePort, start, untilOpen } from './child.ts';
import { serve } from './contestants.ts';
import { deviceName } from './fixture.ts';
import { CONNECTIONS, LEAD_IN, type Load, measure } from './relay.ts';
import { type Spread, spreadOf } from './statistics.ts';

export interface OwnPage {
  readonly keepAlive: { readonly page: Spread; readonly empty: Spread };
  readonly connection: { readonly page: Spread; readonly empty: Spread };
}

const PATHS = Array.from({ length: 2_000 }, (_, index) => `/a/fippa/${deviceName(index)}`);

export async function measureOwnPage(load: Load, folder: string, rounds: number, scale: number): Promise<OwnPage> {
  const [port, emptyPort] = [await freePort(), await freePort()];
  const empty = start(process.execPath, [fileURLToPath(new URL('peers/empty.ts', import.meta.url)), String(emptyPort)]);
  const proxy = serve(folder, await reconnectingConfig(port));
  await Promise.all([untilOpen(port), untilOpen(emptyPort)]);
  const kinds = [
    { key: 'page', target: proxy, port, marker: 'Reconnecting: 1 of' },
    { key: 'empty', target: empty, port: emptyPort, marker: 'Content-Length: 0' },
  ] as const;
  const samples = { keepAlive: { page: [], empty: [] }, connection: { page: [], empty: [] } } as {
    [Way in 'keepAlive' | 'connection']: { page: number[]; empty: number[] };
  };
  for (let round = 0; round <= rounds; round++) {
    for (const way of ['keepAlive', 'connection'] as const) {
      for (const { key, target, port, marker } of kinds) {
        const fresh = way === 'connection';
        const pages = Math.round((fresh ? 8_000 : 24_000) * (round === 0 ? 2 : scale));
        const pace = { connections: CONNECTIONS, pages };
        const job = { port, paths: PATHS, fresh, tls: null, pace, markers: [marker] };
        const leadIn = { ...pace, pages: Math.ceil(pages * LEAD_IN) };
        await measure(load, { name: key, pid: target.pid }, { ...job, pace: leadIn });
        const { cpuMs } = await measure(load, { name: key, pid: target.pid }, job);
        // The first round warms up.
        if (round > 0) samples[way][key].push(cpuMs);
      }
    }
  }
  await Promise.all([proxy.stop(), empty.stop()]);
  const spreads = ({ page, empty: none }: { page: number[]; empty: number[] }) => ({
    page: spreadOf(page),
    empty: spreadOf(none),
  });
  return { keepAlive: spreads(samples.keepAlive), connection: spreads(samples.connection) };
}

/** A service that refuses connections and whose first attempt lasts an hour. */
async function reconnectingConfig(port: number): Promise<string> {
  return `phones: { listeners: [{ host: 127.0.0.1, port: ${port} }] }
ops: { port: 0 }
clusters:
  - id: main
    services: [{ id: a, name: Finesse A, url: "http://127.0.0.1:${await freePort()}" }]
reconnect: { interval: 1h, attempts: 3 }
`;
}
