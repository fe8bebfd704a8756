/** What keys mean on the phone in the browser (console/phone-keys.js). */
import { describe, expect, it } from 'vitest';

// Plain JavaScript for browsers: console/tsconfig.json checks its types.
const { decideKey, fitField, selectKeyRow } = await import(
  String(new URL('../../console/phone-keys.js', import.meta.url))
);

const key = (position: number) => ({ position, name: `key ${position}` });
const phone = (over: object) => ({ items: [], inputs: [], softKeys: [], text: '', ...over });
const at = (over: object) => ({ isField: false, field: 0, marked: 1, digits: '', phone: phone({}), ...over });

describe('soft keys', () => {
  it('stand in their places', () => {
    expect(selectKeyRow([key(1), key(3)], 4, 0)).toEqual([key(1), null, key(3), null]);
  });
  it('with more than there are places the last one turns to the next', () => {
    const keys = [1, 2, 3, 4, 5, 6].map(key);
    expect(selectKeyRow(keys, 4, 0)).toEqual([key(1), key(2), key(3), 'more']);
    expect(selectKeyRow(keys, 4, 1)).toEqual([key(4), key(5), key(6), 'more']);
    expect(selectKeyRow(keys, 4, 2)).toEqual(selectKeyRow(keys, 4, 0));
    expect(selectKeyRow(keys, 5, 1)).toEqual([key(5), key(6), null, null, 'more']);
  });
});

describe('keys of the keyboard', () => {
  it('digits choose in a menu, at once where no other item begins with them', () => {
    const of = (count: number) => at({ phone: phone({ items: Array.from({ length: count }, String) }) });
    expect(decideKey('2', of(3))).toEqual({ do: 'choose', number: 2 });
    expect(decideKey('4', of(3))).toBe(null);
    expect(decideKey('1', of(12))).toEqual({ do: 'digits', digits: '1' });
    expect(decideKey('2', { ...of(12), digits: '1' })).toEqual({ do: 'choose', number: 12 });
    expect(decideKey('Enter', { ...of(12), digits: '1' })).toEqual({ do: 'choose', number: 1 });
    expect(decideKey('Enter', { ...of(3), marked: 3 })).toEqual({ do: 'choose', number: 3 });
    expect(decideKey('ArrowDown', of(3))).toEqual({ do: 'mark', by: 1 });
  });
  it('digits are the soft keys of a text, else keys of the keypad', () => {
    const text = at({ phone: phone({ text: 'x', softKeys: [key(1)] }) });
    expect(decideKey('1', text)).toEqual({ do: 'soft', number: 1 });
    expect(decideKey('5', text)).toEqual({ do: 'keypad', name: 'KeyPad5' });
    expect(decideKey('#', text)).toEqual({ do: 'keypad', name: 'KeyPadPound' });
    expect(decideKey('ArrowUp', text)).toEqual({ do: 'scroll', by: -1 });
  });
  it('a form is typed in; Enter goes on, and sends after the last field', () => {
    const form = at({ isField: true, phone: phone({ inputs: [{}, {}], softKeys: [key(1)] }) });
    for (const typed of ['1', 'a', '#', 'Backspace', 'Tab']) expect(decideKey(typed, form)).toBe(null);
    expect(decideKey('Enter', form)).toEqual({ do: 'field', by: 1 });
    expect(decideKey('Enter', { ...form, field: 1 })).toEqual({ do: 'submit' });
    expect(decideKey('Escape', form)).toEqual({ do: 'exit' });
    expect(decideKey('F2', form)).toEqual({ do: 'soft', number: 2 });
  });
});

it('fields take what their kind allows', () => {
  expect(fitField('N', '20a01#')).toBe('2001');
  expect(fitField('T', '+49 711')).toBe('+49711');
  expect(fitField('U', 'abc')).toBe('ABC');
  expect(fitField('A', 'pä ss')).toBe('pä ss');
});
