/** `capture`: has the running proxy record what passes for some devices, and writes the file that it makes of it. */

import { rmSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { renderFound } from '../config/document.ts';
import { parseDuration } from '../config/values.ts';
import { isDeviceName } from '../domain/phone-url.ts';
import { renderFileError } from '../files/read-file.ts';
import { decideRefusal } from './control.ts';
import { findOps, type OpsAccess } from './ops-access.ts';
import { createOpsClient, field, OpsUnreachable } from './ops-client.ts';
import type { Output } from './output.ts';

export interface CaptureOptions extends OpsAccess {
  readonly device?: readonly string[];
  /** A duration such as 10m. */
  readonly for?: string;
  /** Such as 16M. */
  readonly maxSize?: string;
  readonly keepNames?: boolean;
  readonly out?: string;
  /** Ends it, and has the file written; by default Ctrl-C and SIGTERM do. */
  readonly signal?: AbortSignal;
}

/** An entry a line: spaces for the eye would count against --max-size. */
function renderFile(log: object, entries: readonly unknown[]): string {
  const head = JSON.stringify({ log: { ...log, entries: [] } });
  return `${head.slice(0, -3)}\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}]}}\n`;
}

/** Exit code 0 when the file is there, 1 when there is none, 2 for a wrong command line or configuration. */
export async function runCapture(options: CaptureOptions, output: Output): Promise<number> {
  const fail = (code: 1 | 2, message: string) => {
    output.stderr(`${message.trimEnd()}\n`);
    return code;
  };
  const order = readOrder(options);
  if (typeof order === 'string') return fail(2, order);
  const found = await findOps(options, 'needed');
  if (!found.ok) return fail(2, found.message);
  const file = resolve(options.out ?? `capture-${new Date().toISOString().replace(/[-:]|\..*/g, '')}.har`);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    return fail(2, `--out: ${file}: it is a folder`);
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}`);
  const client = createOpsClient(found.place);
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // Before anything is captured: it would be in vain.
    handle = await open(draft, 'wx', 0o600);
  } catch (error) {
    return fail(2, `--out: ${dirname(file)}: ${renderFileError(error).replace(/^which /, 'it ')}`);
  }
  const interrupt = createInterrupt(options.signal);
  try {
    let capture: string | null = null;
    const entries: unknown[] = [];
    let har: unknown = null;
    const onLine = (line: unknown) => {
      const id = field(line, 'capture');
      if (typeof id === 'string') {
        capture = id;
        output.stdout(renderBegun(options, file));
        interrupt.on(() => void client.change('DELETE', `/captures/${id}`).catch(() => {}));
      }
      const entry = field(line, 'entry');
      if (entry !== undefined) entries.push(entry);
      har = field(line, 'har') ?? har;
      const progress = field(line, 'progress');
      if (progress !== undefined && output.isTerminal) output.stdout(`\r${renderCounts(progress)} `);
    };
    const answer = await client.stream('/captures', order, onLine);
    if (answer.status !== 200) return fail(...decideRefusal(client.origin, answer));
    const log = field(har, 'log');
    if (typeof log !== 'object' || log === null) {
      return fail(
        1,
        capture === null
          ? 'No capture has begun.'
          : 'The proxy has gone before the file was whole: nothing was written.',
      );
    }
    await handle.writeFile(renderFile(log, entries));
    await handle.sync();
    await rename(draft, file);
    output.stdout(`${output.isTerminal ? '\n' : ''}${renderDone(log, entries.length, file)}`);
    return 0;
  } catch (error) {
    if (error instanceof OpsUnreachable) return fail(1, error.message);
    return fail(1, `${file}: ${renderFileError(error)}`);
  } finally {
    interrupt.off();
    await handle.close();
    rmSync(draft, { force: true });
  }
}

interface Order {
  readonly devices: readonly string[];
  readonly forSeconds: number;
  readonly maxBytes: number | null;
  readonly keepNames: boolean;
}

// As the ops port has them (ops/capture-routes.ts), in the words of the command line.
const FOR_MS = { min: 1000, max: 3_600_000 } as const;
const BYTES = { min: 64 * 1024, max: 64 * 1024 * 1024 } as const;
const MAX_DEVICES = 16;
const UNITS = { K: 1024, M: 1024 * 1024 } as const;

/** Or what is wrong with the command line. */
function readOrder(options: CaptureOptions): Order | string {
  const { device = [] } = options;
  if (device.length === 0) return '--device NAME is needed, such as SEP001122334455; it may be repeated';
  const forMs = options.for === undefined ? null : parseDuration(options.for);
  if (forMs === null || forMs < FOR_MS.min || forMs > FOR_MS.max)
    return `--for: found ${renderFound(options.for)}; allowed: a duration from 1s to 1h, such as 10m`;
  const wrong = device.find((name) => !isDeviceName(name));
  if (wrong !== undefined) return `--device: found ${renderFound(wrong)}; allowed: a name such as SEP001122334455`;
  if (device.length > MAX_DEVICES) return `--device: found ${device.length} of them; allowed: up to ${MAX_DEVICES}`;
  const [, amount, unit] = /^(\d{1,8})([KM])$/.exec(options.maxSize ?? '16M') ?? [];
  const maxBytes = Number(amount) * UNITS[unit as keyof typeof UNITS];
  if (!(maxBytes >= BYTES.min && maxBytes <= BYTES.max))
    return `--max-size: found ${renderFound(options.maxSize)}; allowed: from 64K to 64M, such as 16M`;
  return { devices: device, forSeconds: forMs / 1000, maxBytes, keepNames: options.keepNames === true };
}

/** What is to be done at Ctrl-C, once that is known. */
function createInterrupt(signal: AbortSignal | undefined) {
  let act = () => {};
  let isAsked = false;
  const ask = () => {
    isAsked = true;
    act();
  };
  if (signal === undefined) for (const name of SIGNALS) process.on(name, ask);
  else signal.addEventListener('abort', ask, { once: true });
  return {
    on(run: () => void) {
      act = run;
      if (isAsked) run();
    },
    off() {
      for (const name of SIGNALS) process.off(name, ask);
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

function renderBegun({ device = [], for: duration }: CaptureOptions, file: string): string {
  return `Capturing what passes for ${device.join(', ')}, for ${duration} at most. Ctrl-C ends it and writes ${file}.\n`;
}

function renderCounts(progress: unknown): string {
  const count = (name: string) => Number(field(progress, name) ?? 0);
  const dropped = count('dropped') === 0 ? '' : `, ${count('dropped')} dropped`;
  return `${count('entries')} exchanges, ${Math.ceil(count('bytes') / 1024)} KiB${dropped}`;
}

const ENDS: Readonly<Record<string, string>> = {
  time: 'Its time is over.',
  size: 'It was full: --max-size.',
  exchanges: 'It was full: as many exchanges as one file takes.',
  operator: 'It was ended.',
  stopping: 'The proxy is stopping.',
};

function renderDone(log: object, entries: number, file: string): string {
  const notes = field(log, '_ippa');
  const number = (name: string) => Number(field(notes, name) ?? 0);
  const lost = [
    ...(number('dropped') === 0 ? [] : [`${number('dropped')} were dropped for want of room`]),
    ...(number('withheld') === 0 ? [] : [`${number('withheld')} were left out since they could not be masked`]),
  ];
  const words = `${ENDS[String(field(notes, 'ended'))] ?? ''} ${entries} exchanges${lost.length === 0 ? '' : `; ${lost.join(', ')}`}.`;
  const none =
    entries === 0 ? 'Nothing passed for the device: is that its name, and does its service lead to this proxy?\n' : '';
  return `${words.trim()}\n${none}${file}\nNow: ippa-proxy capture report ${file}\n`;
}
