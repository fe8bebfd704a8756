/** Asks one node of Unified Intelligence Center whether it is up. The I/O of the watch; it keeps no state and logs nobody in. */

import { Agent as HttpAgent } from 'node:http';
import got, { type Got, TimeoutError } from 'got';
import type { ReportNodeConfig, ReportQuestion } from '../config/config.ts';
import type { Failure } from '../domain/model.ts';
import type { ReportOutcome } from '../domain/report-node.ts';
import { classifyNetworkError } from '../http/client/network-error.ts';
import { createTlsAgent } from '../http/client/trust.ts';

export interface ReportProbeResult {
  readonly outcome: ReportOutcome;
  readonly latencyMs: number;
}

/** Rejects only with the signal's reason. */
export type ReportProbe = (signal: AbortSignal) => Promise<ReportProbeResult>;

/** Of an answer no more is read: its status tells, and a sign-in page may be long. */
const MAX_BYTES = 64 * 1024;

export function createReportProbe(node: ReportNodeConfig): ReportProbe {
  const client = createClient(node);
  return async (signal) => {
    const startedAt = performance.now();
    const outcome = await probe(client, node, signal);
    return { outcome, latencyMs: Math.round(performance.now() - startedAt) };
  };
}

function createClient(node: ReportNodeConfig): Got {
  return got.extend({
    // Fresh connections, as for Finesse: a kept one that closes as it is reused looks like a dead server.
    agent: { http: new HttpAgent({ keepAlive: false }), https: createTlsAgent(node) },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    strictContentLength: false,
    timeout: { request: node.probe.timeoutMs },
    headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'finesse-ippa-proxy' },
  });
}

/**
 * The path for this is documented, its answer is not (reference/neighbours.md §1): where a release does not know it, the
 * sign-in page is asked for. An answer of 500 and above knows the path and says no.
 */
async function probe(client: Got, node: ReportNodeConfig, signal: AbortSignal): Promise<ReportOutcome> {
  const { fallback } = node.probe;
  const first = await ask(client, node, node.probe, signal);
  if (first.kind === 'up' || fallback === null || first.status === null || first.status >= 500) return outcomeOf(first);
  return outcomeOf(await ask(client, node, fallback, signal));
}

/** `status`: of an answer that does not count as up; null: there was none. */
type Asked =
  | { readonly kind: 'up' }
  | { readonly kind: 'down'; readonly status: number | null; readonly failure: Failure };

function outcomeOf(asked: Asked): ReportOutcome {
  return asked.kind === 'up' ? asked : { kind: 'down', failure: asked.failure };
}

async function ask(
  client: Got,
  { url }: ReportNodeConfig,
  { path, statuses }: ReportQuestion,
  signal: AbortSignal,
): Promise<Asked> {
  const stream = client.stream(`${url}${path}`, { signal });
  try {
    let bytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) break;
    }
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'down', status: null, failure: classify(error) };
  }
  const status = stream.response?.statusCode ?? 0;
  if (statuses.includes(status)) return { kind: 'up' };
  // The path without its query, which a configuration may hold secrets in.
  const failure: Failure = { code: 'report-status', detail: `${path.split('?', 1)[0]} answered ${status}` };
  return { kind: 'down', status, failure };
}

function classify(error: unknown): Failure {
  if (error instanceof TimeoutError) {
    return error.timings.connect === undefined
      ? { code: 'connect-timeout', detail: 'no TCP connection' }
      : { code: 'timeout', detail: error.timings.response === undefined ? 'no answer' : 'the answer does not end' };
  }
  const failure = classifyNetworkError(error);
  return failure.code === 'certificate-untrusted' ? { ...failure, code: 'report-certificate' } : failure;
}
