/** Reads the page templates and their languages, the administrator's before the built-in ones, and checks them all at start. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BUILT_IN, BUILT_IN_LANGUAGES, builtInFiles } from './built-in.ts';
import { placeHelp } from './help-line.ts';
import { parseLanguage } from './language-file.ts';
import type { PageName } from './page-view.ts';
import type { PageTemplates } from './renderer.ts';
import type { Language, LanguageText, PageTemplate, TemplateProblem } from './template.ts';
import { PAGE_NAMES } from './template.ts';
import { type BuiltIn, checkPages } from './template-check.ts';
import { parseTemplate } from './template-file.ts';

export type { PageTemplates } from './renderer.ts';

const NO_TEXTS: ReadonlyMap<string, LanguageText> = new Map();
/** By file, once it was needed. */
const builtInTexts = new Map<string, ReadonlyMap<string, LanguageText>>();

const LANGUAGE_CODE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/;

/** Everything wrong with the templates, at once. */
export class PageTemplateError extends Error {
  override readonly name = 'PageTemplateError';
  readonly problems: readonly TemplateProblem[];

  constructor(problems: readonly TemplateProblem[]) {
    const ordered = problems.toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
    super(ordered.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n'));
    this.problems = ordered;
  }
}

export interface PageFiles {
  /** The administrator's folder, or null for the built-in templates alone. */
  readonly folder: string | null;
  /** Codes such as `en`; the first is the fallback. At least one. `auto`: every one that there is, English first. */
  readonly languages: readonly string[] | 'auto';
  /** One line for every page, or null. */
  readonly help: string | null;
}

/**
 * Templates and languages, ready for `renderPage`. What the administrator's folder lacks, a page or a single text, comes
 * from the built-in ones. Reads files; throws PageTemplateError with every problem found.
 */
export function loadPages({ folder, languages, help }: PageFiles): PageTemplates {
  const problems: TemplateProblem[] = folder === null ? [] : validateFolder(folder);
  const pages = new Map<PageName, PageTemplate>();
  for (const page of PAGE_NAMES) {
    const template = loadTemplate(page, folder, problems);
    if (template !== null) pages.set(page, placeHelp(template, help));
  }
  const codes = languages === 'auto' ? everyLanguage(folder) : languages;
  const loaded = codes.flatMap((code) => loadLanguage(code, folder, problems));
  const [first, ...rest] = loaded;
  if (first !== undefined) problems.push(...checkPages([...pages.values()], loaded, BUILT_IN_CHECKED));
  else if (problems.length === 0) problems.push({ file: BUILT_IN, line: 1, message: 'no language is configured' });
  if (first === undefined || problems.length > 0) throw new PageTemplateError(problems);
  return { pages, languages: [first, ...rest], profiles: new Map(), compiled: new Map(), counts: { compiled: 0 } };
}

/** The languages that a configuration with this folder of templates may name, in alphabetical order. */
export function listLanguages(folder: string | null): readonly string[] {
  const builtIn = [...builtInFiles.keys()].filter((file) => dirname(file) === BUILT_IN_LANGUAGES);
  const own = folder === null ? [] : (listFolder(join(folder, 'languages')) ?? []);
  const codes = [...builtIn.map((file) => basename(file)), ...own].map(languageOf).filter((code) => code !== null);
  return [...new Set(codes)].sort();
}

function everyLanguage(folder: string | null): readonly string[] {
  return ['en', ...listLanguages(folder).filter((code) => code !== 'en')];
}

function languageOf(fileName: string): string | null {
  const code = fileName.endsWith('.yaml') ? fileName.slice(0, -'.yaml'.length) : '';
  return LANGUAGE_CODE.test(code) ? code : null;
}

/** File names that look like templates or translations but would never be read: most likely a slip of the pen. */
function validateFolder(folder: string): TemplateProblem[] {
  const names = listFolder(folder);
  if (names === null) return [{ file: folder, line: 1, message: 'no such folder, or it cannot be read' }];
  const known = PAGE_NAMES.map((page) => `${page}.xml`);
  const pages = names.filter((name) => /\.xml$/i.test(name) && !known.includes(name));
  const languages = join(folder, 'languages');
  const translations = (listFolder(languages) ?? []).filter(
    (name) => /\.ya?ml$/i.test(name) && languageOf(name) === null,
  );
  return [
    ...pages.map((name) => problem(join(folder, name), `no page has this name; allowed: ${known.join(', ')}`)),
    ...translations.map((name) => problem(join(languages, name), 'a translation is called CODE.yaml, such as fr.yaml')),
  ];
}

function loadTemplate(page: PageName, folder: string | null, problems: TemplateProblem[]): PageTemplate | null {
  const name = `${page}.xml`;
  const own = folder === null ? null : join(folder, name);
  const file = own !== null && existsSync(own) ? own : join(BUILT_IN, name);
  const source = readText(file, problems);
  return source === null ? null : parseTemplate(page, file, source, problems);
}

function loadLanguage(code: string, folder: string | null, problems: TemplateProblem[]): readonly Language[] {
  const own = folder === null ? [] : [join(folder, 'languages', `${code}.yaml`)];
  const builtIn = join(BUILT_IN_LANGUAGES, `${code}.yaml`);
  // The code becomes part of a path, so that it is checked before any file is looked for.
  const files = LANGUAGE_CODE.test(code)
    ? [builtIn, ...own].filter((file) => builtInFiles.has(file) || existsSync(file))
    : [];
  if (files.length === 0) {
    const known = listLanguages(folder).join(', ');
    problems.push(problem(BUILT_IN_LANGUAGES, `no translation for the language "${code}"; there are: ${known}`));
    return [];
  }
  const texts = new Map<string, LanguageText>();
  for (const file of files) for (const [key, text] of readTexts(file, problems)) texts.set(key, text);
  return [{ code, file: files.at(-1) ?? builtIn, texts }];
}

const ENGLISH = join(BUILT_IN_LANGUAGES, 'en.yaml');
const BUILT_IN_CHECKED: BuiltIn = {
  keys: new Set(readTexts(ENGLISH, []).keys()),
  isBuiltIn: (file) => builtInFiles.has(file),
};

/** Those of the built-in files stay what they are. */
function readTexts(file: string, problems: TemplateProblem[]): ReadonlyMap<string, LanguageText> {
  const known = builtInTexts.get(file);
  if (known !== undefined) return known;
  const source = readText(file, problems);
  const texts = source === null ? NO_TEXTS : parseLanguage(file, source, problems);
  if (builtInFiles.has(file)) builtInTexts.set(file, texts);
  return texts;
}

function readText(file: string, problems: TemplateProblem[]): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(builtInFiles.get(file) ?? readFileSync(file));
  } catch (error) {
    const isDecoding = error instanceof TypeError;
    problems.push(problem(file, isDecoding ? 'not UTF-8 text; save the file as UTF-8' : 'the file cannot be read'));
    return null;
  }
}

function listFolder(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder).sort();
  } catch {
    return null;
  }
}

function problem(file: string, message: string): TemplateProblem {
  return { file, line: 1, message };
}
