/** Runs a server until it is told to stop, and says in plain words what can be done with it. */

import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Control } from './control-port.ts';
import { FAULTS_HEAD, listFaults, OrderError } from './faults.ts';
import { type FinesseOptions, OptionError } from './options.ts';
import { faultWords, parseOrder, stateWords } from './orders.ts';
import { PortError } from './port-error.ts';
import { createFinesse, type Finesse } from './server.ts';

export interface RunIo {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Orders are read from here, one a line; null: none are. */
  readonly stdin: NodeJS.ReadableStream | null;
  /** Ends the run; null: SIGINT and SIGTERM do. */
  readonly signal: AbortSignal | null;
}

export interface RunOptions {
  readonly verbose?: boolean | undefined;
  /** The fault to start with. */
  readonly fault?: string | undefined;
  /** Where to write the certificate. */
  readonly certOut?: string | undefined;
}

export function standardIo(): RunIo {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    stdin: process.stdin.isTTY ? process.stdin : null,
    signal: null,
  };
}

/** Resolves to the exit code when the run ends: 0 fine, 1 a port cannot be had, 2 bad options. */
export async function runFinesse(
  options: FinesseOptions,
  run: RunOptions = {},
  io: RunIo = standardIo(),
): Promise<number> {
  let finesse: Finesse | null = null;
  let control: Control | null = null;
  try {
    finesse = createFinesse(options);
    const { controlPort } = finesse.settings;
    if (controlPort !== null) control = new Control(finesse, controlPort);
    await finesse.start();
    await control?.start();
    if (run.fault !== undefined) await finesse.fault(run.fault);
    if (run.certOut !== undefined) writeCertificate(finesse, run.certOut);
    io.stdout(welcome(finesse, control, io.stdin !== null));
    report(finesse, run, io);
    await untilTold(finesse, io);
    return 0;
  } catch (error) {
    if (!(error instanceof OptionError || error instanceof OrderError || error instanceof PortError)) throw error;
    io.stderr(`${error.message}\n`);
    return error instanceof PortError ? 1 : 2;
  } finally {
    await control?.stop();
    await finesse?.stop();
  }
}

function writeCertificate(finesse: Finesse, file: string): void {
  if (finesse.certificate === null) throw new OptionError('--cert-out: there is no certificate without --tls');
  try {
    writeFileSync(file, finesse.certificate);
  } catch (error) {
    throw new OptionError(`--cert-out: ${file} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
}

function welcome(finesse: Finesse, control: Control | null, interactive: boolean): string {
  const { settings, url } = finesse;
  const [first, last] = [settings.agents.at(0), settings.agents.at(-1)];
  // Passwords that somebody chose are not printed.
  const known = settings.agents.every((agent) => agent.password === 'cisco') ? 'password cisco, ' : '';
  const agents = `${first?.id} to ${last?.id}, ${known}extensions ${first?.extension} to ${last?.extension}`;
  const lines = [
    `Simulated Finesse server ${settings.name}`,
    `  phones      ${url}/fippa/SEP001122334455   (any device name)`,
    `  SystemInfo  ${url}/finesse/api/SystemInfo`,
    `  agents      ${agents}`,
    `  its URLs    ${settings.relativeUrls ? '/fippa/…' : settings.baseUrl === 'host' ? 'as the Host header says' : `${finesse.ownOrigin}/fippa/…`}`,
    ...(finesse.httpPort === null ? [] : [`  redirect    port ${finesse.httpPort} leads there`]),
    ...(finesse.notification === null ? [] : [`  XMPP        port ${finesse.notification.port}`]),
    ...(control === null ? [] : [`  control     ${control.url}`]),
    '',
    ...(interactive ? ['To fail it, type a fault, for example: refuse   (help lists them, none ends one)'] : []),
    ...(control === null
      ? interactive
        ? []
        : ['To fail it while it runs, start it with --control-port.']
      : [
          `To fail it${interactive ? ' from another terminal' : ''}:  ippa-proxy simulate finesse fault ${control.url} refuse`,
          `To bring it back:  ippa-proxy simulate finesse fault ${control.url} none`,
        ]),
    'Ctrl-C ends it.',
  ];
  return `${lines.join('\n')}\n`;
}

function report(finesse: Finesse, run: RunOptions, io: RunIo): void {
  finesse.on('fault-changed', () => {
    const fault = finesse.currentFault;
    io.stdout(fault.name === 'none' ? 'Fault over: everything works.\n' : `Fault on: ${faultWords(fault)}.\n`);
  });
  if (run.verbose !== true) return;
  finesse.on('request', (request) => {
    // Neither query string nor path parameters: they hold passwords and session ids.
    const path = request.target.replace(/[?;].*$/, '');
    const fault = request.fault === 'none' ? '' : `  [${request.fault}]`;
    io.stdout(`${new Date(request.at).toISOString()}  ${request.peerAddress}  ${request.method} ${path}${fault}\n`);
  });
}

/** Orders are carried out one after the other, in the order they were typed. */
function untilTold(finesse: Finesse, io: RunIo): Promise<void> {
  return new Promise((resolve) => {
    const lines = io.stdin === null ? null : createInterface({ input: io.stdin });
    const end = () => {
      lines?.close();
      process.off('SIGINT', end);
      process.off('SIGTERM', end);
      resolve();
    };
    if (io.signal === null) {
      process.on('SIGINT', end);
      process.on('SIGTERM', end);
    } else if (io.signal.aborted) end();
    else io.signal.addEventListener('abort', end, { once: true });
    let queue = Promise.resolve();
    lines?.on('line', (line) => {
      queue = queue.then(async () => {
        if (await obey(finesse, line, io)) end();
      });
    });
  });
}

/** Whether the order was to quit. */
async function obey(finesse: Finesse, line: string, io: RunIo): Promise<boolean> {
  try {
    const order = parseOrder(line);
    switch (order?.kind) {
      case 'fault':
        await finesse.fault(order.name, order.args);
        break;
      case 'call':
        finesse.call(order.who, order.from);
        io.stdout(`${order.who} has a call from ${order.from}.\n`);
        break;
      case 'hangup':
        finesse.hangup(order.who);
        io.stdout(`The call of ${order.who} is over.\n`);
        break;
      case 'state':
        io.stdout(`${stateWords(finesse)}\n`);
        break;
      case 'help':
        io.stdout(helpWords());
        break;
      case 'quit':
        return true;
    }
  } catch (error) {
    io.stderr(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  return false;
}

function helpWords(): string {
  return [FAULTS_HEAD, ...listFaults(), 'call DEVICE from NUMBER, hangup DEVICE, state, quit', ''].join('\n');
}
