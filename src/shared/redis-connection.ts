/**
 * The connection to Redis or Valkey: all use of the client stands here, behind five calls, so that another client is a day's
 * work. It connects again by itself, for ever; what was under way when it broke has failed, and nothing is sent twice.
 */

import type { Duplex } from 'node:stream';
import { Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig } from '../config/config.ts';
import { classifyStoreError, type StoreFault } from '../domain/store-fault.ts';

export type RedisCommand = readonly [name: string, ...parts: readonly (string | number)[]];

/** What the server said to one command: arrays, strings and numbers as in RESP2. */
export type RedisReply = { readonly value: unknown } | { readonly fault: StoreFault };

export interface RedisConnection {
  /** Connects, and keeps at it until `close`. */
  open(): void;
  /** Commands in one go; an answer for each, never a rejection, and never later than a little over the time-out. */
  run(commands: readonly RedisCommand[]): Promise<readonly RedisReply[]>;
  isUp(): boolean;
  /** Why it is not up, or was not last; null: nothing is known. */
  fault(): StoreFault | null;
  close(): void;
}

export interface RedisConnectionOptions {
  readonly redis: RedisConfig;
  /** How the server shows the connection in its list of clients. */
  readonly name: string;
  readonly onUp: () => void;
  readonly onDown: (fault: StoreFault) => void;
}

const RETRY_MS = 250;
const CONNECT_MS = 1000;
/** ioredis watches each command; should it ever forget one, this is when it has failed. */
const SPARE_MS = 500;
const NOT_UP: StoreFault = { code: 'store-unreachable', detail: 'not connected' };
const BROKEN: StoreFault = { code: 'store-unreachable', detail: 'the connection was closed' };

export function createRedisConnection(options: RedisConnectionOptions): RedisConnection {
  const { redis, onUp, onDown } = options;
  const client = new Redis(renderOptions(redis, options.name));
  let isUp = false;
  let isClosed = false;
  let fault: StoreFault | null = null;
  let denied: StoreFault | null = null;

  client.on('ready', () => {
    isUp = true;
    onUp();
  });
  // Without a listener ioredis prints it. Its errors carry the arguments of their command, a password too: the words are enough.
  client.on('error', (error: Error) => {
    fault = classifyStoreError(messageOf(error));
  });
  // What Redis says to a machine that it turns away at once (protected-mode) the client takes for the answer to its first command.
  client.on('connect', () => {
    (client as unknown as { readonly stream?: Duplex }).stream?.once('data', (chunk: Buffer) => {
      const said = chunk.toString('latin1', 0, 300);
      if (said.startsWith('-DENIED')) denied = classifyStoreError(said.slice(1));
    });
  });
  client.on('close', () => {
    // Why is known by `error`, unless the server just went away.
    const because = denied ?? fault ?? BROKEN;
    fault = because;
    denied = null;
    isUp = false;
    if (!isClosed) onDown(because);
  });

  /** Of what was under way when the connection broke the client says only how often it has tried: once. */
  const faultOf = (error: Error): StoreFault => {
    return error.name === 'MaxRetriesPerRequestError' ? (fault ?? BROKEN) : classifyStoreError(messageOf(error));
  };

  return {
    // What it says is heard by the events too.
    open: () => void client.connect().catch(() => {}),
    async run(commands) {
      if (!isUp || client.status !== 'ready') return commands.map(() => ({ fault: fault ?? NOT_UP }));
      const pipeline = client.pipeline();
      for (const [name, ...parts] of commands) pipeline.call(name, ...parts);
      const replies = await within(pipeline.exec(), redis.timeoutMs + SPARE_MS);
      if (replies === null) return commands.map(() => ({ fault: { code: 'store-timeout', detail: 'no answer' } }));
      // What is wrong now is no longer what was wrong when it connected.
      if (replies.every(([error]) => error === null)) fault = null;
      return replies.map(([error, value]) => (error === null ? { value } : { fault: faultOf(error) }));
    },
    isUp: () => isUp,
    fault: () => fault,
    close() {
      isClosed = true;
      isUp = false;
      client.disconnect();
    },
  };
}

function renderOptions(redis: RedisConfig, connectionName: string): RedisOptions & { readonly replyMapping: 'legacy' } {
  const { servers, name, tls, username, password, sentinelUsername, sentinelPassword } = redis;
  const [first] = servers;
  const secure =
    tls === null
      ? null
      : {
          ...(tls.ca === null ? {} : { ca: tls.ca }),
          ...(tls.servername === null ? {} : { servername: tls.servername }),
        };
  const where: RedisOptions =
    name === null
      ? { host: first?.host ?? '', port: first?.port ?? 0 }
      : {
          ...{ sentinels: servers.map(({ host, port }) => ({ host, port })), name },
          ...{ sentinelCommandTimeout: 500, sentinelRetryStrategy: () => RETRY_MS, sentinelMaxConnections: 10 },
          ...(sentinelUsername === null ? {} : { sentinelUsername }),
          ...(sentinelPassword === null ? {} : { sentinelPassword }),
          ...(secure === null ? {} : { sentinelTLS: secure, enableTLSForSentinelMode: true }),
          // The master may have become a replica: ask the Sentinels again. A single server stays what it is, and can be read.
          reconnectOnError: ({ message }) => message.startsWith('READONLY'),
        };
  return {
    ...where,
    ...(secure === null ? {} : { tls: secure }),
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...{
      db: redis.database,
      connectionName,
      protocol: 2,
      replyMapping: 'legacy',
      disableClientInfo: true,
      lazyConnect: true,
    },
    ...{ enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false },
    autoResubscribe: false,
    // A frozen server is noticed by silence on the socket alone.
    ...{ commandTimeout: redis.timeoutMs, socketTimeout: Math.max(CONNECT_MS, 2 * redis.timeoutMs) },
    connectTimeout: CONNECT_MS,
    retryStrategy: () => RETRY_MS + Math.random() * 50,
  };
}

/** A connection that several addresses refused says so in the errors within it. */
function messageOf(error: Error): string {
  const [first] = error instanceof AggregateError ? error.errors : [];
  const said = first instanceof Error ? first.message : error.message;
  const { code } = error as NodeJS.ErrnoException;
  return said === '' ? String(code ?? error.name) : said;
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  const { promise: limit, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(resolve, ms, null);
  try {
    return await Promise.race([promise, limit]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
