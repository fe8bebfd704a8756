import type { ProbeOutcome, SystemInfo } from '../src/domain/model.ts';
import type { Probe, ProbeLimits } from '../src/health/probe.ts';
import type { FakeClock } from './fake-clock.ts';

export const INFO: SystemInfo = {
  status: 'IN_SERVICE',
  statusReason: null,
  deploymentType: 'UCCE',
  lastCtiHeartbeatStatus: 'success',
  finesseMMode: null,
  ctiMMode: null,
  peripheralId: '5000',
  primaryHost: 'fin-a.example.com',
  secondaryHost: 'fin-b.example.com',
  xmppDomain: 'fin-a.example.com',
  xmppPubSubDomain: 'pubsub.fin-a.example.com',
};

export const CONFIRMED: ProbeOutcome = { kind: 'confirmed', info: INFO };
export const FAULT: ProbeOutcome = {
  kind: 'fault',
  failure: { code: 'unauthorized', detail: 'SystemInfo answered 401' },
};

export function failed(code: 'refused' | 'timeout' | 'reset' | 'http-status' | 'not-system-info'): ProbeOutcome {
  return { kind: 'failed', failure: { code, detail: 'scripted' }, info: null };
}

/** What the server does with one request: after how long it answers what. Infinity: never. */
export interface Behaviour {
  readonly afterMs: number;
  readonly outcome: ProbeOutcome;
}

export const UP: Behaviour = { afterMs: 20, outcome: CONFIRMED };
export const REFUSES: Behaviour = { afterMs: 1, outcome: failed('refused') };
export const RESETS: Behaviour = { afterMs: 1, outcome: failed('reset') };
export const BUSY: Behaviour = { afterMs: 20, outcome: failed('http-status') };
export const SILENT: Behaviour = { afterMs: Number.POSITIVE_INFINITY, outcome: CONFIRMED };

export interface ScriptedServer {
  readonly probe: Probe;
  /** What it does with the requests that come from now on. */
  behave(behaviour: Behaviour | ((at: number, request: number) => Behaviour)): void;
  /** Every probe started: when, and with which limits. */
  readonly probes: { readonly at: number; readonly timeoutMs: number; readonly repeatMs: number | null }[];
  /** Every request of these probes, repeats included. */
  readonly requests: number[];
  /** The most probes that were ever in flight at once. */
  mostInFlight(): number;
}

/** A server on the fake clock, and a probe with the real one's rules: time-out, and one repeat after a time-out or a reset. */
export function createScriptedServer(clock: FakeClock, initial: Behaviour = UP): ScriptedServer {
  let behave: (at: number, request: number) => Behaviour = () => initial;
  let inFlight = 0;
  let most = 0;
  const probes: ScriptedServer['probes'] = [];
  const requests: number[] = [];

  const ask = (limitMs: number, signal: AbortSignal | undefined) =>
    new Promise<ProbeOutcome>((resolve, reject) => {
      requests.push(clock.now());
      const { afterMs, outcome } = behave(clock.now(), requests.length);
      const inTime = afterMs <= limitMs;
      const cancel = clock.after(inTime ? afterMs : limitMs, () => resolve(inTime ? outcome : failed('timeout')));
      signal?.addEventListener('abort', () => {
        cancel();
        reject(signal.reason);
      });
    });

  const run = async ({ timeoutMs, repeatMs, signal }: ProbeLimits) => {
    const startedAt = clock.now();
    signal?.throwIfAborted();
    let outcome = await ask(timeoutMs, signal);
    const again = outcome.kind === 'failed' && ['timeout', 'reset'].includes(outcome.failure.code);
    if (again && repeatMs !== null) outcome = await ask(repeatMs, signal);
    return { outcome, latencyMs: clock.now() - startedAt };
  };

  return {
    probes,
    requests,
    mostInFlight: () => most,
    behave(behaviour) {
      behave = typeof behaviour === 'function' ? behaviour : () => behaviour;
    },
    async probe(limits) {
      probes.push({ at: clock.now(), timeoutMs: limits.timeoutMs, repeatMs: limits.repeatMs });
      inFlight++;
      most = Math.max(most, inFlight);
      try {
        return await run(limits);
      } finally {
        inFlight--;
      }
    },
  };
}
