/** `ippa-proxy phone URL`: the command line of the simulated phone. */

import { isIP, isIPv6 } from 'node:net';
import { Command, InvalidArgumentError } from 'commander';
import { readCa } from './ca-file.ts';
import { parseDuration, systemClock } from './duration.ts';
import { createHeadless, headlessHelp, readLines } from './headless.ts';
import { findModel, phoneModels } from './models.ts';
import { Phone, type PhoneOptions } from './phone.ts';
import { deviceOf, serviceUrl } from './service-url.ts';
import { createTerminal } from './terminal.ts';
import { type PhoneWeb, type Push, startPhoneWeb } from './web-server.ts';

interface Options {
  readonly device?: string;
  readonly model: string;
  readonly language: string;
  readonly charset?: string;
  readonly ca?: string;
  readonly insecure?: boolean;
  readonly headless?: boolean;
  readonly json?: boolean;
  readonly once?: boolean;
  readonly for?: number;
  readonly webPort?: number;
  readonly webHost?: string;
  readonly address?: string;
  readonly authUrl?: string;
}

/** Exit code 0: a phone page was seen and every command done; 1: not so; 2 (thrown): bad usage. */
export function phoneCommand(): Command {
  return new Command('phone')
    .description('a Cisco IP phone in the terminal; without one, driven by lines on standard input')
    .argument('<url>', 'URL of the service; #DEVICENAME# stands for the device, …/fippa/ gets it appended')
    .option('--device <name>', 'device name (default: the one in the URL, else SEP000000000001)', parseDevice)
    .option('--model <name>', `one of ${phoneModels.map((model) => model.name).join(', ')}`, parseModel, 'CP-8845')
    .option('--language <tag>', 'Accept-Language of its requests', 'en')
    .option('--charset <list>', "Accept-Charset of its requests (default: the model's)")
    .option('--ca <file>', 'PEM file of the CA that it trusts')
    .option('--insecure', 'trust any certificate')
    .option('--headless', 'no screen: read commands from standard input, print what is seen')
    .option('--json', 'headless, one line of JSON per screen')
    .option('--once', 'headless: fetch, print, exit; 0 when it was a phone page within the rules')
    .option('--for <duration>', 'follow Refreshes for that long, then exit', parseDurationOption)
    .option('--web-port <port>', 'accept pushes by POST /CGI/Execute on this port', parsePort)
    .option('--web-host <address>', 'address of that port (default: --address, else 127.0.0.1)')
    .option('--address <address>', 'address of this machine that its requests come from', parseAddress)
    .option('--auth-url <url>', 'asked with UserID and Password whether a push is allowed (default: any is)')
    .addHelpText('after', headlessHelp)
    .action(async (url: string, options: Options, command: Command) => {
      const device = options.device ?? deviceOf(url) ?? 'SEP000000000001';
      let target = '';
      let ca: string | undefined;
      try {
        target = serviceUrl(url, device);
        ca = readCa(options.ca);
        if (options.authUrl !== undefined && !URL.canParse(options.authUrl)) throw new Error('--auth-url is not a URL');
      } catch (error) {
        command.error(`error: ${error instanceof Error ? error.message : String(error)}`, { exitCode: 2 });
      }
      const phone: PhoneOptions = {
        device,
        model: options.model,
        language: options.language,
        ...(options.charset === undefined ? {} : { charset: options.charset }),
        trust: { ca, insecure: options.insecure },
        localAddress: options.address,
      };
      const scripted = options.headless || options.json || options.once;
      const interactive = !scripted && process.stdin.isTTY && process.stdout.isTTY;
      try {
        process.exitCode = await (interactive ? runTerminal : runHeadless)(target, phone, options);
      } catch (error) {
        // A port in use, say.
        process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exitCode = 1;
      }
    });
}

async function runTerminal(url: string, phoneOptions: PhoneOptions, options: Options): Promise<number> {
  const locale = process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || '';
  const terminal = createTerminal(
    () => phone,
    { input: process.stdin, output: process.stdout },
    { forMs: options.for, dumb: process.env.TERM === 'dumb', unicode: /utf-?8/i.test(locale) },
  );
  const phone = new Phone({ ...phoneOptions, onScreen: terminal.redraw });
  const web = await startWeb(phone, options);
  await terminal.run(url);
  await web?.stop();
  return 0;
}

async function runHeadless(url: string, phoneOptions: PhoneOptions, options: Options): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const headless = createHeadless(() => phone, {
    json: options.json === true,
    once: options.once === true,
    forMs: options.for,
    clock: systemClock,
    lines: readLines(process.stdin, stop.signal),
    write: (line) => process.stdout.write(`${line}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
    stop,
  });
  const phone = new Phone({ ...phoneOptions, onScreen: headless.seen });
  const web = await startWeb(phone, options, headless.pushed);
  const exitCode = await headless.run(url);
  await web?.stop();
  stop.abort();
  process.stdin.destroy();
  process.off('SIGINT', onSignal);
  process.off('SIGTERM', onSignal);
  return exitCode;
}

async function startWeb(
  phone: Phone,
  options: Options,
  onPush: (push: Push) => void = () => {},
): Promise<PhoneWeb | null> {
  if (options.webPort === undefined) return null;
  const host = options.webHost ?? options.address ?? '127.0.0.1';
  const web = await startPhoneWeb({
    phone,
    host,
    port: options.webPort,
    authenticationUrl: options.authUrl ?? null,
    onPush,
  });
  process.stderr.write(`accepts pushes at http://${isIPv6(host) ? `[${host}]` : host}:${web.port}/CGI/Execute\n`);
  return web;
}

function parseDevice(value: string): string {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(value))
    throw new InvalidArgumentError('Letters, digits, ".", "_" and "-", at most 64.');
  return value;
}

function parseAddress(value: string): string {
  if (isIP(value) === 0) throw new InvalidArgumentError('An IP address of this machine.');
  return value;
}

function parseModel(value: string): string {
  const model = findModel(value);
  if (!model) throw new InvalidArgumentError(`Known: ${phoneModels.map((known) => known.name).join(', ')}.`);
  return model.name;
}

function parsePort(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('A port, 0 for any.');
  return port;
}

function parseDurationOption(value: string): number {
  const durationMs = parseDuration(value);
  if (durationMs === undefined) throw new InvalidArgumentError('Durations are written 500ms, 5s, 2m.');
  return durationMs;
}
