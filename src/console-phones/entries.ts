/** Where phones connect, and what they can ask for there: the services that a phone in the browser can open. Pure. */

import type { AddressInfo } from 'node:net';
import type { ClusterConfig, ListenerConfig } from '../config/config.ts';
import { matchListeners } from '../config/listener-identity.ts';

/** A phone listener that takes connections. */
export interface OpenListener {
  readonly config: Pick<ListenerConfig, 'host' | 'publicUrl' | 'tls' | 'service'>;
  readonly address: Pick<AddressInfo, 'address' | 'port'>;
}

export interface Entry {
  readonly id: string;
  readonly kind: 'front-door' | 'service';
  /** Name of the service, or id of the cluster. */
  readonly name: string;
  /** As Unified CM would have it, with #DEVICENAME#. */
  readonly url: string;
}

/** Those that the proxy was started with, each as it is configured at present; `addresses` are in the order of the start. */
export function listOpenListeners(
  started: readonly ListenerConfig[],
  present: readonly ListenerConfig[],
  addresses: readonly AddressInfo[],
): readonly OpenListener[] {
  const matches = matchListeners(started, present);
  return addresses.flatMap((address, index) => {
    const config = matches[index] ?? started[index];
    return config === undefined ? [] : [{ config, address }];
  });
}

/** Origin of the URLs on pages for phones that came by this listener. */
export function originOf({ config, address }: OpenListener): string {
  if (config.publicUrl !== null) return new URL(config.publicUrl).origin;
  return new URL(`${config.tls === null ? 'http' : 'https'}://${hostOf(address.address)}:${address.port}`).origin;
}

function hostOf(address: string): string {
  const host = connectHost(address);
  return host.includes(':') ? `[${host}]` : host;
}

/** A listener on every address is reached on this machine. */
export function connectHost(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
}

/** Front doors first: they are what an administrator would enter. In the order of the configuration. */
export function listEntries(listeners: readonly OpenListener[], clusters: readonly ClusterConfig[]): readonly Entry[] {
  const services = clusters.flatMap((cluster) => cluster.services);
  return listeners.flatMap((listener, index): Entry[] => {
    const origin = originOf(listener);
    const entry = (kind: Entry['kind'], name: string, prefix: string | null): Entry => {
      const path = prefix === null ? '/fippa' : `/${prefix}/fippa`;
      return { id: `${index}${path}`, kind, name, url: `${origin}${path}/#DEVICENAME#` };
    };
    const only = listener.config.service;
    if (only !== null) return [entry('service', services.find(({ id }) => id === only)?.name ?? only, null)];
    return [
      ...clusters.map(({ id, frontDoor }) => entry('front-door', id, frontDoor ? null : id)),
      ...services.map(({ id, name }) => entry('service', name, id)),
    ];
  });
}
