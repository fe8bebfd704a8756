/**
 * A change of Unified CM: what is there before and after, so that it can be shown, done, recognised as done, and taken back.
 * It holds no secret: of the URL of a subscription only what stands before the values of its parameters. Pure.
 */

import type { CmParameter, CmPhone, CmService, CmSubscription } from './records.ts';
import { baseOf, withBase } from './records.ts';
import type { UpdatableField } from './requests.ts';

export type ServiceFields = Readonly<Partial<Record<UpdatableField, string>>>;

export type Step =
  | { readonly kind: 'add-service'; readonly service: CmService }
  | { readonly kind: 'remove-service'; readonly service: CmService }
  | {
      readonly kind: 'update-service';
      readonly name: string;
      readonly before: ServiceFields;
      readonly after: ServiceFields;
    }
  | {
      readonly kind: 'add-parameters' | 'remove-parameters';
      readonly name: string;
      readonly parameters: readonly CmParameter[];
    }
  | { readonly kind: 'subscriptions'; readonly phone: string; readonly changes: readonly SubscriptionChange[] };

export type SubscriptionChange =
  /** `ordinal` counts the subscriptions of this phone to this service, from 0: one service may be there several times. */
  | {
      readonly kind: 'url';
      readonly service: string;
      readonly ordinal: number;
      readonly before: string;
      readonly after: string;
    }
  | { readonly kind: 'add' | 'remove'; readonly subscription: CmSubscription };

/** What takes the step back. */
export function inverseOf(step: Step): Step {
  switch (step.kind) {
    case 'add-service':
      return { ...step, kind: 'remove-service' };
    case 'remove-service':
      return { ...step, kind: 'add-service' };
    case 'update-service':
      return { ...step, before: step.after, after: step.before };
    case 'add-parameters':
      return { ...step, kind: 'remove-parameters' };
    case 'remove-parameters':
      return { ...step, kind: 'add-parameters' };
    case 'subscriptions':
      return { ...step, changes: step.changes.toReversed().map(inverseOfChange) };
  }
}

function inverseOfChange(change: SubscriptionChange): SubscriptionChange {
  if (change.kind === 'url') return { ...change, before: change.after, after: change.before };
  return { ...change, kind: change.kind === 'add' ? 'remove' : 'add' };
}

/** How far a step is: `other` when what is there is neither what was before nor what is to be after it. */
export type Position = 'before' | 'after' | 'other';

/** `found`: the service now; null: there is none of that name. */
export function positionOfService(step: Exclude<Step, { kind: 'subscriptions' }>, found: CmService | null): Position {
  switch (step.kind) {
    case 'add-service':
      return found === null ? 'before' : isSameService(found, step.service) ? 'after' : 'other';
    case 'remove-service':
      return found === null ? 'after' : isSameService(found, step.service) ? 'before' : 'other';
    case 'update-service':
      if (found === null) return 'other';
      return hasFields(found, step.after) ? 'after' : hasFields(found, step.before) ? 'before' : 'other';
    default: {
      if (found === null) return 'other';
      const known = step.parameters.filter((parameter) =>
        found.parameters.some((each) => isSameParameter(each, parameter)),
      );
      const named = step.parameters.filter(({ name }) => found.parameters.some((each) => each.name === name));
      const [all, none] =
        step.kind === 'add-parameters' ? (['after', 'before'] as const) : (['before', 'after'] as const);
      if (known.length === step.parameters.length) return all;
      return named.length === 0 ? none : 'other';
    }
  }
}

function hasFields(found: CmService, fields: ServiceFields): boolean {
  return Object.entries(fields).every(([field, value]) => found[field as UpdatableField] === value);
}

/** By what it does; words for people may come back trimmed or filled in. */
const TELLING = [
  'serviceName',
  'serviceUrl',
  'secureServiceUrl',
  'serviceCategory',
  'serviceType',
  'enabled',
  'enterpriseSubscription',
] as const;

function isSameService(found: CmService, service: CmService): boolean {
  return (
    TELLING.every((field) => found[field] === service[field]) &&
    found.parameters.length === service.parameters.length &&
    service.parameters.every((parameter) => found.parameters.some((each) => isSameParameter(each, parameter)))
  );
}

function isSameParameter(one: CmParameter, other: CmParameter): boolean {
  return one.name === other.name && one.required === other.required && one.password === other.password;
}

export function positionOfPhone(step: Extract<Step, { kind: 'subscriptions' }>, found: CmPhone | null): Position {
  if (found === null) return 'other';
  const positions = step.changes.map((change) => positionOfChange(change, found.subscriptions));
  if (positions.every((position) => position === 'after')) return 'after';
  return positions.every((position) => position !== 'other') ? 'before' : 'other';
}

function positionOfChange(change: SubscriptionChange, all: readonly CmSubscription[]): Position {
  if (change.kind === 'url') {
    const found = all.filter(({ service }) => service === change.service)[change.ordinal];
    if (found === undefined) return 'other';
    const base = baseOf(found.url);
    return base === change.after ? 'after' : base === change.before ? 'before' : 'other';
  }
  const isThere = all.some((each) => isThisSubscription(each, change.subscription));
  return isThere === (change.kind === 'add') ? 'after' : 'before';
}

function isThisSubscription(one: CmSubscription, other: CmSubscription): boolean {
  return one.service === other.service && one.name === other.name;
}

/** The whole list as it is to be, from the one that is there: a list that is written replaces the old one. */
export function changedSubscriptions(
  changes: readonly SubscriptionChange[],
  now: readonly CmSubscription[],
): CmSubscription[] {
  return changes.reduce<CmSubscription[]>((all, change) => changeSubscriptions(change, all), [...now]);
}

function changeSubscriptions(change: SubscriptionChange, all: readonly CmSubscription[]): CmSubscription[] {
  if (change.kind === 'url') {
    const target = all.filter(({ service }) => service === change.service)[change.ordinal];
    return all.map((each) => (each === target ? { ...each, url: withBase(each.url, change.after) } : each));
  }
  if (positionOfChange(change, all) === 'after') return [...all];
  if (change.kind === 'add') return [...all, change.subscription];
  return all.filter((each) => !isThisSubscription(each, change.subscription));
}
