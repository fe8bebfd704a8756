/** The composition root: builds the parts, starts them, stops them. The only file that imports across. */

import type { AddressInfo } from 'node:net';
import type { Config } from './config/config.ts';
import { createMonitor, type HealthChange } from './health/monitor.ts';
import { createProbe } from './health/probe.ts';
import { createClientLimits } from './http/server/client-limits.ts';
import { logNotification } from './notification/notification-log.ts';
import { renderFailure } from './ops/health.ts';
import type { Log } from './ops/log.ts';
import { createMetrics } from './ops/metrics.ts';
import { createOpsServer } from './ops/server.ts';
import { logCertificate } from './phones/certificate-log.ts';
import { createPhoneHandler } from './phones/handler.ts';
import { createPhoneListeners } from './phones/phone-listeners.ts';
import { createRefusalLog } from './phones/refusal-log.ts';
import { allServices, createPlan, defineClientLimits, defineServices } from './plan.ts';
import { createPushes } from './push/pushes.ts';
import { createRelay } from './relay/relay.ts';
import { createAdminKeeper } from './store/admin-settings.ts';
import { createDeviceRegistry } from './store/devices.ts';
import { createNameStore } from './store/names.ts';
import { createServiceStore } from './store/services.ts';
import { type Clock, systemClock } from './time/clock.ts';

export interface App {
  /** Rejects, with nothing left running, when a port cannot be had. */
  start(): Promise<void>;
  /**
   * Takes over another configuration and drops no request: what is under way ends by the old one, and what has not changed
   * goes on undisturbed, health and phones included. Throws PageTemplateError with nothing changed. What needs a restart
   * stays as it is (`diffConfig` tells).
   */
  apply(next: Config): void;
  /**
   * `/readyz` says no and every answer closes its connection; after `stop.pause` nothing new is accepted, and what is in
   * flight is finished. The ops port answers until that is done. All within `withinMs`, by default `stop.within`.
   */
  stop(withinMs?: number): Promise<void>;
  /** Where phones connect, in the order of the configuration; after start. */
  addresses(): readonly AddressInfo[];
  /** Where Finesse pushes to, in the order of the configuration; after start. */
  pushAddresses(): readonly AddressInfo[];
  opsAddress(): AddressInfo;
  /** Every service has been probed once; how many those are. */
  readonly ready: Promise<number>;
}

/** Of the time to stop, what the ops port may take after phones are done. */
const OPS_STOP_MS = 500;
/** How often devices that went silent are looked for. */
const FORGET_EVERY_MS = 60_000;

export function createApp(initial: Config, log: Log, version: string, clock: Clock = systemClock): App {
  let config = initial;
  let plan = createPlan(config);
  const startedAt = clock.now();
  const store = createServiceStore(defineServices(config), config.reconnect, clock);
  const devices = createDeviceRegistry();
  const names = createNameStore(config.clusters);
  const metrics = createMetrics({ store, devices, version, clock, certificates: () => listeners.certificates() });

  const monitor = createMonitor({
    services: allServices(config),
    createProbe,
    reconnect: config.reconnect,
    store,
    clock,
    random: Math.random,
    onChange: (id, change) => announce(id, change),
    onProbe: (id, { outcome, latencyMs }) => {
      metrics.probeEnded(id, latencyMs / 1000, outcome.kind);
      // A fault of the configuration changes no state, so no other line would tell of it.
      if (outcome.kind === 'fault' && store.health(id).failure?.code !== outcome.failure.code) {
        log.error('service-fault', { service: id, reason: renderFailure(outcome.failure) });
      }
      const conflicts = names.learn(id, outcome.kind === 'fault' ? null : outcome.info);
      if (conflicts !== null) log.warn('name-conflict', { conflicts });
    },
    onFault: (id, error) => log.error('probe-fault', { service: id, error }),
    onNotification: (id, seen) => {
      metrics.notificationSeen(id, seen);
      logNotification(log, id, seen);
    },
  });

  const pushes = createPushes({ config, devices, names, clock, log, metrics });

  const announce = (id: string, change: HealthChange) => {
    pushes.changed(id, change.from, change.to);
    const { failure } = store.health(id);
    const reason = failure === null ? null : renderFailure(failure);
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

  const relay = createRelay(allServices(config), names);
  const refusals = createRefusalLog({ clock, write: (fields) => log.warn('request-refused', fields) });
  const handler = createPhoneHandler({
    plan: () => plan,
    store,
    devices,
    monitor,
    relay: relay.relay,
    addresses: pushes.addresses,
    clock,
    log,
    refusals,
    metrics,
  });
  let draining = false;
  const ops = createOpsServer({
    ...config.ops,
    token: () => config.ops.token,
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
    certificates: () => listeners.certificates(),
  });
  const clientLimits = createClientLimits(defineClientLimits(config), clock);
  const listeners = createPhoneListeners(config.phones, {
    onRequest: (exchange, listener, port) => void handler.handle(exchange, listener, port),
    onRefused: handler.refused,
    errorAnswer: handler.refusalPage,
    clientLimits,
    clock,
    onCertificate: (listener, report) => logCertificate(log, listener, report),
  });

  let cancelForget = () => {};
  const forget = () => {
    devices.forget(clock.now() - config.phones.forgetAfterMs);
    cancelForget = clock.after(FORGET_EVERY_MS, forget);
  };

  const adminSettings = createAdminKeeper(store, {
    notRead: (error) => log.error('state-not-read', { error }),
    notKept: (error) => log.error('state-not-kept', { error }),
  });

  const apply = (next: Config) => {
    const nextPlan = createPlan(next);
    const stays = new Set(allServices(next).map(({ id }) => id));
    const gone = allServices(config).filter(({ id }) => !stays.has(id));
    config = next;
    plan = nextPlan;
    store.define(defineServices(config), config.reconnect);
    names.define(config.clusters);
    pushes.define(config);
    relay.define(allServices(config));
    monitor.define({ services: allServices(config), reconnect: config.reconnect });
    for (const { id } of gone) devices.left(id);
    clientLimits.define(defineClientLimits(config));
    listeners.define(config.phones);
    adminSettings.moveTo(config.state.folder);
  };

  const stop = async (withinMs = config.stop.withinMs) => {
    const opsMs = Math.min(OPS_STOP_MS, withinMs / 4);
    const phonesMs = withinMs - opsMs;
    draining = true;
    cancelForget();
    refusals.stop();
    listeners.drain();
    const pauseMs = Math.min(config.stop.pauseMs, phonesMs);
    if (pauseMs > 0) await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
    const leftMs = phonesMs - pauseMs;
    await Promise.all([monitor.stop(), listeners.stop(leftMs), pushes.stop(leftMs)]);
    await Promise.all([relay.close(), ops.stop(opsMs)]);
  };

  return {
    async start() {
      adminSettings.readFrom(config.state.folder, clock.now());
      try {
        for (const part of [ops, listeners, pushes]) await part.start();
      } catch (error) {
        await stop(0);
        throw error;
      }
      forget();
      monitor.start();
    },
    apply,
    stop,
    addresses: listeners.addresses,
    pushAddresses: pushes.listening,
    opsAddress: () => ops.address(),
    ready: monitor.ready.then(() => allServices(config).length),
  };
}
