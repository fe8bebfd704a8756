/**
 * Runs the health of one service: turns probes and time into events, the reducer's effects into probes and timers. One
 * probe is in flight per server; only the short probe at an attempt's end may overlap one that hangs.
 */

import type { Report } from '../domain/events.ts';
import type { HealthEvent, ServiceEffect, SignalEvent } from '../domain/health/events.ts';
import { FRESH_MS, isFresh } from '../domain/health/freshness.ts';
import type { PeerEvent } from '../domain/health/peers.ts';
import type { HealthSettings } from '../domain/health/state.ts';
import { shortProbeMs } from '../domain/health/timeline.ts';
import type { SystemInfo } from '../domain/model.ts';
import type { ServiceStore } from '../store/services.ts';
import type { Clock } from '../time/clock.ts';
import type { Probe } from './probe.ts';

export interface SupervisorOptions {
  readonly id: string;
  readonly probe: Probe;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly reconnect: HealthSettings;
  readonly store: ServiceStore;
  readonly clock: Clock;
  /** 0…1, for jitter. */
  readonly random: () => number;
  readonly report: Report;
  /** A probe has confirmed the service; after its result was applied. */
  readonly onConfirmed?: (info: SystemInfo) => void;
}

export interface Supervisor {
  start(): void;
  stop(): void;
  /** The operator's setting is another one: it may have an end. */
  settingChanged(): void;
  /** Resolves when the first probe has ended. */
  readonly firstProbe: Promise<void>;
  /**
   * A phone's request failed: resolves when a shared probe that tells of now has ended. During an outage at once, since
   * the timeline probes by itself.
   */
  requestFailed(): Promise<void>;
  /** What the Notification Service or another proxy says. */
  signal(event: SignalEvent | PeerEvent): void;
  /** Whether the service is confirmed in service, by a result under 1 s old or by one shared probe within `withinMs`. */
  confirm(withinMs: number): Promise<boolean>;
}

interface Flight {
  /** By `clock.passed()`. */
  readonly startedAt: number;
  readonly done: Promise<void>;
}

/** Timers cannot run longer than 2^31 ms; what is due later is looked at again. */
const MAX_TIMER_MS = 86_400_000;
/** Share of the interval by which polls are spread, so that servers and proxies do not march in step. */
const JITTER = 0.1;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { id, store, clock, reconnect, report } = options;
  const stopping = new AbortController();
  let isRunning = false;
  let flight: Flight | null = null;
  let requestProbeAt = Number.NEGATIVE_INFINITY;
  let freshProbeAt = Number.NEGATIVE_INFINITY;
  let freshAsked = false;
  let cancelFresh = () => {};
  let cancelPoll = () => {};
  let cancelWake = () => {};
  const first = Promise.withResolvers<void>();

  const state = () => store.health(id).phase.state;

  const apply = (event: HealthEvent | SignalEvent | PeerEvent) => {
    const effects = store.apply(id, event);
    armWake();
    for (const effect of effects) {
      if (effect.kind === 'probe') probeFor(effect);
      else if (effect.kind === 'announce') report({ ...effect, kind: 'service-changed', at: event.at, service: id });
      else report({ ...effect, at: event.at, service: id });
    }
  };

  const probeFor = ({ limit }: ServiceEffect & { kind: 'probe' }) => {
    if (limit === 'fresh') void probeFresh();
    else if (limit === 'short') void run(shortProbeMs(reconnect), null);
    // A probe that ends on the very edge of an attempt must not cost the next attempt its own.
    else if (flight !== null) void flight.done.then(() => state() === 'reconnecting' && shared());
    else shared();
  };

  const fault = (error: unknown) => report({ kind: 'probe-fault', at: clock.now(), service: id, error });

  const armWake = () => {
    cancelWake();
    const at = store.wakeAt(id);
    if (at === null) return;
    const delayMs = Math.min(Math.max(0, at - clock.now()), MAX_TIMER_MS);
    cancelWake = clock.after(delayMs, () => apply({ kind: 'time', at: clock.now() }));
  };

  /** The next poll, one interval after the probe that started at `startedAt`, by `clock.passed()`. */
  const armPoll = (startedAt: number) => {
    cancelPoll();
    if (stopping.signal.aborted) return;
    const intervalMs = options.probeIntervalMs * (1 + JITTER * (2 * options.random() - 1));
    const delayMs = Math.max(0, startedAt + intervalMs - clock.passed());
    cancelPoll = clock.after(delayMs, () => {
      // While reconnecting the timeline's grid says when to probe.
      if (state() === 'reconnecting') armPoll(clock.passed());
      else shared();
    });
  };

  /** One probe; `landed` is called before its result is applied, since the result may ask for the next probe. */
  const run = async (timeoutMs: number, repeatMs: number | null, landed = () => {}): Promise<void> => {
    const startedAt = clock.now();
    try {
      const result = await options.probe({ timeoutMs, repeatMs, signal: stopping.signal }).finally(landed);
      if (stopping.signal.aborted) return;
      const { outcome, latencyMs, certificate = null } = result;
      report({ kind: 'probe-ended', at: clock.now(), service: id, latencyMs, outcome, certificate });
      apply({ kind: 'probe', at: clock.now(), startedAt, latencyMs, outcome });
      if (outcome.kind === 'confirmed') options.onConfirmed?.(outcome.info);
    } catch (error) {
      if (!stopping.signal.aborted) fault(error);
    }
  };

  /** The probe in flight, or a new one. */
  const shared = (): Flight => {
    if (flight !== null) return flight;
    const startedAt = clock.passed();
    if (stopping.signal.aborted) return { startedAt, done: Promise.resolve() };
    // During an attempt the short probe at its end takes the place of the repeat.
    const repeatMs = state() === 'reconnecting' ? null : Math.min(FRESH_MS, options.probeTimeoutMs);
    const done = run(options.probeTimeoutMs, repeatMs, () => {
      flight = null;
      // Not when the probe starts: it and its repeat can outlast the interval, and a poll that finds it in flight is none.
      armPoll(startedAt);
    });
    void done.then(first.resolve);
    flight = { startedAt, done };
    return flight;
  };

  /** A probe that starts from now on; whatever asks for one, at most one a second starts. */
  const probeFresh = async (): Promise<void> => {
    if (freshAsked) return;
    freshAsked = true;
    await flight?.done;
    if (stopping.signal.aborted) return;
    const agoMs = clock.passed() - freshProbeAt;
    const start = () => {
      freshAsked = false;
      freshProbeAt = clock.passed();
      // One that began meanwhile is as fresh.
      shared();
    };
    if (agoMs < FRESH_MS) cancelFresh = clock.after(FRESH_MS - agoMs, start);
    else start();
  };

  const isUp = () => state() === 'in-service' || state() === 'unknown';

  const requestFailed = async (): Promise<void> => {
    const askedAt = clock.passed();
    while (isUp()) {
      // fippa may fail while SystemInfo is fine: then thousands of phones ask at most one probe a second.
      const agoMs = clock.passed() - requestProbeAt;
      if (flight === null && agoMs < FRESH_MS) {
        await pause(FRESH_MS - agoMs);
        continue;
      }
      if (flight === null) requestProbeAt = clock.passed();
      const probe = shared();
      await probe.done;
      // What was asked before the failure does not tell of it.
      if (probe.startedAt >= askedAt) return;
    }
  };

  const pause = (delayMs: number) => new Promise<void>((resolve) => void clock.after(delayMs, resolve));

  const isConfirmed = () => isFresh(store.health(id), clock.now());

  const confirm = async (withinMs: number): Promise<boolean> => {
    if (isConfirmed()) return true;
    // While reconnecting one more probe would stand in the way of the next attempt's own.
    const asked = state() === 'reconnecting' ? flight : shared();
    if (asked === null) return false;
    const limit = Promise.withResolvers<void>();
    const cancel = clock.after(withinMs, limit.resolve);
    await Promise.race([asked.done, limit.promise]);
    cancel();
    return isConfirmed();
  };

  return {
    start() {
      isRunning = true;
      // A state that is there already may be in the middle of an outage, or have come about by other settings.
      apply({ kind: 'settings', at: clock.now() });
      shared();
    },
    stop() {
      isRunning = false;
      stopping.abort();
      cancelFresh();
      cancelPoll();
      cancelWake();
    },
    firstProbe: first.promise,
    settingChanged() {
      if (isRunning) armWake();
    },
    requestFailed,
    signal: (event) => {
      if (!stopping.signal.aborted) apply(event);
    },
    confirm,
  };
}
