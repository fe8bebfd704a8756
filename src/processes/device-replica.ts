/**
 * The devices as one process that serves phones knows them. What it notes goes to the process that there is one of, which puts
 * the notes of all in an order and tells the others; all end with what was last in that order.
 */

import type { DeviceFields, DeviceRegistry, KnownDevice } from '../store/devices.ts';
import type { Channel } from './channel.ts';
import type { PhonesWord } from './words.ts';

/** What changes together. */
const PARTS = {
  signIn: ['service', 'since', 'from', 'model', 'left', 'chosen'],
  view: ['looking', 'lastKey', 'offer', 'noticed'],
  prefill: ['prefill'],
} as const satisfies Record<string, readonly (keyof KnownDevice)[]>;
type Part = keyof typeof PARTS;

export interface DeviceReplica {
  /** What the handler of phones uses. */
  readonly devices: DeviceRegistry;
  /** Another process has noted something; null: the device is forgotten. */
  noted(name: string, fields: DeviceFields | null): void;
  /** All that left in messages up to this one is in the order. */
  heard(message: number): void;
}

export function createDeviceReplica(own: DeviceRegistry, channel: Channel<PhonesWord>): DeviceReplica {
  /** By part and name: the message with which what was noted here left, or leaves. The oldest first. */
  const unheard = new Map<string, number>();
  const keyOf = (part: Part, name: string) => `${part} ${name}`;

  const note = (name: string, part: Part) => {
    const key = keyOf(part, name);
    const message = channel.next();
    // It has a place in the message that is about to leave, and is read when it does.
    if (unheard.get(key) === message) return;
    unheard.delete(key);
    unheard.set(key, message);
    channel.say(() => ({ kind: 'device', name, fields: fieldsOf(own.get(name), part) }), 'soon');
  };

  /** Calls what may change some part of a device, and notes what has. */
  const noting = <Result>(name: string, parts: readonly Part[], change: () => Result): Result => {
    const before = parts.map((part) => valuesOf(own.get(name), part));
    const result = change();
    for (const [index, part] of parts.entries()) {
      const after = own.get(name);
      if (PARTS[part].some((field, at) => (after?.[field] ?? null) !== before[index]?.[at])) note(name, part);
    }
    return result;
  };

  const devices: DeviceRegistry = {
    ...own,
    prefilled: (name, ...rest) => noting(name, ['prefill'], () => own.prefilled(name, ...rest)),
    // Nearly every page changes nothing of this, and each comes by here.
    relayed(name, ...rest) {
      const before = own.get(name);
      if (before === null) return noting(name, ['signIn', 'view'], () => own.relayed(name, ...rest));
      const { service, left, chosen, looking } = before;
      const change = own.relayed(name, ...rest);
      if (before.service !== service || before.left !== left || before.chosen !== chosen) note(name, 'signIn');
      if (before.looking !== looking) note(name, 'view');
      return change;
    },
    signedInFrom: (name, ...rest) => noting(name, ['signIn'], () => own.signedInFrom(name, ...rest)),
    looksAt: (name, ...rest) => noting(name, ['view'], () => own.looksAt(name, ...rest)),
    offer: (name, ...rest) => noting(name, ['view'], () => own.offer(name, ...rest)),
    choose: (name, ...rest) => noting(name, ['signIn', 'view'], () => own.choose(name, ...rest)),
    notice: (name, ...rest) => noting(name, ['view'], () => own.notice(name, ...rest)),
  };

  return {
    devices,
    noted(name, fields) {
      if (fields === null) return own.drop(name);
      own.update(
        name,
        withoutUnheard(fields, (part) => unheard.has(keyOf(part, name))),
      );
    },
    heard(message) {
      for (const [key, left] of unheard) {
        if (left > message) return;
        unheard.delete(key);
      }
    },
  };
}

function valuesOf(device: KnownDevice | null, part: Part): readonly unknown[] {
  return PARTS[part].map((field) => device?.[field] ?? null);
}

function fieldsOf(device: KnownDevice | null, part: Part): DeviceFields {
  // Forgotten meanwhile: it is as if nothing had been noted.
  if (device === null) return {};
  return { seenAt: device.seenAt, ...Object.fromEntries(PARTS[part].map((field) => [field, device[field]])) };
}

/** What was noted here and is not in the order yet will come after what is told now. */
function withoutUnheard(fields: DeviceFields, isUnheard: (part: Part) => boolean): DeviceFields {
  const stays = Object.entries(PARTS).filter(([part]) => isUnheard(part as Part));
  if (stays.length === 0) return fields;
  const names = new Set<string>(stays.flatMap(([, names]) => names));
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !names.has(field)));
}
