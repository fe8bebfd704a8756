/**
 * The single source of the configuration's keys, defaults, units and descriptions. docs/configuration.md is generated from
 * it, and error messages take "what is allowed" from it. Its larger parts are in schema-….ts; rules that join several keys in rules.ts.
 */

import { z } from 'zod';
import { cluster } from './schema-clusters.ts';
import { log } from './schema-log.ts';
import { ops } from './schema-ops.ts';
import { DAY, described, duration, durationAllowed, HOUR, path, plainText } from './schema-parts.ts';
import { phones } from './schema-phones.ts';
import { push } from './schema-push.ts';
import { reports } from './schema-reports.ts';
import { store } from './schema-store.ts';
import { webhooks } from './schema-webhooks.ts';

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
          ...durationAllowed(100, HOUR),
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
