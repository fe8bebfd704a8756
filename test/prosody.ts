/**
 * A real XMPP server as the Notification Service: Prosody of Debian's packages, as an ordinary process with a
 * configuration, a data folder and ports of its own. The system's service is never touched.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { selfSigned } from '../src/simulators/finesse/certificate.ts';
import { freePort } from './free-port.ts';

export interface Prosody {
  readonly domain: string;
  /** TLS from the first byte. */
  readonly directPort: number;
  /** Plain, with STARTTLS. */
  readonly plainPort: number;
  /** PEM of its self-signed certificate. */
  readonly ca: string;
  start(): Promise<void>;
  /** Sends a signal to the process; SIGKILL and SIGTERM resolve when it is gone. */
  signal(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Ends the process and deletes its folder. */
  remove(): Promise<void>;
  /** What it logged. */
  log(): string;
}

export const PROXY_USER = { username: 'ippa-proxy', password: 'canary-notification-password' };
export const FINESSE_USER = { username: 'finesse', password: 'finesse-own-password' };

export interface ProsodyOptions {
  readonly domain?: string;
  /** Whether the proxy's account is told of the presence of finesse. Default true. */
  readonly roster?: boolean;
  /** Accounts are kept as they are (SCRAM only) or in the clear (PLAIN too). */
  readonly extra?: string;
  /** No login without TLS on the plain port. */
  readonly requireTls?: boolean;
  /** What its certificate is for. Default: the domain and loopback. */
  readonly certificateNames?: readonly string[];
}

export async function createProsody(options: ProsodyOptions = {}): Promise<Prosody> {
  const { domain = 'finesse-a.example.com', roster = true, extra = '' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'ippa-prosody-'));
  const [directPort, plainPort] = [await freePort(), await freePort()];
  const { certificateNames = [domain, 'localhost', '127.0.0.1'] } = options;
  const { cert, key } = selfSigned(certificateNames, Date.now());
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
  writeFileSync(
    join(folder, 'prosody.cfg.lua'),
    configuration({ folder, domain, directPort, plainPort, extra, ...options }),
  );
  writeAccounts(folder, domain, roster);
  let process: ChildProcess | null = null;
  let text = '';

  const start = async () => {
    const child = spawn('prosody', ['--config', join(folder, 'prosody.cfg.lua')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
    for (let tries = 0; !(await isListening(plainPort)); tries++) {
      if (child.exitCode !== null || tries > 200) throw new Error(`Prosody does not start:\n${text}`);
      await pause(50);
    }
  };
  const signal: Prosody['signal'] = async (name) => {
    const child = process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(name);
    if (name === 'SIGKILL' || name === 'SIGTERM') await gone;
  };
  return {
    ...{ domain, directPort, plainPort, ca: cert, start, signal },
    async remove() {
      await signal('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
    log: () => text,
  };
}

interface Settings {
  readonly folder: string;
  readonly domain: string;
  readonly directPort: number;
  readonly plainPort: number;
  readonly extra: string;
  readonly requireTls?: boolean;
}

function configuration({ folder, domain, directPort, plainPort, extra, ...settings }: Settings): string {
  const ssl = `{ certificate = "${folder}/cert.pem"; key = "${folder}/key.pem"; protocol = "tlsv1_2+" }`;
  return `
daemonize = false
run_as_root = true
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
interfaces = { "127.0.0.1" }
c2s_ports = { ${plainPort} }
c2s_direct_tls_ports = { ${directPort} }
c2s_direct_tls_ssl = ${ssl}
s2s_ports = {}
modules_enabled = { "roster", "saslauth", "disco", "ping", "tls" }
modules_disabled = { "s2s" }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = ${settings.requireTls === true}
allow_unencrypted_plain_auth = true
log = { { levels = { min = "info" }, to = "console" } }
${extra}
VirtualHost "${domain}"
  ssl = ${ssl}
Component "pubsub.${domain}" "pubsub"
  autocreate_on_publish = true
  autocreate_on_subscribe = true
  default_admin_affiliation = "owner"
  admins = { "finesse@${domain}" }
`;
}

/** Written as Prosody itself would: prosodyctl takes a second for each. */
function writeAccounts(folder: string, domain: string, roster: boolean): void {
  const escaped = (name: string) => name.replace(/[^A-Za-z0-9]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const write = (store: string, user: string, lua: string) => {
    const path = join(folder, 'data', escaped(domain), store);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `${escaped(user)}.dat`), `return ${lua};\n`);
  };
  for (const { username, password } of [PROXY_USER, FINESSE_USER]) {
    write('accounts', username, `{ ["password"] = "${password}" }`);
  }
  if (!roster) return;
  for (const [user, contact] of [
    [PROXY_USER.username, FINESSE_USER.username],
    [FINESSE_USER.username, PROXY_USER.username],
  ] as const) {
    const item = `["${contact}@${domain}"] = { ["subscription"] = "both"; ["groups"] = {} }`;
    write('roster', user, `{ [false] = { ["version"] = 1 }; ${item} }`);
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}
