/** `/openapi.json`: all that the ops port answers, as OpenAPI 3.1. Pure. */

import { z } from 'zod';
import { apiSchemas } from './api-schemas.ts';

type Answer = readonly [description: string, schema: string | null, type?: string];

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly object[];
  /** Name of the schema of its body. */
  readonly takes?: string;
  /** A token or session: needed, or more is told with it. */
  readonly access?: 'needed' | 'more';
  readonly answers: Readonly<Record<number, Answer>>;
}

type Method = 'get' | 'post' | 'delete';

const BAD: Answer = ['The request is wrong; the message says what is allowed.', 'Error'];
const NO_TOKEN: Answer = ['The token is missing or wrong, or the session has ended.', 'Error'];
const LARGE: Answer = ['The body is too large.', 'Error'];
/** Every path may answer this. */
const FOREIGN: Answer = ['The Host or Origin is foreign, or the operator may not do that.', 'Error'];

const query = (name: string, description: string, format?: string) => {
  const schema = { type: 'string', ...(format === undefined ? {} : { format }) };
  return { name, in: 'query', description, schema };
};
const inPath = (name: string, description: string) => {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
};
const SINCE = query('since', 'Not those that were over before.', 'date-time');
const OUTAGES = [
  query('service', 'Of this service only.'),
  SINCE,
  query('until', 'Not those that began later.', 'date-time'),
];

const DEVICE = inPath('device', 'Its device name.');
const NO_SESSION: Answer = [
  'A foreign Host or Origin, no session of a browser, or an operator who may only read.',
  'Error',
];
const NO_PHONE: Answer = ['This session has no such phone.', 'Error'];
const NO_DEMO: Answer = ['This is no demonstration.', 'Error'];

const paths: Readonly<Record<string, Partial<Record<Method, Operation>>>> = {
  '/': { get: { summary: 'The console, for people.', answers: { 200: ['A page.', null, 'text/html'] } } },
  '/console/sign-in': {
    get: { summary: 'The form to sign in without JavaScript.', answers: { 200: ['A page.', null, 'text/html'] } },
    post: {
      summary: 'Signs a browser in by that form, whose only field is `token`; pages of this port alone may send it.',
      answers: {
        ...{ 303: ['Signed in.', null], 401: ['That is no token.', null, 'text/html'], 413: LARGE },
        429: ['Too many wrong tokens came from that address.', null, 'text/html'],
      },
    },
  },
  '/console/sign-out': {
    post: { summary: 'Signs it out, by a form.', answers: { 303: ['Signed out.', null] } },
  },
  '/console/help/{page}': {
    get: {
      summary: 'A page of the documentation, also without JavaScript.',
      parameters: [inPath('page', '`runbook`, `operations` or `console`.')],
      answers: { 200: ['A page.', null, 'text/html'], 404: ['There is no such page.', 'Error'] },
    },
  },
  '/console/about': {
    get: {
      summary: 'Who is signed in, if anybody is, and how attempts are timed.',
      answers: { 200: ['What the console has to know.', 'About'] },
    },
  },
  '/console/health': {
    get: { summary: 'As /health, but always with 200.', answers: { 200: ['The state.', 'Health'] } },
  },
  '/livez': { get: { summary: 'Whether the process serves.', answers: { 200: ['It does.', 'Live'] } } },
  '/readyz': {
    get: {
      summary: 'Whether phones should be led here; it does not depend on Finesse.',
      answers: { 200: ['They should.', 'Ready'], 503: ['Not yet, or no longer.', 'Error'] },
    },
  },
  '/health': {
    get: {
      summary: 'The state of every service.',
      answers: { 200: ['`ok` or `degraded`.', 'Health'], 503: ['`down`.', 'Health'] },
    },
  },
  '/metrics': { get: { summary: 'For Prometheus.', answers: { 200: ['Metrics.', null, 'text/plain'] } } },
  '/outages': {
    get: {
      summary: 'The records of outages.',
      parameters: OUTAGES,
      answers: { 200: ['The records.', 'Outages'], 400: BAD },
    },
  },
  '/outages.csv': {
    get: {
      summary: 'The records of outages, for a spreadsheet.',
      parameters: OUTAGES,
      answers: { 200: ['A table.', null, 'text/csv'], 400: BAD },
    },
  },
  '/outages/{id}.csv': {
    get: {
      summary: 'What became of each agent in one outage, for a spreadsheet.',
      parameters: [inPath('id', 'Its id.')],
      access: 'needed',
      answers: { 200: ['A table.', null, 'text/csv'], 401: NO_TOKEN, 404: ['There is none.', 'Error'] },
    },
  },
  '/outages/{id}': {
    get: {
      summary: 'The record of one outage.',
      parameters: [
        inPath('id', 'Its id.'),
        query('outcome', 'Of the devices, those with this outcome: missing, elsewhere or returned.'),
        query('limit', 'At most so many devices.'),
      ],
      access: 'more',
      answers: { 200: ['The record.', 'OutageInFull'], 401: NO_TOKEN, 404: ['There is none.', 'Error'] },
    },
  },
  '/devices': {
    get: {
      summary: 'The phones that are known.',
      parameters: [
        query('q', 'Those with this text in any field.'),
        query('limit', 'At most so many: those seen last.'),
      ],
      access: 'needed',
      answers: { 200: ['The phones.', 'Devices'], 401: NO_TOKEN },
    },
  },
  '/audit': {
    get: {
      summary: 'Who did what.',
      parameters: [SINCE, query('limit', 'At most so many: the newest.')],
      access: 'needed',
      answers: { 200: ['The entries.', 'Audit'], 400: BAD, 401: NO_TOKEN },
    },
  },
  '/changes': {
    get: {
      summary: 'What changed in the last hours.',
      parameters: [SINCE],
      answers: { 200: ['The changes.', 'Changes'], 400: BAD },
    },
  },
  '/probes': {
    get: {
      summary: 'The last probes of each service.',
      parameters: [query('service', 'Of this service only.'), query('since', 'Those that ended later.', 'date-time')],
      answers: { 200: ['The probes.', 'Probes'], 400: BAD },
    },
  },
  '/events': {
    get: {
      summary:
        'What happens, as server-sent events: first `snapshot` (data: Health), then `service` (Service), `outage` (Outage), `admin` (AdminEvent), `proxy` (ProxyEvent), with a token also `device` (DeviceEvent), and `alive` (AliveEvent) every 15 s.',
      parameters: [
        query('devices', 'With `no` there are no `device` events, also with a token.'),
        {
          ...{ name: 'Last-Event-ID', in: 'header', schema: { type: 'string' } },
          description: 'Goes on after this event, or begins again with a snapshot when it is unknown or too old.',
        },
      ],
      access: 'more',
      answers: {
        200: ['Events.', null, 'text/event-stream'],
        401: NO_TOKEN,
        503: ['Too many streams are open.', 'Error'],
      },
    },
  },
  '/session': {
    get: {
      summary: 'Who is signed in.',
      access: 'needed',
      answers: { 200: ['The operator.', 'Session'], 401: NO_TOKEN },
    },
    post: {
      summary: 'Signs a browser in: the answer sets a cookie that stands for the token.',
      takes: 'SignIn',
      answers: {
        ...{ 204: ['Signed in.', null], 400: BAD, 401: ['That is no token.', 'Error'], 413: LARGE },
        429: ['Too many wrong tokens came from that address.', 'Error'],
      },
    },
    delete: { summary: 'Signs it out.', answers: { 204: ['Signed out.', null] } },
  },
  '/services/{id}': {
    post: {
      summary: 'Sets a service.',
      parameters: [inPath('id', 'Id of the service.')],
      takes: 'Setting',
      access: 'needed',
      answers: {
        ...{ 200: ['The service as it is now, or what would be touched.', 'SetOrPreview'], 400: BAD, 401: NO_TOKEN },
        ...{ 404: ['There is none.', 'Error'], 413: LARGE },
      },
    },
  },
  '/drills': {
    post: {
      summary: 'Begins a drill: the service is treated as failed for phones for a while, though it is not.',
      takes: 'Drill',
      access: 'needed',
      answers: {
        ...{ 200: ['The service, with its drill, or whom it would touch.', 'DrillOrPreview'], 400: BAD, 401: NO_TOKEN },
        404: ['There is no such service.', 'Error'],
        409: ['A service of the cluster is not in service, or a drill is on there.', 'Error'],
        413: LARGE,
      },
    },
  },
  '/drills/{service}': {
    delete: {
      summary: 'Ends a drill.',
      parameters: [inPath('service', 'Id of the service.')],
      access: 'needed',
      answers: { 204: ['It is over.', null], 401: NO_TOKEN, 404: ['None is on there.', 'Error'] },
    },
  },
  '/captures': {
    post: {
      summary:
        'Captures what passes for some devices, secrets masked. The answer is lines of JSON: `{"capture": ID}` at once, `{"progress": {entries, stanzas, bytes, dropped}}` every second, and at the end `{"entry": …}` for each entry and `{"har": …}`, the file that they belong into (HAR 1.2). It ends by itself, by DELETE, and with the connection: then there is no file.',
      takes: 'Capture',
      access: 'needed',
      answers: {
        ...{ 200: ['Lines of JSON.', null, 'application/x-ndjson'], 400: BAD, 401: NO_TOKEN },
        ...{ 409: ['A capture is on already.', 'Error'], 413: LARGE },
      },
    },
  },
  '/captures/{id}': {
    delete: {
      summary: 'Ends a capture: whoever asked for it gets the file.',
      parameters: [inPath('id', 'Its id.')],
      access: 'needed',
      answers: { 204: ['It is over.', null], 401: NO_TOKEN, 404: ['That one is not on.', 'Error'] },
    },
  },
  '/phones': {
    get: {
      summary: 'The phones in the browser of this session, and with what one can be opened.',
      access: 'needed',
      answers: { 200: ['The phones.', 'Phones'], 401: NO_TOKEN, 403: NO_SESSION },
    },
    post: {
      summary: 'Opens a phone in the browser, for this session.',
      takes: 'PhoneWish',
      access: 'needed',
      answers: {
        ...{ 201: ['The phone.', 'Phone'], 400: BAD, 401: NO_TOKEN, 403: NO_SESSION, 413: LARGE },
        409: ['There are too many, there may be none, or the proxy is stopping.', 'Error'],
      },
    },
  },
  '/phones/{device}': {
    get: {
      summary: 'What its screen shows.',
      parameters: [DEVICE],
      access: 'needed',
      answers: { 200: ['The phone.', 'Phone'], 401: NO_TOKEN, 403: NO_SESSION, 404: NO_PHONE },
    },
    delete: {
      summary: 'Ends a phone in the browser.',
      parameters: [DEVICE],
      access: 'needed',
      answers: { 204: ['It is over.', null], 401: NO_TOKEN, 403: NO_SESSION, 404: NO_PHONE },
    },
  },
  '/phones/{device}/keys': {
    post: {
      summary: 'Presses a key; the answer comes when what it began has ended.',
      parameters: [DEVICE],
      takes: 'PhoneKey',
      access: 'needed',
      answers: {
        ...{ 200: ['The phone.', 'Phone'], 400: BAD, 401: NO_TOKEN, 403: NO_SESSION, 404: NO_PHONE, 413: LARGE },
        409: ['Another page has come; nothing was done.', 'Error'],
      },
    },
  },
  '/phones/{device}/events': {
    get: {
      summary:
        'Its screen as it changes, as server-sent events: `phone` (Phone), `alive` (AliveEvent) every 15 s, and at the end `ended` (PhoneEnded).',
      parameters: [DEVICE],
      access: 'needed',
      answers: {
        ...{ 200: ['Events.', null, 'text/event-stream'], 401: NO_TOKEN, 403: NO_SESSION, 404: NO_PHONE },
        503: ['Too many watch it.', 'Error'],
      },
    },
  },
  '/demo': {
    get: {
      summary: 'The simulated servers; in the demonstration only.',
      access: 'needed',
      answers: { 200: ['The servers.', 'Demo'], 401: NO_TOKEN, 404: NO_DEMO },
    },
  },
  '/demo/servers/{id}': {
    post: {
      summary: 'Fails a simulated server or brings it back, or has it call a phone; in the demonstration only.',
      parameters: [inPath('id', 'Id of the service.')],
      takes: 'DemoOrder',
      access: 'needed',
      answers: {
        ...{ 200: ['The servers.', 'Demo'], 400: BAD, 401: NO_TOKEN, 413: LARGE },
        404: ['There is none, or this is no demonstration.', 'Error'],
      },
    },
  },
  '/demo/session': {
    get: {
      summary: 'Whether a browser on this machine may sign in without a token: in the demonstration only.',
      answers: { 204: ['It may.', null], 404: NO_DEMO },
    },
    post: {
      summary: 'Signs a browser on this machine in, without a token; in the demonstration only.',
      answers: { 204: ['Signed in.', null], 404: NO_DEMO },
    },
  },
  '/openapi.json': {
    get: { summary: 'This document.', answers: { 200: ['The document.', null, 'application/json'] } },
  },
};

export function renderOpenApi(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'The ops port of ippa-proxy',
      version,
      description: 'How to watch and steer the proxy. Times are ISO 8601.',
    },
    servers: [{ url: '/' }],
    paths: Object.fromEntries(Object.entries(paths).map(([path, each]) => [path, renderPath(each)])),
    components: {
      schemas: renderSchemas(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'ops.token, or the token of one of ops.operators.' },
        session: {
          ...{ type: 'apiKey', in: 'cookie', name: 'ippa-session-PORT' },
          description: 'Set by POST /session; with TLS its name begins `__Host-`. Changes need the Origin header too.',
        },
      },
    },
  };
}

function renderPath(operations: Partial<Record<Method, Operation>>): object {
  return Object.fromEntries(
    Object.entries(operations).map(([method, operation]) => [method, renderOperation(operation)]),
  );
}

function renderOperation({ summary, parameters = [], takes, access, answers }: Operation): object {
  const either = [{ token: [] }, { session: [] }];
  const content = { 'application/json': { schema: refTo(takes ?? '') } };
  const all = Object.entries({ 403: FOREIGN, ...answers });
  return {
    summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(access === undefined ? {} : { security: access === 'needed' ? either : [{}, ...either] }),
    ...(takes === undefined ? {} : { requestBody: { required: true, content } }),
    responses: {
      ...Object.fromEntries(all.map(([status, answer]) => [status, renderAnswer(answer)])),
      default: renderAnswer(['A fault of the proxy itself (500).', 'Error']),
    },
  };
}

function renderAnswer([description, schema, type]: Answer): object {
  if (schema !== null) return { description, content: { 'application/json': { schema: refTo(schema) } } };
  if (type === undefined) return { description };
  return {
    description,
    content: { [type]: { schema: type === 'application/json' ? { type: 'object' } : { type: 'string' } } },
  };
}

function refTo(schema: string): object {
  return { $ref: `#/components/schemas/${schema}` };
}

/** The names of zod's own wrapping are left out: within the document they would mean something else. */
function renderSchemas(): object {
  const { schemas } = z.toJSONSchema(apiSchemas, { uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, id: ___, ...schema }]) => [id, schema]),
  );
}
