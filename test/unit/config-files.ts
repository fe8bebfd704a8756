/** A configuration in a folder of its own, for tests. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type ConfigProblem, type LoadOptions, type LoadResult, loadConfig } from '../../src/config/load.ts';

/** Writes the files into a folder that goes with the test; returns the folder. */
export function writeFiles(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-proxy-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

export async function load(
  text: string | Uint8Array,
  files: Readonly<Record<string, string>> = {},
  options: LoadOptions = {},
): Promise<LoadResult> {
  return loadConfig(join(writeFiles({ ...files, 'ippa.yaml': text }), 'ippa.yaml'), options);
}

/** The problems of a configuration that must be wrong. */
export async function problemsOf(
  text: string | Uint8Array,
  files: Readonly<Record<string, string>> = {},
  options: LoadOptions = {},
): Promise<readonly ConfigProblem[]> {
  const result = await load(text, files, options);
  if (result.ok) throw new Error('the configuration was accepted');
  return result.problems;
}

/** The warnings of a configuration that must be right. */
export async function warningsOf(
  text: string,
  files: Readonly<Record<string, string>> = {},
  options: LoadOptions = {},
): Promise<readonly ConfigProblem[]> {
  const result = await load(text, files, options);
  if (!result.ok) throw new Error(result.problems.map(({ key, message }) => `${key}: ${message}`).join('\n'));
  return result.warnings;
}

/** Small and right, without warnings. Line 3 is the listener, line 7 service a, line 8 service b. */
export const VALID = `phones:
  listeners:
    - { host: 127.0.0.1, port: 8082 }
clusters:
  - id: main
    services:
      - { id: a, name: Finesse A, url: "https://finesse-a.example.com:8445" }
      - { id: b, name: Finesse B, url: "https://finesse-b.example.com:8445" }
`;

/** VALID with one text replaced; the text must be there. */
export function change(from: string, to: string, text = VALID): string {
  if (!text.includes(from)) throw new Error(`no "${from}" in the configuration`);
  return text.replace(from, to);
}
