/** All services' supervisors as one: what the phone path may ask of health, and when the first round of probes is over. */

import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ServiceConfig } from '../config/config.ts';
import type { HealthEffect, HealthSettings } from '../domain/service-health.ts';
import { createNotificationClient, type NotificationSeen } from '../notification/notification.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import type { Probe, ProbeResult } from './probe.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

export type HealthChange = HealthEffect & { readonly kind: 'announce' };

/** What a configuration says to the monitor. */
export interface Watched {
  readonly services: readonly ServiceConfig[];
  readonly reconnect: HealthSettings;
}

export interface MonitorOptions extends Watched {
  readonly createProbe: (service: ServiceConfig) => Probe;
  readonly store: ServiceStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onChange: (id: string, change: HealthChange) => void;
  readonly onProbe: (id: string, result: ProbeResult) => void;
  readonly onFault: (id: string, error: unknown) => void;
  /** What came from the Notification Service, for log and metrics. */
  readonly onNotification?: (id: string, seen: NotificationSeen) => void;
}

export interface Monitor {
  start(): void;
  /** Resolves when the Notification Services have been told. */
  stop(): Promise<void>;
  /**
   * Replaces the services, after the store. One that has not changed is watched on undisturbed; a changed one is probed
   * at once, and goes on from the health that the store has of it.
   */
  define(next: Watched): void;
  /** Every service has been probed once. */
  isReady(): boolean;
  readonly ready: Promise<void>;
  /** At once for a service that is no longer configured. */
  requestFailed(id: string): Promise<void>;
  /** false for a service that is no longer configured. */
  confirm(id: string, withinMs: number): Promise<boolean>;
}

interface Watch {
  readonly service: ServiceConfig;
  readonly supervisor: Supervisor;
  /** `before` is the service as it was configured until now. */
  start(before?: ServiceConfig): void;
  stop(): Promise<void>;
}

export function createMonitor(options: MonitorOptions): Monitor {
  let { reconnect } = options;
  const watch = (service: ServiceConfig): Watch => watchOne({ ...options, reconnect }, service);
  let watches = new Map(options.services.map((service) => [service.id, watch(service)]));
  let isRunning = false;
  let isReady = false;
  const ready = Promise.all([...watches.values()].map(({ supervisor }) => supervisor.firstProbe)).then(() => {
    isReady = true;
  });
  return {
    start() {
      isRunning = true;
      for (const each of watches.values()) each.start();
    },
    async stop() {
      isRunning = false;
      await Promise.all([...watches.values()].map((each) => each.stop()));
    },
    define(next) {
      const before = watches;
      const sameGrid = isDeepStrictEqual(reconnect, next.reconnect);
      reconnect = next.reconnect;
      const keep = (service: ServiceConfig) => {
        const known = before.get(service.id);
        return sameGrid && isDeepStrictEqual(known?.service, service) ? known : undefined;
      };
      watches = new Map(next.services.map((service) => [service.id, keep(service) ?? watch(service)]));
      const kept = new Set(watches.values());
      for (const old of before.values()) if (!kept.has(old)) void old.stop();
      const known = new Set(before.values());
      for (const made of watches.values())
        if (isRunning && !known.has(made)) made.start(before.get(made.service.id)?.service);
    },
    isReady: () => isReady,
    ready,
    requestFailed: async (id) => watches.get(id)?.supervisor.requestFailed(),
    confirm: async (id, withinMs) => (await watches.get(id)?.supervisor.confirm(withinMs)) ?? false,
  };
}

function watchOne(options: MonitorOptions, service: ServiceConfig): Watch {
  const { clock } = options;
  const { notification: config } = service;
  const notification =
    config === null
      ? null
      : createNotificationClient({
          ...{ service, config, clock, intervalMs: options.reconnect.intervalMs },
          isLost: () => options.store.signals(service.id).connection.says === 'lost',
          unique: () => randomBytes(4).toString('hex'),
          report: (event) => supervisor.signal(event),
          observe: (seen) => options.onNotification?.(service.id, seen),
        });
  const supervisor = createSupervisor({
    id: service.id,
    probe: options.createProbe(service),
    probeIntervalMs: service.probe.intervalMs,
    probeTimeoutMs: service.probe.timeoutMs,
    reconnect: options.reconnect,
    advisory: config?.advisory ?? false,
    store: options.store,
    clock,
    random: options.random,
    onChange: (change) => options.onChange(service.id, change),
    onProbe: (result) => {
      options.onProbe(service.id, result);
      if (result.outcome.kind === 'confirmed') notification?.confirmed(result.outcome.info);
    },
    onFault: (error) => options.onFault(service.id, error),
  });
  return {
    service,
    supervisor,
    start(before) {
      const isSame = config !== null && isDeepStrictEqual(before?.notification, config);
      supervisor.signal({ kind: 'reset', at: clock.now(), isSame });
      supervisor.start();
    },
    async stop() {
      supervisor.stop();
      await notification?.stop();
    },
  };
}
