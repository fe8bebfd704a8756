/** Puts the line of `pages.help` on a page: where its template says {{help}}, else at its end. Pure. */

import { cleanLine } from './limits.ts';
import type { Field, PageTemplate, Part, Variant } from './template.ts';

/** The template with the line in it; null: no line, and {{help}} stands for nothing. */
export function placeHelp(template: PageTemplate, help: string | null): PageTemplate {
  const line = help === null ? null : cleanLine(help);
  return { ...template, variants: template.variants.map((variant) => placeInVariant(variant, line)) };
}

function placeInVariant(variant: Variant, line: string | null): Variant {
  const { content } = variant;
  if ('texts' in content) {
    const texts = content.texts.map((field) => {
      return line === null || namesHelp(field) ? replaceHelp(field, line) : append(field, line);
    });
    return { ...variant, content: { texts } };
  }
  const items = content.items.map((item) => ({ ...item, names: item.names.map((name) => replaceHelp(name, line)) }));
  if (line !== null && !content.items.some(({ names }) => names.some(namesHelp))) {
    // A menu has no text beside its items. Whoever chooses this one stays with the service.
    const name: Field = { kind: 'itemName', when: [], parts: [line], line: variant.line };
    items.push({ each: false, names: [name], url: { slot: 'retryUrl' } });
  }
  return { ...variant, content: { items } };
}

function namesHelp({ parts }: Field): boolean {
  return parts.some(isHelp);
}

function isHelp(part: Part): boolean {
  return typeof part === 'object' && 'slot' in part && part.slot === 'help';
}

function replaceHelp(field: Field, line: string | null): Field {
  return { ...field, parts: field.parts.flatMap((part) => (isHelp(part) ? (line ?? []) : [part])) };
}

function append(field: Field, line: string): Field {
  return { ...field, parts: [...field.parts, '\n', line] };
}
