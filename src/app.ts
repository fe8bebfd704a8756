/** The composition root: builds the parts, starts them, stops them. The only file that imports across. */

import type { AddressInfo } from 'node:net';
import type { Config, ListenerConfig } from './config/config.ts';
import { failures } from './domain/failure.ts';
import { createMonitor, type HealthChange } from './monitor/monitor.ts';
import { createProbe } from './monitor/probe.ts';
import type { Log } from './ops/log.ts';
import { createMetrics } from './ops/metrics.ts';
import { createOpsServer } from './ops/server.ts';
import { loadPages } from './phone/templates.ts';
import { createAddressOf } from './proxy/client-address.ts';
import { createPhoneHandler } from './proxy/handler.ts';
import { createListener, type Listener } from './proxy/listener.ts';
import { createRelay } from './proxy/relay.ts';
import { createAdminSettingsFile } from './store/admin-settings.ts';
import { systemClock } from './store/clock.ts';
import { createDeviceRegistry } from './store/devices.ts';
import { createNameStore } from './store/names.ts';
import { createServiceStore } from './store/services.ts';

export interface App {
  /** Rejects, with nothing left running, when a port cannot be had. */
  start(): Promise<void>;
  /** Finishes what is in flight, for at most `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
  /** Where phones connect, in the order of the configuration; after start. */
  addresses(): readonly AddressInfo[];
  opsAddress(): AddressInfo;
  /** Every service has been probed once. */
  readonly ready: Promise<void>;
}

/** How often devices that went silent are looked for. */
const FORGET_EVERY_MS = 60_000;

export function createApp(config: Config, log: Log, version: string): App {
  const clock = systemClock;
  const startedAt = clock.now();
  const services = config.clusters.flatMap((cluster) => cluster.services);
  const store = createServiceStore(
    config.clusters.flatMap(({ id: cluster, services: members }) =>
      members.map(({ id, name, probe }) => ({ id, name, cluster, probeIntervalMs: probe.intervalMs })),
    ),
    config.reconnect,
    clock,
  );
  const devices = createDeviceRegistry();
  const names = createNameStore(config.clusters);
  const metrics = createMetrics({ store, devices, version, clock });
  const templates = loadPages(config.pages);

  const monitor = createMonitor({
    services,
    createProbe,
    reconnect: config.reconnect,
    store,
    clock,
    random: Math.random,
    onChange: (id, change) => announce(id, change),
    onProbe: (id, { outcome, latencyMs }) => {
      metrics.probeEnded(id, latencyMs / 1000, outcome.kind);
      const conflicts = names.learn(id, outcome.kind === 'fault' ? null : outcome.info);
      if (conflicts !== null) log.warn('name-conflict', { conflicts });
    },
    onFault: (id, error) => log.error('probe-fault', { service: id, error }),
  });

  const announce = (id: string, change: HealthChange) => {
    const { failure } = store.health(id);
    const reason = failure === null ? null : `${failures[failure.code].operator} (${failure.detail})`;
    const fields = { service: id, from: change.from, to: change.to, attempt: change.attempt, reason };
    if (change.to === 'reconnecting') {
      metrics.attemptStarted(id);
      log.warn(change.from === 'reconnecting' ? 'service-attempt' : 'service-state', fields);
    } else if (change.to === 'out-of-service') {
      metrics.verdict(id);
      log.error('service-state', fields);
    } else {
      if (change.from !== 'unknown') metrics.recovered(id);
      log.info('service-state', { ...fields, reason: null });
    }
  };

  const relay = createRelay(services, names);
  const handler = createPhoneHandler({
    answerWithinMs: config.phones.answerWithinMs,
    frontDoor: config.clusters.find((cluster) => cluster.frontDoor)?.id ?? null,
    store,
    devices,
    monitor,
    relay: relay.relay,
    templates,
    addressOf: createAddressOf(config.phones.trustedFronts),
    clock,
    log,
    metrics,
  });
  let draining = false;
  const ops = createOpsServer({
    ...config.ops,
    store,
    devices,
    metrics,
    log,
    clock,
    version,
    startedAt,
    isReady: () => monitor.isReady() && !draining,
    problems: () =>
      names
        .conflicts()
        .map(({ name, services: both }) => `${name} is claimed by ${both.join(' and ')}: it serves neither`),
  });
  const listeners: Listener[] = config.phones.listeners.map((listener, index) => createPhoneListener(listener, index));

  function createPhoneListener(listener: ListenerConfig, index: number): Listener {
    const created: Listener = createListener(listener, {
      key: `phones.listeners[${index}]`,
      onRequest: (req, res) => void handler.handle(req, res, listener, created.address().port),
      onRefused: handler.refused,
      errorPage: handler.refusalPage,
    });
    return created;
  }

  let cancelForget = () => {};
  const forget = () => {
    devices.forget(clock.now() - config.phones.forgetAfterMs);
    cancelForget = clock.after(FORGET_EVERY_MS, forget);
  };

  const keepAdminSettings = (folder: string) => {
    const file = createAdminSettingsFile(folder);
    for (const [id, setting] of file.read(clock.now())) if (store.get(id) !== null) store.setAdmin(id, setting);
    store.onAdminChange(() => file.write(new Map(store.all().map(({ id, admin }) => [id, admin]))));
  };

  const stop = async (deadlineMs: number) => {
    draining = true;
    cancelForget();
    monitor.stop();
    await Promise.all(listeners.map((listener) => listener.stop(deadlineMs)));
    await Promise.all([relay.close(), ops.stop()]);
  };

  return {
    async start() {
      if (config.state.folder !== null) keepAdminSettings(config.state.folder);
      try {
        for (const part of [ops, ...listeners]) await part.start();
      } catch (error) {
        await stop(0);
        throw error;
      }
      forget();
      monitor.start();
    },
    stop,
    addresses: () => listeners.map((listener) => listener.address()),
    opsAddress: () => ops.address(),
    ready: monitor.ready,
  };
}
