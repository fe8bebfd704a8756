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
import { type ConfigProblem, createError, createFileError, type Finding, type KeyPath, renderKey } from './problem.ts';
import type { ParsedConfig } from './schema.ts';

/** What a command needs to reach the ops port. */
export interface OpsLocation {
  readonly host: string;
  readonly port: number;
  /** With TLS: its certificate, which is the only one to be believed there. PEM file. */
  readonly cert: string | null;
  /** null: none is configured, or it was not asked for. */
  readonly token: string | null;
}

export type OpsLoadResult =
  | { readonly ok: true; readonly ops: OpsLocation }
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
  const [path, value] = 'parsed' in parsed && withToken ? selectToken(parsed.parsed) : [['ops', 'token'], undefined];
  const secret = await readSecret(path, value, source);
  const findings: readonly Finding[] = 'findings' in parsed ? parsed.findings : secret.findings;
  const problems = [
    ...document.problems.filter(({ key }) => key === 'ops' || key.startsWith('ops.')),
    ...findings.map(({ path, found, allowed }) => createError(document.locate(path), found, allowed)),
  ];
  if (problems.length > 0 || 'findings' in parsed) return { ok: false, problems };
  const { host, port, tls } = parsed.parsed;
  const cert = tls === undefined ? null : resolve(source.folder, tls.cert);
  return { ok: true, ops: { host, port, cert, token: secret.content } };
}

/** Of several tokens the one that can most: whoever runs a command here may do what the file allows. */
function selectToken({ token, operators }: ParsedConfig['ops']): [path: KeyPath, value: unknown] {
  if (token !== undefined) return [['ops', 'token'], token];
  const setting = operators.findIndex(({ may }) => may === 'set');
  const index = Math.max(0, setting);
  return [['ops', 'operators', index, 'token'], operators[index]?.token];
}

/** `contents`: of the secrets, by their key. */
export function buildOps(
  { host, port, operators, phone, tls }: ParsedConfig['ops'],
  contents: ReadonlyMap<string, string>,
  folder: string,
): Config['ops'] {
  const token = contents.get('ops.token');
  const named = operators.map(({ name, may }, index) => {
    return { name, may, token: contents.get(renderKey(['ops', 'operators', index, 'token'])) ?? '' };
  });
  return {
    ...{ host, port, phone },
    operators: [...(token === undefined ? [] : [{ name: 'token', token, may: 'set' } as const]), ...named],
    tls: tls === undefined ? null : { cert: resolve(folder, tls.cert), key: resolve(folder, tls.key) },
  };
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
