/** One translation: YAML text to texts by dotted key, every problem with its line. */

import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { cleanLines } from './limits.ts';
import type { LanguageText, Part, TemplateProblem } from './template.ts';
import { parseParts } from './template.ts';

/** The texts of one language file. Texts can be nested to any depth; a key is then `outer.inner`. */
export function parseLanguage(
  file: string,
  source: string,
  problems: TemplateProblem[],
): ReadonlyMap<string, LanguageText> {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines });
  const texts = new Map<string, LanguageText>();
  for (const error of document.errors) {
    const [summary = ''] = error.message.split(/ at line \d|\n/);
    problems.push({ file, line: error.linePos?.[0].line ?? 1, message: `not YAML: ${summary}` });
  }
  if (document.errors.length > 0) return texts;

  const read = (node: unknown, path: string, offset: number): void => {
    const line = lines.linePos(offset).line;
    const report = (message: string) => problems.push({ file, line, message });
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? String(key.value) : '?';
        const start = isScalar(key) ? (key.range?.[0] ?? offset) : offset;
        read(value, path === '' ? name : `${path}.${name}`, start);
      }
    } else if (isScalar(node) && typeof node.value === 'string' && path !== '') {
      texts.set(path, { wordings: [readText(node.value, report)], file, line });
    } else if (isSeq(node) && node.items.length > 0 && path !== '') {
      const wordings = node.items.map((item) => (isScalar(item) && typeof item.value === 'string' ? item.value : null));
      if (wordings.includes(null)) report(`"${path}" is a list of texts; put each in quotes`);
      texts.set(path, { wordings: wordings.map((wording) => readText(wording ?? '', report)), file, line });
    } else if (path === '') {
      report('a language file is a list of "key: text" lines');
    } else {
      report(`"${path}" is not a text; put it in quotes`);
    }
  };
  read(document.contents, '', 0);
  return texts;
}

function readText(value: string, report: (message: string) => void): readonly Part[] {
  const parts = parseParts(cleanLines(value), report);
  for (const part of parts) {
    if (typeof part === 'string') continue;
    if ('text' in part) report('{{text …}} is for templates, not for a text');
    else if (part.slot === 'help' || part.slot === 'message' || part.slot === 'cause')
      report(`{{${part.slot}}} is for templates, not for a text`);
  }
  return parts;
}
