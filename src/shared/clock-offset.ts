/** How far the clock of the store is ahead of the time that passes here, by the answer that was quickest to come of late. Pure. */

/** An answer to TIME. */
export interface TimeSample {
  /** What the store's clock said, ms. */
  readonly said: number;
  /** When it was asked and when the answer was here, by `Clock.passed`. */
  readonly askedAt: number;
  readonly heardAt: number;
}

export interface ClockOffset {
  /** Returns what is to be added to `passed`. It is wrong by half of the quickest round trip at most. */
  add(sample: TimeSample): number;
}

const KEEP_MS = 60_000;
const BUCKET_MS = 10_000;
/** Two answers differ by half of their round trips at most; by so much more only when somebody has set the clock. */
const SET_MS = 1000;

interface Sample {
  readonly bucket: number;
  readonly roundTrip: number;
  readonly ahead: number;
}

export function createClockOffset(): ClockOffset {
  let best: Sample[] = [];
  return {
    add({ said, askedAt, heardAt }) {
      const roundTrip = heardAt - askedAt;
      const bucket = Math.floor(heardAt / BUCKET_MS);
      const sample = { bucket, roundTrip, ahead: said - (askedAt + roundTrip / 2) };
      const last = best.reduce<Sample | null>(quicker, null);
      if (last !== null && Math.abs(sample.ahead - last.ahead) > (roundTrip + last.roundTrip) / 2 + SET_MS) best = [];
      best = best.filter((each) => each.bucket > bucket - KEEP_MS / BUCKET_MS);
      const same = best.findIndex((each) => each.bucket === bucket);
      const current = best[same];
      if (current === undefined) best.push(sample);
      else if (roundTrip < current.roundTrip) best[same] = sample;
      return (best.reduce<Sample | null>(quicker, null) ?? sample).ahead;
    },
  };
}

function quicker(one: Sample | null, other: Sample): Sample {
  return one === null || other.roundTrip < one.roundTrip ? other : one;
}
