/**
 * Where pushes for a phone in the browser arrive. A phone is found by its address, and no two share one; so each has a
 * loopback address of its own, from which its requests come too. That needs a proxy whose phones can only be on this machine,
 * as in the demonstration: of any other address of this machine it is known that no phone is there (domain/phone-address.ts).
 */

import type { Config } from '../config/config.ts';
import { isLoopbackOnly } from '../config/values.ts';
import type { Phone } from '../simulators/phone/phone.ts';
import { type PhoneWeb, type Push, startPhoneWeb } from '../simulators/phone/web-server.ts';
import type { NoPushes } from './phone-state.ts';

/** Linux has all of 127/8; elsewhere 127.0.0.1 alone answers, and the first phone gets it. */
const ADDRESSES = [...Array.from({ length: 64 }, (_, index) => `127.8.0.${index + 1}`), '127.0.0.1'];

export interface PushAddress {
  readonly address: string;
  readonly web: PhoneWeb;
}

/** Where phones are pushed to, or why nowhere here. Pure. */
export function decidePushPort(
  { phones, push }: Pick<Config, 'phones' | 'push'>,
  isInNetworks: (address: string) => boolean,
): { readonly port: number } | { readonly because: NoPushes } {
  if (push === null) return { because: 'off' };
  if (!isLoopbackOnly(phones.listeners)) return { because: 'not-loopback' };
  if (!isInNetworks(ADDRESSES[0] ?? '')) return { because: 'network' };
  return push.own !== null && push.own.scheme === 'https' ? { because: 'https' } : { port: push.phonePorts.http };
}

/** null: no address is to be had. `taken`: by other phones of this process. */
export async function takePushAddress(
  phone: () => Phone,
  port: number,
  taken: ReadonlySet<string>,
  onPush: (push: Push) => void,
): Promise<PushAddress | null> {
  for (const host of ADDRESSES) {
    if (taken.has(host)) continue;
    try {
      const web = await startPhoneWeb({
        ...{ host, port, authenticationUrl: null, fromPages: false, onPush },
        // It is made once its address is known.
        get phone() {
          return phone();
        },
      });
      return { address: host, web };
    } catch (error) {
      if (!['EADDRINUSE', 'EADDRNOTAVAIL'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    }
  }
  return null;
}
