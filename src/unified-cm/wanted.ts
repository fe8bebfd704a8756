/** What Unified CM is asked to have: the configuration, and what the operator chose on the command line. Pure. */

import type { X509Certificate } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { asciiName, type PhoneService, phoneServices, SIGN_IN_PARAMETERS } from './phone-services.ts';
import type { CmParameter, CmService } from './records.ts';

export interface WantedEntry {
  readonly service: PhoneService;
  /** As it is called in Unified CM. */
  readonly name: string;
  /** Chosen by the operator, so that a service of another name is not meant, whatever its URL. */
  readonly isNamed: boolean;
  /** It must be there; others are compared if they are. */
  readonly isRequired: boolean;
}

export interface WantedCertificate {
  /** The listener's publicUrl. */
  readonly listener: string;
  /** The leaf first. */
  readonly chain: readonly X509Certificate[];
}

export interface Wanted {
  readonly entries: readonly WantedEntry[];
  readonly direct: readonly PhoneService[];
  /** Exactly these; null: any of them, or none. */
  readonly parameters: readonly CmParameter[] | null;
  /** Each phone that is read is to be subscribed. */
  readonly subscribe: boolean;
  readonly users: readonly string[];
  /** By which scheme the proxy itself pushes; null: it does not. */
  readonly pushScheme: 'http' | 'https' | null;
  readonly certificates: readonly WantedCertificate[];
}

export interface WantedOptions {
  /** `ID` or `ID=NAME`; none: the front doors, else every service. */
  readonly entries: readonly string[];
  readonly parameters: readonly string[] | null;
  readonly subscribe: boolean;
  /** Beside the one that the proxy pushes as. */
  readonly users: readonly string[];
  readonly certificates: readonly WantedCertificate[];
}

/** A text says which option is wrong. */
export function decideWanted(config: Config, options: WantedOptions): Wanted | string {
  const { proxied, direct } = phoneServices(config);
  if (proxied.length === 0) return 'No listener has a publicUrl, so there is nothing to enter in Unified CM.';
  const chosen = new Map<string, string>();
  for (const text of options.entries) {
    const [id = '', ...rest] = text.split('=');
    if (!proxied.some((service) => service.id === id)) {
      return `--entry ${id}: there is no such cluster or service; there are ${proxied.map((each) => each.id).join(', ')}`;
    }
    chosen.set(id, rest.join('='));
  }
  const parameters = selectParameters(options.parameters);
  if (typeof parameters === 'string') return parameters;
  const hasDoor = proxied.some(({ kind }) => kind === 'front-door');
  const isDefault = ({ kind }: PhoneService) => !hasDoor || kind === 'front-door';
  return {
    entries: proxied.map((service) => {
      const name = chosen.get(service.id);
      return {
        service,
        name: name || service.name,
        isNamed: Boolean(name),
        isRequired: chosen.size === 0 ? isDefault(service) : name !== undefined,
      };
    }),
    direct,
    parameters,
    subscribe: options.subscribe,
    users: [...new Set([...(config.push?.own ? [config.push.own.username] : []), ...options.users])],
    pushScheme: config.push?.own?.scheme ?? null,
    certificates: options.certificates,
  };
}

function selectParameters(names: readonly string[] | null): readonly CmParameter[] | null | string {
  if (names === null) return null;
  const unknown = names.find((name) => !SIGN_IN_PARAMETERS.some((parameter) => parameter.name === name));
  if (unknown !== undefined) return `--parameters ${unknown}: there are id, extension, password`;
  return SIGN_IN_PARAMETERS.filter(({ name }) => names.includes(name)).map(({ name, displayName, isPassword }) => ({
    name,
    displayName,
    default: '',
    description: displayName,
    required: false,
    password: isPassword,
  }));
}

/** What is entered where nothing is yet. */
export function newService({ service, name }: WantedEntry, parameters: readonly CmParameter[] | null): CmService {
  return {
    serviceName: name,
    asciiServiceName: asciiName(name),
    serviceDescription: service.description.slice(0, 128),
    serviceUrl: plainUrls(service)[0] ?? '',
    secureServiceUrl: secureUrls(service)[0] ?? '',
    serviceCategory: 'XML Service',
    serviceType: 'Standard IP Phone Service',
    enabled: 'true',
    enterpriseSubscription: 'false',
    parameters: parameters ?? [],
  };
}

/** What may stand in Service URL, the best first: the field must not be empty (docs/unified-cm.md). */
export function plainUrls({ plain, encrypted }: PhoneService): readonly string[] {
  return plain.length > 0 ? plain : encrypted;
}

/** What may stand in Secure-Service URL. Without TLS it is empty, or the same again. */
export function secureUrls({ plain, encrypted }: PhoneService): readonly string[] {
  return encrypted.length > 0 ? encrypted : ['', ...plain];
}

/** Scheme and host do not mind case. */
export function sameUrl(one: string, other: string): boolean {
  return normalUrl(one) === normalUrl(other);
}

function normalUrl(url: string): string {
  return url.trim().replace(/^[^/]*\/\/[^/]*/, (origin) => origin.toLowerCase());
}

export function isAmong(url: string, urls: readonly string[]): boolean {
  return urls.some((each) => sameUrl(each, url));
}

export interface Pair {
  readonly entry: WantedEntry;
  readonly found: CmService;
}

/**
 * Which entry a service of Unified CM is: by its name, else by what it leads to. One that leads to Finesse directly is the
 * way out, whatever its name, unless the operator chose that name: then it is to be moved.
 */
export function pairUp(
  { entries, direct }: Pick<Wanted, 'entries' | 'direct'>,
  services: readonly CmService[],
): Pair[] {
  return services.flatMap((found) => {
    const isWayOut = direct.some((service) => leadsTo(service, found));
    const entry =
      entries.find(({ name, isNamed }) => sameName(name, found) && (isNamed || !isWayOut)) ??
      entries.find(({ isNamed, service }) => !isNamed && leadsTo(service, found));
    return entry === undefined ? [] : [{ entry, found }];
  });
}

/** Unified CM takes each name once, whatever its case. */
export function sameName(name: string, { serviceName }: CmService): boolean {
  return name.toLowerCase() === serviceName.toLowerCase();
}

export function leadsTo({ plain, encrypted }: PhoneService, { serviceUrl, secureServiceUrl }: CmService): boolean {
  const urls = [...plain, ...encrypted];
  return isAmong(serviceUrl, urls) || (secureServiceUrl !== '' && isAmong(secureServiceUrl, urls));
}

/** Which services are read at all. */
export function isOurs(wanted: Wanted, found: CmService): boolean {
  return pairUp(wanted, [found]).length > 0 || wanted.direct.some((service) => leadsTo(service, found));
}
