/**
 * What the proxy says in English, in the reader's language, phrase by phrase; names, codes and addresses between them stay. The
 * same as src/text/phrases.ts, which the page without JavaScript uses.
 */

/** @typedef {{ readonly text: string, readonly isTranslated: boolean }} Piece */
/** @typedef {{ readonly pattern: RegExp, readonly names: readonly string[], readonly words: string }} Phrase */

/** Texts that were translated: the same ones are drawn again every second. */
const MAX_KEPT = 500;

/** @param {Readonly<Record<string, string>>} phrases @returns {(text: string) => readonly Piece[]} */
export function createTranslation(phrases) {
  const compiled = Object.entries(phrases).map(([phrase, words]) => compile(phrase, words));
  /** @type {Map<string, readonly Piece[]>} */
  const kept = new Map();
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    if (kept.size >= MAX_KEPT) kept.clear();
    const pieces = translate(compiled, text);
    kept.set(text, pieces);
    return pieces;
  };
}

/** @param {readonly Phrase[]} compiled @param {string} text */
function translate(compiled, text) {
  /** @type {Piece[]} */
  const pieces = [];
  let rest = text;
  for (;;) {
    const found = findFirst(compiled, rest);
    const before = found === null ? rest : rest.slice(0, found.index);
    if (before !== '') pieces.push({ text: before, isTranslated: false });
    if (found === null) return pieces;
    pieces.push({ text: found.text, isTranslated: true });
    rest = rest.slice(found.index + found.length);
  }
}

/** `{name}` stands for anything, and is kept. @param {string} phrase @param {string} words @returns {Phrase} */
function compile(phrase, words) {
  const names = [...phrase.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const source = phrase
    .split(/\{\w+\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('(.+?)')
    // At the beginning it would reach back to that of the text.
    .replace(/^\(\.\+\?\)/, '(\\S+?)');
  // No part of a longer word.
  return { pattern: new RegExp(`(?<![\\w-])${source}(?![\\w-])`), names, words };
}

/** The first, and of those that begin there the longest. @param {readonly Phrase[]} compiled @param {string} text */
function findFirst(compiled, text) {
  /** @type {{ index: number, length: number, text: string } | null} */
  let best = null;
  for (const { pattern, names, words } of compiled) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const [whole] = match;
    if (best !== null && (match.index > best.index || (match.index === best.index && whole.length <= best.length))) {
      continue;
    }
    const filled = words.replaceAll(/\{(\w+)\}/g, (_, name) => match[names.indexOf(name) + 1] ?? '');
    best = { index: match.index, length: whole.length, text: filled };
  }
  return best;
}
