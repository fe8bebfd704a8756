/**
 * Records of outages as registers: each head by its id, each device by `OUTAGE/DEVICE`. What was changed is told a moment later,
 * as it is by then, and in portions: between two of them phones are served.
 */

import { isDeepStrictEqual } from 'node:util';
import type { OutageDevice } from '../domain/outage.ts';
import type { OutageHead } from '../domain/outage-sides.ts';
import type { Json } from '../domain/register.ts';
import type { Facts } from '../shared/facts.ts';
import type { Clock } from '../time/clock.ts';
import { parseDevice, parseHead, renderDevice, renderHead } from './outage-lines.ts';

export interface SharedOutages {
  /** Something of the outage, or of one of its devices, is another. */
  changed(id: string, device?: string | null): void;
  /** What was kept of it, or of one of its devices, over a restart: as old as it is, so that it undoes nothing. */
  restore(id: string, device: string | null, at: number): void;
  /** It is part of another one. */
  merged(id: string, into: string): void;
  /** Tells at once what was changed of a device: before something is done that is to be done once. */
  tellNow(id: string, device: string): void;
  /** It is too old to be kept. */
  forget(id: string): void;
  forgetDevices(id: string, devices: Iterable<string>): void;
  /** What others have said of the devices of an outage so far. */
  devicesOf(id: string): Iterable<OutageDevice>;
  /** Hears what is known already, and what comes from now on. */
  begin(): void;
  stop(): void;
}

export interface SharedOutagesOptions {
  readonly facts: Facts;
  readonly clock: Clock;
  readonly head: (id: string) => OutageHead | null;
  readonly device: (id: string, device: string) => OutageDevice | null;
  readonly onHead: (head: OutageHead) => void;
  readonly onMerged: (id: string, into: string) => void;
  readonly onDevice: (id: string, device: OutageDevice) => void;
}

const AT_ONCE = 500;

type Kind = 'outages' | 'outage-devices';

export function createSharedOutages(options: SharedOutagesOptions): SharedOutages {
  const { facts, clock } = options;
  const changed = new Set<string>();
  let cancel: (() => void) | null = null;
  let isRunning = false;

  /** The same value is no news, and would only come back. */
  const set = (kind: Kind, field: string, value: Json) => {
    const known = facts.get(kind, field)?.value ?? null;
    if (!isDeepStrictEqual(known, value)) facts.set(kind, field, value);
  };
  const renderKey = (key: string): [Kind, Json] | null => {
    const [id = '', name = null] = key.split('/');
    const kind: Kind = name === null ? 'outages' : 'outage-devices';
    const before = facts.get(kind, key)?.value;
    if (name === null) {
      const head = options.head(id);
      return head === null ? null : [kind, renderHead(head, before)];
    }
    const found = options.device(id, name);
    return found === null ? null : [kind, renderDevice(found, before)];
  };
  const tell = (key: string) => {
    const found = renderKey(key);
    if (found !== null) set(found[0], key, found[1]);
  };
  const arm = () => {
    if (cancel !== null || !isRunning || changed.size === 0) return;
    cancel = clock.after(0, () => {
      cancel = null;
      let left = AT_ONCE;
      for (const key of changed) {
        changed.delete(key);
        tell(key);
        left -= 1;
        if (left === 0) break;
      }
      arm();
    });
  };

  const hear = (field: string, value: Json) => {
    const found = parseHead(field, value);
    if (found === null) return;
    if ('into' in found) options.onMerged(field, found.into);
    else options.onHead(found);
  };
  facts.subscribe('outages', (field, { value }, origin) => {
    if (isRunning && origin === 'elsewhere') hear(field, value);
  });
  const hearDevice = (field: string, value: Json) => {
    const [id = '', name = ''] = field.split('/');
    const device = parseDevice(name, value);
    if (device !== null) options.onDevice(id, device);
  };
  facts.subscribe('outage-devices', (field, { value }, origin) => {
    if (isRunning && origin === 'elsewhere') hearDevice(field, value);
  });

  return {
    changed(id, device = null) {
      changed.add(keyOf(id, device));
      arm();
    },
    restore(id, device, at) {
      const key = keyOf(id, device);
      const found = renderKey(key);
      if (found === null) return;
      facts.receive(found[0], key, { at: Math.max(1, Math.round(at)), proxy: facts.proxy, value: found[1] });
    },
    merged(id, into) {
      changed.delete(id);
      set('outages', id, { into });
    },
    tellNow(id, device) {
      const key = keyOf(id, device);
      changed.delete(key);
      tell(key);
    },
    forget(id) {
      changed.delete(id);
      set('outages', id, null);
    },
    forgetDevices(id, devices) {
      for (const device of devices) set('outage-devices', `${id}/${device}`, null);
    },
    *devicesOf(id) {
      for (const [field, { value }] of facts.entries('outage-devices')) {
        if (!field.startsWith(`${id}/`)) continue;
        const device = parseDevice(field.slice(id.length + 1), value);
        if (device !== null) yield device;
      }
    },
    begin() {
      isRunning = true;
      for (const [field, { value }] of [...facts.entries('outages')]) hear(field, value);
      // Those of records that are new here have come with them; of records that this proxy had kept they may have changed.
      for (const [field, { value }] of [...facts.entries('outage-devices')]) hearDevice(field, value);
      arm();
    },
    stop() {
      isRunning = false;
      cancel?.();
    },
  };
}

function keyOf(id: string, device: string | null): string {
  return device === null ? id : `${id}/${device}`;
}
