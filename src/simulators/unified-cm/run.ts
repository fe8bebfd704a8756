/** Runs a simulated Unified CM until it is told to stop, and says in plain words what can be done with it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { PortError } from '../finesse/port-error.ts';
import { untilEnded } from '../finesse/until-ended.ts';
import { Control } from './control.ts';
import { type Database, demoDatabase } from './database.ts';
import { UnifiedCm } from './server.ts';
import type { Release } from './versions.ts';

export interface RunOptions {
  readonly host: string;
  readonly port: number;
  readonly controlPort: number | undefined;
  readonly release: Release;
  readonly user: { readonly username: string; readonly password: string };
  readonly reader: { readonly username: string; readonly password: string } | undefined;
  /** Phones of the built-in database. */
  readonly phones: number;
  /** A database as GET /state shows it, instead. */
  readonly state: string | undefined;
  readonly schema: string | undefined;
  readonly certOut: string | undefined;
  readonly verbose: boolean;
}

/** Resolves to the exit code when the run ends: 0 fine, 1 a port cannot be had, 2 bad options. */
export async function runUnifiedCm(options: RunOptions): Promise<0 | 1 | 2> {
  const print = (text: string) => void process.stdout.write(text);
  let unifiedCm: UnifiedCm | null = null;
  let control: Control | null = null;
  try {
    unifiedCm = new UnifiedCm({
      ...options,
      reader: options.reader ?? null,
      schema: options.schema ?? null,
      database: options.state === undefined ? demoDatabase(options.phones) : readDatabase(options.state),
      now: Date.now,
    });
    if (options.controlPort !== undefined) control = new Control(unifiedCm, options.controlPort);
    await unifiedCm.start();
    await control?.start();
    if (options.certOut !== undefined) writeFileSync(options.certOut, unifiedCm.certificate);
    print(welcome(unifiedCm, control, options));
    if (options.verbose) {
      unifiedCm.on('request', ({ operation, version, status, fault }) =>
        print(`${operation} ${version}: ${status || 'no answer'}${fault === 'none' ? '' : `  [${fault}]`}\n`),
      );
    }
    await untilEnded(null);
    return 0;
  } catch (error) {
    if (error instanceof PortError) return fail(error.message, 1);
    const { code, path } = error as NodeJS.ErrnoException;
    if (error instanceof SyntaxError || path !== undefined)
      return fail(`${path ?? options.state}: ${code ?? 'no JSON'}`, 2);
    throw error;
  } finally {
    await control?.stop();
    await unifiedCm?.stop();
  }
}

function fail(words: string, code: 1 | 2): 1 | 2 {
  process.stderr.write(`${words}\n`);
  return code;
}

/** What a file leaves out is as in an empty Unified CM. */
function readDatabase(file: string): Database {
  return { ...demoDatabase(0), services: [], users: [], ...JSON.parse(readFileSync(file, 'utf8')) };
}

function welcome(unifiedCm: UnifiedCm, control: Control | null, { release, user, phones }: RunOptions): string {
  // A password that somebody chose is not printed.
  const password = user.password === 'cisco' ? ', password cisco' : '';
  const lines = [
    `Simulated Unified CM ${release}`,
    `  AXL      ${unifiedCm.url}`,
    `  user     ${user.username}${password}`,
    `  phones   ${phones}, subscribed to Finesse directly`,
    ...(control === null ? [] : [`  control  ${control.url}`]),
    '',
    ...(control === null
      ? ['To fail it while it runs, start it with --control-port.']
      : [`To fail it:  ippa-proxy simulate unified-cm fault ${control.url} 503 count=2`]),
    'Ctrl-C ends it.',
  ];
  return `${lines.join('\n')}\n`;
}
