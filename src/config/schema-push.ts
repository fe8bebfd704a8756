/** The keys of `push`: pushes of Finesse, and of the proxy itself. */

import { z } from 'zod';
import { described, duration, durationAllowed, password, port, tlsFiles, user } from './schema-parts.ts';
import { isListenHost } from './values.ts';

const pushListener = z.strictObject({
  host: described(z.string().refine(isListenHost).prefault('0.0.0.0'), {
    description: 'Address to listen on: the one that Finesse sees phone requests come from, or every one.',
    allowed: 'an IP address (IPv6 without brackets) or a host name',
  }),
  port: described(port, {
    description: 'TCP port. Finesse pushes to port 80, and to 443 where phones take HTTPS only; 0 takes any free one.',
    allowed: 'a whole number from 0 to 65535',
  }),
  tls: described(
    z.strictObject(tlsFiles('PEM file with the certificate that Finesse sees, followed by its chain.')).optional(),
    {
      description: 'Take pushes by HTTPS with this certificate. Without it the listener is plain HTTP.',
    },
  ),
});

const PHONE_PORT = 'a whole number from 1 to 65535';
const PUSH_SWITCH = 'true or false; true needs username and password';

export const push = z.strictObject({
  listeners: described(
    z.array(described(pushListener, { description: 'An address and port that Finesse pushes to.' })).prefault([]),
    {
      description:
        'Where the pushes of Finesse arrive that it sends to the address of the request of a phone (docs/pushes.md). Needs `phones.networks`.',
      allowed: 'a list of listeners',
    },
  ),
  username: user(
    'The application user of Unified CM that the phones are associated with, for pushes of the proxy itself. Without it the proxy sends none.',
    ' without a colon',
  ),
  password: password('Password of that user.'),
  onVerdict: described(z.boolean().optional(), {
    description: 'When a service is found out of service, the phones signed in there are told.',
    allowed: PUSH_SWITCH,
    defaultText: '`true` with a username',
  }),
  onRecovery: described(z.boolean().optional(), {
    description: 'When it is back, the phones still signed in there are told.',
    allowed: PUSH_SWITCH,
    defaultText: '`true` with a username',
  }),
  atFirstFailure: described(z.boolean().optional(), {
    description: 'They are told already when the first probe has failed: most such failures end by themselves.',
    allowed: PUSH_SWITCH,
    defaultText: '`false`',
  }),
  priority: described(z.int().min(0).max(2).prefault(1), {
    description:
      'When the phone shows it: 0 at once, even over a call screen; 1 as soon as the phone is idle; 2 only if it is idle.',
    allowed: '0, 1 or 2',
  }),
  phoneScheme: described(z.enum(['http', 'https']).prefault('https'), {
    description:
      'How phones are reached by pushes of the proxy itself. The certificates of phones are not checked: they are self-signed and named by MAC address.',
    allowed: 'http or https',
  }),
  phonePorts: described(
    z
      .strictObject({
        http: described(z.int().min(1).max(65_535).prefault(80), {
          description: 'Port of the web server of a phone, without TLS.',
          allowed: PHONE_PORT,
        }),
        https: described(z.int().min(1).max(65_535).prefault(443), {
          description: 'Its port with TLS.',
          allowed: PHONE_PORT,
        }),
      })
      .prefault({}),
    { description: 'Ports of the web server of phones. Real ones have 80 and 443.' },
  ),
  concurrent: described(z.int().min(1).max(1000).prefault(50), {
    description: 'Pushes of the proxy itself that may be under way at once.',
    allowed: 'a whole number from 1 to 1000',
  }),
  perSecond: described(z.int().min(1).max(10_000).prefault(100), {
    description: 'Pushes of the proxy itself that may begin in a second.',
    allowed: 'a whole number from 1 to 10000',
  }),
  timeout: described(duration(100, 30_000).prefault('5s'), {
    description:
      'A phone has answered a push within this time, relayed or our own. It first asks Unified CM whether the user may push; whoever pushes usually waits 10 s.',
    ...durationAllowed(100, 30_000),
  }),
});
