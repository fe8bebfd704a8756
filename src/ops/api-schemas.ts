/** What the ops port takes and answers, as schemas: `/openapi.json` is made of them, and the tests check every answer by it. */

import { z } from 'zod';
import { failures } from '../domain/failure.ts';
import { MAX_REASON_LENGTH } from './admin-request.ts';
import { CHANGE_KINDS } from './changes.ts';

/** Those with a name of their own in the document. */
export const apiSchemas = z.registry<{ readonly id: string; readonly description: string }>();

function named<T extends z.ZodType>(id: string, description: string, schema: T): T {
  apiSchemas.add(schema, { id, description });
  return schema;
}

const time = z.iso.datetime();
const maybeTime = time.nullable();
const count = z.int().min(0);
const text = z.string().nullable();
const level = z.enum(['ok', 'degraded', 'down']);
const adminState = z.enum(['ready', 'drain', 'maint']);

named(
  'Error',
  'Why there is no other answer.',
  z.strictObject({ error: z.strictObject({ code: z.string(), message: z.string() }) }),
);
named('Live', 'The process serves.', z.strictObject({ live: z.literal(true) }));
named(
  'Ready',
  'The first round of probes has ended and shutdown not begun.',
  z.strictObject({ ready: z.literal(true) }),
);

const signal = z.strictObject({ says: z.string(), since: maybeTime, reason: text });
const certificate = { subject: z.string(), validTo: time, days: z.int() };

const healthState = z.enum(['unknown', 'in-service', 'reconnecting', 'out-of-service']);
const serviceFields = {
  id: z.string(),
  name: z.string(),
  cluster: z.string(),
  state: healthState,
  admin: adminState,
  attempt: z.int().min(1).nullable(),
  since: maybeTime,
  reason: text,
  runbook: text,
  lastProbe: maybeTime,
  latencyMs: count.nullable(),
  phones: count,
  fippaFailing: z.boolean(),
  signals: z.strictObject({
    ...{ systemInfo: signal, connection: signal, presence: signal, notified: signal },
    decidedBy: z.enum(['systemInfo', 'connection', 'presence', 'notified']).nullable(),
    notification: z.enum(['off', 'advisory', 'on']),
  }),
  adminReason: text,
  until: maybeTime,
  maintAt: maybeTime,
  setBy: text,
  setAt: maybeTime,
  finesseDrains: z.boolean(),
  notAlternateBecause: text,
  site: text,
  certificate: z.strictObject(certificate).nullable(),
  drill: z.strictObject({ startedAt: time, until: time, devices: count.nullable() }).nullable(),
  seenOtherwise: z.array(
    z.strictObject({
      ...{ proxy: z.string(), name: z.string(), state: healthState },
      ...{ attempt: z.int().min(1).nullable(), since: maybeTime },
    }),
  ),
};
const service = named('Service', 'A Finesse server as the proxy knows it.', z.strictObject(serviceFields));
const serviceSet = named(
  'ServiceSet',
  'The service after a change, and what whoever made it should know.',
  z.strictObject({ ...serviceFields, warnings: z.array(z.string()).min(1).optional() }),
);
export const preview = named(
  'Preview',
  'What a setting would touch: nothing was set. `words` says it in a sentence.',
  z.strictObject({
    ...{ service: z.string(), name: z.string(), admin: adminState, phones: count, stay: z.boolean() },
    ...{ newOnes: z.boolean(), maintAt: maybeTime, nobodyAdmitted: z.boolean(), words: z.string() },
    alternates: z.array(z.strictObject({ id: z.string(), name: z.string() })),
  }),
);
named('SetOrPreview', 'By `preview`.', z.union([serviceSet, preview]));
const drilled = named(
  'ServiceDrilled',
  'The service with its drill; `signedIn`: how many of the named devices, or of all, are signed in there.',
  z.strictObject({ ...serviceFields, signedIn: count, words: z.string() }),
);
export const drillPreview = named(
  'DrillPreview',
  'Whom a drill would touch: none has begun. `words` says it in a sentence.',
  z.strictObject({
    ...{ service: z.string(), name: z.string(), forSeconds: z.number(), devices: count.nullable(), signedIn: count },
    ...{ atOtherProxies: count, notSignedIn: z.array(z.string()) },
    alternates: z.array(z.strictObject({ id: z.string(), name: z.string() })),
    words: z.string(),
  }),
);
named('DrillOrPreview', 'By `preview`.', z.union([drilled, drillPreview]));
export const healthAnswer = named(
  'Health',
  'The state of every service and of the proxy.',
  z.strictObject({
    status: level,
    version: z.string(),
    uptimeSeconds: count,
    clusters: z.array(z.strictObject({ id: z.string(), status: level })),
    services: z.array(service),
    certificates: z.array(z.strictObject({ listener: z.string(), ...certificate, problem: text })),
    site: text,
    islands: z.array(
      z.strictObject({ site: z.string(), since: time, seconds: count, long: z.boolean(), proven: z.boolean() }),
    ),
    reports: z.array(
      z.strictObject({
        ...{ id: z.string(), name: z.string(), url: z.string(), site: text, state: z.enum(['unknown', 'up', 'down']) },
        ...{ since: maybeTime, reason: text, lastProbe: maybeTime, latencyMs: z.number().min(0).nullable() },
      }),
    ),
    processes: z.array(
      z.strictObject({
        ...{ process: count, pid: count.nullable(), state: z.enum(['starting', 'serving', 'ended']), since: time },
        ...{ restarts: count, ended: text },
      }),
    ),
    webhooks: z.array(
      z.strictObject({
        ...{ name: z.string(), format: z.enum(['cloudevents', 'slack', 'pagerduty']) },
        state: z.enum(['ok', 'waiting', 'refused', 'stopped']),
        ...{ waiting: count, lost: count, reason: text, delivered: maybeTime, since: maybeTime, retryAt: maybeTime },
      }),
    ),
    proxies: z.array(
      z.strictObject({
        ...{ id: z.string(), name: z.string(), site: text, version: z.string() },
        ...{ self: z.boolean(), heard: z.boolean(), heardAt: time },
        services: z.array(
          z.strictObject({
            ...{ id: z.string(), state: healthState, attempt: z.int().min(1).nullable() },
            ...{ since: maybeTime, admin: adminState, phones: count },
          }),
        ),
      }),
    ),
    store: z
      .strictObject({
        server: z.string(),
        state: z.enum(['connecting', 'connected', 'reading-only', 'gone', 'refused']),
        ...{ since: time, reason: text, means: z.string(), lagMs: count.nullable(), waiting: count, facts: count },
        refused: count,
        peers: z.array(z.strictObject({ proxy: z.string(), heard: count, heardAt: time })),
      })
      .nullable(),
    capture: z.strictObject({ startedAt: time, until: time, devices: count, entries: count }).nullable(),
    problems: z.array(z.string()),
  }),
);

const outageFields = {
  id: z.string(),
  service: z.string(),
  name: z.string(),
  cluster: z.string(),
  drill: z.boolean(),
  startedAt: time,
  verdictAt: maybeTime,
  endedAt: maybeTime,
  cause: z.strictObject({
    code: z.enum(['unknown', 'drill', ...Object.keys(failures)]),
    words: z.string(),
    runbook: z.string(),
  }),
  decidedBy: z.enum(['systemInfo', 'connection', 'presence', 'notified']).nullable(),
  ...{ signedIn: count, told: count, elsewhere: count, returned: count, missing: count },
  withinFiveMinutes: count.nullable(),
  cut: z
    .strictObject({
      ...{ site: z.string(), nature: z.enum(['island', 'outage', 'unknown']) },
      ...{ since: time, until: time, seconds: count },
    })
    .nullable(),
};
const outage = named('Outage', 'The record of one outage.', z.strictObject(outageFields));
named('Outages', 'Newest first, the one that is on included.', z.strictObject({ outages: z.array(outage) }));
const outageDevice = z.strictObject({
  device: z.string(),
  agent: text,
  extension: text,
  outcome: z.enum(['elsewhere', 'returned', 'missing']),
  service: text,
  at: maybeTime,
  seconds: z.number().min(0).nullable(),
});
export const outageInFull = named(
  'OutageInFull',
  'The record of one outage; `devices` for operators only.',
  z.strictObject({ ...outageFields, devices: z.array(outageDevice).optional() }),
);
export const devicesAnswer = named(
  'Devices',
  'The phones that are known, the one silent for longest first; `total`: how many would be there without a limit.',
  z.strictObject({
    total: count,
    devices: z.array(
      z.strictObject({
        ...{ device: z.string(), model: text, address: text, agent: text, extension: text, service: text },
        ...{ since: maybeTime, seenAt: time },
      }),
    ),
  }),
);
export const auditAnswer = named(
  'Audit',
  'Who did what, newest first.',
  z.strictObject({
    entries: z.array(
      z.strictObject({
        ...{ at: time, who: z.string(), from: text },
        action: z.enum([
          ...['ready', 'drain', 'maint', 'drill', 'drill-end', 'capture', 'capture-end', 'sign-in', 'sign-out'],
          ...['phone', 'phone-end'],
        ] as const),
        ...{ service: text, reason: text, proxy: text },
      }),
    ),
  }),
);
export const changesAnswer = named(
  'Changes',
  'What changed in the last hours, newest first. `about` is the id of what it is about, `code` and `words` are what failed or why.',
  z.strictObject({
    changes: z.array(
      z.strictObject({
        ...{ at: time, what: z.enum(CHANGE_KINDS), about: text, from: text, to: text },
        ...{ attempt: z.int().min(1).nullable(), code: text, words: text, who: text },
      }),
    ),
  }),
);
export const probesAnswer = named(
  'Probes',
  'The last probes of each service, oldest first.',
  z.strictObject({
    services: z.array(
      z.strictObject({
        id: z.string(),
        probes: z.array(z.strictObject({ at: time, latencyMs: count, confirmed: z.boolean() })),
      }),
    ),
  }),
);
export const aboutAnswer = named(
  'About',
  'Who is signed in with this browser, null for nobody; whether anybody can; how many attempts there are, and how long each is.',
  z.strictObject({
    ...{ operator: text, may: z.enum(['read', 'set']).nullable(), canSignIn: z.boolean(), demo: z.boolean() },
    ...{ attempts: z.int().min(1), attemptSeconds: z.number().min(0), at: time },
  }),
);
named('Session', 'Who is signed in.', z.strictObject({ operator: z.string(), may: z.enum(['read', 'set']) }));
named('SignIn', 'The token of an operator.', z.strictObject({ token: z.string() }));
const apiDuration = z.string().regex(/^\d{1,9}(ms|s|m|h|d)$/);
named(
  'Setting',
  'What a service is to be set to. `drain` and `maint` need a reason, and may have an end, `until` a time with a zone or for a duration such as 30m; `maint` may begin later, `in` a duration such as 10m. With `preview` nothing is set, and the answer says what it would touch.',
  z.strictObject({
    admin: adminState,
    reason: z.string().min(1).max(MAX_REASON_LENGTH).nullish(),
    until: z.union([z.iso.datetime({ offset: true }), apiDuration]).nullish(),
    in: apiDuration.nullish(),
    preview: z.boolean().optional(),
  }),
);

named(
  'Drill',
  'Which service is to be treated as failed for phones, and for how long; `devices`: for these only. With `preview` none begins, and the answer says whom it would touch.',
  z.strictObject({
    service: z.string(),
    forSeconds: z.number().min(1).max(3600),
    devices: z
      .array(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/))
      .min(1)
      .max(100)
      .nullish(),
    reason: z.string().min(1).max(MAX_REASON_LENGTH).nullish(),
    preview: z.boolean().optional(),
  }),
);

named(
  'Capture',
  'What is to be captured: everything that passes for these devices, for so long, up to so many bytes.',
  z.strictObject({
    devices: z.array(z.string()).min(1).max(16),
    forSeconds: z.number().min(1).max(3600),
    maxBytes: z
      .int()
      .min(64 * 1024)
      .max(64 * 1024 * 1024)
      .nullish(),
    keepNames: z.boolean().nullish(),
  }),
);
const entry = z.strictObject({
  id: z.string(),
  kind: z.enum(['front-door', 'service']),
  name: z.string(),
  url: z.string(),
});
const phoneModel = z.strictObject({
  ...{ name: z.string(), family: z.string(), width: count, height: count, colour: z.boolean() },
  ...{ columns: count, lines: count },
});
const fetchedPage = z.strictObject({
  ...{ at: time, method: z.string(), url: z.string(), status: z.int().nullable(), object: text, error: text },
  ...{ reason: text, ms: count },
});
const phone = named(
  'Phone',
  'A phone in the browser: what its screen shows, without secrets.',
  z.strictObject({
    ...{ device: z.string(), model: z.string(), entry: z.string() },
    version: count,
    page: count,
    busy: z.boolean(),
    ...{ object: text, title: z.string(), prompt: z.string(), text: z.string() },
    items: z.array(z.string()),
    softKeys: z.array(z.strictObject({ position: z.int(), name: z.string() })),
    inputs: z.array(
      z.strictObject({
        ...{ name: z.string(), label: z.string(), value: z.string(), masked: z.boolean(), kind: z.string() },
      }),
    ),
    refreshInMs: z.number().min(0).nullable(),
    ...{ url: text, error: text, reason: text, refused: text },
    violations: z.array(z.string()),
    fetched: z.array(fetchedPage),
    pushes: z.strictObject({
      address: text,
      because: z.enum(['off', 'https', 'not-loopback', 'network', 'no-address']).nullable(),
      received: count,
      last: z.strictObject({ at: time, object: text }).nullable(),
    }),
  }),
);
export const phonesAnswer = named(
  'Phones',
  'The phones of this session, and with what one can be opened.',
  z.strictObject({
    offered: z.boolean(),
    phones: z.array(phone),
    entries: z.array(entry),
    models: z.array(phoneModel),
  }),
);
export const phoneWish = named(
  'PhoneWish',
  'Which phone is to be opened with what: `entry` is the id of one of `entries`. The proxy chooses its name.',
  z.strictObject({
    model: z.string().max(32),
    entry: z.string().max(200),
    language: z
      .string()
      .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})?$/)
      .optional(),
  }),
);
export const phoneKey = named(
  'PhoneKey',
  'A key: `page` is the page that it was pressed on, and on another one it does nothing.',
  z.strictObject({
    page: count,
    do: z.enum(['press', 'choose', 'keypad', 'submit', 'refresh', 'exit', 'services']),
    number: z.int().min(1).max(1000).optional(),
    marked: z.int().min(1).max(1000).optional(),
    name: z.string().max(32).optional(),
    values: z.record(z.string().max(64), z.string().max(128)).optional(),
  }),
);
named('PhoneEnded', 'Why a phone is over.', z.strictObject({ because: z.string() }));
const demoServer = z.strictObject({ id: z.string(), name: z.string(), fault: z.string(), since: time });
export const demoAnswer = named(
  'Demo',
  'The simulated servers of the demonstration and what is wrong with each.',
  z.strictObject({
    faults: z.array(z.string()),
    servers: z.array(demoServer),
    agent: z.strictObject({ id: z.string(), password: z.string(), extension: z.string() }),
  }),
);
export const demoOrder = named(
  'DemoOrder',
  'What is to happen to a simulated server: a fault (`none` ends it), or a call to a phone.',
  z.union([
    z.strictObject({ fault: z.string().max(32) }),
    z.strictObject({ call: z.enum(['begins', 'ends']), device: z.string().max(64) }),
  ]),
);

// What `/events` sends as data, beside Health (snapshot), Service (service) and Outage (outage)
named(
  'AdminEvent',
  'An operator set a service.',
  z.strictObject({
    at: time,
    service: z.string(),
    from: adminState,
    admin: adminState,
    reason: text,
    until: maybeTime,
  }),
);
named(
  'ProxyEvent',
  'Something happened to the proxy itself: `what` names it as docs/events.md does, with its fields.',
  z.looseObject({ at: time, what: z.string() }),
);
named(
  'DeviceEvent',
  'A device signed in or out; for operators only.',
  z.strictObject({ at: time, device: z.string(), service: text, from: text }),
);
named('AliveEvent', 'The proxy is alive; every 15 s.', z.strictObject({ at: time }));
