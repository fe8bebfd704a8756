/** Who may push: the addresses of each service's server, as configured or as its name resolves to now. */

import { lookup } from 'node:dns/promises';
import { type BlockList, isIP } from 'node:net';
import type { ServiceConfig } from '../config/config.ts';
import { contains, parseNetworks } from '../http/server/client-address.ts';
import type { Clock } from '../time/clock.ts';

export interface PushSources {
  /** The services that count from now on. Their names are looked up at once, and again every minute until `stop`. */
  reconfigure(services: readonly PushingService[]): void;
  stop(): void;
  /** Ids of the services that may push from `address`; empty: nobody. */
  servicesAt(address: string): readonly string[];
  /** Whether a Finesse server is there, or pushes from there. */
  isFinesse(address: string): boolean;
  /** Looks names up again soon: an address came that was not known. */
  refresh(): void;
}

export type PushingService = Pick<ServiceConfig, 'id' | 'url' | 'pushFrom'>;

/** The addresses of a host name; rejects when it has none. */
export type LookUp = (host: string) => Promise<readonly string[]>;

export const lookUpAddresses: LookUp = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

const LOOK_UP_EVERY_MS = 60_000;
/** A server that pushes from an unknown address must not become a storm of look-ups. */
const LOOK_UP_AGAIN_MS = 5_000;

export function createPushSources(clock: Clock, lookUp: LookUp = lookUpAddresses): PushSources {
  let entries: readonly Entry[] = [];
  let lookedUpAt = Number.NEGATIVE_INFINITY;
  let cancel = () => {};

  const lookUpAll = () => {
    cancel();
    cancel = clock.after(LOOK_UP_EVERY_MS, lookUpAll);
    lookedUpAt = clock.passed();
    for (const entry of entries) if (isIP(entry.host) === 0) void lookUpOne(entry);
  };
  const lookUpOne = async (entry: Entry) => {
    try {
      entry.resolved = new Set(await lookUp(entry.host));
    } catch {
      // A name server that is away changes nothing: what was known is still the best guess.
    }
  };

  return {
    reconfigure(services) {
      const known = new Map(entries.map(({ host, resolved }) => [host, resolved]));
      entries = services.map((service) => createEntry(service, known));
      lookUpAll();
    },
    stop: () => cancel(),
    servicesAt: (address) =>
      entries
        .filter(({ configured, resolved }) =>
          configured === null ? resolved.has(address) : contains(configured, address),
        )
        .map(({ id }) => id),
    isFinesse: (address) =>
      entries.some(({ configured, resolved }) => {
        return resolved.has(address) || (configured !== null && contains(configured, address));
      }),
    refresh() {
      if (clock.passed() - lookedUpAt >= LOOK_UP_AGAIN_MS) void lookUpAll();
    },
  };
}

interface Entry {
  readonly id: string;
  readonly host: string;
  readonly configured: BlockList | null;
  resolved: ReadonlySet<string>;
}

function createEntry({ id, url, pushFrom }: PushingService, known: ReadonlyMap<string, ReadonlySet<string>>): Entry {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const configured = pushFrom === null ? null : parseNetworks(pushFrom);
  return { id, host, configured, resolved: isIP(host) === 0 ? (known.get(host) ?? new Set()) : new Set([host]) };
}
