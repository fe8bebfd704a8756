/** `simulate finesse` on the command line. */

import { Command, InvalidArgumentError } from 'commander';
import { type RunReplayOptions, runReplay } from '../replay/run.ts';
import { FAULTS_HEAD, listFaults, OrderError } from './faults.ts';
import { type AgentOption, type FinesseOptions, numberedAgents } from './options.ts';
import { parseArguments } from './orders.ts';
import { sendOrder } from './remote.ts';
import { type RunIo, runFinesse, standardIo } from './run.ts';

interface CliOptions {
  host: string;
  port: number;
  tls?: true;
  tlsCert?: string;
  tlsKey?: string;
  httpPort?: number;
  name?: string;
  peer?: string;
  role: 'primary' | 'secondary';
  release: '12.5' | '15.0';
  agents?: number;
  agent?: AgentOption[];
  secureSystemInfo?: true;
  controlPort?: number;
  baseUrl?: string;
  relativeUrls?: true;
  cookies: boolean;
  refresh?: number;
  charset: 'utf-8' | 'iso-8859-1';
  notificationPort?: number;
  notificationUser?: { username: string; password: string };
  pushUser?: { username: string; password: string };
  pushPort: number;
  pushTo?: Record<string, string>;
  fault?: string;
  certOut?: string;
  replay?: string;
  service?: string;
  verbose?: true;
}

/** The subcommand, to be added under `simulate`. Sets the process's exit code. */
export function finesseCommand(io?: RunIo): Command {
  const exit = (code: number) => {
    process.exitCode = code;
  };
  const command = new Command('finesse')
    .description(
      'runs a simulated Finesse server; faults are switched while it runs, by typing or over its control port',
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port of SystemInfo and fippa, 0: any free one', port, 0)
    .option('--name <fqdn>', 'the name it reports and uses in its URLs (default: the address)')
    .option('--peer <fqdn>', 'the name of the other server of the pair')
    .option('--role <role>', 'primary or secondary', choice(['primary', 'secondary']), 'primary')
    .option('--release <release>', '12.5 or 15.0', choice(['12.5', '15.0']), '15.0')
    .option('--control-port <port>', 'port on loopback by which faults are switched, 0: any free one', port)
    .option('--tls', 'speak HTTPS, with a self-signed certificate unless --tls-cert and --tls-key are given')
    .option('--tls-cert <file>', 'PEM file with the certificate chain')
    .option('--tls-key <file>', 'PEM file with the private key')
    .option('--cert-out <file>', 'write the certificate there, for those who are to trust it')
    .option('--http-port <port>', 'a second, plain port that redirects to the first', port)
    .option(
      '--agents <count>',
      'that many agents: 1001, 1002, …, password cisco, extensions 2001, 2002, … (default: 20)',
      wholeNumber,
    )
    .option('--agent <id:password:extension>', 'an agent instead; may be repeated', agent)
    .option('--secure-system-info', 'SystemInfo asks for the credentials of an agent')
    .option('--base-url <origin>', 'origin of its absolute URLs, or "host" to follow the Host header')
    .option('--relative-urls', 'write /fippa/… without an origin')
    .option('--cookies', 'set JSESSIONID (default)')
    .option('--no-cookies', 'set no cookie')
    .option('--refresh <seconds>', 'home pages refresh themselves', wholeNumber)
    .option('--charset <charset>', 'utf-8 or iso-8859-1', choice(['utf-8', 'iso-8859-1']), 'utf-8')
    .option('--notification-port <port>', 'a Notification Service (XMPP) there, 0: any free one', port)
    .option('--notification-user <user:password>', 'who may listen there (default: ippa-proxy:cisco)', credentials)
    .option('--push-user <user:password>', 'push changes to phones with these credentials', credentials)
    .option('--push-port <port>', 'push to the address of the last request, on this port', port, 80)
    .option('--push-to <device=host:port>', 'push to this address instead; may be repeated', pushAddress)
    .option('--fault <name>', 'start with this fault')
    .option('--replay <file>', 'a capture (HAR): answer as it was answered there')
    .option('--service <id>', 'with --replay: the service of the capture (default: the one with most pages)')
    .option('--verbose', 'print a line for each request')
    .action(async (options: CliOptions) => {
      const { replay } = options;
      if (replay === undefined) exit(await runFinesse(serverOptions(options), options, io));
      else exit(await runReplay(replayOptions(replay, options), io ?? standardIo()));
    });
  addOrders(command, exit, io);
  return command;
}

function addOrders(command: Command, exit: (code: number) => void, io: RunIo | undefined): void {
  const send = async (url: string, method: string, path: string, body?: object) =>
    exit(await sendOrder(url, method, path, body, io));
  command
    .command('fault')
    .description('switches a fault of a running server: fault http://127.0.0.1:9101 slow ms=3000 for=10s')
    .argument('<control-url>')
    .argument('<name>', 'one of the faults below')
    .argument('[key=value...]', 'what the fault is told; for=10s and count=3 end it', keyValue)
    .addHelpText('after', `\n${[FAULTS_HEAD, ...listFaults()].join('\n')}`)
    .action((url, name, args) => send(url, 'POST', '/fault', { name, ...args }));
  command
    .command('state')
    .description('shows the state of a running server')
    .argument('<control-url>')
    .action((url) => send(url, 'GET', '/state'));
  command
    .command('call')
    .description('gives an agent a call')
    .argument('<control-url>')
    .argument('<device>', 'device name or agent id')
    .argument('<number>', 'who calls')
    .action((url, device, from) => send(url, 'POST', '/call', { device, from }));
  command
    .command('hangup')
    .description('ends the call of an agent')
    .argument('<control-url>')
    .argument('<device>', 'device name or agent id')
    .action((url, device) => send(url, 'POST', '/hangup', { device }));
}

const DEFAULT_LISTENER = { username: 'ippa-proxy', password: 'cisco' };

function serverOptions(options: CliOptions): FinesseOptions {
  const { tlsCert, tlsKey, pushUser } = options;
  return {
    host: options.host,
    port: options.port,
    tls: tlsCert !== undefined || tlsKey !== undefined ? { cert: tlsCert ?? '', key: tlsKey ?? '' } : options.tls,
    httpPort: options.httpPort,
    name: options.name,
    peer: options.peer,
    role: options.role,
    release: options.release,
    agents: options.agent ?? (options.agents === undefined ? undefined : numberedAgents(options.agents)),
    secureSystemInfo: options.secureSystemInfo,
    controlPort: options.controlPort,
    baseUrl: options.baseUrl,
    relativeUrls: options.relativeUrls,
    cookies: options.cookies,
    refreshSeconds: options.refresh,
    charset: options.charset,
    notification:
      options.notificationPort === undefined
        ? undefined
        : { ...(options.notificationUser ?? DEFAULT_LISTENER), port: options.notificationPort },
    push: pushUser === undefined ? undefined : { ...pushUser, port: options.pushPort, addresses: options.pushTo },
  };
}

function replayOptions(file: string, options: CliOptions): RunReplayOptions {
  const { host, port: listen, name, pushUser, pushPort, pushTo, service, certOut } = options;
  const push = pushUser === undefined ? undefined : { ...pushUser, port: pushPort, addresses: pushTo };
  return { ...{ file, host, port: listen, name, push, service, certOut }, tls: options.tls === true };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(text);
}

function port(text: string): number {
  const number = wholeNumber(text);
  if (number > 65_535) throw new InvalidArgumentError('Ports are 0 (any free one) to 65535.');
  return number;
}

function choice(allowed: readonly string[]): (text: string) => string {
  return (text) => {
    if (!allowed.includes(text)) throw new InvalidArgumentError(`Allowed are ${allowed.join(' and ')}.`);
    return text;
  };
}

function agent(text: string, before: AgentOption[] = []): AgentOption[] {
  const [, id, password, extension] = /^([^:]+):(.+):([^:]+)$/.exec(text) ?? [];
  if (id === undefined || password === undefined || extension === undefined)
    throw new InvalidArgumentError('Write ID:PASSWORD:EXTENSION.');
  return [...before, { id, password, extension }];
}

function credentials(text: string): { username: string; password: string } {
  const [, username, password] = /^([^:]+):(.+)$/.exec(text) ?? [];
  if (username === undefined || password === undefined) throw new InvalidArgumentError('Write USER:PASSWORD.');
  return { username, password };
}

function pushAddress(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, device, address] = /^([^=]+)=([^/=]+:\d+)$/.exec(text) ?? [];
  if (device === undefined || address === undefined) throw new InvalidArgumentError('Write DEVICE=HOST:PORT.');
  return { ...before, [device]: address };
}

function keyValue(word: string, before: Record<string, string> = {}): Record<string, string> {
  try {
    return { ...before, ...parseArguments([word]) };
  } catch (error) {
    if (error instanceof OrderError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
