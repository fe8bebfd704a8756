/**
 * Pages of the documentation without JavaScript, so that a link leads to the part that it is about. The console shows the prose
 * of the same pages (console/help.js). Pure.
 */

import { escapeXml } from '../text/xml-escape.ts';
import { CONSOLE_PAGES } from './console-files.ts';
import type { Words } from './console-page.ts';
import { renderPlainPage } from './plain-page.ts';

/** Such as `runbook`. */
const HELP_PAGES = CONSOLE_PAGES.map((file) => file.replace('.md', ''));

export function renderHelp(page: string, markdown: string, words: Words, language: string): string {
  const say = (key: string) => escapeXml(words[key] ?? key);
  const pages = HELP_PAGES.map((name) => {
    return `<a class="button" href="/console/help/${name}"${name === page ? ' aria-current="page"' : ''}>${say(`help.${name}`)}</a>`;
  });
  const body = `<p><a href="/">${say('back')}</a></p>
<h1>${say('nav.help')}</h1>
<p class="tools">${pages.join(' ')}</p>
<div class="prose" lang="en">
${renderMarkdown(markdown, page)}
</div>`;
  return renderPlainPage(language, say(`help.${page}`), body);
}

/** The little of it that the documentation uses; no text becomes markup. */
function renderMarkdown(text: string, page: string): string {
  // Every second part is what stands in a fence, also of one in a list.
  const parts = text.split(/^ *```\w*\n([\s\S]*?)^ *```$/m);
  return parts
    .flatMap((part, index) => {
      if (index % 2 === 1) return [`<pre tabindex="0">${escapeXml(part)}</pre>`];
      return blocksOf(part).map((block) => renderBlock(block, page));
    })
    .join('\n');
}

/** A heading, an anchor, a list and a table need no empty line around them. */
function blocksOf(text: string): string[] {
  return (
    text
      .replace(/^(#+ .*|<a id=.*)$/gm, '\n$1\n')
      .replace(/^(?![|\s]|(?:\*|\d+\.) )(.+)\n(?=\||(?:\*|\d+\.) )/gm, '$1\n\n')
      .split(/\n(?:\s*\n)+/)
      .map((block) => block.replace(/^\n+|\s+$/g, ''))
      // A paragraph of an item, and the item after it.
      .flatMap((block) => (/^ /.test(block) ? block.split(/\n(?=(?:\*|\d+\.) )/) : [block]))
      .filter((block) => block !== '' && !/^(<!--|!\[)/.test(block))
  );
}

function renderBlock(block: string, page: string): string {
  if (block.startsWith('<a id='))
    return [...block.matchAll(/id="([\w-]+)"/g)].map(([, id = '']) => `<span id="${id}"></span>`).join('');
  const heading = /^(#+) (.*)$/.exec(block);
  if (heading !== null) {
    const [, marks = '', title = ''] = heading;
    // The page has a title of its own above.
    const tag = `h${Math.min(6, marks.length + 1)}`;
    return `<${tag} id="${slugOf(title)}">${renderInline(title, page)}</${tag}>`;
  }
  if (block.startsWith('|')) return renderTable(block, page);
  if (/^(\*|\d+\.) /.test(block)) {
    const items = block.split(/\n(?=(?:\*|\d+\.) )/).map((item) => item.replace(/^(\*|\d+\.) /, ''));
    const rows = items.map((item) => `<li>${renderInline(item, page)}</li>`).join('');
    // What stands between two of its items has ended the list.
    return /^\d/.test(block) ? `<ol start="${Number.parseInt(block, 10)}">${rows}</ol>` : `<ul>${rows}</ul>`;
  }
  return `<p>${renderInline(block, page)}</p>`;
}

function renderTable(block: string, page: string): string {
  const [head = [], ...rows] = block
    .split('\n')
    .map((line) => line.replace(/^\||\|\s*$/g, '').split(/(?<!\\)\|/))
    .filter((row) => !row.every((cell) => /^\s*:?-+:?\s*$/.test(cell)));
  const cells = (row: readonly string[]) => row.map((cell) => cell.trim().replaceAll('\\|', '|'));
  const names = cells(head).map((cell) => escapeXml(cell.replaceAll(/[`*]/g, '')));
  const columns = cells(head).map((cell) => `<th scope="col">${renderInline(cell, page)}</th>`);
  // A narrow screen without JavaScript stacks them, each with its column's name.
  const body = rows.map((row) => {
    const rendered = cells(row).map(
      (cell, at) => `<td data-label="${names[at] ?? ''}">${renderInline(cell, page)}</td>`,
    );
    return `<tr>${rendered.join('')}</tr>`;
  });
  const label = names.filter((name) => name !== '').join(', ');
  return `<div class="table" tabindex="0" role="region" aria-label="${label}"><table><thead><tr>${columns.join('')}</tr></thead><tbody>
${body.join('\n')}
</tbody></table></div>`;
}

/** Code, strong, emphasis, links. */
function renderInline(text: string, page: string): string {
  const pieces = text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)]+\))/);
  return pieces
    .map((piece) => {
      if (/^`.+`$/s.test(piece)) return `<code>${escapeXml(piece.slice(1, -1))}</code>`;
      if (/^\*\*.+\*\*$/s.test(piece)) return `<strong>${renderInline(piece.slice(2, -2), page)}</strong>`;
      if (/^\*.+\*$/s.test(piece)) return `<em>${renderInline(piece.slice(1, -1), page)}</em>`;
      const link = /^\[(.+)\]\(([^)]+)\)$/s.exec(piece);
      return link === null ? escapeXml(piece) : renderLink(link[1] ?? '', link[2] ?? '', page);
    })
    .join('');
}

/** Links to pages that are not here stay words. */
function renderLink(text: string, to: string, page: string): string {
  const [whole, other, part] = /^(?:([a-z-]+)\.md)?(#[\w-]+)?$/.exec(to) ?? [];
  const inline = renderInline(text, page);
  const isHere = whole !== undefined && HELP_PAGES.includes(other ?? page);
  return isHere ? `<a href="/console/help/${other ?? page}${part ?? ''}">${inline}</a>` : inline;
}

/** As GitHub makes anchors of titles. */
function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
