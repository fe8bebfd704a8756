/** The keys of phones.limits. */

import { z } from 'zod';
import { DEFAULT_LIMITS } from './limits.ts';
import { described, duration, durationAllowed } from './schema-parts.ts';
import { isNetwork, renderDuration } from './values.ts';

const count = (min: number, max: number) => ({
  schema: z.int().min(min).max(max),
  allowed: `a whole number from ${min} to ${max}`,
});

const REQUEST_TIMES = durationAllowed(100, 600_000);
const { perAddress: PER_ADDRESS } = DEFAULT_LIMITS;
const CONNECTIONS = count(1, 1_000_000);

const perAddress = z.strictObject({
  connections: described(CONNECTIONS.schema.prefault(PER_ADDRESS.connections), {
    description: 'Connections of one address at the same time; more are closed at once.',
    unit: 'connections',
    allowed: CONNECTIONS.allowed,
  }),
  requestsPerSecond: described(CONNECTIONS.schema.prefault(PER_ADDRESS.requestsPerSecond), {
    description:
      'Requests of one address in a second, in the long run. Whoever asks more gets a page that says so, and then nothing until it has been quiet for a moment.',
    unit: 'requests',
    allowed: CONNECTIONS.allowed,
  }),
  burst: described(CONNECTIONS.schema.prefault(PER_ADDRESS.burst), {
    description: 'Requests of one address at once, after a pause.',
    unit: 'requests',
    allowed: CONNECTIONS.allowed,
  }),
  exempt: described(
    z
      .array(
        described(z.string().refine(isNetwork), {
          description: 'An address or network.',
          allowed: 'an IP address or a block such as 10.20.0.0/16',
        }),
      )
      .prefault([...PER_ADDRESS.exempt]),
    {
      description:
        'Addresses without these three limits: one that many phones share, say. `phones.trustedFronts` need not be here: of what comes by them, the phone whose address they forward is counted.',
      allowed: 'a list of IP addresses or blocks',
    },
  ),
});

export const limits = z.strictObject({
  headers: described(duration(100, 600_000).prefault(renderDuration(DEFAULT_LIMITS.headersMs)), {
    description: 'The headers of a request must be there within this time, from its first byte or the connection.',
    ...REQUEST_TIMES,
  }),
  request: described(duration(100, 600_000).prefault(renderDuration(DEFAULT_LIMITS.requestMs)), {
    description: 'The whole request must be there within this time. Not less than `headers`.',
    ...REQUEST_TIMES,
  }),
  answer: described(duration(100, 600_000).prefault(renderDuration(DEFAULT_LIMITS.answerMs)), {
    description: 'A client that has not taken its answer within this time is cut off.',
    ...REQUEST_TIMES,
  }),
  keepAlive: described(duration(100, 600_000).prefault(renderDuration(DEFAULT_LIMITS.keepAliveMs)), {
    description:
      'A connection on which nothing is asked for this long is closed. Above the Refresh of the pages (10 s), so that a phone that keeps its connection need not open another.',
    ...REQUEST_TIMES,
  }),
  connections: described(CONNECTIONS.schema.prefault(DEFAULT_LIMITS.connections), {
    description: 'Connections of one listener at the same time: about four for each phone.',
    unit: 'connections',
    allowed: CONNECTIONS.allowed,
  }),
  requestsPerConnection: described(CONNECTIONS.schema.prefault(DEFAULT_LIMITS.requestsPerConnection), {
    description: 'Requests on one connection; the answer to the last one closes it.',
    unit: 'requests',
    allowed: CONNECTIONS.allowed,
  }),
  perAddress: described(perAddress.prefault({}), { description: 'What one address may ask for at most.' }),
});
