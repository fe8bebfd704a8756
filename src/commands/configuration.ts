/** A configuration with all that belongs to it: the file, and the page templates and the state folder that it leads to. */

import type { Config } from '../config/config.ts';
import { renderFound } from '../config/document.ts';
import { type ConfigProblem, type LoadResult, loadConfig, type PageFaults } from '../config/load.ts';
import { listLanguages, loadPages, type PageFiles, PageTemplateError, type PageTemplates } from '../pages/templates.ts';
import { validateStateFolder } from '../store/state-folder.ts';

export type Configuration =
  | (Extract<LoadResult, { ok: true }> & { readonly templates: PageTemplates })
  | Extract<LoadResult, { ok: false }>;

/**
 * Never throws; everything that is wrong at once. The templates are those that were checked: files may change meanwhile. `env`
 * is where `{ env: NAME }` looks.
 */
export async function loadConfiguration(
  file: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Configuration> {
  let templates: PageTemplates | null = null;
  const loaded = await loadConfig(file, {
    env,
    validatePages(pages) {
      const judged = validatePages(pages);
      templates = judged.templates;
      return judged;
    },
    validateState: validateStateFolder,
  });
  if (!loaded.ok) return loaded;
  return { ...loaded, templates: templates ?? loadPages(loaded.config.pages) };
}

interface JudgedPages extends PageFaults {
  /** null: there is something wrong. */
  readonly templates: PageTemplates | null;
}

export function validatePages({ folder, languages, help }: Config['pages']): JudgedPages {
  const known = listLanguages(folder);
  if (languages === 'auto') return { findings: [], ...validateTemplates({ folder, help, languages }) };
  const findings = languages.flatMap((code, index) => {
    if (known.includes(code)) return [];
    return [{ path: ['pages', 'languages', index], found: renderFound(code), allowed: known.join(', ') }];
  });
  const usable = languages.filter((code) => known.includes(code));
  // The templates can be judged in any language.
  return { findings, ...validateTemplates({ folder, help, languages: usable.length > 0 ? usable : ['en'] }) };
}

function validateTemplates(files: PageFiles): Pick<JudgedPages, 'problems' | 'templates'> {
  try {
    return { templates: loadPages(files), problems: [] };
  } catch (error) {
    if (!(error instanceof PageTemplateError)) throw error;
    const problems = error.problems.map(({ file, line, message }): ConfigProblem => {
      return { file, line, column: null, key: '', found: message, allowed: '', message, severity: 'error' };
    });
    return { templates: null, problems };
  }
}
