/** One connection to an XMPP server: TCP, TLS or STARTTLS below, whole stanzas above (RFC 6120). */

import { connect, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import { connectTls } from '../http/client/trust.ts';
import { escapeXml } from '../text/xml-escape.ts';
import { readSocketError } from './socket-error.ts';
import { createStreamReader, readCondition, StreamError, type XmlElement } from './stream.ts';
import { internalError, XmppError } from './xmpp-error.ts';

export interface XmppOptions {
  readonly host: string;
  readonly port: number;
  /** `direct`: from the first byte. `starttls`: within the plain stream, and no login without it. */
  readonly tls: 'direct' | 'starttls' | 'unencrypted';
  /** Whom the stream is addressed to. */
  readonly domain: string;
  /** PEM; null: the system's CAs. */
  readonly ca: string | null;
  /** SHA-256, of certificates that are trusted although no CA vouches for them. */
  readonly fingerprints: readonly string[];
  /** Of these the certificate must carry one. */
  readonly certificateNames: readonly string[];
  /** The last event; comes exactly once, with the first reason. */
  readonly onEnd: (error: XmppError) => void;
  /** A stanza too large to be read was passed over. */
  readonly onOversized: () => void;
}

/** Bytes a second that are read; a server that sends more waits. A notification has about 3 KiB. */
const MAX_BYTES_PER_SECOND = 1024 * 1024;
/** What may wait to be read by the server. All that is not asked for by it is far less. */
const MAX_UNREAD = 256 * 1024;
/** Stanzas of a login that nobody asked for yet. */
const MAX_QUEUED = 64;

const STREAMS = 'http://etherx.jabber.org/streams';
const STREAM_ERRORS = 'urn:ietf:params:xml:ns:xmpp-streams';

export class XmppConnection {
  /** Something was read since this was last set to false. */
  heard = false;
  readonly #options: XmppOptions;
  readonly #queue: XmlElement[] = [];
  #socket: Socket;
  #ready: Promise<void>;
  #reader = createStreamReader({ opened() {}, stanza() {}, oversized() {}, closed() {} });
  #waiting: PromiseWithResolvers<XmlElement> | null = null;
  #handler: ((stanza: XmlElement) => void) | null = null;
  #end: XmppError | null = null;
  #readBytes = 0;
  #second = 0;

  constructor(options: XmppOptions) {
    this.#options = options;
    const { host, port, tls } = options;
    this.#socket = tls === 'direct' ? this.#secure({ host, port }) : connect({ host, port });
    this.#ready = this.#listen(this.#socket, tls === 'direct' ? 'secureConnect' : 'connect');
  }

  /** The stream has to be put on TLS before anything else. */
  get wantsStartTls(): boolean {
    return this.#options.tls === 'starttls';
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
    throw new XmppError('not-supported', 'no XMPP 1.0 server answers there');
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
    if (this.#end !== null) return;
    this.#socket.write(xml);
    if (this.#socket.writableLength <= MAX_UNREAD) return;
    this.abort(new XmppError('not-xmpp', 'it asks, and does not read what it is answered'));
  }

  /** The next stanza. Rejects with XmppError when the connection ends first. */
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

  /** Ends the connection at once. */
  abort(error: XmppError): void {
    if (this.#end !== null) return;
    this.#end = error;
    this.#queue.length = 0;
    this.#socket.destroy();
    this.#waiting?.reject(error);
    this.#options.onEnd(error);
  }

  /** Sends the last stanza and ends the stream, without waiting for an answer longer than the socket takes. */
  close(lastStanza: string): void {
    if (this.#end !== null) return;
    this.#socket.end(`${lastStanza}</stream:stream>`);
    this.#socket.once('finish', () => this.abort(new XmppError('stopped', 'closed by this side')));
  }

  #secure(target: ConnectionOptions): TLSSocket {
    const { host, domain, ca, fingerprints, certificateNames } = this.#options;
    const servername = isIP(host) === 0 ? host : domain;
    return connectTls(
      { ca, fingerprints },
      {
        ...target,
        host,
        ...(isIP(servername) === 0 ? { servername } : {}),
        ALPNProtocols: ['xmpp-client'],
        checkServerIdentity: (_, certificate) => checkNames(certificateNames, certificate),
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
    socket.on('error', (error) => this.abort(readSocketError(error)));
    socket.on('close', () => {
      this.abort(new XmppError('closed', 'the server closed it'));
      ready.resolve();
    });
    return ready.promise;
  }

  #newReader(): void {
    this.#reader = createStreamReader({
      opened: () => {},
      stanza: (stanza) => this.#receive(stanza),
      oversized: this.#options.onOversized,
      closed: () => this.abort(new XmppError('closed', 'the server closed the stream')),
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
      this.abort(isTheirs ? new XmppError('not-xmpp', `no XMPP stream: ${error.message}`) : internalError(error));
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
    if (stanza.name === 'error' && stanza.namespace === STREAMS) this.abort(readStreamError(stanza));
    else if (this.#handler !== null) this.#handler(stanza);
    else if (waiting !== null) {
      this.#waiting = null;
      waiting.resolve(stanza);
    } else if (this.#queue.push(stanza) > MAX_QUEUED) {
      this.abort(new XmppError('not-xmpp', 'a flood during the login'));
    }
  }
}

function checkNames(names: readonly string[], certificate: PeerCertificate): Error | undefined {
  const errors = names.map((name) => checkServerIdentity(name, certificate));
  return errors.includes(undefined) ? undefined : errors[0];
}

/** Conditions by which the server says that it is well and this client is not wanted (RFC 6120 §4.9.3). */
const REJECTED: ReadonlySet<string> = new Set([
  'invalid-from',
  'invalid-namespace',
  'not-authorized',
  'policy-violation',
  'unsupported-version',
]);

function readStreamError(error: XmlElement): XmppError {
  const found = error.children.find(({ namespace, name }) => namespace === STREAM_ERRORS && name !== 'text');
  const condition = readCondition(found, 'undefined-condition');
  const detail = `stream error ${condition}`;
  if (condition === 'conflict') return new XmppError('conflict', detail);
  if (condition === 'host-unknown' || condition === 'host-gone') return new XmppError('host-unknown', detail);
  return new XmppError(REJECTED.has(condition) ? 'rejected' : 'stream-error', detail);
}
