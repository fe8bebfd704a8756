/** What the ops port answers (docs/operations.md and /openapi.json), as far as the console reads it. */

export type Level = 'ok' | 'degraded' | 'down';
export type Admin = 'ready' | 'drain' | 'maint';
export type ServiceState = 'unknown' | 'in-service' | 'reconnecting' | 'out-of-service';
export type SignalName = 'systemInfo' | 'connection' | 'presence' | 'notified';

export interface Signal {
  readonly says: string;
  readonly since: string | null;
  readonly reason: string | null;
}

export interface Service {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly state: ServiceState;
  readonly admin: Admin;
  readonly attempt: number | null;
  readonly since: string | null;
  readonly reason: string | null;
  readonly runbook: string | null;
  readonly lastProbe: string | null;
  readonly latencyMs: number | null;
  readonly phones: number;
  readonly fippaFailing: boolean;
  readonly signals: Readonly<Record<SignalName, Signal>> & {
    readonly decidedBy: SignalName | null;
    readonly notification: 'off' | 'advisory' | 'on';
  };
  readonly adminReason: string | null;
  readonly until: string | null;
  readonly maintAt: string | null;
  readonly setBy: string | null;
  readonly setAt: string | null;
  readonly finesseDrains: boolean;
  readonly notAlternateBecause: string | null;
  readonly site: string | null;
  readonly certificate: Certificate | null;
  readonly seenOtherwise: readonly { readonly proxy: string; readonly name: string; readonly state: ServiceState }[];
  readonly drill: { readonly startedAt: string; readonly until: string; readonly devices: number | null } | null;
}

export interface Certificate {
  readonly subject: string;
  readonly validTo: string;
  readonly days: number;
}

export interface ReportNode {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly site: string | null;
  readonly state: 'unknown' | 'up' | 'down';
  readonly since: string | null;
  readonly reason: string | null;
  readonly lastProbe: string | null;
  readonly latencyMs: number | null;
}

export interface Health {
  readonly status: Level;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly clusters: readonly { readonly id: string; readonly status: Level }[];
  readonly services: readonly Service[];
  readonly certificates: readonly (Certificate & { readonly listener: string; readonly problem: string | null })[];
  readonly site: string | null;
  readonly islands: readonly { readonly site: string; readonly since: string; readonly long: boolean }[];
  readonly reports: readonly ReportNode[];
  readonly processes: readonly {
    readonly process: number;
    readonly pid: number | null;
    readonly state: 'starting' | 'serving' | 'ended';
    readonly since: string;
    readonly restarts: number;
    readonly ended: string | null;
  }[];
  readonly webhooks: readonly {
    readonly name: string;
    readonly state: 'ok' | 'waiting' | 'refused' | 'stopped';
    readonly waiting: number;
    readonly lost: number;
    readonly reason: string | null;
    readonly delivered: string | null;
  }[];
  readonly proxies: readonly {
    readonly id: string;
    readonly name: string;
    readonly site: string | null;
    readonly version: string;
    readonly self: boolean;
    readonly heard: boolean;
    readonly heardAt: string;
    readonly services: readonly {
      readonly id: string;
      readonly state: ServiceState;
      readonly attempt: number | null;
      readonly admin: 'ready' | 'drain' | 'maint';
      readonly phones: number;
    }[];
  }[];
  readonly store: {
    readonly server: string;
    readonly state: 'connecting' | 'connected' | 'reading-only' | 'gone' | 'refused';
    readonly since: string;
    readonly reason: string | null;
    readonly means: string;
    readonly lagMs: number | null;
    readonly waiting: number;
    readonly facts: number;
  } | null;
  readonly capture: { readonly until: string } | null;
  readonly problems: readonly string[];
}

export interface Outage {
  readonly id: string;
  readonly service: string;
  readonly name: string;
  readonly cluster: string;
  readonly drill: boolean;
  readonly startedAt: string;
  readonly verdictAt: string | null;
  readonly endedAt: string | null;
  readonly cause: { readonly code: string; readonly words: string; readonly runbook: string };
  readonly decidedBy: SignalName | null;
  readonly signedIn: number;
  readonly told: number;
  readonly elsewhere: number;
  readonly returned: number;
  readonly missing: number;
  readonly withinFiveMinutes: number | null;
}

export interface OutageDevice {
  readonly device: string;
  readonly agent: string | null;
  readonly extension: string | null;
  readonly outcome: 'elsewhere' | 'returned' | 'missing';
  readonly service: string | null;
  readonly at: string | null;
  readonly seconds: number | null;
}

export interface Device {
  readonly device: string;
  readonly model: string | null;
  readonly address: string | null;
  readonly agent: string | null;
  readonly extension: string | null;
  readonly service: string | null;
  readonly since: string | null;
  readonly seenAt: string;
}

export interface AuditEntry {
  readonly at: string;
  readonly who: string;
  readonly from: string | null;
  readonly action: string;
  readonly service: string | null;
  readonly reason: string | null;
}

export interface Change {
  readonly at: string;
  readonly what: string;
  readonly about: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly attempt: number | null;
  readonly code: string | null;
  readonly words: string | null;
  readonly who: string | null;
}

export interface Probe {
  readonly at: string;
  readonly latencyMs: number;
  readonly confirmed: boolean;
}

export interface Preview {
  readonly service: string;
  readonly name: string;
  readonly admin: Admin;
  readonly phones: number;
  readonly stay: boolean;
  readonly newOnes: boolean;
  readonly alternates: readonly { readonly id: string; readonly name: string }[];
  readonly nobodyAdmitted: boolean;
  readonly words: string;
}

export interface DrillPreview {
  readonly service: string;
  readonly name: string;
  readonly forSeconds: number;
  readonly devices: number | null;
  readonly signedIn: number;
  readonly atOtherProxies: number;
  readonly notSignedIn: readonly string[];
  readonly alternates: readonly { readonly id: string; readonly name: string }[];
  readonly words: string;
}

export interface About {
  readonly operator: string | null;
  readonly may: 'read' | 'set' | null;
  readonly canSignIn: boolean;
  /** Whether this is the demonstration. */
  readonly demo: boolean;
  readonly attempts: number;
  readonly attemptSeconds: number;
  readonly at: string;
}

/** Everything that the page shows. */
export interface State {
  about: About | null;
  health: Health | null;
  /** By id; those of the last day. */
  outages: ReadonlyMap<string, Outage>;
  /** Newest first. */
  changes: readonly Change[];
  /** By service, oldest first. */
  probes: ReadonlyMap<string, readonly Probe[]>;
  live: { readonly isLive: boolean; readonly since: number };
  /** Of the proxy when the page was opened: another one means that the page is old. */
  version: string | null;
  /** What a screen reader is told. */
  announcement: string;
  dialog: Dialog | null;
  /** Why somebody who was signed in is not any more, without having asked for that. */
  sessionLost: 'restarted' | 'ended' | null;
  /** Counts what the page was told, for what has to be asked for again. */
  told: number;
}

export type Dialog =
  | { readonly kind: 'sign-in' }
  | { readonly kind: 'setting'; readonly service: string }
  | { readonly kind: 'drill'; readonly service: string };
