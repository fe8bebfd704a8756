/** The keys of a service's `notification`: the Finesse Notification Service (XMPP). */

import { z } from 'zod';
import { described, duration, durationAllowed, fingerprints, path, SECRET_ALLOWED, secret } from './schema-parts.ts';
import { isListenHost } from './values.ts';

/** What a JID's first part may not hold (RFC 7622 §3.3.1), and control characters. */
const USERNAME = /^[^\s"&'/:<>@\p{C}]{1,128}$/u;
const domainName = z.string().regex(/^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/);
const MIN_DEAD_MS = 500;
/** A dead link is noticed within 10 s. */
const MAX_DEAD_MS = 10_000;

export const notification = z.strictObject({
  host: described(z.string().refine(isListenHost).optional(), {
    description: 'Host of the Notification Service.',
    allowed: 'an IP address (IPv6 without brackets) or a host name',
    defaultText: 'the host of `url` of the service',
  }),
  port: described(z.int().min(1).max(65_535).optional(), {
    description: 'Its port.',
    allowed: 'a whole number from 1 to 65535',
    defaultText: '5223, or 5222 with `tls: starttls` or `tls: unencrypted`',
  }),
  tls: described(z.enum(['direct', 'starttls', 'unencrypted']).prefault('direct'), {
    description:
      '`direct`: TLS from the first byte (5223). `starttls`: TLS within the plain port, and no login without it. `unencrypted`: the password crosses the network in the clear.',
    allowed: 'direct, starttls or unencrypted',
  }),
  username: described(z.string().regex(USERNAME), {
    description:
      'Account of the proxy alone, with which nobody signs in to a desktop or a phone; see [notification-service.md](notification-service.md).',
    allowed: "text of 1 to 128 characters without spaces and without any of @ / : < > & ' (a number in quotes)",
  }),
  password: described(secret, { description: 'Its password.', allowed: SECRET_ALLOWED, secret: true }),
  ca: described(path.optional(), {
    description: 'PEM file with the CA of the certificate there, or with the self-signed certificate itself.',
    allowed: 'the path of a PEM file',
    defaultText: '`tls.ca` of the service',
  }),
  fingerprints: described(fingerprints.optional(), {
    description: 'SHA-256 fingerprints of certificates that are trusted there although no CA vouches for them.',
    defaultText: '`tls.fingerprints` of the service',
  }),
  advisory: described(z.boolean().prefault(false), {
    description: 'What the Notification Service says is shown in `/health` and changes nothing.',
    allowed: 'true or false',
  }),
  domain: described(domainName.optional(), {
    description: 'XMPP domain of the accounts.',
    allowed: 'a domain name',
    defaultText: '`xmppDomain` of SystemInfo',
  }),
  pubsub: described(domainName.optional(), {
    description: 'Name of the service that publishes.',
    allowed: 'a domain name',
    defaultText: '`xmppPubSubDomain` of SystemInfo, else `pubsub.` and the domain',
  }),
  deadAfter: described(duration(MIN_DEAD_MS, MAX_DEAD_MS).prefault('8s'), {
    description: 'A connection on which nothing is heard for this long is lost; pings go out twice in it.',
    ...durationAllowed(MIN_DEAD_MS, MAX_DEAD_MS),
  }),
});
