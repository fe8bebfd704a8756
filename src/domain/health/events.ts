/** What may happen to a service, and what is to be done about it. */

import type { Failure } from '../failure.ts';
import type { PeerEvent, PeerForgotten } from './peers.ts';
import type { AdminSetting, HealthState, NotifiedStatus, ProbeOutcome, SignalName } from './state.ts';

export type HealthEvent =
  | {
      readonly kind: 'probe';
      readonly at: number;
      readonly startedAt: number;
      readonly latencyMs: number;
      readonly outcome: ProbeOutcome;
      /** What keeps the service out although SystemInfo may confirm it (signals.ts); absent or null: nothing. */
      readonly standing?: Failure | null;
    }
  /** Something other than a probe established that the service has failed: it starts the timeline at once. */
  | { readonly kind: 'failed'; readonly at: number; readonly failure: Failure }
  /** Time passed; due at `selectWakeAt`, later is handled as well. */
  | { readonly kind: 'time'; readonly at: number };

export type SignalEvent =
  /** A new client begins: what another one said counts no longer. */
  | { readonly kind: 'reset'; readonly at: number }
  /** From now on the settings are those that come with this event. */
  | { readonly kind: 'settings'; readonly at: number }
  | { readonly kind: 'connected'; readonly at: number }
  /** `lost` counts as a failure of the service if the connection was up; `configuration` never does. */
  | {
      readonly kind: 'disconnected';
      readonly at: number;
      readonly cause: 'lost' | 'configuration';
      readonly failure: Failure;
    }
  | { readonly kind: 'not-subscribed'; readonly at: number; readonly condition: string }
  | { readonly kind: 'presence'; readonly at: number; readonly available: boolean }
  | { readonly kind: 'notified'; readonly at: number; readonly status: NotifiedStatus };

/** What phones and operators do. */
export type UseEvent =
  | { readonly kind: 'request-failed'; readonly at: number; readonly device: string }
  | { readonly kind: 'page-relayed'; readonly at: number }
  | { readonly kind: 'admin'; readonly at: number; readonly setting: AdminSetting };

export type ServiceEvent = HealthEvent | SignalEvent | PeerEvent | PeerForgotten | UseEvent;

/** What the timeline asks for. */
export type HealthEffect =
  /** `fresh`: one that starts after this event, since one in flight does not tell of it. */
  | { readonly kind: 'probe'; readonly limit: 'full' | 'short' | 'fresh' }
  | {
      readonly kind: 'announce';
      readonly from: HealthState;
      readonly to: HealthState;
      readonly attempt: number | null;
    };

/** What is asked for when everything that is known of the service has been put together. */
export type ServiceEffect =
  | (HealthEffect & { readonly kind: 'probe' })
  | (HealthEffect & {
      readonly kind: 'announce';
      /** When the state began (t0 while reconnecting); null while unknown. */
      readonly since: number | null;
      readonly failure: Failure | null;
      readonly decidedBy: SignalName | null;
    })
  /** SystemInfo began to refuse the credentials: it changes no state, so nothing else would tell of it. */
  | { readonly kind: 'credentials-refused'; readonly failure: Failure };
