/** The password for AXL: from a file, the environment or the terminal. It is never an argument, which others could see. */

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

export const PASSWORD_VARIABLE = 'IPPA_AXL_PASSWORD';

export type Password =
  | { readonly ok: true; readonly password: string }
  | { readonly ok: false; readonly words: string };

/** The first of these that there is. Without a terminal nothing is asked. */
export async function readPassword(file: string | undefined, user: string): Promise<Password> {
  if (file !== undefined) return readPasswordFile(file);
  const given = process.env[PASSWORD_VARIABLE];
  if (given !== undefined && given !== '') return { ok: true, password: given };
  if (!process.stdin.isTTY) {
    return { ok: false, words: `No password: --password-file names a file, or ${PASSWORD_VARIABLE} holds it.` };
  }
  const password = await ask(`Password of ${user}: `, { hidden: true });
  return password === '' ? { ok: false, words: 'No password.' } : { ok: true, password };
}

async function readPasswordFile(file: string): Promise<Password> {
  try {
    const password = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
    return password === '' ? { ok: false, words: `--password-file ${file}: it is empty` } : { ok: true, password };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { ok: false, words: `--password-file ${file}: it cannot be read (${code})` };
  }
}

/** One line from the terminal; '' when it ends without one. What is typed is shown unless `hidden`. */
export function ask(question: string, { hidden }: { readonly hidden: boolean }): Promise<string> {
  // readline itself would echo what is typed, and the terminal what is typed before readline has it: so the question is last.
  const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr;
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY });
  process.stderr.write(question);
  return new Promise((resolve) => {
    let answer = '';
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.once('close', () => {
      if (hidden) process.stderr.write('\n');
      resolve(answer);
    });
  });
}
