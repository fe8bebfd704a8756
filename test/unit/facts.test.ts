/** Registers and replicas: whatever is lost, doubled or swapped on the way, after a re-read all say the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNewer, type Register } from '../../src/domain/register.ts';
import { FACT_KINDS, type FactKind } from '../../src/shared/facts.ts';
import { createFacts, type Replica } from '../../src/shared/replica.ts';
import { createFactHub } from '../fact-hub.ts';
import { createFakeClock, START } from '../fake-clock.ts';

const DAY = 86_400_000;

function content(facts: Replica): Record<string, Register> {
  const all = FACT_KINDS.flatMap((kind) => [...facts.entries(kind)].map(([field, one]) => [`${kind} ${field}`, one]));
  return Object.fromEntries(all.sort(([one], [other]) => (String(one) < String(other) ? -1 : 1)));
}

describe('a register', () => {
  const register = fc.record({
    at: fc.integer({ min: 1, max: 3 }),
    proxy: fc.constantFrom('p1', 'p2'),
    value: fc.constantFrom<Register['value']>(null, 1, 'x', { a: 1 }, { a: 2 }),
  });

  it('is newer than another, or the other is, or they are the same: whoever merges in whatever order ends with one', () => {
    fc.assert(
      fc.property(fc.array(register, { minLength: 1, maxLength: 6 }), fc.integer(), (all, seed) => {
        const merge = (list: readonly Register[]) =>
          list.reduce<Register | null>((known, one) => (isNewer(one, known) ? one : known), null);
        const swapped = [...all, ...all].sort((one, other) => ((one.at * 7 + seed) % 5) - ((other.at * 7 + seed) % 5));
        expect(merge(swapped)).toEqual(merge(all));
        expect(merge(all.toReversed())).toEqual(merge(all));
      }),
    );
  });
});

describe('a replica', () => {
  it('sets what is newer than all that is known of the fact, whatever its clock says', async () => {
    const clock = createFakeClock();
    const facts = createFacts({ proxy: 'p1', clock });
    const first = facts.set('devices', 'SEP1', { service: 'a' });
    expect(first).toEqual({ at: START, proxy: 'p1', value: { service: 'a' } });
    expect(facts.set('devices', 'SEP1', { service: 'b' }).at).toBe(START + 1);
    facts.receive('devices', 'SEP1', { at: START + 500, proxy: 'p2', value: null });
    expect(facts.set('devices', 'SEP1', { service: 'c' }).at).toBe(START + 501);
    clock.set(-3_600_000);
    expect(facts.set('devices', 'SEP1', { service: 'd' }).at).toBe(START + 502);
  });

  it('counts on the clock of the store by the time that passes: nobody sets that', async () => {
    const clock = createFakeClock();
    const facts = createFacts({ proxy: 'p1', clock });
    facts.heardTime(START + 250);
    clock.set(-DAY);
    await clock.advance(1000);
    expect(facts.now()).toBe(START + 1250);
  });

  it('takes back stamps of a clock that was ahead, once it hears the time of the store', () => {
    const clock = createFakeClock();
    clock.set(3_600_000);
    const facts = createFacts({ proxy: 'p1', clock });
    const sent: Register[] = [];
    facts.link({ send: (_kind, _field, register) => void sent.push(register) });
    facts.set('settings', 'a', 'maint');
    facts.heardTime(START);
    expect(facts.get('settings', 'a')).toEqual({ at: START, proxy: 'p1', value: 'maint' });
    expect(sent.at(-1)?.at).toBe(START);
    // And those that it sets from now on are not ahead either.
    expect(facts.set('settings', 'b', 'drain').at).toBe(START);
  });

  it('does not run ahead of the clock by setting many facts at once', () => {
    const facts = createFacts({ proxy: 'p1', clock: createFakeClock() });
    for (let index = 0; index < 5000; index += 1) facts.set('devices', `SEP${index}`, index);
    expect(facts.get('devices', 'SEP4999')?.at).toBe(START);
  });

  it('keeps deletions for a day and what has a time to live for that long, and takes no such thing from others either', async () => {
    const clock = createFakeClock();
    const facts = createFacts({ proxy: 'p1', clock, keepForMs: (kind) => (kind === 'devices' ? 2 * DAY : null) });
    facts.set('devices', 'SEP1', { service: 'a' });
    const old = facts.set('settings', 'a', null);
    facts.set('settings', 'b', 'maint');
    await clock.advance(DAY + 10);
    facts.prune();
    expect(Object.keys(content(facts))).toEqual(['devices SEP1', 'settings b']);
    expect(facts.receive('settings', 'a', old)).toBe(false);
    await clock.advance(DAY);
    facts.prune();
    expect(Object.keys(content(facts))).toEqual(['settings b']);
  });

  it('tells listeners of one change after the other, also when one of them sets something or throws', () => {
    const faults: unknown[] = [];
    const facts = createFacts({ proxy: 'p1', clock: createFakeClock(), onFault: (error) => faults.push(error) });
    const heard: string[] = [];
    facts.subscribe('devices', (field, { value }, origin) => {
      if (value === 1) facts.set('devices', field, 2);
      if (origin === 'elsewhere') throw new Error('no');
    });
    facts.subscribe('devices', (field, { value }, origin) => heard.push(`${field} ${value} ${origin}`));
    facts.receive('devices', 'SEP1', { at: START + 9, proxy: 'p2', value: 1 });
    expect(heard).toEqual(['SEP1 1 elsewhere', 'SEP1 2 here']);
    expect(faults).toHaveLength(1);
  });

  it('passes on what came by one link to all others, and not back', () => {
    const facts = createFacts({ proxy: 'p1', clock: createFakeClock() });
    const sent: string[] = [];
    const [one, other] = ['one', 'other'].map((name) => ({ send: () => void sent.push(name) }));
    for (const link of [one, other]) if (link !== undefined) facts.link(link);
    facts.receive('devices', 'SEP1', { at: START, proxy: 'p2', value: 1 }, one);
    expect(sent).toEqual(['other']);
  });

  it('gives a thing to be done once to the first who asks, in one proxy and among several', async () => {
    const clock = createFakeClock();
    const hub = createFactHub(clock);
    const [one, two] = [createFacts({ proxy: 'p1', clock }), createFacts({ proxy: 'p2', clock })];
    expect([await one.claim('summary', 5000), await one.claim('summary', 5000)]).toEqual(['ours', 'theirs']);
    hub.join(one);
    hub.join(two);
    expect(await two.claim('push', 5000)).toBe('ours');
    expect(await one.claim('push', 5000)).toBe('theirs');
    hub.cut('p2');
    expect(await two.claim('other', 5000)).toBe('unknown');
    await clock.advance(5001);
    expect(await one.claim('push', 5000)).toBe('ours');
  });

  it('gives a task to another one when who had it has not said in time that it is done, and to nobody once it is', async () => {
    const clock = createFakeClock();
    const hub = createFactHub(clock);
    const [one, two] = [createFacts({ proxy: 'p1', clock }), createFacts({ proxy: 'p2', clock })];
    hub.join(one);
    hub.join(two);
    expect([await one.claimTask('t', 5000), await two.claimTask('t', 5000)]).toEqual(['ours', 'theirs']);
    await clock.advance(5001);
    expect([await two.claimTask('t', 5000), await one.claimTask('t', 5000)]).toEqual(['ours', 'theirs']);
    two.finishTask('t', 60_000);
    await clock.advance(5001);
    expect([await one.claimTask('t', 5000), await two.claimTask('t', 5000)]).toEqual(['done', 'done']);
    // Who asks for a thing that is done once hears of nobody who could do it again.
    expect(await two.claim('t', 5000)).toBe('theirs');
    await clock.advance(60_000);
    expect(await one.claimTask('t', 5000)).toBe('ours');
  });
});

describe('several replicas', () => {
  const PROXIES = ['p1', 'p2', 'p3'] as const;
  const proxy = fc.constantFrom(...PROXIES);
  const kind = fc.constantFrom<FactKind>('devices', 'settings');
  const field = fc.constantFrom('x', 'y');
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant('set'), proxy, kind, field, fc.option(fc.integer())) },
    { weight: 4, arbitrary: fc.tuple(fc.constant('deliver'), fc.nat(40)) },
    fc.tuple(fc.constant('lose'), fc.nat(40)),
    fc.tuple(fc.constant('double'), fc.nat(40)),
    fc.tuple(fc.constant('cut'), proxy),
    fc.tuple(fc.constant('heal'), proxy),
    fc.tuple(fc.constant('wait'), fc.nat(5000)),
    fc.tuple(fc.constant('clock'), proxy, fc.integer({ min: -100_000, max: 100_000 })),
  );

  it('say the same after any interleaving, doubling and loss that ends in a re-read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clocks = new Map(PROXIES.map((name) => [name as string, createFakeClock()]));
        const hub = createFactHub({ passed: () => 0 });
        const all = PROXIES.map((name) => {
          return createFacts({ proxy: name, clock: clocks.get(name) ?? createFakeClock() });
        });
        for (const facts of all) hub.join(facts);
        hub.hold();
        for (const [what, ...rest] of steps as unknown as [string, ...never[]][]) {
          const [first, second, third, value] = rest as unknown as [string, FactKind, string, number | null];
          if (what === 'set') all.find((facts) => facts.proxy === first)?.set(second, third, value);
          else if (what === 'deliver') hub.deliver(Number(first) % Math.max(1, hub.messages.length));
          else if (what === 'lose') hub.messages.splice(Number(first), 1);
          else if (what === 'double') hub.messages.push(...hub.messages.slice(Number(first), Number(first) + 1));
          else if (what === 'cut') hub.cut(first);
          else if (what === 'heal') hub.heal(first);
          else if (what === 'wait') for (const clock of clocks.values()) await clock.advance(Number(first));
          else clocks.get(first)?.set(Number(second));
        }
        for (const name of PROXIES) hub.heal(name);
        hub.hold(false);
        const [one, ...others] = all.map(content);
        for (const other of others) expect(other).toEqual(one);
      }),
      { numRuns: 300 },
    );
  });

  it('never let what is old undo what was set by somebody who knew of it', async () => {
    const [slow, fast] = [createFakeClock(), createFakeClock()];
    slow.set(-60_000);
    const hub = createFactHub(slow);
    const [one, two] = [createFacts({ proxy: 'p1', clock: fast }), createFacts({ proxy: 'p2', clock: slow })];
    hub.join(one);
    hub.join(two);
    one.set('devices', 'SEP1', 'at a');
    two.set('devices', 'SEP1', 'at b');
    expect(one.get('devices', 'SEP1')?.value).toBe('at b');
    hub.cut('p1');
    two.set('devices', 'SEP1', 'at c');
    hub.heal('p1');
    expect([one, two].map((facts) => facts.get('devices', 'SEP1')?.value)).toEqual(['at c', 'at c']);
  });

  it('B821 whatever is set last counts, also of proxies that are cut off, however often the clock of the store goes back', async () => {
    const who = fc.constantFrom(...PROXIES);
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(fc.constant('set'), who, fc.integer()) },
      fc.tuple(fc.constant('cut'), who, fc.constant(0)),
      fc.tuple(fc.constant('heal'), who, fc.constant(0)),
      fc.tuple(fc.constant('fail over'), who, fc.integer({ min: 2000, max: 90_000 })),
      fc.tuple(fc.constant('hear the time'), who, fc.constant(0)),
      fc.tuple(fc.constant('wait'), who, fc.nat(5000)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = createFakeClock();
        const hub = createFactHub(clock);
        const all = PROXIES.map((name) => createFacts({ proxy: name, clock }));
        let behindMs = 0;
        for (const facts of all) {
          hub.join(facts);
          facts.heardTime(clock.now());
        }
        let last: number | null = null;
        for (const [what, name, number] of steps) {
          const facts = all.find(({ proxy: id }) => id === name) as Replica;
          await clock.advance(1);
          if (what === 'cut') hub.cut(name);
          else if (what === 'heal') hub.heal(name);
          else if (what === 'wait') await clock.advance(number);
          else if (what === 'fail over') behindMs += number;
          else if (what === 'hear the time') facts.heardTime(clock.now() - behindMs);
          else {
            // They are apart by what each has eased off by itself.
            await clock.advance(2000);
            last = facts.set('devices', 'SEP1', number).value as number;
          }
        }
        for (const name of PROXIES) hub.heal(name);
        for (const facts of all) expect(facts.get('devices', 'SEP1')?.value ?? null).toBe(last);
      }),
      { numRuns: 300 },
    );
  });

  it('B822 a proxy that starts with a store whose clock is behind has the time of those that wrote to it', () => {
    const clock = createFakeClock();
    const facts = createFacts({ proxy: 'p1', clock });
    facts.heardTime(START - 90_000, START);
    expect(facts.now()).toBe(START);
    // Once that clock has come as far it counts again.
    facts.heardTime(START + 50, START);
    expect(facts.now()).toBe(START + 50);
    facts.heardTime(START - 300, START);
    expect(facts.now()).toBe(START - 300);
  });

  it('B822 comes down to the clock of the store in 75 minutes, and no second is set back', async () => {
    const clock = createFakeClock();
    const facts = createFacts({ proxy: 'p1', clock });
    facts.heardTime(clock.now());
    const { at } = facts.set('settings', 'a', 'maint');
    for (let second = 0, before = facts.now(); second < 76 * 60; second += 1, before = facts.now()) {
      await clock.advance(1000);
      facts.heardTime(clock.now() - 90_000);
      expect(facts.now()).toBeGreaterThan(before - 1000);
    }
    expect(facts.now()).toBe(clock.now() - 90_000);
    expect(facts.get('settings', 'a')?.at).toBe(at);
  });

  it('B823 a clock that was ahead by more than two hours was wrong: what it set is brought back', () => {
    const clock = createFakeClock();
    const facts = createFacts({ proxy: 'p1', clock });
    facts.heardTime(START + 3 * DAY);
    facts.set('settings', 'a', 'maint');
    facts.heardTime(START, START + 3 * DAY);
    expect(facts.now()).toBe(START);
    expect(facts.get('settings', 'a')?.at).toBe(START);
  });
});
