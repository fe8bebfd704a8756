/**
 * Where the ops port is, for commands that talk to a running proxy: of the file the `ops` part alone is looked at. Whoever
 * operates the proxy need not be allowed to read its private keys and passwords, and in an outage no error elsewhere hinders.
 */

import { dirname, resolve } from 'node:path';
import { readBytes, renderFileError } from '../files/read-file.ts';
import type { Config } from './config.ts';
import { type ConfigDocument, decodeText, parseConfigText } from './document.ts';
import { readSecret } from './files.ts';
import { parseOps } from './findings.ts';
import { type ConfigProblem, createError, createFileError, type Finding } from './problem.ts';

export type OpsLoadResult =
  | { readonly ok: true; readonly ops: Config['ops'] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

export interface OpsLoadOptions {
  /** false: it is not read either, and null in the result. */
  readonly withToken: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Never throws, as loadConfig. */
export async function loadOps(file: string, { withToken, env = process.env }: OpsLoadOptions): Promise<OpsLoadResult> {
  const document = await readDocument(file);
  if (!('locate' in document)) return { ok: false, problems: document };
  const parsed = parseOps(document.value);
  const source = { folder: dirname(resolve(file)), env, now: 0 };
  const token = 'parsed' in parsed && withToken ? parsed.parsed.token : undefined;
  const secret = await readSecret(['ops', 'token'], token, source);
  const findings: readonly Finding[] = 'findings' in parsed ? parsed.findings : secret.findings;
  const problems = [
    ...document.problems.filter(({ key }) => key === 'ops' || key.startsWith('ops.')),
    ...findings.map(({ path, found, allowed }) => createError(document.locate(path), found, allowed)),
  ];
  if (problems.length > 0 || 'findings' in parsed) return { ok: false, problems };
  const { host, port } = parsed.parsed;
  return { ok: true, ops: { host, port, token: secret.content } };
}

async function readDocument(file: string): Promise<ConfigDocument | readonly ConfigProblem[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(file);
  } catch (error) {
    return [createFileError(file, null, `a file ${renderFileError(error)}`, 'a YAML file')];
  }
  const text = decodeText(file, bytes);
  if (typeof text !== 'string') return text;
  const whole = parseConfigText(file, text);
  if (whole.soundUntilLine === null) return whole;
  // Broken syntax makes a guess of all that follows it; the lines of `ops` may be sound by themselves.
  const alone = parseConfigText(file, onlyOps(text));
  return alone.soundUntilLine === null && alone.value !== null ? alone : whole.problems;
}

/** The lines of the top-level key `ops`, all others empty, so that line numbers stay. */
function onlyOps(text: string): string {
  let isInside = false;
  const lines = text.split('\n').map((line) => {
    if (/^[^\s#]/.test(line)) isInside = /^ops\s*:/.test(line);
    return isInside ? line : '';
  });
  return lines.join('\n');
}
