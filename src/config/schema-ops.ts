/** The keys of `ops`: the port for operators, and who may do what there. */

import { z } from 'zod';
import { described, plainText, port, SECRET_ALLOWED, secret, tlsFiles } from './schema-parts.ts';
import { isListenHost } from './values.ts';

const operator = z.strictObject({
  name: described(plainText(32), {
    description: 'What the log and the audit trail call whoever has this token.',
    allowed: 'text of 1 to 32 characters without control characters (a number in quotes), not `token`',
  }),
  token: described(secret, {
    description: 'The token, for this operator alone.',
    allowed: SECRET_ALLOWED,
    secret: true,
  }),
  may: described(z.enum(['read', 'set']), {
    description:
      '`read`: see agents, phones and the audit trail. `set`: also change (`drain`, `maint`, `ready`, drills).',
    allowed: 'read or set',
  }),
});

export const ops = z.strictObject({
  host: described(z.string().refine(isListenHost).prefault('127.0.0.1'), {
    description:
      'Address of the ops port (health, metrics, control). Not loopback: `token` or `operators` is required.',
    allowed: 'an IP address (IPv6 without brackets) or a host name',
  }),
  port: described(port.prefault(8090), {
    description: 'Port of the ops port; 0 takes any free one.',
    allowed: 'a whole number from 0 to 65535',
  }),
  token: described(secret.optional(), {
    description:
      'Token of an operator called `token` who may change services (`drain`, `maint`, `ready`). Without it and `operators` changes are refused.',
    allowed: SECRET_ALLOWED,
    secret: true,
  }),
  operators: described(
    z.array(described(operator, { description: 'Somebody who may read or change more than everybody.' })).prefault([]),
    {
      description: 'Operators by name, each with a token of their own, beside `token`.',
      allowed: 'a list of operators',
    },
  ),
  phone: described(z.boolean().prefault(true), {
    description:
      'Whether operators who may `set` can open a phone in the browser, which acts in Finesse like any other phone (docs/console-phone.md).',
    allowed: 'true or false',
  }),
  tls: described(
    z.strictObject(tlsFiles('PEM file with the certificate that operators see, followed by its chain.')).optional(),
    {
      description: 'Serve the ops port by HTTPS with this certificate. Without it it is plain HTTP.',
    },
  ),
});
