/** `simulate finesse --replay FILE`, until it is told to stop. */

import { readFileSync, writeFileSync } from 'node:fs';
import { PortError } from '../finesse/port-error.ts';
import type { RunIo } from '../finesse/run.ts';
import { untilEnded } from '../finesse/until-ended.ts';
import { type Recording, RecordingError, readRecording } from './recording.ts';
import { Replay, type ReplayOptions } from './server.ts';

export interface RunReplayOptions extends Omit<ReplayOptions, 'recording'> {
  readonly file: string;
  readonly service?: string | undefined;
  readonly certOut?: string | undefined;
}

/** Resolves to the exit code: 0 fine, 1 the port cannot be had, 2 no such file, or no capture. */
export async function runReplay({ file, service, certOut, ...options }: RunReplayOptions, io: RunIo): Promise<number> {
  const recording = load(file, service ?? null, io);
  if (recording === null) return 2;
  const replay = new Replay({ ...options, recording });
  try {
    await replay.start();
  } catch (error) {
    if (!(error instanceof PortError)) throw error;
    io.stderr(`${error.message}\n`);
    return 1;
  }
  if (certOut !== undefined && replay.certificate !== null) writeFileSync(certOut, replay.certificate);
  io.stdout(welcome(file, recording, replay, options.push !== undefined));
  replay.on('unknown', ({ method, path }) => io.stdout(`404  ${method} ${path}: not in the capture\n`));
  replay.on('pushed', ({ device, status }) => io.stdout(`push to ${device}: ${status ?? 'no answer'}\n`));
  await untilEnded(io.signal);
  await replay.stop();
  return 0;
}

function load(file: string, service: string | null, io: RunIo): Recording | null {
  try {
    return readRecording(readFileSync(file, 'utf8'), service);
  } catch (error) {
    const problem = error instanceof RecordingError ? error.message : explainUnread(error as NodeJS.ErrnoException);
    io.stderr(`--replay: ${file}: ${problem}\n`);
    return null;
  }
}

const UNREAD: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
};

function explainUnread({ code = 'unknown error' }: NodeJS.ErrnoException): string {
  return UNREAD[code] ?? `it cannot be read (${code})`;
}

function welcome(file: string, { steps, probes, service }: Recording, replay: Replay, pushes: boolean): string {
  const pages = [...steps.values()].reduce((sum, each) => sum + each.length, 0);
  const pushCount = [...steps.values()].flat().reduce((sum, each) => sum + each.pushes.length, 0);
  const devices = [...steps.keys()];
  return [
    `${file} as a Finesse server${service === null ? '' : ` (service ${service} of it)`}`,
    `  phones      ${replay.url}/fippa/${devices[0]}   (any other name is taken for ${devices.length === 1 ? 'it' : 'one of them'})`,
    `  SystemInfo  ${replay.url}/finesse/api/SystemInfo${probes.length === 0 ? '   (IN_SERVICE: none is in it)' : ''}`,
    `  holds       ${pages} pages of ${devices.length} devices, ${pushCount} pushes${pushCount > 0 && !pushes ? ', sent with --push-user' : ''}`,
    'Any password will do. Ctrl-C ends it.',
    '',
  ].join('\n');
}
