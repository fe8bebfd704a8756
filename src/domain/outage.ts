/**
 * What became of those who were signed in on a service when it failed. The record of one outage, from t0 on, and how each
 * event changes it. Of the devices the one that the event is about comes in and goes out, so that a record of 20,000 of them
 * is not copied for each. At any moment: signedIn = elsewhere + returned + missing. Pure; times are epoch milliseconds.
 */

import { selectOutageCause } from './failure.ts';
import type { SignalName } from './health/state.ts';
import type { CutNature, CutOver } from './island.ts';
import type { Failure } from './model.ts';

export type Outcome = 'elsewhere' | 'returned' | 'missing';

/** A device that was signed in on the service at t0. It counts once, by where it is now. */
export interface OutageDevice {
  readonly device: string;
  /** Id and extension of its agent, where they are known. */
  readonly agent: string | null;
  readonly extension: string | null;
  /** A page or a push told of the outage while it lasted. */
  readonly told: boolean;
  readonly outcome: Outcome;
  /** Where it is signed in now, and since when; null: missing. */
  readonly service: string | null;
  readonly at: number | null;
  /** When it was signed in again for the first time. */
  readonly backAt: number | null;
  /** missing: since when, of one that was signed in again meanwhile. */
  readonly leftAt?: number;
  /** Of what it was told by a push of ours, or is about to be (PushReason). */
  readonly pushed?: readonly string[];
}

export interface OutageCounts {
  readonly signedIn: number;
  readonly told: number;
  readonly elsewhere: number;
  readonly returned: number;
  readonly missing: number;
}

export interface Outage extends OutageCounts {
  readonly id: string;
  readonly service: string;
  /** As agents read it at t0. */
  readonly name: string;
  readonly cluster: string;
  readonly drill: boolean;
  /** t0 */
  readonly startedAt: number;
  readonly verdictAt: number | null;
  readonly endedAt: number | null;
  /** What had failed at t0, told more closely where the attempts allow it, and which signal told. */
  readonly cause: Failure | null;
  readonly decidedBy: SignalName | null;
  /** How many were signed in again when five minutes were over; null: not over when it last changed. */
  readonly withinFiveMinutes: number | null;
  /** When its summary was written. */
  readonly summarisedAt: number | null;
  /** Of a service of another site: what it turned out to be, once the site was reached again; absent: it is not known. */
  readonly cut?: OutageCut;
}

/** The time in which nothing of another site could be reached. */
export interface OutageCut extends CutOver {
  readonly nature: CutNature;
}

export type OutageEvent =
  /** An attempt failed again, or the verdict stands: what is known by now. */
  | { readonly kind: 'failed-again'; readonly at: number; readonly failure: Failure | null }
  | { readonly kind: 'verdict'; readonly at: number }
  | { readonly kind: 'ended'; readonly at: number }
  | { readonly kind: 'summarised'; readonly at: number }
  | { readonly kind: 'told'; readonly at: number }
  /** A page showed that the device is signed in on `service`; it was asked for at `askedAt`. */
  | { readonly kind: 'signed-in'; readonly at: number; readonly askedAt: number; readonly service: string }
  | { readonly kind: 'signed-out'; readonly at: number; readonly service: string };

export interface OutageStep<D extends OutageDevice | null = OutageDevice | null> {
  readonly outage: Outage;
  readonly device: D;
}

/** Agents should be signed in again by then (reference/high-availability.md); also how long one must be back to stay so. */
export const FIVE_MINUTES_MS = 300_000;

export type OutageFacts = Pick<
  Outage,
  'id' | 'service' | 'name' | 'cluster' | 'drill' | 'startedAt' | 'cause' | 'decidedBy'
>;

export function newOutage(facts: OutageFacts, signedIn: number): Outage {
  return {
    ...facts,
    ...{ verdictAt: null, endedAt: null, withinFiveMinutes: null, summarisedAt: null },
    ...{ signedIn, told: 0, elsewhere: 0, returned: 0, missing: signedIn },
  };
}

export function newOutageDevice(device: string, agent: string | null, extension: string | null): OutageDevice {
  return {
    ...{ device, agent, extension },
    ...{ told: false, outcome: 'missing', service: null, at: null, backAt: null },
  };
}

/** `device` is the one that the event is about; null for events about the outage, and for a device that it does not concern. */
export function reduceOutage<D extends OutageDevice | null>(
  before: Outage,
  device: D,
  event: OutageEvent,
): OutageStep<D> {
  // The five minutes end before whatever is seen after them.
  const within = selectWithinFiveMinutes(before, event.at);
  const outage = within === before.withinFiveMinutes ? before : { ...before, withinFiveMinutes: within };
  switch (event.kind) {
    case 'failed-again':
      return { outage: sharpenCause(outage, event.failure), device };
    // Nothing of it came before what came first, whatever a clock that was set back says.
    case 'verdict': {
      const verdictAt = Math.max(event.at, outage.startedAt);
      return { outage: outage.verdictAt === null ? { ...outage, verdictAt } : outage, device };
    }
    case 'ended': {
      const endedAt = Math.max(event.at, outage.verdictAt ?? outage.startedAt);
      return { outage: outage.endedAt === null ? { ...outage, endedAt } : outage, device };
    }
    case 'summarised':
      return { outage: outage.summarisedAt === null ? { ...outage, summarisedAt: event.at } : outage, device };
    default: {
      if (device === null) return { outage, device };
      const after: OutageDevice = reduceDevice(outage, device, event);
      return { outage: after === device ? outage : recount(outage, device, after), device: after as D };
    }
  }
}

/**
 * A lost connection may be the Notification Service or the network to it; the attempts to connect again tell which, until the
 * verdict (reference/high-availability.md, "How a client notices a failure").
 */
function sharpenCause(outage: Outage, failure: Failure | null): Outage {
  const { cause, verdictAt } = outage;
  const isOpen = cause?.code === 'notification-lost' && verdictAt === null;
  const tells = failure !== null && failure.code !== cause?.code && isNotification(failure);
  return isOpen && tells ? { ...outage, cause: failure } : outage;
}

function isNotification(failure: Failure): boolean {
  const cause = selectOutageCause(failure);
  return cause === 'notNotified' || cause === 'notificationDown';
}

type DeviceEvent = Extract<OutageEvent, { readonly kind: 'told' | 'signed-in' | 'signed-out' }>;

function reduceDevice(outage: Outage, device: OutageDevice, event: DeviceEvent): OutageDevice {
  switch (event.kind) {
    case 'told':
      return device.told || outage.endedAt !== null ? device : { ...device, told: true };
    case 'signed-in': {
      const { at, service } = event;
      // What was asked of the service before it failed is no return; where the clock was set back since, nobody knows.
      const isBefore = event.askedAt < outage.startedAt && at >= outage.startedAt;
      if (device.service === service || isBefore) return device;
      const outcome = service === outage.service ? 'returned' : 'elsewhere';
      const { leftAt: _, ...rest } = device;
      // Nobody was back before it failed, whatever a clock that was set back says.
      return { ...rest, outcome, service, at, backAt: device.backAt ?? Math.max(at, outage.startedAt) };
    }
    case 'signed-out':
      if (device.service !== event.service || isBackForGood(device, event.at)) return device;
      return { ...device, outcome: 'missing', service: null, at: null, leftAt: event.at };
  }
}

/**
 * A page that says that a sign-in failed looks like a sign-in until the form comes back: that device is missing still. One
 * that stayed was back, and that its agent goes home in the evening is no part of the outage.
 */
function isBackForGood({ at }: OutageDevice, now: number): boolean {
  return at !== null && now - at >= FIVE_MINUTES_MS;
}

/**
 * Whether it was signed in on the service at t0. A proxy that could not hear of its sign-in elsewhere took it for signed in; what
 * is known of it stays, so that all who hear of it in whatever order come to the same.
 */
export function wasSignedIn({ startedAt }: Pick<Outage, 'startedAt'>, { backAt }: OutageDevice): boolean {
  return backAt === null || backAt >= startedAt;
}

function recount(outage: Outage, before: OutageDevice, after: OutageDevice): Outage {
  return countBy(countBy(outage, before, -1), after, 1);
}

function countBy(outage: Outage, device: OutageDevice, by: 1 | -1): Outage {
  if (!wasSignedIn(outage, device)) return outage;
  const { signedIn, told } = outage;
  const counted = { ...outage, signedIn: signedIn + by, told: told + by * Number(device.told) };
  return { ...counted, [device.outcome]: outage[device.outcome] + by };
}

/** The counts with what is known of a device by now; null: nothing was. */
export function recountDevice(outage: Outage, before: OutageDevice | null, after: OutageDevice): Outage {
  return before === null ? countBy(outage, after, 1) : recount(outage, before, after);
}

/** null: the five minutes are not over. */
export function selectWithinFiveMinutes(outage: Outage, now: number): number | null {
  if (outage.withinFiveMinutes !== null) return outage.withinFiveMinutes;
  return now - outage.startedAt >= FIVE_MINUTES_MS ? outage.elsewhere + outage.returned : null;
}

/** The counts of a record that was read back. A device of which no line was written is missing. */
export function countDevices(
  outage: Pick<Outage, 'startedAt' | 'signedIn'>,
  devices: Iterable<OutageDevice>,
): OutageCounts {
  const { signedIn } = outage;
  const counts = { told: 0, elsewhere: 0, returned: 0, missing: 0 };
  let known = 0;
  for (const device of devices) {
    if (!wasSignedIn(outage, device)) continue;
    known += 1;
    counts.told += Number(device.told);
    counts[device.outcome] += 1;
  }
  const all = Math.max(signedIn, known);
  return { ...counts, signedIn: all, missing: all - counts.elsewhere - counts.returned };
}
