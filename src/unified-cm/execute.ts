/**
 * Makes one change: looks whether it is still what was planned, writes once, and believes only what it reads back. A write
 * whose answer was lost is never sent again: it may still be under way.
 */

import { type AxlClient, BACKOFF_MS, type Pause, type WriteOutcome } from './axl-client.ts';
import { countSubscribers, findPhone, findService } from './reader.ts';
import type { CmPhone, CmService, CmSubscription } from './records.ts';
import {
  type AxlRequest,
  addService,
  changeParameters,
  removeService,
  updateService,
  updateSubscriptions,
} from './requests.ts';
import { changedSubscriptions, type Position, positionOfPhone, positionOfService, type Step } from './step.ts';

export type StepOutcome =
  | { readonly kind: 'done' }
  /** It was so before: nothing was written. */
  | { readonly kind: 'already' }
  /** Nothing was changed. */
  | { readonly kind: 'failed'; readonly words: string }
  /** It was done, and something else with it. */
  | { readonly kind: 'done-but'; readonly words: string }
  /** What is there is neither what was nor what is to be. */
  | { readonly kind: 'unclear'; readonly words: string };

export interface StepContext {
  readonly client: AxlClient;
  readonly pause: Pause;
  /** Whether the database may be asked. */
  readonly sql: boolean;
  /** Resolves once it is kept that the write is about to be sent. */
  readonly beforeWrite: () => Promise<void>;
}

/** Rejects with AxlError where Unified CM cannot be asked; after `beforeWrite` the write may then have been done. */
export async function executeStep(step: Step, context: StepContext): Promise<StepOutcome> {
  return step.kind === 'subscriptions' ? executeOnPhone(step, context) : executeOnService(step, context);
}

interface Target<T> {
  readonly find: () => Promise<T | null>;
  readonly positionOf: (found: T | null) => Position;
  readonly write: (found: T | null) => Promise<WriteOutcome>;
}

async function executeOnService(
  step: Exclude<Step, { kind: 'subscriptions' }>,
  context: StepContext,
): Promise<StepOutcome> {
  const { client } = context;
  const name = 'service' in step ? step.service.serviceName : step.name;
  if (step.kind === 'remove-service') {
    const subscribers = await countSubscribers(client, name, context.sql);
    if (subscribers > 0) return { kind: 'failed', words: `${subscribers} phones are subscribed to ${name}: it stays` };
  }
  const { outcome } = await execute<CmService>(context, {
    find: () => findService(client, name),
    positionOf: (found) => positionOfService(step, found),
    write: () => client.write(...writeOf(step)),
  });
  return outcome;
}

function writeOf(step: Exclude<Step, { kind: 'subscriptions' }>): AxlRequest {
  switch (step.kind) {
    case 'add-service':
      return addService(step.service);
    case 'remove-service':
      return removeService(step.service.serviceName);
    case 'update-service':
      return updateService(step.name, step.after);
    case 'add-parameters':
      return changeParameters(step.name, 'add', step.parameters);
    case 'remove-parameters':
      return changeParameters(step.name, 'remove', step.parameters);
  }
}

async function executeOnPhone(
  step: Extract<Step, { kind: 'subscriptions' }>,
  context: StepContext,
): Promise<StepOutcome> {
  const { client } = context;
  let expected: readonly CmSubscription[] = [];
  const { outcome, found } = await execute<CmPhone>(context, {
    find: () => findPhone(client, step.phone),
    positionOf: (phone) => positionOfPhone(step, phone),
    write: (phone) => {
      expected = changedSubscriptions(step.changes, phone?.subscriptions ?? []);
      return client.write(...updateSubscriptions(step.phone, expected));
    },
  });
  if (outcome.kind !== 'done') return outcome;
  const kept = (found?.subscriptions ?? []).map(({ service, name, url }) => [service, name, url].join('\n'));
  const lost = expected.filter(({ service, name, url }) => !kept.includes([service, name, url].join('\n')));
  if (lost.length === 0) return outcome;
  return {
    kind: 'done-but',
    words: `it no longer has its subscriptions to ${lost.map(({ name }) => name).join(', ')}`,
  };
}

async function execute<T>(
  { beforeWrite, pause }: StepContext,
  { find, positionOf, write }: Target<T>,
): Promise<{ readonly outcome: StepOutcome; readonly found: T | null }> {
  let found = await find();
  const position = positionOf(found);
  if (position === 'after') return { outcome: { kind: 'already' }, found };
  if (position === 'other') return { outcome: { kind: 'failed', words: CHANGED_BY_OTHERS }, found };
  await beforeWrite();
  for (let tries = 0; ; tries += 1) {
    const written = await write(found);
    found = await find();
    const reached = positionOf(found);
    if (reached === 'after') return { outcome: { kind: 'done' }, found };
    const words = written.kind === 'done' ? 'Unified CM said that it was done, and it is not' : written.words;
    if (reached === 'other') return { outcome: { kind: 'unclear', words }, found };
    const wait = BACKOFF_MS[tries];
    if (written.kind === 'unknown') return { outcome: { kind: 'unclear', words: `${LOST} (${words})` }, found };
    if (written.kind !== 'busy' || wait === undefined) return { outcome: { kind: 'failed', words }, found };
    await pause(wait);
  }
}

const CHANGED_BY_OTHERS =
  'it is neither as it was nor as it is to be: somebody else has changed it, so it is left alone';
const LOST = 'the answer was lost, and it is not done so far; it is not sent again: look at it in a minute';
