/** `ippa-proxy simulate phones URL`: many phones at once, and a summary of what they saw. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { readCa } from '../phone/ca-file.ts';
import { parseDuration } from '../phone/duration.ts';
import { findModel, phoneModels } from '../phone/models.ts';
import { serviceUrl } from '../phone/service-url.ts';
import { deviceName, type PhonesPlan, runPhones } from './crowd.ts';
import { isClean, renderSummary } from './tally.ts';

interface Options {
  readonly count: number;
  readonly for: number;
  readonly every: number;
  readonly signIn?: string;
  readonly choose: 'first' | 'none';
  readonly model?: readonly string[];
  readonly firstDevice: number;
  readonly language: string;
  readonly answerWithin: number;
  readonly ca?: string;
  readonly insecure?: boolean;
  readonly ownAddresses?: boolean;
  readonly json?: boolean;
}

/** Exit code 0: every answer was a phone page within the rules and in time; 1: not so; 2 (thrown): bad usage. */
export function phonesCommand(): Command {
  return new Command('phones')
    .description('many Cisco IP phones at once, and a summary of what they saw')
    .argument('<url>', 'URL of the service; #DEVICENAME# stands for the device, …/fippa/ gets it appended')
    .option('--count <number>', 'how many', parseCount, 100)
    .addOption(durationOption('--for <duration>', 'for how long', '60s'))
    .addOption(durationOption('--every <duration>', 'how often each asks when its page has no Refresh', '5s'))
    .option('--sign-in <values>', 'id=100{n},password=…,extension=2{nnn}: {n} is the number, {nnn} with zeros')
    .option('--choose <what>', 'first or none of the alternates that are offered', parseChoice, 'none')
    .option('--model <name>', 'a model; again for more (default: a mixture)', collectModel)
    .option('--first-device <number>', 'number in the first device name', parseCount, 1)
    .option('--language <tag>', 'Accept-Language of their requests', 'en')
    .addOption(durationOption('--answer-within <duration>', 'a later answer is counted', '5s'))
    .option('--ca <file>', 'PEM file of the CA that they trust')
    .option('--insecure', 'trust any certificate')
    .option('--own-addresses', 'each connects from a loopback address of its own (Linux)')
    .option('--json', 'summary as JSON')
    .action(async (url: string, options: Options, command: Command) => {
      let plan: PhonesPlan | null = null;
      try {
        plan = readPlan(url, options);
      } catch (error) {
        command.error(`error: ${messageOf(error)}`, { exitCode: 2 });
      }
      if (plan) process.exitCode = await run(plan, options.json === true);
    });
}

async function run(plan: PhonesPlan, json: boolean): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const summary = await runPhones(plan, stop);
    if (process.stderr.isTTY) process.stderr.write('\n');
    process.stdout.write(`${json ? JSON.stringify(summary) : renderSummary(summary)}\n`);
    return isClean(summary) ? 0 : 1;
  } catch (error) {
    // A value of --sign-in that a field of the form does not take.
    stop.abort();
    process.stderr.write(`error: ${messageOf(error)}\n`);
    return 1;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Everything that can be wrong with the command line is found before the first request. Throws what is. */
function readPlan(url: string, options: Options): PhonesPlan {
  serviceUrl(url, deviceName(1));
  return {
    url,
    count: options.count,
    forMs: options.for,
    everyMs: options.every,
    signIn: options.signIn === undefined ? null : parsePairs(options.signIn),
    choose: options.choose,
    models: options.model ?? [],
    firstDevice: options.firstDevice,
    language: options.language,
    answerWithinMs: options.answerWithin,
    trust: {
      ca: readCa(options.ca),
      insecure: options.insecure,
    },
    ...(options.ownAddresses === true ? { ownAddresses: true } : {}),
    progress: { everyMs: progressMs(), show: showProgress },
  };
}

/** In a terminal the line is rewritten each second; in a log one each ten seconds is enough. */
function progressMs(): number {
  return process.stderr.isTTY ? 1000 : 10_000;
}

function showProgress(line: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r${line}\u001b[K` : `${line}\n`);
}

function parseCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 1 || count > 100_000)
    throw new InvalidArgumentError('A number from 1 to 100000.');
  return count;
}

/** Its default in the words in which it is typed. */
function durationOption(flags: string, description: string, usual: string): Option {
  return new Option(flags, description).argParser(parseDurationOption).default(parseDuration(usual), usual);
}

function parseDurationOption(value: string): number {
  const durationMs = parseDuration(value);
  if (durationMs === undefined) throw new InvalidArgumentError('Durations are written 500ms, 5s, 2m.');
  return durationMs;
}

/** Not a parser of the option itself: commander's message would repeat the value, which holds a password. */
function parsePairs(value: string): Record<string, string> {
  const pairs = value.split(',').map((pair) => /^\s*([^=]+)=(.*)$/s.exec(pair));
  if (pairs.some((pair) => pair === null)) throw new Error('--sign-in is written NAME=VALUE,NAME=VALUE');
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1], pair[2]]] : [])));
}

function parseChoice(value: string): 'first' | 'none' {
  if (value !== 'first' && value !== 'none') throw new InvalidArgumentError('first or none.');
  return value;
}

function collectModel(value: string, models: readonly string[] = []): readonly string[] {
  const model = findModel(value);
  if (!model) throw new InvalidArgumentError(`Known: ${phoneModels.map((known) => known.name).join(', ')}.`);
  return [...models, model.name];
}
