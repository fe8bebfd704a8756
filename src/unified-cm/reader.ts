/** Reads from Unified CM what is to be compared. Nothing is written. */

import { NOT_FOUND } from './axl-answer.ts';
import { type AxlClient, AxlError } from './axl-client.ts';
import {
  type CmCertificate,
  type CmCopy,
  type CmPhone,
  type CmService,
  type CmUser,
  parseCertificate,
  parseCopy,
  parsePhone,
  parseService,
  parseUser,
  parseWebSettings,
  type WebSettings,
} from './records.ts';
import {
  type AxlRequest,
  getCertificate,
  getEnterprise,
  getPhone,
  getProfile,
  getService,
  getUser,
  type ListOf,
  listCertificates,
  listPhones,
  listServices,
  selectCopies,
} from './requests.ts';
import { child, childrenOf, type Element, tag, textOf } from './soap.ts';

/** Something that could not be read, and why: what stands on it is then not compared. */
export interface Unread {
  readonly unread: string;
}

export interface CmState {
  readonly release: string;
  readonly version: string;
  /** With parameters, of those that `isOurs` chose. */
  readonly services: readonly CmService[];
  /** Subscriptions to `services` as the database has them. */
  readonly copies: readonly CmCopy[] | Unread;
  readonly phones: readonly CmPhone[];
  readonly profiles: ReadonlyMap<string, WebSettings | Unread>;
  readonly enterprise: WebSettings | Unread;
  /** Application users asked for; null: there is none of that name. */
  readonly users: ReadonlyMap<string, CmUser | null | Unread>;
  readonly trust: readonly TrustedCertificate[] | Unread;
}

/** One of the certificates asked for, and what it is trusted for, for example Phone-trust. */
export interface TrustedCertificate extends CmCertificate {
  readonly purposes: readonly string[];
}

export interface ReadScope {
  /** Whether a service matters; parameters are not known yet. */
  readonly isOurs: (service: CmService) => boolean;
  /** Patterns of device names with %; null: the phones that are subscribed to those services. */
  readonly phones: readonly string[] | null;
  /** false: the database is not asked. */
  readonly sql: boolean;
  readonly users: readonly string[];
  /** Whether a certificate matters; null: none is asked for. */
  readonly isCertificate: ((certificate: CmCertificate) => boolean) | null;
}

/** Rejects with AxlError. `progress` gets a few words now and then. */
export async function readUnifiedCm(
  client: AxlClient,
  scope: ReadScope,
  progress: (words: string) => void,
): Promise<CmState> {
  progress('phone services');
  const listed = await readList(client, listServices, parseService);
  const services: CmService[] = [];
  for (const { serviceName } of listed.filter(scope.isOurs)) services.push(await readService(client, serviceName));
  progress('subscriptions');
  const names = services.map(({ serviceName }) => serviceName);
  const copies = scope.sql ? await readCopies(client, names).catch(unread) : { unread: 'not asked for (--no-sql)' };
  const phones = await readPhones(client, await selectPhoneNames(client, scope.phones, copies), progress);
  progress('profiles, users, certificates');
  const profiles = new Map<string, WebSettings | Unread>();
  for (const name of new Set(phones.map(({ profile }) => profile).filter(Boolean))) {
    profiles.set(name, await readWeb(client, getProfile(name), 'commonPhoneConfig').catch(unread));
  }
  const users = new Map<string, CmUser | null | Unread>();
  for (const name of new Set(scope.users)) users.set(name, await readUser(client, name).catch(unread));
  return {
    release: client.release,
    version: client.version,
    services,
    copies,
    // Without the database every phone was read, to find those that are subscribed.
    phones: scope.phones === null ? phones.filter((phone) => isSubscribed(phone, names)) : phones,
    profiles,
    enterprise: await readWeb(client, getEnterprise, 'enterprisePhoneConfig').catch(unread),
    users,
    trust: await readTrust(client, scope.isCertificate).catch(unread),
  };
}

function isSubscribed({ subscriptions }: CmPhone, services: readonly string[]): boolean {
  return subscriptions.some(({ service }) => services.includes(service));
}

/** What is not essential is not worth the rest: an older or stricter Unified CM may refuse it. */
function unread(error: unknown): Unread {
  if (error instanceof AxlError && error.code !== 'unauthorized' && error.code !== 'unreachable') {
    return { unread: error.message };
  }
  throw error;
}

/** Rejects with AxlError, NOT_FOUND among them. */
export async function readService(client: AxlClient, name: string): Promise<CmService> {
  return parseService(child(await client.read(...getService(name)), 'ipPhoneServices'));
}

export async function findService(client: AxlClient, name: string): Promise<CmService | null> {
  return readService(client, name).catch(nullIfNotFound);
}

export async function findPhone(client: AxlClient, name: string): Promise<CmPhone | null> {
  return client
    .read(...getPhone(name))
    .then((found) => parsePhone(child(found, 'phone')))
    .catch(nullIfNotFound);
}

async function readWeb(client: AxlClient, request: AxlRequest, name: string): Promise<WebSettings> {
  return parseWebSettings(child(await client.read(...request), name, 'vendorConfig'));
}

async function readUser(client: AxlClient, name: string): Promise<CmUser | null> {
  return client
    .read(...getUser(name))
    .then((found) => parseUser(child(found, 'appUser')))
    .catch(nullIfNotFound);
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof AxlError && error.code === NOT_FOUND) return null;
  throw error;
}

async function selectPhoneNames(
  client: AxlClient,
  patterns: readonly string[] | null,
  copies: readonly CmCopy[] | Unread,
): Promise<readonly string[]> {
  if (patterns === null && !('unread' in copies)) {
    return [...new Set(copies.filter(({ isProfile }) => !isProfile).map(({ device }) => device))];
  }
  const names = new Set<string>();
  for (const pattern of patterns ?? ['%']) {
    for (const name of await readList(client, listPhones(pattern), (phone) => textOf(phone, 'name'))) names.add(name);
  }
  return [...names].sort();
}

async function readPhones(
  client: AxlClient,
  names: readonly string[],
  progress: (words: string) => void,
): Promise<CmPhone[]> {
  const phones: CmPhone[] = [];
  for (const [index, name] of names.entries()) {
    if (index % 100 === 0) progress(`phone ${index + 1} of ${names.length}`);
    const phone = await findPhone(client, name);
    if (phone !== null) phones.push(phone);
  }
  return phones;
}

async function readTrust(client: AxlClient, isOurs: ReadScope['isCertificate']): Promise<TrustedCertificate[]> {
  if (isOurs === null) return [];
  const listed = await readList(client, listCertificates, parseCertificate);
  const found: TrustedCertificate[] = [];
  for (const certificate of listed.filter(isOurs)) {
    const details = child(await client.read(...getCertificate(certificate.uuid)), 'tvsCertificate');
    const purposes = childrenOf(child(details, 'services'), 'service').map((each) => textOf(each, 'serviceName'));
    found.push({ ...certificate, purposes });
  }
  return found;
}

const PAGE = 200;
/** A server that does not count would be asked for ever. */
const MAX_PAGES = 1_000;

async function readList<T>(client: AxlClient, { operation, item, content }: ListOf, parse: (e: Element) => T) {
  return readPages(
    (skip, first) => client.read(operation, [...content, tag('skip', String(skip)), tag('first', String(first))]),
    (answer) => childrenOf(answer, item).map(parse),
  );
}

/** Subscriptions to the services, by the database. Rejects with AxlError. */
export async function readCopies(client: AxlClient, services: readonly string[]): Promise<CmCopy[]> {
  if (services.length === 0) return [];
  return readPages(
    (skip, first) => client.read(...selectCopies(services, skip, first)),
    (answer) => {
      const copies = childrenOf(answer, 'row').map(parseCopy);
      // The tables may be others in another release: what does not say whose it is cannot be compared.
      if (copies.every(({ device, service }) => device !== '' && service !== '')) return copies;
      throw new AxlError('unreadable', 'SQL answers without the columns that were asked for');
    },
  );
}

/** How many devices are subscribed to it: by the database, or phone by phone. Rejects with AxlError. */
export async function countSubscribers(client: AxlClient, service: string, sql: boolean): Promise<number> {
  const copies = sql ? await readCopies(client, [service]).catch(unread) : { unread: 'not asked for' };
  if (!('unread' in copies)) return new Set(copies.map(({ device }) => device)).size;
  const names = await selectPhoneNames(client, null, copies);
  const phones = await readPhones(client, names, () => {});
  return phones.filter((phone) => isSubscribed(phone, [service])).length;
}

/** Page after page; smaller ones when AXL says that they are too large (reference/unified-cm-axl.md §6). */
async function readPages<T>(
  ask: (skip: number, first: number) => Promise<Element>,
  parse: (answer: Element) => readonly T[],
): Promise<T[]> {
  const all: T[] = [];
  let first = PAGE;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    try {
      const found = parse(await ask(all.length, first));
      all.push(...found);
      if (found.length < first) return all;
    } catch (error) {
      if (!(error instanceof AxlError) || error.code !== 'too-large' || first === 1) throw error;
      first = Math.max(1, Math.min(Math.floor(first / 2), error.rows ?? first));
    }
  }
  throw new AxlError('unreadable', 'a list that does not end');
}
