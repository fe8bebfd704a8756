/**
 * The screen of one phone as server-sent events. What counts is what it shows now, so a reader that is slow misses what lies
 * between and gets the newest when it has caught up; one that takes nothing for long is cut off.
 */

import type { ConsolePhone } from '../console-phones/console-phone.ts';
import type { Clock } from '../time/clock.ts';

export interface PhoneReader {
  /** false: the reader is behind, and `onDrain` tells when it no longer is. */
  readonly write: (text: string) => boolean;
  readonly onDrain: (listener: () => void) => void;
  readonly cutOff: () => void;
}

/** What comes within a moment goes out together. */
const FLUSH_MS = 30;
const ALIVE_MS = 15_000;
const BEHIND_MS = 30_000;
const RETRY = 'retry: 2000\n\n';

/** Writes to it until the returned function ends that. */
export function openPhoneStream(phone: ConsolePhone, reader: PhoneReader, clock: Clock): () => void {
  let [isBehind, sent] = [false, -1];
  let cancelFlush: (() => void) | null = null;
  let cancelCut = () => {};
  let cancelAlive = () => {};

  const put = (text: string) => {
    if (reader.write(text)) return;
    isBehind = true;
    cancelCut();
    cancelCut = clock.after(BEHIND_MS, reader.cutOff);
  };
  const flush = () => {
    cancelFlush = null;
    const state = phone.state();
    if (isBehind || state.version === sent) return;
    sent = state.version;
    put(renderEvent('phone', state));
  };
  const armAlive = () => {
    cancelAlive = clock.after(ALIVE_MS, () => {
      if (!isBehind) put(renderEvent('alive', { at: new Date(clock.now()).toISOString() }));
      armAlive();
    });
  };

  reader.onDrain(() => {
    isBehind = false;
    cancelCut();
    flush();
  });
  const unwatch = phone.watch(() => {
    cancelFlush ??= clock.after(FLUSH_MS, flush);
  });
  put(RETRY);
  flush();
  armAlive();
  return () => {
    unwatch();
    cancelFlush?.();
    cancelCut();
    cancelAlive();
  };
}

export function renderEvent(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
