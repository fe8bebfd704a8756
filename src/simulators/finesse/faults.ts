/** The faults, what each may be told, and which one is on. */

import type { Settings } from './options.ts';

/** Where a fault acts: on the listening socket, on new connections, on answers, or on what the server says of itself. */
type Level = 'listener' | 'connection' | 'answer' | 'state';
type ArgumentKind = 'text' | 'count' | 'flag' | readonly string[];

export type Area = 'system-info' | 'api' | 'fippa' | 'other';

interface FaultKind {
  readonly level: Level;
  readonly words: string;
  readonly args: Readonly<Record<string, ArgumentKind>>;
}

const SCOPES = ['all', 'system-info', 'fippa'] as const;

export const faultKinds = {
  none: { level: 'state', words: 'everything works', args: {} },
  refuse: {
    level: 'listener',
    words: 'connections are refused, open ones are cut; sessions=lose forgets who is signed in, as a restart does',
    args: { sessions: ['keep', 'lose'] },
  },
  drop: {
    level: 'listener',
    words: 'packets to the port vanish: new connections hang, open ones fall silent',
    args: {},
  },
  reset: {
    level: 'connection',
    words: 'connections are reset at once (when=connect) or after the request was read (when=request)',
    args: { when: ['connect', 'request'], processed: 'flag' },
  },
  silent: {
    level: 'answer',
    words: 'requests are read and never answered; processed=yes acts on them first',
    args: { processed: 'flag' },
  },
  slow: { level: 'answer', words: 'each answer comes late, ms=3000 by default', args: { ms: 'count' } },
  trickle: { level: 'answer', words: 'answers come one byte at a time, every ms=200', args: { ms: 'count' } },
  '503': {
    level: 'answer',
    words: 'answers 503, with ApiErrors to REST and HTML to phones, or body=api-errors|html|phone-xml|empty',
    args: { body: ['api-errors', 'html', 'phone-xml', 'empty'] },
  },
  '500': { level: 'answer', words: 'answers 500 with an HTML page', args: {} },
  unauthorized: { level: 'answer', words: 'SystemInfo answers 401, or status=403', args: { status: ['401', '403'] } },
  html: {
    level: 'answer',
    words: 'answers 200 with an HTML page; type=xml calls it text/xml',
    args: { type: ['html', 'xml'] },
  },
  json: { level: 'answer', words: 'answers 200 with JSON', args: {} },
  empty: { level: 'answer', words: 'answers 200 with nothing in it', args: {} },
  large: { level: 'answer', words: 'answers 200 with well-formed XML of 300 KiB', args: {} },
  gzip: { level: 'answer', words: 'answers are compressed although nobody asked for it', args: {} },
  chunked: { level: 'answer', words: 'answers are right but chunked, in two pieces', args: {} },
  truncated: {
    level: 'answer',
    words:
      'the connection closes in the middle of an answer (variant=closed), or the XML itself ends early (variant=cut)',
    args: { variant: ['closed', 'cut'] },
  },
  redirect: {
    level: 'answer',
    words: 'answers 302: hops=3 within the server and then the page, or to=URL ({path} is the request target)',
    args: { hops: 'count', to: 'text' },
  },
  'out-of-service': {
    level: 'state',
    words: 'SystemInfo says OUT_OF_SERVICE, other REST calls get 503, fippa shows its own unavailable page after 15 s',
    args: { reason: 'text' },
  },
  maintenance: {
    level: 'state',
    words: 'SystemInfo says IN_SERVICE with finesseMMode IN_PROGRESS, sign-in is refused',
    args: {},
  },
  'heartbeat-failure': {
    level: 'state',
    words: 'SystemInfo says IN_SERVICE but the last CTI heartbeat failed',
    args: {},
  },
  'notification-down': {
    level: 'state',
    words:
      'the Notification Service is down: how=closed (refused and cut), or silent (connections stay, nothing comes)',
    args: { how: ['closed', 'silent'] },
  },
  'presence-unavailable': {
    level: 'state',
    words: 'the XMPP user finesse is unavailable, SystemInfo is fine',
    args: {},
  },
  'notify-out-of-service': {
    level: 'state',
    words: 'the Notification Service tells OUT_OF_SERVICE, SystemInfo is fine',
    args: {},
  },
  'fippa-only': {
    level: 'answer',
    words: 'SystemInfo is fine, phones get variant=500|503|html|silent|truncated|empty|reset',
    args: { variant: ['500', '503', 'html', 'silent', 'truncated', 'empty', 'reset'] },
  },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof faultKinds;

/** Words first, then status codes; JavaScript alone would put keys that are numbers first. */
export const faultNames = (Object.keys(faultKinds) as FaultName[]).sort(
  (one, other) => Number(/^\d/.test(one)) - Number(/^\d/.test(other)),
);

export interface Fault {
  readonly name: FaultName;
  readonly args: Readonly<Record<string, string | number | boolean>>;
  /** Which requests it hits. */
  readonly scope: (typeof SCOPES)[number];
  /** Ends by itself after so long; null: stays. */
  readonly forMs: number | null;
  /** Ends after so many requests (or connections); null: stays. */
  readonly count: number | null;
}

const NO_FAULT: Fault = { name: 'none', args: {}, scope: 'all', forMs: null, count: null };

/** An order that cannot be carried out (no such fault, nobody signed in there), in words to print. */
export class OrderError extends Error {}

const ALIASES: Record<string, FaultName> = { die: 'refuse', recover: 'none', ok: 'none', '401': 'unauthorized' };

/** From names and values as people write them (`slow`, `{ ms: '3000', for: '10s' }`). Throws OrderError. */
export function parseFault(spelling: string, given: Readonly<Record<string, unknown>> = {}): Fault {
  const plain = spelling.toLowerCase().replaceAll('_', '-');
  const name = ALIASES[plain] ?? plain;
  if (!isFaultName(name)) throw new OrderError(`There is no fault "${spelling}". There are: ${faultNames.join(', ')}.`);
  const kind: FaultKind = faultKinds[name];
  const args: Record<string, string | number | boolean> = {};
  let scope: Fault['scope'] = name === 'fippa-only' ? 'fippa' : name === 'unauthorized' ? 'system-info' : 'all';
  let forMs: number | null = null;
  let count: number | null = null;
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    const text = String(value);
    const allowed = kind.args[key];
    if (key === 'for') forMs = readDuration(key, text);
    else if (key === 'count' && countable(kind)) count = readCount(key, text);
    else if (key === 'scope' && scopable(name, kind)) scope = readChoice(key, text, SCOPES) as Fault['scope'];
    else if (allowed !== undefined) args[key] = readArgument(key, text, allowed);
    else throw new OrderError(unknownArgument(name, kind, key));
  }
  return { name, args, scope, forMs, count };
}

/** All faults with what each may be told, a line each: for the help. */
export function listFaults(): string[] {
  const width = Math.max(...faultNames.map((name) => name.length));
  return faultNames.map((name) => {
    const kind: FaultKind = faultKinds[name];
    const args = Object.entries(kind.args).map(([key, allowed]) => `${key}=${renderArgument(allowed)}`);
    return `  ${name.padEnd(width)}  ${kind.words}${args.length === 0 ? '' : ` [${args.join(' ')}]`}`;
  });
}

export const FAULTS_HEAD = 'Faults (each also takes for=10s, most take count=3 and scope=system-info|fippa):';

function renderArgument(kind: ArgumentKind): string {
  if (kind === 'text') return 'TEXT';
  if (kind === 'count') return 'NUMBER';
  return (kind === 'flag' ? ['yes', 'no'] : kind).join('|');
}

function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(faultKinds, text);
}

function countable(kind: FaultKind): boolean {
  // A closed door cannot count who knocks, and a state is not used up by being asked for.
  return kind.level === 'answer' || kind.level === 'connection';
}

function scopable(name: string, kind: FaultKind): boolean {
  return kind.level === 'answer' && name !== 'fippa-only';
}

function unknownArgument(name: string, kind: FaultKind, key: string): string {
  const known = [...Object.keys(kind.args), 'for', ...(countable(kind) ? ['count'] : [])];
  if (scopable(name, kind)) known.push('scope');
  return `"${name}" knows no "${key}". It knows: ${known.join(', ')}.`;
}

function readArgument(key: string, text: string, kind: ArgumentKind): string | number | boolean {
  if (kind === 'text') return text;
  if (kind === 'count') return readCount(key, text);
  if (kind === 'flag') return readChoice(key, text, ['yes', 'no', 'true', 'false']).startsWith('y') || text === 'true';
  return readChoice(key, text, kind);
}

function readChoice(key: string, text: string, allowed: readonly string[]): string {
  if (!allowed.includes(text)) throw new OrderError(`"${key}" is ${allowed.join(' or ')}, not "${text}".`);
  return text;
}

function readCount(key: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new OrderError(`"${key}" is a whole number, not "${text}".`);
  return Number(text);
}

/** `10s`, `500ms`, `2m`; a bare number is milliseconds. */
function readDuration(key: string, text: string): number {
  const match = /^(\d{1,9})(ms|s|m)?$/.exec(text);
  if (match === null) throw new OrderError(`"${key}" is a time such as 10s, 500ms or 2m, not "${text}".`);
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000 }[(match[2] as 'ms' | 's' | 'm' | undefined) ?? 'ms'];
}

/** Whether the fault is one for this request. */
export function hits(fault: Fault, area: Area): boolean {
  return fault.scope === 'all' || fault.scope === area;
}

/** The one fault that is on, since when, and what of its limits is left. */
export class FaultSwitch {
  current: Fault = NO_FAULT;
  since: number;
  /** Requests or connections it may still hit; null: no limit. */
  left: number | null = null;
  readonly #now: Settings['now'];
  readonly #changed: (from: Fault, to: Fault) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: Settings['now'], changed: (from: Fault, to: Fault) => void) {
    this.#now = now;
    this.since = now();
    this.#changed = changed;
  }

  set(fault: Fault): void {
    clearTimeout(this.#timer);
    const before = this.current;
    this.current = fault;
    this.since = this.#now();
    this.left = fault.count;
    if (fault.forMs !== null) this.#timer = setTimeout(() => this.set(NO_FAULT), fault.forMs);
    this.#changed(before, fault);
  }

  /** The fault for one more request or connection, which uses up one of a limited number. */
  take(area: Area): Fault {
    const fault = this.current;
    if (!hits(fault, area)) return NO_FAULT;
    if (this.left !== null) {
      this.left -= 1;
      if (this.left <= 0) this.set(NO_FAULT);
    }
    return fault;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
