/** The keys of `reports`: nodes of Unified Intelligence Center, and the stable URL that leads browsers to a live one. */

import { z } from 'zod';
import {
  described,
  duration,
  durationAllowed,
  HOUR,
  ID_ALLOWED,
  isId,
  listenPlace,
  ORIGIN_ALLOWED,
  origin,
  plainText,
  serverTls,
  tlsFiles,
} from './schema-parts.ts';
import { isUrlPath } from './values.ts';

const PATH = 'a path that begins with /, in characters that a URL may hold';
const urlPath = z.string().refine(isUrlPath);

const statuses = z.array(
  described(z.int().min(200).max(599), { description: 'An HTTP status.', allowed: 'a whole number from 200 to 599' }),
);

const listener = z.strictObject({
  ...listenPlace,
  publicUrl: described(origin.optional(), {
    description: 'Scheme, host and port by which browsers reach this listener: the address that people are given.',
    allowed: ORIGIN_ALLOWED,
    defaultText: 'not stated',
  }),
  tls: described(
    z.strictObject(tlsFiles('PEM file with the certificate that browsers see, followed by its chain.')).optional(),
    { description: 'Serve HTTPS with this certificate. Without it the listener is plain HTTP.' },
  ),
});

const count = (description: string) =>
  described(z.int().min(1).max(20).prefault(2), {
    description,
    unit: 'probes',
    allowed: 'a whole number from 1 to 20',
  });

const probe = z.strictObject({
  path: described(urlPath.prefault('/cuicui/api/status/'), {
    description: 'What is asked for, below `url`. Nothing is logged in, and no redirect is followed.',
    allowed: PATH,
  }),
  statuses: described(statuses.min(1).prefault([200]), {
    description: 'HTTP statuses that mean: up.',
    allowed: 'a list of at least one HTTP status from 200 to 599',
  }),
  fallback: described(
    z
      .strictObject({
        path: described(urlPath.prefault('/cuicui/Main.jsp'), {
          description: 'What is asked for then. For releases that know `/cuic` only: `/cuic/Main.htmx`.',
          allowed: PATH,
        }),
        statuses: described(statuses.prefault([200, 301, 302, 303, 307, 308]), {
          description: 'HTTP statuses that mean: up. An empty list: there is no second question.',
          allowed: 'a list of HTTP statuses from 200 to 599',
        }),
      })
      .prefault({}),
    {
      description:
        'A second question, where the first is answered by another status below 500: the release may not know that path.',
    },
  ),
  interval: described(duration(100, HOUR).prefault('10s'), {
    description: 'Time between two probes of a node, from start to start.',
    ...durationAllowed(100, HOUR),
  }),
  timeout: described(duration(50, HOUR).prefault('4s'), {
    description: 'A question without an answer by then has failed. Less than `interval`.',
    ...durationAllowed(50, HOUR),
  }),
  rise: count('So many good probes in a row bring a node back that was down.'),
  fall: count('So many failed probes in a row take a node down that was up; until then a second apart.'),
});

const node = z.strictObject({
  id: described(z.string().refine(isId), {
    description: 'Name of the node in health, log and metrics. Nodes have ids of their own.',
    allowed: ID_ALLOWED,
  }),
  name: described(plainText(32), {
    description: 'What people read when no node is up, or the sites are cut off from each other. Unique.',
    allowed: 'text of 1 to 32 characters without control characters (a number in quotes)',
  }),
  url: described(origin, {
    description: 'Origin of the node, to which browsers are led: `https://cuic-a.example.com:8444`, say.',
    allowed: ORIGIN_ALLOWED,
  }),
  site: described(plainText(64).optional(), {
    description: 'Where the node stands. Nodes of the site of the proxy are preferred.',
    allowed: 'text of 1 to 64 characters',
    defaultText: 'the site of the proxy',
  }),
  tls: described(serverTls.prefault({}), {
    description: 'How the certificate of the node is checked by the probe. Browsers check it by themselves.',
  }),
  probe: described(probe.prefault({}), { description: 'How the proxy asks whether the node is up.' }),
});

export const reports = z.strictObject({
  listeners: described(
    z.array(described(listener, { description: 'An address and port where browsers connect.' })).prefault([]),
    {
      description: 'Where browsers ask for the reports. Empty: the nodes are watched and nobody is led to them.',
      allowed: 'a list of listeners',
    },
  ),
  home: described(urlPath.prefault('/cuicui/Main.jsp'), {
    description: 'Where a browser is led on a node that asks for nothing more than `/`.',
    allowed: PATH,
  }),
  services: described(z.array(described(node, { description: 'A node of Unified Intelligence Center.' })).min(1), {
    description: 'The nodes, in the order in which they are preferred; those of the site of the proxy come first.',
    allowed: 'a list of at least one node',
  }),
});
