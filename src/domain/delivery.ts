/** When a delivery to a webhook is tried again, and when it is given up. Pure. */

/** What became of one attempt. */
export type DeliveryOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfterMs: number | null }
  /** In words that hold no secret. */
  | { readonly kind: 'failed'; readonly detail: string };

/** `refused`: the receiver says that it will never take this one; `too-old`: a day of attempts was in vain. */
export type DeliveryStep =
  | { readonly next: 'delivered' }
  | { readonly next: 'retry'; readonly afterMs: number }
  | { readonly next: 'lost'; readonly because: 'refused' | 'too-old' }
  /** 410: the receiver wants no more. */
  | { readonly next: 'stop' };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
export const RETRY_AFTER_MS: readonly number[] = [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR];
export const GIVE_UP_AFTER_MS = 24 * HOUR;
/** Waits are shortened by up to this share, so that receivers that come back are not met by all proxies at once. */
const SPREAD = 0.1;

/** The body is what is wrong: another attempt sends the same one. */
const REFUSALS: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/**
 * `failures`: attempts that failed in a row at this receiver, this one included; `ageMs`: since the event; `random`: 0 to 1.
 * A receiver that says when to come back is believed, for an hour at most.
 */
export function decideDelivery(
  outcome: DeliveryOutcome,
  { failures, ageMs, random }: { readonly failures: number; readonly ageMs: number; readonly random: number },
): DeliveryStep {
  if (outcome.kind === 'answered') {
    const { status } = outcome;
    if (status >= 200 && status < 300) return { next: 'delivered' };
    if (status === 410) return { next: 'stop' };
    if (REFUSALS.has(status)) return { next: 'lost', because: 'refused' };
  }
  if (ageMs >= GIVE_UP_AFTER_MS) return { next: 'lost', because: 'too-old' };
  const planned = RETRY_AFTER_MS[Math.min(Math.max(failures, 1), RETRY_AFTER_MS.length) - 1] ?? HOUR;
  const asked = outcome.kind === 'answered' ? (outcome.retryAfterMs ?? 0) : 0;
  const afterMs = Math.max(Math.round(planned * (1 - SPREAD * random)), Math.min(asked, HOUR));
  return { next: 'retry', afterMs };
}

/** `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. null: neither. */
export function parseRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * SECOND;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** The status in words for the operator. */
export function renderOutcome(outcome: DeliveryOutcome): string {
  if (outcome.kind === 'failed') return outcome.detail;
  const { status } = outcome;
  if (status >= 300 && status < 400) return `status ${status}, a redirect, which is not followed`;
  return `status ${status}`;
}
