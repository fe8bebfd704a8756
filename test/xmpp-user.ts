/** A user of an XMPP server for tests, by plain text on the plain port: shares nothing with the client that is tested. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export class XmppUser {
  readonly #socket: Socket;
  readonly #domain: string;
  #text = '';
  #seen = 0;
  #id = 0;

  constructor(socket: Socket, domain: string) {
    this.#socket = socket;
    this.#domain = domain;
    socket.on('data', (chunk) => {
      this.#text += String(chunk);
      socket.emit('more');
    });
    socket.on('error', () => {});
  }

  static async logIn(port: number, domain: string, username: string, password: string): Promise<XmppUser> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const user = new XmppUser(socket, domain);
    const stream = `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
    const plain = Buffer.from(`\0${username}\0${password}`).toString('base64');
    await user.#ask(stream, '</stream:features>');
    await user.#ask(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`, '<success');
    await user.#ask(stream, '</stream:features>');
    await user.iq(`<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>test</resource></bind>`);
    return user;
  }

  /** All that the server has sent since the login. */
  get received(): string {
    return this.#text;
  }

  send(xml: string): void {
    this.#socket.write(xml);
  }

  /** The answer to a request, as text. */
  iq(payload: string, to = '', type: 'get' | 'set' = 'set'): Promise<string> {
    const id = `t${++this.#id}`;
    const address = to === '' ? '' : ` to='${to}'`;
    return this.#ask(
      `<iq type='${type}' id='${id}'${address}>${payload}</iq>`,
      new RegExp(`<iq [^>]*id='${id}'[^]*?(/>|</iq>)`),
    );
  }

  available(): void {
    this.send('<presence/>');
  }

  unavailable(): void {
    this.send("<presence type='unavailable'/>");
  }

  /** Publishes a payload, as Finesse does: escaped XML in `notification`. */
  publish(xml: string, node = '/finesse/api/SystemInfo'): Promise<string> {
    const escaped = xml.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    const item = `<item><notification xmlns='http://jabber.org/protocol/pubsub'>${escaped}</notification></item>`;
    const payload = `<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='${node}'>${item}</publish></pubsub>`;
    return this.iq(payload, `pubsub.${this.#domain}`);
  }

  publishStatus(status: 'IN_SERVICE' | 'OUT_OF_SERVICE'): Promise<string> {
    return this.publish(systemInfoUpdate(status));
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ask(xml: string, until: string | RegExp): Promise<string> {
    this.#seen = this.#text.length;
    this.send(xml);
    for (;;) {
      const fresh = this.#text.slice(this.#seen);
      const found = typeof until === 'string' ? (fresh.includes(until) ? fresh : null) : until.exec(fresh)?.[0];
      if (found !== null && found !== undefined) return found;
      if (this.#socket.closed) throw new Error(`the server closed the connection after ${xml}: ${fresh}`);
      await Promise.race([once(this.#socket, 'more'), once(this.#socket, 'close')]);
    }
  }
}

/** What Finesse publishes when its state changes; the object begins with a small letter. */
export function systemInfoUpdate(status: string): string {
  return `<Update><data><systemInfo><status>${status}</status><uri>/finesse/api/SystemInfo</uri></systemInfo></data><event>PUT</event><requestId></requestId><source>/finesse/api/SystemInfo</source></Update>`;
}
