/** The composition root: builds the parts, starts them, stops them. The only file that imports across. */

import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { createCaptures } from './capture/captures.ts';
import type { Config } from './config/config.ts';
import { createConsolePhones } from './console-phones/console-phones.ts';
import { listOpenListeners } from './console-phones/entries.ts';
import { certificateEvent } from './domain/certificate-event.ts';
import type { Report } from './domain/events.ts';
import { selectAnswers, selectWords } from './domain/island.ts';
import { learntName } from './domain/server-names.ts';
import { decideStoreProblem } from './domain/store-status.ts';
import { createMonitor } from './health/monitor.ts';
import { createProbe } from './health/probe.ts';
import { createShownCertificates } from './ops/certificates.ts';
import { createChanges } from './ops/changes.ts';
import type { DemoControls } from './ops/demo-routes.ts';
import { createEventLog } from './ops/event-log.ts';
import { createEventStream } from './ops/event-stream.ts';
import { createLiveEvents } from './ops/live-events.ts';
import { createLiveStreams } from './ops/live-stream.ts';
import type { Log } from './ops/log.ts';
import { createMetrics, type MetricsOptions } from './ops/metrics.ts';
import { renderOutage } from './ops/outage-view.ts';
import { createProbeSeries } from './ops/probe-series.ts';
import { type HealthSources, reportHealth } from './ops/routes.ts';
import { createOpsServer } from './ops/server.ts';
import { createSessions } from './ops/sessions.ts';
import { loadPages, type PageTemplates } from './pages/templates.ts';
import { createPeers, NO_PEERS, type Peers } from './peers/peers.ts';
import { createPhoneSide, type PhoneSide } from './phone-side.ts';
import { allServices, defineServices, describeSurroundings, nameProxy } from './plan.ts';
import { createPhoneProcesses } from './processes/phone-processes.ts';
import { ALONE, createPushSharing, type PushNotes } from './push/push-sharing.ts';
import { createPushes } from './push/pushes.ts';
import { createRecords } from './records/records.ts';
import { createReports } from './reports/reports.ts';
import type { Facts } from './shared/facts.ts';
import { createOwnFacts, createSharing, type Sharing } from './sharing.ts';
import { createAdminKeeper } from './store/admin-settings.ts';
import { createDeviceRegistry } from './store/devices.ts';
import { createDrills } from './store/drills.ts';
import { createIslands } from './store/islands.ts';
import { createNameStore, nameHandlers } from './store/names.ts';
import { createServiceStore } from './store/services.ts';
import { type Clock, systemClock } from './time/clock.ts';
import { createWebhooks } from './webhooks/webhooks.ts';

export interface App {
  /** What happens outside of it, such as a reload, is reported to the same subscribers. */
  readonly report: Report;
  /** Rejects, with nothing left running, when a port cannot be had. */
  start(): Promise<void>;
  /**
   * Uses another configuration from now on and drops no request: what is under way ends by the old one, and what has not changed
   * goes on undisturbed, health and phones included. What needs a restart stays as it is (`diffConfig`
   * tells). Without `templates` their files are read here; throws PageTemplateError then, with nothing changed.
   */
  apply(next: Config, templates?: PageTemplates): void;
  /**
   * `/readyz` says no and every answer closes its connection; after `stop.pause` nothing new is accepted, and what is in
   * flight is finished. The ops port answers until that is done. All within `withinMs`, by default `stop.within`.
   */
  stop(withinMs?: number): Promise<void>;
  /** Where phones connect, in the order of the configuration; after start. */
  addresses(): readonly AddressInfo[];
  /** Where Finesse pushes to, in the order of the configuration; after start. */
  pushAddresses(): readonly AddressInfo[];
  /** Where browsers ask for reports, in the order of the configuration; after start. */
  reportAddresses(): readonly AddressInfo[];
  opsAddress(): AddressInfo;
  /** Every service has been probed once; how many those are. */
  readonly ready: Promise<number>;
}

/** Of the time to stop, what the ops port may take after phones are done. */
const OPS_STOP_MS = 500;
/** How often devices that went silent are looked for. */
const FORGET_EVERY_MS = 60_000;

export interface AppOptions {
  readonly clock?: Clock;
  /** Without them their files are read here; throws PageTemplateError then. */
  readonly templates?: PageTemplates;
  /** What `/health` says is wrong beyond what the app itself knows of. */
  readonly moreProblems?: () => readonly string[];
  /** What became of the log's lines at the syslog receiver; null: there is none. */
  readonly syslog?: MetricsOptions['syslog'];
  /** In the demonstration: what its operators can do to the simulated servers. */
  readonly demo?: DemoControls;
  /** What proxies know together; without it this one is alone. */
  readonly facts?: Facts | null;
}

export function createApp(initial: Config, log: Log, version: string, options: AppOptions = {}): App {
  const { clock = systemClock, templates = loadPages(initial.pages), moreProblems = () => [], demo } = options;
  const { syslog = () => null } = options;
  let config = initial;
  const startedAt = clock.now();
  const store = createServiceStore(defineServices(config), config.reconnect, clock);
  const devices = createDeviceRegistry();
  const names = createNameStore(config.clusters);
  const events = createEventStream((subscriber, event, error) =>
    log.error('subscriber-fault', { subscriber, event, error }),
  );
  const { report } = events;
  const eventLog = createEventLog(log, clock);
  const facts = options.facts ?? createOwnFacts(initial, () => config, clock, report);
  const adminSettings = createAdminKeeper(store, clock, {
    notRead: (error) => report({ kind: 'state-not-read', at: clock.now(), error }),
    notKept: (error) => report({ kind: 'state-not-kept', at: clock.now(), error }),
    keptAgain: () => report({ kind: 'state-kept', at: clock.now() }),
  });

  const drills = createDrills({ store, reconnect: config.reconnect, clock, report });
  const shownCertificates = createShownCertificates();
  const captures = createCaptures({
    surroundings: () => describeSurroundings(config, version, (id) => learntName(store.get(id)?.info ?? null)),
    serviceOf: (device) => devices.get(device)?.service ?? null,
    caughtUp: async () => processes?.caughtUp(),
    ...{ clock, report },
  });
  const { tap } = captures;
  const health: HealthSources = {
    ...{ store, devices, clock, version, startedAt, drills, captures },
    problems: () => [
      ...moreProblems(),
      ...[adminSettings.problem()].filter((problem) => problem !== null),
      ...records.problems(),
      ...webhooks.problems(),
      // Where the store is gone that comes first: that nobody hears of the others follows from it.
      ...[sharing?.status() ?? null].flatMap((status) => (status === null ? [] : (decideStoreProblem(status) ?? []))),
      ...peers.problems(sharing?.status()?.state ?? 'connected'),
      ...names
        .conflicts()
        .map(({ name, services: both }) => `${name} is claimed by ${both.join(' and ')}: it serves neither`),
    ],
    certificates: () => [
      ...phones.certificates(),
      ...reports.certificates(),
      ...[ops.certificate()].filter((held) => held !== null),
    ],
    certificateOf: shownCertificates.of,
    reports: () => reports.nodes(),
    site: () => config.site,
    islands: () => islands.suspected(),
    processes: () => processes?.status() ?? [],
    webhooks: () => webhooks.status(),
    proxies: () => peers.all(),
    sharedStore: () => sharing?.status() ?? null,
  };
  const metrics = createMetrics({
    ...health,
    health: () => reportHealth(health),
    missing: (service) => records.outages.missing(service),
    isDrilled: (service) => drills.get(service) !== null,
    syslog,
    notKept: () =>
      [adminSettings.problem(), ...records.problems(), webhooks.notKept()].filter((one) => one !== null).length,
  });

  const monitor = createMonitor({
    services: allServices(config),
    createProbe: (service) => createProbe(service, tap),
    reconnect: config.reconnect,
    store,
    clock,
    random: Math.random,
    proxy: nameProxy(config),
    ...{ tap, report },
  });
  const pushNotes: PushNotes = {
    latest: (service) => records.outages.latest(service),
    wasPushed: (...about) => records.outages.wasPushed(...about),
    notePush: (...about) => records.outages.notePush(...about),
  };
  /** Whose phones are not for this proxy to tell: from here nobody knows how those of another site are. */
  const isElsewhere = (id: string) => peers.isAlive(id) || !peers.isOfThisSite(id);
  const maintenanceOf = (service: string) => {
    const { admin, until, maintAt = null } = store.state(service).admin;
    return String(maintAt ?? until ?? admin);
  };
  const peers: Peers =
    facts === null
      ? NO_PEERS
      : createPeers({
          ...{ facts, store, heard: monitor.heard, signedIn: devices.signedIn },
          ...{ name: hostname(), site: config.site, version, clock, report },
        });
  const pushes = createPushes({
    ...{ config, devices, names, tap, clock, report },
    sharing: facts === null ? ALONE : createPushSharing(facts, pushNotes, isElsewhere, maintenanceOf),
  });
  store.onPassed((service, passed) => {
    const at = clock.now();
    if (passed.kind === 'fippa-failing') return report({ kind: 'fippa-failing-over', at, service });
    report({ kind: 'service-set', at, service, from: passed.from, to: passed.to, who: null, address: null });
  });
  events.subscribe('drills', drills.handlers);
  const islands = createIslands(
    ...([store, config.island, clock, report] as const),
    () => selectAnswers(reports.nodes()),
    facts === null ? null : () => selectWords(peers.all(), config.site),
  );
  const reports = createReports({
    ...{ config, clock, report },
    islands: islands.suspected,
  });
  events.subscribe('islands', {
    'report-node-probed': islands.look,
    'proxy-heard': islands.look,
    'proxy-gone': islands.look,
    'proxy-said': islands.look,
  });
  events.subscribe('log', eventLog.handlers);
  events.subscribe('metrics', metrics.handlers);
  events.subscribe('certificates', shownCertificates.handlers);
  events.subscribe('names', nameHandlers(names, report));
  const records = createRecords({
    ...{ config, store, devices, islands, clock, report, facts },
    isAlive: (id) => peers.isAlive(id),
    isNear: (device) => peers.isNear(device),
    isHere: (device) => peers.isHere(device),
  });
  // First: a push is told of under the name of its outage.
  events.subscribe('outages', records.outages.handlers);
  events.subscribe('pushes', pushes.handlers);
  events.subscribe('audit', records.audit.handlers);
  const sharing: Sharing | null =
    facts === null
      ? null
      : createSharing({
          ...{ config, facts, store, devices, audit: records.audit },
          ...{ name: hostname(), clock, report },
        });
  if (sharing !== null) events.subscribe('sharing', sharing.handlers);
  const webhooks = createWebhooks({
    ...{ config, clock, report },
    ...(facts === null ? {} : { claim: (name, forMs) => facts.claim(name, forMs) }),
    sender: { proxy: hostname(), version },
    facts: {
      service: store.get,
      outage(id) {
        const found = records.outages.get(id);
        return found === null ? null : { ...renderOutage(found, clock.now()) };
      },
      latestOutage: (service) =>
        records.outages.all().find((each) => each.service === service && !each.drill)?.id ?? null,
    },
  });
  // After the records, which say of what outage an event tells.
  events.subscribe('webhooks', webhooks.handlers);
  const probes = createProbeSeries((id) => store.get(id) !== null);
  events.subscribe('probes', probes.handlers);
  const changes = createChanges();
  events.subscribe('changes', changes.handlers);

  const phoneParts = { config, templates, store, devices, monitor, addresses: pushes.addresses, clock, report };
  const processes =
    config.processes === 1 ? null : createPhoneProcesses({ ...phoneParts, drills, passed: captures.heard });
  if (processes !== null) events.subscribe('processes', processes.handlers);
  const phones: PhoneSide = processes ?? createPhoneSide({ ...phoneParts, names, tap, viewFor: drills.viewFor });

  let draining = false;
  const operators = () => config.ops.operators;
  const sessions = createSessions(operators, clock);
  sessions.onEnd(() => {
    streams.recheck();
    consolePhones.recheck();
  });
  const streams = createLiveStreams({
    clock,
    snapshot: () => reportHealth(health),
    onFault: (error) => report({ kind: 'internal-fault', at: clock.now(), where: 'operators', error }),
  });
  const live = { streams, outages: records.outages, clock, health: () => reportHealth(health) };
  events.subscribe('streams', createLiveEvents(live));
  let isListening = false;
  const consolePhones = createConsolePhones({
    ...{ config: () => config, clock, report },
    listeners: () =>
      isListening ? listOpenListeners(initial.phones.listeners, config.phones.listeners, phones.addresses()) : [],
    forget(device) {
      const service = devices.remove(device);
      if (service !== null) report({ kind: 'device-signed-out', at: clock.now(), device, service });
    },
  });
  const ops = createOpsServer({
    ...{ host: config.ops.host, port: config.ops.port, tls: config.ops.tls },
    ...{ operators, sessions, streams, phones: consolePhones, demo },
    onCertificate: (seen) => report(certificateEvent(clock.now(), 'ops', seen)),
    ...health,
    drills,
    isHere: (device) => peers.isHere(device),
    metrics,
    report,
    ...(processes === null ? {} : { caughtUp: processes.caughtUp }),
    isReady: () => monitor.isReady() && !draining && processes?.isServing() !== false,
    notKept: adminSettings.problem,
    outages: records.outages,
    audit: records.audit,
    ...{ probes, changes },
    reconnect: () => config.reconnect,
  });
  let cancelForget = () => {};
  const forget = () => {
    devices.forget(clock.now() - config.phones.forgetAfterMs);
    sharing?.prune();
    cancelForget = clock.after(FORGET_EVERY_MS, forget);
  };

  const apply: App['apply'] = (next, nextTemplates = loadPages(next.pages)) => {
    const stays = new Set(allServices(next).map(({ id }) => id));
    const gone = allServices(config).filter(({ id }) => !stays.has(id));
    config = next;
    store.reconfigure(defineServices(config), config.reconnect);
    drills.reconfigure(config.reconnect);
    names.reconfigure(config.clusters);
    pushes.reconfigure(config);
    islands.reconfigure(config.island);
    reports.reconfigure(config);
    monitor.reconfigure({ services: allServices(config), reconnect: config.reconnect });
    for (const { id } of gone) devices.serviceRemoved(id);
    phones.apply(config, nextTemplates);
    ops.reconfigure(config.ops.tls);
    adminSettings.moveTo(config.state.folder);
    records.reconfigure(config);
    webhooks.reconfigure(config);
    peers.reconfigure(config.site);
    sharing?.reconfigure(config);
    streams.recheck();
    consolePhones.recheck();
    report({ kind: 'configuration-applied', at: clock.now() });
  };

  const stop = async (withinMs = config.stop.withinMs) => {
    const opsMs = Math.min(OPS_STOP_MS, withinMs / 4);
    const phonesMs = withinMs - opsMs;
    draining = true;
    report({ kind: 'draining', at: clock.now() });
    drills.stop();
    captures.stop();
    cancelForget();
    await consolePhones.stop();
    eventLog.stop();
    islands.stop();
    adminSettings.stop();
    phones.drain();
    const pauseMs = Math.min(config.stop.pauseMs, phonesMs);
    if (pauseMs > 0) await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
    const leftMs = phonesMs - pauseMs;
    await Promise.all([monitor.stop(), phones.stop(leftMs), pushes.stop(leftMs), reports.stop(leftMs)]);
    peers.stop();
    await Promise.all([ops.stop(opsMs), records.stop(opsMs), webhooks.stop(opsMs), sharing?.stop(opsMs)]);
  };

  return {
    report,
    async start() {
      adminSettings.readFrom(config.state.folder);
      records.read();
      webhooks.read();
      changes.restore(records.outages.all(), records.audit.since(0));
      try {
        await ops.start();
        await sharing?.connect();
        for (const part of [phones, pushes, reports]) await part.start();
        isListening = true;
      } catch (error) {
        await stop(0);
        throw error;
      }
      records.begin();
      await sharing?.start();
      webhooks.begin();
      forget();
      // First: the first probes then meet what others know already.
      peers.start();
      monitor.start();
    },
    apply,
    stop,
    addresses: phones.addresses,
    pushAddresses: pushes.listening,
    reportAddresses: reports.addresses,
    opsAddress: () => ops.address(),
    ready: monitor.ready.then(() => allServices(config).length),
  };
}
