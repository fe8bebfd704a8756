/** The keys of one receiver of `webhooks`. */

import { z } from 'zod';
import { WEBHOOK_GROUPS, WEBHOOK_TYPES } from '../domain/webhook-event.ts';
import { described, plainText, SECRET_ALLOWED, secret, serverTls } from './schema-parts.ts';

/** Of HTTP itself, and those that the proxy writes. */
const OWN_HEADERS = /^(webhook-.*|content-.*|host|connection|transfer-encoding|user-agent|expect|te|trailer|upgrade)$/i;

const names: readonly string[] = [...WEBHOOK_GROUPS, ...WEBHOOK_TYPES.filter((type) => type !== 'test')];

const header = z.strictObject({
  name: described(
    z.string().refine((text) => /^[\w!#$%&'*+.^`|~-]{1,64}$/.test(text) && !OWN_HEADERS.test(text)),
    {
      description: 'Name of the header.',
      allowed: 'the name of a header that the proxy does not write itself, such as Authorization',
    },
  ),
  value: described(secret, { description: 'Its value.', allowed: SECRET_ALLOWED, secret: true }),
});

export const SIGNING_SECRET_ALLOWED =
  '`whsec_` and 24 to 64 random bytes in Base64 (`openssl rand -base64 32`), as text, { env: NAME } or { file: PATH }';

const webhook = z.strictObject({
  name: described(plainText(32), {
    description: 'What log, health and metrics call the receiver. Unique.',
    allowed: 'text of 1 to 32 characters without control characters (a number in quotes)',
  }),
  url: described(secret.optional(), {
    description:
      'Where events are posted to. Many receivers have nothing but their URL for a password, so it is treated as one.',
    allowed: 'an http or https URL without credentials, as text, { env: NAME } or { file: PATH }',
    defaultText: 'pagerduty only: `https://events.pagerduty.com/v2/enqueue`',
    secret: true,
  }),
  format: described(z.enum(['cloudevents', 'slack', 'pagerduty']).prefault('cloudevents'), {
    description:
      '`cloudevents`: CloudEvents 1.0 in JSON, signed (Standard Webhooks). `slack`: an incoming webhook of Slack, or of what takes the same. `pagerduty`: Events API v2.',
    allowed: 'cloudevents, slack or pagerduty',
  }),
  secret: described(secret.optional(), {
    description: 'Key of the signature. Required with `cloudevents`.',
    allowed: SIGNING_SECRET_ALLOWED,
    secret: true,
  }),
  previousSecret: described(secret.optional(), {
    description: 'An older key that signs too, while a receiver is given the new one.',
    allowed: SIGNING_SECRET_ALLOWED,
    secret: true,
  }),
  routingKey: described(secret.optional(), {
    description: 'Integration key of PagerDuty. Required with `pagerduty`.',
    allowed: SECRET_ALLOWED,
    secret: true,
  }),
  events: described(
    z
      .array(
        described(
          z.string().refine((text) => names.includes(text)),
          {
            description: 'A name of an event, or what stands before its dot for all of these.',
            allowed: `one of ${names.join(', ')}`,
          },
        ),
      )
      .min(1)
      .optional(),
    {
      description: 'What is sent ([events for others](events-out.md#the-events)).',
      allowed: 'a list of at least one name',
      defaultText: 'all but `service.reconnecting`, `service.reconnected`, `outage.began`, `notification.connected`',
    },
  ),
  tls: described(serverTls.prefault({}), { description: 'How the certificate of the receiver is checked.' }),
  headers: described(
    z
      .array(described(header, { description: 'A header that goes with every request.' }))
      .max(20)
      .prefault([]),
    { description: 'More headers, `Authorization` say.', allowed: 'a list of at most 20 headers' },
  ),
});

export const webhooks = z
  .array(described(webhook, { description: 'A receiver of events.' }))
  .max(20)
  .prefault([]);
