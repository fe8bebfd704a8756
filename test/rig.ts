/**
 * A proxy between simulated Finesse servers, on loopback and any free ports, for the component tests. Intervals are a tenth
 * of the real ones unless a test asks otherwise: the timeline is a grid of one interval.
 */

import { request as httpRequest } from 'node:http';
import { Writable } from 'node:stream';
import { type App, createApp } from '../src/app.ts';
import type { Config, ServiceConfig } from '../src/config/config.ts';
import { DEFAULT_LIMITS } from '../src/config/limits.ts';
import { createLog } from '../src/ops/log.ts';
import { createFinesse, type Finesse } from '../src/simulators/finesse/server.ts';
import { checkAnswer } from './component/checked-answers.ts';
import { freePort } from './free-port.ts';
import { HTTP_PARSER } from './http-parser.ts';
import { PROCESSES } from './processes.ts';

export interface Rig {
  readonly app: App;
  /** What it was started with. */
  readonly config: Config;
  readonly phones: string;
  readonly ops: string;
  readonly finesse: readonly Finesse[];
  /** Log lines so far, parsed. */
  readonly lines: Record<string, unknown>[];
  /** All that was logged, as text. */
  logged(): string;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  health(): Promise<Health>;
  /** The state of a service, awaited by asking the ops port until it holds. */
  until(service: string, state: string): Promise<HealthEntry>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly bytes: Buffer;
}

export interface HealthEntry {
  readonly id: string;
  readonly state: string;
  readonly attempt: number | null;
  readonly since: string | null;
  readonly reason: string | null;
  readonly phones: number;
  readonly [key: string]: unknown;
}

export interface Health {
  readonly status: string;
  readonly services: readonly HealthEntry[];
  readonly [key: string]: unknown;
}

export interface RigOptions {
  /** One per server: ids are a, b, c… */
  readonly servers?: number;
  /**
   * Of probes and attempts; a probe has four fifths of it, and one that is twice as old is no confirmation. In less than the
   * second that it is without this, a busy machine makes outages that no test began.
   */
  readonly intervalMs?: number;
  readonly config?: (config: Config) => Config;
  readonly finesse?: Parameters<typeof createFinesse>[0];
  /** Servers that are not the simulated Finesse: their urls replace those, from the first. */
  readonly urls?: readonly string[];
  /** Do not wait for the first round of probes. */
  readonly unready?: boolean;
}

const NAMES = ['a', 'b', 'c', 'd', 'e'];
export const TOKEN = 'test-token';

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { servers = 2, intervalMs = 1000 } = options;
  const finesse = await Promise.all(NAMES.slice(0, servers).map((id) => startFinesse(id, options.finesse)));
  const urls = finesse.map(({ url }, index) => options.urls?.[index] ?? url);
  const lines: Record<string, unknown>[] = [];
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      for (const line of String(chunk).split('\n').filter(Boolean)) lines.push(JSON.parse(line));
      done();
    },
  });
  // Processes share any free port with those of the next proxy of this test.
  const base = rigConfig(urls, intervalMs, PROCESSES > 1 ? await freePort() : 0);
  const config = options.config?.(base) ?? base;
  const app = createApp(config, createLog({ level: 'debug', format: 'json', stream }), '0.0.0-test');
  await app.start();
  if (options.unready !== true) await app.ready;
  const phones = `http://127.0.0.1:${app.addresses()[0]?.port}`;
  const ops = `http://127.0.0.1:${app.opsAddress().port}`;
  // What a process noted of a device besides its sign-in is with the others a moment later: sooner than a phone asks again.
  const settled = async () => {
    if (PROCESSES > 1) for (const _ of [1, 2]) await health();
  };
  const health = async (): Promise<Health> => JSON.parse((await fetchRaw(`${ops}/health`)).body);
  return {
    ...{ app, config, phones, ops, finesse, lines },
    logged: () => text,
    async get(path, headers) {
      await settled();
      const answer = await fetchRaw(path.startsWith('http') ? path : `${phones}${path}`, headers);
      if (path.startsWith(ops)) checkAnswer('get', path.slice(ops.length), { ...answer, ...textOf(answer) });
      return answer;
    },
    health,
    async until(service, state) {
      for (;;) {
        const entry = (await health()).services.find(({ id }) => id === service);
        if (entry?.state === state) return entry;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async stop() {
      // A quarter of it, half a second at most, is for what is kept in a folder: that has to be there when a test reads it.
      await app.stop(4000);
      await Promise.all(finesse.map((server) => server.stop()));
    },
  };
}

async function startFinesse(id: string, options: RigOptions['finesse']): Promise<Finesse> {
  const name = `finesse-${id}.example.com`;
  const finesse = createFinesse({ name, peer: 'finesse-z.example.com', keepAliveMs: 60_000, ...options });
  await finesse.start();
  return finesse;
}

/** For the check against /openapi.json. */
function textOf({ headers, body }: Answer): { readonly type: string; readonly text: string } {
  return { type: String(headers['content-type'] ?? '').split(';')[0] ?? '', text: body };
}

function rigConfig(urls: readonly string[], intervalMs: number, port: number): Config {
  const services = urls.map((url, index): ServiceConfig => {
    const id = NAMES[index] ?? 'x';
    const probe = { url: `${url}/finesse/api/SystemInfo`, username: null, password: null };
    return {
      ...{
        id,
        name: `Finesse ${id.toUpperCase()}`,
        url,
        aliases: [],
        site: null,
        ca: null,
        fingerprints: [],
        notification: null,
        certificateNames: [],
        pushFrom: null,
      },
      probe: { ...probe, intervalMs, timeoutMs: intervalMs * 0.8 },
    };
  });
  return {
    phones: {
      listeners: [{ host: '127.0.0.1', port, publicUrl: null, tls: null, service: null }],
      ...{ answerWithinMs: 4500, networks: [], trustedFronts: [], forgetAfterMs: 12 * 3_600_000 },
      httpParser: HTTP_PARSER,
      limits: DEFAULT_LIMITS,
    },
    ops: {
      host: '127.0.0.1',
      port: 0,
      operators: [{ name: 'token', token: TOKEN, may: 'set' }],
      phone: true,
      tls: null,
    },
    clusters: [{ id: 'main', frontDoor: true, services }],
    reconnect: { intervalMs, attempts: 3 },
    pages: { folder: null, languages: ['en', 'de'], help: null },
    processes: PROCESSES,
    site: null,
    island: { suspectAfterMs: 60_000, warnAfterMs: 345_600_000 },
    reports: null,
    push: null,
    store: null,
    state: { folder: null },
    outages: { summaryAfterMs: 300_000, keepForMs: 86_400_000 },
    reload: { watch: false },
    stop: { pauseMs: 0, withinMs: 10_000 },
    webhooks: [],
    log: { level: 'debug', format: 'json', syslog: null },
  };
}

/** One GET on a connection of its own; path and headers go out as they stand. */
export function fetchRaw(url: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { origin, host } = new URL(url);
    const path = url.slice(origin.length) || '/';
    const [hostname, port] = [new URL(url).hostname, new URL(url).port];
    const request = httpRequest(
      {
        hostname,
        port,
        path,
        method: body === undefined ? 'GET' : 'POST',
        headers: { host, ...headers },
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const { statusCode: status = 0, headers, rawHeaders } = response;
          resolve({ status, headers, rawHeaders, body: bytes.toString(), bytes });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
