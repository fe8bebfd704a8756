/** From the start of the process to /readyz, with twenty services. */

import { get } from 'node:http';
import { type Asked, freePort, pause } from './child.ts';
import { serve } from './contestants.ts';
import { type Spread, spreadOf } from './statistics.ts';
import type { UpstreamOrder } from './upstream.ts';

const SERVICES = 20;

/** Ms, over `times` starts after a first one that fills Node's compile cache. */
export async function measureStart(upstream: Asked<UpstreamOrder>, folder: string, times: number): Promise<Spread> {
  const [port] = upstream.hello as [number, number];
  const taken: number[] = [];
  for (let time = 0; time <= times; time++) {
    const opsPort = await freePort();
    const config = startConfig(port, opsPort);
    const startedAt = performance.now();
    const proxy = serve(folder, config);
    while (!(await isReady(opsPort))) await pause(5);
    if (time > 0) taken.push(performance.now() - startedAt);
    await proxy.stop();
  }
  return spreadOf(taken);
}

/** Every service needs a server of its own: the same one by twenty addresses of the loopback network. */
function startConfig(port: number, opsPort: number): string {
  const services = Array.from({ length: SERVICES }, (_, index) => {
    const url = `http://127.0.0.${index + 1}:${port}`;
    return `      - { id: s${index}, name: Finesse ${index}, url: "${url}", probe: { url: "http://127.0.0.1:${port}/finesse/api/SystemInfo" } }`;
  });
  return `phones: { listeners: [{ host: 127.0.0.1, port: 0 }] }
ops: { port: ${opsPort} }
clusters:
  - id: main
    services:
${services.join('\n')}
`;
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}
