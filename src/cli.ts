/** argv to one function call each; no logic. */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { runCapture } from './commands/capture.ts';
import { runCaptureReport } from './commands/capture-report.ts';
import { runCheck } from './commands/check.ts';
import { runControl } from './commands/control.ts';
import { runDemo } from './commands/demo.ts';
import { runDoctor } from './commands/doctor.ts';
import { runDrill } from './commands/drill.ts';
import { runInit } from './commands/init.ts';
import { runOutages } from './commands/outages.ts';
import type { Output } from './commands/output.ts';
import { runServe } from './commands/serve.ts';
import { runStatus } from './commands/status.ts';
import { addUnifiedCm } from './commands/unified-cm-command.ts';
import { runWebhooksTest } from './commands/webhooks.ts';
import { finesseCommand } from './simulators/finesse/command.ts';
import { phoneCommand } from './simulators/phone/command.ts';
import { phonesCommand } from './simulators/phones/command.ts';
import { unifiedCmCommand } from './simulators/unified-cm/command.ts';

export const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

const CONFIG = ['--config <file>', 'configuration file (YAML)'] as const;

/** Runs one command line (without node and program). Sets the exit code: 0 fine, 1 failed, 2 bad usage or configuration. */
export async function run(argv: readonly string[]): Promise<void> {
  // Libraries print advice of their own there (ioredis what it makes of an answer to AUTH), and stderr is the log.
  console.warn = () => {};
  const output: Output = {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    isTerminal: process.stdout.isTTY === true,
  };
  const exit = (code: number) => {
    process.exitCode = code;
  };
  try {
    // A bare `npm start` shows the product at work.
    await createProgram(output, exit).parseAsync(argv.length === 0 ? ['demo'] : [...argv], { from: 'user' });
  } catch (error) {
    // Commander has printed what is wrong; it calls every misuse 1, the contract calls it 2.
    if (!(error instanceof CommanderError)) throw error;
    exit(error.exitCode === 0 ? 0 : 2);
  }
}

/** Also what completion and the manual page are made of. */
export function createProgram(output: Output, exit: (code: number) => void): Command {
  const program = new Command('ippa-proxy')
    .description('Stands between Cisco IP phones and Cisco Finesse servers and steers agents to a confirmed alternate.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(--help shows what is allowed)');

  program
    .command('serve')
    .description('runs the proxy')
    .requiredOption(...CONFIG)
    .action(async (options) => exit(await runServe(options.config, VERSION, output)));
  program
    .command('demo')
    .description('runs the proxy with two simulated Finesse servers, on loopback only')
    .option('--port <port>', 'port for phones', '8082')
    .option('--ops-port <port>', 'port for operators', '8090')
    .action(async (options) => exit(await runDemo(options, VERSION, output)));
  program
    .command('check')
    .description('validates a configuration')
    .argument('<file>', CONFIG[1])
    .option(
      '--probe',
      'ask every Finesse server and node for reports once, sign in once to each Notification Service, and connect to receivers of events',
    )
    .option('--json', 'print JSON')
    .action(async (file, options) => exit(await runCheck(file, options, output)));
  addUnifiedCm(program, output, exit);
  addInit(program, output, exit);
  program
    .command('doctor')
    .description('says what is wrong on this installation, and what to do')
    .option('--config <file>', 'configuration file (default: /etc/ippa-proxy/ippa-proxy.yaml)')
    .option('--json', 'print JSON')
    .option('--bundle <file>', 'write an archive for support, without secrets')
    .option('--log <file>', 'a log whose last lines go into the archive')
    .option('--user <name>', 'as root: with whose rights files are looked at (default: ippa-proxy)')
    .action(async (options) => exit(await runDoctor(options, VERSION, output)));
  addOpsAccess(program.command('status'))
    .description('shows the services of the running proxy')
    .option('--watch', 'show it every two seconds until Ctrl-C; with --json print a line for each change')
    .option('--json', 'print JSON')
    .action(async (options) => exit(await runStatus(options, output)));
  addOpsAccess(program.command('outages'))
    .description('lists the outages, or shows one of them and what became of each agent')
    .argument('[id]', 'one outage')
    .option('--since <time>', 'those that were not over by then: an ISO 8601 time, or a duration such as 24h or 7d')
    .option('--csv', 'print a table for a spreadsheet')
    .option('--json', 'print JSON')
    .action(async (id, options) => exit(await runOutages({ ...options, id }, output)));
  program
    .command('webhooks')
    .description('the receivers of events')
    .addCommand(
      new Command('test')
        .description('sends a test event to a receiver, as the proxy would, and says what it answered')
        .argument('[name]', 'name of the webhook (default: every one)')
        .requiredOption(...CONFIG)
        .option('--json', 'print JSON')
        .action(async (name, options) => exit(await runWebhooksTest({ ...options, name }, VERSION, output))),
    );
  addControl(program, output, exit);
  addDrill(program, output, exit);
  addCapture(program, output, exit);
  program.addCommand(phoneCommand());
  program
    .command('simulate')
    .description('simulated Finesse servers, phones and Unified CM, for trying and testing')
    .addCommand(finesseCommand())
    .addCommand(phonesCommand())
    .addCommand(unifiedCmCommand());
  for (const command of allCommands(program)) command.exitOverride();
  return program;
}

function addInit(program: Command, output: Output, exit: (code: number) => void): void {
  const gather = (word: string, before: readonly string[] = []) => [...before, word];
  program
    .command('init')
    .description('writes a first configuration, with a key and a certificate; asks for what the options do not say')
    .option('--config <file>', 'where to write it (default: /etc/ippa-proxy/ippa-proxy.yaml if that folder exists)')
    .option('--finesse <host>', 'a Finesse server, the preferred one first; may be repeated', gather)
    .option('--network <network>', 'where phones are, such as 10.20.0.0/16, or none; may be repeated', gather)
    .option('--name <host>', 'name or address by which phones reach this proxy')
    .option('--alt-name <host>', 'one more name or address for the certificate; may be repeated', gather)
    .option('--listen <address>', 'address to listen on (default: every IPv4 address)')
    .option('--port <port>', 'port for phones with TLS (default: 8445)')
    .option('--plain-port <port>', 'port for phones without TLS, or none (default: 8082)')
    .option('--ops-port <port>', 'port for operators, on loopback (default: 8090)')
    .option('--key-type <type>', 'rsa, for every phone, or ec, for half the work (default: rsa)')
    .option(
      '--trust <fingerprint>',
      'SHA-256 of a certificate of Finesse that no CA vouches for; may be repeated',
      gather,
    )
    .option('--user <name>', 'as root: who the service runs as and may read the files (default: ippa-proxy)')
    .option('--anyway', 'write it although a server does not answer or is not trusted')
    .option('--force', 'replace a configuration that is there; keys and certificates are always kept')
    .option('--no-input', 'ask nothing; name the options that are missing')
    .action(async (options) => exit(await runInit(options, VERSION, output)));
}

/** Of the configuration nothing but `ops` is read, and nothing of it where the options say all. */
function addOpsAccess(command: Command): Command {
  return command
    .option(...CONFIG)
    .option('--url <url>', 'the ops port, such as http://127.0.0.1:8090, in place of --config')
    .option('--ca <file>', 'PEM file with the CA that signed the certificate of the ops port, with --url https://…')
    .option('--fingerprint <sha256>', 'or the fingerprint of that certificate')
    .option('--token-file <file>', 'file with the token and nothing else, in place of the one in the configuration');
}

function addControl(program: Command, output: Output, exit: (code: number) => void): void {
  const meanings = {
    drain: 'lets those signed in stay and admits no new ones',
    ready: 'admits everyone again',
    maint: 'admits nobody',
  } as const;
  for (const admin of ['drain', 'ready', 'maint'] as const) {
    addOpsAccess(program.command(admin))
      .description(meanings[admin])
      .argument('<service>', 'id of the service')
      .option('--reason <text>', 'why; operators see it')
      .option('--until <time>', 'when it ends by itself: an ISO 8601 time, or a duration such as 30m')
      .option('--in <duration>', 'maint only: when it begins, such as 10m; until then it drains, and agents are told')
      .option('--yes', 'without being asked, also when no service of the cluster would admit new agents')
      .option('--json', 'print JSON')
      .action(async (service, options) => exit(await runControl({ ...options, service, admin }, output)));
  }
}

function addDrill(program: Command, output: Output, exit: (code: number) => void): void {
  addOpsAccess(program.command('drill'))
    .description('treats a service as failed for phones for a while, though it is not')
    .argument('<service>', 'id of the service')
    .option('--for <duration>', 'for how long: from 1s to 1h, such as 2m')
    .option('--device <name...>', 'for these devices only; may be repeated (default: all)')
    .option('--reason <text>', 'why; operators see it')
    .option('--end', 'end the one that is on')
    .option('--yes', 'without being asked')
    .option('--json', 'print JSON')
    .action(async (service, options) => exit(await runDrill({ ...options, service }, output)));
}

function addCapture(program: Command, output: Output, exit: (code: number) => void): void {
  const gather = (word: string, before: readonly string[] = []) => [...before, word];
  const capture = addOpsAccess(program.command('capture'))
    .description('records what one device and Finesse say, secrets masked, into a file (HAR)')
    .option('--device <name>', 'a device; may be repeated', gather)
    .option('--for <duration>', 'for how long: from 1s to 1h, such as 10m')
    .option('--max-size <size>', 'how long the file may get: from 64K to 64M', '16M')
    .option('--keep-names', 'leave names and addresses of hosts as they are')
    .option('--out <file>', 'where to write it (default: capture-TIME.har here)')
    .action(async (options) => exit(await runCapture(options, output)));
  capture
    .command('report')
    .description('says what a capture, or another HAR, shows of what is assumed')
    .argument('<file>', 'the capture')
    .option('--html <file>', 'where to write the page (default: beside the capture)')
    .option('--json', 'print JSON')
    .action(async (file, options) => exit(await runCaptureReport({ ...options, file }, output)));
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child as Command)]) as Command[];
}
