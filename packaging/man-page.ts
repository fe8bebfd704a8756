/** The manual page, made of the commands. */

import type { CommandInfo } from './commands.ts';
import type { Release } from './source.ts';

export function renderManPage(commands: readonly CommandInfo[], { version, epoch }: Release): string {
  const [program, ...others] = commands;
  const date = new Date(epoch * 1000).toISOString().slice(0, 10);
  return [
    `.TH IPPA\\-PROXY 1 "${date}" "ippa\\-proxy ${text(version)}" "User Commands"`,
    '.SH NAME',
    'ippa\\-proxy \\- proxy between Cisco IP phones and Cisco Finesse',
    '.SH SYNOPSIS',
    ...others.filter(({ path }) => !path.includes(' ')).flatMap(({ usage }) => [`.B ${text(usage)}`, '.br']),
    '.SH DESCRIPTION',
    text(program?.description ?? ''),
    '.SH COMMANDS',
    ...others.flatMap(renderCommand),
    '.SH EXIT STATUS',
    ...EXIT_STATUS.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, text(meaning)]),
    '.SH FILES',
    ...FILES.flatMap(([file, meaning]) => ['.TP', `.I ${text(file)}`, text(meaning)]),
    '.SH SIGNALS',
    ...SIGNALS.flatMap(([name, meaning]) => ['.TP', `.B ${name}`, text(meaning)]),
    '',
  ].join('\n');
}

const EXIT_STATUS = [
  ['0', 'fine'],
  ['1', 'failed'],
  ['2', 'bad usage or configuration'],
] as const;

const FILES = [
  ['/etc/ippa-proxy/ippa-proxy.yaml', 'the configuration that the systemd unit uses'],
  ['/etc/default/ippa-proxy', 'environment of the systemd unit: secrets that the configuration takes from there'],
  ['/var/lib/ippa-proxy', 'where the unit may write; a good value of state.folder'],
  ['/usr/share/doc/ippa-proxy', 'the documentation, and a configuration to start from'],
] as const;

const SIGNALS = [
  ['SIGHUP', 'to serve: takes over a changed configuration; one with errors changes nothing'],
  ['SIGTERM', 'to serve: finishes the requests under way, then ends'],
] as const;

function renderCommand({ path, usage, description, arguments: args, options }: CommandInfo): string[] {
  const rows = [
    ...args.map(({ name, description: meaning }) => [`<${name}>`, meaning] as const),
    ...options
      .filter(({ names }) => !names.includes('--help'))
      .map((option) => [option.flags, option.description] as const),
  ];
  return [
    `.SS ${text(path)}`,
    `.B ${text(usage)}`,
    '.PP',
    `${text(capitalise(description))}.`,
    ...rows.flatMap(([name, meaning]) => ['.TP', `.B ${text(name)}`, text(meaning)]),
  ];
}

function capitalise(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** As roff takes it: no hyphen that is a minus, nothing at the start of a line that is a request. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(
      /[^\x20-\x7e]/gu,
      (char) => `\\[u${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    )
    .replace(/^[.']/, '\\&$&');
}
