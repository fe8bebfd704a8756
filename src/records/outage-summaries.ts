/** The summary of each outage, when its time has come: once, whichever of several proxies writes it. */

import type { Report } from '../domain/events.ts';
import { countBefore, decideSummary } from '../domain/outage-summary.ts';
import type { Facts } from '../shared/facts.ts';
import type { Clock } from '../time/clock.ts';
import type { Kept } from './kept-outage.ts';

export interface OutageSummaries {
  /** There may be another record, or another time. */
  arm(): void;
  start(): void;
  stop(): void;
}

export interface OutageSummariesOptions {
  readonly records: () => Iterable<Kept>;
  /** After t0. */
  readonly summaryAfterMs: () => number;
  /** The summary is being written. */
  readonly summarised: (kept: Kept, at: number) => void;
  readonly facts: Pick<Facts, 'proxy' | 'claimTask' | 'finishTask'> | null;
  /** By the clock that proxies share. */
  readonly now: () => number;
  readonly clock: Clock;
  readonly report: Report;
}

/** Who has asked to write a summary has this long to do it. */
const SUMMARY_CLAIM_MS = 10_000;
/** Of an older outage nobody writes one any more that has not: what is shared of it says so long before. */
const SUMMARY_DONE_MS = 86_400_000;

export function createOutageSummaries(options: OutageSummariesOptions): OutageSummaries {
  const { records, summaryAfterMs, facts, now, clock, report } = options;
  let isRunning = false;
  let cancel = () => {};

  const arm = () => {
    cancel();
    if (!isRunning) return;
    const due = [...records()].filter(({ outage }) => outage.summarisedAt === null);
    const dueAt = ({ outage, summaryNotBefore }: Kept) =>
      Math.max(outage.startedAt + summaryAfterMs(), summaryNotBefore);
    const [next] = due.toSorted((one, other) => dueAt(one) - dueAt(other));
    if (next === undefined) return;
    const inMs = dueAt(next) - now();
    // A clock that was set back must not put it off for longer than it takes.
    cancel = clock.after(Math.min(Math.max(0, inMs), summaryAfterMs()), () => void summariseOnce(next));
  };

  /** One proxy writes it; if that one dies before it has said so, another does. */
  const summariseOnce = async (kept: Kept) => {
    if (facts === null) return summarise(kept);
    const name = `summary/${kept.outage.id}`;
    const askedAt = clock.passed();
    // Asked while it is asked for already it would be given to somebody else.
    kept.summaryNotBefore = now() + SUMMARY_CLAIM_MS;
    const given = await facts.claimTask(name, SUMMARY_CLAIM_MS);
    if (!isRunning || kept.outage.summarisedAt !== null || ![...records()].includes(kept)) return arm();
    kept.summaryTries += Number(given === 'unknown');
    // A process that stood still meanwhile may have lost it to another.
    const claim = given === 'ours' && clock.passed() - askedAt > SUMMARY_CLAIM_MS / 2 ? 'late' : given;
    const decision = decideSummary(claim, kept.summaryTries, countBefore(kept.sides, facts.proxy));
    if (decision === 'write') {
      summarise(kept);
      // Whoever does not hear of it by the record hears it when it asks.
      facts.finishTask(name, SUMMARY_DONE_MS);
    } else {
      if (decision === 'written') options.summarised(kept, now());
      arm();
    }
  };

  const summarise = (kept: Kept) => {
    const at = now();
    options.summarised(kept, at);
    const { id: outage, service, drill, startedAt, verdictAt, endedAt, cause: failure } = kept.outage;
    const { signedIn, told: toldOf, elsewhere, returned, missing } = kept.outage;
    const counts = { signedIn, told: toldOf, elsewhere, returned, missing };
    report({ kind: 'outage-summary', at, service, outage, drill, startedAt, verdictAt, endedAt, failure, counts });
    arm();
  };

  return {
    arm,
    start() {
      isRunning = true;
      arm();
    },
    stop() {
      isRunning = false;
      cancel();
    },
  };
}
