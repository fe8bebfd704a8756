/**
 * The log. One line is an event (kebab-case, docs/operations.md lists them) with plain fields. The rest of the program knows
 * this interface only, so that what writes the lines, and what is kept out of them, is decided here.
 */

import { type Logger, pino, stdTimeFunctions } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { createLogSink, type LogSink, type LogStream } from './log-sink.ts';
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

/** The log itself, of which all others are children. */
export interface RootLog extends Log {
  /** For this log and all its children, from now on. */
  setLevel(level: LogLevel): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** auto: pretty in a terminal, JSON otherwise. */
  readonly format: 'json' | 'pretty' | 'auto';
  /** Where lines go; the standard output by default. */
  readonly stream?: LogStream;
}

const MESSAGE_KEY = 'message';

export function createLog({ level, format, stream = process.stdout }: LogOptions): RootLog {
  const isTerminal = stream.isTTY === true;
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal);
  const sink = createLogSink(stream);
  const pretty = isPretty ? createPretty(isTerminal) : null;
  const logger = pino(
    {
      level,
      base: null,
      messageKey: MESSAGE_KEY,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => sink.write(pretty === null ? line : pretty(line)) },
  );
  return {
    ...wrap(logger, sink, {}),
    setLevel(next) {
      logger.level = next;
    },
  };
}

/** In this process, not in a worker thread: a person watches, and the last line before an exit counts most. */
function createPretty(colorize: boolean): (line: string) => string {
  return prettyFactory({
    colorize,
    messageKey: MESSAGE_KEY,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'event',
    singleLine: true,
    messageFormat: (line, messageKey) => [line.event, line[messageKey]].filter(Boolean).join(': '),
  });
}

function wrap(logger: Logger, sink: LogSink, bound: LogFields): Log {
  const write = (level: LogLevel, event: string, fields: LogFields, message?: string) => {
    if (!logger.isLevelEnabled(level)) return;
    const lost = sink.takeLost();
    if (lost > 0) logger.warn({ event: 'log-lines-lost', lines: lost });
    const line = { event, ...scrubFields({ ...bound, ...fields }) };
    if (message === undefined) logger[level](line);
    else logger[level](line, '%s', scrubText(message));
  };
  return {
    debug: (event, fields = {}, message) => write('debug', event, fields, message),
    info: (event, fields = {}, message) => write('info', event, fields, message),
    warn: (event, fields = {}, message) => write('warn', event, fields, message),
    error: (event, fields = {}, message) => write('error', event, fields, message),
    child: (fields) => wrap(logger, sink, { ...bound, ...fields }),
  };
}
