/**
 * Names that stand for others within one capture: equal for what is equal, of the same shape, and made with a key that nobody
 * keeps, so that they lead nowhere. Secrets become markers, which keep length and equality and nothing else.
 */

import { createHmac, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';

export interface Pseudonyms {
  /** `SEP` and twelve hex digits stay that; any other name keeps its shape. */
  device(name: string): string;
  /** A host name or address, without its port. */
  host(name: string): string;
  /**
   * Digits for digits, letters for letters; what is known as something else is called by that name. `isName` (the default): it
   * is somebody's, and is looked for wherever else it may stand.
   */
  value(text: string, isName?: boolean): string;
  /** A password, cookie or token. */
  secret(text: string): string;
  isSecret(text: string): boolean;
  /** Whether it was made here, and so gives nothing away. */
  isMade(text: string): boolean;
  /** What must stand nowhere in the file, each with what stands in its place. Grows. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly names: ReadonlyMap<string, string>;
}

export interface PseudonymOptions {
  /** Names and addresses of hosts in URLs stay. */
  readonly keepNames: boolean;
  /** Thrown away with the capture. */
  readonly key?: Uint8Array;
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const HEX = '0123456789ABCDEF';
const TRIES = 100;
/** Of each kind; a capture is bounded, and so is what it knows. */
const MAX_KNOWN = 20_000;
const SEP = /^(SEP)([0-9A-F]{12})$/i;

export function createPseudonyms({ keepNames, key = randomBytes(32) }: PseudonymOptions): Pseudonyms {
  const known = new Map<string, string>();
  const made = new Set<string>();
  const secrets = new Map<string, string>();
  const names = new Map<string, string>();

  /** The first draw that stands for nothing else yet. With few values to draw from two may end up alike. */
  const draw = (kind: string, text: string, make: (pick: Picker) => string): string => {
    const id = `${kind} ${text}`;
    const found = known.get(id);
    if (found !== undefined) return found;
    let candidate = '';
    for (let attempt = 0; attempt < TRIES; attempt++) {
      candidate = make(createPicker(key, `${id} ${attempt}`));
      if (candidate !== text && !made.has(candidate) && !names.has(candidate) && !secrets.has(candidate)) break;
    }
    if (known.size < MAX_KNOWN) {
      known.set(id, candidate);
      made.add(candidate);
    }
    return candidate;
  };
  const named = (text: string, pseudonym: string): string => {
    if (text.length >= MIN_NAME && names.size < MAX_KNOWN) names.set(text, pseudonym);
    return pseudonym;
  };

  const device: Pseudonyms['device'] = (name) => {
    const [, , hex] = SEP.exec(name) ?? [];
    if (hex === undefined)
      return named(
        name,
        draw('device', name, (pick) => reshape(name, pick)),
      );
    const upper = hex.toUpperCase();
    const other = draw('mac', upper, (pick) => Array.from(upper, () => pick(HEX)).join(''));
    for (const [from, to] of spellMac(upper, other)) named(from, to);
    return `${name.slice(0, 3)}${hex === upper ? other : other.toLowerCase()}`;
  };

  const address = (text: string): string => {
    if (isIP(text) === 6) {
      const group = (pick: Picker) => Array.from({ length: 4 }, () => pick('0123456789abcdef')).join('');
      return named(
        text,
        draw('host', text.toLowerCase(), (pick) => `2001:db8::${group(pick)}:${group(pick)}`),
      );
    }
    return named(
      text,
      draw('host', text, (pick) => `${pick.of(DOCUMENTATION)}.${pick.below(254) + 1}`),
    );
  };

  /** Each label by itself and what stands behind it, so that hosts of one domain still have one. */
  const domain = (name: string): string => {
    const labels = name.toLowerCase().split('.');
    const masked = labels.map((_, at) => {
      if (at > 0 && at === labels.length - 1) return 'example';
      const suffix = labels.slice(at).join('.');
      const length = Math.max(4, labels[at]?.length ?? 0);
      return draw('label', suffix, (pick) => Array.from({ length }, () => pick(LOWER)).join(''));
    });
    return named(name, masked.join('.'));
  };

  const host: Pseudonyms['host'] = (name) => {
    const bare = name.replace(/^\[|\]$/g, '');
    if (bare === '' || keepNames) return name;
    if (isIP(bare) === 0) return domain(name);
    return name.startsWith('[') ? `[${address(bare)}]` : address(bare);
  };

  const secret: Pseudonyms['secret'] = (text) => {
    if (text === '') return text;
    const marker = draw('secret', text, (pick) => `Z${Array.from(text.slice(1), () => pick(UPPER + DIGITS)).join('')}`);
    if (secrets.size < MAX_KNOWN) secrets.set(text, marker);
    return marker;
  };

  return {
    ...{ device, host, secret, secrets, names },
    isSecret: (text) => secrets.has(text),
    isMade: (text) => made.has(text),
    value(text, isName = true) {
      if (text === '') return text;
      const marker = text.length < MIN_SECRET ? undefined : secrets.get(text);
      if (marker !== undefined) return marker;
      if (SEP.test(text) || known.has(`device ${text}`)) return device(text);
      if (isIP(text) !== 0) return address(text);
      const masked = names.get(text) ?? draw('value', text, (pick) => reshape(text, pick));
      return isName ? named(text, masked) : masked;
    },
  };
}

/**
 * Shorter secrets are masked where they stand and not looked for: a cookie may be `1`, and so may a page, which would have one
 * pseudonym before it and another behind it.
 */
export const MIN_SECRET = 3;
/** Shorter ones stand for too much else to be looked for. */
const MIN_NAME = 4;
const DOCUMENTATION = ['192.0.2', '198.51.100', '203.0.113'] as const;

interface Picker {
  /** A character of the alphabet. */
  (alphabet: string): string;
  readonly below: (limit: number) => number;
  readonly of: <T>(list: readonly T[]) => T;
}

/** Draws that are the same for the same text. */
function createPicker(key: Uint8Array, text: string): Picker {
  let block = createHmac('sha256', key).update(text).digest();
  let at = 0;
  const below = (limit: number): number => {
    if (at + 2 > block.length) {
      block = createHmac('sha256', key).update(block).digest();
      at = 0;
    }
    at += 2;
    return block.readUInt16BE(at - 2) % limit;
  };
  const pick = (alphabet: string) => alphabet[below(alphabet.length)] as string;
  return Object.assign(pick, { below, of: <T>(list: readonly T[]) => list[below(list.length)] as T });
}

function reshape(text: string, pick: Picker): string {
  return text.replace(/[\p{L}\p{M}\p{N}]/gu, (character) => {
    if (/[0-9]/.test(character)) return pick(DIGITS);
    if (/[A-Z]/.test(character)) return pick(UPPER);
    return /\p{N}/u.test(character) ? '0' : pick(LOWER);
  });
}

/** A MAC address in all the ways that devices and logs write it. */
function spellMac(from: string, to: string): readonly (readonly [string, string])[] {
  const pairs = (hex: string, by: string) => (hex.match(/../g) ?? []).join(by);
  const both = (spell: (hex: string) => string) => [spell(from), spell(to)] as const;
  const upper = [both((hex) => hex), both((hex) => pairs(hex, ':')), both((hex) => pairs(hex, '-'))];
  const dots = both((hex) => (hex.toLowerCase().match(/..../g) ?? []).join('.'));
  return [...upper, ...upper.map(([one, other]) => [one.toLowerCase(), other.toLowerCase()] as const), dots];
}
