/**
 * The one request to a Finesse server. A request is sent to at most one server and never twice: phones sign in and change
 * state by GET (contract.md, "What phones can ask for"). So nothing here retries, and `sent` says whether a byte of the
 * request may have arrived.
 */

import { Pool } from 'undici';
import type { ServiceConfig } from '../config/config.ts';
import type { Failure } from '../domain/model.ts';
import { createConnector } from './upstream-connector.ts';
import { type AnswerLimits, Exchange, type UpstreamResult } from './upstream-exchange.ts';
import type { Trust } from './upstream-tls.ts';

export type { AnswerHeaders, UpstreamAnswer, UpstreamResult } from './upstream-exchange.ts';

export interface UpstreamRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query exactly as the server shall see them. */
  readonly target: string;
  /** Name, value, name, value …, without Host and Content-Length. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
  /** The whole answer must be there within this time, waiting and connecting included. */
  readonly limitMs: number;
  /** One of `serverOrigins`; by default the configured one. */
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
  /** Idle connections are dropped before Finesse would, so that no request meets a closing one. */
  readonly idleMs: number;
  /** Connections to one server, each with one request at a time. */
  readonly connections: number;
  /** Requests that may wait for a connection. */
  readonly waiting: number;
}

export const UPSTREAM_LIMITS: UpstreamLimits = {
  connectMs: 2_000,
  idleMs: 4_000,
  connections: 256,
  waiting: 256,
  headerBytes: 16 * 1024,
  bodyBytes: 256 * 1024,
};

export type UpstreamService = Pick<ServiceConfig, 'url' | 'aliases'> & Trust;

/**
 * Where the proxy may connect to for a service: its configured origin, the same host on Finesse's other port
 * (reference/finesse-health.md §1: 8082 without, 8445 with TLS), and aliases that are origins themselves. Nothing learnt
 * from an answer adds to it.
 */
export function serverOrigins(service: Pick<ServiceConfig, 'url' | 'aliases'>): string[] {
  const { origin, hostname } = new URL(service.url);
  const aliases = service.aliases.filter((alias) => alias.includes('://')).map((alias) => new URL(alias).origin);
  return [...new Set([origin, `http://${hostname}:8082`, `https://${hostname}:8445`, ...aliases])];
}

export function createUpstream(service: UpstreamService, options: Partial<UpstreamLimits> = {}): Upstream {
  const limits = { ...UPSTREAM_LIMITS, ...options };
  const configured = new URL(service.url).origin;
  const allowed = new Set(serverOrigins(service));
  const connect = createConnector(service, limits.connectMs);
  const pools = new Map<string, Pool>();
  let open = 0;
  let closed = false;

  const poolOf = (origin: string): Pool => {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = createPool(origin, connect, limits);
    pools.set(origin, pool);
    return pool;
  };

  return {
    request: ({ origin = configured, limitMs, ...request }) => {
      if (closed) return unsent({ code: 'internal', detail: 'the proxy is stopping' });
      if (!allowed.has(origin)) return unsent({ code: 'internal', detail: 'an origin that is not configured' });
      if (open >= limits.connections + limits.waiting) {
        return unsent({ code: 'busy', detail: `${open} requests to this service are under way` });
      }
      if (limitMs <= 0) return unsent({ code: 'connect-timeout', detail: 'no time was left' });
      open += 1;
      return new Promise((resolve) => {
        const whyNotSent = (): Failure =>
          open > limits.connections
            ? { code: 'busy', detail: `no free connection within ${limitMs} ms` }
            : { code: 'connect-timeout', detail: `no connection within ${limitMs} ms` };
        const release = () => {
          open -= 1;
        };
        const exchange = new Exchange(limits, limitMs, { resolve, release, whyNotSent });
        poolOf(origin).dispatch({ path: request.target, ...request, headers: request.headers as string[] }, exchange);
      });
    },
    close: async () => {
      closed = true;
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

/** pipelining 1 and no HTTP/2: a connection carries one request at a time, so none is lost with another. */
function createPool(origin: string, connect: ReturnType<typeof createConnector>, limits: UpstreamLimits): Pool {
  return new Pool(origin, {
    connect,
    connections: limits.connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: limits.idleMs,
    // A server may offer less (Keep-Alive: timeout=5 gives 3 s), never more.
    keepAliveMaxTimeout: limits.idleMs,
    keepAliveTimeoutThreshold: 2_000,
    // The exchange has limits of its own: a deadline, exact and over the whole answer, and the size of the body.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: limits.headerBytes,
  });
}

function unsent(failure: Failure): Promise<UpstreamResult> {
  return Promise.resolve({ ok: false, failure, sent: false });
}
