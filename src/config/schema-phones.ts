/** The keys of `phones`: where phones connect, and what they may ask for. */

import { z } from 'zod';
import { limits } from './schema-limits.ts';
import {
  described,
  duration,
  durationAllowed,
  HOUR,
  listenPlace,
  ORIGIN_ALLOWED,
  origin,
  tlsFiles,
} from './schema-parts.ts';
import { isNetwork } from './values.ts';

const listenerTls = z.strictObject({
  ...tlsFiles("PEM file with the certificate that phones see, followed by its chain. It must carry publicUrl's host."),
  profile: described(z.enum(['modern', 'legacy']).prefault('modern'), {
    description:
      '`modern`: TLS 1.2 and later. `legacy`: TLS 1.0 and old ciphers too, for phones of the 7900 series and nothing else: a listener of its own, beside a modern one for all other phones.',
    allowed: 'modern or legacy',
  }),
});

const listener = z.strictObject({
  ...listenPlace,
  publicUrl: described(origin.optional(), {
    description:
      'Scheme, host and port by which phones reach this listener; it begins every URL on a page. Required unless `host` is loopback.',
    allowed: ORIGIN_ALLOWED,
    defaultText: 'loopback only: the name in the request and the port',
  }),
  tls: described(listenerTls.optional(), {
    description: 'Serve HTTPS with this certificate. Without it the listener is plain HTTP.',
  }),
  service: described(z.string().optional(), {
    description:
      "Everything on this listener is for this service (split DNS: phones reach the proxy under Finesse's own name).",
    allowed: 'the id of a service',
  }),
  proxyProtocol: described(z.boolean().prefault(false), {
    description:
      'Connections from `phones.trustedFronts` begin with a header of the PROXY protocol, version 2, that says which phone it is; those from elsewhere have none ([front doors](front-doors.md)).',
    allowed: 'true or false',
  }),
});

const networks = z
  .array(
    described(z.string().refine(isNetwork), {
      description: 'A network.',
      allowed: 'an IP address or a block such as 10.20.0.0/16',
    }),
  )
  .prefault([]);

export const phones = z.strictObject({
  listeners: described(
    z.array(described(listener, { description: 'An address and port where phones connect.' })).min(1),
    {
      description: 'Where phones connect.',
      allowed: 'a list of at least one listener',
    },
  ),
  answerWithin: described(duration(500, 10_000).prefault('4500ms'), {
    description: "A phone has its answer within this time of its request's end, if need be a page of the proxy's own.",
    ...durationAllowed(500, 10_000),
  }),
  networks: described(networks, {
    description: 'Networks where phones are. Empty: not stated.',
    allowed: 'a list of IP addresses or blocks',
  }),
  trustedFronts: described(networks, {
    description:
      'Addresses of load balancers in front of the proxy, whose `X-Forwarded-For` is believed, and whose PROXY protocol on listeners with `proxyProtocol`.',
    allowed: 'a list of IP addresses or blocks',
  }),
  forgetAfter: described(duration(1000, 720 * HOUR).prefault('12h'), {
    description: 'A signed-in phone that sends nothing for this long is forgotten.',
    ...durationAllowed(1000, 720 * HOUR),
  }),
  httpParser: described(z.enum(['auto', 'node']).prefault('auto'), {
    description:
      "Who reads the requests of phones. `auto`: plain GETs, which is nearly all that phones send, are read by the proxy itself at a third of the cost, the rest by Node.js. `node`: Node.js reads everything; a way out should a phone's requests ever be misread.",
    allowed: 'auto or node',
  }),
  limits: described(limits.prefault({}), {
    description:
      'What clients may ask for at most. Meant for scanners, mistakes and attacks: phones that work do not notice.',
  }),
});
