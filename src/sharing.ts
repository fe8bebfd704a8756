/** What this proxy knows together with others: puts together the facts, the store that carries them, and those who tell and hear. */

import type { Config } from './config/config.ts';
import type { EventHandlers, Report } from './domain/events.ts';
import type { StoreStatus } from './domain/store-status.ts';
import type { AuditTrail } from './records/audit.ts';
import type { Facts } from './shared/facts.ts';
import { readProxyId } from './shared/proxy-id.ts';
import { OUTAGE_DEVICES_MS } from './shared/redis-layout.ts';
import { createRedisLink } from './shared/redis-link.ts';
import { createFacts, type Replica } from './shared/replica.ts';
import type { DeviceRegistry } from './store/devices.ts';
import type { ServiceStore } from './store/services.ts';
import { createSharedDevices } from './store/shared-devices.ts';
import { createSharedSettings } from './store/shared-settings.ts';
import type { Clock } from './time/clock.ts';

export interface Sharing {
  readonly handlers: EventHandlers;
  /**
   * Before phones ask: reads what others know, so that an outage that is on is known. A store that cannot be had holds up nobody
   * for longer than `FIRST_READ_MS`.
   */
  connect(): Promise<void>;
  /** After what was kept over a restart has been read, before phones ask. */
  start(): Promise<void>;
  /** Another configuration, after the services and devices. */
  reconfigure(config: Config): void;
  /** Each minute. */
  prune(): void;
  /** null: there is no store. */
  status(): StoreStatus | null;
  /** Tells what is left to tell, for at most so long. */
  stop(withinMs: number): Promise<void>;
}

export interface SharingOptions {
  readonly config: Config;
  readonly facts: Facts;
  readonly store: ServiceStore;
  readonly devices: DeviceRegistry;
  readonly audit: AuditTrail;
  /** What people call this proxy. */
  readonly name: string;
  readonly clock: Clock;
  readonly report: Report;
}

const DAY_MS = 86_400_000;
const FIRST_READ_MS = 500;
const LOOK_MS = 10;

/** The facts of a proxy with a store; null: it is alone, and needs none. */
export function createOwnFacts(initial: Config, config: () => Config, clock: Clock, report: Report): Replica | null {
  if (initial.store === null) return null;
  return createFacts({
    proxy: readProxyId(initial.state.folder),
    clock,
    keepForMs: (kind) => keepForMs(kind, config()),
    onFault: (error) => report({ kind: 'internal-fault', at: clock.now(), where: 'proxies', error }),
  });
}

function keepForMs(kind: Parameters<NonNullable<Parameters<typeof createFacts>[0]['keepForMs']>>[0], config: Config) {
  switch (kind) {
    // Told anew long before by whoever has the phone.
    case 'devices':
      return 2 * config.phones.forgetAfterMs;
    case 'proxies':
      return DAY_MS;
    case 'outages':
      return config.outages.keepForMs;
    case 'outage-devices':
      return OUTAGE_DEVICES_MS;
    case 'settings':
      return null;
  }
}

export function createSharing(options: SharingOptions): Sharing {
  const { config, facts, store, devices, audit, name, clock, report } = options;
  const sharedDevices = createSharedDevices({
    ...{ facts, devices, clock, report, forgetAfterMs: config.phones.forgetAfterMs },
    isService: (id) => store.get(id) !== null,
  });
  const sharedSettings = createSharedSettings({ facts, store, clock, report });
  const link =
    config.store === null
      ? null
      : createRedisLink({
          ...{ redis: config.store.redis, facts: facts as Replica, clock, report },
          trail: audit.share(facts.proxy, name, (entry, part) => link?.append(entry, part)),
        });
  return {
    handlers: sharedDevices.handlers,
    async connect() {
      if (link === null) return;
      link.start();
      const until = clock.passed() + FIRST_READ_MS;
      while (link.status().state === 'connecting' && clock.passed() < until)
        await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
    },
    async start() {
      await sharedDevices.begin();
      sharedSettings.begin();
    },
    reconfigure(next) {
      sharedDevices.reconfigure(next.phones.forgetAfterMs);
      sharedSettings.reconfigure();
    },
    prune: facts.prune,
    status: () => link?.status() ?? null,
    async stop(withinMs) {
      sharedDevices.stop();
      await link?.stop(withinMs);
    },
  };
}
