/**
 * How facts lie in Redis or Valkey (docs/shared-memory.md): the names of the keys, a register as text, and the two scripts.
 * A field that a newer version of the proxy put into a value stays there; another layout has another SCHEMA.
 */

import type { Json, Register } from '../domain/register.ts';
import type { FactKind } from './facts.ts';
import type { TrailPart } from './shared-trail.ts';

/** Of the layout. Fields of values and hashes may be added without another number; a proxy leaves a greater number alone. */
export const SCHEMA = 1;
/** Entries of the log of changes, about. Who misses more reads everything anew. */
export const LOG_LENGTH = 10_000;
/** The streams of the audit trail. Older versions put all entries into the first one. */
export const AUDIT_STREAMS: Readonly<Record<TrailPart, { readonly key: string; readonly length: number }>> = {
  changes: { key: 'audit', length: 10_000 },
  sessions: { key: 'audit:sessions', length: 5000 },
  phones: { key: 'audit:phones', length: 5000 },
};
/** What became of each device in an outage; the records themselves stay with each proxy. */
export const OUTAGE_DEVICES_MS = 7 * 86_400_000;

/** Kinds that have a hash each. */
export const HASHES = ['devices', 'settings', 'outages', 'proxies'] as const satisfies readonly FactKind[];

export interface FactPlace {
  /** Name of the hash below the prefix. */
  readonly hash: string;
  readonly field: string;
  /** The hash ends so long after its last change; 0: never. */
  readonly expireMs: number;
}

/** `outage-devices` are spread over a hash for each outage, which ends as a whole. */
export function placeOf(kind: FactKind, field: string): FactPlace {
  if (kind !== 'outage-devices') return { hash: kind, field, expireMs: 0 };
  const slash = field.indexOf('/');
  return { hash: `outage:${field.slice(0, slash)}`, field: field.slice(slash + 1), expireMs: OUTAGE_DEVICES_MS };
}

export function factAt(hash: string, field: string): { readonly kind: FactKind; readonly field: string } | null {
  if (hash.startsWith('outage:')) return { kind: 'outage-devices', field: `${hash.slice(7)}/${field}` };
  if (field.length > MAX_FIELD) return null;
  const kind = HASHES.find((each) => each === hash);
  return kind === undefined ? null : { kind, field };
}

/** The greatest values are those of proxies, a few hundred bytes for each service; and of JSON nobody needs many levels. */
const MAX_TEXT = 256 * 1024;
const MAX_DEPTH = 32;
const MAX_FIELD = 256;

/** Whether this version may read and write a store that says so. */
export function isKnownLayout(schema: string | null): boolean {
  return schema === null || (/^\d{1,9}$/.test(schema) && Number(schema) <= SCHEMA);
}

/** null: it is none, or none of this version, or one of a size or depth that breaks whoever goes through it. */
export function parseRegister(text: unknown): Register | null {
  const match = typeof text === 'string' && text.length <= MAX_TEXT ? /^(\d{1,40}) (\S{1,80}) (.*)$/s.exec(text) : null;
  if (match === null) return null;
  try {
    const value = JSON.parse(match[3] ?? '') as Json;
    return isFlat(value, MAX_DEPTH) ? { at: Number(match[1]), proxy: match[2] ?? '', value } : null;
  } catch {
    return null;
  }
}

function isFlat(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((each: Json) => isFlat(each, levels - 1));
}

/**
 * What time it is in the store. Its own clock goes back when a master takes over whose clock is behind, and when somebody sets
 * it; how far time had come by then is in the key `clock`, and whoever writes says how far it has come since.
 */
const NOW = `
local function storeNow(key, said, behind)
  local time = redis.call('TIME')
  local own = time[1] * 1000 + math.floor(time[2] / 1000)
  local now = own
  for _, each in ipairs({tonumber(redis.call('GET', key) or 0) or 0, tonumber(said)}) do
    if each > now and each <= own + behind then now = each end
  end
  return now
end
`;

/**
 * Merges registers into a hash: the newer one stays (domain/register.ts). A stamp beyond the clock of the server was set by a
 * wrong clock and is brought back, yet never below what it replaces: whoever set it knew of that. Only what changed is told in
 * the log. What is there with a stamp that nobody trusts is older than anything, or it could never be undone. KEYS: log, hash,
 * clock. ARGV: the time of the writer, how far the store's may be behind, how far ahead of it a stamp may be, and one that is
 * trusted, length of the log, name of the hash below the prefix, when the hash ends; then field, stamp, proxy, JSON of each.
 * Returns for each the stamp that is kept, or 0 for what was not newer.
 */
export const MERGE_SCRIPT = `${NOW}
-- By bytes: the order of strings in Lua is that of the language of the server.
local function greater(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = one:byte(i), other:byte(i)
    if a ~= b then return a > b end
  end
  return #one > #other
end
local now = storeNow(KEYS[3], ARGV[1], ARGV[2])
local latest, trusted = now + ARGV[3], now + ARGV[4]
local answer = {}
local changed = false
for i = 8, #ARGV, 4 do
  local field, at, proxy, value = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3]
  local oldAt, oldProxy, oldValue = -1, '', ''
  local old = redis.call('HGET', KEYS[2], field)
  if old then
    local a, p, v = string.match(old, '^(%d+) (%S+) (.*)$')
    if a and tonumber(a) <= trusted then oldAt, oldProxy, oldValue = tonumber(a), p, v end
  end
  local newer = at > oldAt
  if at == oldAt then newer = greater(proxy, oldProxy) or (proxy == oldProxy and greater(value, oldValue)) end
  if newer then
    if at > latest then at = math.max(latest, oldAt + 1) end
    local text = string.format('%.0f', at) .. ' ' .. proxy .. ' ' .. value
    -- First, and so told twice at worst: what is in the hash already is not tried again, so others would never hear of it.
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[5], '*', 'h', ARGV[6], 'f', field, 'r', text)
    redis.call('HSET', KEYS[2], field, text)
    answer[#answer + 1] = at
    changed = true
  else
    answer[#answer + 1] = 0
  end
end
if changed then redis.call('SET', KEYS[3], string.format('%.0f', now)) end
if changed and tonumber(ARGV[7]) > 0 then redis.call('PEXPIRE', KEYS[2], ARGV[7]) end
return answer
`;

/**
 * Removes fields whose register is older than that by the time of the store, or too far ahead of it. KEYS: hash, clock. ARGV: as
 * above the time of the writer and how far the store's may be behind, then age in ms, how far ahead, then fields.
 */
export const EXPIRE_SCRIPT = `${NOW}
local now = storeNow(KEYS[2], ARGV[1], ARGV[2])
local oldest, latest = now - ARGV[3], now + ARGV[4]
local removed = 0
for i = 5, #ARGV do
  local at = string.match(redis.call('HGET', KEYS[1], ARGV[i]) or '', '^(%d+) ')
  if at and (tonumber(at) < oldest or tonumber(at) > latest) then removed = removed + redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return removed
`;

/** Commands of the server that the proxy uses, for its ACL rule. */
export const COMMANDS = [
  'ping',
  'info',
  'select',
  'client|setname',
  'time',
  'get',
  'set',
  'eval',
  'hget',
  'hset',
  'hdel',
  'hscan',
  'pexpire',
  'xadd',
  'xread',
  'xrange',
  'xrevrange',
] as const;
