/** The archive for support: what was found and what the proxy says, without secrets. */

import { open } from 'node:fs/promises';
import type { TarEntry } from '../../files/tar.ts';
import { maskJson, maskText } from './mask.ts';
import type { DoctorReport } from './report.ts';
import type { RunningProxy } from './running-look.ts';
import type { ConfigSource } from './source.ts';

export interface BundleInput {
  readonly report: DoctorReport;
  /** The report as it is printed. */
  readonly text: string;
  readonly source: ConfigSource;
  readonly running: RunningProxy;
  /** File whose last lines go along, or null. */
  readonly log: string | null;
  /** Takes away the secrets that are known. */
  readonly mask: (text: string) => string;
}

const FOLDER = 'ippa-proxy-doctor';

export async function bundleEntries(input: BundleInput): Promise<TarEntry[]> {
  const { report, text, source, running, log, mask } = input;
  const told = async (path: string) => {
    const answer = await running.read(path);
    return answer === null ? null : renderMasked(maskJson(parse(answer)), mask);
  };
  const free = (words: string | null) => (words === null ? null : mask(maskText(words)));
  const metrics = await running.read('/metrics');
  const parts: Readonly<Record<string, string | null>> = {
    'report.txt': free(text),
    'report.json': renderMasked(maskJson(report), mask),
    'configuration.yaml': source.masked === null ? null : mask(source.masked),
    'health.json': await told('/health'),
    'outages.json': await told('/outages'),
    'metrics.txt': metrics === null ? null : mask(metrics),
    // Of a configuration that cannot be read nobody knows the secrets.
    'log.txt': log === null || source.masked === null ? null : free(await lastLines(log)),
  };
  return Object.entries(parts).flatMap(([name, content]) => {
    return content === null ? [] : [{ name: `${FOLDER}/${name}`, content }];
  });
}

/** JSON whose texts are masked one by one, so that it stays JSON. */
export function renderMasked(value: unknown, mask: (text: string) => string): string {
  return `${JSON.stringify(value, (_, found) => (typeof found === 'string' ? mask(found) : found), 2)}\n`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const LOG_BYTES = 1024 * 1024;

/** The last MiB, from the first whole line on: the beginning of a line that is cut may be what names a secret. */
async function lastLines(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - LOG_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, LOG_BYTES)), 0, null, start);
    const text = buffer.toString('utf8', 0, bytesRead);
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}
