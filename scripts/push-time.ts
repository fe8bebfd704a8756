/**
 * How long it takes until every phone knows of an outage: so many simulated phones, each at an address of its own and
 * answering a push in 50 ms, are signed in on a simulated Finesse server, which then dies. They run in a process of their own;
 * the proxy has this one. Linux only: all of 127.0.0.0/8 is this machine.
 *
 *   node scripts/push-time.ts [phones] [pushes at once] [pushes a second]
 */

import { fork } from 'node:child_process';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { createApp } from '../src/app.ts';
import type { Config } from '../src/config/config.ts';
import { loadConfig } from '../src/config/load.ts';
import { createLog } from '../src/ops/log.ts';
import { numberedAgents } from '../src/simulators/finesse/options.ts';
import { createFinesse } from '../src/simulators/finesse/server.ts';

const PASSWORD = 'cisco';
const ANSWER_MS = 50;

type Order = { readonly do: 'sign-in'; readonly proxy: string; readonly count: number } | { readonly do: 'die' };
type Report =
  | { readonly finesse: string; readonly port: number }
  | { readonly signedIn: true }
  | { readonly fetched: number };

const [, , first] = process.argv;
if (first === 'phones') await runPhones();
else await measure(Number(first ?? 2000), Number(process.argv[3] ?? 50), Number(process.argv[4] ?? 5000));

function addressOf(index: number): string {
  return `127.1.${Math.floor(index / 250)}.${1 + (index % 250)}`;
}

/** The other process: Finesse, and the phones' web servers as one server on every loopback address. */
async function runPhones(): Promise<void> {
  const finesse = createFinesse({ agents: numberedAgents(5000), keepAliveMs: 60_000 });
  await finesse.start();
  const report = (message: Report) => process.send?.(message);
  let fetched = 0;
  const web = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    const url = /URL="([^"]*)"/.exec(new URLSearchParams(body).get('XML') ?? '')?.[1];
    setTimeout(() => {
      res.writeHead(200, { 'Content-Type': 'text/xml' }).end('<CiscoIPPhoneResponse/>');
      if (url === undefined) return;
      // As a real phone: answered first, fetched afterwards.
      void fetchFrom(req.socket.localAddress ?? '', url).then(() => report({ fetched: ++fetched }));
    }, ANSWER_MS);
  });
  await new Promise<void>((resolve) => web.listen(0, '0.0.0.0', resolve));
  process.on('message', async (order: Order) => {
    if (order.do === 'die') return finesse.fault('refuse');
    for (let from = 0; from < order.count; from += 100) {
      const some = Array.from({ length: Math.min(100, order.count - from) }, (_, i) => from + i);
      await Promise.all(
        some.map((i) => {
          const { id, extension } = finesse.settings.agents[i] as { id: string; extension: string };
          const query = `id=${id}&password=${PASSWORD}&extension=${extension}`;
          return fetchFrom(addressOf(i), `${order.proxy}/a/fippa/SEP${String(i).padStart(12, '0')}?${query}`);
        }),
      );
    }
    report({ signedIn: true });
  });
  report({ finesse: finesse.url, port: (web.address() as AddressInfo).port });
}

function fetchFrom(localAddress: string, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { localAddress, agent: false }, (response) => response.resume().once('end', resolve)).once(
      'error',
      reject,
    );
  });
}

async function measure(count: number, concurrent: number, perSecond: number): Promise<void> {
  const child = fork(new URL(import.meta.url), ['phones']);
  child.once('exit', (code) => process.exit(code ?? 1));
  const reports: Report[] = [];
  let wake = () => {};
  child.on('message', (report: Report) => {
    reports.push(report);
    wake();
  });
  const until = async <T>(find: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const there = await until(() => reports.find((report) => 'finesse' in report));
  let told: string | undefined;
  let verdictAt = 0;
  let verdictCpu = process.cpuUsage();
  const stream = new Writable({
    write(chunk, _encoding, done) {
      const line = String(chunk);
      if (line.includes('"to":"out-of-service"')) {
        verdictAt = performance.now();
        verdictCpu = process.cpuUsage();
      }
      if (line.includes('"phones-told"')) told = line;
      wake();
      done();
    },
  });
  const config = await createConfig(there.finesse, there.port, concurrent, perSecond);
  const app = createApp(config, createLog({ level: 'info', format: 'json', stream }), 'push-time');
  await app.start();
  await app.ready;
  const order = (message: Order) => child.send(message);
  order({ do: 'sign-in', proxy: `http://127.0.0.1:${app.addresses()[0]?.port}`, count });
  await until(() => reports.find((report) => 'signedIn' in report));
  order({ do: 'die' });
  const line = await until(() => told);
  const toldMs = performance.now() - verdictAt;
  const { delivered } = JSON.parse(line) as { delivered: number };
  await until(() => reports.find((report) => 'fetched' in report && report.fetched === delivered));
  const fetchedMs = performance.now() - verdictAt;
  const { user, system } = process.cpuUsage(verdictCpu);
  console.log(
    `${delivered} of ${count} phones told ${(toldMs / 1000).toFixed(2)} s after the verdict, ` +
      `all have their page after ${(fetchedMs / 1000).toFixed(2)} s; ` +
      `${((user + system) / 1e6).toFixed(2)} s of CPU (${concurrent} at once, ${perSecond} a second)`,
  );
  await app.stop(0);
  child.removeAllListeners('exit');
  child.kill();
}

/** One service, and one attempt: long enough that a busy machine is not taken for a dead server. */
async function createConfig(url: string, port: number, concurrent: number, perSecond: number): Promise<Config> {
  const { writeFileSync, mkdtempSync, rmSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const folder = mkdtempSync(`${tmpdir()}/push-time-`);
  writeFileSync(
    `${folder}/config.yaml`,
    `phones: { listeners: [{ host: 127.0.0.1, port: 0 }], networks: [127.0.0.0/8] }
ops: { port: 0 }
clusters: [{ id: main, services: [{ id: a, name: Finesse A, url: "${url}", probe: { interval: 3s } }] }]
reconnect: { interval: 3s, attempts: 1 }
push:
  username: user
  password: password
  phoneScheme: http
  phonePorts: { http: ${port} }
  concurrent: ${concurrent}
  perSecond: ${perSecond}
`,
  );
  const loaded = await loadConfig(`${folder}/config.yaml`);
  rmSync(folder, { recursive: true });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.config;
}
