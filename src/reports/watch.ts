/** Watches one node: a probe every interval, one in flight, what it found handed on. */

import { type ReportNode, selectProbeInterval } from '../domain/report-node.ts';
import type { Clock } from '../time/clock.ts';
import type { ReportProbe, ReportProbeResult } from './probe.ts';

export interface ReportWatchOptions {
  readonly probe: ReportProbe;
  readonly intervalMs: number;
  readonly clock: Clock;
  /** What is known of the node once this result is. */
  readonly onProbe: (result: ReportProbeResult) => ReportNode;
  /** The probe itself failed, by a fault of ours. */
  readonly onFault: (error: unknown) => void;
}

export interface ReportWatch {
  start(): void;
  stop(): void;
}

export function createReportWatch({ probe, intervalMs, clock, onProbe, onFault }: ReportWatchOptions): ReportWatch {
  const stopping = new AbortController();
  const { signal } = stopping;
  let cancel = () => {};

  const ask = async () => {
    const startedAt = clock.now();
    let nextMs = intervalMs;
    try {
      const result = await probe(signal);
      if (signal.aborted) return;
      nextMs = selectProbeInterval(onProbe(result), intervalMs);
    } catch (error) {
      if (signal.aborted) return;
      onFault(error);
    }
    // From start to start; never more than the interval, also when the clock was set back meanwhile.
    const delayMs = Math.min(nextMs, Math.max(0, startedAt + nextMs - clock.now()));
    cancel = clock.after(delayMs, () => void ask());
  };

  return {
    start: () => void ask(),
    stop() {
      stopping.abort();
      cancel();
    },
  };
}
