/** Bytes to a YAML document whose values can be found again: every problem gets the line of the text it is about. */

import {
  type Document,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  Scalar,
  visit,
  type YAMLError,
  YAMLParseError,
} from 'yaml';
import { MAX_BYTES } from '../files/read-file.ts';
import { type ConfigProblem, createError, createFileError, type KeyPath, type Place, renderKey } from './problem.ts';
import { printable } from './values.ts';

export interface ConfigDocument {
  /** The plain value; null inside mappings is undefined, so that a key whose values are all commented out counts as absent. */
  readonly value: unknown;
  /** What makes the text not YAML, or not unambiguous. */
  readonly problems: readonly ConfigProblem[];
  /** Findings below this line are guesses, because the text above it is broken; null: the whole text is sound. */
  readonly soundUntilLine: number | null;
  /** Where the value of a path is, or the nearest that there is. */
  readonly locate: (path: KeyPath) => Place;
}

/** The text, or why the bytes are none: one problem for each bad line, at most 20. */
export function decodeText(file: string, bytes: Uint8Array): string | readonly ConfigProblem[] {
  const allowed = 'YAML text in UTF-8';
  if (bytes.length > MAX_BYTES)
    return [createFileError(file, null, `more than ${MAX_BYTES} bytes`, 'at most 1 MiB of text')];
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return [createFileError(file, 1, 'text in UTF-16', `${allowed}; save the file as UTF-8`)];
  }
  if (bytes.includes(0)) return [createFileError(file, null, 'binary data', allowed)];
  const problems: ConfigProblem[] = [];
  let start = 0;
  for (let line = 1; start <= bytes.length && problems.length < 20; line++) {
    // A byte 0x0A is never part of a longer UTF-8 sequence, so lines can be judged one by one.
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    const found = validateLine(bytes.subarray(start, end));
    if (found !== null) problems.push(createFileError(file, line, found, allowed));
    start = end + 1;
  }
  return problems.length > 0 ? problems : new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

function validateLine(bytes: Uint8Array): string | null {
  const control = bytes.find((byte) => (byte < 0x20 && byte !== 0x09 && byte !== 0x0d) || byte === 0x7f);
  if (control !== undefined) return `the control character 0x${control.toString(16).padStart(2, '0')}`;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return null;
  } catch {
    return 'bytes that are not UTF-8';
  }
}

/** Own words for the parser's errors: its messages quote the text, which may be a secret. */
const SYNTAX: Partial<Record<YAMLError['code'], readonly [found: string, allowed: string]>> = {
  DUPLICATE_KEY: ['a key that this mapping already has', 'each key once'],
  TAB_AS_INDENT: ['a tab used for indentation', 'spaces'],
  BAD_INDENT: ['wrong indentation', 'the same number of spaces for all keys of a mapping'],
  MISSING_CHAR: [
    'a missing character',
    'closed quotes and brackets, commas between items in [ ] and { }, ": " after a key',
  ],
  BAD_ALIAS: ['an alias without its anchor', 'text in quotes, if it is to begin with *'],
  BAD_SCALAR_START: ['a value that begins with a reserved character', 'text in quotes'],
  BAD_DQ_ESCAPE: ['an unknown escape in double quotes', 'single quotes, or \\\\ for a backslash'],
  MULTIPLE_DOCS: ['a second document (---)', 'one document'],
  MULTILINE_IMPLICIT_KEY: ['a key over several lines', '": " after the key, on the same line'],
  BLOCK_AS_IMPLICIT_KEY: ['a mapping or list where a single value belongs', 'one "key: value" on a line'],
  TAG_RESOLVE_FAILED: ['a tag (!) that is not known here', 'plain values, or text in quotes'],
  RESOURCE_EXHAUSTION: ['YAML that is nested too deeply', 'a plain configuration'],
  NON_STRING_KEY: ['a key that is not text', 'keys as in the manual'],
};
const SYNTAX_FALLBACK = ['text that is not valid YAML', 'YAML: "key: value", lists with "- ", text in quotes'] as const;

function syntaxProblem(file: string, error: YAMLError, lines: LineCounter): ConfigProblem {
  const [found, allowed] = SYNTAX[error.code] ?? SYNTAX_FALLBACK;
  const { line, col } = lines.linePos(error.pos[0]);
  return createError({ file, line: Math.max(line, 1), column: Math.max(col, 1), key: '' }, found, allowed);
}

/** Faults that leave no doubt about the rest of the document. */
const LOCAL: ReadonlySet<YAMLError['code']> = new Set([
  'DUPLICATE_KEY',
  'NON_STRING_KEY',
  'MULTIPLE_DOCS',
  'TAG_RESOLVE_FAILED',
  'BAD_DQ_ESCAPE',
]);

/** Parses the text; never throws, whatever it holds. */
export function parseConfigText(file: string, text: string): ConfigDocument {
  const lines = new LineCounter();
  try {
    // Messages of the parser's own would quote the source, and go to standard error.
    const options = { lineCounter: lines, prettyErrors: false, logLevel: 'error', stringKeys: true } as const;
    const document = parseDocument(text, options);
    const errors = [...document.errors, ...document.warnings, ...removeUnresolvedAliases(document)];
    const broken = errors.filter((error) => !LOCAL.has(error.code));
    return {
      value: nullsToUndefined(document.toJS({ maxAliasCount: 100 })),
      problems: onePerLine(errors.map((error) => nameKey(document, syntaxProblem(file, error, lines), error))),
      soundUntilLine: broken.length === 0 ? null : lines.linePos(brokenFrom(document, broken)).line,
      locate: (path) => locate(file, document, lines, path),
    };
  } catch {
    // Too deep for the stack, or too many aliases.
    const problem = createFileError(file, null, 'YAML that is nested too deeply', 'a plain configuration');
    const nowhere = (path: KeyPath) => ({ file, line: null, column: null, key: renderKey(path) });
    return { value: undefined, problems: [problem], soundUntilLine: 0, locate: nowhere };
  }
}

/** Where doubt begins: with the first error, or with the bracket or quote whose end it is that was not found. */
function brokenFrom(document: Document, broken: readonly YAMLError[]): number {
  const error = broken.reduce((first, { pos }) => Math.min(first, pos[0]), Number.POSITIVE_INFINITY);
  let from = error;
  visit(document, {
    Node(_key, node) {
      const [start, end] = node.range ?? [error, error];
      const isBlock = isCollection(node) && node.flow !== true;
      if (!isBlock && start < from && end >= error) from = start;
    },
  });
  return from;
}

/** One broken quote makes the parser find many faults on its line. */
function onePerLine(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ line, key }) => {
    const place = `${line} ${key}`;
    return !seen.has(place) && seen.add(place);
  });
}

/** Converting a document throws at the first alias without an anchor; here all are found, and the rest can be checked. */
function removeUnresolvedAliases(document: Document): YAMLError[] {
  const errors: YAMLError[] = [];
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      const start = alias.range?.[0] ?? 0;
      errors.push(new YAMLParseError([start, start + 1], 'BAD_ALIAS', ''));
      return new Scalar(null);
    },
  });
  return errors;
}

/** Names the key of a duplicate, which is worth more than its line. */
function nameKey(document: Document, problem: ConfigProblem, error: YAMLError): ConfigProblem {
  if (error.code !== 'DUPLICATE_KEY') return problem;
  const path = pathAt(document.contents, error.pos[0], []);
  return path === null ? problem : { ...problem, key: renderKey(path) };
}

function pathAt(node: unknown, offset: number, path: KeyPath): KeyPath | null {
  if (isMap(node)) {
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (isScalar(key) && key.range?.[0] === offset) return [...path, name];
      const inside = pathAt(value, offset, [...path, name]);
      if (inside !== null) return inside;
    }
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const inside = pathAt(item, offset, [...path, index]);
      if (inside !== null) return inside;
    }
  }
  return null;
}

function locate(file: string, document: Document, lines: LineCounter, path: KeyPath): Place {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const step of path) {
    if (isMap(node)) {
      // The last of several equal keys is the one whose value counts.
      const pair = node.items.findLast((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
      node = node.items[step];
      offset = startOf(node) ?? offset;
    } else break;
  }
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1), key: renderKey(path) };
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** In place: `pages:` with nothing below it is as good as no `pages:`. Values may be shared by aliases. */
function nullsToUndefined(root: unknown): unknown {
  const seen = new Set<object>();
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined || open.length > 0; value = open.pop()) {
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    for (const [key, inner] of Object.entries(value)) {
      if (inner === null && !Array.isArray(value))
        Object.defineProperty(value, key, { value: undefined, enumerable: true });
      else open.push(inner);
    }
  }
  return root;
}

/** A value as a message may show it: text in quotes, kinds of collections by name, nothing long, no credentials of a URL. */
export function renderFound(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return `${printable(String(value))} (${typeof value}, not in quotes)`;
  if (value === '') return 'empty text';
  const withoutCredentials = value.replace(/^.*@/s, '…@');
  const shown = value.includes('://') ? withoutCredentials.replace(/[?#].*$/s, '?…') : withoutCredentials;
  return `"${printable(shown)}"`;
}
