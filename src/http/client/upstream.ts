/**
 * Requests to one server, over connections that are kept. No request is sent twice, whatever becomes of it: also a GET may
 * change something (contract.md, "What phones can ask for"). So nothing here retries, and `sent` says whether a byte of the
 * request may have arrived. `Upstream` is all that the rest of the program knows of this room, beside what is trusted and
 * what errors of connections mean.
 */

import type { AnswerLimits } from './answer-reader.ts';
import { ServerConnection } from './connection.ts';
import { type Connector, createConnector } from './connector.ts';
import { ServerExchange, type UpstreamResult } from './exchange.ts';
import type { ExchangeFault } from './exchange-fault.ts';
import { classifyNetworkError } from './network-error.ts';
import { renderRequest } from './request.ts';
import type { Trust } from './trust.ts';

export type { UpstreamAnswer, UpstreamResult } from './exchange.ts';

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query exactly as the server shall see them. */
  readonly target: string;
  /** Name, value, name, value …, without Host and Content-Length. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
  /** The whole answer must be there within this time, waiting and connecting included. */
  readonly limitMs: number;
  /** One of the server's origins; by default the first. */
  readonly origin?: string;
}

export interface Upstream {
  /** Never rejects. */
  readonly request: (request: UpstreamRequest) => Promise<UpstreamResult>;
  /** Breaks what is still under way. */
  readonly close: () => Promise<void>;
}

export interface UpstreamLimits extends AnswerLimits {
  readonly connectMs: number;
  /** Idle connections are dropped before servers would, so that no request meets a closing one. */
  readonly idleMs: number;
  /** Connections to one server, each with one request at a time. */
  readonly connections: number;
  /** Requests that may wait for a connection. */
  readonly waiting: number;
}

const UPSTREAM_LIMITS: UpstreamLimits = {
  connectMs: 2_000,
  idleMs: 4_000,
  // Each client would have a connection of its own without the proxy, and there may be 2,000 of them
  // (reference/finesse-ippa.md §9): with fewer, a slow server would fail them for want of room here.
  connections: 2_048,
  waiting: 2_048,
  headerBytes: 16 * 1024,
  bodyBytes: 256 * 1024,
};

export interface UpstreamServer extends Trust {
  /** The only ones that are connected to; the first is where a request goes that names none. */
  readonly origins: readonly [string, ...string[]];
}

/**
 * What is left of its time when a request that waited for a connection may still be sent: with less, the server would do
 * what was asked for and the answer would come too late.
 */
const FAIR_SHARE = 0.25;
/** How late a time limit may be noticed. One clock for all requests: a timer for each costs 1 µs a page. */
const TICK_MS = 20;

export function createUpstream(server: UpstreamServer, options: Partial<UpstreamLimits> = {}): Upstream {
  const limits = { ...UPSTREAM_LIMITS, ...options };
  const { origins } = server;
  const connect = createConnector(server, limits.connectMs);
  const pools = new Map<string, Pool>();
  const open = new Set<ServerExchange>();
  let clock: NodeJS.Timeout | null = null;
  let closed = false;

  const poolOf = (origin: string): Pool => {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = new Pool(origin, connect, limits);
    pools.set(origin, pool);
    return pool;
  };
  const whyNotSent = ({ limitMs }: ServerExchange): ExchangeFault =>
    open.size > limits.connections
      ? { code: 'busy', detail: `no free connection within ${limitMs} ms` }
      : { code: 'connect-timeout', detail: `no connection within ${limitMs} ms` };
  const tick = () => {
    const now = performance.now();
    const late = [...open].filter(({ dueAt }) => dueAt <= now).map((each) => [each, whyNotSent(each)] as const);
    for (const [exchange, why] of late) exchange.giveUp(why);
    let idle = 0;
    for (const pool of pools.values()) idle += pool.dropIdle(now);
    if (open.size > 0 || idle > 0) clock?.refresh();
    else clock = null;
  };

  return {
    request: (request) => {
      const { origin = origins[0], limitMs } = request;
      if (closed) return unsent({ code: 'internal', detail: 'the proxy is stopping' });
      if (!origins.includes(origin)) return unsent({ code: 'internal', detail: 'an origin that is not configured' });
      if (open.size >= limits.connections + limits.waiting) {
        return unsent({ code: 'busy', detail: `${open.size} requests to this service are under way` });
      }
      if (limitMs <= 0) return unsent({ code: 'connect-timeout', detail: 'no time was left' });
      const pool = poolOf(origin);
      const bytes = renderRequest(request, pool.host);
      if (bytes === null) return unsent({ code: 'internal', detail: 'a request that cannot be written' });
      clock ??= setTimeout(tick, TICK_MS).unref();
      const now = performance.now();
      return new Promise((resolve) => {
        const exchange = new ServerExchange(bytes, limitMs, now, resolve, open);
        open.add(exchange);
        pool.carry(exchange, now);
      });
    },
    close: async () => {
      closed = true;
      if (clock !== null) clearTimeout(clock);
      for (const pool of pools.values()) pool.close();
      for (const exchange of [...open]) exchange.breakOff();
    },
  };
}

/** The connections to one origin, and who waits for one. */
class Pool {
  /** For the Host header. */
  readonly host: string;
  readonly #url: URL;
  readonly #connect: Connector;
  readonly #limits: UpstreamLimits;
  readonly #all = new Set<ServerConnection>();
  /** The one used last is used next, so that the others can go. */
  readonly #idle: ServerConnection[] = [];
  readonly #waiting: ServerExchange[] = [];
  #connecting = 0;
  #closed = false;

  constructor(origin: string, connect: Connector, limits: UpstreamLimits) {
    this.#url = new URL(origin);
    this.host = this.#url.host;
    this.#connect = connect;
    this.#limits = limits;
  }

  carry(exchange: ServerExchange, now: number): void {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isUsable(now)) {
        connection.send(exchange);
        return;
      }
      connection.destroy();
    }
    this.#waiting.push(exchange);
    this.#openFor(1);
  }

  /** Drops connections that have been idle for too long. Returns how many are left. */
  dropIdle(now: number): number {
    const [usable, spent] = [[] as ServerConnection[], [] as ServerConnection[]];
    for (const connection of this.#idle) (connection.isUsable(now) ? usable : spent).push(connection);
    if (spent.length > 0) this.#idle.splice(0, this.#idle.length, ...usable);
    for (const connection of spent) connection.destroy();
    return usable.length;
  }

  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
    for (const connection of this.#all) connection.destroy();
  }

  /** Opens another connection unless enough are under way for those who wait. */
  #openFor(waiting: number): void {
    if (this.#closed || this.#all.size + this.#connecting >= this.#limits.connections) return;
    if (waiting <= 0) return;
    this.#connecting += 1;
    this.#connect(this.#url, (error, opened) => {
      this.#connecting -= 1;
      if (opened === null) {
        // The oldest who waits: as many try as wait.
        this.#next()?.settle({ ok: false, failure: classifyNetworkError(error), sent: false });
        this.#openFor(this.#waiting.length - this.#connecting);
      } else if (this.#closed) opened.socket.destroy();
      else {
        const connection = new ServerConnection(opened, this.#limits, this);
        this.#all.add(connection);
        this.onFree(connection);
      }
    });
  }

  /** The next who waits and has time enough left for an answer. */
  #next(): ServerExchange | null {
    if (this.#waiting.length === 0) return null;
    const now = performance.now();
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (next.isSettled) continue;
      if (next.dueAt - now >= FAIR_SHARE * next.limitMs) return next;
      next.settle({ ok: false, failure: TOO_LATE, sent: false });
    }
    return null;
  }

  onFree(connection: ServerConnection): void {
    const next = this.#next();
    if (next === null) this.#idle.push(connection);
    else {
      const now = performance.now();
      if (connection.isUsable(now)) connection.send(next);
      else {
        connection.destroy();
        this.carry(next, now);
      }
    }
  }

  onClosed(connection: ServerConnection): void {
    this.#all.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    this.#openFor(this.#waiting.length - this.#connecting);
  }
}

const TOO_LATE: ExchangeFault = { code: 'busy', detail: 'too little time was left once a connection was free' };

function unsent(failure: ExchangeFault): Promise<UpstreamResult> {
  return Promise.resolve({ ok: false, failure, sent: false });
}
