/** argv to one function call each; no logic. */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { runCheck } from './commands/check.ts';
import { runControl } from './commands/control.ts';
import { runDemo } from './commands/demo.ts';
import { runDrill } from './commands/drill.ts';
import { runOutages } from './commands/outages.ts';
import type { Output } from './commands/output.ts';
import { runServe } from './commands/serve.ts';
import { runStatus } from './commands/status.ts';
import { addUnifiedCm } from './commands/unified-cm-command.ts';
import { finesseCommand } from './simulators/finesse/command.ts';
import { phoneCommand } from './simulators/phone/command.ts';
import { phonesCommand } from './simulators/phones/command.ts';
import { unifiedCmCommand } from './simulators/unified-cm/command.ts';

export const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

const CONFIG = ['--config <file>', 'configuration file (YAML)'] as const;

/** Runs one command line (without node and program). Sets the exit code: 0 fine, 1 failed, 2 bad usage or configuration. */
export async function run(argv: readonly string[]): Promise<void> {
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
      'ask every Finesse server and node for reports once, and sign in once to each Notification Service',
    )
    .option('--json', 'print JSON')
    .action(async (file, options) => exit(await runCheck(file, options, output)));
  addUnifiedCm(program, output, exit);
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
  addControl(program, output, exit);
  addDrill(program, output, exit);
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
      .option('--yes', 'also when no service of the cluster would admit new agents')
      .option('--json', 'print JSON')
      .action(async (service, options) => exit(await runControl({ ...options, service, admin }, output)));
  }
}

function addDrill(program: Command, output: Output, exit: (code: number) => void): void {
  addOpsAccess(program.command('drill'))
    .description('treats a service as failed for phones for a while, though it is not')
    .argument('<service>', 'id of the service')
    .option('--for <duration>', 'for how long: from 1s to 1h, such as 2m')
    .option('--device <name...>', 'for these devices only')
    .option('--reason <text>', 'why; operators see it')
    .option('--end', 'end the one that is on')
    .option('--json', 'print JSON')
    .action(async (service, options) => exit(await runDrill({ ...options, service }, output)));
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child as Command)]) as Command[];
}
