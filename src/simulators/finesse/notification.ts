/**
 * The simulated Notification Service: as much of an XMPP server as a listener for SystemInfo needs. One account, SASL
 * PLAIN, one pubsub node, and the presence of the user `finesse`.
 */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { Door } from './door.ts';
import { NotificationClientLine } from './notification-client-line.ts';
import type { Settings } from './options.ts';
import { escapeXml, group, leaf } from './xml.ts';

export interface NotificationState {
  /** closed: connections are refused and cut. silent: open ones stay, and nothing is answered any more. */
  readonly service: 'open' | 'closed' | 'silent';
  readonly finesseAvailable: boolean;
}

export class NotificationService {
  readonly #settings: Settings;
  readonly #door: Door;
  readonly #lines = new Set<NotificationClientLine>();
  #state: NotificationState = { service: 'open', finesseAvailable: true };

  constructor(settings: Settings, port: number, tls: { cert: string; key: string } | null) {
    this.#settings = settings;
    this.#door = new Door(settings.host, port, (socket) => {
      this.#admit(tls === null ? socket : new TLSSocket(socket, { ...tls, isServer: true }));
    });
  }

  get port(): number {
    return this.#door.port;
  }

  /** Full JIDs that are subscribed to SystemInfo. */
  get subscribers(): readonly string[] {
    return [...this.#lines].flatMap((line) => (line.isSubscribed && line.jid !== null ? [line.jid] : []));
  }

  start(): Promise<void> {
    return this.#door.become('open');
  }

  async stop(): Promise<void> {
    await this.#door.become('closed');
  }

  async become(state: NotificationState): Promise<void> {
    const before = this.#state;
    this.#state = state;
    for (const line of this.#lines) line.isMute = state.service === 'silent';
    await this.#door.become(state.service === 'closed' ? 'closed' : 'open');
    if (before.finesseAvailable !== state.finesseAvailable) for (const line of this.#lines) this.#tellPresence(line);
  }

  /** Tells the subscribers what SystemInfo says now. */
  publish(status: 'IN_SERVICE' | 'OUT_OF_SERVICE'): void {
    const systemInfo = group('systemInfo', [leaf('status', status), leaf('uri', '/finesse/api/SystemInfo')]);
    const source = leaf('source', '/finesse/api/SystemInfo');
    const update = group('Update', [group('data', [systemInfo]), leaf('event', 'PUT'), leaf('requestId', ''), source]);
    const item = `<item id='${Date.now()}'><notification xmlns='http://jabber.org/protocol/pubsub'>${escapeXml(update)}</notification></item>`;
    const items = `<items node='/finesse/api/SystemInfo'>${item}</items>`;
    for (const line of this.#lines) {
      if (!line.isSubscribed) continue;
      const addresses = `from='pubsub.${this.#domain}' to='${escapeXml(line.jid ?? '')}'`;
      line.send(
        `<message ${addresses}><event xmlns='http://jabber.org/protocol/pubsub#event'>${items}</event></message>`,
      );
    }
  }

  get #domain(): string {
    return escapeXml(this.#settings.name);
  }

  #admit(socket: Socket): void {
    const { notification, name } = this.#settings;
    if (notification === null) return;
    const line = new NotificationClientLine(socket, { domain: name, ...notification }, () => this.#tellPresence(line));
    line.isMute = this.#state.service === 'silent';
    this.#lines.add(line);
    socket.on('close', () => this.#lines.delete(line));
  }

  #tellPresence(line: NotificationClientLine): void {
    if (!line.isPresent) return;
    const type = this.#state.finesseAvailable ? '' : " type='unavailable'";
    line.send(`<presence from='finesse@${this.#domain}/finesse' to='${escapeXml(line.jid ?? '')}'${type}/>`);
  }
}
