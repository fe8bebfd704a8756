import { expect, test } from 'vitest';
import { phoneCommand } from '../../src/simulators/phone/command.ts';
import { phonesCommand } from '../../src/simulators/phones/command.ts';

test.each([
  ['phone', phoneCommand],
  ['simulate phones', phonesCommand],
])('%s: a CA file that cannot be read is an error of --ca', async (_, create) => {
  let said = '';
  const command = create().exitOverride();
  command.configureOutput({
    writeErr: (text) => {
      said += text;
    },
  });
  const argv = ['http://127.0.0.1:1/a/fippa/', '--ca', 'nope.pem'];
  await expect(command.parseAsync(argv, { from: 'user' })).rejects.toMatchObject({ exitCode: 2 });
  expect(said).toMatch(/^error: --ca: .*nope\.pem/);
});
