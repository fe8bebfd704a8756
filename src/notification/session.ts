/**
 * One session with the Notification Service, from the connection to its end: logs in, sends presence, subscribes, follows
 * the presence of `finesse`, and pings, since a dead link says nothing (reference/finesse-health.md §5).
 */

import type { NotificationConfig, ServiceConfig } from '../config/config.ts';
import type { NotifiedStatus } from '../domain/signals.ts';
import { escapeXml } from '../text/xml-escape.ts';
import type { Clock } from '../time/clock.ts';
import { Line } from '../xmpp/connection.ts';
import { faultEnd, NotificationEnd } from '../xmpp/connection-end.ts';
import { logIn } from '../xmpp/login.ts';
import { child, type XmlElement } from '../xmpp/stream.ts';
import { createPresenceTracker, type IgnoredBecause, parseNotification, SYSTEM_INFO_NODE } from './payload.ts';

export interface SessionEvents {
  readonly connected: () => void;
  readonly presence: (available: boolean) => void;
  readonly notified: (status: NotifiedStatus) => void;
  readonly ignored: (because: IgnoredBecause) => void;
  /** The server does not let the account subscribe: notifications will not come. */
  readonly notSubscribed: (condition: string) => void;
  /** The last event; comes exactly once. */
  readonly ended: (end: NotificationEnd) => void;
}

export interface SessionOptions {
  readonly service: ServiceConfig;
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
/** Messages and presences a second; a healthy service sends a few in a minute. */
const MAX_STANZAS_PER_SECOND = 50;
/** Finesse's own user (reference/finesse-health.md §5). */
const FINESSE_USER = 'finesse';

export function openSession(options: SessionOptions): Session {
  const { config, clock, events } = options;
  const done = Promise.withResolvers<void>();
  let cancelTimer = () => {};
  let unsubscribed = () => {};
  let jid: string | null = null;

  const line = new Line({
    ...options,
    onOversized: () => events.ignored('oversized'),
    onEnd(end) {
      cancelTimer();
      unsubscribed();
      done.resolve();
      events.ended(end);
    },
  });
  const lose = (detail: string) => line.end(new NotificationEnd('lost', 'notification-lost', detail));
  cancelTimer = clock.after(options.loginMs, () => {
    line.end(new NotificationEnd('lost', 'timeout', 'the login took too long'));
  });

  const begin = async () => {
    jid = await logIn(line, config, options.resource);
    cancelTimer();
    line.send('<presence/>');
    line.send(subscription('subscribe', options.pubsub, jid));
    const reader = createReader(options, line, () => unsubscribed());
    events.connected();
    line.handle(reader.read);
    keepAlive(reader);
  };

  /** Twice in `deadAfterMs` a ping goes out; with nothing heard from one to the next the link is dead. */
  const keepAlive = (reader: Reader) => {
    const everyMs = config.deadAfterMs / 2;
    const ask = () => {
      line.heard = false;
      line.send(`<iq type='get' id='ping' to='${escapeXml(options.domain)}'><ping xmlns='urn:xmpp:ping'/></iq>`);
      const dueAt = clock.now() + everyMs;
      cancelTimer = clock.after(everyMs, () => {
        // A process that stood still has not read what came meanwhile: it asks once more.
        const isLate = clock.now() - dueAt > everyMs / 2;
        if (!line.heard && !isLate) return lose(`nothing was heard for ${config.deadAfterMs / 1000} s`);
        reader.askPresence();
        ask();
      });
    };
    ask();
  };

  begin().catch((error: unknown) => {
    line.end(error instanceof NotificationEnd ? error : faultEnd(error));
  });

  return {
    async close() {
      const end = new NotificationEnd('stopped', 'notification-lost', 'the proxy closed it');
      if (jid === null) return line.end(end);
      cancelTimer();
      const limit = Promise.withResolvers<void>();
      const answered = Promise.withResolvers<void>();
      unsubscribed = answered.resolve;
      cancelTimer = clock.after(FAREWELL_MS, limit.resolve);
      // Subscriptions outlive the session: the next one would find them, and so would the server's disk.
      line.send(subscription('unsubscribe', options.pubsub, jid));
      await Promise.race([answered.promise, limit.promise]);
      line.farewell("<presence type='unavailable'/>", end);
      await Promise.race([done.promise, limit.promise]);
      line.end(end);
    },
  };
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

function createReader(options: SessionOptions, line: Line, unsubscribed: () => void): Reader {
  const { domain, pubsub, events, clock } = options;
  const finesse = `${FINESSE_USER}@${domain}`;
  const tracker = createPresenceTracker(finesse);
  const isTooMany = createRateLimit(clock);
  let isPresenceKnown = false;

  const readIq = (iq: XmlElement) => {
    const id = iq.attributes.get('id') ?? '';
    const type = iq.attributes.get('type');
    if (type === 'get' || type === 'set') line.send(refusal(iq));
    else if (id === 'unsubscribe') unsubscribed();
    else if (id === 'subscribe' && type === 'error') {
      const condition = child(iq, 'error')?.children[0]?.name ?? '';
      events.notSubscribed(/^[a-z-]{1,40}$/.test(condition) ? condition : 'no condition');
    }
  };
  const readMessage = (message: XmlElement) => {
    const { statuses, ignored } = parseNotification(message, pubsub);
    for (const because of ignored) events.ignored(because);
    for (const status of statuses) events.notified(status);
  };
  return {
    read(stanza) {
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
      line.send(`<presence type='subscribe' to='${escapeXml(finesse)}'/>`);
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
    const now = Math.floor(clock.now() / 1000);
    count = now === second ? count + 1 : 1;
    second = now;
    return count > MAX_STANZAS_PER_SECOND;
  };
}
