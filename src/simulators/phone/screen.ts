/** What a person or a test sees of a phone: plain data without secrets, and its forms as text. */

import type { ObjectKind } from './models.ts';
import type { PhonePage, SoftKey } from './page.ts';
import { redact } from './redaction.ts';

export interface ScreenItem {
  readonly name: string;
  /** Redacted. */
  readonly url: string;
}

export interface ScreenInput {
  readonly name: string;
  readonly label: string;
  /** Masked values are asterisks, one a character. */
  readonly value: string;
  readonly masked: boolean;
  /** Letter of what may be typed: A, T, N, E, U or L. */
  readonly kind: string;
}

export interface Screen {
  /** ISO 8601, when this screen appeared. */
  readonly time: string;
  /** The current page's URL, redacted; null: the Services menu. */
  readonly url: string | null;
  /** HTTP status of the last answer; null: none came. */
  readonly status: number | null;
  /** The object shown; null: the phone's own Services menu. */
  readonly object: ObjectKind | null;
  readonly title: string;
  /** The prompt line: the error, if there is one, in place of the page's own prompt. */
  readonly prompt: string;
  readonly text: string;
  readonly items: readonly ScreenItem[];
  /** Index of the highlighted item. */
  readonly selected: number;
  readonly softKeys: readonly SoftKey[];
  readonly inputs: readonly ScreenInput[];
  /** Index of the field being typed in. */
  readonly field: number;
  /** As the page said; null: no automatic Refresh. */
  readonly refreshSeconds: number | null;
  /** Milliseconds until the next Refresh from `time` on; null: none is running. */
  readonly refreshInMs: number | null;
  /** The text a phone shows for what went wrong last; the page before it stays. */
  readonly error: string | null;
  /** What went wrong in more words than a phone has. */
  readonly reason: string | null;
  /** Departures of the last answer from the documented rules. */
  readonly violations: readonly string[];
}

/** What a phone knows of itself, secrets included. */
export interface ScreenSource {
  readonly changedAtMs: number;
  readonly nowMs: number;
  readonly page: PhonePage | null;
  readonly url: string | null;
  readonly service: ScreenItem | null;
  /** Name of the menu item chosen last: the title of a page without one (reference/phone-xml.md §1.4). */
  readonly itemName: string;
  readonly softKeys: readonly SoftKey[];
  readonly values: readonly string[];
  readonly selected: number;
  readonly field: number;
  readonly refreshSeconds: number | null;
  readonly refreshAtMs: number | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly reason: string | null;
  readonly violations: readonly string[];
  /** Parameters whose values are hidden. */
  readonly masked: ReadonlySet<string>;
}

/** The screen without secrets: URLs redacted, masked fields as asterisks. */
export function describeScreen(source: ScreenSource): Screen {
  const { page, service, values } = source;
  const hide = (text: string) => redact(text, source.masked);
  const items = page?.items ?? (service ? [service] : []);
  const image = page?.imageUrl ?? null;
  return {
    time: new Date(source.changedAtMs).toISOString(),
    url: source.url === null ? null : hide(source.url),
    status: source.status,
    object: page?.kind ?? null,
    title: page ? (page.title ?? source.itemName) : 'Services',
    prompt: source.error ?? page?.prompt ?? '',
    text: image === null ? (page?.text ?? '') : `(image ${hide(image)})`,
    items: items.map((item) => ({ name: item.name, url: hide(item.url) })),
    selected: source.selected,
    softKeys: source.softKeys.map((key) => ({ ...key, url: hide(key.url) })),
    inputs: (page?.inputs ?? []).map((item, index) => {
      const value = values[index] ?? '';
      const { parameter: name, displayName: label, masked, kind } = item;
      return { name, label, value: masked ? '*'.repeat([...value].length) : value, masked, kind };
    }),
    field: source.field,
    refreshSeconds: source.refreshSeconds,
    refreshInMs: source.refreshAtMs === null ? null : Math.max(0, source.refreshAtMs - source.nowMs),
    error: source.error,
    reason: source.reason === null ? null : hide(source.reason),
    violations: source.violations.map(hide),
  };
}

/** One line of JSON. */
export function renderScreenJson(screen: Screen): string {
  const { selected: _selected, field: _field, refreshInMs: _refreshInMs, ...seen } = screen;
  return JSON.stringify(seen);
}

/** Lines to read, for logs and scripts. */
export function renderScreenText(screen: Screen): string {
  const lines = [
    `── ${screen.time} ${screen.object ?? 'Services menu'} ${screen.url ?? ''}`.trimEnd(),
    `   ${screen.title}`,
    ...(screen.prompt === '' ? [] : [`   [${screen.prompt}]`]),
    ...(screen.reason === null ? [] : [`   (${screen.reason})`]),
    ...screen.text
      .split(/\r\n|\r|\n/)
      .filter((line) => line !== '')
      .map((line) => `   ${line}`),
    ...screen.items.map((item, index) => `   ${index + 1} ${item.name.replace(/\s*[\r\n]+\s*/g, ' / ')}`),
    ...screen.inputs.map((input) => `   ${input.label}: ${input.value}  (${input.name})`),
    `   keys: ${screen.softKeys.map((key) => `${key.position} ${key.name}`).join(' · ') || 'none'}`,
    ...(screen.refreshSeconds === null ? [] : [`   refresh in ${screen.refreshSeconds} s`]),
    ...screen.violations.map((violation) => `   ! ${violation}`),
  ];
  return lines.join('\n');
}
