/** A server made of a capture: answers what was asked then as it was answered then, and pushes at its time. */

import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { selfSigned } from '../finesse/certificate.ts';
import { portError } from '../finesse/port-error.ts';
import { postToPhone } from '../finesse/push.ts';
import { readBody } from '../finesse/seen-request.ts';
import { liveHeaders } from './live-headers.ts';
import type { RecordedPush, Recording, Step } from './recording.ts';
import { type LiveNames, liveHosts, Session } from './session.ts';

export interface ReplayOptions {
  readonly recording: Recording;
  /** By default 127.0.0.1 and any free port. */
  readonly host?: string;
  readonly port?: number;
  /** The name that it reports and uses in its URLs; by default the address. */
  readonly name?: string | undefined;
  /** HTTPS, with a certificate of its own. */
  readonly tls?: boolean;
  /** Without it nothing is pushed. */
  readonly push?: ReplayPush | undefined;
}

export interface ReplayPush {
  readonly username: string;
  readonly password: string;
  /** Of the address of the device's last request. */
  readonly port?: number;
  /** `host:port` by device. */
  readonly addresses?: Readonly<Record<string, string>> | undefined;
}

interface ReplayEvents {
  /** Nothing of the kind is in the capture. */
  unknown: [{ readonly method: string; readonly path: string }];
  pushed: [{ readonly device: string; readonly status: number | null }];
}

/** Longest that an answer is held back as it was then. */
const MAX_DELAY_MS = 30_000;

export class Replay extends EventEmitter<ReplayEvents> {
  readonly #options: ReplayOptions;
  readonly #server: Server;
  readonly #sessions = new Map<string, Session>();
  readonly #lastSeen = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly certificate: string | null;
  #firstProbeAt: number | null = null;

  constructor(options: ReplayOptions) {
    super();
    this.#options = options;
    const handle = (req: IncomingMessage, res: ServerResponse) =>
      void this.#handle(req, res).catch(() => req.socket.destroy());
    const { name = '127.0.0.1' } = options;
    const tls = options.tls === true ? selfSigned([...new Set([name, 'localhost', '127.0.0.1'])], Date.now()) : null;
    this.certificate = tls?.cert ?? null;
    this.#server = tls === null ? createServer(handle) : createTlsServer(tls, handle);
    this.#server.keepAliveTimeout = 60_000;
  }

  /** Rejects with PortError. */
  start(): Promise<void> {
    const { host = '127.0.0.1', port = 0 } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(portError(error, 'port', host, port)));
      this.#server.listen(port, host, resolve);
    });
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const { host = '127.0.0.1' } = this.#options;
    return `${this.#scheme}://${host === '0.0.0.0' ? '127.0.0.1' : host}:${this.port}`;
  }

  get #scheme(): string {
    return this.certificate === null ? 'http' : 'https';
  }

  get #names(): LiveNames {
    const { host = '127.0.0.1', name = host } = this.#options;
    return { host: name, origin: `${this.#scheme}://${name}:${this.port}` };
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const [target, method] = [req.url ?? '', req.method ?? ''];
    const body = await readBody(req);
    if (target.startsWith('/finesse/api/SystemInfo')) return this.#systemInfo(req, res);
    const device = /\/fippa\/([^/?;]+)/.exec(target)?.[1] ?? /SEP[0-9A-F]{12}/i.exec(target)?.[0] ?? null;
    const session = device === null ? null : this.#sessionOf(device);
    const step = device === null ? null : (session?.next({ device, method, target, body }) ?? null);
    if (device === null || session === null || step === null) {
      // Neither query string nor path parameters: they hold passwords.
      this.emit('unknown', { method, path: target.replace(/[?;].*$/, '') });
      res.writeHead(404, { 'Content-Type': 'text/plain', 'Content-Length': 0 }).end();
      return;
    }
    this.#lastSeen.set(device, (req.socket.remoteAddress ?? '').replace(/^::ffff:/, ''));
    this.#after(Math.min(step.ms, MAX_DELAY_MS), () => {
      this.#answer(req, res, step, (text) => session.live(text, device, this.#names));
      for (const push of step.pushes) this.#after(push.afterMs, () => void this.#push(device, session, push));
    });
  }

  /** Of each device in the recording once, in their order, unless it is called as one of them. */
  #sessionOf(device: string): Session | null {
    const known = this.#sessions.get(device);
    if (known !== undefined) return known;
    const { steps } = this.#options.recording;
    const taken = new Set([...this.#sessions.values()].map(({ recorded }) => recorded));
    const free = [...steps.keys()].find((name) => !taken.has(name)) ?? [...steps.keys()][0];
    const recorded = steps.has(device) ? device : free;
    if (recorded === undefined) return null;
    const session = new Session(this.#options.recording, recorded);
    this.#sessions.set(device, session);
    return session;
  }

  #systemInfo(req: IncomingMessage, res: ServerResponse): void {
    const { probes, hosts } = this.#options.recording;
    this.#firstProbeAt ??= Date.now();
    const elapsed = Date.now() - this.#firstProbeAt;
    const probe = probes.findLast(({ afterMs }) => afterMs <= elapsed) ?? null;
    const live = (text: string) => liveHosts(text, hosts, this.#names);
    this.#answer(
      req,
      res,
      probe ?? { at: Date.now(), status: 200, headers: XML, body: Buffer.from(inService(this.#names.host)) },
      live,
    );
  }

  #answer(
    req: IncomingMessage,
    res: ServerResponse,
    { at, status, headers, body }: Pick<Step, 'at' | 'status' | 'headers' | 'body'>,
    live: (text: string) => string,
  ): void {
    if (status === 0) return void req.socket.destroy();
    // Byte for byte, whatever the charset: the names are ASCII.
    const bytes = Buffer.from(live(body.toString('latin1')), 'latin1');
    const answer = liveHeaders(headers, { at, length: bytes.length, now: Date.now(), live });
    const has = (wanted: string) => answer.some(([name]) => name.toLowerCase() === wanted);
    // What was not there then would be added here.
    if (!has('connection')) res.removeHeader('connection');
    res.sendDate = has('date');
    res.writeHead(status, answer.flat());
    res.end(bytes);
  }

  async #push(device: string, session: Session, { xml }: RecordedPush): Promise<void> {
    const { push } = this.#options;
    const seen = this.#lastSeen.get(device);
    const address = push?.addresses?.[device] ?? (seen === undefined ? null : `${seen}:${push?.port ?? 80}`);
    if (push === undefined || address === null) return;
    const body = `XML=${encodeURIComponent(session.live(xml, device, this.#names))}`;
    this.emit('pushed', { device, status: await postToPhone(address, push, body) });
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

const XML = [['Content-Type', 'application/xml;charset=utf-8']] as const;

/** Of a capture without probes. */
function inService(host: string): string {
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><SystemInfo><status>IN_SERVICE</status><xmppDomain>${host}</xmppDomain><primaryNode><host>${host}</host></primaryNode></SystemInfo>`;
}
