/** Phones in the browser without a proxy: nothing listens where they ask. */

import type { Config } from '../../src/config/config.ts';
import {
  type ConsolePhonesOptions,
  createConsolePhones,
  type PhoneHolder,
} from '../../src/console-phones/console-phones.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { createFakeClock } from '../fake-clock.ts';

export function unboundPhones(bounds: NonNullable<ConsolePhonesOptions['bounds']> = {}, clock = createFakeClock()) {
  const events: ProxyEvent[] = [];
  const settings = { isOn: true, phone: true };
  const service = { id: 'a', name: 'Finesse A' };
  const config = () =>
    ({
      phones: { listeners: [], networks: [] },
      push: null,
      ops: { phone: settings.phone },
      clusters: [{ id: 'main', frontDoor: true, services: [service] }],
    }) as unknown as Config;
  const phones = createConsolePhones({
    ...{ config, clock, bounds },
    listeners: () => [
      { config: { host: '', publicUrl: null, tls: null, service: null }, address: { address: '127.0.0.1', port: 1 } },
    ],
    forget: () => {},
    report: (event) => events.push(event),
  });
  const begin = (operator: string) => {
    const holder: PhoneHolder = {
      ...{ session: `session of ${operator}`, operator, address: null },
      isOn: () => settings.isOn,
    };
    return phones.begin(holder, { model: 'CP-8845', entry: '0/fippa', language: 'en' });
  };
  return { phones, begin, events, set: (next: Partial<typeof settings>) => Object.assign(settings, next) };
}
