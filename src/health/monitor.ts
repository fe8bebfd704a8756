/** All services' supervisors as one: what the phone path may ask of health, and when the first round of probes is over. */

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ServiceConfig } from '../config/config.ts';
import type { Report } from '../domain/events.ts';
import type { PeerEvent } from '../domain/health/peers.ts';
import type { HealthSettings } from '../domain/health/state.ts';
import type { Tap } from '../domain/tap.ts';
import { createNotificationClient, type NotificationClient } from '../notification/notification.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import type { Probe } from './probe.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

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
  /** The same at each start of this proxy, and another one for each proxy. */
  readonly proxy: string;
  readonly tap?: Pick<Tap, 'service'>;
  readonly report: Report;
}

export interface Monitor {
  start(): void;
  /** Resolves when the Notification Services have been told. */
  stop(): Promise<void>;
  /**
   * Replaces the services, after the store. One that has not changed is watched on undisturbed; a changed one is probed
   * at once, and goes on from the health that the store has of it.
   */
  reconfigure(next: Watched): void;
  /** Every service has been probed once. */
  isReady(): boolean;
  readonly ready: Promise<void>;
  /** At once for a service that is no longer configured. */
  requestFailed(id: string): Promise<void>;
  /** Another proxy has said how it sees the service. */
  heard(id: string, event: PeerEvent): void;
  /** false for a service that is no longer configured. */
  confirm(id: string, withinMs: number): Promise<boolean>;
}

export function createMonitor(options: MonitorOptions): Monitor {
  let { reconnect } = options;
  const watch = (service: ServiceConfig): Watch => watchOne({ ...options, reconnect }, service);
  let watches = new Map(options.services.map((service) => [service.id, watch(service)]));
  let isRunning = false;
  let isReady = false;
  const ready = Promise.all([...watches.values()].map(({ supervisor }) => supervisor().firstProbe)).then(() => {
    isReady = true;
  });
  options.store.onWakeChange((id) => watches.get(id)?.supervisor().settingChanged());
  return {
    start() {
      isRunning = true;
      for (const each of watches.values()) each.start();
    },
    async stop() {
      isRunning = false;
      await Promise.all([...watches.values()].map((each) => each.stop()));
    },
    reconfigure(next) {
      const before = watches;
      reconnect = next.reconnect;
      watches = new Map(next.services.map((service) => [service.id, before.get(service.id) ?? watch(service)]));
      for (const service of next.services) {
        const known = before.get(service.id);
        if (known?.reconfigure(service, reconnect) === false) watches.set(service.id, watch(service));
      }
      const kept = new Set(watches.values());
      for (const old of before.values()) if (!kept.has(old)) void old.stop();
      const known = new Set(before.values());
      for (const made of watches.values()) if (isRunning && !known.has(made)) made.start();
    },
    isReady: () => isReady,
    ready,
    requestFailed: async (id) => watches.get(id)?.supervisor().requestFailed(),
    heard: (id, event) => watches.get(id)?.supervisor().signal(event),
    confirm: async (id, withinMs) => (await watches.get(id)?.supervisor().confirm(withinMs)) ?? false,
  };
}

interface Watch {
  /** The one that is at work now. */
  readonly supervisor: () => Supervisor;
  start(): void;
  stop(): Promise<void>;
  /**
   * Goes on by another configuration: begins anew with what concerns it, and with nothing else. Returns false, with nothing
   * changed, for another server.
   */
  reconfigure(service: ServiceConfig, reconnect: HealthSettings): boolean;
}

/** The server that the health is about. */
const serverOf = ({ url, probe }: ServiceConfig) => [url, probe.url];

/** What the connection to the Notification Service depends on; null: there is none. */
function connectionOf({ notification, certificateNames }: ServiceConfig): object | null {
  return notification === null ? null : { ...notification, advisory: null, certificateNames };
}

/** What probes, their times and the judgement of signals depend on. */
function probingOf(service: ServiceConfig, reconnect: HealthSettings): object {
  const { ca, fingerprints, certificateNames, probe, notification } = service;
  return { ca, fingerprints, certificateNames, probe, reconnect, advisory: notification?.advisory ?? false };
}

function watchOne(options: MonitorOptions, first: ServiceConfig): Watch {
  const { clock, store, report } = options;
  const { id } = first;
  let service = first;
  let { reconnect } = options;
  let isRunning = false;

  const listen = (): NotificationClient | null => {
    const { notification: config } = service;
    if (config === null) return null;
    return createNotificationClient({
      ...{ service, config, clock, name: nameOf(options.proxy, id), intervalMs: () => reconnect.intervalMs },
      isLost: () => store.signals(id).connection.says === 'lost',
      signal: (event) => supervisor.signal(event),
      ...(options.tap === undefined ? {} : { tap: options.tap }),
      report,
    });
  };
  const supervise = (): Supervisor =>
    createSupervisor({
      ...{ id, reconnect, store, clock, report, random: options.random },
      probe: options.createProbe(service),
      probeIntervalMs: service.probe.intervalMs,
      probeTimeoutMs: service.probe.timeoutMs,
      onConfirmed: (info) => notification?.confirmed(info),
    });
  let notification = listen();
  let supervisor = supervise();

  return {
    supervisor: () => supervisor,
    start() {
      isRunning = true;
      supervisor.signal({ kind: 'reset', at: clock.now() });
      supervisor.start();
    },
    async stop() {
      supervisor.stop();
      await notification?.stop();
    },
    reconfigure(next, nextReconnect) {
      if (!isDeepStrictEqual(serverOf(service), serverOf(next))) return false;
      const staysConnected = isDeepStrictEqual(connectionOf(service), connectionOf(next));
      const staysProbed = isDeepStrictEqual(probingOf(service, reconnect), probingOf(next, nextReconnect));
      service = next;
      reconnect = nextReconnect;
      if (staysConnected && staysProbed) return true;
      supervisor.stop();
      supervisor = supervise();
      if (!staysConnected) {
        void notification?.stop();
        notification = listen();
        supervisor.signal({ kind: 'reset', at: clock.now() });
      }
      if (isRunning) supervisor.start();
      return true;
    },
  };
}

/** By which one service of one proxy is known to a Notification Service. */
function nameOf(proxy: string, service: string): string {
  return createHash('sha256').update(`${proxy} ${service}`).digest('hex').slice(0, 8);
}
