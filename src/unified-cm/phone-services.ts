/** Which phone services Unified CM is to have for a configuration (reference/finesse-ippa.md §2, §3). Pure. */

import type { Config, ServiceConfig } from '../config/config.ts';
import { type PhoneAddress, phoneAddresses } from '../config/phone-addresses.ts';

/** A phone service as Unified CM stores it. */
export interface PhoneService {
  readonly kind: PhoneAddress['kind'] | 'direct';
  /** Id of the cluster or service. */
  readonly id: string;
  readonly heading: string;
  readonly name: string;
  readonly description: string;
  /** By the plain listeners, then by those with TLS; the first of each is the one to enter. */
  readonly plain: readonly string[];
  readonly encrypted: readonly string[];
}

export interface PhoneServices {
  readonly proxied: readonly PhoneService[];
  /** Finesse's own, the way out should the proxy fail. */
  readonly direct: readonly PhoneService[];
}

export interface SignInParameter {
  readonly name: 'id' | 'extension' | 'password';
  readonly displayName: string;
  readonly isPassword: boolean;
}

/** One Button Sign In: the names are these exactly (reference/finesse-ippa.md §3). */
export const SIGN_IN_PARAMETERS: readonly SignInParameter[] = [
  { name: 'id', displayName: 'Agent ID', isPassword: false },
  { name: 'extension', displayName: 'Extension', isPassword: false },
  { name: 'password', displayName: 'Password', isPassword: true },
];

export function phoneServices(config: Config): PhoneServices {
  const entries = phoneAddresses(config);
  const services = config.clusters.flatMap((cluster) => cluster.services);
  const names = uniqueNames([
    ...entries.map((entry) => nameOf(entry, config)),
    ...services.map(({ name, id }) => ({ name: `${name} direct`, id })),
  ]);
  return {
    proxied: entries.map((entry, index) => describeEntry(entry, names[index] ?? entry.id, config)),
    direct: services.map((service, index) => describeDirect(service, names[entries.length + index] ?? service.id)),
  };
}

const MAX_NAME = 32;

function nameOf(entry: PhoneAddress, config: Config): { readonly name: string; readonly id: string } {
  const service = config.clusters.flatMap((cluster) => cluster.services).find(({ id }) => id === entry.id);
  if (entry.kind === 'service') return { name: service?.name ?? entry.id, id: entry.id };
  return { name: config.clusters.length === 1 ? 'Finesse' : `Finesse ${entry.id}`, id: entry.id };
}

/** Unified CM takes each name once, and 32 characters: the id tells apart those that would be equal. */
function uniqueNames(wanted: readonly { readonly name: string; readonly id: string }[]): string[] {
  const taken = new Set<string>();
  return wanted.map(({ name, id }) => {
    const fits = cut(name, MAX_NAME);
    const suffix = ` (${id})`;
    const unique = taken.has(fits.toLowerCase()) || fits !== name ? cut(name, MAX_NAME - suffix.length) + suffix : fits;
    taken.add(unique.toLowerCase());
    return unique;
  });
}

function cut(text: string, length: number): string {
  return [...text].slice(0, length).join('').trimEnd();
}

/** For phones without Unicode. */
export function asciiName(name: string): string {
  const ascii = name
    .replaceAll('ß', 'ss')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^ -~]/gu, '?');
  return /[A-Za-z0-9]/.test(ascii) ? cut(ascii, MAX_NAME) : 'Finesse';
}

const DEVICE = '#DEVICENAME#';

function describeEntry(entry: PhoneAddress, name: string, config: Config): PhoneService {
  const members = config.clusters.find(({ id }) => id === entry.id)?.services.map((service) => service.name) ?? [];
  const description =
    entry.kind === 'service' ? 'Finesse IP Phone Agent by the proxy' : `Finesse IP Phone Agent: ${members.join(', ')}`;
  const urls = (all: readonly string[]) => all.map((url) => url + DEVICE);
  return {
    kind: entry.kind,
    id: entry.id,
    heading: capital(entry.title),
    name,
    description,
    plain: urls(entry.plain),
    encrypted: urls(entry.encrypted),
  };
}

/** Finesse's own service URLs (reference/finesse-ippa.md §2): 8082 plain, 8445 TLS, whichever of them is configured. */
function describeDirect({ id, name: title, url }: ServiceConfig, name: string): PhoneService {
  const { hostname, protocol } = new URL(url);
  const own = `${url}/fippa/${DEVICE}`;
  const secure = protocol === 'https:';
  return {
    kind: 'direct',
    id,
    heading: `${title}, without the proxy`,
    name,
    description: 'Finesse IP Phone Agent without the proxy',
    plain: [secure ? `http://${hostname}:8082/fippa/${DEVICE}` : own],
    encrypted: [secure ? own : `https://${hostname}:8445/fippa/${DEVICE}`],
  };
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
