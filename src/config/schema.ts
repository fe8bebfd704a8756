/**
 * The single source of the configuration's keys, defaults, units and descriptions. docs/configuration.md is generated from
 * it, and error messages take "what is allowed" from it. Rules that join several keys are in rules.ts.
 */

import { z } from 'zod';
import { limits } from './schema-limits.ts';
import { log } from './schema-log.ts';
import { notification } from './schema-notification.ts';
import {
  DAY,
  described,
  duration,
  durationAllowed,
  HOUR,
  ID_ALLOWED,
  isId,
  listenPlace,
  ORIGIN_ALLOWED,
  origin,
  path,
  plainText,
  port,
  SECRET_ALLOWED,
  secret,
  serverTls,
  tlsFiles,
} from './schema-parts.ts';
import { reports } from './schema-reports.ts';
import { store } from './schema-store.ts';
import { webhooks } from './schema-webhooks.ts';
import { isAlias, isListenHost, isNetwork, parseHttpUrl } from './values.ts';

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
  username: described(plainText(128).optional(), {
    description: 'User for SystemInfo, where Finesse asks for one (`secureSystemInfo`, from 12.6(2)).',
    allowed: 'text of 1 to 128 characters (a number in quotes)',
  }),
  password: described(secret.optional(), {
    description: 'Password of that user.',
    allowed: SECRET_ALLOWED,
    secret: true,
  }),
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

const cluster = z.strictObject({
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

const networks = z
  .array(
    described(z.string().refine(isNetwork), {
      description: 'A network.',
      allowed: 'an IP address or a block such as 10.20.0.0/16',
    }),
  )
  .prefault([]);

const phones = z.strictObject({
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

const ops = z.strictObject({
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

const push = z.strictObject({
  listeners: described(
    z.array(described(pushListener, { description: 'An address and port that Finesse pushes to.' })).prefault([]),
    {
      description:
        'Where the pushes of Finesse arrive that it sends to the address of the request of a phone (docs/pushes.md). Needs `phones.networks`.',
      allowed: 'a list of listeners',
    },
  ),
  username: described(plainText(128).optional(), {
    description:
      'The application user of Unified CM that the phones are associated with, for pushes of the proxy itself. Without it the proxy sends none.',
    allowed: 'text of 1 to 128 characters without a colon (a number in quotes)',
  }),
  password: described(secret.optional(), {
    description: 'Password of that user.',
    allowed: SECRET_ALLOWED,
    secret: true,
  }),
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

const languageCode = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/);

export const configSchema = z.strictObject({
  phones: described(phones, { description: "The phones' side." }),
  ops: described(ops.prefault({}), { description: "The operators' side." }),
  clusters: described(
    z
      .array(
        described(cluster, {
          description: "A Finesse cluster. An agent's only alternates are the other services of the same cluster.",
        }),
      )
      .min(1),
    { description: 'The Finesse clusters.', allowed: 'a list of at least one cluster' },
  ),
  reconnect: described(
    z
      .strictObject({
        interval: described(duration(100, HOUR).prefault('5s'), {
          description: 'Length of one attempt to reach a service that has failed.',
          ...PROBE_TIMES,
        }),
        attempts: described(z.int().min(1).max(100).prefault(3), {
          description: 'After this many attempts the service is out of service and alternates are offered.',
          unit: 'attempts',
          allowed: 'a whole number from 1 to 100',
        }),
        fippaFailingFor: described(duration(1000, HOUR).prefault('1m'), {
          description:
            'How long a service whose phone pages fail although SystemInfo is fine is no alternate, if no page succeeds meanwhile. Then the next failures count again.',
          ...durationAllowed(1000, HOUR),
        }),
      })
      .prefault({}),
    {
      description: 'How long a failed service is waited for. The defaults are those of Finesse IP Phone Agent itself.',
    },
  ),
  pages: described(
    z
      .strictObject({
        folder: described(path.optional(), {
          description: 'Folder with page templates of your own, which replace those of the same name.',
          allowed: 'the path of a folder',
          defaultText: 'the built-in templates',
        }),
        languages: described(
          z
            .union([
              z
                .array(
                  described(languageCode, {
                    description: 'A language.',
                    allowed: 'a language code such as en, de or pt-BR',
                  }),
                )
                .min(1),
              z.literal('auto'),
            ])
            .prefault(['en', 'de']),
          {
            description:
              'Languages of the pages. A phone whose language is not here gets the first. `auto`: every language that there is, English for a phone whose language is none of them. See [languages](languages.md).',
            allowed: 'auto, or a list of at least one language code',
          },
        ),
        help: described(plainText(64).optional(), {
          description:
            'One line for every page of the proxy itself, such as "Help desk: 4711": the last line of a text, the last item of a menu. Up to 36 characters are not cut on any current phone.',
          allowed: 'text of 1 to 64 characters',
          defaultText: 'no line',
        }),
      })
      .prefault({}),
    { description: "The proxy's own pages." },
  ),
  processes: described(z.union([z.literal('auto'), z.int().min(1).max(64)]).prefault(1), {
    description:
      'Processes that share the work for phones, for more than one core; `auto`: as many as there are cores. 1: one process does everything. See [more cores](performance.md#more-cores).',
    unit: 'processes',
    allowed: 'auto or a whole number from 1 to 64',
    defaultText: '1',
  }),
  site: described(plainText(64).optional(), {
    description:
      'Where this proxy and its phones are. See [sites, islands and reports](sites.md). Absent: every service counts as near.',
    allowed: 'text of 1 to 64 characters',
  }),
  island: described(
    z
      .strictObject({
        suspectAfter: described(duration(100, 24 * HOUR).prefault('1m'), {
          description: 'An island is suspected when everything of another site has been unreachable for this long.',
          ...durationAllowed(100, 24 * HOUR),
        }),
        warnAfter: described(duration(100, 720 * HOUR).prefault('96h'), {
          description:
            'When it has lasted this long the log says so as an error: replication of the databases breaks after four days.',
          ...durationAllowed(100, 720 * HOUR),
        }),
      })
      .prefault({}),
    { description: 'Sites that are cut off from each other, as far as it can be seen from here.' },
  ),
  reports: described(reports.optional(), {
    description:
      'Unified Intelligence Center: nodes that are watched beside Finesse, and one URL that leads browsers to a live one. See [sites, islands and reports](sites.md).',
  }),
  push: described(push.optional(), {
    description: 'Pushes: those of Finesse that go by the proxy, and its own. See [pushes](pushes.md).',
  }),
  store: described(store.optional(), {
    description:
      'What several proxies know together, on Redis or Valkey. Absent: this proxy is alone. See [shared memory](shared-memory.md).',
  }),
  state: described(
    z
      .strictObject({
        folder: described(path.optional(), {
          description:
            'Folder where `drain` and `maint`, the sign-ins of agents and the records of outages are kept over a restart: one for each proxy. Made if it does not exist.',
          allowed: 'the path of a folder',
          defaultText: 'they are not kept',
        }),
      })
      .prefault({}),
    { description: 'What survives a restart.' },
  ),
  outages: described(
    z
      .strictObject({
        summaryAfter: described(duration(100, DAY).prefault('5m'), {
          description:
            'So long after an outage began, a line of the log sums up how many agents are signed in again, and how many are missing.',
          ...durationAllowed(100, DAY),
        }),
        keepFor: described(duration(HOUR, 3650 * DAY).prefault('400d'), {
          description:
            'Records of outages are kept for so long, in `state.folder` or, without one, until the proxy ends. Of the oldest the devices go earlier where there are very many.',
          ...durationAllowed(HOUR, 3650 * DAY),
        }),
      })
      .prefault({}),
    { description: 'The records of outages: who was signed in, and what became of each.' },
  ),
  reload: described(
    z
      .strictObject({
        watch: described(z.boolean().prefault(false), {
          description:
            'This file is loaded by itself when it changes. Otherwise by the signal SIGHUP only (docs/operations.md).',
          allowed: 'true or false',
        }),
      })
      .prefault({}),
    { description: 'How a changed configuration is loaded.' },
  ),
  stop: described(
    z
      .strictObject({
        pause: described(duration(0, HOUR).prefault('0s'), {
          description:
            'Time between `/readyz` turning 503 and the end of accepting connections, for a load balancer to notice. Less than `within`.',
          ...durationAllowed(0, HOUR),
        }),
        within: described(duration(100, HOUR).prefault('10s'), {
          description: 'The process has ended within this time of SIGTERM; what is not finished by then is broken off.',
          ...durationAllowed(100, HOUR),
        }),
      })
      .prefault({}),
    { description: 'How the proxy stops.' },
  ),
  webhooks: described(webhooks, {
    description:
      'Receivers of what happens: changes of state, summaries of outages, certificates, drills. See [events for others](events-out.md). What waits for them is kept in `state.folder`.',
    allowed: 'a list of at most 20 receivers',
  }),
  log: described(log, { description: 'The log: on standard output, and by syslog.' }),
});

/** The configuration as the schema leaves it: defaults filled in but for those that depend on other keys, files not yet read. */
export type ParsedConfig = z.output<typeof configSchema>;
