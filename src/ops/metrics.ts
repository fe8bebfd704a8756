/** Counts what happens and shows it, with the state of the services, in the Prometheus text format. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type EventHandlers, PAGE_NAMES, type ReportAnswer } from '../domain/events.ts';
import { failures } from '../domain/failure.ts';
import type { CutOffSite } from '../domain/island.ts';
import type { AdminState, HealthState, ServiceStatus, ShownCertificate } from '../domain/model.ts';
import type { PhoneProcessStatus } from '../domain/phone-process.ts';
import type { ProxyStatus } from '../domain/proxies.ts';
import type { ReportNodeStatus } from '../domain/report-node.ts';
import type { StoreStatus } from '../domain/store-status.ts';
import type { WebhookStatus } from '../domain/webhook-status.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import type { HeldCertificate } from './certificates.ts';
import type { HealthLevel, HealthReport } from './health.ts';
import { type MetricDefinition, type MetricName, metricDefinitions } from './metric-definitions.ts';
import { createTally, type Tally } from './tally.ts';

/** What became of a phone's request. */
export type PhoneOutcome = 'relayed' | 'page' | 'action' | 'refused' | 'failed' | 'gone';

export interface Metrics {
  /** What counts each event; `service` is the id of a configured one, anything else counts under `none`. */
  readonly handlers: EventHandlers;
  render(): Promise<{ readonly body: string; readonly contentType: string }>;
}

export interface MetricsOptions {
  /** Nodes of Unified Intelligence Center. */
  readonly reports?: () => readonly Pick<ReportNodeStatus, 'id' | 'state'>[];
  /** Sites that are suspected to be cut off. */
  readonly islands?: () => readonly Pick<CutOffSite, 'site' | 'since'>[];
  /** Those that share a store. */
  readonly proxies?: () => readonly Pick<ProxyStatus, 'alive'>[];
  readonly sharedStore?: () => StoreStatus | null;
  readonly store: ServiceStore;
  readonly devices: DeviceRegistry;
  readonly version: string;
  readonly clock: Clock;
  /** Of the listeners where phones connect. */
  readonly certificates?: () => readonly Pick<HeldCertificate, 'listener' | 'validTo'>[];
  /** Of Finesse itself. */
  readonly certificateOf?: (service: string) => ShownCertificate | null;
  readonly health: () => Pick<HealthReport, 'status' | 'clusters'>;
  /** Of the last outage of a service: devices that are signed in nowhere. */
  readonly missing?: (service: string) => number;
  /** Those that serve phones, where they are several. */
  readonly processes?: () => readonly PhoneProcessStatus[];
  readonly isDrilled?: (service: string) => boolean;
  readonly webhooks?: () => readonly Pick<WebhookStatus, 'name' | 'state' | 'waiting'>[];
  /** null: none is configured. */
  readonly syslog?: () => { readonly sent: number; readonly lost: number; readonly isConnected: boolean } | null;
  /** Files of the state folder that cannot be written. */
  readonly notKept?: () => number;
}

const NONE = 'none';
const OUTCOMES: readonly PhoneOutcome[] = ['relayed', 'page', 'action', 'refused', 'failed', 'gone'];
const STATES: readonly HealthState[] = ['unknown', 'in-service', 'reconnecting', 'out-of-service'];
const REPORT_ANSWERS: readonly ReportAnswer[] = ['redirected', 'none-up', 'island', 'refused'];
const ADMINS: readonly AdminState[] = ['ready', 'drain', 'maint'];
const PROCESS_STATES: readonly PhoneProcessStatus['state'][] = ['starting', 'serving', 'ended'];
const WEBHOOK_LOSSES = ['refused', 'too-old', 'too-many', 'stopped'];
const LEVELS: readonly HealthLevel[] = ['ok', 'degraded', 'down'];

export function createMetrics(options: MetricsOptions): Metrics {
  const { store } = options;
  const registry = new Registry();
  const services = () => store.all().map(({ id }) => id);
  const nameOf = (service: string) => (store.get(service) === null ? NONE : service);
  const refusals = Object.entries(failures).flatMap(([code, { cause }]) => (cause === 'request' ? [code] : []));

  const requests = createTally(() => [...services(), NONE], OUTCOMES);
  const pages = createTally(() => [...services(), NONE], PAGE_NAMES);
  const refused = createTally(() => refusals, ['']);
  const relayFailures = createTally(() => [], []);
  const overlong = createTally(services, ['']);
  const steered = createTally(() => [], []);
  const pushRelays = createTally(() => [...services(), NONE], ['delivered']);
  const pushes = createTally(() => [], []);
  const told = createTally(services, ['delivered', 'left-alone', 'failed']);
  const addressChanges = createTally(() => ['sign-in', 'old-gone'], ['']);
  const addressRefusals = createTally(() => ['network', 'loopback', 'own', 'finesse'], ['']);
  const attempts = createTally(services, ['']);
  const verdicts = createTally(services, ['']);
  const recoveries = createTally(services, ['']);
  const outages = createTally(services, ['']);
  const listeningTo = () => store.all().flatMap(({ id, signals }) => (signals.notification === 'off' ? [] : [id]));
  const notifications = createTally(listeningTo, ['in-service', 'out-of-service', 'available', 'unavailable']);
  const ignored = createTally(() => [], []);
  const disconnects = createTally(() => [], []);
  const otherSites = () => [...new Set(store.all().flatMap(({ isNear, site }) => (isNear ? [] : [site ?? ''])))];
  const reportNodes = () => options.reports?.() ?? [];
  const reportProbes = createTally(() => reportNodes().map(({ id }) => id), ['up', 'down']);
  // Without nodes there is nothing to ask for.
  const reportAnswers = createTally(() => (reportNodes().length === 0 ? [] : REPORT_ANSWERS), ['']);

  const webhookNames = () => options.webhooks?.().map(({ name }) => name) ?? [];
  const deliveries = createTally(webhookNames, ['delivered', 'failed']);
  const webhooksLost = createTally(webhookNames, WEBHOOK_LOSSES);
  const reloads = createTally(() => ['loaded', 'refused'], ['']);
  let isReloadRefused = false;

  addCounter(registry, 'ippa_phone_requests_total', requests);
  const answers = new Histogram({ ...definitionOf('ippa_phone_answer_duration_seconds'), registers: [registry] });
  addCounter(registry, 'ippa_pages_served_total', pages);
  addCounter(registry, 'ippa_requests_refused_total', refused);
  addCounter(registry, 'ippa_relay_failures_total', relayFailures);
  addCounter(registry, 'ippa_overlong_urls_total', overlong);
  addCounter(registry, 'ippa_steered_total', steered);
  addCounter(registry, 'ippa_push_relays_total', pushRelays);
  addCounter(registry, 'ippa_pushes_total', pushes);
  addCounter(registry, 'ippa_phones_told_total', told);
  addCounter(registry, 'ippa_phone_address_changes_total', addressChanges);
  addCounter(registry, 'ippa_phone_address_refusals_total', addressRefusals);
  addCounter(registry, 'ippa_reconnect_attempts_total', attempts);
  addCounter(registry, 'ippa_verdicts_total', verdicts);
  addCounter(registry, 'ippa_recoveries_total', recoveries);
  addCounter(registry, 'ippa_outages_total', outages);
  addCounter(registry, 'ippa_notifications_total', notifications);
  addCounter(registry, 'ippa_notifications_ignored_total', ignored);
  addCounter(registry, 'ippa_notification_disconnects_total', disconnects);
  addCounter(registry, 'ippa_webhook_deliveries_total', deliveries);
  addCounter(registry, 'ippa_webhook_lost_total', webhooksLost);
  addCounter(registry, 'ippa_reloads_total', reloads);
  addGauge(registry, 'ippa_reload_refused', (set) => set({}, Number(isReloadRefused)));
  addOutwardMetrics(registry, options);
  addGauge(registry, 'ippa_island_seconds', (set) => {
    const suspected = options.islands?.() ?? [];
    for (const site of otherSites()) {
      const since = suspected.find((each) => each.site === site)?.since ?? null;
      set({ site }, since === null ? 0 : Math.max(0, options.clock.now() - since) / 1000);
    }
  });
  addStoreMetrics(registry, () => options.sharedStore?.() ?? null);
  addGauge(registry, 'ippa_proxies', (set) => {
    set({}, (options.proxies?.() ?? []).filter(({ alive }) => alive).length);
  });
  addGauge(registry, 'ippa_proxies_disagree', (set) => {
    for (const { id, dissent } of options.store.all()) set({ service: id }, Number(dissent.length > 0));
  });
  addCounter(registry, 'ippa_report_probes_total', reportProbes);
  addCounter(registry, 'ippa_report_requests_total', reportAnswers);
  addGauge(registry, 'ippa_report_node_up', (set) => {
    for (const { id, state } of reportNodes()) if (state !== 'unknown') set({ node: id }, Number(state === 'up'));
  });
  const probes = new Histogram({ ...definitionOf('ippa_probe_duration_seconds'), registers: [registry] });
  const again = new Histogram({ ...definitionOf('ippa_sign_in_again_seconds'), registers: [registry] });
  const processes = () => options.processes?.() ?? [];
  const processEnds = createTally(() => processes().map(({ process }) => String(process)), ['']);
  addCounter(registry, 'ippa_phone_process_ends_total', processEnds);
  addPhoneProcessGauges(registry, processes);
  addServiceGauges(registry, options);
  addLevelGauges(registry, options);
  addProcessGauges(registry, options);

  const requested = (service: string | null, outcome: PhoneOutcome) => requests.add(nameOf(service ?? NONE), outcome);
  const handlers: EventHandlers = {
    'page-relayed': ({ service, durationMs }) => {
      requested(service, 'relayed');
      answers.observe(Math.max(0, durationMs) / 1000);
    },
    'page-served': ({ service, page, after, durationMs }) => {
      // A request that failed, or chose an alternate, has been counted as that.
      if (after === 'request') requested(service, 'page');
      pages.add(nameOf(service), page);
      answers.observe(Math.max(0, durationMs) / 1000);
    },
    'phone-gone': ({ service }) => requested(service, 'gone'),
    'action-taken': ({ service }) => requested(service, 'action'),
    'request-failed': ({ service, failure }) => {
      requested(service, 'failed');
      relayFailures.add(nameOf(service), failure.code);
    },
    'request-refused': ({ service, failure }) => {
      requested(service, 'refused');
      refused.add(failure.code, '');
    },
    'url-overlong': ({ service }) => overlong.add(nameOf(service), ''),
    // Two services and a result in two keys: `from` and `to` are ids, which hold no space.
    'agent-steered': ({ from, to, result }) => steered.add(`${nameOf(from)} ${nameOf(to)}`, result),
    'push-relayed': ({ service }) => pushRelays.add(nameOf(service), 'delivered'),
    'push-not-relayed': ({ service, failure }) => pushRelays.add(nameOf(service ?? NONE), failure.code),
    'own-push-ended': ({ service, reason, outcome }) => pushes.add(`${nameOf(service)} ${reason}`, outcome),
    'phones-told': ({ service, delivered, leftAlone, failed }) => {
      if (store.get(service) === null) return;
      told.add(service, 'delivered', delivered);
      told.add(service, 'left-alone', leftAlone);
      told.add(service, 'failed', failed);
    },
    'phone-address': ({ reason }) => {
      if (reason !== 'first') addressChanges.add(reason, '');
    },
    'phone-address-refused': ({ reason }) => addressRefusals.add(reason, ''),
    'service-changed': ({ service, from, to }) => {
      const id = nameOf(service);
      if (to === 'reconnecting') attempts.add(id, '');
      else if (to === 'out-of-service') verdicts.add(id, '');
      else if (from !== 'unknown') recoveries.add(id, '');
    },
    'probe-ended': ({ service, latencyMs, outcome }) =>
      probes.observe({ service: nameOf(service), outcome: outcome.kind }, latencyMs / 1000),
    'outage-began': ({ service, drill }) => !drill && outages.add(nameOf(service), ''),
    'agent-back': ({ service, outcome, afterMs }) =>
      again.observe({ service: nameOf(service), outcome }, afterMs / 1000),
    'notification-status': ({ service, status }) =>
      notifications.add(nameOf(service), status === 'IN_SERVICE' ? 'in-service' : 'out-of-service'),
    'notification-presence': ({ service, available }) =>
      notifications.add(nameOf(service), available ? 'available' : 'unavailable'),
    'notification-ignored': ({ service, because }) => ignored.add(nameOf(service), because),
    'report-node-probed': ({ node, outcome }) => reportProbes.add(node, outcome.kind),
    'process-ended': ({ process }) => processEnds.add(String(process), ''),
    'report-asked': ({ answer }) => reportAnswers.add(answer, ''),
    'webhook-delivered': ({ webhook }) => deliveries.add(webhook, 'delivered'),
    'webhook-failed': ({ webhook }) => deliveries.add(webhook, 'failed'),
    'webhook-lost': ({ webhook, events, because }) => {
      // One that is not configured any more has no series of its own.
      if (webhookNames().includes(webhook)) webhooksLost.add(webhook, because, events);
    },
    reloaded() {
      isReloadRefused = false;
      reloads.add('loaded', '');
    },
    'reload-refused'() {
      isReloadRefused = true;
      reloads.add('refused', '');
    },
    'reload-fault'() {
      isReloadRefused = true;
      reloads.add('refused', '');
    },
    'notification-disconnected': ({ service, failure }) => disconnects.add(nameOf(service), failure.code),
  };
  return {
    handlers,
    render: async () => ({ body: await registry.metrics(), contentType: registry.contentType }),
  };
}

function definitionOf(name: MetricName) {
  const { help, labels, buckets }: MetricDefinition = metricDefinitions[name];
  return { name, help, labelNames: [...labels], buckets: [...(buckets ?? [])] };
}

function addCounter(registry: Registry, name: MetricName, tally: Tally): void {
  const definition = definitionOf(name);
  new Counter({
    ...definition,
    registers: [registry],
    collect() {
      this.reset();
      for (const [first, second, count] of tally.entries()) {
        // Names that people choose may hold spaces; ids do not.
        const values = definition.labelNames.length > 2 ? [...first.split(' '), second] : [first, second];
        this.inc(Object.fromEntries(definition.labelNames.map((label, index) => [label, values[index]])), count);
      }
    },
  });
}

/** What goes out: webhooks and syslog; and what is kept here. */
function addOutwardMetrics(registry: Registry, { webhooks, syslog, notKept }: MetricsOptions): void {
  addGauge(registry, 'ippa_webhook_waiting', (set) => {
    for (const { name, waiting } of webhooks?.() ?? []) set({ webhook: name }, waiting);
  });
  addGauge(registry, 'ippa_webhook_up', (set) => {
    for (const { name, state } of webhooks?.() ?? []) set({ webhook: name }, Number(state === 'ok'));
  });
  addGauge(registry, 'ippa_syslog_connected', (set) => {
    const status = syslog?.() ?? null;
    if (status !== null) set({}, Number(status.isConnected));
  });
  new Counter({
    ...definitionOf('ippa_syslog_lines_total'),
    registers: [registry],
    collect() {
      this.reset();
      const status = syslog?.() ?? null;
      if (status === null) return;
      this.inc({ outcome: 'sent' }, status.sent);
      this.inc({ outcome: 'lost' }, status.lost);
    },
  });
  addGauge(registry, 'ippa_state_not_kept', (set) => set({}, notKept?.() ?? 0));
}

type SetGauge = (labels: Record<string, string>, value: number) => void;

function addGauge(registry: Registry, name: MetricName, collect: (set: SetGauge) => void): void {
  new Gauge({
    ...definitionOf(name),
    registers: [registry],
    collect() {
      this.reset();
      collect((labels, value) => this.set(labels, value));
    },
  });
}

function addLevelGauges(registry: Registry, { health }: MetricsOptions): void {
  addGauge(registry, 'ippa_status', (set) => {
    const { status } = health();
    for (const level of LEVELS) set({ status: level }, Number(level === status));
  });
  addGauge(registry, 'ippa_cluster_status', (set) => {
    for (const { id, status } of health().clusters) {
      for (const level of LEVELS) set({ cluster: id, status: level }, Number(level === status));
    }
  });
}

function addServiceGauges(registry: Registry, options: MetricsOptions): void {
  const { store, devices, clock, certificateOf, missing, isDrilled } = options;
  const perService = (name: MetricName, collect: (status: ServiceStatus, set: SetGauge) => void) =>
    addGauge(registry, name, (set) => {
      for (const status of store.all()) collect(status, set);
    });
  perService('ippa_service_info', ({ id, cluster, name }, set) => set({ service: id, cluster, name }, 1));
  perService('ippa_service_state', ({ id, state }, set) => {
    for (const each of STATES) set({ service: id, state: each }, Number(each === state));
  });
  perService('ippa_notification_connected', ({ id, signals: { notification, connection } }, set) => {
    if (notification !== 'off') set({ service: id }, Number(connection.says === 'up'));
  });
  perService('ippa_service_admin', ({ id, admin: { admin } }, set) => {
    for (const each of ADMINS) set({ service: id, admin: each }, Number(each === admin));
  });
  perService('ippa_service_fippa_failing', ({ id, fippaFailing }, set) => set({ service: id }, Number(fippaFailing)));
  perService('ippa_service_confirmation_age_seconds', ({ id, confirmedAt }, set) => {
    if (confirmedAt !== null) set({ service: id }, Math.max(0, clock.now() - confirmedAt) / 1000);
  });
  perService('ippa_outage_missing_devices', ({ id }, set) => set({ service: id }, missing?.(id) ?? 0));
  perService('ippa_service_drill', ({ id }, set) => set({ service: id }, Number(isDrilled?.(id) ?? false)));
  perService('ippa_service_devices', ({ id }, set) => set({ service: id }, devices.signedIn(id)));
  perService('ippa_service_certificate_end_timestamp_seconds', ({ id }, set) => {
    const certificate = certificateOf?.(id) ?? null;
    if (certificate !== null && !certificate.pinned) set({ service: id }, certificate.validTo / 1000);
  });
  addGauge(registry, 'ippa_devices', (set) => set({}, devices.size()));
}

/** Absent where there is no store. */
function addStoreMetrics(registry: Registry, status: () => StoreStatus | null): void {
  const perStatus = (name: MetricName, select: (status: StoreStatus) => number | null) =>
    addGauge(registry, name, (set) => {
      const now = status();
      const value = now === null ? null : select(now);
      if (now !== null && value !== null) set({ server: now.server }, value);
    });
  perStatus('ippa_store_up', ({ state }) => Number(state === 'connected'));
  perStatus('ippa_store_readable', ({ state }) => Number(state === 'connected' || state === 'reading-only'));
  perStatus('ippa_store_lag_seconds', ({ lagMs }) => (lagMs === null ? null : lagMs / 1000));
  perStatus('ippa_store_waiting', ({ waiting }) => waiting);
  perStatus('ippa_store_facts', ({ facts }) => facts);
  addTotal(registry, 'ippa_store_written_total', (add) => {
    const now = status();
    if (now !== null) add({ server: now.server }, now.written);
  });
  addTotal(registry, 'ippa_store_refused_total', (add) => {
    const now = status();
    if (now !== null) add({ server: now.server }, now.refused);
  });
  addTotal(registry, 'ippa_store_heard_total', (add) => {
    for (const { proxy, heard } of status()?.peers ?? []) add({ proxy }, heard);
  });
}

/** A counter that somebody else counts. */
function addTotal(registry: Registry, name: MetricName, collect: (add: SetGauge) => void): void {
  new Counter({
    ...definitionOf(name),
    registers: [registry],
    collect() {
      this.reset();
      collect((labels, value) => this.inc(labels, value));
    },
  });
}

function addPhoneProcessGauges(registry: Registry, processes: () => readonly PhoneProcessStatus[]): void {
  addGauge(registry, 'ippa_phone_processes', (set) => {
    const all = processes();
    if (all.length === 0) return;
    for (const state of PROCESS_STATES) set({ state }, all.filter((each) => each.state === state).length);
  });
  addGauge(registry, 'ippa_phone_process_cpu_seconds', (set) => {
    for (const { process: place, cpuSeconds } of processes()) set({ process: String(place) }, cpuSeconds);
  });
  addGauge(registry, 'ippa_phone_process_resident_memory_bytes', (set) => {
    for (const { process: place, residentBytes } of processes()) set({ process: String(place) }, residentBytes);
  });
}

function addProcessGauges(registry: Registry, { version, certificates }: MetricsOptions): void {
  addGauge(registry, 'ippa_certificate_end_timestamp_seconds', (set) => {
    for (const { listener, validTo } of certificates?.() ?? []) set({ listener }, validTo / 1000);
  });
  addGauge(registry, 'ippa_build_info', (set) => set({ version, node: process.versions.node }, 1));
  new Counter({
    ...definitionOf('process_cpu_seconds_total'),
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  addGauge(registry, 'process_resident_memory_bytes', (set) => set({}, process.memoryUsage.rss()));
  const startedAt = Date.now() / 1000 - process.uptime();
  addGauge(registry, 'process_start_time_seconds', (set) => set({}, startedAt));
}
