/**
 * One session with the Notification Service, from the connection to its end: logs in, sends presence, subscribes, follows
 * the presence of `finesse`, and pings, since a dead link says nothing (reference/finesse-health.md §5).
 */

import type { NotificationConfig, ServiceConfig } from '../config/config.ts';
import type { NotifiedStatus } from '../domain/health/state.ts';
import { escapeXml } from '../text/xml-escape.ts';
import type { Clock } from '../time/clock.ts';
import { XmppConnection } from '../xmpp/connection.ts';
import { logIn } from '../xmpp/login.ts';
import { child, readStanzaError, type XmlElement } from '../xmpp/stream.ts';
import { toXmppError, XmppError } from '../xmpp/xmpp-error.ts';
import { createPresenceTracker, type IgnoredBecause, parseNotification, SYSTEM_INFO_NODE } from './payload.ts';

export interface SessionEvents {
  readonly connected: () => void;
  readonly presence: (available: boolean) => void;
  readonly notified: (status: NotifiedStatus) => void;
  readonly ignored: (because: IgnoredBecause) => void;
  /** Whatever it is, after the login. */
  readonly received?: (stanza: XmlElement) => void;
  readonly subscribed?: () => void;
  /** The server does not let the account subscribe: notifications will not come. */
  readonly notSubscribed: (condition: string) => void;
  /** The last event; comes exactly once. */
  readonly ended: (error: XmppError) => void;
}

export interface SessionOptions {
  /** What of the service says whom to trust beside the names of `config`. */
  readonly service: Pick<ServiceConfig, 'certificateNames'>;
  readonly config: NotificationConfig;
  readonly domain: string;
  readonly pubsub: string;
  readonly resource: string;
  /** Limit of the whole login. */
  readonly loginMs: number;
  readonly clock: Clock;
  readonly events: SessionEvents;
}

export interface Session {
  /** Unsubscribes and says good-bye, for at most FAREWELL_MS. */
  close(): Promise<void>;
}

const PUBSUB = 'http://jabber.org/protocol/pubsub';
const FAREWELL_MS = 1000;
/** Messages and presences a second, each status of a message by itself; a healthy service sends a few in a minute. */
const MAX_HEARD_PER_SECOND = 50;
/** Finesse's own user (reference/finesse-health.md §5). */
const FINESSE_USER = 'finesse';

export function openSession(options: SessionOptions): Session {
  const { config, clock, events } = options;
  const done = Promise.withResolvers<void>();
  let cancelTimer = () => {};
  let unsubscribed = () => {};
  let jid: string | null = null;
  let isOver = false;

  const connection = new XmppConnection({
    ...{ host: config.host, port: config.port, tls: config.tls, ca: config.ca, fingerprints: config.fingerprints },
    ...{ domain: options.domain, certificateNames: trustedNames(options) },
    onOversized: () => events.ignored('oversized'),
    onEnd(error) {
      isOver = true;
      cancelTimer();
      unsubscribed();
      done.resolve();
      events.ended(error);
    },
  });
  cancelTimer = clock.after(options.loginMs, () => {
    connection.abort(new XmppError('timeout', 'the login took too long'));
  });

  const begin = async () => {
    jid = await logIn(connection, { ...config, resource: options.resource });
    // The server may have left with the last word of the login.
    if (isOver) return;
    cancelTimer();
    connection.send('<presence/>');
    connection.send(subscription('subscribe', options.pubsub, jid));
    const reader = createReader(options, connection, () => unsubscribed());
    events.connected();
    connection.handle(reader.read);
    keepAlive(reader);
  };

  /** Twice in `deadAfterMs` a ping goes out; with nothing heard from one to the next the link is dead. */
  const keepAlive = (reader: Reader) => {
    const everyMs = config.deadAfterMs / 2;
    const ask = () => {
      connection.heard = false;
      connection.send(`<iq type='get' id='ping' to='${escapeXml(options.domain)}'><ping xmlns='urn:xmpp:ping'/></iq>`);
      const dueAt = clock.passed() + everyMs;
      cancelTimer = clock.after(everyMs, () => {
        // A process that stood still has not read what came meanwhile: it asks once more.
        const isLate = clock.passed() - dueAt > everyMs / 2;
        if (!connection.heard && !isLate) {
          return connection.abort(new XmppError('silent', `nothing was heard for ${config.deadAfterMs / 1000} s`));
        }
        reader.askPresence();
        ask();
      });
    };
    ask();
  };

  begin().catch((error: unknown) => connection.abort(toXmppError(error)));

  return {
    async close() {
      const stopped = new XmppError('stopped', 'the proxy closed it');
      if (jid === null) return connection.abort(stopped);
      cancelTimer();
      const limit = Promise.withResolvers<void>();
      const answered = Promise.withResolvers<void>();
      unsubscribed = answered.resolve;
      cancelTimer = clock.after(FAREWELL_MS, limit.resolve);
      // Subscriptions outlive the session: the next one would find them, and so would the server's disk.
      connection.send(subscription('unsubscribe', options.pubsub, jid));
      await Promise.race([answered.promise, limit.promise]);
      connection.close("<presence type='unavailable'/>");
      await Promise.race([done.promise, limit.promise]);
      connection.abort(stopped);
    },
  };
}

/** Only configured names prove anything: a domain learnt by plain HTTP may be an attacker's. */
function trustedNames({ service, config }: SessionOptions): readonly string[] {
  const hosts = service.certificateNames.length === 0 ? [config.host] : service.certificateNames;
  return config.domain === null ? hosts : [...hosts, config.domain];
}

function subscription(verb: 'subscribe' | 'unsubscribe', pubsub: string, jid: string): string {
  const who = `node='${SYSTEM_INFO_NODE}' jid='${escapeXml(jid)}'`;
  const payload = `<pubsub xmlns='${PUBSUB}'><${verb} ${who}/></pubsub>`;
  return `<iq type='set' id='${verb}' to='${escapeXml(pubsub)}'>${payload}</iq>`;
}

interface Reader {
  readonly read: (stanza: XmlElement) => void;
  /** Asks for the presence of `finesse` once, if the server has not told it by itself (RFC 6121 §3.1). */
  readonly askPresence: () => void;
}

function createReader(options: SessionOptions, connection: XmppConnection, unsubscribed: () => void): Reader {
  const { domain, pubsub, events, clock } = options;
  const finesse = `${FINESSE_USER}@${domain}`;
  const tracker = createPresenceTracker(finesse);
  const isTooMany = createRateLimit(clock);
  let isPresenceKnown = false;

  const readIq = (iq: XmlElement) => {
    const id = iq.attributes.get('id') ?? '';
    const type = iq.attributes.get('type');
    if (type === 'get' || type === 'set') connection.send(refusal(iq));
    else if (id === 'unsubscribe') unsubscribed();
    else if (id === 'subscribe' && type === 'result') events.subscribed?.();
    else if (id === 'subscribe' && type === 'error') {
      events.notSubscribed(readStanzaError(iq));
    }
  };
  const readMessage = (message: XmlElement) => {
    const { statuses, ignored } = parseNotification(message, pubsub);
    for (const because of ignored) events.ignored(because);
    for (const [index, status] of statuses.entries()) {
      // The first one was counted with its message.
      if (index > 0 && isTooMany()) events.ignored('flood');
      else events.notified(status);
    }
  };
  return {
    read(stanza) {
      events.received?.(stanza);
      if (stanza.name === 'iq') return readIq(stanza);
      if (isTooMany()) return events.ignored('flood');
      if (stanza.name === 'message') return readMessage(stanza);
      const available = stanza.name === 'presence' ? tracker.read(stanza) : null;
      if (available === null) return;
      isPresenceKnown = true;
      events.presence(available);
    },
    askPresence() {
      if (isPresenceKnown) return;
      isPresenceKnown = true;
      connection.send(`<presence type='subscribe' to='${escapeXml(finesse)}'/>`);
    },
  };
}

/** RFC 6120 §8.2.3: every request is answered; XEP-0199 pings of the server by a result. */
function refusal(iq: XmlElement): string {
  const [id, from] = ['id', 'from'].map((name) => escapeXml((iq.attributes.get(name) ?? '').slice(0, 1024)));
  const to = from === '' ? '' : ` to='${from}'`;
  if (child(iq, 'ping', 'urn:xmpp:ping') !== undefined) return `<iq type='result' id='${id}'${to}/>`;
  const error = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
  return `<iq type='error' id='${id}'${to}>${error}</iq>`;
}

function createRateLimit(clock: Clock): () => boolean {
  let [second, count] = [0, 0];
  return () => {
    const now = Math.floor(clock.passed() / 1000);
    count = now === second ? count + 1 : 1;
    second = now;
    return count > MAX_HEARD_PER_SECOND;
  };
}
