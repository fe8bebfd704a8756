/** Questions to whoever sits at the terminal. */

import { createInterface } from 'node:readline/promises';

export interface Asking {
  /** The answer without white space around it. Rejects with an AnswersEnded. */
  ask(question: string): Promise<string>;
  end(): void;
}

/** Ctrl-C or Ctrl-D instead of an answer. */
export class AnswersEnded extends Error {}

/** null: nobody is there to answer. */
export function askAtTerminal(): Asking | null {
  if (process.stdin.isTTY !== true) return null;
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const ended = new AbortController();
  lines.once('SIGINT', () => lines.close());
  // A question that is open when the input ends would stay open for ever.
  lines.once('close', () => ended.abort());
  return {
    async ask(question) {
      try {
        return (await lines.question(question, { signal: ended.signal })).trim();
      } catch (error) {
        throw new AnswersEnded('no answer', { cause: error });
      }
    },
    end: () => lines.close(),
  };
}

/** Yes only if that was said. */
export async function confirm(asking: Asking, question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await asking.ask(`${question} [y/N] `));
}
