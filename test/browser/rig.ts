/**
 * The console in a real browser: an `ippa-proxy serve` process of its own between simulated Finesse servers, and Chromium, whose pages
 * tell whatever they complain about. Everything is on loopback and on free ports.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { createFinesse, type Finesse } from '../../src/simulators/finesse/server.ts';
import { freePort } from '../free-port.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'bin/ippa-proxy.js');

export const SET_TOKEN = 'canary-token-of-kim';
export const READ_TOKEN = 'canary-token-of-the-wall';

/** On all simulated servers: `1001` with extension `2001`, and so on. */
export const agentsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    ...{ id: String(1001 + index), password: 'cisco', extension: String(2001 + index) },
  }));

export interface ProxyProcess {
  readonly child: ChildProcess;
  /** Origin of the ops port; stays the same over a restart. */
  readonly ops: string;
  /** Origin of the phone listener. */
  readonly phones: string;
  /** Log lines so far. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** Ends it by SIGTERM. */
  stop(): Promise<void>;
  /** Ends it, and starts it anew on the same ports. */
  restart(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

export interface ConsoleRigOptions {
  /** Ids of services; `a` and `b` by default. */
  readonly servers?: readonly string[];
  readonly agents?: number;
  /** Length of an attempt; the real one is 5s. */
  readonly attempt?: string;
  /** What else the configuration holds, as it stands. */
  readonly more?: string;
  /** The cluster of a service; `main` by default. */
  readonly clusterOf?: (service: string) => string;
  /** What agents and operators call a service; `Finesse A` by default. */
  readonly nameOf?: (service: string) => string;
  /** Time between two probes. */
  readonly probeEvery?: string;
  /** Writes what an earlier process would have left in the state folder. */
  readonly prepare?: (stateFolder: string) => void;
}

export interface ConsoleRig {
  readonly proxy: ProxyProcess;
  readonly finesse: Readonly<Record<string, Finesse>>;
  readonly browser: Browser;
  /** A page in a browser profile of its own. */
  open(options?: OpenOptions): Promise<ConsolePage>;
  /** Signs an agent in by a phone: agent 1001 on device 1, and so on. */
  signIn(service: string, index: number): Promise<void>;
  stop(): Promise<void>;
}

export interface OpenOptions {
  readonly path?: string;
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  readonly language?: 'en' | 'de';
  readonly javaScript?: boolean;
  readonly context?: BrowserContextOptions;
}

export interface ConsolePage {
  readonly page: Page;
  /** Everything that the browser complained about: errors, broken policies, requests to other places. */
  readonly complaints: readonly string[];
  /** From here on these are expected, and no complaint: a proxy that is away, say. */
  expect(pattern: RegExp | null): void;
  signIn(token: string): Promise<void>;
  close(): Promise<void>;
}

export const deviceOf = (index: number) => `SEP${String(index).padStart(12, '0')}`;

export async function startConsoleRig(options: ConsoleRigOptions = {}): Promise<ConsoleRig> {
  const {
    servers = ['a', 'b'],
    agents = 5,
    attempt = '1s',
    more = '',
    probeEvery = '1s',
    prepare = () => {},
  } = options;
  const { clusterOf = () => 'main', nameOf = (id: string) => `Finesse ${id.toUpperCase()}` } = options;
  const folder = mkdtempSync(join(tmpdir(), 'ippa-console-'));
  const known = agentsOf(agents);
  const finesse = Object.fromEntries(
    await Promise.all(
      servers.map(async (id): Promise<[string, Finesse]> => {
        const server = createFinesse({ name: `finesse-${id}.example.com`, agents: known });
        await server.start();
        return [id, server];
      }),
    ),
  );
  const clusters = [...Map.groupBy(servers, clusterOf)].map(([cluster, ids]) => {
    const services = ids.map((id) => {
      const { url } = finesse[id] as Finesse;
      return `      - { id: ${id}, name: ${JSON.stringify(nameOf(id))}, url: "${url}", probe: { interval: ${probeEvery}, timeout: 800ms } }`;
    });
    return `  - id: ${cluster}\n    services:\n${services.join('\n')}`;
  });
  const [ops, phones] = [await freePort(), await freePort()];
  const config = join(folder, 'ippa.yaml');
  writeFileSync(
    config,
    `phones: { listeners: [{ host: 127.0.0.1, port: ${phones} }] }
ops:
  port: ${ops}
  operators:
    - { name: kim, token: ${SET_TOKEN}, may: set }
    - { name: wall, token: ${READ_TOKEN}, may: read }
reconnect: { interval: ${attempt} }
clusters:
${clusters.join('\n')}
state: { folder: ${join(folder, 'state')} }
log: { format: json }
${more}`,
  );
  mkdirSync(join(folder, 'state'));
  prepare(join(folder, 'state'));
  const proxy = await startProxy(config, `http://127.0.0.1:${ops}`, `http://127.0.0.1:${phones}`);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', chromiumSandbox: false });
  return {
    ...{ proxy, finesse, browser },
    open: (opening = {}) => openPage(browser, proxy.ops, opening),
    async signIn(service, index) {
      const query = `id=${1000 + index}&password=cisco&extension=${2000 + index}`;
      const answer = await fetch(`${proxy.phones}/${service}/fippa/${deviceOf(index)}?${query}`);
      await answer.arrayBuffer();
    },
    async stop() {
      await browser.close();
      await proxy.stop();
      await Promise.all(Object.values(finesse).map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startProxy(config: string, ops: string, phones: string): Promise<ProxyProcess> {
  const lines: Record<string, unknown>[] = [];
  let child = await spawnProxy(config, lines);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // A process that a test froze takes no other signal.
    child.kill('SIGCONT');
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  };
  return {
    ...{ ops, phones, lines },
    get child() {
      return child;
    },
    stop: () => end('SIGTERM'),
    async restart() {
      await end('SIGTERM');
      child = await spawnProxy(config, lines);
    },
    signal: (signal) => void child.kill(signal),
  };
}

function spawnProxy(config: string, lines: Record<string, unknown>[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [BIN, 'serve', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  return new Promise((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`the proxy ended with ${code}: ${errors}`)));
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text);
      lines.push(line);
      if (line.event === 'ready') resolve(child);
    });
  });
}

export async function openPage(browser: Browser, ops: string, options: OpenOptions): Promise<ConsolePage> {
  const { path = '/', width = 1280, height = 900, scheme = 'light', language = 'en', javaScript = true } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    locale: language === 'de' ? 'de-DE' : 'en-GB',
    timezoneId: 'Europe/Berlin',
    javaScriptEnabled: javaScript,
    ...options.context,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  let expected: RegExp | null = null;
  const complain = (text: string) => {
    if (expected === null || !expected.test(text)) complaints.push(text);
  };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complain(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complain(`thrown: ${error.stack}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== ops && !['blob:', 'data:'].includes(protocol)) complain(`elsewhere: ${request.url()}`);
  });
  await page.goto(`${ops}${path}`);
  if (javaScript) await page.locator('main h1').waitFor({ state: 'attached' });
  return {
    page,
    complaints,
    expect: (pattern) => {
      expected = pattern;
    },
    async signIn(token) {
      await page.locator('.head-tools button.primary').click();
      await page.locator('dialog input[type=password]').fill(token);
      await page.locator('dialog button[type=submit]').click();
      await page.locator('.who').waitFor();
      await page.locator('dialog').waitFor({ state: 'detached' });
    },
    close: () => context.close(),
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds on the page as it is now; empty: nothing. */
export async function findAccessibilityFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: unknown }> } };
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations;
  });
  return (violations as { id: string; help: string; nodes: { html: string; failureSummary: string }[] }[]).map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} (${failureSummary})`).join('; ')}`,
  );
}

/** Kept for README and docs if IMAGES is set; else nothing is written, so that a checkout stays as it is. */
export async function keepImage(
  page: Page,
  name: string,
  options: { readonly fullPage?: boolean } = {},
): Promise<void> {
  if (process.env.IMAGES === undefined) return;
  const folder = join(ROOT, 'docs/images');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', ...options });
}
