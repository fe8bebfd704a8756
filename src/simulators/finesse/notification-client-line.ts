/** One client of the simulated Notification Service: reads its stanzas and answers them. */

import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { escapeXml, parseXml, type XmlElement } from './xml.ts';

export interface NotificationAccount {
  readonly domain: string;
  readonly username: string;
  readonly password: string;
}

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const BIND = 'urn:ietf:params:xml:ns:xmpp-bind';
const HEADER = /^\s*(?:<\?xml[^>]*\?>)?\s*<stream:stream[^>]*>/;
const STANZA = /^\s*(?:<([a-z]+)(?:[^>"']|"[^"]*"|'[^']*')*\/>|<([a-z]+)\b(?:[^>"']|"[^"]*"|'[^']*')*>[\s\S]*?<\/\2>)/;
const MAX_CHARACTERS = 64 * 1024;

export class NotificationClientLine {
  jid: string | null = null;
  isPresent = false;
  isSubscribed = false;
  /** Reads on and says nothing. */
  isMute = false;
  readonly #socket: Socket;
  readonly #account: NotificationAccount;
  readonly #present: () => void;
  #isLoggedIn = false;
  #text = '';

  constructor(socket: Socket, account: NotificationAccount, present: () => void) {
    this.#socket = socket;
    this.#account = account;
    this.#present = present;
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (text: string) => this.#read(text));
  }

  send(xml: string): void {
    if (!this.isMute) this.#socket.write(xml);
  }

  #read(text: string): void {
    this.#text += text;
    if (this.#text.length > MAX_CHARACTERS) this.#socket.destroy();
    for (let rest = this.#step(); rest !== null; rest = this.#step()) this.#text = rest;
    if (/^\s*<\/stream:stream>/.test(this.#text)) this.#socket.end('</stream:stream>');
  }

  /** Answers what stands first; what follows it, or null when it is not whole yet. */
  #step(): string | null {
    const header = HEADER.exec(this.#text);
    if (header !== null) {
      this.#open();
      return this.#text.slice(header[0].length);
    }
    const stanza = STANZA.exec(this.#text);
    if (stanza === null) return null;
    const rest = this.#text.slice(stanza[0].length);
    try {
      this.#answer(parseXml(stanza[0]));
    } catch {
      this.#socket.end("<stream:error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>");
    }
    return rest;
  }

  #open(): void {
    const { domain } = this.#account;
    const namespaces = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'";
    const features = this.#isLoggedIn
      ? `<bind xmlns='${BIND}'/>`
      : `<mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms>`;
    this.send(`<?xml version='1.0'?><stream:stream from='${escapeXml(domain)}' version='1.0' ${namespaces}>`);
    this.send(`<stream:features>${features}</stream:features>`);
  }

  #answer(stanza: XmlElement): void {
    if (stanza.name === 'auth') this.#logIn(stanza.text);
    else if (stanza.name === 'presence' && this.jid !== null) this.#tookPresence(stanza);
    else if (stanza.name === 'iq' && this.#isLoggedIn) this.#answerIq(stanza);
  }

  #logIn(text: string): void {
    const { username, password } = this.#account;
    const [, user, given] = Buffer.from(text, 'base64').toString().split('\0');
    this.#isLoggedIn = user === username && given === password;
    this.send(this.#isLoggedIn ? `<success xmlns='${SASL}'/>` : `<failure xmlns='${SASL}'><not-authorized/></failure>`);
  }

  #tookPresence({ attributes }: XmlElement): void {
    if (attributes.type === undefined) {
      this.isPresent = true;
      this.#present();
    } else if (attributes.type === 'unavailable') this.isPresent = false;
  }

  #answerIq({ attributes, children: [payload] }: XmlElement): void {
    const { id = '', to } = attributes;
    const from = to === undefined ? '' : ` from='${escapeXml(to)}'`;
    const result = (xml: string) => this.send(`<iq type='result' id='${escapeXml(id)}'${from}>${xml}</iq>`);
    const [inner] = payload?.children ?? [];
    if (payload?.name === 'bind') {
      const { username, domain } = this.#account;
      this.jid = `${username}@${domain}/${inner?.text ?? randomBytes(4).toString('hex')}`;
      result(`<bind xmlns='${BIND}'><jid>${escapeXml(this.jid)}</jid></bind>`);
    } else if (payload?.name === 'pubsub' && inner?.attributes.node === '/finesse/api/SystemInfo') {
      this.isSubscribed = inner.name === 'subscribe';
      result('');
    } else if (payload?.name === 'ping') result('');
    else {
      const error = "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>";
      this.send(`<iq type='error' id='${escapeXml(id)}'${from}><error type='cancel'>${error}</error></iq>`);
    }
  }
}
