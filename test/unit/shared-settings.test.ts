/** What an operator set at another proxy: who it was. */
import { expect, it } from 'vitest';
import { createFacts } from '../../src/shared/replica.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createSharedSettings } from '../../src/store/shared-settings.ts';
import { createEventRecord } from '../event-record.ts';
import { createFakeClock } from '../fake-clock.ts';

it('B815 `ready` that was set at another proxy says who set it; where it was ready before it is no news', () => {
  const clock = createFakeClock();
  const facts = createFacts({ proxy: 'p1', clock });
  const services = [{ id: 'a', name: 'a', cluster: 'main', probeIntervalMs: 5000 }];
  const store = createServiceStore(services, { intervalMs: 5000, attempts: 3 }, clock);
  const { report, events } = createEventRecord(clock);
  createSharedSettings({ facts, store, clock, report }).begin();
  const hear = (admin: string, who: string, at: number) => {
    const value = { admin, reason: null, until: null, by: { who, at } };
    facts.receive('settings', 'a', { at, proxy: 'p2', value });
  };
  const now = clock.now();
  hear('ready', 'ann', now - 3000);
  hear('drain', 'ann', now - 2000);
  hear('ready', 'bob', now - 1000);
  const heard = events.flatMap((event) => (event.kind === 'setting-heard' ? [event.to] : []));
  expect(heard.map(({ admin, by }) => [admin, by?.who])).toEqual([
    ['drain', 'ann'],
    ['ready', 'bob'],
  ]);
});
