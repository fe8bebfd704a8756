/** A page template as data: what phone-xml/*.xml and the language files say, before a phone and a view are known. */

import type { OutageCause, PhoneMessage } from '../domain/failure.ts';
import type { FieldKind } from './limits.ts';
import type { KeyName } from './models.ts';
import type { PageName } from './page-view.ts';

export { PAGE_NAMES } from '../domain/events.ts';

/** What `{{…}}` may name, apart from `{{text KEY}}`. */
export type SlotName =
  | 'service'
  | 'attempt'
  | 'attempts'
  | 'gone'
  | 'alternate'
  | 'message'
  | 'cause'
  | 'call'
  | 'help'
  | 'time';

/** A literal, a value of the view, or a text of the phone's language. */
export type Part = string | { readonly slot: SlotName } | { readonly text: string };

export interface Field {
  readonly kind: FieldKind;
  /** All must hold; of several fields of one name the first is shown. */
  readonly when: readonly Condition[];
  readonly parts: readonly Part[];
  readonly line: number;
}

export type UrlSource = { readonly slot: 'alternateUrl' | 'retryUrl' | 'signOutUrl' } | { readonly literal: string };

/** A soft key that the model decides about, or one of the administrator's own. */
export type SoftKey =
  | { readonly key: KeyName; readonly name: Field }
  | { readonly key: null; readonly name: Field; readonly position: number; readonly url: string };

export interface MenuItem {
  /** Repeated for every alternate; of several such items the first whose conditions hold. */
  readonly each: boolean;
  /** Whether it is shown at all. */
  readonly when: readonly Condition[];
  /** The first whose conditions hold is shown; the last has none. */
  readonly names: readonly Field[];
  readonly line: number;
  readonly url: UrlSource;
}

/**
 * Whether there are alternates; whether a chosen one is gone; whether there is a message (on the error page always); whether
 * the service is drained; whether it is known what has failed; whether a call in progress stays up; whether agents should
 * be signed in again within five minutes; whether the alternates are doubtful; whether the device can be signed out there;
 * whether maintenance is yet to come.
 */
export const CONDITIONS = [
  ...(['alternates', 'gone', 'message', 'drain', 'cause', 'call', 'hurry'] as const),
  ...(['doubtful', 'signOut', 'notice'] as const),
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** The first of several things whose conditions all hold. */
export function selectByCondition<T extends { readonly when: readonly Condition[] }>(
  candidates: readonly T[],
  holding: readonly Condition[],
): T | undefined {
  return candidates.find(({ when }) => when.every((condition) => holding.includes(condition)));
}

export interface Variant {
  /** All must hold. */
  readonly when: readonly Condition[];
  readonly titles: readonly Field[];
  readonly prompts: readonly Field[];
  readonly softKeys: readonly SoftKey[];
  /** What makes it a CiscoIPPhoneText or a CiscoIPPhoneMenu. */
  readonly content: { readonly texts: readonly Field[] } | { readonly items: readonly MenuItem[] };
  readonly line: number;
}

export interface PageTemplate {
  readonly page: PageName;
  readonly file: string;
  /** The first whose conditions hold is shown; the last has none. */
  readonly variants: readonly Variant[];
}

export interface LanguageText {
  /** At least one, the best first: the first that fits with its names in it is shown, and the last is cut. */
  readonly wordings: readonly (readonly Part[])[];
  readonly file: string;
  readonly line: number;
}

export interface Language {
  readonly code: string;
  /** Where a missing text is to be added: the administrator's file if there is one. */
  readonly file: string;
  /** By dotted key. */
  readonly texts: ReadonlyMap<string, LanguageText>;
}

export interface TemplateProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** What was found and what is allowed. */
  readonly message: string;
}

/** Every message has its words in every language file; as a record, so that none is forgotten. */
const MESSAGES: Readonly<Record<PhoneMessage, true>> = {
  badAddress: true,
  unknownService: true,
  badDevice: true,
  tooLong: true,
  wrongMethod: true,
  tooLarge: true,
  badRequest: true,
  notDone: true,
  otherSite: true,
  noAnswer: true,
  mayHaveHappened: true,
  badAnswer: true,
  pushHere: true,
  busy: true,
  internal: true,
};
export const PHONE_MESSAGES = Object.keys(MESSAGES) as readonly PhoneMessage[];

/** The same for what agents read of an outage. */
const CAUSES: Readonly<Record<OutageCause, true>> = {
  noAnswer: true,
  badAnswer: true,
  ctiLost: true,
  outOfService: true,
  restarting: true,
  notNotified: true,
  notificationDown: true,
  pagesFail: true,
};
export const OUTAGE_CAUSES = Object.keys(CAUSES) as readonly OutageCause[];

export const CALL_WORDS = ['stays', 'mayEnd'] as const;

/** What `{{message}}`, `{{cause}}` and `{{call}}` stand for. */
export interface Said {
  readonly message: PhoneMessage;
  readonly cause: OutageCause;
  /** What becomes of a call in progress. */
  readonly call: (typeof CALL_WORDS)[number];
}

/** The text that stands for a service without a name. */
export const UNNAMED_SERVICE = 'unnamedService';

const LENGTHS: Readonly<Record<FieldKind, string>> = {
  title: 'title',
  prompt: 'prompt',
  softKeyName: 'prompt',
  itemName: 'item',
  text: 'text',
};

/** `{{message}}`, `{{cause}}` or `{{call}}` in a field: the key of the words in the length that the field can take. */
export function saidKey(slot: keyof Said, { message, cause, call }: Said, kind: FieldKind): string {
  if (slot === 'call') return callKey(call);
  if (slot === 'message') return `messages.${message}.${LENGTHS[kind]}`;
  return `causes.${cause}.${kind === 'text' ? 'text' : 'prompt'}`;
}

export function callKey(call: Said['call']): string {
  return `calls.${call}`;
}

/** Whether the slot is one whose words are in the language files. */
export function isSaid(slot: SlotName): slot is keyof Said {
  return slot === 'message' || slot === 'cause' || slot === 'call';
}

const SLOTS: readonly SlotName[] = [
  'service',
  'attempt',
  'attempts',
  'gone',
  'alternate',
  'message',
  'cause',
  'call',
  'help',
  'time',
];
const TEXT_KEY = /^text\s+([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)$/;

/** Splits a text at its placeholders; what is not one is told to `report`. */
export function parseParts(source: string, report: (message: string) => void): readonly Part[] {
  return source.split(/(\{\{[^{}]*\}\})/).flatMap((piece): readonly Part[] => {
    if (!piece.startsWith('{{') || !piece.endsWith('}}')) {
      if (/\{\{|\}\}/.test(piece)) report(`a placeholder is {{name}}; found a stray {{ or }} in "${piece.trim()}"`);
      return piece === '' ? [] : [piece];
    }
    const name = piece.slice(2, -2).trim();
    const slot = SLOTS.find((candidate) => candidate === name);
    if (slot !== undefined) return [{ slot }];
    const key = TEXT_KEY.exec(name)?.[1];
    if (key !== undefined) return [{ text: key }];
    const urls =
      name === 'alternateUrl' || name === 'retryUrl' ? ' (this one stands alone in the URL of a MenuItem)' : '';
    report(`unknown placeholder ${piece}${urls}; allowed: ${SLOTS.map((s) => `{{${s}}}`).join(', ')}, {{text KEY}}`);
    return [];
  });
}
