/** A phone driven by lines of text, for tests and scripts: what it sees is printed, what it is told is done. */

import { type Clock, parseDuration } from './duration.ts';
import type { Phone } from './phone.ts';
import { renderScreenJson, renderScreenText, type Screen } from './screen.ts';
import type { Push } from './web-server.ts';

export interface HeadlessOptions {
  readonly json: boolean;
  /** Fetch, print, end. */
  readonly once: boolean;
  /** Follow Refreshes for as long, even when there are no commands any more. */
  readonly forMs?: number | undefined;
  readonly clock: Clock;
  /** Commands, one a line. */
  readonly lines: AsyncIterable<string>;
  readonly write: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Aborted from outside to end it early, and by itself when its time is over. */
  readonly stop: AbortController;
}

/** How long `wait page` and `wait for` wait unless told. */
const waitLimitMs = 60_000;
const tickMs = 50;

export const headlessHelp = `
Commands of the headless form, one a line:
  key NAME           a soft key by name (or KeyPad5, Services)
  press N            the soft key on position N
  item N | NAME      a menu item
  type FIELD=VALUE   a field of a form, by parameter or label
  call begins|ends   pushes of priority 1 wait for the end of a call
  submit · refresh · exit · open URL · screen · help · quit
  wait page          until the next screen
  wait 12s           so long, following Refreshes
  wait for TEXT [within 30s]`;

export function createHeadless(phone: () => Phone, options: HeadlessOptions) {
  const { clock } = options;
  const { signal } = options.stop;
  let screens = 0;
  let failed = false;
  const print = (screen: Screen) => options.write(options.json ? renderScreenJson(screen) : renderScreenText(screen));
  const until = async (done: () => boolean, limitMs: number, what: string) => {
    const endMs = clock.now() + limitMs;
    while (!done() && !signal.aborted) {
      if (clock.now() >= endMs) throw new Error(`${what} did not come within ${limitMs / 1000} s`);
      await clock.sleep(tickMs, signal);
    }
  };

  const wait = async (what: string) => {
    const durationMs = parseDuration(what);
    if (durationMs !== undefined) return clock.sleep(durationMs, signal);
    const [, text, limit] = /^for (.+?)(?: within (\S+))?$/.exec(what) ?? [];
    if (text !== undefined) {
      const seen = () => renderScreenText(phone().screen).includes(text);
      return until(seen, parseDuration(limit ?? '') ?? waitLimitMs, `"${text}"`);
    }
    if (what !== 'page' && what !== '') throw new Error('wait page, wait 5s, or wait for TEXT [within 30s]');
    const before = screens;
    return until(() => screens > before, waitLimitMs, 'a page');
  };

  /** Carries out one line. Answers false when the phone is to be hung up. */
  const command = async (line: string): Promise<boolean> => {
    const [, verb = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line.trim()) ?? [];
    const number = /^\d+$/.test(rest) ? Number(rest) : null;
    switch (verb) {
      case '':
      case '#':
        break;
      case 'key':
        await phone().press(rest);
        break;
      case 'press':
        await phone().press(number ?? rest);
        break;
      case 'item':
        await phone().choose(number ?? rest);
        break;
      case 'type':
        phone().fill(readPair(rest));
        break;
      case 'submit':
        await phone().submit();
        break;
      case 'wait':
        await wait(rest);
        break;
      case 'call':
        if (rest !== 'begins' && rest !== 'ends') throw new Error('call begins, or call ends');
        await phone().setCall(rest === 'begins');
        break;
      case 'refresh':
        await phone().refresh();
        break;
      case 'exit':
        await phone().exit();
        break;
      case 'open':
        await phone().open(rest);
        break;
      case 'screen':
        print(phone().screen);
        break;
      case 'quit':
        return false;
      case 'help':
        options.complain(headlessHelp);
        break;
      default:
        throw new Error('no such command; type help');
    }
    return true;
  };

  return {
    /** For the phone's onScreen. */
    seen: (screen: Screen) => {
      screens += 1;
      print(screen);
    },
    /** What a page shows, its screen tells; all else that is wrong with a push is told here. */
    pushed: ({ object, error, violations }: Push) => {
      const isShown = object !== null && object !== 'CiscoIPPhoneExecute';
      if (isShown || violations.length === 0) return;
      if (options.json) return options.write(JSON.stringify({ pushed: object, error, violations }));
      const head = object === null ? `refused with CiscoIPPhoneError ${error}` : object;
      options.write([`── pushed: ${head}`, ...violations.map((violation) => `   ! ${violation}`)].join('\n'));
    },
    /** Runs to the end of the commands, of the time or of the phone. Answers the exit code. */
    run: async (url: string): Promise<number> => {
      if (!options.once) options.complain('type help for the commands');
      const screen = await phone().open(url);
      if (options.once) return isSound(screen) ? 0 : 1;
      const timer = setInterval(() => phone().tick().catch(String), tickMs);
      const over =
        options.forMs === undefined ? null : clock.sleep(options.forMs, signal).then(() => options.stop.abort());
      try {
        for await (const line of options.lines) {
          if (signal.aborted) break;
          try {
            if (!(await command(line))) return failed ? 1 : 0;
          } catch (error) {
            failed = true;
            // The command's own words may hold a password; its first word does not.
            options.complain(
              `${line.trim().split(/\s/, 1)[0]}: ${error instanceof Error ? error.message : String(error)}`,
            );
          }
        }
        await over;
      } finally {
        clearInterval(timer);
      }
      return failed || phone().screen.error !== null ? 1 : 0;
    },
  };
}

/** A page without an error and without a departure from the rules. */
export function isSound(screen: Screen): boolean {
  return screen.object !== null && screen.error === null && screen.violations.length === 0;
}

function readPair(text: string): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new Error('type FIELD=VALUE');
  return { [text.slice(0, equals).trim()]: text.slice(equals + 1) };
}

/** Lines of a stream as they come; ends when `signal` is aborted. */
export async function* readLines(input: NodeJS.ReadableStream, signal: AbortSignal): AsyncGenerator<string> {
  let rest = '';
  const stop = () => (input as NodeJS.ReadStream).destroy();
  signal.addEventListener('abort', stop);
  try {
    for await (const chunk of input) {
      const lines = (rest + String(chunk)).split(/\r?\n/);
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  if (rest !== '') yield rest;
}
