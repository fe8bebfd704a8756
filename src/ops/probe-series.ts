/** The last probes of each service, for a plot: as many as show a trend, and no more. */

import type { EventHandlers } from '../domain/events.ts';

export interface ProbePoint {
  /** End of the probe, epoch ms. */
  readonly at: number;
  readonly latencyMs: number;
  readonly confirmed: boolean;
}

export interface ProbeSeries {
  readonly handlers: EventHandlers;
  /** Those that ended after then, oldest first. */
  of(service: string, after?: number): readonly ProbePoint[];
}

/** At the usual interval of five seconds the last five minutes. */
const MAX_POINTS = 60;

export function createProbeSeries(isService: (id: string) => boolean, maxPoints = MAX_POINTS): ProbeSeries {
  const series = new Map<string, ProbePoint[]>();
  return {
    handlers: {
      'probe-ended'({ at, service, latencyMs, outcome }) {
        const points = series.get(service) ?? [];
        if (points.length >= maxPoints) points.shift();
        points.push({ at, latencyMs: Math.round(latencyMs), confirmed: outcome.kind === 'confirmed' });
        series.set(service, points);
      },
      'configuration-applied'() {
        for (const id of series.keys()) if (!isService(id)) series.delete(id);
      },
    },
    of: (service, after = -1) => (series.get(service) ?? []).filter(({ at }) => at > after),
  };
}
