/**
 * Everything that is known of one service. Plain data with epoch milliseconds, so that it can be written down, shared and
 * read back between any two events.
 */

import type { Failure } from '../failure.ts';

/** What the operator set; apart from health. */
export type AdminState = 'ready' | 'drain' | 'maint';

export interface AdminSetting {
  readonly admin: AdminState;
  readonly reason: string | null;
  /** When the setting ends by itself and becomes ready again, or null. */
  readonly until: number | null;
  /** drain: when it becomes maint by itself, epoch ms. */
  readonly maintAt?: number;
  /** Who set it, and when; absent: nobody did, or a version that kept neither. */
  readonly by?: { readonly who: string | null; readonly at: number };
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

export interface HealthSettings {
  /** Length of one attempt (the vendor's 5 s; reference/high-availability.md). */
  readonly intervalMs: number;
  /** Attempts before the verdict (the vendor's 3). */
  readonly attempts: number;
  /** How long "fippa failing" lasts without a relayed page. Default: a minute. */
  readonly fippaFailingForMs?: number;
}

/**
 * An attempt has two stages: `full`, in which one probe gets its whole time-out, and `last`, the final second, in which a
 * short probe sees a server that is back by then although the first probe still hangs.
 */
export type Phase =
  | { readonly state: 'unknown' }
  | { readonly state: 'in-service'; readonly since: number }
  | (Began & { readonly state: 'reconnecting'; readonly attempt: number; readonly stage: 'full' | 'last' })
  | (Began & { readonly state: 'out-of-service'; readonly since: number; readonly confirmedInARow: number });

interface Began {
  /** From which the timeline counts. */
  readonly t0: number;
  /** When this proxy established the failure itself; absent: at t0. Another one saw it earlier (peers.ts). */
  readonly ownT0?: number;
}

export interface ServiceHealth {
  readonly phase: Phase;
  /** What the last probe that was not confirmed said; null once confirmed. */
  readonly failure: Failure | null;
  /** The last SystemInfo that was read, confirmed or not. */
  readonly info: SystemInfo | null;
  readonly lastProbeAt: number | null;
  readonly latencyMs: number | null;
  /** End of the last probe that confirmed the service. */
  readonly confirmedAt: number | null;
}

export const UNKNOWN_HEALTH: ServiceHealth = {
  phase: { state: 'unknown' },
  failure: null,
  info: null,
  lastProbeAt: null,
  latencyMs: null,
  confirmedAt: null,
};

export type SignalName = 'systemInfo' | 'connection' | 'presence' | 'notified';
export type NotifiedStatus = 'IN_SERVICE' | 'OUT_OF_SERVICE';

interface Said<Word extends string> {
  readonly says: Word | 'unknown';
  readonly since: number | null;
}

export interface Signals {
  readonly systemInfo: Said<'in-service' | 'not-confirmed'>;
  /** `lost` only after it was up; a connection that never was, or that the configuration is at fault for, is unknown. */
  readonly connection: Said<'up' | 'lost'> & { readonly failure: Failure | null };
  readonly presence: Said<'available' | 'unavailable'> & {
    /** Whether it was ever available to this client, also on a connection before: only then can it become unavailable. */
    readonly seen: boolean;
  };
  readonly notified: Said<'in-service' | 'out-of-service'> & {
    /** An OUT_OF_SERVICE that SystemInfo has not confirmed yet, and that is not set aside either; else null. */
    readonly undecided: Undecided | null;
    /** The condition with which the server refuses the subscription: nothing will be notified; null: it does not. */
    readonly refused: string | null;
  };
  /** What the service waits for before SystemInfo alone may bring it back. */
  readonly wait: Wait | null;
}

/** Finesse may still be changing when it notifies: it is asked several times before its word is set aside. */
export interface Undecided {
  /** When OUT_OF_SERVICE was last notified. */
  readonly since: number;
  /** How often SystemInfo was asked about it. */
  readonly asks: number;
}

export interface Wait {
  readonly for: 'available' | 'in-service';
  readonly because: 'presence' | 'notified';
  /** When the failure was noticed. */
  readonly since: number;
}

const UNSAID = { says: 'unknown', since: null } as const;

export const NO_SIGNALS: Signals = {
  systemInfo: UNSAID,
  connection: { ...UNSAID, failure: null },
  presence: { ...UNSAID, seen: false },
  notified: { ...UNSAID, undecided: null, refused: null },
  wait: null,
};

/** Requests of phones that failed although SystemInfo is fine. */
export interface RequestFailures {
  readonly recent: readonly { readonly at: number; readonly device: string }[];
  readonly failing: boolean;
  /** When `failing` ends by itself, epoch ms; null: it does not stand. */
  readonly until: number | null;
}

export const NO_FAILURES: RequestFailures = { recent: [], failing: false, until: null };

/** How another proxy sees the service. */
export interface PeerView {
  /** Its id. */
  readonly proxy: string;
  /** It has been heard of lately. */
  readonly alive: boolean;
  readonly state: HealthState;
  readonly attempt: number | null;
  readonly since: number | null;
  /** From which its timeline counts, and when it established the failure itself; null: it sees none. */
  readonly t0: number | null;
  readonly ownT0: number | null;
}

/** The whole of what is known of one service. */
export interface ServiceState {
  readonly health: ServiceHealth;
  /** What other proxies say of it. */
  readonly peers: readonly PeerView[];
  readonly signals: Signals;
  readonly failures: RequestFailures;
  readonly admin: AdminSetting;
}

export const NEW_SERVICE: ServiceState = {
  health: UNKNOWN_HEALTH,
  peers: [],
  signals: NO_SIGNALS,
  failures: NO_FAILURES,
  admin: READY,
};

/** By what a configuration has the state judged. */
export interface Judgement {
  /** What the Notification Service says is words for the operator and changes nothing. */
  readonly advisory: boolean;
}

export interface ServiceSettings extends HealthSettings, Judgement {}
