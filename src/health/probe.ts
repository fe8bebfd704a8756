/** Asks one Finesse server for SystemInfo, once, and says what that means. The I/O of health; it keeps no state. */

import { Agent as HttpAgent } from 'node:http';
import { TLSSocket } from 'node:tls';
import got, { type Got, TimeoutError } from 'got';
import pRetry from 'p-retry';
import type { ServiceConfig } from '../config/config.ts';
import { printable } from '../config/values.ts';
import type { Failure, ProbeOutcome, ShownCertificate, SystemInfo } from '../domain/model.ts';
import { NO_TAP, type PassedAnswer, type Tap, type Watched } from '../domain/tap.ts';
import { renderDistinguishedName } from '../files/certificates.ts';
import { classifyNetworkError } from '../http/client/network-error.ts';
import { createTlsAgent, peerCertificate } from '../http/client/trust.ts';
import { MAX_SYSTEM_INFO_BYTES, parseSystemInfo } from './system-info.ts';

export interface ProbeLimits {
  readonly timeoutMs: number;
  /** Limit of the one repeat of a probe that timed out or was reset; null: no repeat. */
  readonly repeatMs: number | null;
  readonly signal?: AbortSignal;
}

export interface ProbeResult {
  readonly outcome: ProbeOutcome;
  readonly latencyMs: number;
  /** What the server last showed in a full TLS handshake; a resumed session shows none. */
  readonly certificate?: ShownCertificate | null;
}

export type Probe = (limits: ProbeLimits) => Promise<ProbeResult>;

/** Failures that may be a lost packet or a connection that closed at a bad moment: asked once more before they count. */
const REPEATED: ReadonlySet<string> = new Set(['timeout', 'connect-timeout', 'reset']);

class ProbeFailure extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.code);
    this.failure = failure;
  }
}

/** A probe of one service. Rejects only with the signal's reason; a probe cancelled at shutdown is no failure. */
export function createProbe(service: ServiceConfig, tap: Pick<Tap, 'service'> = NO_TAP): Probe {
  const client = createClient(service);
  let certificate: ShownCertificate | null = null;
  const onCertificate = (shown: ShownCertificate) => {
    certificate = shown;
  };
  return async ({ timeoutMs, repeatMs, signal }) => {
    let startedAt = performance.now();
    const attempt = async (number: number): Promise<ProbeOutcome> => {
      startedAt = performance.now();
      const limitMs = number === 1 ? timeoutMs : (repeatMs ?? timeoutMs);
      const watched = tap.service(service.id);
      const outcome = await ask(client, service, { limitMs, signal, onCertificate, watched });
      if (outcome.kind === 'failed' && REPEATED.has(outcome.failure.code)) throw new ProbeFailure(outcome.failure);
      return outcome;
    };
    const outcome = await pRetry(attempt, {
      retries: repeatMs === null ? 0 : 1,
      minTimeout: 0,
      factor: 1,
      randomize: false,
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown): ProbeOutcome => {
      if (error instanceof ProbeFailure) return { kind: 'failed', failure: error.failure, info: null };
      throw error;
    });
    return { outcome, latencyMs: Math.round(performance.now() - startedAt), certificate };
  };
}

function createClient(service: ServiceConfig): Got {
  const { username, password } = service.probe;
  return got.extend({
    // Fresh connections: a kept one that the server closes as it is reused looks like a dead server
    // (13 of 600 probes on Node 20, reference/http-hardening.md).
    agent: {
      http: new HttpAgent({ keepAlive: false }),
      https: createTlsAgent(service),
    },
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    // Node notices a body that is cut short by itself and calls it ECONNRESET; got's own check would hide that it was one.
    strictContentLength: false,
    headers: {
      accept: 'application/xml',
      'accept-encoding': 'identity',
      'user-agent': 'finesse-ippa-proxy',
      ...(username === null ? {} : { authorization: basic(username, password ?? '') }),
    },
  });
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

interface Asking {
  readonly limitMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onCertificate: (shown: ShownCertificate) => void;
  /** A capture is told of it. */
  readonly watched: Watched | null;
}

async function ask(
  client: Got,
  service: ServiceConfig,
  { limitMs, signal, onCertificate, watched }: Asking,
): Promise<ProbeOutcome> {
  const tooLarge = new AbortController();
  const told = watched === null ? null : tellProbe(watched, service);
  try {
    const request = client(service.probe.url, {
      timeout: { request: limitMs },
      signal: signal === undefined ? tooLarge.signal : AbortSignal.any([signal, tooLarge.signal]),
    });
    request.on('downloadProgress', ({ transferred }) => {
      if (transferred > MAX_SYSTEM_INFO_BYTES) tooLarge.abort();
    });
    // Once the answer is there the connection may be gone, and its certificate with it.
    request.on('request', (sent) => {
      sent.once('socket', (socket) => {
        socket.once('secureConnect', () => {
          const shown = describeShown(socket, service);
          if (shown !== null) onCertificate(shown);
        });
      });
    });
    const { statusCode, body, rawHeaders } = await request;
    told?.({ status: statusCode, headers: rawHeaders, body: Buffer.from(body) }, null);
    return classifyAnswer(statusCode, statusCode === 200 ? await parseSystemInfo(body) : null);
  } catch (error) {
    if (tooLarge.signal.aborted) return failed({ code: 'not-system-info', detail: 'the answer is larger than 64 KiB' });
    signal?.throwIfAborted();
    const failure = error instanceof TimeoutError ? classifyTimeout(error, service) : classifyNetworkError(error);
    told?.(null, failure.code);
    return failed(failure);
  }
}

/** Its own headers are few and always the same. */
function tellProbe(watched: Watched, { id, probe }: ServiceConfig) {
  const startedAt = watched.now();
  const credentials = probe.username === null ? [] : ['authorization', basic(probe.username, probe.password ?? '')];
  const headers = ['accept', 'application/xml', 'user-agent', 'finesse-ippa-proxy', ...credentials];
  return (answer: PassedAnswer | null, error: string | null) =>
    watched.passed({
      ...{ leg: 'probe', service: id, startedAt, client: null, method: 'GET', url: probe.url },
      ...{ headers, body: null, answer, error },
    });
}

function describeShown(socket: unknown, { fingerprints }: ServiceConfig): ShownCertificate | null {
  const certificate = socket instanceof TLSSocket ? peerCertificate(socket) : null;
  if (certificate === null) return null;
  return {
    subject: printable(renderDistinguishedName(certificate.subject), 200),
    validTo: certificate.validToDate.getTime(),
    pinned: fingerprints.some((fingerprint) => fingerprint.toUpperCase() === certificate.fingerprint256),
  };
}

/** One limit holds for the whole request, so only its timings tell how far it came. */
function classifyTimeout({ timings }: TimeoutError, { probe }: ServiceConfig): Failure {
  if (timings.connect === undefined) return { code: 'connect-timeout', detail: 'no TCP connection' };
  if (probe.url.startsWith('https:') && timings.secureConnect === undefined) {
    return { code: 'connect-timeout', detail: 'the TLS handshake hangs' };
  }
  return { code: 'timeout', detail: timings.response === undefined ? 'no answer' : 'the answer does not end' };
}

/** "Confirmed IN_SERVICE" of reference/finesse-health.md §3: everything else is not confirmed. */
export function classifyAnswer(status: number, info: SystemInfo | null): ProbeOutcome {
  if (status === 401 || status === 403) {
    return { kind: 'fault', failure: { code: 'unauthorized', detail: `SystemInfo answered ${status}` } };
  }
  if (status !== 200) return failed({ code: 'http-status', detail: `SystemInfo answered ${status}` });
  if (info === null) return failed({ code: 'not-system-info', detail: 'the answer is no SystemInfo document' });
  if (info.status === 'IN_SERVICE') return { kind: 'confirmed', info };
  if (info.status === 'OUT_OF_SERVICE') {
    const why = info.statusReason === null ? '' : ` (${info.statusReason.slice(0, 80)})`;
    const code = info.lastCtiHeartbeatStatus === 'failure' ? 'cti-lost' : 'out-of-service';
    return failed({ code, detail: `SystemInfo says OUT_OF_SERVICE${why}` }, info);
  }
  return failed({ code: 'not-system-info', detail: 'SystemInfo has no known status' });
}

function failed(failure: Failure, info: SystemInfo | null = null): ProbeOutcome {
  return { kind: 'failed', failure, info };
}
