/** `capture report`: what a capture shows of what is assumed. */

import { basename } from 'node:path';
import { readHar } from '../capture/read-har.ts';
import { createReport, renderText } from '../capture/report.ts';
import { renderHtml } from '../capture/report-html.ts';
import { readBytes, renderFileError } from '../files/read-file.ts';
import { writeWhole } from '../files/write-whole.ts';
import type { Output } from './output.ts';

export interface CaptureReportOptions {
  readonly file: string;
  /** Where to write the page. */
  readonly html?: string;
  readonly json?: boolean;
}

/** More than `capture` writes, and than JSON should be read of. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Exit code 0 when no assumption is against what was seen, 1 when one is, 2 when the file is no capture. */
export async function runCaptureReport({ file, html, json }: CaptureReportOptions, output: Output): Promise<number> {
  let text: string;
  try {
    text = Buffer.from(await readBytes(file, MAX_FILE_BYTES)).toString();
  } catch (error) {
    output.stderr(`${file}: ${renderFileError(error).replace(/^which /, 'it ')}\n`);
    return 2;
  }
  const read = readHar(text);
  if (!read.ok) {
    output.stderr(`${file}: ${read.problem}${read.problem.endsWith('?') ? '' : '.'}\n`);
    return 2;
  }
  const report = createReport(basename(file), read.traffic);
  const page = html ?? `${file.replace(/\.har$/i, '')}.html`;
  try {
    await writeWhole(page, renderHtml(report), { mode: 0o600, owner: null, replace: true });
  } catch (error) {
    output.stderr(`--html: ${page}: ${renderFileError(error)}\n`);
    return 2;
  }
  const { shown, ...rest } = report;
  output.stdout(
    json === true
      ? `${JSON.stringify({ ...rest, entries: Object.fromEntries(shown) }, null, 2)}\n`
      : `${renderText(report)}The same as a page: ${page}\n`,
  );
  return report.rows.some(({ verdict }) => verdict === 'does not hold') ? 1 : 0;
}
