/** The URL history: pages that had not expired when they were loaded (reference/phone-xml.md §2 Exit, §5 Expires). */

/** "Stack size exceeded" prunes the oldest; the real depth is not documented. */
const depth = 32;

/** Kept URLs, the newest last. */
export type History = readonly string[];

/** After `url` was loaded: kept on top unless it had expired or is on top already. */
export function pushPage(history: History, url: string, expired: boolean): History {
  return expired || history.at(-1) === url ? history : [...history, url].slice(-depth);
}

/** Where Exit leads from `current`: the history as it is then, its last URL being the target; empty: out of the service. */
export function stepBack(history: History, current: string | null): History {
  return history.at(-1) === current ? history.slice(0, -1) : history;
}
