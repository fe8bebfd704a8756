/** `ippa-proxy capture` in tests, on a proxy that runs there. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CaptureHar } from '../src/capture/har.ts';
import { type CaptureOptions, runCapture } from '../src/commands/capture.ts';
import { runCaptureReport } from '../src/commands/capture-report.ts';
import { DEVICE } from './push-rig.ts';
import { TOKEN } from './rig.ts';

export interface RunningCapture {
  /** Ends it as Ctrl-C does. */
  end(): Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  /** Of the command, however it ends. */
  readonly code: Promise<number>;
  readonly file: string;
  read(): CaptureHar;
}

export interface CaptureRig {
  readonly folder: string;
  begin(ops: string, over?: Partial<CaptureOptions>): Promise<RunningCapture>;
  report(file: string): Promise<Report>;
  stop(): void;
}

export interface Report {
  readonly code: number;
  readonly err: string;
  readonly page: string;
  readonly reading: { readonly reading: string; readonly found: string };
  row(id: string): { readonly verdict: string; readonly found: string; readonly shownBy: readonly number[] };
  /** Number and verdict of each. */
  verdicts(): Record<string, string>;
}

export function createCaptureRig(): CaptureRig {
  const folder = mkdtempSync(join(tmpdir(), 'ippa-capture-'));
  writeFileSync(join(folder, 'token'), TOKEN);
  return {
    folder,
    async begin(ops, over = {}) {
      const printed = { out: '', err: '' };
      const begun = Promise.withResolvers<void>();
      const stop = new AbortController();
      const file = over.out ?? join(folder, 'out.har');
      const code = runCapture(
        {
          ...{ url: ops, tokenFile: join(folder, 'token'), device: [DEVICE], for: '1m', out: file },
          ...{ signal: stop.signal, ...over },
        },
        {
          stdout: (text) => {
            printed.out += text;
            begun.resolve();
          },
          stderr: (text) => {
            printed.err += text;
          },
          isTerminal: false,
        },
      );
      await Promise.race([begun.promise, code]);
      return {
        ...{ code, file },
        async end() {
          stop.abort();
          return { code: await code, ...printed };
        },
        read: () => JSON.parse(readFileSync(file, 'utf8')),
      };
    },
    async report(file) {
      let [out, err] = ['', ''];
      const page = join(folder, 'report.html');
      const code = await runCaptureReport(
        { file, html: page, json: true },
        {
          stdout: (text) => {
            out += text;
          },
          stderr: (text) => {
            err += text;
          },
          isTerminal: false,
        },
      );
      const report = out === '' ? { rows: [], reading: {} } : JSON.parse(out);
      return {
        ...{ code, err, reading: report.reading, page: code === 2 ? '' : readFileSync(page, 'utf8') },
        row: (id) => report.rows.find((row: { id: string }) => row.id === id),
        verdicts: () =>
          Object.fromEntries(report.rows.map(({ id, verdict }: { id: string; verdict: string }) => [id, verdict])),
      };
    },
    stop: () => rmSync(folder, { recursive: true }),
  };
}
