/** What operators may set over `POST /services/ID`: JSON to a setting. Pure. */

import { parseDuration } from '../config/values.ts';
import type { AdminSetting, AdminState } from '../domain/model.ts';

export type AdminRequest =
  | { readonly ok: true; readonly setting: AdminSetting }
  | { readonly ok: false; readonly faults: readonly string[] };

const KEYS: readonly string[] = ['admin', 'reason', 'until', 'in'];
const MAX_IN_MS = 86_400_000;
const ADMINS: readonly string[] = ['ready', 'drain', 'maint'] satisfies AdminState[];
export const MAX_REASON_LENGTH = 200;
/** Controls would break log lines and terminals, and bidirectional controls what operators read there. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Whether only what a setting would touch is asked for, and the setting; null: nobody can tell. */
export function splitPreview(body: unknown): { readonly isPreview: boolean; readonly setting: unknown } | null {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return { isPreview: false, setting: body };
  const { preview = false, ...setting } = body as Record<string, unknown>;
  return typeof preview === 'boolean' ? { isPreview: preview, setting } : null;
}

/** All faults at once. `now` in epoch ms, for `until`, which must lie in the future. */
export function parseAdminRequest(body: unknown, now: number): AdminRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { ok: false, faults: ['the body must be a JSON object such as {"admin": "drain", "reason": "patching"}'] };
  }
  const { admin, reason = null, until = null, in: within = null } = body as Record<string, unknown>;
  const unknown = Object.keys(body).filter((key) => !KEYS.includes(key));
  const faults = [
    ...(unknown.length > 0 ? [`unknown keys; allowed are ${KEYS.join(', ')}, preview`] : []),
    ...(isAdmin(admin) ? [] : [`admin must be one of ${ADMINS.join(', ')}`]),
    ...validateReason(reason, admin),
    ...validateUntil(until, admin, now),
    ...validateIn(within, until, admin, now),
  ];
  if (faults.length > 0 || !isAdmin(admin)) return { ok: false, faults };
  return {
    ok: true,
    setting: {
      admin: within === null ? admin : 'drain',
      reason: typeof reason === 'string' ? reason.trim() : null,
      until: parseUntil(until, now),
      ...(typeof within === 'string' ? { maintAt: now + (parseDuration(within) ?? 0) } : {}),
    },
  };
}

/** Until then those signed in stay and are told, as under drain. */
function validateIn(within: unknown, until: unknown, admin: unknown, now: number): string[] {
  if (within === null) return [];
  if (admin !== 'maint') return ['in applies to maint: drain and ready hold at once'];
  const inMs = typeof within === 'string' ? parseDuration(within) : null;
  if (inMs === null || inMs <= 0 || inMs > MAX_IN_MS) return ['in must be a duration of at most a day, such as 10m'];
  const end = parseUntil(until, now);
  return end !== null && end <= now + inMs ? ['until must lie after the maintenance has begun'] : [];
}

function isAdmin(value: unknown): value is AdminState {
  return typeof value === 'string' && ADMINS.includes(value);
}

export function validateReason(reason: unknown, admin: unknown): string[] {
  if (reason === null) return admin === 'ready' ? [] : ['reason is required: other operators will read it'];
  if (typeof reason !== 'string' || reason.trim() === '') return ['reason must be a text'];
  if ([...reason].length > MAX_REASON_LENGTH) return [`reason may have at most ${MAX_REASON_LENGTH} characters`];
  return UNPRINTABLE.test(reason) ? ['reason must not hold control characters'] : [];
}

function validateUntil(until: unknown, admin: unknown, now: number): string[] {
  if (until === null) return [];
  if (admin === 'ready') return ['until applies to drain and maint; ready has no end'];
  const at = parseUntil(until, now);
  if (at === null) {
    return [
      'until must be an ISO 8601 time with a zone, such as 2030-01-31T18:00:00Z, or a duration, such as 30m or 2h',
    ];
  }
  return at > now ? [] : ['until must lie in the future'];
}

/** What has no year of four digits is no time, here and where it is written. */
const LAST_TIME = Date.parse('9999-12-31T23:59:59Z');

/** Epoch ms; null: neither a time nor a duration from now. */
export function parseUntil(until: unknown, now: number): number | null {
  if (typeof until !== 'string') return null;
  const duration = parseDuration(until);
  if (duration === null) return parseTime(until);
  return now + duration > LAST_TIME ? null : now + duration;
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** An ISO 8601 time with date, time and zone in epoch ms; null for anything else, 31 February included. */
export function parseTime(text: string): number | null {
  const match = TIME.exec(text);
  if (match === null) return null;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  // Date.parse takes a 31st of any month for a day of the next.
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
