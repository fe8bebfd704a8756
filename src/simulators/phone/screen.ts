/** What a person or a test sees of a phone: plain data without secrets, and its forms as text. */

import type { ObjectKind } from './models.ts';
import type { SoftKey } from './page.ts';

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
