/** What is wrong with a configuration, and how it is told. */

import { printable } from './values.ts';

/** The way to a value: keys of mappings and positions in lists. */
export type KeyPath = readonly (string | number)[];

/** Something found at a key, before the file and the line are known. */
export interface Finding {
  readonly path: KeyPath;
  readonly found: string;
  readonly allowed: string;
}

/** For an error: what was found and what is allowed. For a warning: what is so, and what follows or to do. Never a secret. */
export interface ConfigProblem {
  readonly file: string;
  /** 1-based; null when the problem is with the file as a whole. */
  readonly line: number | null;
  readonly column: number | null;
  /** Dotted, with list positions in brackets: `phones.listeners[0].port`. Empty for the file as a whole. */
  readonly key: string;
  readonly found: string;
  readonly allowed: string;
  /** Both in one sentence. */
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

/** Where a problem is. */
export type Place = Pick<ConfigProblem, 'file' | 'line' | 'column' | 'key'>;

export function createError(place: Place, found: string, allowed: string): ConfigProblem {
  return { ...place, found, allowed, message: `found ${found}; allowed: ${allowed}`, severity: 'error' };
}

export function createWarning(place: Place, found: string, allowed: string): ConfigProblem {
  return { ...place, found, allowed, message: `${found}; ${allowed}`, severity: 'warning' };
}

/** An error that no key can be named for. */
export function createFileError(file: string, line: number | null, found: string, allowed: string): ConfigProblem {
  return createError({ file, line, column: null, key: '' }, found, allowed);
}

/** `phones.listeners[0].port`. Keys as found in the file, so made fit for a terminal. */
export function renderKey(path: KeyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? printable(step) : `${text}.${printable(step)}`;
  }, '');
}

/** One line for each: `file:line: key: found …; allowed: …` or `file:line: key: warning: …`. */
export function renderProblems(problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ file, line, key, message, severity }) => {
      const place = `${printable(file, 4096)}${line === null ? '' : `:${line}`}:`;
      return `${place}${key === '' ? '' : ` ${key}:`}${severity === 'warning' ? ' warning:' : ''} ${message}\n`;
    })
    .join('');
}
