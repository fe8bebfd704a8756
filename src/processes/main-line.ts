/** A process that serves phones, as it speaks with the one that there is one of: what it asks, reports and passes on. */

import type { Report } from '../domain/events.ts';
import type { SeenAddresses } from '../phones/handler.ts';
import type { DeviceRegistry } from '../store/devices.ts';
import type { Clock } from '../time/clock.ts';
import type { Channel } from './channel.ts';
import { eventWord, type PhonesWord, type Question } from './words.ts';

export interface MainLine {
  readonly report: Report;
  requestFailed(service: string): Promise<void>;
  confirm(service: string, withinMs: number): Promise<boolean>;
  /** Resolves when all others know what was noted of devices, or will not in time. */
  devicesTold(withinMs: number): Promise<void>;
  /** What was asked has its answer. */
  answered(id: number, yes: boolean): void;
  /** Where phones are; `devices` tell what is known already. */
  addresses(devices: Pick<DeviceRegistry, 'place'>): SeenAddresses;
}

/**
 * A process that hangs must not hold up the sign-ins with all others, for as long as nobody knows that it does. It takes less
 * than a millisecond on a machine that has nothing else to do.
 */
const TOLD_WITHIN_MS = 500;

export function createMainLine(channel: Channel<PhonesWord>, clock: Clock): MainLine {
  const asked = new Map<number, (yes: boolean) => void>();
  let lastId = 0;

  /** `limitMs`: then the answer is no. */
  const ask = (question: Question, limitMs: number | null): Promise<boolean> =>
    new Promise((resolve) => {
      lastId += 1;
      const id = lastId;
      const cancel = limitMs === null ? () => {} : clock.after(limitMs, () => settle(false));
      const settle = (yes: boolean) => {
        cancel();
        asked.delete(id);
        resolve(yes);
      };
      asked.set(id, settle);
      channel.say({ kind: 'ask', id, question }, 'now');
    });

  return {
    report: (event) => channel.say(eventWord(event), 'later'),
    // Whoever waits for it has a limit.
    requestFailed: async (service) => void (await ask({ what: 'request-failed', service }, null)),
    confirm: (service, withinMs) => ask({ what: 'confirm', service, withinMs }, withinMs),
    devicesTold: async (withinMs) =>
      void (await ask({ what: 'devices-told' }, Math.max(0, Math.min(withinMs, TOLD_WITHIN_MS)))),
    answered: (id, yes) => asked.get(id)?.(yes),
    addresses(devices) {
      const say = (of: 'request' | 'sign-in') => (device: string, address: string, origin: string) => {
        const place = devices.place(device);
        if (place?.address === address && place.origin === origin) return;
        // At once: Finesse may push before it answers.
        channel.say({ kind: 'address', of, device, address, origin }, 'now');
      };
      return { seen: say('request'), signedIn: say('sign-in') };
    },
  };
}
