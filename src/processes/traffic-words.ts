/** What passed in a process that serves phones, on its way to the capture, which is in the other one. */

import type { Passed, Tap, Watched } from '../domain/tap.ts';
import type { Clock } from '../time/clock.ts';
import type { Channel } from './channel.ts';
import type { PhonesWord, TrafficWord } from './words.ts';

/** Of one capture and process: as many as the capture takes itself. */
const MAX_TOLD = 5000;

export interface PhonesTap {
  readonly tap: Tap;
  /** Other devices are captured from now on; none: nothing is. */
  capture(devices: readonly string[]): void;
}

export function createPhonesTap(channel: Pick<Channel<PhonesWord>, 'say'>, clock: Clock): PhonesTap {
  let captured: ReadonlySet<string> | null = null;
  let exchanges = 0;
  let told = 0;
  const watch = (device: string): Watched => {
    exchanges += 1;
    const exchange = exchanges;
    return {
      now: () => clock.now(),
      passed(what) {
        told += 1;
        if (told > MAX_TOLD) return;
        channel.say({ kind: 'traffic', exchange, device, endedAt: clock.now(), passed: wordOf(what) }, 'soon');
      },
    };
  };
  return {
    tap: {
      isOn: () => captured !== null,
      device: (name) => (captured?.has(name) === true ? watch(name) : null),
      push: () => null,
      service: () => null,
    },
    capture(devices) {
      captured = devices.length === 0 ? null : new Set(devices);
      told = 0;
    },
  };
}

function wordOf({ answer, body, ...rest }: Passed): TrafficWord['passed'] {
  return {
    ...rest,
    body: body === null ? null : base64(body),
    answer: answer === null ? null : { ...answer, body: base64(answer.body) },
  };
}

export function passedOf({ answer, body, ...rest }: TrafficWord['passed']): Passed {
  return {
    ...rest,
    body: body === null ? null : Buffer.from(body, 'base64'),
    answer: answer === null ? null : { ...answer, body: Buffer.from(answer.body, 'base64') },
  };
}

function base64(body: Uint8Array | string): string {
  return (typeof body === 'string' ? Buffer.from(body, 'latin1') : Buffer.from(body)).toString('base64');
}
