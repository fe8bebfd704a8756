/**
 * Which Finesse server of a cluster a URL names (contract.md, "Rewriting"). A name recognises URLs and nothing else: where
 * the proxy connects comes from the configuration alone.
 */

import type { SystemInfo } from './model.ts';

/** One service of a cluster with everything it is known by. */
export interface NamedService {
  readonly id: string;
  /** Configured origin, for example https://finesse-a.example.com:8445. */
  readonly url: string;
  /** Each a host or address, host:port, or an origin. */
  readonly aliases: readonly string[];
  /** What the server itself reports, see learntName(). */
  readonly learntName: string | null;
}

/** A name (a host, or host:port) that several services claim and that therefore serves none of them. */
export interface NameConflict {
  readonly name: string;
  readonly services: readonly string[];
}

export interface ServerNames {
  /**
   * The id of the service that `origin` names: scheme and authority as written in a URL (`HTTPS://Fin-A.example.com:8445`).
   * The scheme only tells the port where none is written. null: no service, several, or not an origin (user info, say).
   */
  readonly serviceOf: (origin: string) => string | null;
  /** Sorted by name; derived ports that merely overlap are not reported. */
  readonly conflicts: readonly NameConflict[];
}

/** Where Finesse and its fippa listen: plain, TLS, and the redirects in front of them (reference/finesse-ippa.md §2). */
const FINESSE_PORTS: readonly number[] = [80, 443, 8082, 8445];
const ORIGIN = /^(https?):\/\/(\[[\da-f:.]+\]|[a-z\d._-]+)(?::(\d{0,5}))?\/?$/i;
const NAME = /^(\[[\da-f:.]+\]|[a-z\d._-]+)(?::(\d{1,5}))?$/i;
const BARE_IPV6 = /^[\da-f.]*:[\da-f.]*:[\da-f:.]*$/i;

/**
 * Why a service claims host:port. `origin`: configured in so many words. `name`: a bare name, an alias or a learnt one.
 * `host`: derived, the host of the configured URL on Finesse's other ports.
 */
interface Claim {
  readonly service: string;
  readonly host: string;
  readonly port: number;
  readonly by: 'origin' | 'name' | 'host';
}

/** The table of one cluster's names. Rebuild it when a learnt name changes. */
export function createServerNames(services: readonly NamedService[]): ServerNames {
  const claims = services.flatMap(claimsOf);
  const contested = contestedNames(claims);
  const conflicts = new Map<string, NameConflict>(contested.map((conflict) => [conflict.name, conflict]));
  const spellings = new Map<string, string>();
  for (const [key, rivals] of groupBy(claims, (claim) => authority(claim))) {
    const { host, port } = rivals[0] as Claim;
    const explicit = servicesOf(rivals, 'origin', 'name');
    const owner = ownerOf(rivals, explicit, conflicts.has(host));
    if (explicit.length > 1 && !conflicts.has(host)) conflicts.set(key, { name: key, services: explicit });
    if (owner !== null) for (const spelling of spellingsOf(host, port)) spellings.set(spelling, owner);
  }
  return {
    serviceOf: (origin) => {
      const known = spellings.get(origin);
      if (known !== undefined) return known;
      const parsed = parseOrigin(origin);
      return parsed === null ? null : (spellings.get(`http://${authority(parsed)}`) ?? null);
    },
    conflicts: [...conflicts.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/**
 * The name by which a server knows itself: `xmppDomain`, when it is one of the two hosts of the pair (that is how Finesse's
 * own client finds out which side it talks to, reference/finesse-health.md §2). Lower case; null: nothing to be trusted.
 */
export function learntName(
  info: Pick<SystemInfo, 'xmppDomain' | 'primaryHost' | 'secondaryHost'> | null,
): string | null {
  if (info === null || info.xmppDomain === null) return null;
  const own = parseName(info.xmppDomain);
  if (own === null || own.port !== null) return null;
  const pair = [info.primaryHost, info.secondaryHost].map((host) => (host === null ? null : parseName(host)));
  return pair.some((host) => host !== null && host.port === null && host.host === own.host) ? own.host : null;
}

function claimsOf(service: NamedService): Claim[] {
  const configured = parseOrigin(service.url);
  const claim = (by: Claim['by'], host: string, ports: readonly number[]): Claim[] =>
    ports.map((port) => ({ service: service.id, host, port, by }));
  const claims: Claim[] = [];
  const ports = new Set(FINESSE_PORTS);
  if (configured !== null) {
    claims.push(...claim('origin', configured.host, [configured.port]));
    // Only for a real Finesse: two test servers on one address with odd ports must not claim each other's.
    if (ports.has(configured.port)) claims.push(...claim('host', configured.host, FINESSE_PORTS));
    ports.add(configured.port);
  }
  const names = service.learntName === null ? service.aliases : [...service.aliases, service.learntName];
  for (const text of names) {
    const name = parseOrigin(text) ?? parseName(text);
    if (name === null) continue;
    claims.push(
      ...(name.port === null ? claim('name', name.host, [...ports]) : claim('origin', name.host, [name.port])),
    );
  }
  return claims;
}

/** Bare names that one service claims as such and another one too, by name or by its configured host. */
function contestedNames(claims: readonly Claim[]): NameConflict[] {
  const conflicts: NameConflict[] = [];
  for (const [name, rivals] of groupBy(claims, (claim) => claim.host)) {
    const services = servicesOf(rivals, 'name', 'host');
    if (services.length > 1 && rivals.some(({ by }) => by === 'name')) conflicts.push({ name, services });
  }
  return conflicts;
}

/** Who gets one host:port: nobody if two claim it, but words of the configuration beat a port that was only derived. */
function ownerOf(rivals: readonly Claim[], explicit: readonly string[], contested: boolean): string | null {
  if (explicit.length > 1) return null;
  const [byOrigin] = servicesOf(rivals, 'origin');
  if (byOrigin !== undefined) return byOrigin;
  const [first, second] = servicesOf(rivals, 'name', 'host');
  return contested || second !== undefined ? null : (first ?? null);
}

function servicesOf(claims: readonly Claim[], ...by: readonly Claim['by'][]): string[] {
  return [...new Set(claims.filter((claim) => by.includes(claim.by)).map((claim) => claim.service))];
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** The ways an origin is usually written, so that the phone path needs one look-up and no parsing. */
function spellingsOf(host: string, port: number): string[] {
  const spellings = [`http://${host}:${port}`, `https://${host}:${port}`];
  if (port === 80) spellings.push(`http://${host}`);
  if (port === 443) spellings.push(`https://${host}`);
  return spellings;
}

function authority(place: { readonly host: string; readonly port: number }): string {
  return `${place.host}:${place.port}`;
}

function parseOrigin(text: string): { readonly host: string; readonly port: number } | null {
  const match = ORIGIN.exec(text);
  if (match === null) return null;
  const host = canonicalHost(match[2] as string);
  const port = match[3] ? Number(match[3]) : (match[1] as string).toLowerCase() === 'https' ? 443 : 80;
  return host === null ? null : { host, port };
}

function parseName(text: string): { readonly host: string; readonly port: number | null } | null {
  const match = NAME.exec(BARE_IPV6.test(text) ? `[${text}]` : text);
  if (match === null) return null;
  const host = canonicalHost(match[1] as string);
  return host === null ? null : { host, port: match[2] === undefined ? null : Number(match[2]) };
}

/** Lower case, without the root's dot; an IPv6 address in its one short form, in brackets. */
function canonicalHost(host: string): string | null {
  if (host.startsWith('[')) {
    const url = `http://${host}/`;
    return URL.canParse(url) ? new URL(url).hostname : null;
  }
  const name = host.toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) || null : name;
}
