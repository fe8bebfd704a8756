/**
 * Tries a store once, for `check --probe` and `doctor`: whether it can be reached, may do what the proxy needs, and is kept as it
 * should be. What it writes is on keys of its own that end within a second.
 */

import { randomBytes } from 'node:crypto';
import type { RedisConfig } from '../config/config.ts';
import type { StoreFault } from '../domain/store-fault.ts';
import { createRedisConnection, type RedisCommand } from './redis-connection.ts';
import { isKnownLayout, SCHEMA } from './redis-layout.ts';
import { parseTime } from './redis-reader.ts';

export interface StoreTrial {
  /** What the proxy needs and does not get: the command, and why; `connect` before any. */
  readonly refused: readonly { readonly command: string; readonly fault: StoreFault }[];
  /** `redis 7.0.15`; null: it may not be asked. */
  readonly version: string | null;
  /** What its clock is ahead of this machine's; null: it cannot be asked. */
  readonly aheadMs: number | null;
  /** What happens when its memory is full; anything but `noeviction` loses sign-ins silently. null: it may not be asked. */
  readonly policy: string | null;
  /** Whether what it holds survives its restart, and the last save went well. null: it may not be asked. */
  readonly saves: 'yes' | 'no' | 'failed' | null;
  readonly role: string | null;
}

const CONNECT_MS = 5000;

export async function tryStore(redis: RedisConfig, now: () => number = Date.now): Promise<StoreTrial> {
  const up = Promise.withResolvers<boolean>();
  const connection = createRedisConnection({
    redis: { ...redis, timeoutMs: Math.max(redis.timeoutMs, 1000) },
    name: 'ippa-proxy-check',
    onUp: () => up.resolve(true),
    onDown: ({ code }) => {
      // Of what may pass within seconds, such as a server that starts, nothing is said at once.
      if (code !== 'store-unreachable' && code !== 'store-loading') up.resolve(false);
    },
  });
  const timer = setTimeout(() => up.resolve(false), redis.name === null ? CONNECT_MS / 2 : CONNECT_MS);
  connection.open();
  try {
    if (!(await up.promise)) {
      const fault = connection.fault() ?? { code: 'store-timeout', detail: 'no connection' };
      return { ...NOTHING, refused: [{ command: 'connect', fault }] };
    }
    return await look(redis, (commands) => connection.run(commands), now);
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

const NOTHING: Omit<StoreTrial, 'refused'> = { version: null, aheadMs: null, policy: null, saves: null, role: null };

type Run = ReturnType<typeof createRedisConnection>['run'];

async function look(redis: RedisConfig, run: Run, now: () => number): Promise<StoreTrial> {
  const trial = `${redis.prefix}trial:${randomBytes(6).toString('hex')}`;
  const [hash, stream, claim] = ['h', 's', 'c'].map((end) => `${trial}:${end}`) as [string, string, string];
  const needed: readonly RedisCommand[] = [
    ['TIME'],
    ['GET', `${redis.prefix}schema`],
    ['SET', claim, 'x', 'NX', 'PX', 1000],
    ['EVAL', script(`redis.call('HSET', KEYS[1], 'f', redis.call('TIME')[1])`), 1, hash],
    ['EVAL', script(`redis.call('HGET', KEYS[1], 'f') redis.call('HDEL', KEYS[1], 'g')`), 1, hash],
    ['EVAL', script(`redis.call('XADD', KEYS[1], 'MAXLEN', '~', 10, '*', 'e', 'x')`), 1, stream],
    ['HSCAN', hash, 0],
    ['XADD', stream, 'MAXLEN', '~', 10, '*', 'e', 'x'],
    ['XREAD', 'COUNT', 1, 'STREAMS', stream, '0-0'],
    ['XRANGE', stream, '-', '+', 'COUNT', 1],
    ['XREVRANGE', stream, '+', '-', 'COUNT', 1],
  ];
  const askedAt = now();
  const replies = await run(needed);
  const heardAt = now();
  const refused = replies.flatMap((reply, index) => {
    const [name = ''] = needed[index] ?? [];
    return 'fault' in reply ? [{ command: name, fault: reply.fault }] : [];
  });
  const [time, schema] = replies.map((reply) => ('value' in reply ? reply.value : null));
  if (!isKnownLayout(schema === null || schema === undefined ? null : String(schema))) {
    const detail = `layout ${String(schema).slice(0, 40)}, known here is ${SCHEMA}`;
    refused.push({ command: 'GET', fault: { code: 'store-newer', detail } });
  }
  const [info] = await run([['INFO']]);
  const about = readInfo(info !== undefined && 'value' in info ? String(info.value) : '');
  return {
    refused,
    aheadMs: Array.isArray(time) ? Math.round(parseTime(time) - (askedAt + heardAt) / 2) : null,
    version: about.has('valkey_version')
      ? `valkey ${about.get('valkey_version')}`
      : about.has('redis_version')
        ? `redis ${about.get('redis_version')}`
        : null,
    policy: about.get('maxmemory_policy') ?? null,
    saves: decideSaves(about),
    role: about.get('role') ?? null,
  };
}

function script(body: string): string {
  return `${body} redis.call('PEXPIRE', KEYS[1], 1000) return 1`;
}

function readInfo(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 1 ? [] : [[line.slice(0, colon), line.slice(colon + 1)] as const];
    }),
  );
}

/** Whether points of time for saving are configured INFO does not say: what was saved once is taken for that. */
function decideSaves(about: ReadonlyMap<string, string>): StoreTrial['saves'] {
  if (!about.has('aof_enabled')) return null;
  const isAppended = about.get('aof_enabled') === '1';
  if (about.get('rdb_last_bgsave_status') === 'err') return 'failed';
  if (isAppended && about.get('aof_last_write_status') === 'err') return 'failed';
  return isAppended || Number(about.get('rdb_saves') ?? 0) > 0 ? 'yes' : 'no';
}
