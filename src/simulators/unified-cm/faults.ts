/** What can be made to go wrong, and with which requests. */

export const faultWords = {
  none: 'everything works',
  fault: 'a SOAP fault [code=5003 message=TEXT]',
  '503': 'HTTP 503, as when too many changes are waiting',
  memory: 'the fault for too much at once',
  'too-large': 'answers of more rows than this are refused [rows=NUMBER]',
  version: 'HTTP 599 whatever the version',
  'session-expired': 'sessions are forgotten: HTTP 404 to those who come with one',
  slow: 'answers late [ms=3000]',
  lost: 'does what was asked and closes the connection without an answer',
  silent: 'does what was asked and never answers',
  reset: 'closes the connection and does nothing',
  unauthorized: 'HTTP 401 with a page in HTML',
  forbidden: 'HTTP 403 with a page in HTML',
  html: 'HTTP 200 with a page in HTML',
  truncated: 'an answer that ends in the middle',
  ignored: 'says that it has written, and has not',
} as const;

export type FaultName = keyof typeof faultWords;

export interface Fault {
  readonly name: FaultName;
  readonly args: Readonly<Record<string, string>>;
  /** The name of an operation, `read`, `write`, or `any`. */
  readonly on: string;
  /** How many requests it may still hit; null: any number. */
  readonly left: number | null;
}

export const NO_FAULT: Fault = { name: 'none', args: {}, on: 'any', left: null };

export class OrderError extends Error {}

/** From a name and what it is told: `on=write`, `count=1`, and its own. Throws OrderError. */
export function parseFault(name: string, given: Readonly<Record<string, unknown>>): Fault {
  if (!Object.hasOwn(faultWords, name)) {
    throw new OrderError(`There is no fault "${name}". There are: ${Object.keys(faultWords).join(', ')}.`);
  }
  const { on = 'any', count, ...rest } = given;
  if (count !== undefined && !/^\d{1,6}$/.test(String(count))) throw new OrderError('count is a whole number.');
  const args = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, String(value)]));
  return { name: name as FaultName, args, on: String(on), left: count === undefined ? null : Number(count) };
}

/** Whether it is one for this request. */
export function hits({ name, on, left }: Fault, operation: string, isWrite: boolean): boolean {
  if (name === 'none' || left === 0) return false;
  return on === 'any' || on === operation || on === (isWrite ? 'write' : 'read');
}

export function listFaults(): string[] {
  const width = Math.max(...Object.keys(faultWords).map((name) => name.length));
  return Object.entries(faultWords).map(([name, words]) => `  ${name.padEnd(width)}  ${words}`);
}
