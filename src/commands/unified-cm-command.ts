/** `unified-cm` on the command line. */

import { type Command, InvalidArgumentError } from 'commander';
import { PASSWORD_VARIABLE } from './axl-password.ts';
import type { Output } from './output.ts';
import { runUnifiedCm } from './unified-cm.ts';
import { runUnifiedCmAxl } from './unified-cm-axl.ts';
import { asksUnifiedCm, type UnifiedCmOptions } from './unified-cm-options.ts';

const HELP = `
Without --verify, --apply or --undo nothing is sent: it prints what to enter by hand.
The password comes from --password-file, from ${PASSWORD_VARIABLE}, or is asked for; never from an argument.

Exit codes: 0 no differences (or all taken back), 1 differences or a failure, 2 wrong options or configuration.

  ippa-proxy unified-cm --config ippa-proxy.yaml --verify --axl https://cucm.example.com:8443/axl/ --user axl-reader
  ippa-proxy unified-cm --config ippa-proxy.yaml --apply --axl cucm.example.com --user axl-writer --entry "main=Cisco Finesse"
  ippa-proxy unified-cm --config ippa-proxy.yaml --undo unified-cm-undo-….json --axl cucm.example.com --user axl-writer

docs/unified-cm.md says which rights the user needs, what is read and written, and what AXL cannot say.`;

export function addUnifiedCm(program: Command, output: Output, exit: (code: number) => void): void {
  program
    .command('unified-cm')
    .description('prints what to enter in Unified CM, or compares and enters it through AXL')
    .requiredOption('--config <file>', 'configuration file (YAML)')
    .option('--csv', 'print the phone services alone, as CSV')
    .option('--verify', 'compare Unified CM with the configuration; changes nothing')
    .option('--apply', 'show what would be changed, ask, change it, and keep how to take it back')
    .option('--undo <file>', 'take back what --apply changed')
    .option('--axl <url>', 'AXL of the publisher, for example https://cucm.example.com:8443/axl/')
    .option('--user <name>', 'user of Unified CM who may use AXL')
    .option('--password-file <file>', 'file with the password of that user')
    .option('--axl-ca <file>', 'PEM file of the CA (or self-signed certificate) of Unified CM')
    .option('--axl-fingerprint <sha256>', 'certificate of Unified CM to trust; may be repeated', collect)
    .option('--timeout <seconds>', 'limit for each answer of Unified CM', seconds, 30)
    .option('--entry <id[=name]>', 'a phone service that must be there, and its name; may be repeated', collect)
    .option('--parameters <names>', 'parameters for One Button Sign In: id,extension,password or some of them')
    .option(
      '--phones <list>',
      'phones to look at: names and patterns with *, by commas, or @FILE (default: the subscribed)',
    )
    .option('--update-subscriptions', 'with --apply: write the new Service URL into the subscriptions of --phones')
    .option('--subscribe', 'the phones of --phones must be subscribed; with --apply they are')
    .option('--push-user <name>', 'application user who pushes to the phones; may be repeated', collect)
    .option('--no-sql', 'do not read subscriptions by SQL; their secure URLs are then not compared')
    .option('--undo-file <file>', 'where --apply keeps what it changed (default: unified-cm-undo-TIME.json)')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (options: UnifiedCmOptions) =>
      exit(
        asksUnifiedCm(options)
          ? await runUnifiedCmAxl(options, output)
          : await runUnifiedCm(options.config, options, output),
      ),
    );
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function seconds(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new InvalidArgumentError('It is a number of seconds, 1 to 999.');
  return Number(text);
}
