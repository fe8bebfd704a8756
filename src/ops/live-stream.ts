/**
 * What happens, as server-sent events to whoever watches. All events go through one ring, and every stream remembers how far it
 * has read in it: whoever was away a moment goes on, and whoever was away longer, or reads too slowly, begins again with a
 * snapshot. Writing is left to a timer, so that a phone waits for no stream.
 */

import { randomBytes } from 'node:crypto';
import type { Clock } from '../time/clock.ts';

export type LiveName = 'snapshot' | 'service' | 'outage' | 'admin' | 'proxy' | 'device';

/** Where a stream goes. */
export interface LiveReader {
  readonly address: string;
  /** Operators have bounds of their own, so that nobody without a token keeps them out. */
  readonly isOperator: boolean;
  /** Whether it also gets what only operators see. */
  readonly getsDevices: boolean;
  /** Whether that is still so: a session ends, and a reload takes tokens away. */
  readonly mayRead: () => boolean;
  /** The header `Last-Event-ID`. */
  readonly lastEventId: string | undefined;
  /** false: the reader is behind, and `onDrain` tells when it no longer is. */
  readonly write: (text: string) => boolean;
  readonly onDrain: (listener: () => void) => void;
  readonly end: () => void;
  readonly cutOff: () => void;
}

export interface LiveStreams {
  publish(name: LiveName, data: object, forOperators?: boolean): void;
  /** null: there are too many; else what ends it. */
  open(reader: LiveReader): (() => void) | null;
  /** Ends the streams of those who may no longer read. */
  recheck(): void;
  /** Ends all. */
  stop(): void;
}

export interface LiveStreamsOptions {
  readonly clock: Clock;
  /** What /health says, at this moment. */
  readonly snapshot: () => object;
  readonly onFault: (error: unknown) => void;
  readonly bounds?: Partial<typeof BOUNDS>;
}

const BOUNDS = { entries: 2000, streams: 64, perAddress: 16, anonymous: 32, anonymousPerAddress: 8 };
const FLUSH_MS = 100;
const ALIVE_MS = 15_000;
/** A reader that takes nothing for so long is gone, or as good as. */
const BEHIND_MS = 30_000;
const RETRY = 'retry: 2000\n\n';

interface Entry {
  readonly count: number;
  readonly name: LiveName;
  readonly data: object;
  readonly forOperators: boolean;
  text: string | null;
}

interface Stream {
  readonly reader: LiveReader;
  /** The count of the last entry that was written to it, or passed over; null: it needs a snapshot. */
  readTo: number | null;
  isBehind: boolean;
  cancelCut: () => void;
}

export function createLiveStreams({ clock, snapshot, onFault, ...options }: LiveStreamsOptions): LiveStreams {
  const bounds = { ...BOUNDS, ...options.bounds };
  /** The counts of another process mean nothing here. */
  const boot = randomBytes(4).toString('hex');
  /** Ascending by count. */
  let ring: Entry[] = [];
  let count = 0;
  const streams = new Set<Stream>();
  let cancelFlush: (() => void) | null = null;
  let cancelAlive: (() => void) | null = null;

  const textOf = (entry: Entry): string => {
    entry.text ??= `id: ${boot}-${entry.count}\nevent: ${entry.name}\ndata: ${JSON.stringify(entry.data)}\n\n`;
    return entry.text;
  };

  const holds = (readTo: number) => readTo <= count && readTo >= (ring[0]?.count ?? count + 1) - 1;

  /** A fault of our own costs one stream, not the process. */
  const catchUp = (stream: Stream) => {
    try {
      if (!stream.isBehind) writeRest(stream);
    } catch (error) {
      onFault(error);
      endOf(stream);
    }
  };

  const writeRest = (stream: Stream) => {
    const { readTo, reader } = stream;
    stream.readTo = count;
    if (readTo === null || !holds(readTo)) {
      return put(stream, `id: ${boot}-${count}\nevent: snapshot\ndata: ${JSON.stringify(snapshot())}\n\n`);
    }
    const left = ring.slice(ring.length - (count - readTo));
    const text = left.filter(({ forOperators }) => reader.getsDevices || !forOperators).map(textOf);
    if (text.length > 0) put(stream, text.join(''));
  };

  const put = (stream: Stream, text: string) => {
    if (stream.reader.write(text)) return;
    stream.isBehind = true;
    stream.cancelCut = clock.after(BEHIND_MS, () => {
      close(stream);
      stream.reader.cutOff();
    });
  };

  const drained = (stream: Stream) => {
    stream.cancelCut();
    stream.isBehind = false;
    if (streams.has(stream)) catchUp(stream);
  };

  const close = (stream: Stream) => {
    stream.cancelCut();
    streams.delete(stream);
    if (streams.size > 0) return;
    cancelFlush?.();
    cancelAlive?.();
    cancelFlush = null;
    cancelAlive = null;
  };

  const endOf = (stream: Stream) => {
    close(stream);
    stream.reader.end();
  };

  const recheck = () => {
    for (const stream of streams) if (!stream.reader.mayRead()) endOf(stream);
  };

  const armFlush = () => {
    if (streams.size === 0) return;
    cancelFlush ??= clock.after(FLUSH_MS, () => {
      cancelFlush = null;
      for (const stream of streams) catchUp(stream);
    });
  };

  /** Comments never reach a page, so a frozen proxy would look alive: an event of its own shows that it is not. */
  const armAlive = () => {
    cancelAlive ??= clock.after(ALIVE_MS, () => {
      cancelAlive = null;
      recheck();
      const text = `event: alive\ndata: ${JSON.stringify({ at: new Date(clock.now()).toISOString() })}\n\n`;
      for (const stream of streams) if (!stream.isBehind) put(stream, text);
      if (streams.size > 0) armAlive();
    });
  };

  return {
    publish(name, data, forOperators = false) {
      count += 1;
      ring.push({ count, name, data, forOperators, text: null });
      // Halved now and then: to shift each time would move them all.
      if (ring.length >= 2 * bounds.entries) ring = ring.slice(-bounds.entries);
      armFlush();
    },
    open(reader) {
      const { address, isOperator } = reader;
      const alike = [...streams].filter((other) => other.reader.isOperator === isOperator);
      const fromThere = alike.filter((other) => other.reader.address === address).length;
      if (alike.length >= (isOperator ? bounds.streams : bounds.anonymous)) return null;
      if (fromThere >= (isOperator ? bounds.perAddress : bounds.anonymousPerAddress)) return null;
      const readTo = parseLastId(reader.lastEventId, boot);
      const stream: Stream = { reader, readTo, isBehind: false, cancelCut: () => {} };
      streams.add(stream);
      reader.onDrain(() => drained(stream));
      put(stream, RETRY);
      catchUp(stream);
      armAlive();
      return () => close(stream);
    },
    recheck,
    stop() {
      for (const stream of streams) endOf(stream);
    },
  };
}

/** The count of an id of this process; null: it is none. */
function parseLastId(text: string | undefined, boot: string): number | null {
  const match = /^([0-9a-f]{8})-(\d{1,15})$/.exec(text ?? '');
  return match?.[1] === boot ? Number(match[2]) : null;
}
