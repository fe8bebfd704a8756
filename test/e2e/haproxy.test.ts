/** Two proxies behind a real HAProxy, configured as docs/front-doors.md says. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { get as getHttp, type RequestOptions } from 'node:http';
import { get as getHttps } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { freePort } from '../free-port.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from '../unit/config-certificates.ts';
import { configurationOf } from './front-doors.ts';
import { type Serve, startServe, testFolder } from './serve-process.ts';

const HAPROXY = '127.0.82.20';
const PROXIES = ['127.0.82.11', '127.0.82.12'] as const;
/** Where connections of HAProxy come from. */
const FRONT = '127.0.0.1';
const PHONE = '127.0.83.7';
const TOKEN = 'canary-token';
const SIGN_IN = '/a/fippa/SEP000000000001?id=1001&password=cisco&extension=2001';
const HOME = '/a/fippa/SEP000000000001';

interface Pair {
  readonly finesse: Finesse;
  readonly proxies: readonly [Serve, Serve];
  readonly haproxy: ChildProcess;
  readonly ports: Ports;
}

interface Ports {
  readonly http: number;
  readonly https: number;
  readonly ops: number;
}

async function startFinesse(): Promise<Finesse> {
  const finesse = createFinesse({
    name: 'finesse-a.example.com',
    peer: 'finesse-b.example.com',
    agents: [{ id: '1001', password: 'cisco', extension: '2001' }],
  });
  await finesse.start();
  onTestFinished(() => finesse.stop());
  return finesse;
}

function startProxy(host: string, { http, https, ops }: Ports, finesse: Finesse, more: string): Serve {
  const folder = testFolder();
  writeFileSync(join(folder, 'p.pem'), PROXY_CERTIFICATE);
  writeFileSync(join(folder, 'p.key'), PROXY_KEY);
  const file = join(folder, 'ippa.yaml');
  writeFileSync(
    file,
    `phones:
  trustedFronts: [${FRONT}]
  listeners:
    - { host: ${host}, port: ${http}, publicUrl: "http://${HAPROXY}:${http}"${more} }
    - { host: ${host}, port: ${https}, publicUrl: "https://${HAPROXY}:${https}", tls: { cert: p.pem, key: p.key }${more} }
ops: { host: ${host}, port: ${ops}, token: ${TOKEN} }
stop: { pause: 3s, within: 5s }
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "${finesse.url}", probe: { interval: 1s, timeout: 800ms } }
      - { id: b, name: Finesse B, url: "${finesse.url.replace('127.0.0.1', 'localhost')}" }
log: { format: json }
`,
  );
  return startServe(file);
}

async function startPair(block: string, more: string, places: (ports: Ports) => Record<string, string>): Promise<Pair> {
  const [http, https, ops] = [await freePort(), await freePort(), await freePort()];
  const ports = { http, https, ops };
  const finesse = await startFinesse();
  const proxies = [startProxy(PROXIES[0], ports, finesse, more), startProxy(PROXIES[1], ports, finesse, more)] as const;
  await Promise.all(proxies.map((proxy) => proxy.saw('ready')));
  const file = join(testFolder(), 'haproxy.cfg');
  // A number of descriptors that not every machine has.
  const text = configurationOf(block, {
    ...(block === 'haproxy'
      ? {
          'maxconn 40000': 'maxconn 1000',
          '    user haproxy\n    group haproxy\n': '',
          '127.0.0.1:8404': `${HAPROXY}:8404`,
        }
      : {}),
    '10.1.1.10': HAPROXY,
    '10.1.1.11': PROXIES[0],
    '10.1.1.12': PROXIES[1],
    ':8082': `:${http}`,
    'port 8090': `port ${ops}`,
    ...places(ports),
  });
  writeFileSync(file, text);
  const haproxy = spawn('haproxy', ['-db', '-f', file], {
    stdio: 'inherit',
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  onTestFinished(async () => {
    if (haproxy.exitCode !== null) return;
    haproxy.kill('SIGKILL');
    await once(haproxy, 'close');
  });
  await opened(http, haproxy);
  return { finesse, proxies, haproxy, ports };
}

/** Once HAProxy listens; it tells nobody. */
async function opened(port: number, haproxy: ChildProcess): Promise<void> {
  while (haproxy.exitCode === null) {
    const socket = connect(port, HAPROXY);
    const opens = once(socket, 'connect').then(
      () => true,
      () => false,
    );
    if (await opens) return void socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('HAProxy ended');
}

async function ask(port: number, path: string, options: RequestOptions & { tls?: boolean } = {}): Promise<string> {
  const get = options.tls === true ? getHttps : getHttp;
  const request = get({
    ...{ host: HAPROXY, port, path, localAddress: PHONE, agent: false, rejectUnauthorized: false },
    ...options,
  });
  const [response] = await once(request, 'response');
  const chunks = await response.setEncoding('utf8').toArray();
  expect(response.statusCode).toBe(200);
  return chunks.join('');
}

/** Requests of phones that Finesse has seen. */
function pagesOf({ finesse }: Pair): number {
  return finesse.requests.filter(({ target }) => target.startsWith('/fippa/')).length;
}

/** The phone that each proxy knows to be signed in, and by which address. */
async function addresses({ ports }: Pair): Promise<(string | null)[]> {
  return Promise.all(
    PROXIES.map(async (host) => {
      const answer = await fetch(`http://${host}:${ports.ops}/devices`, {
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      const { devices } = (await answer.json()) as { devices: { address: string }[] };
      return devices[0]?.address ?? null;
    }),
  );
}

/** One proxy is killed, the other serves; the one that HAProxy had not asked before may get the first request. */
async function survives(pair: Pair, port: number): Promise<void> {
  const before = pagesOf(pair);
  pair.proxies[0].child.kill('SIGKILL');
  await pair.proxies[0].ended;
  for (let n = 0; n < 10; n++) expect(await ask(port, HOME)).toContain('CiscoIPPhone');
  expect(pagesOf(pair) - before).toBe(10);
}

test('HAProxy by the PROXY protocol: phones keep their addresses, and one proxy is killed unnoticed', async () => {
  const pair = await startPair('haproxy', ', proxyProtocol: true', ({ https }) => ({ ':8445': `:${https}` }));
  expect(await ask(pair.ports.http, SIGN_IN)).toContain('CiscoIPPhone');
  expect((await addresses(pair)).filter((address) => address !== null)).toEqual([PHONE]);
  expect(await ask(pair.ports.https, SIGN_IN, { tls: true })).toContain('CiscoIPPhone');
  expect(new Set((await addresses(pair)).filter((address) => address !== null))).toEqual(new Set([PHONE]));
  // Past the balancer, by an address that is no front's.
  expect(await ask(pair.ports.http, HOME, { host: PROXIES[1] })).toContain('CiscoIPPhone');
  await survives(pair, pair.ports.http);
  expect(await ask(pair.ports.https, HOME, { tls: true })).toContain('CiscoIPPhone');
});

test('HAProxy by X-Forwarded-For: the same over plain HTTP', async () => {
  const pair = await startPair('haproxy-http', '', () => ({}));
  expect(await ask(pair.ports.http, SIGN_IN)).toContain('CiscoIPPhone');
  expect((await addresses(pair)).filter((address) => address !== null)).toEqual([PHONE]);
  await survives(pair, pair.ports.http);
});

test('a proxy that is stopped in order is left before it refuses anything', async () => {
  const pair = await startPair('haproxy', ', proxyProtocol: true', ({ https }) => ({ ':8445': `:${https}` }));
  const before = pagesOf(pair);
  let asked = 0;
  pair.proxies[1].child.kill('SIGTERM');
  let isOver = false;
  void pair.proxies[1].ended.then(() => {
    isOver = true;
  });
  while (!isOver) {
    expect(await ask(pair.ports.http, HOME)).toContain('CiscoIPPhone');
    asked++;
    // Faster than this a single phone is held back by the limits, with a page of the proxy's own.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await ask(pair.ports.http, HOME)).toContain('CiscoIPPhone');
  expect(pagesOf(pair) - before).toBe(asked + 1);
});
