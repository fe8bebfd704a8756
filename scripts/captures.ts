/**
 * Makes test/captures anew: one of the simulated Finesse, one of a server that is nothing like it. Both are synthetic, and say so
 * themselves. Captures of real sites never go in here.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createCaptureRig } from '../test/capture-rig.ts';
import { startForeign } from '../test/foreign-phone-server.ts';
import { agentsDay, callFrom, foreignDay, shortDay } from '../test/phone-days.ts';
import { type PushRig, startPhone, startPushRig, type TestPhone } from '../test/push-rig.ts';

const folder = new URL('../test/captures/', import.meta.url);

async function make(
  name: string,
  how: string,
  urls: readonly string[],
  day: (phone: TestPhone, rig: PushRig) => Promise<unknown>,
  keepNames = false,
): Promise<void> {
  const captures = createCaptureRig();
  const phone = await startPhone();
  const rig = await startPushRig({ phonePort: phone.web.port, servers: 1, urls });
  const running = await captures.begin(rig.ops, { keepNames });
  await day(phone, rig);
  // Some probes more.
  await new Promise((resolve) => setTimeout(resolve, 3500));
  await running.end();
  const har = JSON.parse(readFileSync(running.file, 'utf8'));
  har.log.comment = `Synthetic: ${how}, made by node scripts/captures.ts. ${har.log.comment}`;
  writeFileSync(new URL(`${name}.har`, folder), `${JSON.stringify(har, null, 1)}\n`);
  await rig.stop();
  await phone.stop();
  captures.stop();
  rmSync(captures.folder, { recursive: true, force: true });
}

const foreign = await startForeign();
await make(
  'foreign-phone-xml',
  'test/foreign-phone-server.ts through the proxy',
  [foreign.url],
  (phone, rig) => foreignDay(phone, rig.phones),
  true,
);
await foreign.stop();
await make('simulated-finesse', 'the simulated Finesse through the proxy', [], async (phone, rig) => {
  await shortDay(phone, rig.phones);
  await agentsDay(phone, rig.phones, callFrom(rig));
});
