/** What keys mean on the phone in the browser. Pure. */

/** @typedef {import('./phone-types.d.ts').PhoneState} PhoneState */
/** @typedef {import('./phone-types.d.ts').SoftKey} SoftKey */

/**
 * @typedef {{ do: 'soft', number: number } | { do: 'choose', number: number } | { do: 'digits', digits: string }
 *   | { do: 'keypad', name: string } | { do: 'mark' | 'scroll' | 'field', by: number } | { do: 'submit' | 'exit' | 'more' }} KeyAction
 */

/**
 * The soft keys in their places; with more of them than places the last one is More.
 * @param {readonly SoftKey[]} keys
 * @param {number} places
 * @param {number} turn how often More was pressed
 * @returns {readonly (SoftKey | 'more' | null)[]}
 */
export function selectKeyRow(keys, places, turn) {
  const last = Math.max(0, ...keys.map(({ position }) => position));
  const at = (/** @type {number} */ position) => keys.find((key) => key.position === position) ?? null;
  if (last <= places) return Array.from({ length: places }, (_, index) => at(index + 1));
  const each = places - 1;
  const first = (turn % Math.ceil(last / each)) * each;
  return [...Array.from({ length: each }, (_, index) => at(first + index + 1)), 'more'];
}

/**
 * A digit chooses at once when no other item begins with it; else it waits for another one, or Enter.
 * @param {string} digits those before it
 * @param {string} digit
 * @param {number} count of the items
 * @returns {KeyAction | null}
 */
export function decideDigit(digits, digit, count) {
  const joined = Number(digits + digit) <= count ? digits + digit : digit;
  const number = Number(joined);
  if (number === 0 || number > count) return null;
  return number * 10 > count ? { do: 'choose', number } : { do: 'digits', digits: joined };
}

/**
 * What a key of the keyboard does; null: nothing of the phone's. In a form it types; in a menu digits choose; on other pages
 * digits are the soft keys, as far as the page has no URL for that key itself.
 * @param {string} key as KeyboardEvent names it
 * @param {{ phone: PhoneState, isField: boolean, field: number, marked: number, digits: string }} at
 * @returns {KeyAction | null}
 */
export function decideKey(key, { phone, isField, field, marked, digits }) {
  if (key === 'Escape') return { do: 'exit' };
  if (/^F[1-4]$/.test(key)) return { do: 'soft', number: Number(key[1]) };
  const fields = phone.inputs.length;
  const items = phone.items.length;
  const by = key === 'ArrowUp' ? -1 : key === 'ArrowDown' ? 1 : 0;
  if (fields > 0) {
    if (by !== 0) return { do: 'field', by };
    if (key === 'Enter' && isField) return field < fields - 1 ? { do: 'field', by: 1 } : { do: 'submit' };
    return null;
  }
  if (by !== 0) return { do: items > 0 ? 'mark' : 'scroll', by };
  if (items > 0 && key === 'Enter') return { do: 'choose', number: Number(digits) || marked };
  if (!/^[0-9*#]$/.test(key)) return null;
  if (items > 0 && key !== '*' && key !== '#') return decideDigit(digits, key, items);
  return /^[1-9]$/.test(key) && phone.softKeys.some(({ position }) => position === Number(key))
    ? { do: 'soft', number: Number(key) }
    : { do: 'keypad', name: keypadName(key) };
}

/** As pages name them. @param {string} key */
export function keypadName(key) {
  return `KeyPad${key === '*' ? 'Star' : key === '#' ? 'Pound' : key}`;
}

/** What a field of this kind takes. @param {string} kind @param {string} text */
export function fitField(kind, text) {
  if (kind === 'N') return text.replaceAll(/[^0-9]/g, '');
  if (kind === 'T') return text.replaceAll(/[^0-9*#+,]/g, '');
  if (kind === 'E') return text.replaceAll(/[^0-9+\-*/().=]/g, '');
  if (kind === 'U') return text.toUpperCase();
  return kind === 'L' ? text.toLowerCase() : text;
}
