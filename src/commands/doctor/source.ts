/** The configuration file as it is written, for what the checked configuration no longer tells: files, secrets, its text. */

import { dirname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { decodeText, parseConfigText } from '../../config/document.ts';
import { readSecret } from '../../config/files.ts';
import { describeConfig } from '../../config/key-description.ts';
import { readBytes } from '../../files/read-file.ts';
import { type ConfiguredFile, filesOf } from './files-look.ts';
import { maskConfiguration, secretsOf } from './mask.ts';
import type { Environment } from './service-environment.ts';

export interface ConfigSource {
  readonly files: readonly ConfiguredFile[];
  /** Of all its secrets, wherever they are kept. */
  readonly secrets: readonly string[];
  /** A secret stands in the file itself. */
  readonly holdsSecrets: boolean;
  /** Without secrets and comments; null: it cannot be read. */
  readonly masked: string | null;
}

export async function readSource(file: string, env: Environment): Promise<ConfigSource> {
  const value = await readValue(file);
  if (value === undefined) return { files: [], secrets: [], holdsSecrets: false, masked: null };
  const folder = dirname(resolve(file));
  const written = secretsOf(value, describeConfig());
  const source = { folder, env, now: 0 };
  const found = await Promise.all(written.flatMap(eachAlone).map((secret) => readSecret(['secret'], secret, source)));
  return {
    files: filesOf(value, folder),
    secrets: [
      ...found.flatMap(({ content }) => (content === null || content === '' ? [] : [content])),
      // Refused, as secrets are text; but it is one.
      ...written.flatMap((secret) => (typeof secret === 'number' ? [String(secret)] : [])),
    ],
    holdsSecrets: written.some((secret) => typeof secret !== 'object'),
    masked: stringify(maskConfiguration(value, describeConfig())),
  };
}

/** `{ env: NAME, file: PATH }` is refused; but both are secrets. */
function eachAlone(secret: unknown): readonly unknown[] {
  if (typeof secret !== 'object' || secret === null) return [secret];
  return Object.entries(secret).map(([key, value]) => ({ [key]: value }));
}

/** undefined: no file, or no YAML; of that nobody knows what is a secret. */
async function readValue(file: string): Promise<unknown> {
  try {
    const text = decodeText(file, await readBytes(file));
    const document = typeof text === 'string' ? parseConfigText(file, text) : null;
    return document === null || document.soundUntilLine !== null ? undefined : document.value;
  } catch {
    return undefined;
  }
}
