/** The keys of `clusters`: Finesse servers as agents see them. */

import { z } from 'zod';
import { notification } from './schema-notification.ts';
import {
  described,
  duration,
  durationAllowed,
  HOUR,
  ID_ALLOWED,
  isId,
  ORIGIN_ALLOWED,
  origin,
  password,
  plainText,
  serverTls,
  user,
} from './schema-parts.ts';
import { isAlias, isNetwork, parseHttpUrl } from './values.ts';

const PROBE_TIMES = durationAllowed(100, HOUR);

const probe = z.strictObject({
  url: described(
    z
      .string()
      .refine((text) => parseHttpUrl(text) !== null)
      .optional(),
    {
      description: 'Full URL of SystemInfo, when it is not below `url` of the service.',
      allowed: 'an http or https URL without credentials',
      defaultText: '`url` of the service followed by `/finesse/api/SystemInfo`',
    },
  ),
  username: user('User for SystemInfo, where Finesse asks for one (`secureSystemInfo`, from 12.6(2)).'),
  password: password('Password of that user.'),
  interval: described(duration(100, HOUR).prefault('5s'), {
    description: 'Time between two probes of a service that answers.',
    ...PROBE_TIMES,
  }),
  timeout: described(duration(50, HOUR).optional(), {
    description: 'A probe without a complete answer by then has failed. Less than `interval` and `reconnect.interval`.',
    ...durationAllowed(50, HOUR),
    defaultText: '4s, or 80 % of the shorter of the two intervals if that is less',
  }),
});

const service = z.strictObject({
  id: described(z.string().refine(isId), {
    description:
      'Name of the service in every phone URL, so short. Clusters and services share one set of ids. Changing it changes what is entered in Unified CM.',
    allowed: ID_ALLOWED,
  }),
  name: described(plainText(32), {
    description: 'What agents read. Unique in its cluster.',
    allowed: 'text of 1 to 32 characters without control characters (a number in quotes)',
  }),
  url: described(origin, {
    description:
      'Origin of Finesse, by its full name and its own port; `/fippa` and `/finesse/api/SystemInfo` are below it.',
    allowed: ORIGIN_ALLOWED,
  }),
  aliases: described(
    z
      .array(
        described(z.string().refine(isAlias), {
          description: 'Another name of the same server.',
          allowed: 'a host, host:port, an IPv6 address or an origin',
        }),
      )
      .prefault([]),
    {
      description: 'Other names of the same server, so that URLs with them are recognised on its pages.',
    },
  ),
  site: described(plainText(64).optional(), {
    description:
      'Where the server stands. Services of the site of the proxy are offered first, and an unreachable site is told from an outage ([sites](sites.md)).',
    allowed: 'text of 1 to 64 characters',
    defaultText: 'the site of the proxy',
  }),
  tls: described(serverTls.prefault({}), {
    description: 'How the certificate of Finesse is checked. It is never left unchecked.',
  }),
  probe: described(probe.prefault({}), { description: 'How the proxy asks whether the service is in service.' }),
  notification: described(notification.optional(), {
    description: 'The Finesse Notification Service, by which failures are noticed at once. Absent: it is not used.',
  }),
  pushFrom: described(
    z
      .array(
        described(z.string().refine(isNetwork), {
          description: 'An address or network.',
          allowed: 'an IP address or a block such as 10.20.0.0/16',
        }),
      )
      .min(1)
      .optional(),
    {
      description: 'Addresses from which this server may push to phones through the push listeners.',
      allowed: 'a list of at least one IP address or block',
      defaultText: 'the addresses that `url` resolves to, looked up every minute',
    },
  ),
});

export const cluster = z.strictObject({
  id: described(z.string().refine(isId), {
    description: "The cluster's front door is `/ID/fippa/DEVICE`.",
    allowed: ID_ALLOWED,
  }),
  frontDoor: described(z.boolean().prefault(false), {
    description:
      'With several clusters: `/fippa/DEVICE` without an id leads to this one. The only cluster has it anyway.',
    allowed: 'true or false',
  }),
  services: described(z.array(described(service, { description: 'A Finesse server as agents see it.' })).min(1), {
    description: 'The Finesse servers of the cluster, in the order in which they are preferred.',
    allowed: 'a list of at least one service',
  }),
});
