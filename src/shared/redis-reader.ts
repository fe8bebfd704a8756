/** Reads what is in the store: all of it, or what has changed since. A read that fails throws; it is never taken for "nothing". */

import type { StoreFault } from '../domain/store-fault.ts';
import type { RedisCommand, RedisConnection, RedisReply } from './redis-connection.ts';

export class StoreError extends Error {
  readonly fault: StoreFault;

  constructor(fault: StoreFault) {
    super(fault.code);
    this.fault = fault;
  }
}

export interface StoreHead {
  /** null: there is none, so the store is new, or was flushed. */
  readonly epoch: string | null;
  readonly schema: string | null;
}

export interface LogEntry {
  readonly id: string;
  readonly fields: ReadonlyMap<string, string>;
}

export interface StoreReader {
  /** The last entry of a stream; `0-0`: it has none. */
  lastId(key: string): Promise<string>;
  /** The first entry of a stream, or null. */
  firstId(key: string): Promise<string | null>;
  head(): Promise<StoreHead>;
  /** Every field of a hash, in portions: between two of them others have their turn. A field may come twice. */
  fields(hash: string): AsyncGenerator<readonly (readonly [field: string, text: string])[]>;
  /** All entries of a stream, in portions. */
  entries(key: string): AsyncGenerator<readonly LogEntry[]>;
}

/** Well under 10 ms of the event loop, with all that is made of them. */
export const PORTION = 500;

export function createStoreReader(connection: RedisConnection, prefix: string): StoreReader {
  const ask = async (command: RedisCommand): Promise<unknown> => {
    const [reply] = await connection.run([command]);
    return answerOf(reply, String(command[1]));
  };
  return {
    async lastId(key) {
      return parseEntries(await ask(['XREVRANGE', `${prefix}${key}`, '+', '-', 'COUNT', 1]))[0]?.id ?? '0-0';
    },
    async firstId(key) {
      return parseEntries(await ask(['XRANGE', `${prefix}${key}`, '-', '+', 'COUNT', 1]))[0]?.id ?? null;
    },
    async head() {
      const [epoch, schema] = await connection.run([
        ['GET', `${prefix}epoch`],
        ['GET', `${prefix}schema`],
      ]);
      return {
        epoch: textOrNull(answerOf(epoch, `${prefix}epoch`)),
        schema: textOrNull(answerOf(schema, `${prefix}schema`)),
      };
    },
    async *fields(hash) {
      let cursor = '0';
      do {
        const reply = await ask(['HSCAN', `${prefix}${hash}`, cursor, 'COUNT', PORTION]);
        const [next, flat] = Array.isArray(reply) ? reply : [];
        if (typeof next !== 'string' || !Array.isArray(flat)) throw new StoreError(STRANGE);
        cursor = next;
        const texts = flat.map(String);
        // Small hashes come as a whole, whatever was asked for.
        for (let index = 0; index < texts.length; index += 2 * PORTION) {
          const part = texts.slice(index, index + 2 * PORTION);
          if (index > 0) await new Promise<void>((resolve) => setImmediate(resolve));
          yield part.flatMap((field, at) => (at % 2 === 0 ? [[field, part[at + 1] ?? ''] as const] : []));
        }
      } while (cursor !== '0');
    },
    async *entries(key) {
      let from = '-';
      for (;;) {
        const found = parseEntries(await ask(['XRANGE', `${prefix}${key}`, from, '+', 'COUNT', PORTION]));
        if (found.length > 0) yield found;
        const last = found.at(-1);
        if (last === undefined || found.length < PORTION) return;
        from = `(${last.id}`;
      }
    },
  };
}

const STRANGE: StoreFault = { code: 'store-other', detail: 'an answer of another form than was asked for' };

/** `key`: of which is said, should it hold something else. */
export function answerOf(reply: RedisReply | undefined, key = ''): unknown {
  if (reply === undefined) throw new StoreError(STRANGE);
  if (!('fault' in reply)) return reply.value;
  const { code, detail } = reply.fault;
  throw new StoreError(code === 'store-key' && key !== '' ? { code, detail: `${key}: ${detail}` } : reply.fault);
}

function textOrNull(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value;
  throw new StoreError(STRANGE);
}

/** `[[id, [name, value, …]], …]` */
export function parseEntries(reply: unknown): LogEntry[] {
  if (!Array.isArray(reply)) throw new StoreError(STRANGE);
  return reply.map((entry: unknown) => {
    const [id, flat] = Array.isArray(entry) ? entry : [];
    if (typeof id !== 'string' || !Array.isArray(flat)) throw new StoreError(STRANGE);
    const fields = new Map<string, string>();
    for (let index = 0; index + 1 < flat.length; index += 2) fields.set(String(flat[index]), String(flat[index + 1]));
    return { id, fields };
  });
}

/** What XREAD says of several streams: `[[key, entries], …]`, or null when none has anything new. */
export function parseStreams(reply: unknown): ReadonlyMap<string, readonly LogEntry[]> {
  if (reply === null) return new Map();
  if (!Array.isArray(reply)) throw new StoreError(STRANGE);
  return new Map(
    reply.map((stream: unknown) => {
      const [key, entries] = Array.isArray(stream) ? stream : [];
      return [String(key), parseEntries(entries)] as const;
    }),
  );
}

/** TIME in ms. */
export function parseTime(reply: unknown): number {
  const [seconds, micros] = Array.isArray(reply) ? reply.map(Number) : [];
  if (seconds === undefined || micros === undefined || !Number.isFinite(seconds + micros))
    throw new StoreError(STRANGE);
  return seconds * 1000 + micros / 1000;
}

/** How far time had come in the store when somebody wrote last, ms; 0: nothing there says so. */
export function parseReached(reply: unknown): number {
  return typeof reply === 'string' && /^\d{1,16}$/.test(reply) ? Number(reply) : 0;
}
