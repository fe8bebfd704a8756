/**
 * One record for an outage that several proxies see: what each of them says of it is a side of the record, and the record is
 * what follows from all sides. Sides, devices and records are joined by rules that do not depend on the order in which they
 * are heard of, nor on how often. Pure; times are epoch ms by the store's clock.
 */

import type { SignalName } from './health/state.ts';
import type { Failure } from './model.ts';
import { type Outage, type OutageCut, type OutageDevice, type OutageEvent, reduceOutage } from './outage.ts';

/** Proxies know the time that they share to below that. */
const APART_MS = 5000;

/** The outage as one proxy sees it. */
export interface OutageSide {
  /** t0 */
  readonly from: number;
  readonly verdictAt: number | null;
  readonly until: number | null;
  readonly cause: Failure | null;
  readonly decidedBy: SignalName | null;
  /** Of two things that were said of a side the later one counts. */
  readonly saidAt: number;
}

/** By id of the proxy. */
export type OutageSides = Readonly<Record<string, OutageSide>>;

/** What of a record is said to others; what becomes of its devices is said of each apart. */
export interface OutageHead extends Omit<Outage, 'startedAt' | 'verdictAt' | 'endedAt' | 'cause' | 'decidedBy'> {
  readonly sides: OutageSides;
}

export function newSide(from: number, cause: Failure | null, decidedBy: SignalName | null, at: number): OutageSide {
  return { from, verdictAt: null, until: null, cause, decidedBy, saidAt: at };
}

/** What an event about the outage makes of the side of the proxy that saw it. */
export function reduceSide(outage: Outage, side: OutageSide, event: OutageEvent): OutageSide {
  const { from: startedAt, verdictAt, until: endedAt, cause, decidedBy } = side;
  const next = reduceOutage({ ...outage, startedAt, verdictAt, endedAt, cause, decidedBy }, null, event).outage;
  if (next.verdictAt === verdictAt && next.endedAt === endedAt && next.cause === cause) return side;
  const { verdictAt: verdict, endedAt: until, cause: sharpened } = next;
  return { ...side, verdictAt: verdict, until, cause: sharpened, saidAt: Math.max(event.at, side.saidAt + 1) };
}

/** The proxy sees the failure still, or again. */
export function reopenSide(side: OutageSide, at: number): OutageSide {
  return side.until === null ? side : { ...side, until: null, saidAt: Math.max(at, side.saidAt + 1) };
}

/** The proxy is gone: what it saw ends with what it last said, so that all who close it say the same. */
export function closeSide(side: OutageSide, heardAt: number): OutageSide {
  if (side.until !== null) return side;
  const until = Math.max(heardAt, side.from);
  return { ...side, until, saidAt: Math.max(until, side.saidAt + 1) };
}

export type OutageTimes = Pick<Outage, 'startedAt' | 'verdictAt' | 'endedAt' | 'cause' | 'decidedBy'>;

/** It begins with the first to see it, whose cause counts, and ends when nobody sees it any more. */
export function selectTimes(sides: OutageSides): OutageTimes {
  const all = Object.entries(sides).toSorted(
    ([one, { from }], [other, { from: otherFrom }]) => from - otherFrom || compare(one, other),
  );
  const [, first] = all[0] ?? [];
  const untils = all.map(([, { until }]) => until);
  const verdicts = all.map(([, { verdictAt }]) => verdictAt).filter((at) => at !== null);
  return {
    startedAt: first?.from ?? 0,
    verdictAt: verdicts.length === 0 ? null : Math.min(...verdicts),
    endedAt: untils.includes(null) ? null : Math.max(0, ...untils.map((until) => until ?? 0)),
    cause: first?.cause ?? null,
    decidedBy: first?.decidedBy ?? null,
  };
}

/** When something was last said of it. */
export function selectSaidAt(sides: OutageSides): number {
  return Math.max(0, ...Object.values(sides).map(({ saidAt }) => saidAt));
}

/** Whose side ended last: the one that tells of the end. */
export function selectLast(sides: OutageSides): string | null {
  const [last] = Object.entries(sides).toSorted(
    ([one, { until }], [other, { until: otherUntil }]) =>
      (otherUntil ?? Number.POSITIVE_INFINITY) - (until ?? Number.POSITIVE_INFINITY) || compare(other, one),
  );
  return last?.[0] ?? null;
}

export function joinSides(one: OutageSides, other: OutageSides): OutageSides {
  const joined: Record<string, OutageSide> = { ...one };
  for (const [proxy, side] of Object.entries(other)) {
    const known = joined[proxy];
    if (known === undefined || isLater(side, known)) joined[proxy] = side;
  }
  return joined;
}

function isLater(one: OutageSide, other: OutageSide): boolean {
  if (one.saidAt !== other.saidAt) return one.saidAt > other.saidAt;
  return compare(textOf(one), textOf(other)) > 0;
}

function textOf({ from, verdictAt, until, cause, decidedBy }: OutageSide): string {
  return JSON.stringify([from, verdictAt, until, cause?.code, cause?.detail, decidedBy]);
}

type JoinedOfHead = Pick<OutageHead, 'sides' | 'withinFiveMinutes' | 'summarisedAt' | 'cut'>;

/** Who counted more signed in again after five minutes had heard more; whoever wrote the summary first has written it. */
export function joinHeads(one: JoinedOfHead, other: JoinedOfHead): JoinedOfHead {
  const cut = joinCuts(one.cut, other.cut);
  return {
    sides: joinSides(one.sides, other.sides),
    withinFiveMinutes: most(one.withinFiveMinutes, other.withinFiveMinutes),
    summarisedAt: first(one.summarisedAt, other.summarisedAt),
    ...(cut === undefined ? {} : { cut }),
  };
}

/** Who was told what it was knows more than who was not. */
function joinCuts(one: OutageCut | undefined, other: OutageCut | undefined): OutageCut | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const keyOf = ({ nature, since, until }: OutageCut) => `${nature === 'unknown' ? 1 : 0} ${since} ${until} ${nature}`;
  return compare(keyOf(one), keyOf(other)) <= 0 ? one : other;
}

/** What was seen of a device through several proxies: where it was last counts; what a clock that was ahead has dated so does not. */
export function joinDevices(one: OutageDevice, other: OutageDevice, now = Number.POSITIVE_INFINITY): OutageDevice {
  const last = isMovedLater(other, one, now) ? other : one;
  const pushed = [...new Set([...(one.pushed ?? []), ...(other.pushed ?? [])])].toSorted();
  return {
    device: one.device,
    agent: lesser(one.agent, other.agent),
    extension: lesser(one.extension, other.extension),
    told: one.told || other.told,
    ...{ outcome: last.outcome, service: last.service, at: last.at },
    backAt: first(one.backAt, other.backAt),
    ...(last.leftAt === undefined ? {} : { leftAt: last.leftAt }),
    ...(pushed.length === 0 ? {} : { pushed }),
  };
}

function isMovedLater(one: OutageDevice, other: OutageDevice, now: number): boolean {
  const [at, otherAt] = [one, other].map((each) => {
    const said = each.at ?? each.leftAt ?? Number.NEGATIVE_INFINITY;
    return said > now + APART_MS ? said - Number.MAX_SAFE_INTEGER : said;
  }) as [number, number];
  if (at !== otherAt) return at > otherAt;
  return compare(`${one.outcome} ${one.service}`, `${other.outcome} ${other.service}`) > 0;
}

/** It was dated by a clock that was ahead: no outage of now is part of it. */
export function isToCome({ startedAt, endedAt }: Outage, now: number): boolean {
  return endedAt !== null && startedAt > now + APART_MS;
}

/** Two records that were begun apart, because their proxies could not hear each other, and are about the same outage. */
export function isSameOutage(one: Outage, other: Outage, now: number): boolean {
  const endOf = ({ endedAt }: Outage) => endedAt ?? Number.POSITIVE_INFINITY;
  return (
    one.service === other.service &&
    one.drill === other.drill &&
    isToCome(one, now) === isToCome(other, now) &&
    one.startedAt < endOf(other) &&
    other.startedAt < endOf(one)
  );
}

function most(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function first(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

function lesser(one: string | null, other: string | null): string | null {
  return one === null || other === null ? (one ?? other) : compare(one, other) <= 0 ? one : other;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
