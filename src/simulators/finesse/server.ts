/** The simulated server: puts the parts together, starts and stops them. */

import { EventEmitter } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { type Action, type Agent, Agents } from './agents.ts';
import { type Answer, htmlAnswer } from './answer.ts';
import { selfSigned } from './certificate.ts';
import { Door } from './door.ts';
import { effective, faultAnswer, sendAnswer } from './fault-effects.ts';
import { type Area, type Fault, FaultSwitch, faultKinds, OrderError, parseFault } from './faults.ts';
import { answerFippa } from './fippa.ts';
import { NotificationService } from './notification.ts';
import { type FinesseOptions, type Settings, settle } from './options.ts';
import { pageAnswer } from './page-answer.ts';
import { portError } from './port-error.ts';
import { type Push, pushPage } from './push.ts';
import { answerRest } from './rest.ts';
import { areaOf, readBody, type SeenRequest, seenRequest } from './seen-request.ts';
import type { Condition } from './system-info.ts';

interface FinesseEvents {
  request: [SeenRequest];
  /** The answer was handed to the socket. */
  answered: [SeenRequest, number];
  /** What a phone shows is out of date: `url` is the page to show now. */
  'screen-changed': [{ readonly device: string; readonly url: string }];
  /** What SystemInfo says changed. */
  'status-changed': [Condition];
  'fault-changed': [Fault];
  pushed: [Push];
}

export class Finesse extends EventEmitter<FinesseEvents> {
  /** Every request since start, oldest first. */
  readonly requests: SeenRequest[] = [];
  readonly settings: Settings;
  readonly #agents: Agents;
  readonly #faults: FaultSwitch;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Address of each device's last request. */
  readonly #devices = new Map<string, string>();
  readonly #tls: { cert: string; key: string } | null;
  readonly #door: Door;
  readonly #redirectDoor: Door | null;
  readonly #notification: NotificationService | null;
  readonly #startedAt: number;
  #changes: Promise<void> = Promise.resolve();
  #outOfServiceSince: number | null = null;
  /** Out of service for as long as fippa is patient. */
  #patienceOver = false;

  /** Throws OptionError. */
  constructor(options: FinesseOptions = {}) {
    super();
    // A test may await many requests at once.
    this.setMaxListeners(0);
    this.settings = settle(options);
    const { now, host, name, tls } = this.settings;
    this.#startedAt = now();
    this.#agents = new Agents(this.settings.agents, now);
    this.#faults = new FaultSwitch(now, (from, to) => this.#faultChanged(from, to));
    this.#tls = tls === true ? selfSigned([...new Set([name, 'localhost', '127.0.0.1'])], now()) : tls;
    const main = this.#httpServer('main', this.#tls);
    this.#door = new Door(host, this.settings.port, (socket) => this.#admit(main, socket));
    const { httpPort, notification } = this.settings;
    this.#notification =
      notification === null ? null : new NotificationService(this.settings, notification.port ?? 0, this.#tls);
    const plain = httpPort === null ? null : this.#httpServer('redirect', null);
    this.#redirectDoor =
      httpPort === null || plain === null ? null : new Door(host, httpPort, (socket) => this.#admit(plain, socket));
    if (this.settings.push !== null) this.on('screen-changed', (change) => void this.#push(change.device, change.url));
  }

  /** Resolves when it listens. Rejects with PortError. */
  async start(): Promise<void> {
    await openDoor(this.#door, 'port', this.settings.host);
    if (this.#redirectDoor !== null) await openDoor(this.#redirectDoor, 'http-port', this.settings.host);
    try {
      await this.#notification?.start();
    } catch (error) {
      throw portError(error, 'notification-port', this.settings.host, this.#notification?.port ?? 0);
    }
  }

  /** Stops listening and destroys every connection. */
  async stop(): Promise<void> {
    this.#faults.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await this.#changes.catch(() => undefined);
    const closed = [this.#door.become('closed'), this.#redirectDoor?.become('closed'), this.#notification?.stop()];
    await Promise.all(closed);
  }

  /** The Notification Service, if there is one: its port, who listens, and what it publishes. */
  get notification(): NotificationService | null {
    return this.#notification;
  }

  get port(): number {
    return this.#door.port;
  }

  get httpPort(): number | null {
    return this.#redirectDoor?.port ?? null;
  }

  /** Origin to connect to: the listening address, not the name it reports. */
  get url(): string {
    const { host } = this.settings;
    const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
    return `${this.#scheme}://${bracket(reachable)}:${this.port}`;
  }

  /** Origin of its own absolute URLs, unless they follow the Host header. */
  get ownOrigin(): string {
    const { baseUrl, name } = this.settings;
    return baseUrl !== null && baseUrl !== 'host' ? baseUrl : `${this.#scheme}://${bracket(name)}:${this.port}`;
  }

  /** PEM; null on a plain listener. */
  get certificate(): string | null {
    return this.#tls?.cert ?? null;
  }

  get connections(): number {
    return this.#door.connections + (this.#redirectDoor?.connections ?? 0);
  }

  /** The fault that is on, since when (epoch ms) and how many requests it may still hit (null: any number). */
  get currentFault(): Fault & { readonly since: number; readonly left: number | null } {
    return { ...this.#faults.current, since: this.#faults.since, left: this.#faults.left };
  }

  /** Every state change that requests caused, oldest first. A request that came twice shows as two. */
  get actions(): readonly Action[] {
    return this.#agents.actions;
  }

  get agents(): readonly Agent[] {
    return [...this.#agents.all.values()];
  }

  /** Switches a fault on (`none`: off); resolves when it is in force. Rejects with OrderError. */
  async fault(name: string, args: Readonly<Record<string, unknown>> = {}): Promise<void> {
    this.#faults.set(parseFault(name, args));
    await this.#changes;
  }

  /** Gives the agent (by device or id) a call from that number. Throws OrderError. */
  call(who: string, from: string): void {
    this.#agents.startCall(this.#find(who), from);
    this.#screenChanged(this.#find(who));
  }

  /** Ends the agent's call. Throws OrderError. */
  hangup(who: string): void {
    const agent = this.#find(who);
    if (agent.call === null) throw new OrderError(`${who} has no call.`);
    this.#agents.endCall(agent);
    this.#screenChanged(agent);
  }

  /** The next request from now on that fits. */
  nextRequest(fits: (request: SeenRequest) => boolean = () => true): Promise<SeenRequest> {
    return new Promise((resolve) => {
      const listener = (request: SeenRequest) => {
        if (!fits(request)) return;
        this.off('request', listener);
        resolve(request);
      };
      this.on('request', listener);
    });
  }

  get #scheme(): string {
    return this.#tls === null ? 'http' : 'https';
  }

  #httpServer(listener: SeenRequest['listener'], tls: { cert: string; key: string } | null): Server {
    const handle = (request: IncomingMessage, response: ServerResponse) =>
      void this.#handle(listener, request, response).catch(() => request.socket.destroy());
    // A phone or a proxy may offer HTTP/2 by ALPN; this server knows 1.1 only.
    const server =
      tls === null ? createServer(handle) : createTlsServer({ ...tls, ALPNProtocols: ['http/1.1'] }, handle);
    server.keepAliveTimeout = this.settings.keepAliveMs;
    return server;
  }

  /** The door accepts, the HTTP server speaks: so a fault can act on a connection before TLS and HTTP see it. */
  #admit(server: Server, socket: Socket): void {
    const { current } = this.#faults;
    if (current.name === 'reset' && current.args.when !== 'request') {
      this.#faults.take('other');
      socket.resetAndDestroy();
    } else server.emit('connection', socket);
  }

  async #handle(listener: SeenRequest['listener'], request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '';
    const body = await readBody(request);
    const area = areaOf(target);
    const fault = this.#faults.take(area);
    const seen = seenRequest(request, body, {
      number: this.requests.length + 1,
      at: this.settings.now(),
      listener,
      fault: fault.name,
    });
    this.requests.push(seen);
    this.emit('request', seen);
    const { name, args } = effective(fault);
    const door = listener === 'main' ? this.#door : this.#redirectDoor;
    const mute = name === 'silent' || name === 'drop';
    if ((mute || name === 'reset') && args.processed !== true) {
      if (name === 'reset') door?.reset(seen.peerPort);
      return;
    }
    const origin = this.#originFor(request);
    const context = { area, target, origin: this.settings.relativeUrls ? '' : origin };
    const answer =
      faultAnswer(fault, context) ??
      (listener === 'redirect'
        ? redirectAnswer(`${this.ownOrigin}${target}`)
        : this.#route(seen, area, context.origin));
    if (name === 'reset') door?.reset(seen.peerPort);
    else if (!mute) {
      response.on('finish', () => this.emit('answered', seen, answer.status));
      sendAnswer(response, answer, fault, (ms, action) => this.#after(ms, action));
    }
  }

  #route(seen: SeenRequest, area: Area, origin: string): Answer {
    const path = seen.target.split('?', 1)[0] ?? '';
    if (area === 'system-info' || area === 'api') {
      const before = new Map(this.agents.map((agent) => [agent, agent.state]));
      const { authorization } = seen.headers;
      const answer = answerRest(
        { settings: this.settings, agents: this.#agents, condition: this.#condition(), ports: { https: this.port } },
        { method: seen.method, path, authorization, body: seen.body },
      );
      for (const [agent, state] of before) if (agent.state !== state) this.#screenChanged(agent);
      return answer;
    }
    const [, device, rest = ''] = /^\/fippa\/([A-Za-z0-9._-]{1,64})((?:\/[^;]*)?)(?:;.*)?$/.exec(path) ?? [];
    if (device === undefined) return htmlAnswer(404, 'HTTP Status 404 - Not Found');
    if (seen.method !== 'GET' && seen.method !== 'POST') return htmlAnswer(405, 'HTTP Status 405 - Method Not Allowed');
    this.#devices.set(device, seen.peerAddress);
    const query = new URLSearchParams(seen.target.slice(path.length + 1));
    for (const [key, value] of new URLSearchParams(seen.method === 'POST' ? seen.body : '')) query.set(key, value);
    // A hop of the redirect fault is not a parameter of the page.
    query.delete('hop');
    const page = answerFippa(
      {
        settings: this.settings,
        agents: this.#agents,
        outOfService: this.#outOfServiceSince !== null,
        gaveUp: this.#gaveUp(),
        maintenance: this.#faults.current.name === 'maintenance',
        // reference/phone-xml.md §3.
        softKeyUris: !/\b8875/.test(String(seen.headers['x-ciscoipphonemodelname'] ?? '')),
      },
      { device, path: rest, query, url: (below) => `${origin}/fippa/${device}${below}` },
    );
    return pageAnswer(page, this.settings, this.#tls !== null, seen.headers.cookie ?? '');
  }

  #originFor(request: IncomingMessage): string {
    const { host } = request.headers;
    return this.settings.baseUrl === 'host' && host !== undefined ? `${this.#scheme}://${host}` : this.ownOrigin;
  }

  #condition(): Condition {
    const { current, since } = this.#faults;
    const down = current.name === 'out-of-service';
    return {
      inService: !down,
      statusReason: down ? String(current.args.reason ?? 'Connection to the CTI server lost') : '',
      heartbeat: down || current.name === 'heartbeat-failure' ? 'failure' : 'success',
      lastHeartbeat: since,
      maintenance: current.name === 'maintenance',
      maintenanceMs: this.settings.now() - since,
      startedAt: this.#startedAt,
    };
  }

  #gaveUp(): boolean {
    const since = this.#outOfServiceSince;
    return since !== null && (this.#patienceOver || this.settings.now() - since >= this.settings.patienceMs);
  }

  #faultChanged(from: Fault, to: Fault): void {
    const signedIn = this.agents.filter((agent) => agent.device !== null);
    const screens = signedIn.map((agent) => this.#screen(agent.device ?? ''));
    if (to.name === 'out-of-service') {
      const since = this.#outOfServiceSince ?? this.settings.now();
      this.#outOfServiceSince = since;
      this.#after(this.settings.patienceMs, () => {
        if (this.#outOfServiceSince !== since) return;
        // A timer may be a millisecond ahead of the wall clock, which then still says no.
        this.#patienceOver = true;
        for (const screen of screens) this.emit('screen-changed', screen);
      });
    } else if (this.#outOfServiceSince !== null) {
      // Back after fippa gave up: the sign-in form, not the old state (finesse-ippa.md §7).
      if (this.#gaveUp()) this.#agents.forgetAll();
      this.#outOfServiceSince = null;
      this.#patienceOver = false;
      for (const screen of screens) this.emit('screen-changed', screen);
    }
    if (to.name === 'refuse' && to.args.sessions === 'lose') this.#agents.forgetAll();
    const state = to.name === 'refuse' ? 'closed' : to.name === 'drop' ? 'dropping' : 'open';
    const turnDoors = async () => {
      await Promise.all([this.#door.become(state), this.#redirectDoor?.become(state)]);
      await this.#notify(from, to);
    };
    this.#changes = this.#changes.catch(() => undefined).then(turnDoors);
    // Whoever switched the fault awaits this; a fault that ends by itself has nobody to tell.
    this.#changes.catch(() => undefined);
    this.emit('fault-changed', to);
    if (faultKinds[from.name].level === 'state' || faultKinds[to.name].level === 'state')
      this.emit('status-changed', this.#condition());
  }

  /** With the web application gone its XMPP user is gone too; when both are back, it says so. */
  async #notify(from: Fault, to: Fault): Promise<void> {
    const service = to.name !== 'notification-down' ? 'open' : to.args.how === 'silent' ? 'silent' : 'closed';
    const isGone = ({ name }: Fault) => name === 'refuse' || name === 'presence-unavailable';
    const isOut = ({ name }: Fault) => name === 'out-of-service' || name === 'notify-out-of-service';
    await this.#notification?.become({ service, finesseAvailable: !isGone(to) });
    if (isOut(to)) this.#notification?.publish('OUT_OF_SERVICE');
    else if (isOut(from) || (isGone(from) && !isGone(to))) this.#notification?.publish('IN_SERVICE');
  }

  #find(who: string): Agent {
    const agent = this.#agents.onDevice(who) ?? this.#agents.all.get(who);
    if (agent === undefined || agent.state === 'LOGOUT') throw new OrderError(`Nobody is signed in as or on ${who}.`);
    return agent;
  }

  #screenChanged(agent: Agent): void {
    if (agent.device !== null) this.emit('screen-changed', this.#screen(agent.device));
  }

  #screen(device: string): { device: string; url: string } {
    return { device, url: `${this.ownOrigin}/fippa/${device}/home` };
  }

  async #push(device: string, url: string): Promise<void> {
    const { push } = this.settings;
    if (push !== null) this.emit('pushed', await pushPage(push, device, url, this.#devices.get(device) ?? null));
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Throws OptionError. */
export function createFinesse(options: FinesseOptions = {}): Finesse {
  return new Finesse(options);
}

async function openDoor(door: Door, key: string, host: string): Promise<void> {
  try {
    await door.become('open');
  } catch (error) {
    throw portError(error, key, host, door.port);
  }
}

function redirectAnswer(location: string): Answer {
  return { status: 302, headers: { Location: location }, body: Buffer.alloc(0) };
}

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
