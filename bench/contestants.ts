/** The programs that are compared, each a process of its own with its own configuration. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, pause, type Started, start, untilOpen } from './child.ts';
import { FINESSE_PORT, SERVERS } from './fixture.ts';

export type Name = 'proxy' | 'http-proxy-3' | 'http-proxy-3, tuned' | 'express' | 'nginx' | 'haproxy';

export interface Contestant {
  readonly name: Name;
  readonly pid: number;
  readonly port: number;
  /** HTTPS with resumption. */
  readonly tlsPort: number;
  /** HTTPS for full handshakes: tickets and session cache off where that can be had; the proxy has no such switch. */
  readonly fullTlsPort: number;
  /** What a sound answer over plain HTTP and over HTTPS holds: the rewritten URL, or the page's own where nothing is rewritten. */
  readonly marker: string;
  stop(): Promise<void>;
}

export interface Setting extends Certificate {
  /** Folder for configurations and keys. */
  readonly folder: string;
  /** Ports of the Finesse servers a and b. */
  readonly upstreams: readonly [number, number];
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE_URL = '/fippa/SEP001122334455/ready';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** P-256 is what docs/performance.md advises; RSA-2048 is what many have. */
export type KeyType = 'P-256' | 'RSA-2048';

const KEY_OPTIONS: Record<KeyType, readonly string[]> = {
  'P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  'RSA-2048': ['-newkey', 'rsa:2048'],
};

export function makeCertificate(folder: string, type: KeyType = 'P-256'): Certificate {
  const [cert, key] = [join(folder, `${type}.pem`), join(folder, `${type}.key`)];
  const made = ['req', '-x509', ...KEY_OPTIONS[type], '-nodes', '-days', '2'];
  spawnSync('openssl', [...made, '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert]);
  if (!existsSync(cert)) throw new Error('the benchmark needs openssl to make a certificate');
  return { cert, key };
}

export async function startContestant(name: Name, setting: Setting): Promise<Contestant | null> {
  const [port, tlsPort, fullTlsPort] = [await freePort(), await freePort(), await freePort()];
  const ports = { port, tlsPort, fullTlsPort };
  const started = starters[name](setting, ports);
  if (started === null) return null;
  await untilOpen(started.full ? fullTlsPort : tlsPort);
  const rewrites = name === 'proxy' || name === 'nginx' || name === 'express';
  return {
    name,
    pid: started.process.pid,
    port,
    tlsPort,
    fullTlsPort: started.full ? fullTlsPort : tlsPort,
    marker: rewrites ? `/a${PAGE_URL}` : `${SERVERS.a}:${FINESSE_PORT}${PAGE_URL}`,
    stop: started.process.stop,
  };
}

interface Ports {
  readonly port: number;
  readonly tlsPort: number;
  readonly fullTlsPort: number;
}

type Starter = (setting: Setting, ports: Ports) => { readonly process: Started; readonly full: boolean } | null;

const starters: Record<Name, Starter> = {
  proxy: (setting, ports) => ({ process: serve(setting.folder, proxyConfig(setting, ports)), full: false }),
  'http-proxy-3': (setting, ports) => ({ process: startPeer('http-proxy-3', setting, ports), full: false }),
  'http-proxy-3, tuned': (setting, ports) => ({
    process: startPeer('http-proxy-3', setting, ports, 'tuned'),
    full: false,
  }),
  express: (setting, ports) => ({ process: startPeer('express', setting, ports), full: false }),
  nginx: (setting, ports) => {
    const program = find('nginx');
    if (program === null) return null;
    const file = write(setting.folder, 'nginx.conf', nginxConfig(setting, ports));
    return { process: start(program, ['-c', file, '-p', setting.folder, '-e', 'stderr']), full: true };
  },
  haproxy: (setting, ports) => {
    const program = find('haproxy');
    if (program === null) return null;
    const pem = `${readFileSync(setting.cert, 'utf8')}${readFileSync(setting.key, 'utf8')}`;
    write(setting.folder, 'haproxy.pem', pem);
    const file = write(setting.folder, 'haproxy.cfg', haproxyConfig(setting, ports));
    return { process: start(program, ['-db', '-f', file]), full: true };
  },
};

let configs = 0;

/** The proxy as it is run in earnest: its own command, everything at its default but what `config` says. */
export function serve(folder: string, config: string): Started {
  configs += 1;
  const file = write(folder, `proxy-${configs}.yaml`, config);
  return start(process.execPath, [join(ROOT, 'bin/ippa-proxy.js'), 'serve', '--config', file]);
}

/** The two servers of the benchmark, as the end of a configuration. */
export function clustersOf(upstreams: Setting['upstreams']): string {
  return `clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "http://127.0.0.1:${upstreams[0]}", aliases: [${SERVERS.a}] }
      - { id: b, name: Finesse B, url: "http://127.0.0.1:${upstreams[1]}", aliases: [${SERVERS.b}] }
`;
}

/** `serve`, once it says that it is ready. */
export async function serveReady(folder: string, config: string): Promise<Started> {
  const proxy = serve(folder, config);
  while (!proxy.output().includes('"event":"ready"')) await pause(20);
  return proxy;
}

function proxyConfig({ upstreams, cert, key }: Setting, { port, tlsPort }: Ports): string {
  return `phones:
  listeners:
    - { host: 127.0.0.1, port: ${port} }
    - { host: 127.0.0.1, port: ${tlsPort}, tls: { cert: ${cert}, key: ${key} } }
ops: { port: 0 }
${clustersOf(upstreams)}`;
}

function startPeer(name: string, { upstreams, cert, key }: Setting, { port, tlsPort }: Ports, how = ''): Started {
  const file = fileURLToPath(new URL(`peers/${name}.ts`, import.meta.url));
  return start(process.execPath, [file, String(upstreams[0]), String(port), String(tlsPort), cert, key, how]);
}

/** One process. As many names to look for as the proxy has: both servers of the cluster. */
function nginxConfig({ folder, upstreams, cert, key }: Setting, ports: Ports): string {
  const location = (origin: string) => `
    location /a/fippa/ {
      proxy_pass http://finesse/fippa/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Accept-Encoding identity;
      proxy_set_header X-Forwarded-For $remote_addr;
      sub_filter_types text/xml;
      sub_filter_once off;
      sub_filter 'http://${SERVERS.a}:${FINESSE_PORT}/fippa/' '${origin}/a/fippa/';
      sub_filter 'http://${SERVERS.b}:${FINESSE_PORT}/fippa/' '${origin}/b/fippa/';
    }`;
  const tls = `ssl_certificate ${cert}; ssl_certificate_key ${key};`;
  const secure = (port: number) => location(`https://127.0.0.1:${port}`);
  return `daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path ${folder}/t1; proxy_temp_path ${folder}/t2; fastcgi_temp_path ${folder}/t3;
  uwsgi_temp_path ${folder}/t4; scgi_temp_path ${folder}/t5;
  upstream finesse { server 127.0.0.1:${upstreams[0]}; keepalive 256; }
  server { listen 127.0.0.1:${ports.port}; ${location(`http://127.0.0.1:${ports.port}`)} }
  server { listen 127.0.0.1:${ports.tlsPort} ssl; ${tls} ssl_session_cache shared:s:4m;
    ${secure(ports.tlsPort)} }
  server { listen 127.0.0.1:${ports.fullTlsPort} ssl; ${tls} ssl_session_tickets off; ssl_session_cache off;
    ${secure(ports.fullTlsPort)} }
}
`;
}

function haproxyConfig({ folder, upstreams }: Setting, ports: Ports): string {
  return `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  http-reuse always
frontend phones
  bind 127.0.0.1:${ports.port}
  bind 127.0.0.1:${ports.tlsPort} ssl crt ${folder}/haproxy.pem
  bind 127.0.0.1:${ports.fullTlsPort} ssl crt ${folder}/haproxy.pem no-tls-tickets
  http-request replace-path /a(/.*) \\1
  default_backend finesse
backend finesse
  server a 127.0.0.1:${upstreams[0]}
`;
}

function find(program: string): string | null {
  return ['/usr/sbin', '/usr/local/sbin', '/usr/bin'].map((folder) => join(folder, program)).find(existsSync) ?? null;
}

export function version(name: Name): string {
  if (name === 'proxy') return readVersion('package.json');
  if (name.startsWith('http-proxy-3')) return readVersion('node_modules/http-proxy-3/package.json');
  if (name === 'express') {
    const parts = ['express', 'got', 'xml2js'];
    return parts.map((part) => `${part} ${readVersion(`node_modules/${part}/package.json`)}`).join(', ');
  }
  const { stdout, stderr } = spawnSync(find(name) ?? name, ['-v'], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown';
}

function readVersion(file: string): string {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8')).version;
}

function write(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}
