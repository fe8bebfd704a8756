/** The application's window on the phone: the page, what is typed into it, history, cookies, the Refresh timer. */

import type { Refresh } from './answer-headers.ts';
import { type CookieJar, emptyJar } from './cookies.ts';
import { findInput, fitInput } from './form.ts';
import { type History, pushPage } from './history.ts';
import type { PhonePage } from './page.ts';

/** The application's window: all of it is gone when it closes (§5). */
export interface AppWindow {
  page: PhonePage | null;
  url: string | null;
  history: History;
  jar: CookieJar;
  refresh: Refresh | null;
  refreshAtMs: number | null;
  itemName: string;
  values: string[];
  selected: number;
  field: number;
  status: number | null;
  error: string | null;
  reason: string | null;
  violations: readonly string[];
}

export function openWindow(itemName: string): AppWindow {
  return {
    page: null,
    url: null,
    history: [],
    jar: emptyJar,
    refresh: null,
    refreshAtMs: null,
    itemName,
    values: [],
    selected: 0,
    field: 0,
    status: null,
    error: null,
    reason: null,
    violations: [],
  };
}

/** A page as it came, with what its headers said. */
export interface Shown {
  readonly page: PhonePage;
  readonly refresh: Refresh | null;
  readonly expired: boolean;
  readonly violations: readonly string[];
}

export function showPage(window: AppWindow, shown: Shown, url: string, history: History, nowMs: number): void {
  window.page = shown.page;
  window.url = url;
  window.history = pushPage(history, url, shown.expired);
  window.refresh = shown.refresh;
  window.refreshAtMs = shown.refresh?.seconds ? nowMs + shown.refresh.seconds * 1000 : null;
  window.values = shown.page.inputs.map((item) => item.defaultValue);
  window.selected = 0;
  window.field = 0;
  window.error = null;
  window.reason = null;
  window.violations = shown.violations;
}

/** Moves the cursor between fields, or the highlight between items. */
export function moveCursor(window: AppWindow, by: number): void {
  const fields = window.page?.inputs.length ?? 0;
  const within = (place: number, length: number) => Math.min(Math.max(0, place), Math.max(0, length - 1));
  if (fields > 0) window.field = within(window.field + by, fields);
  else window.selected = within(window.selected + by, window.page?.items.length ?? 1);
}

export function typeText(window: AppWindow, text: string): boolean {
  const item = window.page?.inputs[window.field];
  const fitted = item && fitInput(item, text);
  if (fitted === undefined) return false;
  window.values[window.field] = (window.values[window.field] ?? '') + fitted;
  return true;
}

export function eraseLast(window: AppWindow): void {
  if (!window.page?.inputs[window.field]) return;
  window.values[window.field] = [...(window.values[window.field] ?? '')].slice(0, -1).join('');
}

export function fillField(window: AppWindow, name: string, value: string): void {
  const index = window.page ? findInput(window.page, name) : -1;
  const item = window.page?.inputs[index];
  const fitted = item && fitInput(item, value);
  if (!item) throw new Error(`no field ${name}`);
  if (fitted === undefined) throw new Error(`field ${name} takes other characters (${item.kind})`);
  window.values[index] = fitted;
  window.field = index;
}
