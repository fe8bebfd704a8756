/** Counts what happens and shows it, with the state of the services, in the Prometheus text format. */

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type FailureCode, failures } from '../domain/failure.ts';
import type { AdminState, HealthState, ProbeOutcome, ServiceStatus } from '../domain/model.ts';
import type { AddressRefusal } from '../domain/phone-address.ts';
import type { NotificationSeen } from '../notification/notification.ts';
import type { PageName } from '../pages/page-view.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import { createBucketHistogram } from './bucket-histogram.ts';
import type { HeldCertificate } from './health.ts';
import { type MetricDefinition, type MetricName, metricDefinitions } from './metric-definitions.ts';
import { createTally, type Tally } from './tally.ts';

/** What became of a phone's request. */
export type PhoneOutcome = 'relayed' | 'page' | 'action' | 'refused' | 'failed' | 'gone';

/** `service` is the id of a configured service; anything else counts under `none`. */
export interface Metrics {
  phoneRequest(service: string, outcome: PhoneOutcome): void;
  /** Time from the end of a phone's request to the end of its answer, in seconds. */
  answered(seconds: number): void;
  pageServed(service: string, page: PageName): void;
  requestRefused(code: FailureCode): void;
  upstreamFailed(service: string, code: FailureCode): void;
  urlOverlong(service: string): void;
  steered(from: string, to: string, result: 'confirmed' | 'gone'): void;
  /** A push of Finesse; null: no service is known. */
  pushRelayed(service: string | null, outcome: 'delivered' | FailureCode): void;
  /** A push of the proxy itself. */
  pushed(service: string, event: string, outcome: 'delivered' | 'left-alone' | FailureCode): void;
  phoneAddressChanged(reason: 'sign-in' | 'old-gone'): void;
  phoneAddressRefused(reason: AddressRefusal): void;
  attemptStarted(service: string): void;
  verdict(service: string): void;
  recovered(service: string): void;
  notificationSeen(service: string, seen: NotificationSeen): void;
  probeEnded(service: string, seconds: number, outcome: ProbeOutcome['kind']): void;
  render(): Promise<{ readonly body: string; readonly contentType: string }>;
}

export interface MetricsOptions {
  readonly store: ServiceStore;
  readonly devices: DeviceRegistry;
  readonly version: string;
  readonly clock: Clock;
  /** Of the listeners where phones connect. */
  readonly certificates?: () => readonly Pick<HeldCertificate, 'listener' | 'validTo'>[];
}

const NONE = 'none';
const OUTCOMES: readonly PhoneOutcome[] = ['relayed', 'page', 'action', 'refused', 'failed', 'gone'];
const PAGES: readonly PageName[] = ['reconnecting', 'unavailable', 'waiting', 'recovered', 'maintenance', 'error'];
const STATES: readonly HealthState[] = ['unknown', 'in-service', 'reconnecting', 'out-of-service'];
const ADMINS: readonly AdminState[] = ['ready', 'drain', 'maint'];

export function createMetrics(options: MetricsOptions): Metrics {
  const { store } = options;
  const registry = new Registry();
  const services = () => store.all().map(({ id }) => id);
  const nameOf = (service: string) => (store.get(service) === null ? NONE : service);
  const refusals = Object.entries(failures).flatMap(([code, { cause }]) => (cause === 'request' ? [code] : []));

  const requests = createTally(() => [...services(), NONE], OUTCOMES);
  const pages = createTally(() => [...services(), NONE], PAGES);
  const refused = createTally(() => refusals, ['']);
  const relayFailures = createTally(() => [], []);
  const overlong = createTally(services, ['']);
  const steered = createTally(() => [], []);
  const pushRelays = createTally(() => [...services(), NONE], ['delivered']);
  const pushes = createTally(() => [], []);
  const addressChanges = createTally(() => ['sign-in', 'old-gone'], ['']);
  const addressRefusals = createTally(() => ['network', 'loopback', 'own', 'finesse'], ['']);
  const attempts = createTally(services, ['']);
  const verdicts = createTally(services, ['']);
  const recoveries = createTally(services, ['']);
  const listeningTo = () => store.all().flatMap(({ id, signals }) => (signals.notification === 'off' ? [] : [id]));
  const notifications = createTally(listeningTo, ['in-service', 'out-of-service', 'available', 'unavailable']);
  const ignored = createTally(() => [], []);
  const disconnects = createTally(() => [], []);

  addCounter(registry, 'ippa_phone_requests_total', requests);
  const { name, help, buckets } = definitionOf('ippa_phone_answer_duration_seconds');
  const answers = createBucketHistogram(name, help, buckets);
  registry.registerMetric(answers.metric);
  addCounter(registry, 'ippa_pages_served_total', pages);
  addCounter(registry, 'ippa_requests_refused_total', refused);
  addCounter(registry, 'ippa_relay_failures_total', relayFailures);
  addCounter(registry, 'ippa_overlong_urls_total', overlong);
  addCounter(registry, 'ippa_steered_total', steered);
  addCounter(registry, 'ippa_push_relays_total', pushRelays);
  addCounter(registry, 'ippa_pushes_total', pushes);
  addCounter(registry, 'ippa_phone_address_changes_total', addressChanges);
  addCounter(registry, 'ippa_phone_address_refusals_total', addressRefusals);
  addCounter(registry, 'ippa_reconnect_attempts_total', attempts);
  addCounter(registry, 'ippa_verdicts_total', verdicts);
  addCounter(registry, 'ippa_recoveries_total', recoveries);
  addCounter(registry, 'ippa_notifications_total', notifications);
  addCounter(registry, 'ippa_notifications_ignored_total', ignored);
  addCounter(registry, 'ippa_notification_disconnects_total', disconnects);
  const probes = new Histogram({ ...definitionOf('ippa_probe_duration_seconds'), registers: [registry] });
  addServiceGauges(registry, options);
  addProcessGauges(registry, options);

  return {
    phoneRequest: (service, outcome) => requests.add(nameOf(service), outcome),
    answered: (seconds) => answers.add(seconds),
    pageServed: (service, page) => pages.add(nameOf(service), page),
    requestRefused: (code) => refused.add(code, ''),
    upstreamFailed: (service, code) => relayFailures.add(nameOf(service), code),
    urlOverlong: (service) => overlong.add(nameOf(service), ''),
    // Two services and a result in two keys: `from` and `to` are ids, which hold no space.
    steered: (from, to, result) => steered.add(`${nameOf(from)} ${nameOf(to)}`, result),
    pushRelayed: (service, outcome) => pushRelays.add(nameOf(service ?? NONE), outcome),
    pushed: (service, event, outcome) => pushes.add(`${nameOf(service)} ${event}`, outcome),
    phoneAddressChanged: (reason) => addressChanges.add(reason, ''),
    phoneAddressRefused: (reason) => addressRefusals.add(reason, ''),
    attemptStarted: (service) => attempts.add(nameOf(service), ''),
    verdict: (service) => verdicts.add(nameOf(service), ''),
    recovered: (service) => recoveries.add(nameOf(service), ''),
    notificationSeen(service, seen) {
      const id = nameOf(service);
      if (seen.kind === 'notified')
        notifications.add(id, seen.status === 'IN_SERVICE' ? 'in-service' : 'out-of-service');
      else if (seen.kind === 'presence') notifications.add(id, seen.available ? 'available' : 'unavailable');
      else if (seen.kind === 'ignored') ignored.add(id, seen.because);
      else if (seen.kind === 'disconnected') disconnects.add(id, seen.failure.code);
    },
    probeEnded: (service, seconds, outcome) => probes.observe({ service: nameOf(service), outcome }, seconds),
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
        const values = [...first.split(' '), second];
        this.inc(Object.fromEntries(definition.labelNames.map((label, index) => [label, values[index]])), count);
      }
    },
  });
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

function addServiceGauges(registry: Registry, { store, devices, clock }: MetricsOptions): void {
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
  perService('ippa_service_devices', ({ id }, set) => set({ service: id }, devices.signedIn(id)));
  addGauge(registry, 'ippa_devices', (set) => set({}, devices.size()));
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
