/** What a terminal sends when keys are pressed, and what these keys mean on a phone. */

import { emitKeypressEvents, type Interface } from 'node:readline';
import { type KeyRow, selectKeyRow } from './frame.ts';
import type { Screen } from './screen.ts';

export type Key =
  | 'Up'
  | 'Down'
  | 'PageUp'
  | 'PageDown'
  | 'Enter'
  | 'Backspace'
  | 'Escape'
  | 'Tab'
  | 'BackTab'
  | 'CtrlC'
  | 'F1'
  | 'F2'
  | 'F3'
  | 'F4'
  | { readonly text: string };

/** By the names that Node gives them; with Shift, Tab goes back. */
const NAMED: Readonly<Record<string, Key>> = {
  up: 'Up',
  down: 'Down',
  pageup: 'PageUp',
  pagedown: 'PageDown',
  return: 'Enter',
  enter: 'Enter',
  backspace: 'Backspace',
  escape: 'Escape',
  tab: 'Tab',
  f1: 'F1',
  f2: 'F2',
  f3: 'F3',
  f4: 'F4',
};

/** Escape begins the sequences of other keys, so it is one only when nothing follows for so long. */
const ESCAPE_ALONE_MS = 50;

/** Tells each key that has a meaning here; the returned function ends that. */
export function listenForKeys(input: NodeJS.ReadableStream, onKey: (key: Key) => void): () => void {
  // Of an interface nothing but this is looked at; a whole one would edit lines.
  emitKeypressEvents(input, { escapeCodeTimeout: ESCAPE_ALONE_MS } as unknown as Interface);
  const onKeypress = (text: string | undefined, pressed: Pressed) => {
    const key = readKey(text, pressed);
    if (key !== null) onKey(key);
  };
  input.on('keypress', onKeypress);
  return () => void input.off('keypress', onKeypress);
}

interface Pressed {
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
  readonly shift?: boolean | undefined;
}

function readKey(text: string | undefined, { name = '', ctrl, meta, shift }: Pressed): Key | null {
  if (ctrl === true) return name === 'c' || name === 'd' ? 'CtrlC' : null;
  if (name === 'tab' && shift === true) return 'BackTab';
  const named = Object.hasOwn(NAMED, name) ? NAMED[name] : undefined;
  if (named !== undefined) return named;
  return text === undefined || meta === true || text < ' ' ? null : { text };
}

export type Action =
  | { readonly do: 'soft-key'; readonly position: number }
  | { readonly do: 'choose'; readonly item: number }
  | { readonly do: 'keypad'; readonly name: string }
  | { readonly do: 'move' | 'scroll'; readonly by: number }
  | { readonly do: 'type'; readonly text: string }
  | { readonly do: 'digits'; readonly digits: string }
  | { readonly do: 'erase' | 'submit' | 'exit' | 'more' | 'quit' | 'nothing' };

export interface KeyContext {
  readonly screen: Screen;
  readonly keyPage: number;
  /** Digits typed so far for a menu of more than nine items. */
  readonly digits: string;
  /** Keypad keys that the page has URLs for. */
  readonly keypad: readonly string[];
}

const nothing: Action = { do: 'nothing' };

/**
 * What a key does: in forms it types; in menus digits choose an item; elsewhere 1 to 4 are the soft keys. F1 to F4 (or
 * the letters a to d where nothing is typed) are the soft keys everywhere.
 */
export function decideAction(key: Key, context: KeyContext): Action {
  const { screen } = context;
  const form = screen.inputs.length > 0;
  if (key === 'CtrlC') return { do: 'quit' };
  if (typeof key === 'string' && /^F\d$/.test(key)) return pressKey(Number(key[1]), context);
  const keypad = keypadName(key);
  if (keypad !== undefined && context.keypad.includes(keypad)) return { do: 'keypad', name: keypad };
  if (key === 'Escape') return { do: 'exit' };
  if (form) return decideInForm(key, screen);
  const menu = screen.items.length > 0;
  const line = menu ? 'move' : 'scroll';
  if (key === 'Up' || key === 'BackTab') return { do: line, by: -1 };
  if (key === 'Down' || key === 'Tab') return { do: line, by: 1 };
  if (key === 'PageUp') return { do: line, by: -5 };
  if (key === 'PageDown') return { do: line, by: 5 };
  if (key === 'Backspace') return { do: 'exit' };
  if (key === 'Enter') return menu ? { do: 'choose', item: Number(context.digits) || screen.selected + 1 } : nothing;
  const text = typeof key === 'object' ? key.text : '';
  if (text === 'q' || text === 'Q') return { do: 'quit' };
  if (/^[a-d]$/.test(text)) return pressKey('abcd'.indexOf(text) + 1, context);
  if (!/^\d$/.test(text)) return nothing;
  if (menu) return decideDigit(text, context);
  return pressKey(Number(text), context);
}

function decideInForm(key: Key, screen: Screen): Action {
  if (typeof key === 'object') return { do: 'type', text: key.text };
  if (key === 'Up' || key === 'BackTab') return { do: 'move', by: -1 };
  if (key === 'Down' || key === 'Tab') return { do: 'move', by: 1 };
  if (key === 'Backspace') return { do: 'erase' };
  if (key === 'Enter') return screen.field < screen.inputs.length - 1 ? { do: 'move', by: 1 } : { do: 'submit' };
  return nothing;
}

/** A digit decides at once when no item could begin with it; else it waits for another digit or Enter. */
function decideDigit(digit: string, { screen, digits }: KeyContext): Action {
  const count = screen.items.length;
  const joined = Number(digits + digit) <= count ? digits + digit : digit;
  const number = Number(joined);
  if (number === 0 || number > count) return nothing;
  return number * 10 > count ? { do: 'choose', item: number } : { do: 'digits', digits: joined };
}

function pressKey(place: number, context: KeyContext): Action {
  const row: KeyRow = selectKeyRow(context.screen.softKeys, context.keyPage);
  const key = row[place - 1];
  if (key === 'More') return { do: 'more' };
  return key ? { do: 'soft-key', position: key.position } : nothing;
}

function keypadName(key: Key): string | undefined {
  if (typeof key === 'object') {
    if (/^\d$/.test(key.text)) return `KeyPad${key.text}`;
    return key.text === '*' ? 'KeyPadStar' : key.text === '#' ? 'KeyPadPound' : undefined;
  }
  return { Up: 'NavUp', Down: 'NavDown', Enter: 'NavSelect', Backspace: 'NavBack' }[key as string];
}
