/** What an operator set at another proxy: who it was. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFacts } from '../../src/shared/replica.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createSharedSettings } from '../../src/store/shared-settings.ts';
import { createEventRecord } from '../event-record.ts';
import { createFakeClock } from '../fake-clock.ts';
import { expectKept, watchWrites, withNewer } from '../newer-fields.ts';

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

it('B824 B825 what a newer version says more of a setting, and of who set it, stays as long as the fact that it belongs to', () => {
  const setting = fc.record({
    admin: fc.constantFrom('ready' as const, 'drain' as const, 'maint' as const),
    reason: fc.constantFrom(null, 'x'),
    by: fc.record({ who: fc.constantFrom('ann', 'bob'), at: fc.constantFrom(1, 2) }),
  });
  let kept = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), setting), { maxLength: 20 }), (steps) => {
      const clock = createFakeClock();
      const facts = createFacts({ proxy: 'p1', clock });
      const services = [{ id: 'a', name: 'a', cluster: 'main', probeIntervalMs: 5000 }];
      const store = createServiceStore(services, { intervalMs: 5000, attempts: 3 }, clock);
      createSharedSettings({ facts, store, clock, report: createEventRecord(clock).report }).begin();
      const writes = watchWrites(facts, ['settings'], 'p1');
      let count = 0;
      for (const [isNewer, said] of steps) {
        const at = (facts.get('settings', 'a')?.at ?? clock.now() - 1000) + 1;
        const value = withNewer({ ...said, until: null }, () => {
          count += 1;
          return { more: count };
        });
        if (isNewer) facts.receive('settings', 'a', { at, proxy: 'p9', value });
        else store.setAdmin('a', { ...said, until: null });
      }
      for (const [before, after] of writes) expectKept(before, after, (path) => path.length === 0);
      kept += writes.length;
    }),
    { numRuns: 300 },
  );
  expect(kept).toBeGreaterThan(300);
});
