/** The words of the domain as types. Pure data: times are epoch milliseconds, so that state can be stored and shared. */

import type { Failure } from './failure.ts';
import type { SignalName, Signals } from './signals.ts';

export type { Failure } from './failure.ts';

/** What the operator set; apart from health. */
export type AdminState = 'ready' | 'drain' | 'maint';

export interface AdminSetting {
  readonly admin: AdminState;
  readonly reason: string | null;
  /** When the setting ends by itself and becomes ready again, or null. */
  readonly until: number | null;
}

export const READY: AdminSetting = { admin: 'ready', reason: null, until: null };

export type HealthState = 'unknown' | 'in-service' | 'reconnecting' | 'out-of-service';

/** What a SystemInfo answer said, as far as decisions need it (reference/finesse-health.md §2). null: element absent or empty. */
export interface SystemInfo {
  readonly status: string;
  readonly statusReason: string | null;
  readonly deploymentType: string | null;
  readonly lastCtiHeartbeatStatus: string | null;
  readonly finesseMMode: string | null;
  readonly ctiMMode: string | null;
  readonly peripheralId: string | null;
  readonly primaryHost: string | null;
  readonly secondaryHost: string | null;
  readonly xmppDomain: string | null;
  readonly xmppPubSubDomain: string | null;
}

/** What one probe (with its one repeat, if any) established. */
export type ProbeOutcome =
  | { readonly kind: 'confirmed'; readonly info: SystemInfo }
  /** Not confirmed in service; `info` where SystemInfo itself was readable and said so. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly info: SystemInfo | null }
  /** 401 or 403: a fault of the configuration, never an outage. */
  | { readonly kind: 'fault'; readonly failure: Failure };

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
  readonly state: HealthState;
  /** 1… while reconnecting, else null. */
  readonly attempt: number | null;
  readonly attempts: number;
  /** End of the attempt that is on, epoch ms; null unless reconnecting. */
  readonly attemptEndsAt: number | null;
  /** When the state began (t0 while reconnecting); null while unknown. */
  readonly since: number | null;
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
}

export interface SignalsStatus extends Signals {
  /** Whether the Notification Service is listened to, and whether what it says counts. */
  readonly notification: NotificationUse;
  /** Which signal decided the state; null: none yet. */
  readonly decidedBy: SignalName | null;
}

export type NotificationUse = 'off' | 'advisory' | 'on';

/** A service that may be offered to an agent. */
export interface Alternate {
  readonly id: string;
  readonly name: string;
}
