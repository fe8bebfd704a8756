/** A YAML file to a Config: all errors at once, each with its file, line and key, and never a secret in them. */

import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import { readBytes, renderFileError } from '../files/read-file.ts';
import type {
  Config,
  ListenerConfig,
  NotificationConfig,
  OwnPushConfig,
  PhoneTls,
  PushConfig,
  ReportListenerConfig,
  ReportNodeConfig,
  ReportsConfig,
  ServiceConfig,
  StoreConfig,
} from './config.ts';
import { type ConfigDocument, decodeText, parseConfigText } from './document.ts';
import { warnOfEmptyKeys } from './empty-keys.ts';
import { type Outside, readOutside } from './files.ts';
import { parseConfig, parsePages, parseState } from './findings.ts';
import type { PhoneLimits } from './limits.ts';
import { buildOps } from './load-ops.ts';
import { buildLog, buildWebhook } from './load-outward.ts';
import { type ConfigProblem, createError, createFileError, createWarning, type Finding, renderKey } from './problem.ts';
import { checkRules } from './rules.ts';
import type { ParsedConfig } from './schema.ts';
import { parseFingerprint, parseOrigin, parseRedisUrl } from './values.ts';
import { warnAbout } from './warnings.ts';

export type { ConfigProblem } from './problem.ts';
export { renderProblems } from './problem.ts';

export type LoadResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigProblem[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface LoadOptions {
  /** Where `{ env: NAME }` looks. Default: the environment of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Epoch ms against which certificates are judged. Default: now. */
  readonly now?: number;
  /** Looks at what the `pages` of the configuration lead to. Default: nobody does. */
  readonly validatePages?: (pages: Config['pages']) => PageFaults;
  /** Whether the folder of `state` can be used: null, or what was found. Default: nobody looks. */
  readonly validateState?: (folder: string) => string | null;
}

export interface PageFaults {
  /** What the configuration asks for and is not there. */
  readonly findings: readonly Finding[];
  /** What is wrong with the templates themselves. */
  readonly problems: readonly ConfigProblem[];
}

/** contract.md, "Configuration". Never throws: whatever the file holds, the result says what is wrong with it. */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<LoadResult> {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(file);
  } catch (error) {
    return { ok: false, problems: [createFileError(file, null, `a file ${renderFileError(error)}`, 'a YAML file')] };
  }
  const text = decodeText(file, bytes);
  if (typeof text !== 'string') return { ok: false, problems: text };
  return parseConfiguration(text, { ...options, file, folder: dirname(resolve(file)) });
}

/** A configuration that is in no file, or was read already. `file` is its name in messages; paths are relative to `folder`. */
export function parseConfiguration(
  text: string,
  { file, folder, ...options }: LoadOptions & { readonly file: string; readonly folder: string },
): Promise<LoadResult> {
  return checkDocument(parseConfigText(file, text), folder, options);
}

async function checkDocument(document: ConfigDocument, folder: string, options: LoadOptions): Promise<LoadResult> {
  const { value } = document;
  const result = parseConfig(value);
  const env = options.env ?? process.env;
  const outside = await readOutside(value, { folder, env, now: options.now ?? Date.now() });
  const pages = validatePages(document, outside, folder, options);
  const findings = [
    ...('findings' in result ? result.findings : []),
    ...checkRules(value),
    ...outside.findings,
    ...pages.findings,
    ...validateState(value, outside, folder, options),
  ];
  const errors = findings.map(({ path, found, allowed }) => createError(document.locate(path), found, allowed));
  const problems = [...inOrder([...document.problems, ...errors.filter(isSound(document))]), ...pages.problems];
  if (problems.length > 0 || !('parsed' in result)) return { ok: false, problems };
  const config = buildConfig(result.parsed, outside, folder);
  const warnings = [...outside.warnings, ...warnOfEmptyKeys(value), ...warnAbout(config)].map(
    ({ path, found, allowed }) => {
      return createWarning(document.locate(path), found, allowed);
    },
  );
  return { ok: true, config, warnings: inOrder(warnings) };
}

/** Whatever else is wrong, unless it leaves in doubt which pages are meant. */
function validatePages(
  { value, soundUntilLine }: ConfigDocument,
  { findings }: Outside,
  folder: string,
  options: LoadOptions,
): PageFaults {
  const pages = soundUntilLine === null ? parsePages(value) : null;
  const folderIsMissing = findings.some(({ path }) => path[0] === 'pages');
  if (pages === null || folderIsMissing || options.validatePages === undefined) return { findings: [], problems: [] };
  return options.validatePages(buildPages(pages, folder));
}

function validateState(value: unknown, { findings }: Outside, folder: string, options: LoadOptions): Finding[] {
  const state = parseState(value);
  if (state?.folder === undefined || findings.some(({ path }) => path[0] === 'state')) return [];
  const found = options.validateState?.(resolve(folder, state.folder)) ?? null;
  return found === null ? [] : [{ path: ['state', 'folder'], found, allowed: 'a folder that this user can write to' }];
}

/** Broken syntax makes a guess of all that follows it, and of every key that seems to be missing. */
function isSound(document: ConfigDocument): (problem: ConfigProblem) => boolean {
  const { soundUntilLine } = document;
  if (soundUntilLine === null) return () => true;
  return (problem) => problem.found !== 'nothing' && problem.line !== null && problem.line < soundUntilLine;
}

function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function origin(url: string): string {
  return parseOrigin(url)?.origin ?? url;
}

function buildConfig(parsed: ParsedConfig, outside: Outside, folder: string): Config {
  const { phones, ops, clusters, reconnect, state, log } = parsed;
  return {
    phones: {
      listeners: phones.listeners.map((listener) => buildListener(listener, folder)),
      answerWithinMs: phones.answerWithin,
      networks: phones.networks,
      trustedFronts: phones.trustedFronts,
      forgetAfterMs: phones.forgetAfter,
      httpParser: phones.httpParser,
      limits: buildLimits(phones.limits),
    },
    ops: buildOps(ops, outside.contents, folder),
    clusters: clusters.map((cluster, c) => ({
      id: cluster.id,
      frontDoor: cluster.frontDoor || clusters.length === 1,
      services: cluster.services.map((service, s) => {
        return buildService(service, renderKey(['clusters', c, 'services', s]), reconnect.interval, outside);
      }),
    })),
    reconnect: {
      intervalMs: reconnect.interval,
      attempts: reconnect.attempts,
      fippaFailingForMs: reconnect.fippaFailingFor,
    },
    pages: buildPages(parsed.pages, folder),
    processes: parsed.processes === 'auto' ? availableParallelism() : parsed.processes,
    site: parsed.site ?? null,
    island: { suspectAfterMs: parsed.island.suspectAfter, warnAfterMs: parsed.island.warnAfter },
    reports: parsed.reports === undefined ? null : buildReports(parsed.reports, outside, folder),
    push: parsed.push === undefined ? null : buildPush(parsed.push, outside, folder),
    store: parsed.store === undefined ? null : buildStore(parsed.store, outside),
    state: { folder: inFolder(state.folder, folder) },
    outages: { summaryAfterMs: parsed.outages.summaryAfter, keepForMs: parsed.outages.keepFor },
    reload: parsed.reload,
    stop: { pauseMs: parsed.stop.pause, withinMs: parsed.stop.within },
    webhooks: parsed.webhooks.map((webhook, index) => buildWebhook(webhook, index, outside.contents)),
    log: buildLog(log, outside.contents),
  };
}

function buildStore({ redis }: NonNullable<ParsedConfig['store']>, outside: Outside): StoreConfig {
  const { sentinels, database, prefix } = redis;
  const server = parseRedisUrl(redis.url ?? '');
  const content = (key: string) => outside.contents.get(`store.redis.${key}`) ?? null;
  const encrypted = redis.tls !== undefined || server?.tls === true;
  return {
    redis: {
      servers: sentinels ?? (server === null ? [] : [{ host: server.host, port: server.port }]),
      name: sentinels === undefined ? null : (redis.name ?? null),
      username: redis.username ?? null,
      password: content('password'),
      sentinelUsername: redis.sentinelUsername ?? null,
      sentinelPassword: content('sentinelPassword'),
      tls: encrypted ? { ca: content('tls.ca'), servername: redis.tls?.servername ?? null } : null,
      ...{ database, prefix, pollMs: redis.poll, timeoutMs: redis.timeout, rereadMs: redis.reread },
    },
  };
}

function buildPages(pages: ParsedConfig['pages'], folder: string): Config['pages'] {
  return { folder: inFolder(pages.folder, folder), languages: pages.languages, help: pages.help ?? null };
}

function inFolder(path: string | undefined, folder: string): string | null {
  return path === undefined ? null : resolve(folder, path);
}

type ParsedListener = ParsedConfig['phones']['listeners'][number];
type ParsedService = ParsedConfig['clusters'][number]['services'][number];

function buildListener(listener: ParsedListener, folder: string): ListenerConfig {
  const { host, port, publicUrl, tls, service, proxyProtocol } = listener;
  return {
    host,
    port,
    publicUrl: publicUrl === undefined ? null : origin(publicUrl),
    tls: tls === undefined ? null : buildTls(tls, folder),
    service: service ?? null,
    ...(proxyProtocol ? { proxyProtocol } : {}),
  };
}

type ParsedPush = NonNullable<ParsedConfig['push']>;

function buildPush(push: ParsedPush, outside: Outside, folder: string): PushConfig {
  const listeners = push.listeners.map(({ host, port, tls }) => {
    return {
      host,
      port,
      tls: tls === undefined ? null : { cert: resolve(folder, tls.cert), key: resolve(folder, tls.key) },
    };
  });
  return { listeners, timeoutMs: push.timeout, phonePorts: push.phonePorts, own: buildOwnPush(push, outside) };
}

function buildOwnPush(push: ParsedPush, outside: Outside): OwnPushConfig | null {
  const password = outside.contents.get('push.password');
  if (push.username === undefined || password === undefined) return null;
  return {
    username: push.username,
    password,
    onVerdict: push.onVerdict ?? true,
    onRecovery: push.onRecovery ?? true,
    atFirstFailure: push.atFirstFailure ?? false,
    priority: push.priority as OwnPushConfig['priority'],
    scheme: push.phoneScheme,
    concurrent: push.concurrent,
    perSecond: push.perSecond,
  };
}

type ParsedReports = NonNullable<ParsedConfig['reports']>;

function buildReports({ listeners, home, services }: ParsedReports, outside: Outside, folder: string): ReportsConfig {
  return {
    listeners: listeners.map(({ host, port, publicUrl, tls }): ReportListenerConfig => {
      return {
        ...{ host, port },
        publicUrl: publicUrl === undefined ? null : origin(publicUrl),
        tls: tls === undefined ? null : { cert: resolve(folder, tls.cert), key: resolve(folder, tls.key) },
      };
    }),
    home,
    services: services.map((node, index) => buildReportNode(node, `reports.services[${index}]`, outside)),
  };
}

function buildReportNode(node: ParsedReports['services'][number], key: string, outside: Outside): ReportNodeConfig {
  const { id, name, url, site, tls, probe } = node;
  const { path, statuses, fallback, interval, timeout, rise, fall } = probe;
  return {
    id,
    name,
    url: origin(url),
    site: site ?? null,
    ca: outside.contents.get(`${key}.tls.ca`) ?? null,
    fingerprints: tls.fingerprints.map((text) => parseFingerprint(text) ?? text),
    certificateNames: tls.names ?? [],
    probe: {
      ...{ path, statuses, rise, fall },
      fallback: fallback.statuses.length === 0 ? null : fallback,
      intervalMs: interval,
      timeoutMs: timeout,
    },
  };
}

function buildTls(tls: NonNullable<ParsedListener['tls']>, folder: string): PhoneTls {
  const files = { cert: resolve(folder, tls.cert), key: resolve(folder, tls.key) };
  return tls.profile === 'modern' ? files : { ...files, profile: tls.profile };
}

function buildLimits(limits: ParsedConfig['phones']['limits']): PhoneLimits {
  return {
    headersMs: limits.headers,
    requestMs: limits.request,
    answerMs: limits.answer,
    keepAliveMs: limits.keepAlive,
    connections: limits.connections,
    requestsPerConnection: limits.requestsPerConnection,
    perAddress: limits.perAddress,
  };
}

const PROBE_TIMEOUT_MS = 4000;

function buildService(service: ParsedService, key: string, reconnectMs: number, outside: Outside): ServiceConfig {
  const { probe, tls } = service;
  const url = origin(service.url);
  const base = {
    id: service.id,
    name: service.name,
    url,
    aliases: service.aliases,
    site: service.site ?? null,
    ca: outside.contents.get(`${key}.tls.ca`) ?? null,
    fingerprints: tls.fingerprints.map((text) => parseFingerprint(text) ?? text),
    certificateNames: tls.names ?? [],
    pushFrom: service.pushFrom ?? null,
    probe: {
      url: probe.url ?? `${url}/finesse/api/SystemInfo`,
      username: probe.username ?? null,
      password: outside.contents.get(`${key}.probe.password`) ?? null,
      intervalMs: probe.interval,
      timeoutMs: probe.timeout ?? Math.min(PROBE_TIMEOUT_MS, Math.floor(0.8 * Math.min(probe.interval, reconnectMs))),
    },
  };
  return { ...base, notification: buildNotification(service.notification, base, key, outside) };
}

const DIRECT_TLS_PORT = 5223;
const PLAIN_PORT = 5222;

function buildNotification(
  parsed: ParsedService['notification'],
  service: Omit<ServiceConfig, 'notification'>,
  key: string,
  outside: Outside,
): NotificationConfig | null {
  if (parsed === undefined) return null;
  const { contents } = outside;
  return {
    host: parsed.host ?? new URL(service.url).hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port ?? (parsed.tls === 'direct' ? DIRECT_TLS_PORT : PLAIN_PORT),
    tls: parsed.tls,
    username: parsed.username,
    password: contents.get(`${key}.notification.password`) ?? '',
    ca: contents.get(`${key}.notification.ca`) ?? service.ca,
    fingerprints: parsed.fingerprints?.map((text) => parseFingerprint(text) ?? text) ?? service.fingerprints,
    advisory: parsed.advisory,
    domain: parsed.domain ?? null,
    pubsub: parsed.pubsub ?? null,
    deadAfterMs: parsed.deadAfter,
  };
}
