/** `simulate unified-cm` on the command line. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { sendOrder } from '../finesse/remote.ts';
import { listFaults } from './faults.ts';
import { type RunOptions, runUnifiedCm } from './run.ts';
import { RELEASES } from './versions.ts';

/** The subcommand, to be added under `simulate`. Sets the process's exit code. */
export function unifiedCmCommand(): Command {
  const exit = (code: number) => {
    process.exitCode = code;
  };
  const command = new Command('unified-cm')
    .description('runs a simulated Unified CM with AXL; faults are switched over its control port')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port of AXL, 0: any free one', wholeNumber, 0)
    .option('--control-port <port>', 'port on loopback by which faults are switched, 0: any free one', wholeNumber)
    .addOption(new Option('--release <release>', 'what it is').choices(Object.keys(RELEASES)).default('15.0'))
    .option('--user <user:password>', 'who may read and write', credentials, { username: 'axl', password: 'cisco' })
    .option('--reader <user:password>', 'who may only read', credentials)
    .option('--phones <count>', 'phones, subscribed to Finesse directly', wholeNumber, 5)
    .option('--state <file>', 'start with this database, as the control port shows it (GET /state)')
    .option('--schema <folder>', "check requests by Cisco's schema too: FOLDER/15.0/AXLSoap.xsd, with xmllint")
    .option('--cert-out <file>', 'write the certificate there, for those who are to trust it')
    .option('--verbose', 'print a line for each request')
    .action(async (options: RunOptions) => exit(await runUnifiedCm(options)));
  command
    .command('fault')
    .description('switches a fault of a running one: fault http://127.0.0.1:9102 lost on=write count=1')
    .argument('<control-url>')
    .argument('<name>', 'one of the faults below')
    .argument('[key=value...]', 'what the fault is told; on=read, on=write or on=OPERATION; count=3 ends it', keyValue)
    .addHelpText('after', `\nFaults (each also takes on= and count=):\n${listFaults().join('\n')}`)
    .action(async (url, name, args) => exit(await sendOrder(url, 'POST', '/fault', { name, ...args })));
  command
    .command('update-subscriptions')
    .description('presses the button of that name in a phone service')
    .argument('<control-url>')
    .argument('<service>', 'name of the phone service')
    .action(async (url, service) => exit(await sendOrder(url, 'POST', '/update-subscriptions', { service })));
  command
    .command('state')
    .description('shows the database of a running one')
    .argument('<control-url>')
    .action(async (url) => exit(await sendOrder(url, 'GET', '/state', undefined)));
  return command;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('It is no number up to 65535.');
  return Number(text);
}

function credentials(text: string): { username: string; password: string } {
  const [, username, password] = /^([^:]+):(.+)$/.exec(text) ?? [];
  if (username === undefined || password === undefined) throw new InvalidArgumentError('Write USER:PASSWORD.');
  return { username, password };
}

function keyValue(word: string, before: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([a-z]+)=(.*)$/i.exec(word) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Write KEY=VALUE.');
  return { ...before, [key]: value };
}
