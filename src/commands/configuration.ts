/** A configuration with all that belongs to it: the file, and the page templates and the state folder that it leads to. */

import type { Config } from '../config/config.ts';
import { renderFound } from '../config/document.ts';
import { type ConfigProblem, type LoadResult, loadConfig, type PageFaults } from '../config/load.ts';
import { listLanguages, loadPages, type PageFiles, PageTemplateError } from '../pages/templates.ts';
import { judgeStateFolder } from '../store/state-folder.ts';

/** Never throws; everything that is wrong at once. */
export function loadConfiguration(file: string): Promise<LoadResult> {
  return loadConfig(file, { judgePages, judgeState: judgeStateFolder });
}

export function judgePages({ folder, languages }: Config['pages']): PageFaults {
  const known = listLanguages(folder);
  const findings = languages.flatMap((code, index) => {
    if (known.includes(code)) return [];
    return [{ path: ['pages', 'languages', index], found: renderFound(code), allowed: known.join(', ') }];
  });
  const usable = languages.filter((code) => known.includes(code));
  // The templates can be judged in any language.
  return { findings, problems: judgeTemplates({ folder, languages: usable.length > 0 ? usable : ['en'] }) };
}

function judgeTemplates(files: PageFiles): readonly ConfigProblem[] {
  try {
    loadPages(files);
    return [];
  } catch (error) {
    if (!(error instanceof PageTemplateError)) throw error;
    return error.problems.map(({ file, line, message }) => {
      return { file, line, column: null, key: '', found: message, allowed: '', message, severity: 'error' };
    });
  }
}
