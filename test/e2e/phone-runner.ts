/** Starts the phone commands on their own, so that these tests need nothing else of the program. */

import { Command } from 'commander';
import { phoneCommand } from '../../src/simulators/phone/command.ts';
import { phonesCommand } from '../../src/simulators/phones/command.ts';

await new Command('runner').addCommand(phoneCommand()).addCommand(phonesCommand()).parseAsync();
