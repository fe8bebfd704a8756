/** What a simulated Finesse server can be told, and the defaults. */

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

export interface AgentOption {
  readonly id: string;
  readonly password: string;
  readonly extension: string;
  /** First and last name; default `Agent ID`. */
  readonly name?: string | undefined;
}

export interface Reason {
  readonly code: string;
  readonly label: string;
}

/** Where pushes go; finesse-ippa.md §6 has two readings of how Finesse finds the phone. */
export interface PushOption {
  readonly username: string;
  readonly password: string;
  /** Reading (a): the address the device's last request came from, on this port. */
  readonly port?: number | undefined;
  /** Reading (b): `host:port` by device name; wins over (a). */
  readonly addresses?: Readonly<Record<string, string>> | undefined;
}

/** The Notification Service: its port (0: any free one), and the account that may listen there. */
export interface NotificationOption {
  readonly port?: number | undefined;
  readonly username: string;
  readonly password: string;
}

export interface FinesseOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0 (default): any free port. */
  readonly port?: number | undefined;
  /** PEM text or file paths; `true`: a self-signed certificate made at start. Absent: plain HTTP. */
  readonly tls?: true | { readonly cert: string; readonly key: string } | undefined;
  /** A second, plain listener that answers 302 to the first, as 8082 does since 12.5. */
  readonly httpPort?: number | undefined;
  /** The name it reports as its own and uses in its URLs. Default: the listening address. */
  readonly name?: string | undefined;
  /** Name of the other server of the pair; absent: a single server. */
  readonly peer?: string | undefined;
  /** Which of the pair this one is. Default primary. */
  readonly role?: 'primary' | 'secondary' | undefined;
  /** 12.5 leaves out the elements that came later. Default 15.0. */
  readonly release?: '12.5' | '15.0' | undefined;
  /** Default: 1001…1020, password cisco, extensions 2001…2020. */
  readonly agents?: readonly AgentOption[] | undefined;
  /** SystemInfo asks for Basic credentials: those of an agent, or these. */
  readonly secureSystemInfo?: boolean | { readonly username: string; readonly password: string } | undefined;
  /** Port of the control server, loopback only; absent: none. 0: any free port. */
  readonly controlPort?: number | undefined;
  /** Origin of its absolute URLs. Default: scheme, name and port of its own. `host`: what the Host header says. */
  readonly baseUrl?: string | undefined;
  /** URLs in pages are path-absolute (/fippa/…). Default false. */
  readonly relativeUrls?: boolean | undefined;
  /** Set JSESSIONID. Default true. */
  readonly cookies?: boolean | undefined;
  /** Seconds after which home pages refresh themselves; absent: never. */
  readonly refreshSeconds?: number | undefined;
  readonly charset?: 'utf-8' | 'iso-8859-1' | undefined;
  /** Empty lists: no reason is asked. */
  readonly notReadyReasons?: readonly Reason[] | undefined;
  readonly signOutReasons?: readonly Reason[] | undefined;
  readonly push?: PushOption | undefined;
  /** A Notification Service beside it, with TLS if it has TLS itself. Absent: none. */
  readonly notification?: NotificationOption | undefined;
  /** How long fippa itself waits before it shows its unavailable page. Default 15 000 (finesse-ippa.md §7). */
  readonly patienceMs?: number | undefined;
  /** How long an idle connection stays open. Default 5000. */
  readonly keepAliveMs?: number | undefined;
  /** The clock, epoch milliseconds. */
  readonly now?: (() => number) | undefined;
}

export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly tls: true | { readonly cert: string; readonly key: string } | null;
  readonly httpPort: number | null;
  readonly name: string;
  readonly peer: string | null;
  readonly role: 'primary' | 'secondary';
  readonly release: '12.5' | '15.0';
  readonly agents: readonly AgentOption[];
  readonly secureSystemInfo: boolean | { readonly username: string; readonly password: string };
  readonly controlPort: number | null;
  readonly baseUrl: string | null;
  readonly relativeUrls: boolean;
  readonly cookies: boolean;
  readonly refreshSeconds: number | null;
  readonly charset: 'utf-8' | 'iso-8859-1';
  readonly notReadyReasons: readonly Reason[];
  readonly signOutReasons: readonly Reason[];
  readonly push: PushOption | null;
  readonly notification: NotificationOption | null;
  readonly patienceMs: number;
  readonly keepAliveMs: number;
  readonly now: () => number;
}

/** A mistake of the caller, in words to print. */
export class OptionError extends Error {}

/** Agents 1001, 1002, … with extensions 2001, 2002, … (from 1000 agents on 100001 and 200001) and one password. */
export function numberedAgents(count: number): readonly AgentOption[] {
  const step = count < 1000 ? 1000 : 100_000;
  return Array.from({ length: count }, (_, index) => ({
    id: String(step + 1 + index),
    password: 'cisco',
    extension: String(2 * step + 1 + index),
  }));
}

const DEFAULT_AGENTS = numberedAgents(20);

const NOT_READY_REASONS: readonly Reason[] = [
  { code: '1', label: 'Lunch' },
  { code: '2', label: 'Break' },
  { code: '3', label: 'Meeting' },
];
const SIGN_OUT_REASONS: readonly Reason[] = [
  { code: '10', label: 'End of shift' },
  { code: '11', label: 'Training' },
];

/** Fills in the defaults. Throws OptionError. */
export function settle(options: FinesseOptions): Settings {
  const host = options.host ?? '127.0.0.1';
  const agents = options.agents ?? DEFAULT_AGENTS;
  checkPort('port', options.port);
  checkPort('http-port', options.httpPort);
  checkPort('control-port', options.controlPort);
  checkPort('notification-port', options.notification?.port);
  if (agents.length === 0) throw new OptionError('at least one agent is needed');
  if (new Set(agents.map((agent) => agent.id)).size !== agents.length)
    throw new OptionError('two agents have the same id');
  return {
    host,
    port: options.port ?? 0,
    tls: options.tls === undefined || options.tls === true ? (options.tls ?? null) : readTls(options.tls),
    httpPort: options.httpPort ?? null,
    name: options.name ?? (host === '0.0.0.0' || host === '::' ? hostname() : host),
    peer: options.peer ?? null,
    role: options.role ?? 'primary',
    release: options.release ?? '15.0',
    agents,
    secureSystemInfo: options.secureSystemInfo ?? false,
    controlPort: options.controlPort ?? null,
    baseUrl: options.baseUrl === undefined ? null : checkBaseUrl(options.baseUrl),
    relativeUrls: options.relativeUrls ?? false,
    cookies: options.cookies ?? true,
    refreshSeconds: options.refreshSeconds ?? null,
    charset: options.charset ?? 'utf-8',
    notReadyReasons: options.notReadyReasons ?? NOT_READY_REASONS,
    signOutReasons: options.signOutReasons ?? SIGN_OUT_REASONS,
    push: options.push ?? null,
    notification: options.notification ?? null,
    patienceMs: options.patienceMs ?? 15_000,
    keepAliveMs: options.keepAliveMs ?? 5000,
    now: options.now ?? Date.now,
  };
}

function checkPort(key: string, port: number | undefined): void {
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw new OptionError(`--${key}: ${port} is not a port; allowed are 0 (any free one) to 65535`);
}

function checkBaseUrl(text: string): string {
  if (text === 'host') return text;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    url === null ||
    !/^https?:$/.test(url.protocol) ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.username !== ''
  )
    throw new OptionError(
      `--base-url: ${text} is not an origin such as https://fin-a.example.com:8445, nor the word host`,
    );
  return text.replace(/\/$/, '');
}

function readTls(tls: { cert: string; key: string }): { cert: string; key: string } {
  return { cert: readPem('tls-cert', tls.cert), key: readPem('tls-key', tls.key) };
}

function readPem(key: string, textOrPath: string): string {
  if (textOrPath.includes('-----BEGIN')) return textOrPath;
  try {
    return readFileSync(textOrPath, 'utf8');
  } catch (error) {
    throw new OptionError(`--${key}: ${textOrPath} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
