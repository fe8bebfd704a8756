import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { type Key, listenForKeys } from '../../src/simulators/phone/keyboard.ts';

function listen() {
  const input = new PassThrough();
  const keys: Key[] = [];
  const stop = listenForKeys(input, (key) => keys.push(key));
  return { input, keys, stop };
}

it.each<[string, Key[]]>([
  ['\u001b[A\u001bOB\u001b[5~\u001b[6~', ['Up', 'Down', 'PageUp', 'PageDown']],
  ['\r\n\t\u001b[Z', ['Enter', 'Enter', 'Tab', 'BackTab']],
  ['\u001bOP\u001b[12~\u001b[[C\u001bOS', ['F1', 'F2', 'F3', 'F4']],
  ['\u007f\b', ['Backspace', 'Backspace']],
  ['\u0003\u0004', ['CtrlC', 'CtrlC']],
  ['aB1 #ü漢😀', [...'aB1 #ü漢😀'].map((text) => ({ text }))],
  // What a phone has no use for.
  ['\u001b[C\u001b[15~\u0001\u001bq', []],
])('%j', async (bytes, wanted) => {
  const { input, keys } = listen();
  input.write(`${bytes}.`);
  await expect.poll(() => keys.at(-1)).toEqual({ text: '.' });
  expect(keys.slice(0, -1)).toEqual(wanted);
});

it('a lone escape is a key, though nothing follows it', async () => {
  const { input, keys } = listen();
  input.write('\u001b');
  await expect.poll(() => keys).toEqual(['Escape']);
});

it('says nothing any more once it was ended', async () => {
  const { input, keys, stop } = listen();
  stop();
  const passed = new Promise((resolve) => input.once('data', resolve));
  input.write('x');
  await passed;
  expect(keys).toEqual([]);
});
