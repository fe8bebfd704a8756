/** From what there is to the changes that were asked for. Pure. */

import { FIELD_NAMES, unsubscribed, wrongFields } from './compare.ts';
import type { CmState } from './reader.ts';
import { baseOf, type CmService, type CmSubscription } from './records.ts';
import { UPDATABLE } from './requests.ts';
import type { ServiceFields, Step, SubscriptionChange } from './step.ts';
import { newService, type Pair, pairUp, sameName, sameUrl, type Wanted } from './wanted.ts';

export interface PlanOptions {
  /** Of the phones that were read, by their list or filter. */
  readonly updateSubscriptions: boolean;
}

/** In the order in which they are made: a subscription needs its service. */
export function planSteps(wanted: Wanted, state: CmState, options: PlanOptions): Step[] {
  // What was not asked for is compared, and left as it is.
  const pairs = pairUp(wanted, state.services).filter(({ entry }) => entry.isRequired);
  const missing = wanted.entries
    .filter(({ isRequired }) => isRequired)
    .filter((entry) => !pairs.some((pair) => pair.entry === entry))
    // Unified CM takes a name once; that service is not ours to move unasked.
    .filter(({ name }) => !state.services.some((found) => sameName(name, found)));
  return [
    ...missing.map((entry): Step => ({ kind: 'add-service', service: newService(entry, wanted.parameters) })),
    ...pairs.flatMap(planUpdate),
    ...pairs.flatMap((pair) => planParameters(pair, wanted)),
    ...planSubscriptions(wanted, state, pairs, options),
  ];
}

function planUpdate(pair: Pair): Step[] {
  const wrong = wrongFields(pair);
  const fields = UPDATABLE.filter((field) => field !== 'serviceDescription' && wrong[field] !== undefined);
  if (fields.length === 0) return [];
  const pick = (from: (field: (typeof UPDATABLE)[number]) => string): ServiceFields =>
    Object.fromEntries(fields.map((field) => [field, from(field)]));
  const right: CmService = { ...pair.found, ...wrong };
  return [
    {
      kind: 'update-service',
      name: pair.found.serviceName,
      before: pick((field) => pair.found[field]),
      after: pick((field) => right[field]),
    },
  ];
}

function planParameters({ found }: Pair, { parameters }: Wanted): Step[] {
  // One that is there but wrong is left: to replace it would take its values from the subscriptions.
  const known = new Set(found.parameters.map(({ name }) => name));
  const missing = (parameters ?? []).filter(({ name }) => !known.has(name));
  return missing.length === 0 ? [] : [{ kind: 'add-parameters', name: found.serviceName, parameters: missing }];
}

function planSubscriptions(wanted: Wanted, state: CmState, pairs: readonly Pair[], options: PlanOptions): Step[] {
  const additions = unsubscribed(wanted, state);
  return state.phones.flatMap((phone): Step[] => {
    const changes: SubscriptionChange[] = options.updateSubscriptions
      ? pairs.flatMap((pair) => planUrls(pair, phone.subscriptions))
      : [];
    for (const { service, entry } of additions.filter((each) => each.phone === phone)) {
      const found = pairs.find((pair) => pair.entry === entry)?.found ?? newService(entry, null);
      const url = wrongUrl(pairs, entry) ?? found.serviceUrl;
      changes.push({ kind: 'add', subscription: newSubscription(service, found.asciiServiceName, url) });
    }
    return changes.length === 0 ? [] : [{ kind: 'subscriptions', phone: phone.name, changes }];
  });
}

function wrongUrl(pairs: readonly Pair[], entry: Pair['entry']): string | undefined {
  const pair = pairs.find((each) => each.entry === entry);
  return pair === undefined ? undefined : wrongFields(pair).serviceUrl;
}

function newSubscription(service: string, ascii: string, url: string): CmSubscription {
  return { service, name: service, url, urlButtonIndex: '0', urlLabel: '', serviceNameAscii: ascii };
}

function planUrls(pair: Pair, subscriptions: readonly CmSubscription[]): SubscriptionChange[] {
  const { serviceName: service, serviceUrl } = pair.found;
  const after = wrongFields(pair).serviceUrl ?? serviceUrl;
  return subscriptions
    .filter((each) => each.service === service)
    .flatMap(({ url }, ordinal) => {
      const before = baseOf(url);
      return sameUrl(before, after) ? [] : [{ kind: 'url', service, ordinal, before, after }];
    });
}

/** Lines for the operator: what is there, and what comes in its place. */
export function describeStep(step: Step): string[] {
  switch (step.kind) {
    case 'add-service':
    case 'remove-service': {
      const { service } = step;
      const verb = step.kind === 'add-service' ? 'Add' : 'Remove';
      return [
        `${verb} the phone service ${service.serviceName}`,
        `    ${FIELD_NAMES.serviceUrl.padEnd(19)} ${service.serviceUrl}`,
        `    ${FIELD_NAMES.secureServiceUrl.padEnd(19)} ${service.secureServiceUrl || '(empty)'}`,
        ...(service.parameters.length === 0 ? [] : [`    Parameters          ${namesOf(service.parameters)}`]),
      ];
    }
    case 'update-service':
      return [
        `Change the phone service ${step.name}`,
        ...UPDATABLE.flatMap((field) => {
          const [before, after] = [step.before[field], step.after[field]];
          if (after === undefined) return [];
          return [
            `    ${FIELD_NAMES[field].padEnd(19)} from ${before || '(empty)'}`,
            `    ${''.padEnd(19)} to   ${after || '(empty)'}`,
          ];
        }),
      ];
    case 'add-parameters':
      return [`Add to the phone service ${step.name} the parameters ${namesOf(step.parameters)}`];
    case 'remove-parameters':
      return [`Remove from the phone service ${step.name} the parameters ${namesOf(step.parameters)}`];
    case 'subscriptions':
      return [`Change the subscriptions of ${step.phone}`, ...step.changes.flatMap(describeChange)];
  }
}

function namesOf(parameters: readonly { readonly name: string }[]): string {
  return parameters.map(({ name }) => name).join(', ');
}

function describeChange(change: SubscriptionChange): string[] {
  if (change.kind === 'url')
    return [
      `    ${change.service}: from ${change.before}`,
      `    ${''.padEnd(change.service.length)}  to   ${change.after}`,
    ];
  const { service, url } = change.subscription;
  return [`    ${change.kind} ${service}: ${baseOf(url)}`];
}
