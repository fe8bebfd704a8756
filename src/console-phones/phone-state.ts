/**
 * What a browser is told of its phone: the screen without secrets, within bounds. What is typed into a masked field is told
 * to nobody, not even its length. Pure.
 */

import type { Exchange } from '../simulators/phone/exchange.ts';
import type { PhoneModel } from '../simulators/phone/models.ts';
import type { Screen } from '../simulators/phone/screen.ts';

/** Why nothing can be pushed to a phone in the browser. */
export type NoPushes = 'off' | 'https' | 'not-loopback' | 'network' | 'no-address';

export interface PushState {
  /** Where pushes for it arrive; null: nowhere. */
  readonly address: string | null;
  readonly because: NoPushes | null;
  readonly received: number;
  readonly last: { readonly at: string; readonly object: string | null } | null;
}

export interface FetchedPage {
  readonly at: string;
  readonly method: string;
  /** Without secrets. */
  readonly url: string;
  readonly status: number | null;
  readonly object: string | null;
  readonly error: string | null;
  readonly reason: string | null;
  readonly ms: number;
}

export interface PhoneState {
  readonly device: string;
  readonly model: string;
  readonly entry: string;
  /** Ascending with every change. */
  readonly version: number;
  /** Ascending with every page that comes on the screen: a key is meant for the page that was seen. */
  readonly page: number;
  readonly busy: boolean;
  readonly object: string | null;
  readonly title: string;
  readonly prompt: string;
  readonly text: string;
  readonly items: readonly string[];
  readonly softKeys: readonly { readonly position: number; readonly name: string }[];
  readonly inputs: readonly PhoneInput[];
  /** Until the next Refresh; null: none is running. */
  readonly refreshInMs: number | null;
  readonly url: string | null;
  /** In the phone's words, and in more. */
  readonly error: string | null;
  readonly reason: string | null;
  /** What was not asked because it is elsewhere; null: nothing. */
  readonly refused: string | null;
  /** What is wrong with the page by the documented rules of phones. */
  readonly violations: readonly string[];
  /** Newest first. */
  readonly fetched: readonly FetchedPage[];
  readonly pushes: PushState;
}

export interface PhoneInput {
  readonly name: string;
  readonly label: string;
  /** Always empty when masked. */
  readonly value: string;
  readonly masked: boolean;
  /** Letter of what may be typed: A, T, N, E, U or L. */
  readonly kind: string;
}

export const PHONE_BOUNDS = {
  text: 4000,
  line: 300,
  items: 100,
  keys: 16,
  inputs: 8,
  violations: 10,
  fetched: 8,
} as const;

export interface PhoneFacts {
  readonly device: string;
  readonly model: PhoneModel;
  readonly entry: string;
  readonly version: number;
  readonly page: number;
  readonly busy: boolean;
  readonly screen: Screen;
  readonly refreshInMs: number | null;
  readonly fetched: readonly FetchedPage[];
  readonly pushes: PushState;
}

export function describePhone(facts: PhoneFacts): PhoneState {
  const { screen, model, ...rest } = facts;
  const bounds = PHONE_BOUNDS;
  return {
    ...rest,
    model: model.name,
    object: screen.object,
    title: cut(screen.title, bounds.line),
    prompt: cut(screen.prompt, bounds.line),
    text: cut(screen.text, bounds.text),
    items: screen.items.slice(0, bounds.items).map(({ name }) => cut(name, bounds.line)),
    softKeys: screen.softKeys.slice(0, bounds.keys).map(({ position, name }) => ({ position, name: cut(name, 64) })),
    inputs: screen.inputs.slice(0, bounds.inputs).map(({ name, label, value, masked, kind }) => {
      return { name: cut(name, 64), label: cut(label, 64), value: masked ? '' : cut(value, bounds.line), masked, kind };
    }),
    url: screen.url === null ? null : cut(screen.url, bounds.line),
    error: screen.error,
    reason: screen.reason === null ? null : cut(screen.reason, bounds.line),
    refused: /^not asked: (.+)\. The/.exec(screen.reason ?? '')?.[1]?.slice(0, bounds.line) ?? null,
    violations: screen.violations.slice(0, bounds.violations).map((violation) => cut(violation, bounds.line)),
  };
}

export function describeFetched(exchange: Exchange): FetchedPage {
  const { startedAtMs, durationMs, method, url, status, object, error, reason } = exchange;
  return {
    at: new Date(startedAtMs).toISOString(),
    ...{ method, url: cut(url, PHONE_BOUNDS.line), status, object, error, ms: Math.round(durationMs) },
    reason: reason === null ? null : cut(reason, PHONE_BOUNDS.line),
  };
}

/** Never between the halves of a character. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = (text.charCodeAt(length - 1) & 0xfc00) === 0xd800 ? length - 1 : length;
  return `${text.slice(0, end)}…`;
}
