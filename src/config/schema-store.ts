/** The keys of `store`: what several proxies know together. */

import { z } from 'zod';
import { DAY, described, duration, durationAllowed, password, path, plainText, user } from './schema-parts.ts';
import { isListenHost, parseRedisUrl } from './values.ts';

const PORT = 'a whole number from 1 to 65535';

const sentinel = z.strictObject({
  host: described(z.string().refine(isListenHost), {
    description: 'Host of a Sentinel.',
    allowed: 'a host name or an IP address without brackets',
  }),
  port: described(z.int().min(1).max(65_535).prefault(26_379), { description: 'Its port.', allowed: PORT }),
});

const redis = z.strictObject({
  url: described(
    z
      .string()
      .refine((text) => parseRedisUrl(text) !== null)
      .optional(),
    {
      description: 'Where Redis or Valkey is: `redis://HOST:PORT`, or `rediss://HOST:PORT` with TLS. Or `sentinels`.',
      allowed: 'redis:// or rediss://, host, and port if it is not 6379; no path, query or credentials',
    },
  ),
  sentinels: described(
    z
      .array(described(sentinel, { description: 'A Sentinel.' }))
      .min(1)
      .optional(),
    {
      description:
        'Sentinels that know which server is the master, in place of `url`. Name all of them: three at least.',
      allowed: 'a list of at least one Sentinel',
    },
  ),
  name: described(plainText(64).optional(), {
    description: 'What the Sentinels call the master.',
    allowed: 'text of 1 to 64 characters',
  }),
  username: user('ACL user of this proxy on the servers. Absent: the default user.'),
  password: password('Its password.'),
  sentinelUsername: user('ACL user on the Sentinels, where they ask for one.'),
  sentinelPassword: password('Password on the Sentinels, where they ask for one.'),
  tls: described(
    z
      .strictObject({
        ca: described(path.optional(), {
          description: "PEM file with the CA that signed the server's certificate, or with that certificate itself.",
          allowed: 'the path of a PEM file',
          defaultText: "the system's CAs",
        }),
        servername: described(z.string().refine(isListenHost).optional(), {
          description: 'Name that the certificate carries, where it is not the host that is connected to.',
          allowed: 'a host name',
          defaultText: 'the host of `url`',
        }),
      })
      .optional(),
    {
      description:
        'How the certificate of the server is checked; never left unchecked. With `sentinels` it also turns TLS on, to the Sentinels too.',
    },
  ),
  database: described(z.int().min(0).max(1023).prefault(0), {
    description: 'Number of the database.',
    allowed: 'a whole number from 0 to 1023',
  }),
  prefix: described(
    z
      .string()
      .regex(/^[A-Za-z0-9._:-]{1,64}$/)
      .prefault('ippa:'),
    {
      description: 'What every key in the store begins with. The proxies that are to know of each other have the same.',
      allowed: 'text of 1 to 64 letters, digits, dots, colons, hyphens or underscores',
    },
  ),
  poll: described(duration(20, 10_000).prefault('100ms'), {
    description: 'How often the proxy asks what the others have changed.',
    ...durationAllowed(20, 10_000),
  }),
  timeout: described(duration(50, 10_000).prefault('200ms'), {
    description:
      'An answer of the store that takes longer is not waited for. Nothing on the way of a phone waits for one.',
    ...durationAllowed(50, 10_000),
  }),
  reread: described(duration(1000, DAY).prefault('1m'), {
    description: 'How often everything is read anew, so that what was lost on the way is lost for so long at most.',
    ...durationAllowed(1000, DAY),
  }),
});

export const store = z.strictObject({
  redis: described(redis, { description: 'Redis (6.2 or later) or Valkey.' }),
});
