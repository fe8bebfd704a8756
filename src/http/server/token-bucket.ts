/** How much one address has asked for lately: tokens that come back with time. Pure. */

export interface BucketLimits {
  /** Tokens that come back in a second. */
  readonly requestsPerSecond: number;
  /** Tokens after a pause. */
  readonly burst: number;
}

export interface Bucket {
  /** From -burst, deep in debt, to burst. */
  readonly tokens: number;
  /** Of the last request, in ms of a clock that is never set. */
  readonly at: number;
}

/** `busy`: no tokens left. `drop`: and it went on asking, for another whole burst. */
export type BucketVerdict = 'serve' | 'busy' | 'drop';

/**
 * One request. Also one that is not served counts, so that whoever goes on asking at the same rate is not served now and
 * then, but has to be quiet for a moment first; at most for twice burst / requestsPerSecond.
 */
export function reduceBucket(
  bucket: Bucket | null,
  at: number,
  limits: BucketLimits,
): { readonly bucket: Bucket; readonly verdict: BucketVerdict } {
  const tokens = Math.max(-limits.burst, selectTokens(bucket, at, limits) - 1);
  return { bucket: { tokens, at }, verdict: tokens >= 0 ? 'serve' : tokens > -limits.burst ? 'busy' : 'drop' };
}

/** Whether an address is so deep in debt that it need not even be listened to. */
export function isDeepInDebt(bucket: Bucket | null, at: number, limits: BucketLimits): boolean {
  return selectTokens(bucket, at, limits) <= 1 - limits.burst;
}

function selectTokens(bucket: Bucket | null, at: number, { requestsPerSecond, burst }: BucketLimits): number {
  if (bucket === null) return burst;
  return Math.min(burst, bucket.tokens + ((at - bucket.at) / 1000) * requestsPerSecond);
}
