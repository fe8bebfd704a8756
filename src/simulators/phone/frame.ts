/** A screen drawn as lines of text: the phone in a terminal. Pure. */

import type { SoftKey } from './page.ts';
import type { Screen } from './screen.ts';

export interface FrameOptions {
  /** Characters and lines of the pane. */
  readonly columns: number;
  readonly lines: number;
  /** Heading in the border: model and device. */
  readonly heading: string;
  /** First visible line of a text. */
  readonly scroll: number;
  /** Which part of more than four soft keys. */
  readonly keyPage: number;
  /** Seconds until the next Refresh; null: none. */
  readonly refreshIn: number | null;
  readonly busy: boolean;
  /** Box of ASCII characters and no styles, for terminals that have nothing else. */
  readonly plain: boolean;
}

/** The keys above F1 to F4; null: nothing there. */
export type KeyRow = readonly (SoftKey | 'More' | null)[];

/** Four keys by position; with positions beyond four, three at a time and More. */
export function selectKeyRow(keys: readonly SoftKey[], keyPage: number): KeyRow {
  const last = Math.max(0, ...keys.map((key) => key.position));
  const at = (position: number) => keys.find((key) => key.position === position) ?? null;
  if (last <= 4) return [1, 2, 3, 4].map(at);
  const first = (keyPage % Math.ceil(last / 3)) * 3;
  return [at(first + 1), at(first + 2), at(first + 3), 'More'];
}

/** The lines of a text page, or undefined for what does not scroll by line. */
export function textLines(screen: Screen, columns: number): readonly string[] {
  return screen.text.split(/\r\n|\r|\n/).flatMap((line) => wrap(printable(line), columns));
}

/** The whole phone: box, title, pane, prompt line and soft keys. */
export function drawFrame(screen: Screen, options: FrameOptions): string[] {
  const { columns, plain } = options;
  const box = plain ? asciiBox : lineBox;
  const row = (text: string, style?: string) => {
    const padded = pad(text, columns);
    return `${box.side} ${style && !plain ? `${style}${padded}\u001b[0m` : padded} ${box.side}`;
  };
  const rule = (left: string, right: string, heading = '') =>
    `${left}${heading}${box.line.repeat(Math.max(0, columns + 2 - width(heading)))}${right}`;
  const prompt = screen.error === null ? screen.prompt : `! ${screen.prompt}`;
  const right = options.busy ? '...' : options.refreshIn === null ? '' : `${options.refreshIn} s`;
  return [
    rule(box.topLeft, box.topRight, cut(`${box.line} ${printable(options.heading)} `, columns)),
    row(printable(screen.title), bold),
    rule(box.teeLeft, box.teeRight),
    ...drawPane(screen, options).map(({ text, marked }) => row(text, marked ? inverse : undefined)),
    rule(box.teeLeft, box.teeRight),
    row(
      `${pad(printable(prompt), Math.max(0, columns - width(right) - 1))} ${right}`,
      screen.error === null ? undefined : bold,
    ),
    row(drawKeys(selectKeyRow(screen.softKeys, options.keyPage), columns)),
    rule(box.bottomLeft, box.bottomRight),
  ];
}

interface PaneLine {
  readonly text: string;
  readonly marked?: boolean;
}

function drawPane(screen: Screen, options: FrameOptions): PaneLine[] {
  const { columns, lines } = options;
  const content: PaneLine[] = [];
  // The line that has to be visible.
  let focus = 0;
  if (screen.inputs.length > 0) {
    for (const [index, input] of screen.inputs.entries()) {
      const active = index === screen.field;
      const label = `${active ? '>' : ' '} ${printable(input.label)}: `;
      const room = Math.max(1, columns - width(label) - 1);
      const value = [...printable(input.value)].slice(-room).join('');
      if (active) focus = content.length;
      content.push({ text: `${label}${value}${active ? '_' : ''}`, marked: active });
    }
  } else if (screen.items.length > 0) {
    content.push(...textLines(screen, columns).flatMap((text) => (text === '' ? [] : [{ text }])));
    for (const [index, item] of screen.items.entries()) {
      const marked = index === screen.selected;
      if (marked) focus = content.length;
      const number = String(index + 1).padStart(screen.items.length > 9 ? 2 : 1);
      const [first = '', ...more] = item.name.split(/\r\n|\r|\n/).map((line) => printable(line.trim()));
      content.push({ text: cut(`${marked ? '>' : ' '} ${number} ${first}`, columns), marked });
      content.push(...more.map((text) => ({ text: cut(`    ${text}`, columns), marked })));
    }
  } else {
    content.push(...textLines(screen, columns).map((text) => ({ text })));
    focus = Math.min(options.scroll, Math.max(0, content.length - lines)) + lines - 1;
  }
  const first = Math.max(0, Math.min(focus - lines + 1, content.length - lines));
  const shown = content.slice(first, first + lines);
  return [...shown, ...Array.from({ length: lines - shown.length }, () => ({ text: '' }))];
}

function drawKeys(keys: KeyRow, columns: number): string {
  const each = Math.floor((columns - 3) / 4);
  return keys
    .map((key, index) => {
      const name = key === null ? '' : key === 'More' ? 'More' : printable(key.name);
      return pad(`F${index + 1} ${name}`, each);
    })
    .join('|');
}

const bold = '\u001b[1m';
const inverse = '\u001b[7m';
const lineBox = {
  side: '│',
  line: '─',
  topLeft: '┌',
  topRight: '┐',
  teeLeft: '├',
  teeRight: '┤',
  bottomLeft: '└',
  bottomRight: '┘',
};
const asciiBox = {
  side: '|',
  line: '-',
  topLeft: '+',
  topRight: '+',
  teeLeft: '+',
  teeRight: '+',
  bottomLeft: '+',
  bottomRight: '+',
};

/** Text of a server without what a terminal would obey. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out here
  return text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}

/** Cells that a terminal uses: two for East Asian wide characters, none for combining ones. */
function width(text: string): number {
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

function cellsOf(character: string): number {
  if (/\p{Mark}/u.test(character)) return 0;
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
    character,
  )
    ? 2
    : 1;
}

function cut(text: string, columns: number): string {
  let cells = 0;
  let kept = '';
  for (const character of text) {
    cells += cellsOf(character);
    if (cells > columns) break;
    kept += character;
  }
  return kept;
}

function pad(text: string, columns: number): string {
  const kept = cut(text, columns);
  return kept + ' '.repeat(columns - width(kept));
}

/** Breaks at blanks where it can. */
function wrap(line: string, columns: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    const joined = current === '' ? word : `${current} ${word}`;
    if (width(joined) <= columns) {
      current = joined;
      continue;
    }
    if (current !== '') lines.push(current);
    current = word;
    while (width(current) > columns) {
      const head = cut(current, columns);
      lines.push(head);
      current = current.slice(head.length);
    }
  }
  return [...lines, current];
}
