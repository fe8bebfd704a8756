/** The summary of each outage, when its time has come: once, whichever of several proxies writes it. */

import type { Report } from '../domain/events.ts';
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
  readonly facts: Pick<Facts, 'claim'> | null;
  /** By the clock that proxies share. */
  readonly now: () => number;
  readonly clock: Clock;
  readonly report: Report;
}

/** Who has asked to write a summary has this long to do it. */
const SUMMARY_CLAIM_MS = 10_000;
/** So often it is asked for while the store cannot be had; then it is written, twice rather than never. */
const SUMMARY_TRIES = 3;

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

  /** One proxy writes it; if that one dies before it has, another does. */
  const summariseOnce = async (kept: Kept) => {
    if (facts === null) return summarise(kept);
    // Asked while it is asked for already it would be given to somebody else.
    kept.summaryNotBefore = now() + SUMMARY_CLAIM_MS;
    const claim = await facts.claim(`summary/${kept.outage.id}`, SUMMARY_CLAIM_MS);
    if (!isRunning || kept.outage.summarisedAt !== null || ![...records()].includes(kept)) return arm();
    kept.summaryTries += Number(claim === 'unknown');
    if (claim === 'ours' || kept.summaryTries > SUMMARY_TRIES) return summarise(kept);
    arm();
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
