/** The little of Markdown that the documentation uses, as elements: no text ever becomes markup. */

import { html } from './ui.js';

/** @param {{ text: string, page: string }} props */
export function Markdown({ text, page }) {
  return blocksOf(text).map((block, index) => html`<${Block} key=${index} block=${block} page=${page} />`);
}

/**
 * @typedef {{ kind: 'heading', level: number, text: string, ids: readonly string[] }
 *   | { kind: 'list', ordered: boolean, items: readonly string[] }
 *   | { kind: 'code', text: string }
 *   | { kind: 'table', rows: readonly (readonly string[])[] }
 *   | { kind: 'text', text: string }} Block
 */

/** @param {string} text @returns {Block[]} */
function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  /** @type {string[]} */
  let ids = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const takeWhile = (/** @type {RegExp} */ pattern) => {
      const taken = [line];
      while (at + 1 < lines.length && pattern.test(lines[at + 1] ?? '')) {
        at += 1;
        taken.push(lines[at] ?? '');
      }
      return taken;
    };
    const heading = /^(#+) (.*)$/.exec(line);
    if (line.trim() === '') continue;
    if (line.startsWith('<a id=')) ids = [...line.matchAll(/id="([^"]+)"/g)].map(([, id = '']) => id);
    else if (heading !== null) {
      const [, marks = '', title = ''] = heading;
      blocks.push({ kind: 'heading', level: marks.length, text: title, ids: [...ids, slugOf(title)] });
      ids = [];
    } else if (line.startsWith('```')) {
      const code = takeWhile(/^(?!```)/).slice(1);
      at += 1;
      blocks.push({ kind: 'code', text: code.join('\n') });
    } else if (line.startsWith('|')) {
      const rows = takeWhile(/^\|/).map(cellsOf);
      blocks.push({ kind: 'table', rows: rows.filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell))) });
    } else if (/^(\*|\d+\.) /.test(line)) {
      const items = takeWhile(/^(\*|\d+\.) |^ {2,}\S/)
        .join('\n')
        .split(/\n(?=\*|\d+\. )/);
      const ordered = /^\d/.test(line);
      blocks.push({ kind: 'list', ordered, items: items.map((item) => item.replace(/^(\*|\d+\.) /, '')) });
    } else blocks.push({ kind: 'text', text: takeWhile(/^[^\s|#*`<]/).join(' ') });
  }
  return blocks;
}

/** @param {string} line */
function cellsOf(line) {
  return line
    .replace(/^\||\|\s*$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** As GitHub makes anchors of titles. @param {string} title */
function slugOf(title) {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** @param {{ block: Block, page: string }} props */
function Block({ block, page }) {
  const inline = (/** @type {string} */ text) => html`<${Inline} text=${text} page=${page} />`;
  switch (block.kind) {
    case 'heading': {
      // The page has a title of its own above.
      const tag = `h${Math.min(6, block.level + 1)}`;
      const [last = '', ...others] = block.ids.toReversed();
      return html`${others.map((id) => html`<span key=${id} id=${`part-${id}`} tabindex="-1"></span>`)}<${tag} id=${`part-${last}`} tabindex="-1">${inline(block.text)}<//>`;
    }
    case 'list': {
      const items = block.items.map(
        (item, index) => html`<li key=${index}>${inline(item.replaceAll(/\s*\n\s*/g, ' '))}</li>`,
      );
      return block.ordered ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
    }
    case 'code':
      return html`<pre tabindex="0">${block.text}</pre>`;
    case 'table': {
      const [head = [], ...rows] = block.rows;
      return html`<div class="table" tabindex="0" role="region" aria-label=${head.filter((cell) => cell !== '').join(', ') || 'table'}><table>
        <thead><tr>${head.map((cell, index) => html`<th key=${index} scope="col">${inline(cell)}</th>`)}</tr></thead>
        <tbody>${rows.map((row, index) => html`<tr key=${index}>${row.map((cell, column) => html`<td key=${column}>${inline(cell)}</td>`)}</tr>`)}</tbody>
      </table></div>`;
    }
    default:
      return html`<p>${inline(block.text)}</p>`;
  }
}

/** Code, strong, emphasis, links. @param {{ text: string, page: string }} props @returns {any} */
function Inline({ text, page }) {
  const pieces = text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*]+\*|\[[^\]]+\]\([^)]+\))/);
  return pieces.map((piece, index) => {
    if (/^`.+`$/.test(piece)) return html`<code key=${index}>${piece.slice(1, -1)}</code>`;
    if (/^\*\*.+\*\*$/.test(piece))
      return html`<strong key=${index}><${Inline} text=${piece.slice(2, -2)} page=${page} /></strong>`;
    if (/^\*.+\*$/.test(piece))
      return html`<em key=${index}><${Inline} text=${piece.slice(1, -1)} page=${page} /></em>`;
    const link = /^\[(.+)\]\(([^)]+)\)$/.exec(piece);
    return link === null
      ? piece
      : html`<${Link} key=${index} text=${link[1] ?? ''} to=${link[2] ?? ''} page=${page} />`;
  });
}

/** Links to pages that are not here stay words. @param {{ text: string, to: string, page: string }} props */
function Link({ text, to, page }) {
  const [, other, part = ''] = /^(?:([a-z-]+)\.md)?(?:#(.+))?$/.exec(to) ?? [];
  const inline = html`<${Inline} text=${text} page=${page} />`;
  const isHere = other === undefined ? part !== '' : ['runbook', 'operations', 'console'].includes(other);
  return isHere ? html`<a href=${`#/help/${other ?? page}/${part}`}>${inline}</a>` : inline;
}
