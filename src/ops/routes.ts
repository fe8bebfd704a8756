/** What the ops port answers (contract.md, "Ops port"): one route each. */

import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import type { OperatorConfig } from '../config/config.ts';
import type { ConsolePhones } from '../console-phones/console-phones.ts';
import { type DrillEffect, decideDrillEffect } from '../domain/drill-effect.ts';
import type { Report } from '../domain/events.ts';
import type { CutOffSite } from '../domain/island.ts';
import type { AdminSetting, ShownCertificate } from '../domain/model.ts';
import type { PhoneProcessStatus } from '../domain/phone-process.ts';
import type { ProxyStatus } from '../domain/proxies.ts';
import type { ReportNodeStatus } from '../domain/report-node.ts';
import { decideSettingEffect, renderSettingEffect } from '../domain/setting-effect.ts';
import type { StoreStatus } from '../domain/store-status.ts';
import type { WebhookStatus } from '../domain/webhook-status.ts';
import type { AuditTrail } from '../records/audit.ts';
import type { OutageRecords } from '../records/outages.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Drills } from '../store/drills.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import { createAccess, operatorOf, sendError } from './access.ts';
import { parseAdminRequest, splitPreview } from './admin-request.ts';
import { addCaptureRoutes, type OpsCaptures, renderCapture } from './capture-routes.ts';
import type { HeldCertificate } from './certificates.ts';
import type { Changes } from './changes.ts';
import { addConsoleRoutes } from './console-routes.ts';
import { addDemoRoutes, type DemoControls } from './demo-routes.ts';
import { addDrillRoutes } from './drill-routes.ts';
import { decideAdmission, type HealthReport, renderHealth } from './health.ts';
import { hostsOf, isOwnHost, originOf } from './host-header.ts';
import { createLiveRoute } from './live-route.ts';
import type { LiveStreams } from './live-stream.ts';
import type { Metrics } from './metrics.ts';
import { renderOpenApi } from './openapi.ts';
import { addOutageRoutes } from './outage-routes.ts';
import { addPhoneRoutes } from './phone-routes.ts';
import type { ProbeSeries } from './probe-series.ts';
import { addSessionRoutes } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import { addWatchRoutes } from './watch-routes.ts';

export interface OpsRoutesOptions {
  /** As configured: a name that the Host header may hold. */
  readonly host: string;
  /** Whose tokens open what is not for everybody; none: nothing can be set over this port. */
  readonly operators: () => readonly OperatorConfig[];
  readonly sessions: Sessions;
  readonly streams: LiveStreams;
  readonly store: ServiceStore;
  readonly devices: DeviceRegistry;
  readonly outages: Pick<OutageRecords, 'all' | 'get' | 'devices'>;
  readonly audit: Pick<AuditTrail, 'since'>;
  readonly probes: Pick<ProbeSeries, 'of'>;
  readonly changes: Pick<Changes, 'since'>;
  /** How attempts are timed. */
  readonly reconnect: () => { readonly intervalMs: number; readonly attempts: number };
  readonly metrics: Metrics;
  readonly report: Report;
  readonly clock: Clock;
  readonly version: string;
  /** Epoch ms. */
  readonly startedAt: number;
  /** Whether the first round of probes has ended and shutdown not begun. */
  readonly isReady: () => boolean;
  /** What is wrong beyond single services, for `/health`. */
  readonly problems: () => readonly string[];
  /** Of the listeners where phones connect. */
  readonly certificates?: () => readonly HeldCertificate[];
  /** Of Finesse itself. */
  readonly certificateOf?: (service: string) => ShownCertificate | null;
  readonly drills: Drills;
  /** Whether a phone has used this proxy last; absent: there is no other. */
  readonly isHere?: (device: string) => boolean;
  /** None: nothing can be captured over this port. */
  readonly captures?: OpsCaptures;
  /** Phones in the browser. */
  readonly phones?: ConsolePhones;
  /** In the demonstration. */
  readonly demo?: DemoControls | undefined;
  /** Why what operators set last would not survive a restart although it is meant to; null: it would. */
  readonly notKept?: () => string | null;
  readonly reports?: () => readonly ReportNodeStatus[];
  /** Of the proxy. */
  readonly site?: () => string | null;
  /** Sites that are suspected to be cut off. */
  readonly islands?: () => readonly CutOffSite[];
  /** Those that serve phones, where they are several. */
  readonly processes?: () => readonly PhoneProcessStatus[];
  /** Resolves when what other processes of the proxy have done so far is known here. */
  readonly caughtUp?: () => Promise<void>;
  readonly webhooks?: () => readonly WebhookStatus[];
  /** Those that share a store. */
  readonly proxies?: () => readonly ProxyStatus[];
  /** Where it meets the others; null: it is alone. */
  readonly sharedStore?: () => StoreStatus | null;
}

/** A setting is three short values. */
const MAX_BODY_BYTES = 4096;

export function createOpsRoutes(options: OpsRoutesOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.enable('case sensitive routing');
  app.use(setHeaders, refuseForeigners(options.host));

  const get = (path: string | RegExp, ...handlers: RequestHandler[]) => {
    app
      .route(path)
      .get(...handlers)
      .all(refuseMethod('GET, HEAD'));
  };
  get('/livez', (_, res) => void res.json({ live: true }));
  get('/readyz', (_, res) => {
    if (options.isReady()) res.json({ ready: true });
    else sendError(res, 503, 'not-ready', 'The first round of probes has not ended, or the proxy is shutting down.');
  });
  app.use(catchUp(options));
  get('/health', (_, res) => {
    const report = reportHealth(options);
    res.status(report.status === 'down' ? 503 : 200).json(report);
  });
  get('/metrics', async (_, res) => {
    const { body, contentType } = await options.metrics.render();
    res.set('Content-Type', contentType).send(body);
  });
  const access = createAccess(options);
  addOutageRoutes({ ...options, get, access });
  get('/openapi.json', (_, res) => void res.json(renderOpenApi(options.version)));
  get('/events', createLiveRoute({ ...options, access }));
  addWatchRoutes({ ...options, get, services: () => options.store.all().map(({ id }) => id) });
  addConsoleRoutes({ ...options, app, access, get, health: () => reportHealth(options) });
  addDrillRoutes(app, {
    ...{ access, readJson, drills: options.drills },
    isService: (id) => options.store.get(id) !== null,
    entryOf: (id) => reportHealth(options).services.find((service) => service.id === id),
    effectOf: (id, named, forMs) => drillEffect(options, id, named, forMs),
  });
  addCaptureRoutes(app, { ...options, access, readJson });
  addSessionRoutes(app, { ...options, access, readJson });
  const { phones, demo } = options;
  if (phones !== undefined) addPhoneRoutes(app, { ...options, phones, access, readJson });
  if (demo !== undefined) addDemoRoutes(app, { ...options, demo, access, readJson });
  app
    .route('/services/:id')
    // Before anything else: without the token nobody learns which services there are.
    .post(access.require('set'), requireService(options), ...readJson, setAdmin(options))
    .all(refuseMethod('POST'));
  app.use((_, res) => sendError(res, 404, 'not-found', 'No such path; / names those there are.'));
  app.use(answerFault(options));
  return app;
}

export type HealthSources = Pick<
  OpsRoutesOptions,
  | 'store'
  | 'devices'
  | 'clock'
  | 'version'
  | 'startedAt'
  | 'problems'
  | 'certificates'
  | 'certificateOf'
  | 'reports'
  | 'site'
  | 'islands'
  | 'processes'
  | 'webhooks'
  | 'proxies'
  | 'sharedStore'
> &
  Partial<Pick<OpsRoutesOptions, 'drills' | 'captures'>>;

export function reportHealth(sources: HealthSources): HealthReport {
  const {
    store,
    devices,
    clock,
    version,
    startedAt,
    problems,
    certificates,
    certificateOf = () => null,
    drills,
    captures,
    reports,
    site,
    islands,
    processes,
    webhooks,
    proxies,
    sharedStore,
  } = sources;
  return renderHealth({
    clusters: store.clusters.map((id) => ({ id, candidates: store.candidates(id) })),
    signedIn: devices.signedIn,
    version,
    startedAt,
    now: clock.now(),
    problems: problems(),
    certificates: certificates?.() ?? [],
    certificateOf,
    drillOf: (service) => drills?.get(service) ?? null,
    reports: reports?.() ?? [],
    site: site?.() ?? null,
    islands: islands?.() ?? [],
    processes: processes?.() ?? [],
    webhooks: webhooks?.() ?? [],
    proxies: proxies?.() ?? [],
    sharedStore: sharedStore?.() ?? null,
    capture: renderCapture(captures?.running() ?? null),
  });
}

/** A page from elsewhere may neither read here, by a name of its own for this port, nor have anything done. */
function refuseForeigners(configured: string): RequestHandler {
  return (req, res, next) => {
    if (!isOwnHost(hostsOf(req.rawHeaders), configured)) {
      const allowed = 'The Host header must be an address, localhost or the configured ops.host.';
      return sendError(res, 403, 'foreign-host', allowed);
    }
    const { origin } = req.headers;
    const isForeign = origin === undefined ? isLoadedElsewhere(req) : origin !== originOf(req);
    if (!isForeign) return next();
    sendError(res, 403, 'foreign-origin', 'The Origin header must be that of this port: no other page may ask here.');
  };
}

/** An image or script of another page has no Origin; whether it is there would tell how services are, and a stream takes a place. */
function isLoadedElsewhere({ headers }: Request): boolean {
  const site = headers['sec-fetch-site'];
  return headers['sec-fetch-mode'] !== 'navigate' && (site === 'cross-site' || site === 'same-site');
}

const setHeaders: RequestHandler = (_, res, next) => {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};

/** What is shown includes all that phones were answered before. */
function catchUp({ caughtUp }: OpsRoutesOptions): RequestHandler {
  if (caughtUp === undefined) return (_req, _res, next) => next();
  return (_req, _res, next) => void caughtUp().then(() => next());
}

function refuseMethod(allow: string): RequestHandler {
  return (_, res) => {
    res.set('Allow', allow);
    sendError(res, 405, 'method-not-allowed', `This path takes ${allow}.`);
  };
}

function requireService({ store }: OpsRoutesOptions): RequestHandler {
  return (req, res, next) => {
    if (store.get(idOf(req)) !== null) return next();
    const known = store.all().map(({ id }) => id);
    sendError(res, 404, 'unknown-service', `There is no such service. There are: ${known.join(', ')}.`);
  };
}

function idOf(req: Request): string {
  return String(req.params.id);
}

/** Whatever Content-Type says: curl's default is that of a form, and the token shows that no web page sent this. */
const readBody = express.raw({ limit: MAX_BODY_BYTES, inflate: false, type: () => true });

const parseJson: RequestHandler = (req, res, next) => {
  try {
    req.body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(req.body));
    next();
  } catch {
    sendError(
      res,
      400,
      'not-json',
      'The body must be JSON in UTF-8, such as {"admin": "drain", "reason": "patching"}.',
    );
  }
};

const readJson: readonly RequestHandler[] = [readBody, parseJson];

function setAdmin(options: OpsRoutesOptions): RequestHandler {
  const { store, clock, report } = options;
  return (req, res) => {
    const id = idOf(req);
    const at = clock.now();
    const asked = splitPreview(req.body);
    if (asked === null) return sendError(res, 400, 'bad-setting', 'preview must be true or false.');
    const request = parseAdminRequest(asked.setting, at);
    if (!request.ok) return sendError(res, 400, 'bad-setting', `${request.faults.join('; ')}.`);
    if (asked.isPreview) return void res.json(preview(options, id, request.setting));
    const who = operatorOf(res).name;
    const setting = { ...request.setting, by: { who, at } };
    const before = store.get(id)?.admin ?? setting;
    store.setAdmin(id, setting);
    const address = req.socket.remoteAddress ?? null;
    report({ kind: 'service-set', at: clock.now(), service: id, from: before, to: setting, who, address });
    const warnings = warn(options, id);
    const entry = reportHealth(options).services.find((service) => service.id === id);
    res.json(warnings.length === 0 ? entry : { ...entry, warnings });
  };
}

/** What a setting would touch; nothing is set. */
function preview({ store, devices, clock }: OpsRoutesOptions, id: string, setting: AdminSetting): object {
  const cluster = store.candidates(store.get(id)?.cluster ?? '');
  const candidate = cluster.find(({ status }) => status.id === id);
  if (candidate === undefined) throw new Error(`${id} is gone`);
  const effect = decideSettingEffect(candidate, cluster, setting, devices.signedIn(id), clock.now());
  const maintAt = effect.maintAt === null ? null : new Date(effect.maintAt).toISOString();
  return { ...effect, maintAt, words: renderSettingEffect(effect) };
}

function drillEffect(
  { store, devices, isHere = () => true }: OpsRoutesOptions,
  id: string,
  named: readonly string[] | null,
  forMs: number,
): DrillEffect {
  const status = store.get(id);
  if (status === null) throw new Error(`${id} is gone`);
  const scope = { forMs, devices: named, signedIn: [...devices.signedInDevices(id)], isHere };
  return decideDrillEffect(status, store.alternates(status), scope);
}

/** What an operator should know of a setting that holds now. */
function warn({ store, notKept = () => null }: OpsRoutesOptions, id: string): string[] {
  const cluster = store.get(id)?.cluster ?? '';
  const lost = notKept();
  return [
    ...decideAdmission({ id: cluster, candidates: store.candidates(cluster) }),
    ...(lost === null ? [] : [`it will not survive a restart: ${lost}`]),
  ];
}

/** What the body parser says of a bad body is a fault of the request; anything else is a fault of the proxy. */
function answerFault({ report, clock }: OpsRoutesOptions): ErrorRequestHandler {
  return (error, _, res, next) => {
    if (res.headersSent) return next(error);
    const status: unknown = error?.status;
    if (status === 413) {
      // The rest of the body is not worth reading.
      res.set('Connection', 'close');
      return sendError(res, 413, 'body-too-large', `The body may have at most ${MAX_BODY_BYTES} bytes.`);
    }
    if (status === 415) return sendError(res, 400, 'not-json', 'The body must be JSON that is not compressed.');
    if (typeof status === 'number' && status >= 400 && status < 500) {
      return sendError(res, 400, 'bad-request', 'The request is malformed.');
    }
    report({ kind: 'internal-fault', at: clock.now(), where: 'operators', error });
    sendError(res, 500, 'internal', 'A fault of the proxy itself; its log line ops-fault tells more.');
  };
}
