/**
 * The second line of defence against secrets in the log: phones put id, extension and password into query strings, Finesse
 * its session into path parameters (reference/http-hardening.md, "Secrets"). The first is that nobody logs a target.
 */

const REMOVED = '[removed]';
const SECRET_NAME = /password|passwd|secret|token|authorization|cookie|jsessionid/i;
const SECRET_PAIR = /\b(id|extension|\w*(?:password|passwd|secret|token|cookie|jsessionid))=[^\s&;]*/gi;
const CREDENTIALS = /\b(authorization["']?\s*[:=]\s*["']?|(?:bearer|basic)\s+(?=\S{8}))(?:bearer\s+|basic\s+)?\S+/gi;
/** Enough for any of our own fields; deeper is not ours. */
const MAX_DEPTH = 4;

/** The text with query strings, path parameters, credentials of URLs and `password=…` removed; everything else stays. */
export function scrubText(text: string): string {
  return text.replace(CREDENTIALS, `$1${REMOVED}`).replace(/\S+/g, scrubWord).replace(SECRET_PAIR, `$1=${REMOVED}`);
}

function scrubWord(word: string): string {
  const authority = word.indexOf('://') + 3;
  const at = authority > 2 ? word.indexOf('@', authority) : -1;
  const bare =
    at > 0 && !/[/?;]/.test(word.slice(authority, at)) ? word.slice(0, authority) + word.slice(at + 1) : word;
  const cut = bare.search(/[?;]/);
  if (cut < 0 || cut === bare.length - 1) return bare;
  // Prose has neither a slash before the mark nor a pair after it.
  return bare.slice(0, cut).includes('/') || bare.includes('=', cut) ? bare.slice(0, cut) : bare;
}

/** The fields with every text scrubbed, errors described, and values under a telling name removed. */
export function scrubFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return scrubRecord(fields, MAX_DEPTH);
}

function scrubRecord(fields: object, depth: number): Record<string, unknown> {
  const scrubbed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    scrubbed[name] = SECRET_NAME.test(name) && typeof value === 'string' ? REMOVED : scrubValue(value, depth);
  }
  return scrubbed;
}

function scrubValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrubText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value);
  if (depth === 0) return '[…]';
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, depth - 1));
  // Buffers, requests, sockets and the like hold whatever they hold.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor?.name ?? 'object'}]`;
  return scrubRecord(value, depth - 1);
}

export interface DescribedError {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  readonly frames?: readonly string[];
  readonly cause?: DescribedError;
}

/**
 * What may be said of an error. One with a code comes from the network, the system or a library: messages and properties of
 * those hold URLs, so only name and code are told. One without is a fault of the program: its message, scrubbed, and its stack
 * frames are needed to find it; but a SyntaxError quotes what it failed to parse, so not its message.
 */
export function describeError(error: unknown, depth = 3): DescribedError {
  if (!(error instanceof Error)) return { name: `thrown ${typeof error}` };
  const code: unknown = Reflect.get(error, 'code');
  const nested = error.cause instanceof Error && depth > 0 ? { cause: describeError(error.cause, depth - 1) } : {};
  if (typeof code === 'string') return { name: error.name, code, ...nested };
  const message = error instanceof SyntaxError ? {} : { message: scrubText(error.message) };
  return { name: error.name, ...message, frames: framesOf(error), ...nested };
}

function framesOf(error: Error): string[] {
  // The message stands before the frames and may have lines that look like one.
  const stack = (error.stack ?? '').replace(error.message, '');
  return stack
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .map((line) => scrubText(line.trim()));
}
