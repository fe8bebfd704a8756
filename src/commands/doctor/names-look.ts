/** Whether the host names of the configuration lead where they should. */

import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Config } from '../../config/config.ts';
import { isLoopback } from '../../config/values.ts';
import { type Finding, finding } from './kinds.ts';

export interface Names {
  /** Rejects when there is none. */
  addresses(host: string): Promise<readonly string[]>;
  /** Rejects when there is none. */
  names(address: string): Promise<readonly string[]>;
  /** Of this machine. */
  readonly own: readonly string[];
}

export function systemNames(): Names {
  // Nobody waits long for a hint.
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  const own = Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address));
  return {
    addresses: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    names: (address) => resolver.reverse(address),
    own,
  };
}

export async function lookAtNames(config: Config, names: Names): Promise<Finding[]> {
  const hostOf = (url: string) => new URL(url).hostname.replace(/^\[|\]$/g, '');
  const listeners = [...config.phones.listeners, ...(config.reports?.listeners ?? [])];
  const own = listeners.flatMap(({ publicUrl }) => (publicUrl === null ? [] : [hostOf(publicUrl)]));
  const finesse = config.clusters.flatMap(({ services }) =>
    services.flatMap(({ url, notification }) => [hostOf(url), ...(notification === null ? [] : [notification.host])]),
  );
  const reports = (config.reports?.services ?? []).map(({ url }) => hostOf(url));
  const hosts = [...new Set([...own, ...finesse, ...reports])].filter((host) => isIP(host) === 0 && !isLoopback(host));
  const looks = hosts.map((host) => lookAtName(host, own.includes(host), names));
  return (await Promise.all(looks)).flat();
}

async function lookAtName(host: string, isOwn: boolean, names: Names): Promise<Finding[]> {
  let addresses: readonly string[];
  try {
    addresses = [...new Set(await names.addresses(host))];
  } catch (error) {
    return [finding('name-unknown', `${host} (${(error as NodeJS.ErrnoException).code ?? 'no address'})`)];
  }
  const reverse = await Promise.all(addresses.map((address) => lookBack(host, address, names)));
  const isHere = addresses.some((address) => names.own.includes(address));
  return [
    ...(addresses.length > 1 ? [finding('name-several', `${host}: ${addresses.join(', ')}`)] : []),
    ...(isOwn && !isHere ? [finding('name-elsewhere', `${host}: ${addresses.join(', ')}`)] : []),
    ...reverse.flat(),
  ];
}

async function lookBack(host: string, address: string, names: Names): Promise<Finding[]> {
  // No name at all is no contradiction.
  const found = await names.names(address).catch(() => []);
  const isSame = found.some((name) => name.toLowerCase() === host.toLowerCase());
  return found.length === 0 || isSame
    ? []
    : [finding('name-reverse', `${host} is ${address}, and that is ${found.join(', ')}`)];
}
