/** Which phone services Unified CM is to have for a configuration (reference/finesse-ippa.md §2, §3). Pure. */

import type { Config, ListenerConfig, ServiceConfig } from '../config/config.ts';
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
  /** What must be known of it, or null. */
  readonly note: string | null;
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
  const entries = phoneAddresses(withoutStandIns(config));
  const services = servicesOf(config);
  const names = uniqueNames([
    ...entries.map((entry) => nameOf(entry, config)),
    ...services.map(({ name, id }) => ({ name: `${name} direct`, id })),
  ]);
  return {
    proxied: entries.map((entry, index) => describeEntry(entry, names[index] ?? entry.id, config)),
    direct: services.map((service, index) => {
      return describeDirect(service, names[entries.length + index] ?? service.id, standInsOf(config));
    }),
  };
}

function servicesOf({ clusters }: Config): readonly ServiceConfig[] {
  return clusters.flatMap((cluster) => cluster.services);
}

export interface StandIn {
  readonly service: ServiceConfig;
  readonly publicUrl: string;
  readonly host: string;
}

/** Listeners that phones reach under Finesse's own name (split DNS): no phone service is entered for these. */
export function standInsOf(config: Config): readonly StandIn[] {
  return config.phones.listeners.flatMap((listener) => {
    const standIn = describeStandIn(listener, servicesOf(config));
    return standIn === null ? [] : [standIn];
  });
}

function describeStandIn(
  { publicUrl, service: id }: ListenerConfig,
  services: readonly ServiceConfig[],
): StandIn | null {
  const service = services.find((each) => each.id === id);
  if (service === undefined || publicUrl === null) return null;
  const host = new URL(publicUrl).hostname;
  return namesOf(service).includes(host) ? { service, publicUrl, host } : null;
}

function namesOf({ url, aliases }: ServiceConfig): readonly (string | undefined)[] {
  return [url, ...aliases].map((name) => URL.parse(name.includes('://') ? name : `http://${name}`)?.hostname);
}

function withoutStandIns(config: Config): Config {
  const services = servicesOf(config);
  const listeners = config.phones.listeners.filter((listener) => describeStandIn(listener, services) === null);
  return { ...config, phones: { ...config.phones, listeners } };
}

/** What is the same for every phone service. */
export const FIXED = [
  ['Service Category', 'XML Service'],
  ['Service Type', 'Standard IP Phone Service'],
] as const;

const COLUMNS = [
  ...['Entry', 'Service Name', 'ASCII Service Name', 'Service Description', 'Service URL', 'Secure-Service URL'],
  ...FIXED.map(([name]) => name),
  ...['Service Vendor', 'Service Version', 'Enable', 'Enterprise Subscription'],
];

/** The phone services alone, one line each, as RFC 4180 has it. Pure. */
export function renderPhoneServicesCsv(config: Config): string {
  const { proxied, direct } = phoneServices(config);
  const rows = [...proxied, ...direct].map(({ heading, name, description, plain, encrypted }) => [
    ...[heading, name, asciiName(name), description, plain[0] ?? encrypted[0] ?? '', encrypted[0] ?? ''],
    ...FIXED.map(([, value]) => value),
    ...['', '', 'true', 'false'],
  ]);
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

const MAX_NAME = 32;

function nameOf(entry: PhoneAddress, config: Config): { readonly name: string; readonly id: string } {
  const service = servicesOf(config).find(({ id }) => id === entry.id);
  if (entry.kind !== 'front-door') return { name: service?.name ?? entry.id, id: entry.id };
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

export const DEVICE = '#DEVICENAME#';

function describeEntry(entry: PhoneAddress, name: string, config: Config): PhoneService {
  const members = config.clusters.find(({ id }) => id === entry.id)?.services.map((service) => service.name) ?? [];
  const description =
    entry.kind === 'front-door'
      ? `Finesse IP Phone Agent: ${members.join(', ')}`
      : 'Finesse IP Phone Agent by the proxy';
  const urls = (all: readonly string[]) => all.map((url) => url + DEVICE);
  return {
    kind: entry.kind,
    id: entry.id,
    heading: capital(entry.title),
    name,
    description,
    plain: urls(entry.plain),
    encrypted: urls(entry.encrypted),
    note: null,
  };
}

/** Finesse's own service URLs (reference/finesse-ippa.md §2): 8082 plain, 8445 TLS, whichever of them is configured. */
function describeDirect(service: ServiceConfig, name: string, standIns: readonly StandIn[]): PhoneService {
  const { name: title, url } = service;
  const { hostname, protocol } = new URL(url);
  const own = `${url}/fippa/${DEVICE}`;
  const secure = protocol === 'https:';
  return {
    kind: 'direct',
    id: service.id,
    heading: `${title}, without the proxy`,
    name,
    description: 'Finesse IP Phone Agent without the proxy',
    plain: [secure ? `http://${hostname}:8082/fippa/${DEVICE}` : own],
    encrypted: [secure ? own : `https://${hostname}:8445/fippa/${DEVICE}`],
    note: standIns.some((each) => each.service.id === service.id)
      ? `No way out for phones that resolve ${hostname} to this proxy: the name must be given back to Finesse first.`
      : null,
  };
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
