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
}

/** `phones.listeners[0].port`. Keys as found in the file, so made fit for a terminal. */
export function renderKey(path: KeyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? printable(step) : `${text}.${printable(step)}`;
  }, '');
}

function renderPlace(problem: ConfigProblem): string {
  const line = problem.line === null ? '' : `:${problem.line}`;
  const key = problem.key === '' ? '' : ` ${problem.key}:`;
  return `${printable(problem.file, 4096)}${line}:${key}`;
}

/** One line for each error: `file:line: key: found …; allowed: …`. */
export function renderProblems(problems: readonly ConfigProblem[]): string {
  return problems.map((p) => `${renderPlace(p)} found ${p.found}; allowed: ${p.allowed}\n`).join('');
}

/** One line for each warning: `file:line: key: warning: what is so; what follows or to do`. */
export function renderWarnings(warnings: readonly ConfigProblem[]): string {
  return warnings.map((p) => `${renderPlace(p)} warning: ${p.found}; ${p.allowed}\n`).join('');
}
