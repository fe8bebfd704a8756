/** The keys of `log`. */

import { z } from 'zod';
import { described, serverTls } from './schema-parts.ts';
import { FACILITIES, isSyslogUrl } from './syslog-url.ts';
import { isListenHost } from './values.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

const syslog = z.strictObject({
  url: described(z.string().refine(isSyslogUrl), {
    description:
      'Where lines are sent to: `tls://HOST` (port 6514; RFC 5425), `tcp://HOST` (514; octet counting, RFC 6587) or `udp://HOST` (514; what does not arrive is lost without a word).',
    allowed: 'tls://, tcp:// or udp://, a host, and a port if it is not the usual one',
  }),
  level: described(z.enum(LEVELS).optional(), {
    description: 'The least important lines that are sent; those that `log.level` leaves out are not sent either.',
    allowed: LEVELS.join(', '),
    defaultText: '`log.level`',
  }),
  facility: described(z.enum(FACILITIES).prefault('daemon'), {
    description: 'The facility of every line.',
    allowed: `one of ${FACILITIES.join(', ')}`,
  }),
  hostname: described(z.string().refine(isListenHost).optional(), {
    description: 'What every line says of where it comes from.',
    allowed: 'a host name or an IP address without brackets',
    defaultText: 'the host name of the machine',
  }),
  enterprise: described(z.int().min(1).max(4_294_967_295).optional(), {
    description:
      'A private enterprise number of yours (iana.org). With it the fields of a line are structured data too, as `ippa@NUMBER`.',
    allowed: 'a whole number from 1 to 4294967295',
    defaultText: 'no structured data',
  }),
  tls: described(serverTls.prefault({}), {
    description: 'How the certificate of the receiver is checked. For `tls://` only.',
  }),
});

export const log = z
  .strictObject({
    level: described(z.enum(LEVELS).prefault('info'), {
      description: 'The least important lines that are written.',
      allowed: 'debug, info, warn or error',
    }),
    format: described(z.enum(['json', 'pretty', 'journal', 'auto']).prefault('auto'), {
      description:
        '`auto` is readable in a terminal, `journal` where the standard output is the journal of systemd, and JSON everywhere else. `journal` is JSON with the level before it as systemd takes it (`journalctl -p err`).',
      allowed: 'json, pretty, journal or auto',
    }),
    syslog: described(syslog.optional(), {
      description: 'Lines are also sent there. See [events for others](events-out.md#syslog).',
    }),
  })
  .prefault({});
