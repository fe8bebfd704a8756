/** All services' supervisors as one: what the phone path may ask of health, and when the first round of probes is over. */

import type { ServiceConfig } from '../config/config.ts';
import type { HealthEffect, HealthSettings } from '../domain/service-health.ts';
import type { Clock } from '../store/clock.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Probe, ProbeResult } from './probe.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

export type HealthChange = HealthEffect & { readonly kind: 'announce' };

export interface MonitorOptions {
  readonly services: readonly ServiceConfig[];
  readonly createProbe: (service: ServiceConfig) => Probe;
  readonly reconnect: HealthSettings;
  readonly store: ServiceStore;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onChange: (id: string, change: HealthChange) => void;
  readonly onProbe: (id: string, result: ProbeResult) => void;
  readonly onFault: (id: string, error: unknown) => void;
}

export interface Monitor {
  start(): void;
  stop(): void;
  /** Every service has been probed once. */
  isReady(): boolean;
  readonly ready: Promise<void>;
  requestFailed(id: string): Promise<void>;
  confirm(id: string, withinMs: number): Promise<boolean>;
}

export function createMonitor(options: MonitorOptions): Monitor {
  const supervisors = new Map<string, Supervisor>(
    options.services.map((service) => [service.id, superviseOne(options, service)]),
  );
  const get = (id: string): Supervisor => {
    const supervisor = supervisors.get(id);
    if (supervisor === undefined) throw new Error(`no service ${id}`);
    return supervisor;
  };
  let isReady = false;
  const ready = Promise.all([...supervisors.values()].map((supervisor) => supervisor.firstProbe)).then(() => {
    isReady = true;
  });
  return {
    start: () => supervisors.forEach((supervisor) => void supervisor.start()),
    stop: () => supervisors.forEach((supervisor) => void supervisor.stop()),
    isReady: () => isReady,
    ready,
    requestFailed: (id) => get(id).requestFailed(),
    confirm: (id, withinMs) => get(id).confirm(withinMs),
  };
}

function superviseOne(options: MonitorOptions, service: ServiceConfig): Supervisor {
  return createSupervisor({
    id: service.id,
    probe: options.createProbe(service),
    probeIntervalMs: service.probe.intervalMs,
    probeTimeoutMs: service.probe.timeoutMs,
    reconnect: options.reconnect,
    store: options.store,
    clock: options.clock,
    random: options.random,
    onChange: (change) => options.onChange(service.id, change),
    onProbe: (result) => options.onProbe(service.id, result),
    onFault: (error) => options.onFault(service.id, error),
  });
}
