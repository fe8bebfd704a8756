/** The commands as a list: what completion and the manual page say. */

import type { Argument, Command, Option } from 'commander';
import { createProgram } from '../src/cli.ts';

export interface CommandInfo {
  /** Such as `simulate finesse fault`; empty for the program itself. */
  readonly path: string;
  readonly description: string;
  readonly usage: string;
  readonly arguments: readonly ArgumentInfo[];
  readonly options: readonly OptionInfo[];
  /** Names of the commands directly below. */
  readonly commands: readonly string[];
}

interface ArgumentInfo {
  readonly name: string;
  readonly description: string;
}

interface OptionInfo {
  /** Such as `--config <file>`. */
  readonly flags: string;
  /** Such as `--config` and `-c`. */
  readonly names: readonly string[];
  /** What stands in the angle brackets, or null when it takes no value. */
  readonly value: string | null;
  readonly description: string;
}

/** The program first, then its commands in the order of the help, each before those below it. */
export function listCommands(): readonly CommandInfo[] {
  const output = { stdout: () => {}, stderr: () => {} };
  return describe(
    createProgram(output, () => {}),
    '',
  );
}

function describe(command: Command, path: string): CommandInfo[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  return [
    {
      path,
      description: command.description(),
      usage: `ippa-proxy ${path} ${command.usage()}`.replaceAll(/ +/g, ' ').trim(),
      arguments: help.visibleArguments(command).map(describeArgument),
      options: help.visibleOptions(command).map(describeOption),
      commands: commands.map((each) => each.name()),
    },
    ...commands.flatMap((each) => describe(each as Command, `${path} ${each.name()}`.trim())),
  ];
}

function describeArgument(argument: Argument): ArgumentInfo {
  return { name: argument.name(), description: argument.description };
}

function describeOption(option: Option): OptionInfo {
  const { flags, long, short, description, defaultValue } = option;
  const value = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? null;
  const isShown = value !== null && defaultValue !== undefined;
  return {
    flags,
    names: [long, short].filter((name) => name != null),
    value,
    description: isShown ? `${description} (default: ${defaultValue})` : description,
  };
}
