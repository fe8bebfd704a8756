/** The words of the domain as types. Pure data: times are epoch milliseconds, so that state can be stored and shared. */

import type { Failure } from './failure.ts';
import type { AdminSetting, HealthState, PeerView, SignalName, Signals, SystemInfo } from './health/state.ts';

export type { Failure } from './failure.ts';
export type { AdminSetting, AdminState, HealthState, PeerView, ProbeOutcome, SystemInfo } from './health/state.ts';
export { READY } from './health/state.ts';

/** The health of one service as everything but the monitor reads it. */
export interface ServiceStatus {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  /** As configured; null: that of the proxy. */
  readonly site: string | null;
  /** It stands where the proxy and its phones are. */
  readonly isNear: boolean;
  /** An island is suspected: nothing of its site can be reached from here. */
  readonly isCutOff: boolean;
  /** When an island last ended: one of its nodes then drops its calls; null: none has. */
  readonly rejoinedAt: number | null;
  readonly state: HealthState;
  /** 1… while reconnecting, else null. */
  readonly attempt: number | null;
  readonly attempts: number;
  /** End of the attempt that is on, epoch ms; null unless reconnecting. */
  readonly attemptEndsAt: number | null;
  /** When the state began (t0 while reconnecting); null while unknown. */
  readonly since: number | null;
  /** When the outage that is on began (t0); null: none is. */
  readonly t0: number | null;
  /** What failed, or null. */
  readonly failure: Failure | null;
  readonly lastProbeAt: number | null;
  readonly latencyMs: number | null;
  /** When a probe last confirmed the service in service (end of the probe); null: never. */
  readonly confirmedAt: number | null;
  readonly info: SystemInfo | null;
  /** Phone requests fail although SystemInfo is fine. */
  readonly fippaFailing: boolean;
  readonly signals: SignalsStatus;
  readonly admin: AdminSetting;
  /** Other proxies whose own probes say the opposite. */
  readonly dissent: readonly PeerView[];
}

export interface SignalsStatus extends Signals {
  /** Whether the Notification Service is listened to, and whether what it says counts. */
  readonly notification: NotificationUse;
  /** Which signal decided the state; null: none yet. */
  readonly decidedBy: SignalName | null;
}

/** The certificate that a service showed to its last probe with a full TLS handshake. */
export interface ShownCertificate {
  readonly subject: string;
  /** Epoch ms. */
  readonly validTo: number;
  /** It is trusted by its fingerprint, whatever its dates say. */
  readonly pinned: boolean;
}

export type NotificationUse = 'off' | 'advisory' | 'on';
