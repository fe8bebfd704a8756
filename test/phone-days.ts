/** What a phone does in a capture, and what its user sees of it. */
import type { Phone } from '../src/simulators/phone/phone.ts';
import type { Screen } from '../src/simulators/phone/screen.ts';
import { DEVICE, type PushRig, type TestPhone } from './push-rig.ts';

export type Seen = Pick<Screen, 'object' | 'title' | 'prompt' | 'text' | 'status' | 'violations'> & {
  readonly keys: readonly string[];
  readonly items: readonly string[];
  readonly fields: readonly string[];
  readonly refresh: number | null;
};

/** What stands on the screen, with letters as x and digits as 0 as captures have them. */
export function look({ screen }: Phone): Seen {
  const mask = (text: string | null) =>
    text === null ? null : text.replace(/\p{L}/gu, (letter) => (letter < '\u0080' ? 'x' : 'ä')).replace(/\d/g, '0');
  const { object, title, prompt, text, status, violations, softKeys, items, inputs, refreshSeconds } = screen;
  return {
    ...{ object, status, violations, refresh: refreshSeconds },
    title: mask(title) as Screen['title'],
    prompt: mask(prompt) as Screen['prompt'],
    text: mask(text) as Screen['text'],
    keys: softKeys.map(({ position, name }) => `${position} ${name}`),
    items: items.map(({ name }) => mask(name) as string),
    fields: inputs.map(({ name, kind, masked }) => `${name} ${kind} ${masked}`),
  };
}

/** An agent of the simulated Finesse: signs in and takes a call. `call` has Finesse do so. */
export async function agentsDay({ phone, next }: TestPhone, proxy: string, call: () => void): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  const noted = async (done: Promise<unknown>) => {
    await done;
    seen.push(look(phone));
  };
  await noted(phone.open(`${proxy}/a/fippa/#DEVICENAME#`));
  phone.fill({ id: '1001', password: 'cisco', extension: '2001' });
  await noted(phone.submit());
  await noted(phone.press('Ready'));
  const pushed = next(({ softKeys }) => softKeys.some(({ name }) => name === 'CallData'));
  call();
  await noted(pushed);
  await noted(phone.press('CallData'));
  await noted(phone.press('Back'));
  return seen;
}

/** An agent who signs in and, by a reason, out again. */
export async function shortDay({ phone }: TestPhone, proxy: string): Promise<void> {
  await phone.open(`${proxy}/a/fippa/#DEVICENAME#`);
  phone.fill({ id: '1001', password: 'cisco', extension: '2001' });
  await phone.submit();
  await phone.press('SignOut');
  await phone.choose(1);
}

/** Signing in at the foreign server, its pages, a redirect. */
export async function foreignDay({ phone }: TestPhone, proxy: string): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  const noted = async (done: Promise<unknown>) => {
    await done;
    seen.push(look(phone));
  };
  await noted(phone.open(`${proxy}/a/fippa/#DEVICENAME#`));
  phone.fill({ userid: 'jm4711', userpin: '90817' });
  await noted(phone.submit());
  await noted(phone.choose(2));
  await noted(phone.press('Zurück'));
  return seen;
}

/** Long enough after the page that a replay, which keeps the gap, does not overtake a phone that is still reading it. */
const UNTIL_CALL_MS = 300;

/** Of the simulated Finesse behind the proxy. */
export function callFrom(rig: PushRig): () => void {
  return () => void setTimeout(() => rig.finesse[0]?.call(DEVICE, '07115550100'), UNTIL_CALL_MS);
}
