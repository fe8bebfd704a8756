import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Config, ReportNodeConfig, ReportProbeConfig } from '../../src/config/config.ts';
import { createReportNodes } from '../../src/reports/nodes.ts';
import { createReportProbe } from '../../src/reports/probe.ts';
import { createEventRecord } from '../event-record.ts';
import { createFakeClock } from '../fake-clock.ts';
import { freePort } from '../free-port.ts';
import { fetchRaw, type Rig, startRig } from '../rig.ts';
import { PROXY_CERTIFICATE, PROXY_KEY } from '../unit/config-certificates.ts';

const PROBE: ReportProbeConfig = {
  path: '/cuicui/api/status/',
  statuses: [200],
  fallback: { path: '/cuicui/Main.jsp', statuses: [200, 302] },
  intervalMs: 100,
  timeoutMs: 5000,
  rise: 1,
  fall: 1,
};

interface Cuic {
  readonly url: string;
  readonly requests: IncomingMessage[];
  /** Of the connection of each request. */
  readonly ports: (number | undefined)[];
  /** Status by path; others get 404. */
  answers: Record<string, number>;
  /** What it waits for before it answers. */
  until: Promise<void>;
  stop(): Promise<void>;
}

async function startCuic(answers: Record<string, number>, port = 0): Promise<Cuic> {
  const requests: IncomingMessage[] = [];
  const ports: (number | undefined)[] = [];
  const server = createServer(async (request, response) => {
    requests.push(request);
    ports.push(request.socket.remotePort);
    await cuic.until;
    const status = cuic.answers[(request.url ?? '').split('?', 1)[0] ?? ''] ?? 404;
    response.writeHead(status, { location: 'https://elsewhere.example.com/', 'set-cookie': 'JSESSIONID=1' }).end('x');
  });
  const cuic: Cuic = {
    ...{ url: await listening(server, port), requests, ports, answers },
    ...{ until: Promise.resolve(), stop: () => closed(server) },
  };
  return cuic;
}

async function listening(server: Server, port = 0): Promise<string> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => closed(server));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function nodeAt(id: string, url: string, but: Partial<ReportNodeConfig> = {}): ReportNodeConfig {
  const trust = { ca: null, fingerprints: [], certificateNames: [] };
  return { id, name: `Reports ${id.toUpperCase()}`, url, site: null, ...trust, probe: PROBE, ...but };
}

const outcomeAt = async (url: string, probe: Partial<ReportProbeConfig> = {}) =>
  (await createReportProbe(nodeAt('a', url, { probe: { ...PROBE, ...probe } }))(new AbortController().signal)).outcome;

describe('whether a node is up', () => {
  it('B390 its status path says so', async () => {
    const cuic = await startCuic({ '/cuicui/api/status/': 200 });
    expect(await outcomeAt(cuic.url)).toEqual({ kind: 'up' });
    expect(cuic.requests.map(({ url }) => url)).toEqual(['/cuicui/api/status/']);
    expect(cuic.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it.each([404, 401, 302])(
    'B390 where that is answered by %i the sign-in page decides, by a redirect too',
    async (status) => {
      const cuic = await startCuic({ '/cuicui/api/status/': status, '/cuicui/Main.jsp': 302 });
      expect(await outcomeAt(cuic.url)).toEqual({ kind: 'up' });
      expect(cuic.requests.map(({ url }) => url)).toEqual(['/cuicui/api/status/', '/cuicui/Main.jsp']);
      // Each on a connection of its own, and no session is carried on.
      expect(new Set(cuic.ports).size).toBe(2);
      expect(cuic.requests[1]?.headers).not.toHaveProperty('cookie');
    },
  );

  it('B390 an application that is not deployed is down, and so is one that says 503', async () => {
    const bare = await startCuic({});
    const failure = { code: 'report-status', detail: '/cuicui/Main.jsp answered 404' };
    expect(await outcomeAt(bare.url)).toEqual({ kind: 'down', failure });
    const starting = await startCuic({ '/cuicui/api/status/': 503, '/cuicui/Main.jsp': 200 });
    expect(await outcomeAt(starting.url)).toMatchObject({ kind: 'down', failure: { code: 'report-status' } });
    expect(starting.requests).toHaveLength(1);
  });

  it('B390 other paths and statuses can be set, and no second question asked', async () => {
    const old = await startCuic({ '/cuic': 204 });
    expect(await outcomeAt(old.url, { path: '/cuic?x=secret', statuses: [204], fallback: null })).toEqual({
      kind: 'up',
    });
    const failed = await outcomeAt(old.url, { path: '/no?x=secret', fallback: null });
    expect(failed).toEqual({ kind: 'down', failure: { code: 'report-status', detail: '/no answered 404' } });
  });

  it('B390 no connection, silence and a certificate that is not trusted are down', async () => {
    const gone = await startCuic({});
    await gone.stop();
    expect(await outcomeAt(gone.url)).toMatchObject({ failure: { code: 'refused' } });
    const silent = createServer(() => {});
    expect(await outcomeAt(await listening(silent), { timeoutMs: 1000 })).toMatchObject({
      failure: { code: 'timeout' },
    });
    const secure = createTlsServer({ cert: PROXY_CERTIFICATE, key: PROXY_KEY }, (_, response) => response.end());
    const url = (await listening(secure)).replace('http:', 'https:');
    expect(await outcomeAt(url)).toMatchObject({ failure: { code: 'report-certificate' } });
  });

  it('B390 of a page without an end only the beginning is read', async () => {
    const endless = createServer((_, response) => {
      const write = () => {
        if (!response.destroyed) response.write('x'.repeat(16 * 1024), () => setImmediate(write));
      };
      write();
    });
    expect(await outcomeAt(await listening(endless))).toEqual({ kind: 'up' });
  });
});

describe('the watch', () => {
  it('B390 has one probe in flight, B391 and asks sooner while there is doubt', async () => {
    const clock = createFakeClock();
    const { events, report } = createEventRecord(clock);
    const answers: ((status: number) => void)[] = [];
    const server = createServer((_, response) => answers.push((status) => response.writeHead(status).end()));
    const url = await listening(server);
    const nodes = createReportNodes(clock, report);
    nodes.reconfigure([nodeAt('a', url, { probe: { ...PROBE, intervalMs: 10_000, fallback: null, fall: 2 } })], null);
    onTestFinished(() => nodes.stop());
    nodes.start();
    const answer = async (status: number) => {
      const probed = events.filter(({ kind }) => kind === 'report-node-probed').length;
      await expect.poll(() => answers).toHaveLength(1);
      // However long it takes: nothing else is asked meanwhile.
      await clock.advance(60_000);
      expect(answers).toHaveLength(1);
      answers.pop()?.(status);
      await expect.poll(() => events.filter(({ kind }) => kind === 'report-node-probed').length).toBe(probed + 1);
    };
    await answer(200);
    expect(nodes.all()).toMatchObject([{ id: 'a', state: 'up' }]);
    await clock.advance(0);
    await answer(503);
    expect(nodes.all()).toMatchObject([{ state: 'up', failure: { code: 'report-status' } }]);
    await clock.advance(0);
    await answer(503);
    expect(nodes.all()).toMatchObject([{ state: 'down' }]);
    const changes = events.filter(({ kind }) => kind === 'report-node-changed');
    expect(changes).toMatchObject([
      { from: 'unknown', to: 'up' },
      { from: 'up', to: 'down', failure: { code: 'report-status' } },
    ]);
  });
});

let rig: Rig | null = null;
afterEach(async () => {
  await rig?.stop();
  rig = null;
});

const LISTENER = { host: '127.0.0.1', port: 0, publicUrl: null, tls: null };

async function start(nodes: readonly ReportNodeConfig[], but: Partial<Config> = {}): Promise<string> {
  rig = await startRig({
    config: (config) => ({
      ...{ ...config, ...but },
      reports: { listeners: [LISTENER], home: '/cuicui/Main.jsp', services: nodes },
    }),
  });
  const url = `http://127.0.0.1:${rig.app.reportAddresses()[0]?.port}`;
  await expect.poll(() => states()).not.toContain('unknown');
  return url;
}

const reportsOf = async () => (await rig?.health())?.reports as { id: string; state: string; reason: string | null }[];
const states = async () => (await reportsOf()).map(({ state }) => state);
const located = async (url: string) => (await fetchRaw(url)).headers.location;
const UP = { '/cuicui/api/status/': 200 };

describe('the URL of the reports', () => {
  it('B392 leads to the own site first, then by the order, and follows the nodes as they die and return', async () => {
    const [a, b, c] = [await startCuic(UP), await startCuic(UP, await freePort()), await startCuic(UP)];
    const nodes = [nodeAt('a', a.url, { site: 'west' }), nodeAt('b', b.url, { site: 'east' }), nodeAt('c', c.url)];
    const reports = await start(nodes, { site: 'east' });
    const deep = '/cuicui/permalink/?viewId=7&linkType=htmlType';
    expect(await located(`${reports}${deep}`)).toBe(`${b.url}${deep}`);
    await b.stop();
    await expect.poll(() => located(reports)).toBe(`${c.url}/cuicui/Main.jsp`);
    await c.stop();
    await expect.poll(() => located(reports)).toBe(`${a.url}/cuicui/Main.jsp`);
    await startCuic(UP, Number(new URL(b.url).port));
    await expect.poll(() => located(reports)).toBe(`${b.url}/cuicui/Main.jsp`);
    // Led there, never fetched: nodes only ever saw probes.
    const asked = [a, b, c].flatMap(({ requests }) => requests.map(({ url }) => url));
    expect(new Set(asked)).toEqual(new Set(['/cuicui/api/status/']));
  });

  it('B394 B396 with none up there is a page, and phones, states and the status of /health notice nothing', async () => {
    const a = await startCuic({ '/cuicui/api/status/': 503 });
    const reports = await start([nodeAt('a', a.url)]);
    const page = await fetchRaw(reports, { 'accept-language': 'de' });
    expect(page.status).toBe(503);
    expect(page.body).toContain('Im Moment keine Berichte');
    const health = await rig?.health();
    expect(health?.status).toBe('ok');
    expect(health?.problems).toEqual([expect.stringContaining('reports a: down')]);
    expect(health?.reports).toMatchObject([
      { id: 'a', name: 'Reports A', url: a.url, state: 'down', reason: expect.stringContaining('answered 503') },
    ]);
    expect((await rig?.get('/fippa/SEP001122334455'))?.body).toContain('Sign in');
    expect(rig?.lines.filter(({ event }) => event === 'report-node-state')).toMatchObject([{ node: 'a', to: 'down' }]);
    const metrics = (await rig?.get(`${rig.ops}/metrics`))?.body ?? '';
    expect(metrics).toContain('ippa_report_node_up{node="a"} 0');
    expect(metrics).toContain('ippa_report_requests_total{answer="none-up"} 1');
  });

  it('B397 a reload leaves a node that has not changed alone, adds and removes others, and moves no socket', async () => {
    const [a, b] = [await startCuic(UP), await startCuic(UP)];
    const reports = await start([nodeAt('a', a.url)]);
    const before = await reportsOf();
    const { config } = rig as Rig;
    const next = [nodeAt('b', b.url), nodeAt('a', a.url)];
    const reconfigure = (services: ReportNodeConfig[]) =>
      rig?.app.apply({ ...config, reports: { listeners: [], home: '/cuic/', services } });
    reconfigure(next);
    expect((await reportsOf()).find(({ id }) => id === 'a')).toMatchObject({
      since: Reflect.get(before[0] ?? {}, 'since'),
    });
    await expect.poll(() => located(reports)).toBe(`${b.url}/cuic/`);
    const held = Promise.withResolvers<void>();
    b.until = held.promise;
    reconfigure([nodeAt('a', b.url)]);
    expect(await states()).toEqual(['unknown']);
    held.resolve();
    await expect.poll(() => states()).toEqual(['up']);
    const seen = a.requests.length;
    await expect.poll(() => b.requests.length).toBeGreaterThan(3);
    expect(a.requests.length).toBeLessThanOrEqual(seen + 1);
  });

  it('B398 every answer closes its connection; half a request, a form and nonsense hold nothing up', async () => {
    const a = await startCuic(UP);
    const reports = await start([nodeAt('a', a.url)]);
    const port = Number(new URL(reports).port);
    const exchange = (text: string) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(text));
        let answer = '';
        socket.on('data', (bytes) => {
          answer += bytes;
        });
        socket.on('end', () => resolve(answer));
        socket.on('error', reject);
      });
    expect(await exchange('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1.1 302 .*connection: close/is);
    expect(await exchange('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await exchange(`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    const form = 'a'.repeat(100_000);
    const posted = await exchange(`POST /cuicui/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${form.length}\r\n\r\n${form}`);
    expect(posted).toMatch(/^HTTP\/1.1 405 /);
  });

  it('B398 one address holds 64 connections at most', async () => {
    const a = await startCuic(UP);
    const reports = await start([nodeAt('a', a.url)]);
    const port = Number(new URL(reports).port);
    const hold = () => {
      const socket = connect(port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      const isOpen = new Promise<boolean>((resolve) => {
        socket.on('error', () => {});
        socket.once('close', () => resolve(false));
        // Half a request, so that the server has certainly taken the connection.
        socket.write('GET / HTTP/1.1\r\n');
        held.push(() => resolve(true));
      });
      return { socket, isOpen };
    };
    const held: (() => void)[] = [];
    const sockets = Array.from({ length: 65 }, hold);
    await Promise.race(sockets.map(({ socket }) => new Promise((resolve) => socket.once('close', resolve))));
    for (const settle of held) settle();
    const open = await Promise.all(sockets.map(({ isOpen }) => isOpen));
    expect(open.filter(Boolean)).toHaveLength(64);
  });

  it('B398 a browser that keeps its connection is told that it closes', async () => {
    const a = await startCuic(UP);
    const reports = await start([nodeAt('a', a.url)]);
    const connection = await new Promise((resolve) => {
      httpRequest(reports, { method: 'HEAD' }, (response) => resolve(response.headers.connection)).end();
    });
    expect(connection).toBe('close');
  });
});
