/**
 * What the process that there is one of and those that serve phones tell each other. Messages are lists of these words, in the
 * order in which they were said, as JSON: for small lists that costs a third of what Node's other way does.
 */

import type { AddressInfo } from 'node:net';
import type { Config } from '../config/config.ts';
import type { Drill } from '../domain/drill.ts';
import type { ProxyEvent } from '../domain/events.ts';
import type { ServiceState } from '../domain/health/state.ts';
import type { Passed, PassedAnswer } from '../domain/tap.ts';
import type { ClientUse } from '../http/server/client-limits.ts';
import type { CertificatePair } from '../http/server/listener-certificate.ts';
import type { DeviceFields } from '../store/devices.ts';

/** What the monitor is asked while a phone waits, and whether all others know of what was said before. */
export type Question =
  | { readonly what: 'request-failed'; readonly service: string }
  | { readonly what: 'confirm'; readonly service: string; readonly withinMs: number }
  | { readonly what: 'devices-told' };

/** Of a process that serves phones. */
export type PhonesWord =
  | { readonly kind: 'serving'; readonly addresses: readonly AddressInfo[] }
  /** A listener cannot be had: its key and what is wrong; null: something else. */
  | { readonly kind: 'not-serving'; readonly key: string | null; readonly problem: string }
  | { readonly kind: 'event'; readonly event: ProxyEvent; readonly error?: ErrorText }
  | { readonly kind: 'device'; readonly name: string; readonly fields: DeviceFields }
  /** Where a request came from, or a sign-in. */
  | {
      readonly kind: 'address';
      readonly of: 'request' | 'sign-in';
      readonly device: string;
      readonly address: string;
      readonly origin: string;
    }
  | { readonly kind: 'request-failed'; readonly service: string; readonly device: string }
  | { readonly kind: 'page-relayed'; readonly service: string }
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  /** All that was said before the barrier of this number is known here. */
  | { readonly kind: 'passed'; readonly id: number }
  | { readonly kind: 'clients'; readonly use: ClientUse }
  | { readonly kind: 'alive'; readonly cpuSeconds: number; readonly residentBytes: number }
  | TrafficWord
  | { readonly kind: 'stopped' };

/** For a capture: one request and its answer, bodies in base64. */
export interface TrafficWord {
  readonly kind: 'traffic';
  /** Of that process. */
  readonly exchange: number;
  readonly device: string;
  readonly endedAt: number;
  readonly passed: Omit<Passed, 'body' | 'answer'> & {
    readonly body: string | null;
    readonly answer: (Omit<PassedAnswer, 'body'> & { readonly body: string }) | null;
  };
}

/** To a process that serves phones. */
export type MainWord =
  | Beginning
  | { readonly kind: 'devices'; readonly devices: readonly (readonly [name: string, fields: DeviceFields])[] }
  /** Nothing more is to be known before phones are served. */
  | { readonly kind: 'serve' }
  | { readonly kind: 'device'; readonly name: string; readonly fields: DeviceFields | null }
  /** The devices up to this message of the process are known, and come before all that is said from here on. */
  | { readonly kind: 'heard'; readonly message: number }
  | { readonly kind: 'service'; readonly id: string; readonly state: ServiceState }
  | { readonly kind: 'cut-off'; readonly sites: readonly string[]; readonly rejoinedAt: number | null }
  | { readonly kind: 'drills'; readonly drills: readonly DrillWord[] }
  /** These are captured from now on. */
  | { readonly kind: 'capture'; readonly devices: readonly string[] }
  | { readonly kind: 'configuration'; readonly config: Config; readonly templates: string }
  | { readonly kind: 'answer'; readonly id: number; readonly yes: boolean }
  | { readonly kind: 'barrier'; readonly id: number }
  | { readonly kind: 'clients'; readonly process: number; readonly use: ClientUse }
  | { readonly kind: 'ended'; readonly process: number }
  | { readonly kind: 'alive' }
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop'; readonly withinMs: number };

/** All that a process needs to serve phones, but for the devices. It reads no file but those of certificates. */
export interface Beginning {
  readonly kind: 'begin';
  readonly process: number;
  readonly processes: number;
  /** Of the program: files may have been replaced meanwhile. */
  readonly version: string;
  readonly config: Config;
  /** As `renderTemplates` wrote them. */
  readonly templates: string;
  /** Base64. */
  readonly ticketKeys: string;
  /** By listener; null: no TLS. */
  readonly certificates: readonly (CertificatePair | null)[];
  readonly services: readonly (readonly [id: string, state: ServiceState])[];
  readonly cutOff: readonly [sites: readonly string[], rejoinedAt: number | null];
  readonly drills: readonly DrillWord[];
  /** Those that are captured. */
  readonly captured: readonly string[];
}

export type DrillWord = Omit<Drill, 'devices'> & { readonly devices: readonly string[] | null };

export function drillWord({ devices, ...drill }: Drill): DrillWord {
  return { ...drill, devices: devices === null ? null : [...devices] };
}

export function drillOf({ devices, ...drill }: DrillWord): Drill {
  return { ...drill, devices: devices === null ? null : new Set(devices) };
}

/** Of an Error, which JSON has no word for. */
export interface ErrorText {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
}

export function eventWord(event: ProxyEvent): PhonesWord {
  if (!('error' in event) || !(event.error instanceof Error)) return { kind: 'event', event };
  const { name, message, stack, code } = event.error as NodeJS.ErrnoException;
  return { kind: 'event', event: { ...event, error: null }, error: { name, message, stack, code } };
}

export function eventOf({ event, error }: PhonesWord & { readonly kind: 'event' }): ProxyEvent {
  if (error === undefined || !('error' in event)) return event;
  const { message, ...rest } = error;
  return { ...event, error: Object.assign(new Error(message), rest) };
}
