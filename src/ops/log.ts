/**
 * The log. One line is an event (kebab-case, docs/operations.md lists them) with plain fields. The rest of the program knows
 * this interface only, so that what writes the lines, and what is kept out of them, is decided here.
 */

import { fstatSync } from 'node:fs';
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
  /** Where every line goes too, from now on; null: nowhere. It must not throw. */
  copyTo(copy: LogCopy | null): void;
}

/** A line as it was written, secrets removed. `json`: all of it, without a line feed. */
export interface CopiedLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly json: string;
}
export type LogCopy = (line: CopiedLine) => void;

export interface LogOptions {
  readonly level: LogLevel;
  /** auto: pretty in a terminal, journal where the journal of systemd reads, JSON otherwise. */
  readonly format: 'json' | 'pretty' | 'journal' | 'auto';
  /** Where lines go; the standard output by default. */
  readonly stream?: LogStream;
  /** Whether the journal of systemd is who reads the standard output. */
  readonly isJournal?: () => boolean;
}

const MESSAGE_KEY = 'message';

export function createLog({
  level,
  format,
  stream = process.stdout,
  isJournal = isStdoutJournal,
}: LogOptions): RootLog {
  const isTerminal = stream.isTTY === true;
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal);
  const hasPriority = format === 'journal' || (format === 'auto' && !isTerminal && isJournal());
  const sink = createLogSink(stream);
  const pretty = isPretty ? createPretty(isTerminal) : null;
  /** Of the line that is being written. */
  let current: Omit<CopiedLine, 'json'> | null = null;
  let copy: LogCopy | null = null;
  const logger = pino(
    {
      level,
      base: null,
      messageKey: MESSAGE_KEY,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line) {
        const priority = hasPriority ? `<${PRIORITIES[current?.level ?? 'info']}>` : '';
        sink.write(pretty === null ? priority + line : pretty(line));
        if (current !== null) copy?.({ ...current, json: line.trimEnd() });
      },
    },
  );
  const writing = (line: Omit<CopiedLine, 'json'>, write: () => void) => {
    current = line;
    write();
    current = null;
  };
  return {
    ...wrap(logger, sink, {}, writing),
    setLevel(next) {
      logger.level = next;
    },
    copyTo(next) {
      copy = next;
    },
  };
}

/** As syslog and the journal know them: sd-daemon(3). */
export const PRIORITIES: Readonly<Record<LogLevel, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** systemd says which file the journal reads (systemd.exec(5), JOURNAL_STREAM): that of our standard output, unless it goes on elsewhere. */
function isStdoutJournal(): boolean {
  const named = process.env.JOURNAL_STREAM;
  if (named === undefined) return false;
  try {
    const { dev, ino } = fstatSync(1);
    return named === `${dev}:${ino}`;
  } catch {
    return false;
  }
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

type Writing = (line: Omit<CopiedLine, 'json'>, write: () => void) => void;

function wrap(logger: Logger, sink: LogSink, bound: LogFields, writing: Writing): Log {
  const write = (level: LogLevel, event: string, fields: LogFields, message?: string) => {
    if (!logger.isLevelEnabled(level)) return;
    const lost = sink.takeLost();
    if (lost > 0) {
      const line = { event: 'log-lines-lost', lines: lost };
      writing({ level: 'warn', event: line.event, fields: { lines: lost } }, () => logger.warn(line));
    }
    const scrubbed = scrubFields({ ...bound, ...fields });
    const line = { event, ...scrubbed };
    writing({ level, event, fields: scrubbed }, () => {
      if (message === undefined) logger[level](line);
      else logger[level](line, '%s', scrubText(message));
    });
  };
  return {
    debug: (event, fields = {}, message) => write('debug', event, fields, message),
    info: (event, fields = {}, message) => write('info', event, fields, message),
    warn: (event, fields = {}, message) => write('warn', event, fields, message),
    error: (event, fields = {}, message) => write('error', event, fields, message),
    child: (fields) => wrap(logger, sink, { ...bound, ...fields }, writing),
  };
}
