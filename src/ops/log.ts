/**
 * The log. One line is an event (kebab-case, docs/operations.md lists them) with plain fields. The rest of the program knows
 * this interface only, so that what writes the lines, and what is kept out of them, is decided here.
 */

import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { scrubFields, scrubText } from './scrub.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(event: string, fields?: LogFields, message?: string): void;
  info(event: string, fields?: LogFields, message?: string): void;
  warn(event: string, fields?: LogFields, message?: string): void;
  error(event: string, fields?: LogFields, message?: string): void;
  /** A log whose lines all carry these fields too. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** auto: pretty in a terminal, JSON otherwise. */
  readonly format: 'json' | 'pretty' | 'auto';
  /** Where lines go; the standard output by default. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Whoever reads the log may stop reading: beyond this much waiting, lines are dropped rather than phones kept waiting. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

export function createLog(options: LogOptions): Log {
  const { stream, level } = options;
  const isTerminal = (stream ?? process.stdout).isTTY === true;
  const pretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal);
  const lines: DestinationStream = pretty ? prettyLines(stream, isTerminal) : (stream ?? standardOutput());
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  );
  return wrap(logger, {});
}

function standardOutput(): DestinationStream {
  return destination({ dest: 1, sync: false, maxLength: MAX_WAITING_BYTES });
}

/** In this process and at once, not in a worker thread: a person watches, and the last line before an exit counts most. */
function prettyLines(stream: LogOptions['stream'], colorize: boolean): DestinationStream {
  return PinoPretty({
    colorize,
    sync: true,
    destination: stream ?? 1,
    messageKey: 'message',
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'event',
    singleLine: true,
    messageFormat: (line, messageKey) => [line.event, line[messageKey]].filter(Boolean).join(': '),
  });
}

function wrap(logger: Logger, bound: LogFields): Log {
  const write = (level: LogLevel, event: string, fields: LogFields, message?: string) => {
    if (!logger.isLevelEnabled(level)) return;
    const line = { event, ...scrubFields({ ...bound, ...fields }) };
    if (message === undefined) logger[level](line);
    else logger[level](line, '%s', scrubText(message));
  };
  return {
    debug: (event, fields = {}, message) => write('debug', event, fields, message),
    info: (event, fields = {}, message) => write('info', event, fields, message),
    warn: (event, fields = {}, message) => write('warn', event, fields, message),
    error: (event, fields = {}, message) => write('error', event, fields, message),
    child: (fields) => wrap(logger, { ...bound, ...fields }),
  };
}
