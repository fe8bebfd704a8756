/** `demo`: the proxy with two simulated Finesse servers, on loopback only, and plain words on what to try. */

import { createServer } from 'node:net';
import { createApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { parseConfiguration, renderProblems } from '../config/load.ts';
import { ListenerError } from '../http/server/listener-error.ts';
import type { DemoControls } from '../ops/demo-routes.ts';
import { createLog } from '../ops/log.ts';
import { Control } from '../simulators/finesse/control-port.ts';
import { numberedAgents } from '../simulators/finesse/options.ts';
import { createFinesse, type Finesse } from '../simulators/finesse/server.ts';
import type { Output } from './output.ts';
import { runApp } from './serve.ts';

export interface DemoOptions {
  /** Ports as typed. */
  readonly port: string;
  readonly opsPort: string;
}

/** Nothing outside this machine reaches the demo, so its token need not be secret. */
const TOKEN = 'demo';
/** The proxy's account in the Notification Service. */
const LISTENER = { username: 'ippa-proxy', password: 'cisco' };
const PHONE = 'SEP001122334455';
const CALLER = '07115550100';
/** On both servers. */
const AGENTS = numberedAgents(5);

/** Whom the simulated Finesse servers and the proxy push as; the simulated phone lets anybody. */
const PUSH_USER = { username: 'demo', password: 'demo' };

/** The same each time, so that what one typed yesterday works today. */
const PUSH_PORTS = { listener: 8083, phone: 8084 } as const;
const PORTS = { a: { finesse: 9001, control: 9101 }, b: { finesse: 9002, control: 9102 } } as const;

interface Simulated {
  readonly id: string;
  readonly name: string;
  readonly finesse: Finesse;
  readonly control: Control;
}

export async function runDemo(options: DemoOptions, version: string, output: Output): Promise<number> {
  const ports = [parsePort(options.port), parsePort(options.opsPort)];
  const [port, opsPort] = ports;
  if (port === null || opsPort === null || port === undefined || opsPort === undefined) {
    output.stderr('--port and --ops-port take a number from 1 to 65535\n');
    return 2;
  }
  const pushPort = await findPort(PUSH_PORTS.listener, [port, opsPort]);
  const phonePort = await findPort(PUSH_PORTS.phone, [port, opsPort, pushPort]);
  const servers = [await simulate('a', 'Finesse A', 'b', pushPort), await simulate('b', 'Finesse B', 'a', pushPort)];
  const config = await loadDemo(servers, { port, opsPort, pushPort, phonePort });
  const log = createLog(config.log);
  try {
    const app = createApp(config, log, version, { demo: createDemoControls(servers) });
    const start = () => app.start().catch(nameOption);
    return await runApp({ ...app, start }, output, () =>
      output.stdout(welcome(servers, { port, opsPort, pushPort, phonePort })),
    );
  } finally {
    await Promise.all(servers.flatMap(({ finesse, control }) => [control.stop(), finesse.stop()]));
  }
}

/** Those that show something different each: the rest is for the command line. */
const FAULTS = ['none', 'refuse', 'silent', '503', 'out-of-service', 'slow'] as const;

/** What the buttons beside the phone in the browser do. */
function createDemoControls(simulated: readonly Simulated[]): DemoControls {
  const find = (id: string) => simulated.find((server) => server.id === id)?.finesse;
  const [{ id, password, extension } = { id: '', password: '', extension: '' }] = AGENTS;
  return {
    faults: FAULTS,
    agent: { id, password, extension },
    servers: () =>
      simulated.map(({ id, name, finesse }) => {
        const { name: fault, since } = finesse.currentFault;
        return { id, name, fault, since };
      }),
    setFault: async (id, fault) => find(id)?.fault(fault),
    call(id, device, change) {
      try {
        if (change === 'begins') find(id)?.call(device, CALLER);
        else find(id)?.hangup(device);
        return true;
      } catch {
        return false;
      }
    },
  };
}

const OPTIONS: Readonly<Record<string, string>> = { 'phones.listeners[0].port': '--port', 'ops.port': '--ops-port' };

/** A port that cannot be had, by the option that chose it: nobody wrote a configuration. */
function nameOption(error: unknown): never {
  const option = error instanceof ListenerError ? OPTIONS[error.key] : undefined;
  if (option === undefined) throw error;
  throw new Error(`${option}: ${(error as ListenerError).problem}`, { cause: error });
}

function parsePort(text: string): number | null {
  const port = Number(text);
  return /^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535 ? port : null;
}

interface DemoPorts {
  readonly port: number;
  readonly opsPort: number;
  /** Where the simulated Finesse servers push to. */
  readonly pushPort: number;
  /** Of the simulated phone's own web server. */
  readonly phonePort: number;
}

/** The usual port, or any other one when that is taken. */
async function findPort(usual: number, taken: readonly number[]): Promise<number> {
  const free = taken.includes(usual) ? null : await tryPort(usual);
  return free ?? (await tryPort(0)) ?? usual;
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? null) : null));
    });
  });
}

async function simulate(id: 'a' | 'b', name: string, peer: string, pushPort: number): Promise<Simulated> {
  const host = (of: string) => `finesse-${of}.example.com`;
  const role = id === 'a' ? 'primary' : 'secondary';
  const options = {
    name: host(id),
    peer: host(peer),
    role,
    agents: AGENTS,
    push: { ...PUSH_USER, port: pushPort },
    notification: LISTENER,
  } as const;
  const finesse = await startOn(PORTS[id].finesse, (port) => createFinesse({ ...options, port }));
  const control = await startOn(PORTS[id].control, (port) => new Control(finesse, port));
  return { id, name, finesse, control };
}

/** On the usual port, or on any other one when that is taken. */
async function startOn<Part extends { start(): Promise<unknown> }>(
  port: number,
  create: (port: number) => Part,
): Promise<Part> {
  const usual = create(port);
  try {
    await usual.start();
    return usual;
  } catch {
    const other = create(0);
    await other.start();
    return other;
  }
}

/** What the configuration needs to know of a simulated server. */
interface DemoServer {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly notificationPort: number;
}

/** YAML, as an administrator would write it: all else is as by default. Pure. */
export function demoConfiguration(servers: readonly DemoServer[], ports: DemoPorts): string {
  const { port, opsPort, pushPort, phonePort } = ports;
  const services = servers.map(({ id, name, url, notificationPort }) => {
    const account = `username: ${LISTENER.username}, password: ${LISTENER.password}`;
    return `      - id: ${id}
        name: ${name}
        url: ${url}
        notification: { host: 127.0.0.1, port: ${notificationPort}, tls: unencrypted, ${account} }
`;
  });
  return `phones:
  listeners: [{ host: 127.0.0.1, port: ${port} }]
  networks: [127.0.0.0/8]
ops: { port: ${opsPort}, token: ${TOKEN} }
clusters:
  - id: main
    services:
${services.join('')}pages: { languages: [en, de] }
push:
  listeners: [{ host: 127.0.0.1, port: ${pushPort} }]
  username: ${PUSH_USER.username}
  password: ${PUSH_USER.password}
  phoneScheme: http
  phonePorts: { http: ${phonePort}, https: ${phonePort} }
`;
}

async function loadDemo(servers: readonly Simulated[], ports: DemoPorts): Promise<Config> {
  const described = servers.map(({ id, name, finesse }) => {
    return { id, name, url: finesse.url, notificationPort: finesse.notification?.port ?? 0 };
  });
  const text = demoConfiguration(described, ports);
  const loaded = await parseConfiguration(text, { file: 'demo', folder: process.cwd() });
  if (!loaded.ok) throw new Error(renderProblems(loaded.problems));
  return loaded.config;
}

function welcome(servers: readonly Simulated[], { port, opsPort, phonePort }: DemoPorts): string {
  const phones = `http://127.0.0.1:${port}`;
  const ops = `http://127.0.0.1:${opsPort}`;
  const lines = servers.map(
    ({ name, finesse, control }) => `  ${`${name}:`.padEnd(21)}${finesse.url}, switch its faults at ${control.url}`,
  );
  const [a] = servers;
  const [first, last] = [AGENTS.at(0), AGENTS.at(-1)];
  const order = (words: string) => `npm start -- simulate finesse ${words.replace(' ', ` ${a?.control.url} `)}`;
  return `
Open in a browser:   ${ops}/

The proxy and two simulated Finesse servers run on this machine, on loopback only. In the browser:
  1. Press "Sign in to the demo", then "Open a phone in the browser", then "Open the phone".
  2. On the phone sign in as agent ${first?.id}, password ${first?.password}, extension ${first?.extension}, and press Ready.
  3. Beside it fail Finesse A: press "Refuse". Press a key on the phone: it shows "Reconnecting: 1 of 3",
     2, 3, and after 15 seconds a menu with Finesse B.
  4. Choose Finesse B and sign in there: only the password is asked for again. The record of the outage
     beside the phone now says: one elsewhere, none missing.
  5. Press "Bring back": the agent stays on Finesse B, since nobody who is signed in is ever moved.
     "Call this phone" shows a push of Finesse; "Silent", "503", "Out of service", "Slow" are other ways to fail.

Or in a second terminal, in this folder:
  A phone:             npm start -- phone ${phones}/fippa/ --device ${PHONE} --web-port ${phonePort}
                       Both servers know the agents ${first?.id} to ${last?.id}, password ${first?.password}, extensions ${first?.extension} to ${last?.extension}:
                       more phones want a --device of their own, and for pushes an --address too, such as
                       127.0.0.2 (Linux).
  A call for it:       ${order(`call ${PHONE} ${CALLER}`)}
                       ${order(`hangup ${PHONE}`)}
  Stop Finesse A:      ${order('fault refuse')}
  Bring it back:       ${order('fault none')}
  Its notifications:   ${order('fault notification-down')}
  Other ways to fail:  npm start -- simulate finesse fault --help
  Everything at once:  npm start -- status --watch --url ${ops}, or curl ${ops}/health

  Phones:              ${phones}/fippa/${PHONE}
${lines.join('\n')}

Ctrl-C stops everything. What happens is logged below.
`;
}
