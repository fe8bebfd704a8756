/** Says words to another process: those that can wait go together in one message, those that cannot take all others along. */

import type { Clock } from '../time/clock.ts';

/**
 * `now`: somebody waits for it. `soon`: once all that has arrived at this moment is dealt with, so that a crowd shares a message and
 * a single one does not wait. `later`: for tables and logs.
 */
export type Urgency = 'now' | 'soon' | 'later';

export interface Channel<Word> {
  /** A function is asked for its word when it leaves. */
  say(word: Word | (() => Word), urgency: Urgency): void;
  flush(): void;
  /** Number of the message that the next word leaves in. */
  next(): number;
}

/** One message. */
export interface Message<Word> {
  readonly n: number;
  readonly words: readonly Word[];
}

const LATER_MS = 20;
/** A message is read at a stretch: a longer one would hold up phones. */
const MAX_WORDS = 500;

export function createChannel<Word>(
  send: (message: Message<Word>) => void,
  clock: Pick<Clock, 'after'>,
): Channel<Word> {
  let words: (Word | (() => Word))[] = [];
  let number = 1;
  let armed: Exclude<Urgency, 'now'> | null = null;
  let cancel = () => {};

  const flush = () => {
    cancel();
    armed = null;
    if (words.length === 0) return;
    const leaving = words;
    words = [];
    const said = leaving.map((word) => (typeof word === 'function' ? (word as () => Word)() : word));
    const n = number;
    number += 1;
    send({ n, words: said });
  };

  return {
    say(word, urgency) {
      words.push(word);
      if (urgency === 'now' || words.length >= MAX_WORDS) return flush();
      if (armed === urgency || armed === 'soon') return;
      cancel();
      armed = urgency;
      if (urgency === 'later') cancel = clock.after(LATER_MS, flush);
      else {
        const immediate = setImmediate(flush);
        cancel = () => clearImmediate(immediate);
      }
    },
    flush,
    next: () => number,
  };
}
