/** What a soak has to hold, judged from the proxy's log and from samples of its process. Pure. */

export interface LogLine {
  /** Epoch ms. */
  readonly at: number;
  readonly event: string;
  readonly service?: string;
  readonly from?: string;
  readonly to?: string;
  readonly attempt?: number | null;
  readonly reason?: string | null;
}

export interface Timelines {
  readonly outages: number;
  readonly verdicts: number;
  readonly problems: readonly string[];
}

/** A log line may be late on a busy machine; the contract gives the verdict a second either way. */
const LATE_MS = 1000;
const EARLY_MS = 50;

/**
 * Every outage of a service is in-service → attempt 1 … n → verdict at t0 + n intervals → in service, or ends by a
 * recovery at some attempt: no step twice, none left out, none at another time. What is late
 * because the machine stood still is excused.
 */
export function checkTimelines(
  lines: readonly LogLine[],
  intervalMs: number,
  attempts: number,
  stalled: (from: number, to: number) => boolean = () => false,
): Timelines {
  const problems: string[] = [];
  let [outages, verdicts] = [0, 0];
  const states = new Map<string, { state: string; attempt: number; t0: number }>();
  for (const { at, event, service = '', from, to, attempt } of lines) {
    if (event !== 'service-state' && event !== 'service-attempt') continue;
    const known = states.get(service) ?? { state: 'unknown', attempt: 0, t0: 0 };
    const bad = (what: string) => problems.push(`${service}: ${what} (${from} to ${to}, attempt ${attempt})`);
    if (from !== known.state) bad(`was ${known.state}`);
    const step = to === 'out-of-service' ? attempts : (attempt ?? 1) - 1;
    const lateMs = at - known.t0 - step * intervalMs;
    if (to === 'reconnecting' && from !== 'reconnecting') {
      if (from === 'out-of-service' || attempt !== 1) bad('an outage begins otherwise');
      outages += 1;
      states.set(service, { state: to, attempt: 1, t0: at });
      continue;
    }
    if (to === 'reconnecting' && attempt !== known.attempt + 1) bad(`follows attempt ${known.attempt}`);
    if (to === 'out-of-service') {
      verdicts += 1;
      if (from !== 'reconnecting' || known.attempt !== attempts) bad(`a verdict after attempt ${known.attempt}`);
    }
    if (to !== 'in-service' && (lateMs < -EARLY_MS || (lateMs > LATE_MS && !stalled(known.t0, at)))) {
      bad(`${lateMs} ms late`);
    }
    states.set(service, { ...known, state: to ?? '', attempt: attempt ?? 0 });
  }
  return { outages, verdicts, problems };
}

/** Why each of the service's outages began that did in a span of time. */
export function outagesIn(lines: readonly LogLine[], service: string, from: number, to: number): readonly string[] {
  return lines.flatMap((line) => {
    const begins = line.event === 'service-state' && line.service === service && line.to === 'reconnecting';
    return begins && line.at >= from && line.at <= to ? [line.reason ?? ''] : [];
  });
}

export interface Floors {
  readonly first: number;
  readonly last: number;
}

/**
 * The least value of the first and of the last third of the samples: what is in flight makes samples rise and fall, what
 * leaks lifts the floor.
 */
export function floorsOf(samples: readonly number[]): Floors {
  const third = Math.max(1, Math.floor(samples.length / 3));
  return { first: Math.min(...samples.slice(0, third)), last: Math.min(...samples.slice(-third)) };
}
