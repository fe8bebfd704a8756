/**
 * What the proxy says in English, in another language, phrase by phrase (console/phrases). What stands between them, such as names,
 * codes and addresses, stays as it is. console/phrases.js does the same in the browser. Pure.
 */

/** By the English phrase; `{name}` stands for anything, and is kept. */
export type Phrases = Readonly<Record<string, string>>;

export interface Piece {
  readonly text: string;
  /** Whether it is of the other language: else it is as it was. */
  readonly isTranslated: boolean;
}

interface Phrase {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly words: string;
}

export function createTranslation(phrases: Phrases): (text: string) => readonly Piece[] {
  const compiled = Object.entries(phrases).map(([phrase, words]) => compile(phrase, words));
  return (text) => {
    const pieces: Piece[] = [];
    let rest = text;
    for (;;) {
      const found = findFirst(compiled, rest);
      const before = found === null ? rest : rest.slice(0, found.index);
      if (before !== '') pieces.push({ text: before, isTranslated: false });
      if (found === null) return pieces;
      pieces.push({ text: found.text, isTranslated: true });
      rest = rest.slice(found.index + found.length);
    }
  };
}

function compile(phrase: string, words: string): Phrase {
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

/** The first, and of those that begin there the longest. */
function findFirst(compiled: readonly Phrase[], text: string) {
  let best: { readonly index: number; readonly length: number; readonly text: string } | null = null;
  for (const { pattern, names, words } of compiled) {
    const match = pattern.exec(text);
    if (match === null) continue;
    const [whole] = match;
    if (best !== null && (match.index > best.index || (match.index === best.index && whole.length <= best.length))) {
      continue;
    }
    const filled = words.replaceAll(/\{(\w+)\}/g, (_, name: string) => match[names.indexOf(name) + 1] ?? '');
    best = { index: match.index, length: whole.length, text: filled };
  }
  return best;
}
