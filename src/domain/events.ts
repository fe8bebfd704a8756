/**
 * Everything that happens, as one union. Whoever decides something reports one of these and nothing else; log, metrics, the
 * proxy's own pushes and whatever comes later subscribe (ops/event-stream.ts). Plain data: no event holds a secret, a query
 * string or the body of a request. event-reference.ts says of each when it is reported.
 */

import type { RelayedPage } from './device.ts';
import type { DrillEnd } from './drill.ts';
import type { FailureCode } from './failure.ts';
import type { SignalName } from './health/state.ts';
import type { CutNature, IslandEnd } from './island.ts';
import type { AdminSetting, Failure, HealthState, ProbeOutcome, ShownCertificate } from './model.ts';
import type { OutageCounts, Outcome } from './outage.ts';
import type { AddressRefusal } from './phone-address.ts';
import type { ReportNodeState, ReportOutcome } from './report-node.ts';
import type { NameConflict } from './server-names.ts';
import type { StoreFault } from './store-fault.ts';

export const PAGE_NAMES = [
  'reconnecting',
  'unavailable',
  'waiting',
  'recovered',
  'elsewhere',
  'maintenance',
  'error',
] as const;
export type PageName = (typeof PAGE_NAMES)[number];

/** What became of a push that Finesse sent: delivered, or the code of why it was not. */
export type PushOutcome = 'delivered' | FailureCode;

/** Why a capture is over: its time, its size, an operator, the command that waited for it has gone, or the proxy stops. */
export type CaptureEnd = 'time' | 'size' | 'exchanges' | 'operator' | 'gone' | 'stopping';

/** Why phones are told of a service by a push of the proxy's own. */
export type PushReason = 'first-failure' | 'verdict' | 'recovery' | 'maintenance';

/** What a browser that asked for reports got: where they are, a page, or nothing of the kind. */
export type ReportAnswer = 'redirected' | 'none-up' | 'island' | 'refused';

/**
 * `connecting`: at the start, for a moment. `reading-only`: what others say is heard, what is said here is not written. `refused`:
 * a newer version of the proxy laid it out.
 */
/** Why something in the store is not taken: no register of a form known here, a stamp no clock can have, a fault in reading it. */
export type FactRefusal = 'form' | 'ahead' | 'fault';

export type StoreState = 'connecting' | 'connected' | 'reading-only' | 'gone' | 'refused';

type Nothing = Readonly<Record<never, never>>;

export interface EventFields {
  // Requests of phones
  'page-relayed': {
    readonly service: string;
    readonly device: string;
    readonly page: RelayedPage | null;
    readonly durationMs: number;
  };
  'page-served': {
    readonly service: string;
    readonly device: string;
    readonly page: PageName;
    readonly after: 'request' | 'failure' | 'choice';
    readonly durationMs: number;
  };
  'phone-gone': { readonly service: string; readonly device: string };
  'request-failed': { readonly service: string; readonly device: string; readonly failure: Failure };
  'request-refused': {
    readonly service: string | null;
    readonly device: string | null;
    readonly address: string | null;
    readonly failure: Failure;
  };
  'action-taken': {
    readonly service: string;
    readonly device: string;
    readonly action: 'exit' | 'choose' | 'return' | 'sign-out';
  };
  'agent-steered': {
    readonly device: string;
    readonly from: string;
    readonly to: string;
    readonly result: 'confirmed' | 'gone';
  };
  'url-overlong': { readonly service: string; readonly urls: number };
  'fippa-failing': { readonly service: string };
  'fippa-works-again': { readonly service: string };
  'fippa-failing-over': { readonly service: string };

  // Devices
  'device-signed-in': {
    readonly device: string;
    readonly service: string;
    readonly from: string | null;
    readonly address: string;
  };
  'device-signed-out': { readonly device: string; readonly service: string };
  'phone-address': {
    readonly device: string;
    readonly from: string | null;
    readonly to: string;
    readonly reason: 'first' | 'sign-in' | 'old-gone';
  };
  'phone-address-refused': { readonly device: string; readonly address: string; readonly reason: AddressRefusal };

  // Pushes
  'push-relayed': { readonly service: string; readonly device: string; readonly address: string };
  'push-not-relayed': {
    readonly service: string | null;
    readonly device: string | null;
    readonly failure: Failure;
    readonly from: string | null;
    readonly address: string | null;
  };
  'own-push-ended': {
    readonly service: string;
    readonly device: string;
    readonly reason: PushReason;
    readonly outcome: PushOutcome | 'left-alone';
    readonly detail: string | null;
    readonly address: string | null;
  };
  'phones-told': {
    readonly service: string;
    readonly reason: PushReason;
    readonly delivered: number;
    readonly leftAlone: number;
    readonly failed: number;
  };

  // Health of services
  'service-changed': {
    readonly service: string;
    readonly from: HealthState;
    readonly to: HealthState;
    readonly attempt: number | null;
    readonly since: number | null;
    readonly failure: Failure | null;
    readonly decidedBy: SignalName | null;
  };
  'probe-ended': {
    readonly service: string;
    readonly latencyMs: number;
    readonly outcome: ProbeOutcome;
    readonly certificate: ShownCertificate | null;
  };
  'probe-fault': { readonly service: string; readonly error: unknown };
  'credentials-refused': { readonly service: string; readonly failure: Failure };
  'name-conflict': { readonly conflicts: readonly NameConflict[] };

  // Outages
  'outage-began': {
    readonly service: string;
    readonly outage: string;
    readonly drill: boolean;
    readonly signedIn: number;
  };
  'outage-ended': {
    readonly service: string;
    readonly outage: string;
    readonly drill: boolean;
    readonly afterMs: number;
  };
  'agent-back': {
    readonly service: string;
    readonly outage: string;
    readonly drill: boolean;
    readonly device: string;
    readonly outcome: Exclude<Outcome, 'missing'>;
    readonly to: string;
    readonly afterMs: number;
  };
  'outage-summary': {
    readonly service: string;
    readonly outage: string;
    readonly drill: boolean;
    readonly startedAt: number;
    readonly verdictAt: number | null;
    readonly endedAt: number | null;
    readonly failure: Failure | null;
    readonly counts: OutageCounts;
  };

  // Drills
  'drill-began': {
    readonly service: string;
    readonly until: number;
    readonly devices: readonly string[] | null;
    readonly reason: string | null;
    readonly who: string;
    readonly address: string | null;
  };
  'drill-verdict': { readonly service: string; readonly devices: readonly string[] | null };
  'drill-ended': {
    readonly service: string;
    readonly because: DrillEnd;
    readonly devices: readonly string[] | null;
    readonly who: string | null;
    readonly address: string | null;
  };

  // Captures
  'capture-began': {
    readonly capture: string;
    readonly until: number;
    readonly devices: readonly string[];
    readonly who: string;
    readonly address: string | null;
  };
  'capture-ended': {
    readonly capture: string;
    readonly because: CaptureEnd;
    readonly entries: number;
    readonly bytes: number;
    readonly dropped: number;
    readonly who: string | null;
    readonly address: string | null;
  };

  // Notification Service
  'notification-connected': { readonly service: string };
  'notification-disconnected': { readonly service: string; readonly wasUp: boolean; readonly failure: Failure };
  'notification-presence': { readonly service: string; readonly available: boolean };
  'notification-status': { readonly service: string; readonly status: 'IN_SERVICE' | 'OUT_OF_SERVICE' };
  'notification-ignored': { readonly service: string; readonly because: string };
  'notification-not-subscribed': { readonly service: string; readonly condition: string };

  // What proxies know together
  'store-changed': { readonly from: StoreState; readonly to: StoreState; readonly fault: StoreFault | null };
  'store-replaced': { readonly flushed: boolean };
  'store-fact-refused': { readonly why: FactRefusal; readonly hash: string; readonly field: string };
  'device-heard': {
    readonly device: string;
    readonly from: string | null;
    readonly to: string | null;
    readonly proxy: string;
  };
  'setting-heard': {
    readonly service: string;
    readonly from: AdminSetting;
    readonly to: AdminSetting;
    readonly proxy: string;
  };

  // Sites
  'island-suspected': { readonly site: string; readonly since: number };
  'island-long': { readonly site: string; readonly since: number };
  'island-ended': { readonly site: string; readonly since: number; readonly because: IslandEnd };

  'site-reached': {
    readonly site: string;
    readonly since: number;
    readonly until: number;
    readonly nature: CutNature;
  };

  // Other proxies
  'proxy-heard': {
    readonly proxy: string;
    readonly name: string;
    readonly site: string | null;
    readonly version: string;
  };
  'proxy-gone': {
    readonly proxy: string;
    readonly name: string;
    readonly site: string | null;
    readonly heardAt: number;
  };
  'proxy-said': { readonly proxy: string; readonly site: string | null };
  'proxies-disagree': {
    readonly service: string;
    readonly state: HealthState;
    readonly others: readonly string[];
  };
  'proxies-agree': { readonly service: string; readonly state: HealthState };
  'outage-changed': { readonly service: string; readonly outage: string };

  // Reports
  'report-node-probed': { readonly node: string; readonly latencyMs: number; readonly outcome: ReportOutcome };
  'report-node-changed': {
    readonly node: string;
    readonly from: ReportNodeState;
    readonly to: ReportNodeState;
    readonly failure: Failure | null;
  };
  'report-node-fault': { readonly node: string; readonly error: unknown };
  'report-asked': { readonly answer: ReportAnswer };

  // Operators
  'service-set': {
    readonly service: string;
    readonly from: AdminSetting;
    readonly to: AdminSetting;
    readonly who: string | null;
    readonly address: string | null;
  };
  'operator-session': {
    readonly who: string;
    readonly address: string | null;
    readonly change: 'sign-in' | 'sign-out';
  };
  'console-phone-began': {
    readonly device: string;
    readonly model: string;
    readonly who: string;
    readonly address: string | null;
  };
  'console-phone-ended': {
    readonly device: string;
    readonly who: string;
    readonly because: 'operator' | 'session' | 'idle' | 'stopped' | 'off';
  };
  'operator-refused': { readonly address: string | null; readonly path: string };

  // The proxy itself
  listening: {
    readonly for: 'phones' | 'pushes' | 'reports' | 'operators';
    readonly address: string;
    readonly port: number;
  };
  ready: { readonly services: number; readonly pid: number };
  stopping: { readonly signal: string };
  stopped: { readonly inTime: boolean };
  crashed: { readonly error: unknown };
  'process-started': { readonly process: number; readonly pid: number };
  'process-ended': {
    readonly process: number;
    readonly pid: number;
    readonly because: string;
    readonly againInMs: number;
  };
  'systemd-not-told': { readonly error: unknown };

  // Its configuration
  'configuration-warning': { readonly key: string; readonly problem: string };
  reloading: { readonly file: string; readonly why: string };
  reloaded: { readonly changes: number; readonly restartNeeded: number };
  'configuration-changed': { readonly key: string; readonly change: string };
  'restart-needed': { readonly key: string; readonly change: string };
  'reload-problem': {
    readonly file: string;
    readonly line: number | null;
    readonly key: string;
    readonly problem: string;
  };
  'reload-refused': { readonly file: string };
  'reload-fault': { readonly error: unknown };

  // Its certificates, files and faults
  'certificate-renewed': { readonly listener: string; readonly subject: string; readonly validTo: number };
  'certificate-refused': { readonly listener: string; readonly problem: string };
  'certificate-expires': {
    readonly listener: string;
    readonly subject: string;
    readonly validTo: number;
    readonly days: number;
  };
  'state-not-read': { readonly error: unknown };
  'state-not-kept': { readonly error: unknown };
  'state-kept': Nothing;
  'records-set-aside': {
    readonly file: string;
    readonly aside: string;
    readonly because: string;
    readonly usable: boolean;
  };
  'records-not-kept': { readonly file: string; readonly error: unknown };
  'records-kept-again': { readonly file: string };

  // What is told elsewhere
  'webhook-delivered': {
    readonly webhook: string;
    readonly type: string;
    readonly id: string;
    readonly afterMs: number;
    readonly failures: number;
  };
  'webhook-failed': {
    readonly webhook: string;
    readonly type: string;
    readonly id: string;
    readonly because: string;
    readonly retryInMs: number | null;
  };
  'webhook-lost': {
    readonly webhook: string;
    readonly events: number;
    readonly because: 'refused' | 'too-old' | 'too-many' | 'stopped' | 'ended' | 'removed';
  };
  'webhook-stopped': { readonly webhook: string };
  'syslog-connected': { readonly target: string };
  'syslog-disconnected': { readonly target: string; readonly because: string };
  'syslog-lost': { readonly target: string; readonly lines: number };
  'internal-fault': {
    readonly where: 'phones' | 'pushes' | 'reports' | 'operators' | 'proxies';
    readonly error: unknown;
  };
  'configuration-applied': Nothing;
  draining: Nothing;
}

export type EventKind = keyof EventFields;
/** `at`: when, epoch ms. */
export type EventOf<K extends EventKind> = { readonly kind: K; readonly at: number } & EventFields[K];
export type ProxyEvent = { [K in EventKind]: EventOf<K> }[EventKind];
export type Report = (event: ProxyEvent) => void;

/** What a subscriber does with the events that concern it. */
export type EventHandlers = { readonly [K in EventKind]?: (event: EventOf<K>) => void };
