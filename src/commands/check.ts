/** `ippa-proxy check FILE [--probe]`: is this configuration right, and what does it mean? */

import { availableParallelism } from 'node:os';
import type { Config } from '../config/config.ts';
import { renderProblems } from '../config/load.ts';
import { type PhoneAddress, phoneAddresses, shortAddress } from '../config/phone-addresses.ts';
import { renderDuration } from '../config/values.ts';
import { createProbe } from '../health/probe.ts';
import { loadConfiguration } from './configuration.ts';
import { type Confirmed, checkNotifications, renderNotificationChecks } from './notification-check.ts';
import type { Output } from './output.ts';
import { checkOutward, renderOutward, renderOutwardChecks } from './outward-check.ts';
import { checkPushes } from './push-check.ts';
import { checkReports, renderReportChecks, renderReports } from './report-check.ts';
import { checkServices, renderServiceChecks, type ServiceCheck } from './service-check.ts';
import { checkStore, renderStore, renderStoreCheck } from './store-check.ts';

export interface CheckOptions {
  /** Also connect: to every Finesse server, node for reports, Notification Service and receiver of events, once. */
  readonly probe?: boolean;
  /** One JSON object instead of text. */
  readonly json?: boolean;
}

/** 0: fine (warnings included) · 1: a probe or a login failed · 2: the configuration is wrong. */
export type CheckExitCode = 0 | 1 | 2;

export async function runCheck(
  file: string,
  options: CheckOptions,
  output: Output,
  probeOf: typeof createProbe = createProbe,
  now = Date.now(),
): Promise<CheckExitCode> {
  const result = await loadConfiguration(file);
  if (!result.ok) {
    const { problems } = result;
    if (options.json === true) writeJson(output, { ok: false, problems, warnings: [], services: [] });
    else
      output.stderr(`${renderProblems(problems)}${problems.length === 1 ? '1 error' : `${problems.length} errors`}\n`);
    return 2;
  }
  const { config, warnings } = result;
  const print = (text: string) => (options.json === true ? undefined : output.stdout(text));
  print(renderProblems(warnings) + renderSummary(config, file, warnings.length));
  if (options.probe === true) print('\nAsking every Finesse server once:\n');
  const services: ServiceCheck[] = options.probe === true ? await checkServices(config, probeOf, now) : [];
  print(renderServiceChecks(config, services));
  const notifications = options.probe === true ? await checkNotifications(config, confirmedInfo(services)) : [];
  print(renderNotificationChecks(notifications));
  const reports = options.probe === true ? await checkReports(config, now) : [];
  if (reports.length > 0) print('\nAsking every node of Unified Intelligence Center once:\n');
  print(renderReportChecks(reports));
  const store = options.probe === true ? await checkStore(config) : null;
  if (store !== null) print('\nTrying the store of what proxies know together:\n');
  print(renderStoreCheck(config, store));
  const outward = options.probe === true ? await checkOutward(config) : [];
  if (outward.length > 0) print('\nReceivers of events (nothing is sent; webhooks test NAME does):\n');
  print(renderOutwardChecks(outward));
  const names = new Map(services.map(({ id, reportedName }) => [id, reportedName]));
  const pushes = options.probe === true ? await checkPushes(config, names) : [];
  if (pushes.length > 0) print(`\nPushes, as far as they can be seen from here (docs/pushes.md):\n`);
  print(pushes.map((line) => `  ${line}\n`).join(''));
  const ok =
    services.every(({ confirmed }) => confirmed) &&
    notifications.every((check) => check.ok !== false) &&
    reports.every(({ up }) => up) &&
    store?.ok !== false &&
    outward.every(({ reached }) => reached);
  if (options.json === true)
    writeJson(output, {
      ok,
      problems: [],
      warnings,
      processes: config.processes,
      services: services.map(({ info: _, cautions: __, ...check }) => check),
      ...(notifications.length > 0 ? { notifications } : {}),
      ...(store === null ? {} : { store }),
      ...(outward.length > 0 ? { receivers: outward } : {}),
      ...(options.probe === true ? { reports, pushes } : {}),
    });
  return ok ? 0 : 1;
}

function confirmedInfo(services: readonly ServiceCheck[]): Confirmed {
  return (id) => services.find((service) => service.id === id && service.confirmed)?.info ?? null;
}

function writeJson(output: Output, result: Readonly<Record<string, unknown>>): void {
  output.stdout(`${JSON.stringify(result, null, 2)}\n`);
}

function renderPushes({ push, phones }: Config): string[] {
  if (push === null) return [];
  return [
    `Pushes, to phones in ${phones.networks.join(', ')}`,
    ...push.listeners.map(({ host, port, tls }) => {
      return `  those of Finesse arrive by ${tls === null ? 'http' : 'https'} on ${host} port ${port}`;
    }),
    ...(push.own === null
      ? []
      : [`  the proxy's own, as ${push.own.username}, ${push.own.perSecond} a second at most`]),
  ];
}

/** The short URL right behind the long one of the same front door. */
function renderAddresses(config: Config): string[] {
  const short = shortAddress(config);
  const render = ({ title, urls }: PhoneAddress) => `  ${title}: ${urls.join('  ')}`;
  return phoneAddresses(config).flatMap((entry) => {
    const isSame = short !== null && entry.kind === short.kind && entry.id === short.id;
    return [render(entry), ...(isSame ? [render(short)] : [])];
  });
}

/** What the configuration means, in a few lines. */
function renderSummary(config: Config, file: string, warnings: number): string {
  const { phones, ops, clusters, reconnect } = config;
  const afterwards = warnings === 0 ? '' : `, with ${warnings === 1 ? 'a warning' : `${warnings} warnings`} above`;
  const lines = [
    `${file}: the configuration is fine${afterwards}.`,
    '',
    'Phones connect to',
    ...phones.listeners.map(({ host, port, publicUrl, tls, service }) => {
      const scheme = tls === null ? 'http' : 'https';
      const only = service === null ? '' : `, all of it for service ${service}`;
      return `  ${scheme} on ${host} port ${port}${publicUrl === null ? ' (loopback)' : `, reached as ${publicUrl}`}${only}`;
    }),
    `  and have an answer within ${renderDuration(phones.answerWithinMs)}`,
    `  from ${renderProcesses(config)}`,
    'They ask for (DEVICE is #DEVICENAME# in Unified CM; see the unified-cm command)',
    ...renderAddresses(config),
    'Finesse servers',
    ...clusters.flatMap(({ id, services }) => [
      `  cluster ${id}`,
      ...services.map((s) => `    ${s.id} (${s.name}) at ${s.url}, asked every ${renderDuration(s.probe.intervalMs)}`),
    ]),
    `  A failed one is given ${reconnect.attempts} attempts of ${renderDuration(reconnect.intervalMs)} before alternates are offered`,
    ...renderPushes(config),
    ...renderReports(config),
    ...renderStore(config),
    ...renderOutward(config),
    'Operators',
    `  ${ops.tls === null ? 'http' : 'https'} on ${ops.host} port ${ops.port}; changes ${renderWho(ops)}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** `auto` has become a number by now, that of the cores. */
function renderProcesses({ processes }: Config): string {
  const cores = availableParallelism();
  const served = processes === 1 ? 'one process, which does everything' : `one of ${processes} processes`;
  return `${served} (this machine has ${cores === 1 ? '1 core' : `${cores} cores`})`;
}

function renderWho({ operators }: Config['ops']): string {
  const setting = operators.filter(({ may }) => may === 'set').map(({ name }) => name);
  if (operators.length === 0) return 'are refused, because ops.token is not set';
  if (setting.length === 0) return 'are refused, because all of ops.operators may only read';
  return setting.join() === 'token' ? 'need the token' : `need the token of one of: ${setting.join(', ')}`;
}
