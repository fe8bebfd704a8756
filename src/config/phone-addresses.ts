/** Which URLs phones are to be given: one entry for each front door and each service. Pure. */

import { urlHost } from '../text/url-host.ts';
import type { Config, ListenerConfig } from './config.ts';

export interface PhoneAddress {
  /** `own-listener`: what a listener with `service` serves, under Finesse's own paths. */
  readonly kind: 'front-door' | 'service' | 'own-listener';
  /** Id of the cluster or service. */
  readonly id: string;
  readonly title: string;
  /** Of the plain listeners, then of those with TLS, each in the order of the configuration; without the device. */
  readonly plain: readonly string[];
  readonly encrypted: readonly string[];
  /** All of them, with DEVICE at the end. */
  readonly urls: readonly string[];
}

/** Front doors first, because one entry that always leads somewhere is what most installations want. */
export function phoneAddresses(config: Config): PhoneAddress[] {
  const shared = sharedListeners(config);
  const doors = config.clusters.map((cluster) => {
    return address('front-door', cluster.id, titleOfDoor(cluster, config), at(shared, `/${cluster.id}/fippa/`));
  });
  const services = config.clusters.flatMap((cluster) => cluster.services);
  const entries = services.map(({ id, name }) => {
    return address('service', id, `service ${id} (${name})`, at(shared, `/${id}/fippa/`));
  });
  const own = services.map(({ id, name }) => {
    const listeners = config.phones.listeners.filter(({ service }) => service === id);
    const title = `service ${id} (${name}), by the listener that is for it alone`;
    return address('own-listener', id, title, at(listeners, '/fippa/'));
  });
  return [...doors, ...entries, ...own].filter(({ urls }) => urls.length > 0);
}

/** `/fippa/DEVICE`: the front door of the one cluster that has it; null: none has. */
export function shortAddress(config: Config): PhoneAddress | null {
  const cluster = config.clusters.find(({ frontDoor }) => frontDoor);
  const shared = sharedListeners(config);
  if (cluster === undefined || shared.length === 0) return null;
  return address('front-door', cluster.id, `${titleOfDoor(cluster, config)}, in short`, at(shared, '/fippa/'));
}

function sharedListeners(config: Config): readonly ListenerConfig[] {
  return config.phones.listeners.filter(({ service }) => service === null);
}

function titleOfDoor({ id }: { readonly id: string }, { clusters }: Config): string {
  return clusters.length === 1 ? 'front door' : `front door of cluster ${id}`;
}

function at(listeners: readonly ListenerConfig[], path: string): readonly Way[] {
  return listeners.map((listener) => ({ listener, path }));
}

interface Way {
  readonly listener: ListenerConfig;
  readonly path: string;
}

function address(kind: PhoneAddress['kind'], id: string, title: string, ways: readonly Way[]): PhoneAddress {
  // A legacy listener is for old phones alone, so it never comes first.
  const legacyLast = ways.toSorted((a, b) => Number(isLegacy(a.listener)) - Number(isLegacy(b.listener)));
  const urls = (encrypted: boolean) =>
    legacyLast
      .filter(({ listener }) => (listener.tls !== null) === encrypted)
      .map(({ listener, path }) => originOf(listener) + path);
  const [plain, encrypted] = [urls(false), urls(true)];
  return { kind, id, title, plain, encrypted, urls: [...plain, ...encrypted].map((url) => `${url}DEVICE`) };
}

function isLegacy({ tls }: ListenerConfig): boolean {
  return tls?.profile === 'legacy';
}

function originOf({ publicUrl, host, port, tls }: ListenerConfig): string {
  return publicUrl ?? `${tls === null ? 'http' : 'https'}://${urlHost(host)}:${port}`;
}
