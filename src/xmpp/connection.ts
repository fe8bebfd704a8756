/** One connection to the Notification Service as a line of stanzas: TCP, TLS or STARTTLS below, whole elements above. */

import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { NotificationConfig, ServiceConfig } from '../config/config.ts';
import { classifyNetworkError } from '../http/client/network-error.ts';
import { connectTls } from '../http/client/trust.ts';
import { escapeXml } from '../text/xml-escape.ts';
import { type EndCause, faultEnd, NotificationEnd } from './connection-end.ts';
import { createStreamReader, StreamError, type XmlElement } from './stream.ts';

export interface LineOptions {
  readonly service: ServiceConfig;
  readonly config: NotificationConfig;
  readonly domain: string;
  readonly onEnd: (end: NotificationEnd) => void;
  readonly onOversized: () => void;
}

/** Bytes a second that are read; a server that sends more waits. A notification has about 3 KiB. */
const MAX_BYTES_PER_SECOND = 1024 * 1024;
/** Stanzas of a login that nobody asked for yet. */
const MAX_QUEUED = 64;

const STREAMS = 'http://etherx.jabber.org/streams';
const STREAM_ERRORS = 'urn:ietf:params:xml:ns:xmpp-streams';

export class Line {
  /** Something was read since this was last set to false. */
  heard = false;
  readonly #options: LineOptions;
  readonly #queue: XmlElement[] = [];
  #socket: Socket;
  #ready: Promise<void>;
  #reader = createStreamReader({ opened() {}, stanza() {}, oversized() {}, closed() {} });
  #waiting: PromiseWithResolvers<XmlElement> | null = null;
  #handler: ((stanza: XmlElement) => void) | null = null;
  #end: NotificationEnd | null = null;
  #readBytes = 0;
  #second = 0;

  constructor(options: LineOptions) {
    this.#options = options;
    const { config } = options;
    const { host, port } = config;
    this.#socket = config.tls === 'direct' ? this.#secure({ host, port }) : connect({ host, port });
    this.#ready = this.#listen(this.#socket, config.tls === 'direct' ? 'secureConnect' : 'connect');
  }

  /** Sends a stream header; resolves to the features. */
  async open(): Promise<XmlElement> {
    await this.#ready;
    const to = escapeXml(this.#options.domain);
    this.#newReader();
    this.send(
      `<?xml version='1.0'?><stream:stream to='${to}' version='1.0' xml:lang='en' xmlns='jabber:client' xmlns:stream='${STREAMS}'>`,
    );
    const features = await this.next();
    if (features.name === 'features' && features.namespace === STREAMS) return features;
    throw new NotificationEnd('configuration', 'notification-setup', 'no XMPP 1.0 server answers there');
  }

  /** Puts TLS on the open connection (RFC 6120 §5); to be called when the server has said `proceed`. */
  startTls(): void {
    // What came before TLS was not from the server that the certificate names.
    this.#queue.length = 0;
    const plain = this.#socket;
    plain.removeAllListeners('data');
    this.#socket = this.#secure({ socket: plain });
    this.#ready = this.#listen(this.#socket, 'secureConnect');
  }

  send(xml: string): void {
    if (this.#end === null) this.#socket.write(xml);
  }

  /** The next stanza. Rejects with NotificationEnd when the line ends first. */
  next(): Promise<XmlElement> {
    if (this.#end !== null) return Promise.reject(this.#end);
    const queued = this.#queue.shift();
    if (queued !== undefined) return Promise.resolve(queued);
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** From now on every stanza goes to `handler`. */
  handle(handler: (stanza: XmlElement) => void): void {
    this.#handler = handler;
    for (const stanza of this.#queue.splice(0)) handler(stanza);
  }

  /** Ends the line; `onEnd` is called once, with the first reason. */
  end(end: NotificationEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#queue.length = 0;
    this.#socket.destroy();
    this.#waiting?.reject(end);
    this.#options.onEnd(end);
  }

  /** Says good-bye and closes, without waiting for an answer longer than the socket takes. */
  farewell(xml: string, end: NotificationEnd): void {
    if (this.#end !== null) return;
    this.#socket.end(`${xml}</stream:stream>`);
    this.#socket.once('finish', () => this.end(end));
  }

  #secure(target: ConnectionOptions): TLSSocket {
    const { service, config, domain } = this.#options;
    const { host, ca, fingerprints } = config;
    // Only configured names prove anything: a domain learnt by plain HTTP may be an attacker's.
    const names = config.domain === null ? [host] : [host, config.domain];
    const servername = isIP(host) === 0 ? host : domain;
    return connectTls(
      { ...service, ca, fingerprints },
      {
        ...target,
        host,
        ...(isIP(servername) === 0 ? { servername } : {}),
        ALPNProtocols: ['xmpp-client'],
        checkServerIdentity: (_, certificate) => checkNames(names, certificate),
      },
    );
  }

  /** Resolves when the socket is connected, or has failed and `end` was called. */
  #listen(socket: Socket, connected: 'connect' | 'secureConnect'): Promise<void> {
    const ready = Promise.withResolvers<void>();
    socket.setNoDelay(true);
    // Openfire may lose a stream header that comes together with the last message of a TLS 1.3 handshake.
    socket.once(connected, () => setTimeout(ready.resolve, 1));
    socket.on('data', (bytes: Buffer) => this.#read(socket, bytes));
    socket.on('error', (error) => {
      const { code, detail } = classifyNetworkError(error);
      this.end(new NotificationEnd(causeOf(code), code, detail));
    });
    socket.on('close', () => {
      this.end(new NotificationEnd('lost', 'notification-lost', 'the server closed it'));
      ready.resolve();
    });
    return ready.promise;
  }

  #newReader(): void {
    this.#reader = createStreamReader({
      opened: () => {},
      stanza: (stanza) => this.#receive(stanza),
      oversized: this.#options.onOversized,
      closed: () => this.end(new NotificationEnd('lost', 'notification-lost', 'the server closed the stream')),
    });
  }

  #read(socket: Socket, bytes: Buffer): void {
    if (this.#end !== null) return;
    this.heard = true;
    this.#slowDown(socket, bytes.length);
    try {
      this.#reader.write(bytes);
    } catch (error) {
      const isTheirs = error instanceof StreamError;
      this.end(
        isTheirs
          ? new NotificationEnd('lost', 'notification-lost', `no XMPP stream: ${error.message}`)
          : faultEnd(error),
      );
    }
  }

  #slowDown(socket: Socket, bytes: number): void {
    const second = Math.floor(performance.now() / 1000);
    this.#readBytes = second === this.#second ? this.#readBytes + bytes : bytes;
    this.#second = second;
    if (this.#readBytes <= MAX_BYTES_PER_SECOND) return;
    socket.pause();
    setTimeout(() => socket.resume(), 1000 - (performance.now() % 1000)).unref();
  }

  #receive(stanza: XmlElement): void {
    if (this.#end !== null) return;
    const waiting = this.#waiting;
    if (stanza.name === 'error' && stanza.namespace === STREAMS) this.end(readStreamError(stanza));
    else if (this.#handler !== null) this.#handler(stanza);
    else if (waiting !== null) {
      this.#waiting = null;
      waiting.resolve(stanza);
    } else if (this.#queue.push(stanza) > MAX_QUEUED) {
      this.end(new NotificationEnd('lost', 'notification-lost', 'a flood during the login'));
    }
  }
}

function checkNames(names: readonly string[], certificate: PeerCertificate): Error | undefined {
  const errors = names.map((name) => checkServerIdentity(name, certificate));
  return errors.includes(undefined) ? undefined : errors[0];
}

/** A certificate that is not trusted is for the configuration to mend, whenever it is met. */
function causeOf(code: string): EndCause {
  return code === 'certificate-untrusted' ? 'configuration' : 'lost';
}

/** Conditions by which the server says that it is well and this client is not wanted (RFC 6120 §4.9.3). */
const OUR_FAULT: ReadonlySet<string> = new Set([
  'conflict',
  'host-gone',
  'host-unknown',
  'invalid-from',
  'invalid-namespace',
  'not-authorized',
  'policy-violation',
  'unsupported-version',
]);

function readStreamError(error: XmlElement): NotificationEnd {
  const condition = error.children.find(({ namespace, name }) => namespace === STREAM_ERRORS && name !== 'text');
  const name = /^[a-z-]{1,40}$/.test(condition?.name ?? '') ? condition?.name : 'undefined-condition';
  if (name !== undefined && OUR_FAULT.has(name)) {
    return new NotificationEnd('configuration', 'notification-setup', `stream error ${name}`);
  }
  return new NotificationEnd('lost', 'notification-lost', `stream error ${name}`);
}
