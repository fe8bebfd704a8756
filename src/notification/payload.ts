/** What a stanza of the Notification Service says (reference/finesse-health.md §5). Pure. */

import type { NotifiedStatus } from '../domain/health/state.ts';
import { child, parseXmlDocument, type XmlElement } from '../xmpp/stream.ts';

export const SYSTEM_INFO_NODE = '/finesse/api/SystemInfo';
const EVENT_NAMESPACE = 'http://jabber.org/protocol/pubsub#event';

export type IgnoredBecause =
  | 'wrong-sender'
  | 'wrong-node'
  | 'no-event'
  | 'unreadable'
  | 'no-status'
  | 'oversized'
  | 'flood';

export interface Notification {
  /** One for each item that says a status, in their order. */
  readonly statuses: readonly NotifiedStatus[];
  /** One for each item, or the stanza as a whole, that says none. */
  readonly ignored: readonly IgnoredBecause[];
}

/** Reads a message. Anyone with an account can send one, so it counts only if `pubsub` sent it. */
export function parseNotification(message: XmlElement, pubsub: string): Notification {
  if (bareJid(message.attributes.get('from') ?? '') !== pubsub.toLowerCase()) return ignored('wrong-sender');
  const items = child(child(message, 'event', EVENT_NAMESPACE), 'items');
  if (items === undefined) return ignored('no-event');
  if (items.attributes.get('node') !== SYSTEM_INFO_NODE) return ignored('wrong-node');
  const found = items.children.filter(({ name }) => name === 'item').map(readItem);
  if (found.length === 0) return ignored('no-status');
  return { statuses: found.filter(isStatus), ignored: found.filter((item) => !isStatus(item)) as IgnoredBecause[] };
}

function ignored(because: IgnoredBecause): Notification {
  return { statuses: [], ignored: [because] };
}

function isStatus(found: NotifiedStatus | IgnoredBecause): found is NotifiedStatus {
  return found === 'IN_SERVICE' || found === 'OUT_OF_SERVICE';
}

/** The text of `notification` is an escaped document; XML that came unescaped is read as well. */
function readItem(item: XmlElement): NotifiedStatus | IgnoredBecause {
  const payload = child(item, 'notification') ?? item;
  const update = payload.children.find(isNamed('update')) ?? parseXmlDocument(payload.text.trim());
  if (update === null) return payload.text.trim() === '' ? 'no-status' : 'unreadable';
  const data = isNamed('update')(update) ? update.children.find(isNamed('data')) : undefined;
  // In events its name begins with a small letter, in REST with a capital one.
  const status = data?.children.find(isNamed('systeminfo'))?.children.find(isNamed('status'))?.text.trim();
  return status === 'IN_SERVICE' || status === 'OUT_OF_SERVICE' ? status : 'no-status';
}

function isNamed(lowerCase: string): (element: XmlElement) => boolean {
  return ({ name }) => name.toLowerCase() === lowerCase;
}

/** A JID without its resource, in lower case. */
function bareJid(jid: string): string {
  return (jid.split('/', 1)[0] ?? '').toLowerCase();
}

/** Sessions of `finesse` that are counted; a server that invents more is not believed further. */
const MAX_RESOURCES = 32;

/** Follows the presence of one user over all its sessions. */
export interface PresenceTracker {
  /** Whether the user is available now, or null when the stanza says nothing of that user. */
  read(presence: XmlElement): boolean | null;
}

export function createPresenceTracker(user: string): PresenceTracker {
  const resources = new Set<string>();
  return {
    read({ attributes }) {
      const from = attributes.get('from') ?? '';
      if (bareJid(from) !== user.toLowerCase()) return null;
      const type = attributes.get('type');
      if (type !== undefined && type !== 'unavailable') return null;
      const resource = from.slice(from.indexOf('/') + 1 || from.length);
      if (type === undefined && resources.size < MAX_RESOURCES) resources.add(resource);
      else if (type === 'unavailable' && resource === '') resources.clear();
      else if (type === 'unavailable') resources.delete(resource);
      return resources.size > 0;
    },
  };
}
