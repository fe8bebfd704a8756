/** The headers of an answer that a phone heeds (reference/phone-xml.md §5). */

export interface Refresh {
  /** null: manual, the page moves on when the user presses Update or Next. */
  readonly seconds: number | null;
  /** null: the current URL again. */
  readonly url: string | null;
}

/** Reads `Refresh: seconds; url=URL`. Missing or 0 seconds mean manual. undefined: not readable. */
export function parseRefresh(value: string): Refresh | undefined {
  const match = /^\s*(\d*)\s*(?:;?\s*url\s*=\s*["']?([^"']*?)["']?)?\s*$/i.exec(value);
  if (!match || value.trim() === '') return undefined;
  const seconds = Number(match[1] ?? '');
  const url = match[2] ?? '';
  return { seconds: seconds > 0 ? seconds : null, url: url === '' ? null : url };
}

/**
 * Whether a page with this Expires is out of date the moment it is loaded and so stays out of the URL history.
 * What is no date, such as -1 or 0, is wrong; so is a date before 1970-01-02 on 88xx phones. Neither counts as expired.
 */
export function decideExpires(value: string | undefined, nowMs: number): { expired: boolean; violation?: string } {
  if (value === undefined) return { expired: false };
  const date = /[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(date)) return { expired: false, violation: 'Expires is not a date' };
  if (date < 86_400_000) return { expired: false, violation: 'Expires is not after 1970-01-01' };
  return { expired: date <= nowMs };
}
