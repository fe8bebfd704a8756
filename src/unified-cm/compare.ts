/** Unified CM against what it is to have: services, their parameters, and the copies of the URL in subscriptions. Pure. */

import { comparePhones, compareUsers } from './compare-phones.ts';
import { compareTrust } from './compare-trust.ts';
import { type Comparison, type Difference, mergeDifferences } from './difference.ts';
import { SIGN_IN_PARAMETERS } from './phone-services.ts';
import type { CmState } from './reader.ts';
import { baseOf, type CmService } from './records.ts';
import {
  isAmong,
  leadsTo,
  newService,
  type Pair,
  pairUp,
  plainUrls,
  sameName,
  sameUrl,
  secureUrls,
  type Wanted,
  type WantedEntry,
} from './wanted.ts';

export function compareUnifiedCm(wanted: Wanted, state: CmState): Comparison {
  const pairs = pairUp(wanted, state.services);
  const missing = wanted.entries.filter((entry) => !pairs.some((pair) => pair.entry === entry));
  const differences = [
    ...missing.filter(({ isRequired }) => isRequired).map((entry) => describeMissing(entry, state)),
    ...pairs.flatMap((pair) => compareService(pair)),
    ...pairs.flatMap(({ found }) => compareParameters(found, wanted)),
    ...pairs.flatMap((pair) => compareCopies(pair, state)),
    ...missingSubscriptions(wanted, state),
    ...comparePhones(state.phones, state, wanted.pushScheme),
    ...compareUsers(state),
    ...compareTrust(wanted.certificates, state.trust),
  ];
  return { differences: mergeDifferences(differences), notes: describeNotes(wanted, state, missing, pairs) };
}

function describeMissing({ name, service }: WantedEntry, { services }: CmState): Difference {
  const expected = plainUrls(service)[0] ?? '';
  const taken = services.find((found) => sameName(name, found));
  const difference = { about: 'service', names: [name], field: 'Phone service', expected } as const;
  if (taken === undefined) return { ...difference, found: 'none', remedy: 'apply' };
  const advice = `--entry "${service.id}=${taken.serviceName}" moves it, --entry "${service.id}=OTHER NAME" adds one beside it`;
  return { ...difference, found: `leads to Finesse directly: ${taken.serviceUrl}`, remedy: 'by-hand', advice };
}

/** Words of the page of Unified CM for the fields of AXL. */
export const FIELD_NAMES = {
  serviceDescription: 'Service Description',
  serviceUrl: 'Service URL',
  secureServiceUrl: 'Secure-Service URL',
  serviceCategory: 'Service Category',
  serviceType: 'Service Type',
  enabled: 'Enable',
  enterpriseSubscription: 'Enterprise Subscription',
} as const;

type Compared = Exclude<keyof typeof FIELD_NAMES, 'serviceDescription'>;

/** What a service is to have where it has something else. */
export function wrongFields({ entry, found }: Pair): Partial<Record<Compared, string>> {
  const right = newService(entry, null);
  const wrong: Partial<Record<Compared, string>> = {};
  if (!isAmong(found.serviceUrl, plainUrls(entry.service))) wrong.serviceUrl = right.serviceUrl;
  if (!isAmong(found.secureServiceUrl, secureUrls(entry.service))) wrong.secureServiceUrl = right.secureServiceUrl;
  for (const field of ['serviceCategory', 'serviceType', 'enabled', 'enterpriseSubscription'] as const) {
    if (found[field] !== right[field]) wrong[field] = right[field];
  }
  return wrong;
}

function compareService(pair: Pair): Difference[] {
  return (Object.entries(wrongFields(pair)) as [Compared, string][]).map(([field, expected]) => ({
    about: 'service',
    names: [pair.found.serviceName],
    field: FIELD_NAMES[field],
    found: shown(pair.found[field]),
    expected: shown(expected),
    ...(field === 'enterpriseSubscription'
      ? { remedy: 'by-hand', advice: 'AXL cannot untick it: One Button Sign In does not work with it' }
      : { remedy: pair.entry.isRequired ? 'apply' : 'apply-entry' }),
  }));
}

function shown(value: string): string {
  return value === '' ? '(empty)' : baseOf(value);
}

function compareParameters({ serviceName, parameters }: CmService, wanted: Wanted): Difference[] {
  const difference = (field: string, found: string, expected: string, remedy: Difference['remedy']): Difference => ({
    about: 'parameter',
    names: [serviceName],
    field,
    found,
    expected,
    remedy,
    ...(remedy === 'by-hand' ? { advice: 'replacing it would take its values from the subscriptions' } : {}),
  });
  const found = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const missing = (wanted.parameters ?? []).filter(({ name }) => !found.has(name));
  return [
    ...missing.map(({ name }) => difference(name, 'none', 'there', 'apply-parameters')),
    ...parameters.flatMap(({ name, password }) => {
      const known = SIGN_IN_PARAMETERS.find((parameter) => parameter.name === name);
      const allowed = wanted.parameters === null || wanted.parameters.some((parameter) => parameter.name === name);
      if (known === undefined) {
        const meant = SIGN_IN_PARAMETERS.find((parameter) => parameter.name === name.trim().toLowerCase());
        return meant === undefined ? [] : [difference(name, name, meant.name, 'by-hand')];
      }
      if (!allowed) return [difference(name, 'there', 'none', 'by-hand')];
      return known.isPassword && !password ? [difference(name, 'not masked', 'a password', 'by-hand')] : [];
    }),
  ];
}

/** Subscriptions hold their own copies of the URLs, which a change of the service does not reach (reference §2). */
function compareCopies(pair: Pair, state: CmState): Difference[] {
  const { entry, found } = pair;
  const wrong = wrongFields(pair);
  const check = (device: string, field: 'serviceUrl' | 'secureServiceUrl', copy: string): Difference[] => {
    const right = wrong[field] ?? found[field];
    if (sameUrl(baseOf(copy), right)) return [];
    // Without TLS the field is empty or the same again, and a subscription may have it the other way.
    const isEither = field === 'secureServiceUrl' && entry.service.encrypted.length === 0;
    if (isEither && isAmong(baseOf(copy), secureUrls(entry.service))) return [];
    return [
      {
        about: 'subscription',
        names: [device],
        field: `${found.serviceName}: ${FIELD_NAMES[field]}`,
        found: shown(copy),
        expected: shown(right),
        remedy: 'update-subscriptions',
      },
    ];
  };
  if ('unread' in state.copies) {
    return state.phones.flatMap(({ name, subscriptions }) =>
      subscriptions
        .filter(({ service }) => service === found.serviceName)
        .flatMap(({ url }) => check(name, 'serviceUrl', url)),
    );
  }
  return state.copies
    .filter(({ service }) => service === found.serviceName)
    .flatMap(({ device, url, secureUrl }) => [
      ...check(device, 'serviceUrl', url),
      ...check(device, 'secureServiceUrl', secureUrl),
    ]);
}

/** Required entries that a phone is not subscribed to. */
export function unsubscribed(wanted: Wanted, { services, phones }: Pick<CmState, 'services' | 'phones'>) {
  if (!wanted.subscribe) return [];
  const pairs = pairUp(wanted, services);
  const required = wanted.entries
    .filter(({ isRequired }) => isRequired)
    .map((entry) => ({ entry, found: pairs.find((pair) => pair.entry === entry)?.found ?? newService(entry, null) }));
  return phones.flatMap((phone) =>
    required
      .filter(({ found }) => !phone.subscriptions.some(({ service }) => service === found.serviceName))
      .map(({ entry, found }) => ({ phone, entry, service: found.serviceName })),
  );
}

function missingSubscriptions(wanted: Wanted, state: CmState): Difference[] {
  return unsubscribed(wanted, state).map(({ phone, service }) => ({
    about: 'subscription',
    names: [phone.name],
    field: service,
    found: 'not subscribed',
    expected: 'subscribed',
    remedy: 'subscribe',
  }));
}

function describeNotes(
  wanted: Wanted,
  state: CmState,
  missing: readonly WantedEntry[],
  pairs: readonly Pair[],
): string[] {
  const { copies, phones } = state;
  const notes: string[] = [];
  const optional = missing.filter(({ isRequired }) => !isRequired).map(({ name }) => name);
  if (optional.length > 0) notes.push(`Not entered, and not asked for: ${optional.join(', ')}.`);
  const wayOut = state.services
    .filter((found) => !pairs.some((pair) => pair.found === found))
    .filter((found) => wanted.direct.some((service) => leadsTo(service, found)));
  notes.push(
    wayOut.length === 0
      ? 'No phone service leads to Finesse directly: keep one as the way out, should the proxy itself fail.'
      : `The way out, not touched: ${wayOut.map(({ serviceName }) => serviceName).join(', ')}.`,
  );
  const bare = pairs.filter(({ found }) => found.parameters.length === 0).map(({ found }) => found.serviceName);
  if (bare.length > 0 && wanted.parameters === null) notes.push(`Without One Button Sign In: ${bare.join(', ')}.`);
  if ('unread' in copies) {
    notes.push(`The secure URLs of subscriptions were not compared, only SQL shows them: ${copies.unread}.`);
  }
  if (phones.length === 0) notes.push('No phone was looked at: none is subscribed to these services.');
  if (wanted.users.length === 0) notes.push('No application user was looked at: --push-user names the one of Finesse.');
  notes.push(...describeUnread(state));
  if (wanted.certificates.length > 0) {
    notes.push('AXL does not say whether every node has the certificate, nor whether the phones have read it.');
  }
  return notes;
}

/** What stands on these was not compared. */
function describeUnread({ trust, enterprise, profiles, users }: CmState): string[] {
  const all: [string, object | null][] = [
    ['The certificates', trust],
    ['The Enterprise Phone Configuration', enterprise],
    ...[...profiles].map(([name, found]): [string, object] => [`The Common Phone Profile ${name}`, found]),
    ...[...users].map(([name, found]): [string, object | null] => [`The application user ${name}`, found]),
  ];
  return all.flatMap(([what, found]) =>
    found !== null && 'unread' in found ? [`${what} could not be read, and was not compared: ${found.unread}.`] : [],
  );
}
