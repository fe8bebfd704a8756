/** Everything about pushes put together: the listeners that Finesse pushes to, the addresses of phones, our own pushes. */

import type { AddressInfo } from 'node:net';
import type { Config, PushConfig, PushListenerConfig } from '../config/config.ts';
import { DEFAULT_LIMITS } from '../config/limits.ts';
import { isLoopbackOnly } from '../config/values.ts';
import type { EventHandlers, PushReason, Report } from '../domain/events.ts';
import type { AdminSetting, HealthState } from '../domain/model.ts';
import type { Tap } from '../domain/tap.ts';
import { createListener, type Listener } from '../http/server/listener.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { NameStore } from '../store/names.ts';
import type { Clock } from '../time/clock.ts';
import { createPhoneAddresses, NO_ADDRESSES, type PhoneAddresses } from './addresses.ts';
import { createAnnouncer } from './announcer.ts';
import { renderPhoneError } from './phone-answer.ts';
import { createPhoneClient, type PhoneClient } from './phone-client.ts';
import { createPushRelay } from './push-relay.ts';
import { ALONE, type PushSharing } from './push-sharing.ts';
import { createPushSources } from './sources.ts';

export interface Pushes {
  readonly addresses: PhoneAddresses;
  /** Tells phones what happens to their service. */
  readonly handlers: EventHandlers;
  /** Another configuration: other services and networks count from now on; what is under `push` needs a restart. */
  reconfigure(config: Config): void;
  /** Rejects with a ListenerError. */
  start(): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
  /** Where Finesse pushes to, in the order of the configuration; after start. */
  listening(): readonly AddressInfo[];
}

export interface PushesOptions {
  readonly config: Config;
  readonly devices: DeviceRegistry;
  readonly names: NameStore;
  readonly tap: Tap;
  readonly clock: Clock;
  readonly report: Report;
  /** Other proxies tell phones too; absent: there are none. */
  readonly sharing?: PushSharing;
}

export function createPushes(options: PushesOptions): Pushes {
  const { push } = options.config;
  return push === null ? NO_PUSHES : createConfigured(options, push);
}

const NO_PUSHES: Pushes = {
  addresses: NO_ADDRESSES,
  handlers: {},
  reconfigure: () => {},
  start: async () => {},
  stop: async () => {},
  listening: () => [],
};

function createConfigured(options: PushesOptions, push: PushConfig): Pushes {
  const { config, devices, names, tap, clock, report, sharing = ALONE } = options;
  const origins = config.phones.listeners.flatMap(({ publicUrl }) => (publicUrl === null ? [] : [publicUrl]));
  const client: PhoneClient = createPhoneClient(push.phonePorts, push.timeoutMs);
  const sources = createPushSources(clock);
  const addresses = createPhoneAddresses({
    ...{ devices, clock, report },
    isFinesse: sources.isFinesse,
    takesConnections: client.takesConnections,
  });
  const relay = createPushRelay({ sources, names, addresses, post: client.post, tap, clock, report });
  const announcer =
    push.own === null
      ? null
      : createAnnouncer({
          ...{ config: push.own, devices, addresses, post: client.post, tap, clock, report },
          ...{ sharing, origins },
        });

  const listen = ({ host, port, tls }: PushListenerConfig, index: number): Listener =>
    createListener(
      { host, port, tls },
      {
        key: `push.listeners[${index}]`,
        onRequest: (exchange) => void relay.handle(exchange, tls === null ? 'http' : 'https'),
        onRefused: relay.refused,
        errorAnswer: () => renderPhoneError('push-malformed'),
        limits: DEFAULT_LIMITS,
      },
    );
  const listeners = push.listeners.map(listen);
  const reconfigure = ({ phones, clusters }: Config) => {
    addresses.reconfigure({ networks: phones.networks, onlyLoopback: isLoopbackOnly(phones.listeners) });
    sources.reconfigure(clusters.flatMap(({ services }) => services));
  };
  reconfigure(config);

  return {
    addresses,
    handlers: {
      'service-changed': ({ service, from, to }) => {
        const reason = selectPushReason(from, to, push.own?.atFirstFailure === true);
        if (reason !== null) announcer?.announce(service, reason);
      },
      'service-set': ({ service, from, to }) => {
        if (isMaintenanceNews(from, to)) announcer?.announce(service, 'maintenance');
      },
      'proxy-gone': ({ proxy }) => announcer?.takeOver(proxy),
      'drill-began': ({ service, devices: only }) => announcer?.announce(service, 'first-failure', only),
      'drill-verdict': ({ service, devices: only }) => announcer?.announce(service, 'verdict', only),
      // After a real failure that is told of, and a proxy that stops tells nobody.
      'drill-ended': ({ service, because, devices: only }) =>
        (because === 'time' || because === 'operator') && announcer?.announce(service, 'recovery', only),
    },
    reconfigure,
    async start() {
      for (const listener of listeners) await listener.start();
    },
    async stop(deadlineMs) {
      sources.stop();
      announcer?.stop();
      await Promise.all(listeners.map((listener) => listener.stop(deadlineMs)));
    },
    listening: () => listeners.map((listener) => listener.address()),
  };
}

/** Agents are told when maintenance is coming, and when it has come of which they were told. */
export function isMaintenanceNews(from: AdminSetting, to: AdminSetting): boolean {
  if (to.maintAt !== undefined) return to.maintAt !== from.maintAt;
  return to.admin === 'maint' && from.maintAt !== undefined;
}

/** What phones are told of. A recovery is news only to those who were told of a failure. */
export function selectPushReason(from: HealthState, to: HealthState, atFirstFailure: boolean): PushReason | null {
  if (to === 'out-of-service') return 'verdict';
  if (to === 'reconnecting') return from === 'reconnecting' ? null : 'first-failure';
  if (to !== 'in-service') return null;
  return from === 'out-of-service' || (from === 'reconnecting' && atFirstFailure) ? 'recovery' : null;
}
