/** Which URLs phones are to be given: one entry for each front door and each service. Pure. */

import type { Config, ListenerConfig } from './config.ts';

export interface PhoneAddress {
  readonly kind: 'front-door' | 'service';
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
  const shared = config.phones.listeners.filter(({ service }) => service === null);
  const doors = config.clusters.map(({ id }) => {
    const title = config.clusters.length === 1 ? 'front door' : `front door of cluster ${id}`;
    return address(
      'front-door',
      id,
      title,
      shared.map((listener) => ({ listener, path: `/${id}/fippa/` })),
    );
  });
  const services = config.clusters
    .flatMap((cluster) => cluster.services)
    .map(({ id, name }) => {
      const own = config.phones.listeners.filter(({ service }) => service === id);
      const ways = [
        ...shared.map((listener) => ({ listener, path: `/${id}/fippa/` })),
        // Split DNS: the listener stands for the server, so the path is Finesse's own.
        ...own.map((listener) => ({ listener, path: '/fippa/' })),
      ];
      return address('service', id, `service ${id} (${name})`, ways);
    });
  return [...doors, ...services].filter(({ urls }) => urls.length > 0);
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
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return publicUrl ?? `${tls === null ? 'http' : 'https'}://${bracketed}:${port}`;
}
