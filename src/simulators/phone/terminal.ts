/** A phone that a person uses in a terminal. */

import { drawFrame, printable, textLines } from './frame.ts';
import { type Action, decideAction, type Key, listenForKeys } from './keyboard.ts';
import type { Phone } from './phone.ts';

export interface TerminalStreams {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

export interface TerminalOptions {
  /** After as many milliseconds the phone is hung up; undefined: when the user does so. */
  readonly forMs?: number | undefined;
  /** No cursor movement, no line drawing: TERM=dumb. */
  readonly dumb: boolean;
  /** Line drawing characters can be shown. */
  readonly unicode: boolean;
}

/** Often enough for the countdown of a Refresh to look right. */
const tickMs = 250;
/** Border, title, prompt, keys and three lines of help below the pane. */
const linesAroundPane = 11;

/**
 * Shows `phone`, which begins at `url`, until it is hung up. The promise ends then, with the terminal as it was before.
 * The caller passes `redraw` to the phone as its onScreen.
 */
export function createTerminal(phone: () => Phone, streams: TerminalStreams, options: TerminalOptions) {
  const { input, output } = streams;
  let scroll = 0;
  let keyPage = 0;
  let digits = '';
  let lastDrawn = '';
  let ended = false;

  const draw = () => {
    if (ended) return;
    const frame = render(phone(), { scroll, keyPage, digits, ...options, size: output });
    if (frame === lastDrawn) return;
    lastDrawn = frame;
    output.write(options.dumb ? `${frame}\n` : `\u001b[H${frame.replaceAll('\n', '\u001b[K\n')}\u001b[K\u001b[J`);
  };
  /** A new page begins at its top. */
  const redraw = () => {
    scroll = 0;
    keyPage = 0;
    digits = '';
    draw();
  };
  const perform = (action: Action) => {
    const current = phone();
    digits = action.do === 'digits' ? action.digits : '';
    if (action.do === 'move') current.move(action.by);
    if (action.do === 'scroll') {
      const most = Math.max(0, textLines(current.screen, current.model.columns).length - current.model.lines);
      scroll = Math.min(most, Math.max(0, scroll + action.by));
    }
    if (action.do === 'type') current.type(action.text);
    if (action.do === 'erase') current.erase();
    if (action.do === 'more') keyPage += 1;
    const request = startRequest(current, action);
    draw();
    // A key that is gone by now does nothing; other failures stand on the screen already.
    request?.then(draw, draw);
  };

  return {
    redraw,
    run: (url: string): Promise<void> =>
      new Promise((resolve) => {
        const timer = setInterval(() => {
          phone().tick().catch(draw);
          draw();
        }, tickMs);
        const end = () => {
          if (ended) return;
          ended = true;
          clearInterval(timer);
          clearTimeout(limit);
          phone().hangUp();
          stopListening();
          input.off('end', end);
          process.off('SIGTERM', end);
          output.off('resize', onResize);
          input.setRawMode?.(false);
          input.pause();
          if (!options.dumb) output.write('\u001b[?25h\u001b[?1049l');
          resolve();
        };
        const limit = options.forMs === undefined ? undefined : setTimeout(end, options.forMs);
        const onResize = () => {
          lastDrawn = '';
          draw();
        };
        const onKey = (key: Key) => {
          if (ended) return;
          const { screen, page } = phone();
          const keypad = Object.keys(page?.keypad ?? {});
          const action = decideAction(key, { screen, keyPage, digits, keypad });
          if (action.do === 'quit') end();
          else perform(action);
        };
        input.setRawMode?.(true);
        const stopListening = listenForKeys(input, onKey);
        input.resume();
        input.on('end', end);
        process.on('SIGTERM', end);
        output.on('resize', onResize);
        if (!options.dumb) output.write('\u001b[?1049h\u001b[?25l\u001b[2J');
        phone().open(url).then(draw, draw);
        draw();
      }),
  };
}

function startRequest(phone: Phone, action: Action): Promise<unknown> | undefined {
  switch (action.do) {
    case 'soft-key':
      return phone.press(action.position);
    case 'keypad':
      return phone.press(action.name);
    case 'choose':
      return phone.choose(action.item);
    case 'submit':
      return phone.submit();
    case 'exit':
      return phone.exit();
    default:
      return undefined;
  }
}

interface View {
  readonly scroll: number;
  readonly keyPage: number;
  readonly digits: string;
  readonly dumb: boolean;
  readonly unicode: boolean;
  readonly size: { readonly columns?: number; readonly rows?: number };
}

function render(phone: Phone, view: View): string {
  const { screen, model } = phone;
  const width = view.size.columns || 80;
  const height = view.size.rows || 24;
  const plain = view.dumb || !view.unicode;
  // A dumb terminal cannot overwrite, so it gets no countdown: each second would be a new picture.
  const refreshMs = view.dumb || phone.refreshAtMs === null ? null : (screen.refreshInMs ?? 0);
  const frame = drawFrame(screen, {
    columns: Math.max(20, Math.min(model.columns, width - 4)),
    lines: Math.max(2, Math.min(model.lines, height - linesAroundPane)),
    heading: `${model.name} ${phone.device}`,
    scroll: view.scroll,
    keyPage: view.keyPage,
    refreshIn: refreshMs === null ? null : Math.ceil(refreshMs / 1000),
    busy: phone.busy && !view.dumb,
    plain,
  });
  const wrong = [screen.reason, ...screen.violations].filter((line) => line !== null && line !== undefined);
  const below = [
    printable(screen.url ?? ''),
    printable(wrong.length === 0 ? '' : `! ${[...new Set(wrong)].join('; ')}`),
    view.digits === ''
      ? help(screen.inputs.length > 0, screen.items.length > 0)
      : `item ${view.digits}… Enter chooses it`,
  ];
  return [...frame, ...below.map((line) => [...line].slice(0, width - 1).join(''))].join('\n');
}

function help(form: boolean, menu: boolean): string {
  if (form) return 'type, Tab: field, Enter: next or send, F1-F4: keys, Esc: exit, Ctrl-C: end';
  if (menu) return 'digits, arrows, Enter: choose, F1-F4 or a-d: keys, Backspace: exit, q: end';
  return 'F1-F4, a-d or 1-4: keys, arrows: scroll, Backspace: exit, q: end';
}
