/** The notification client alone, against whatever a test puts on a port. */

import { EventEmitter, once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { NotificationConfig, ServiceConfig } from '../../src/config/config.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import type { SignalEvent } from '../../src/domain/health/events.ts';
import { NO_TAP, type Tap } from '../../src/domain/tap.ts';
import { createNotificationClient, type NotificationClient } from '../../src/notification/notification.ts';
import { type Clock, systemClock } from '../../src/time/clock.ts';
import { INFO } from '../scripted-probe.ts';

export const DOMAIN = 'fin-a.example.com';
export const PASSWORD = 'canary-password';

/** A server that says what a test tells it, and keeps what it hears. */
export class ScriptedXmpp {
  /** What each connection sent, in their order. */
  readonly heard: string[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  readonly #changed = new EventEmitter();

  constructor(answer: (text: string, socket: Socket, connection: number) => void) {
    this.#server = createServer((socket) => {
      const connection = this.sockets.push(socket) - 1;
      this.heard[connection] = '';
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        this.heard[connection] += String(bytes);
        answer(String(bytes), socket, connection);
        this.#changed.emit('heard');
      });
    });
  }

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as { port: number }).port;
  }

  async untilHeard(text: string, connection = 0): Promise<void> {
    while (this.heard[connection]?.includes(text) !== true) await once(this.#changed, 'heard');
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const HEADER = `<?xml version='1.0'?><stream:stream from='${DOMAIN}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
export const MECHANISMS =
  "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
export const SUCCESS = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
export const BIND = "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>";
const BOUND = `<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>ippa-proxy@${DOMAIN}/r</jid></bind></iq>`;

/** Lets the client in and answers its pings; `then` is called once it has subscribed. */
export function welcome(then: (socket: Socket) => void = () => {}): (text: string, socket: Socket) => void {
  const loggedIn = new WeakSet<Socket>();
  return (text, socket) => {
    if (text.includes('<stream:stream')) socket.write(HEADER + (loggedIn.has(socket) ? BIND : MECHANISMS));
    if (text.includes('<auth')) {
      loggedIn.add(socket);
      socket.write(SUCCESS);
    }
    if (text.includes("id='bind'")) socket.write(BOUND);
    if (text.includes("id='ping'")) socket.write("<iq type='result' id='ping'/>");
    if (text.includes("id='unsubscribe'")) socket.write("<iq type='result' id='unsubscribe'/>");
    if (text.includes("id='subscribe'")) then(socket);
  };
}

export interface ClientRig {
  readonly client: NotificationClient;
  readonly reports: SignalEvent[];
  readonly seen: ProxyEvent[];
  /** A confirmed probe. */
  confirmed(): void;
  /** Resolves when the client has reported something that fits. */
  until(fits: (event: SignalEvent) => boolean): Promise<SignalEvent>;
}

export function createClientRig(
  port: number,
  but: Partial<NotificationConfig> = {},
  clock: Clock = systemClock,
  tap: Pick<Tap, 'service'> = NO_TAP,
): ClientRig {
  const config: NotificationConfig = {
    ...{ host: '127.0.0.1', port, tls: 'unencrypted', username: 'ippa-proxy', password: PASSWORD },
    ...{ ca: null, fingerprints: [], advisory: false, domain: DOMAIN, pubsub: null, deadAfterMs: 2000 },
    ...but,
  };
  const service: ServiceConfig = {
    ...{
      id: 'a',
      name: 'Finesse A',
      url: `https://${DOMAIN}:8445`,
      aliases: [],
      site: null,
      ca: null,
      fingerprints: [],
    },
    ...{ certificateNames: [], pushFrom: null, notification: config },
    probe: { url: '', username: null, password: null, intervalMs: 1000, timeoutMs: 800 },
  };
  const reports: SignalEvent[] = [];
  const seen: ProxyEvent[] = [];
  const waiting = new Set<() => void>();
  let wasUp = false;
  const client = createNotificationClient({
    tap,
    ...{ service, config, clock, name: 'u1', intervalMs: () => 1000 },
    isLost: () => wasUp,
    signal(event) {
      reports.push(event);
      if (event.kind === 'connected') wasUp = true;
      if (event.kind === 'disconnected' && event.cause === 'configuration') wasUp = false;
      for (const wake of waiting) wake();
    },
    report: (event) => seen.push(event),
  });
  return {
    ...{ client, reports, seen },
    confirmed: () => client.confirmed(INFO),
    async until(fits) {
      for (;;) {
        const found = reports.find(fits);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => waiting.add(resolve));
        waiting.clear();
      }
    },
  };
}
