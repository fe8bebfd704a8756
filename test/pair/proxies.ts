/** One of several proxies: `serve` as a process, on the same ports and in the same folder at each start, its log as it comes. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';

const BIN = fileURLToPath(new URL('../../bin/ippa-proxy.js', import.meta.url));

export interface LogLine {
  readonly at: number;
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface ProxyOptions {
  readonly folder: string;
  readonly name: string;
  readonly services: Readonly<Record<string, string>>;
  readonly storePort: number;
  readonly pushPort: number;
  readonly intervalMs: number;
  readonly summaryAfterMs: number;
  /** Where it stands, and where each service does; none: there are no sites. */
  readonly site?: string;
  readonly sites?: Readonly<Record<string, string>>;
}

export class PairProxy {
  readonly lines: LogLine[] = [];
  readonly name: string;
  readonly origin: string;
  readonly ops: string;
  stderr = '';
  /** When it was killed and when it was there again; epoch ms. */
  readonly away: { from: number; to: number }[] = [];
  readonly #write: (but: Partial<ProxyOptions>) => void;
  readonly #file: string;
  #child: ChildProcess | null = null;

  static async create(options: ProxyOptions): Promise<PairProxy> {
    const [port, opsPort] = [await freePort(), await freePort()];
    return new PairProxy(options, port, opsPort);
  }

  private constructor(options: ProxyOptions, port: number, opsPort: number) {
    this.name = options.name;
    this.origin = `http://127.0.0.1:${port}`;
    this.ops = `http://127.0.0.1:${opsPort}`;
    this.#file = join(options.folder, `${options.name}.yaml`);
    this.#write = (but) => writeFileSync(this.#file, renderConfig({ ...options, ...but }, port, opsPort));
    this.#write({});
  }

  /** From its next start on. */
  configure(but: Partial<ProxyOptions>): void {
    this.#write(but);
  }

  get isAlive(): boolean {
    return this.#child !== null;
  }

  async start(): Promise<void> {
    const from = this.lines.length;
    const child = spawn(process.execPath, [BIN, 'serve', '--config', this.#file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    child.stderr.on('data', (chunk) => {
      this.stderr += String(chunk);
    });
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text);
      this.lines.push({ ...line, at: Date.parse(line.time) });
    });
    await this.saw('ready', {}, from);
    const last = this.away.at(-1);
    if (last !== undefined) last.to = Date.now();
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
    this.away.push({ from: Date.now(), to: Number.POSITIVE_INFINITY });
  }

  /** It stands still: its connections stay, and nothing is answered. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
    this.away.push({ from: Date.now(), to: Number.POSITIVE_INFINITY });
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
    const last = this.away.at(-1);
    if (last !== undefined) last.to = Date.now();
  }

  async stop(): Promise<number | null> {
    this.#child?.kill('SIGCONT');
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return child?.exitCode ?? 0;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await ended;
    return code;
  }

  has(event: string, fields: Readonly<Record<string, unknown>> = {}, from = 0): boolean {
    return this.lines
      .slice(from)
      .some((line) => line.event === event && Object.entries(fields).every(([name, value]) => line[name] === value));
  }

  async saw(event: string, fields: Readonly<Record<string, unknown>> = {}, from = 0, withinMs = 60_000): Promise<void> {
    const end = Date.now() + withinMs;
    while (!this.has(event, fields, from)) {
      if (Date.now() > end) {
        const last = this.lines.slice(-8).map((line) => JSON.stringify(line));
        const ended = this.#child === null ? 'killed' : `exit code ${this.#child.exitCode}`;
        throw new Error(
          `${this.name}: no ${event} ${JSON.stringify(fields)}: ${ended} ${this.stderr} ${last.join('\n')}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.ops}${path}`, { headers: { authorization: 'Bearer pair-token' } });
    return (await answer.json()) as T;
  }
}

function renderConfig(options: ProxyOptions, port: number, opsPort: number): string {
  const { folder, name, services, storePort, pushPort, intervalMs, summaryAfterMs } = options;
  const probe = `{ interval: ${intervalMs}ms, timeout: ${intervalMs * 0.8}ms }`;
  const siteOf = (id: string) => (options.sites?.[id] === undefined ? '' : `, site: ${options.sites[id]}`);
  return `${options.site === undefined ? '' : `site: ${options.site}\n`}phones:
  listeners: [{ host: 127.0.0.1, port: ${port}, publicUrl: "http://127.0.0.1:${port}" }]
  networks: [127.0.1.0/24]
  answerWithin: 2s
ops: { host: 127.0.0.1, port: ${opsPort}, token: pair-token }
clusters:
  - id: main
    services:
${Object.entries(services)
  .map(
    ([id, url]) =>
      `      - { id: ${id}, name: Finesse ${id.toUpperCase()}, url: "${url}", probe: ${probe}${siteOf(id)} }`,
  )
  .join('\n')}
reconnect: { interval: ${intervalMs}ms, attempts: 3 }
outages: { summaryAfter: ${summaryAfterMs}ms }
push: { username: ippa-user, password: pair-pass, phoneScheme: http, phonePorts: { http: ${pushPort} } }
store: { redis: { url: "redis://127.0.0.1:${storePort}" } }
state: { folder: "${join(folder, `${name}-state`)}" }
log: { level: debug, format: json }
`;
}
