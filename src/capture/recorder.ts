/**
 * One capture: takes references as things pass, and masks and writes them later, one at a time, when nothing else is to be
 * done. What would have to wait in a long row is dropped and counted. Nothing leaves here unmasked.
 */

import type { CaptureEnd } from '../domain/events.ts';
import type { Passed, PassedElement } from '../domain/tap.ts';
import type { Clock } from '../time/clock.ts';
import {
  type CaptureEntry,
  type CaptureHar,
  type CaptureNotes,
  COMMENT,
  renderEntry,
  renderStanza,
  type Stanza,
} from './har.ts';
import { createMask, type Mask } from './mask.ts';

export interface CaptureRequest {
  readonly devices: readonly string[];
  readonly forMs: number;
  /** Of the file, as it is written. */
  readonly maxBytes: number;
  readonly keepNames: boolean;
}

/** What a capture says of the proxy around it. */
export interface Surroundings {
  readonly services: readonly {
    readonly id: string;
    readonly cluster: string;
    readonly url: string;
    readonly aliases: readonly string[];
  }[];
  readonly listeners: readonly string[];
  readonly version: string;
}

export interface Counts {
  readonly entries: number;
  readonly stanzas: number;
  readonly bytes: number;
  readonly dropped: number;
}

export interface Recorder {
  /** `endedAt`: when it was over; by default, now. */
  take(passed: Passed, about: { readonly exchange: number; readonly device: string | null }, endedAt?: number): void;
  takeStanza(service: string, stanza: PassedElement): void;
  counts(): Counts;
  /** The file. Nothing is taken any more. */
  finish(ended: CaptureEnd): Promise<CaptureHar>;
}

export interface RecorderOptions {
  readonly request: CaptureRequest;
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  /** It is full. */
  readonly onFull: (because: 'size' | 'exchanges') => void;
  /** Runs it when nothing else is to be done; by default setImmediate. */
  readonly later?: (run: () => void) => void;
  /** Tests look at what is the same in each run. */
  readonly key?: Uint8Array;
}

/** What may wait to be masked: entries, and bytes of their bodies. */
const MAX_WAITING = 200;
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
export const MAX_ENTRIES = 5000;
const MAX_STANZAS = 1000;
/** Of one entry that is neither body nor header. */
const ENTRY_BYTES = 600;
/** Of the file: its head without comment and names, and what stands between two entries. */
const HEAD_BYTES = 1024;
const SEPARATOR_BYTES = 2;

interface Kept {
  readonly line: string;
}

type Work = () => Kept | Stanza | null;

export function createRecorder(options: RecorderOptions): Recorder {
  const { request, surroundings, clock, onFull, later = setImmediate } = options;
  const mask = createMask(options.key === undefined ? request : { ...request, key: options.key });
  const startedAt = clock.now();
  // The names of what is captured are known from the beginning, wherever they stand first.
  const devices = request.devices.map((name) => mask.pseudonyms.device(name));
  const services = surroundings.services.map(({ id, cluster, url, aliases }) => ({
    ...{ id, cluster, url: mask.urls.url(url), names: aliases.map(mask.urls.alias) },
  }));
  for (const { id, cluster } of surroundings.services) {
    mask.urls.learnWord(id);
    mask.urls.learnWord(cluster);
  }
  const listeners = surroundings.listeners.map((origin) => mask.urls.url(origin));

  /** What is left of the file beside its head. */
  const room =
    request.maxBytes -
    HEAD_BYTES -
    COMMENT.length -
    Buffer.byteLength(JSON.stringify({ devices, services, listeners }));
  const waiting: { readonly work: Work; readonly bytes: number }[] = [];
  const lines: string[] = [];
  const stanzas: Stanza[] = [];
  let [waitingBytes, bytes, dropped, withheld] = [0, 0, 0, 0];
  let isScheduled = false;
  let isOver = false;

  const enqueue = (work: Work, size: number) => {
    if (isOver) return;
    if (waiting.length >= MAX_WAITING || waitingBytes + size > MAX_WAITING_BYTES) {
      dropped += 1;
      return;
    }
    waiting.push({ work, bytes: size });
    waitingBytes += size;
    schedule();
  };
  const schedule = () => {
    if (isScheduled || waiting.length === 0) return;
    isScheduled = true;
    later(() => {
      isScheduled = false;
      runOne();
      schedule();
    });
  };
  const runOne = () => {
    const next = waiting.shift();
    if (next === undefined) return;
    waitingBytes -= next.bytes;
    try {
      keep(next.work());
    } catch {
      // What cannot be masked is not written.
      withheld += 1;
    }
  };
  const keep = (made: Kept | Stanza | null) => {
    if (made === null) {
      withheld += 1;
      return;
    }
    if ('line' in made) {
      const size = Buffer.byteLength(made.line) + SEPARATOR_BYTES;
      if (bytes + size > room) {
        dropped += 1;
        return full('size');
      }
      bytes += size;
      lines.push(made.line);
      if (lines.length >= MAX_ENTRIES) full('exchanges');
      return;
    }
    const size = Buffer.byteLength(JSON.stringify(made)) + SEPARATOR_BYTES;
    if (stanzas.length < MAX_STANZAS && bytes + size <= room) {
      bytes += size;
      stanzas.push(made);
    } else dropped += 1;
  };
  const full = (because: 'size' | 'exchanges') => {
    if (!isOver) onFull(because);
  };

  return {
    take(passed, about, endedAt = clock.now()) {
      const size = ENTRY_BYTES + (passed.body?.length ?? 0) + (passed.answer?.body.length ?? 0);
      enqueue(() => ({ line: JSON.stringify(renderEntry(passed, endedAt, about, mask)) }), size);
    },
    takeStanza(service, stanza) {
      const at = new Date(clock.now()).toISOString();
      const work = () => {
        const xml = renderStanza(stanza, mask);
        return xml === null ? null : { at, service, xml };
      };
      enqueue(work, ENTRY_BYTES);
    },
    counts: () => ({ entries: lines.length, stanzas: stanzas.length, bytes, dropped }),
    async finish(ended) {
      // What is waiting has passed in time.
      isOver = true;
      const turn = () => new Promise<void>((resolve) => later(resolve));
      while (waiting.length > 0) {
        runOne();
        await turn();
      }
      const entries: CaptureEntry[] = [];
      const cleaned = stanzas.map((stanza) => ({ ...stanza, xml: mask.scrub.clean(stanza.xml) }));
      let written = cleaned.reduce((sum, one) => sum + Buffer.byteLength(JSON.stringify(one)) + SEPARATOR_BYTES, 0);
      for (const line of lines) {
        const entry = search(line, mask);
        if (entry === null) withheld += 1;
        else {
          // What was learnt to be a secret later may be longer where it stands.
          written += Buffer.byteLength(JSON.stringify(entry)) + SEPARATOR_BYTES;
          if (written > room) dropped += 1;
          else entries.push(entry);
        }
        // Phones are served in between.
        await turn();
      }
      const notes: CaptureNotes = {
        ...{ format: 1, from: new Date(startedAt).toISOString(), until: new Date(clock.now()).toISOString(), ended },
        ...{ devices, services, listeners, keepNames: request.keepNames, dropped, withheld },
      };
      return {
        log: {
          version: '1.2',
          creator: { name: 'ippa-proxy', version: surroundings.version },
          comment: COMMENT,
          _ippa: notes,
          _stanzas: cleaned,
          entries: entries.sort((one, other) => one.startedDateTime.localeCompare(other.startedDateTime)),
        },
      };
    },
  };
}

/** Numbers that might by chance be a name. */
const NOT_SEARCHED = new Set(['startedDateTime', 'mimeType', 'encoding', '_encoding', 'httpVersion', 'method']);
const NUMERIC_HEADERS = new Set(['content-length', 'date', 'expires', 'age', 'keep-alive', 'cache-control']);

/** The search over the finished file, by all that is known at its end. null: something is left, and so nothing may be. */
function search(line: string, mask: Mask): CaptureEntry | null {
  const { scrub, pseudonyms } = mask;
  let isLeft = false;
  const look = (text: string): string => {
    const cleaned = scrub.clean(text);
    if (scrub.find(cleaned).some((found) => pseudonyms.isSecret(found))) isLeft = true;
    return cleaned;
  };
  const body = (text: string): string =>
    Buffer.from(look(Buffer.from(text, 'base64').toString('latin1')), 'latin1').toString('base64');
  const entry = JSON.parse(line, function (this: Record<string, unknown>, key, value: unknown) {
    if (typeof value !== 'string' || NOT_SEARCHED.has(key)) return value;
    if (key === 'value' && NUMERIC_HEADERS.has(String(this.name).toLowerCase())) return value;
    const isBody = key === 'text' && (this.encoding === 'base64' || this._encoding === 'base64');
    return isBody ? body(value) : look(value);
  }) as CaptureEntry;
  return isLeft ? null : entry;
}
