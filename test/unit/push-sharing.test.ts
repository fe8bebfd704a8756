/** Phones of several proxies are told once, whichever of them does it. */

import { describe, expect, it } from 'vitest';
import type { OwnPushConfig } from '../../src/config/config.ts';
import { createAnnouncer } from '../../src/push/announcer.ts';
import type { PhonePush } from '../../src/push/phone-client.ts';
import { createPushSharing } from '../../src/push/push-sharing.ts';
import { createFacts } from '../../src/shared/replica.ts';
import { createDeviceRegistry } from '../../src/store/devices.ts';
import { createEventRecord } from '../event-record.ts';
import { createFactHub } from '../fact-hub.ts';
import { createFakeClock } from '../fake-clock.ts';

const CONFIG: OwnPushConfig = {
  ...{ username: 'user', password: 'canary', onVerdict: true, onRecovery: true, atFirstFailure: false },
  ...{ priority: 1, scheme: 'https', concurrent: 1, perSecond: 10 },
};
const NAMES = ['one', 'two'];

/** Two proxies; phones with an even number used the first one last, the others the second. */
function setUp(phones = 6, config: OwnPushConfig = CONFIG) {
  const clock = createFakeClock();
  const hub = createFactHub(clock);
  const pushed: { by: string; device: string; origin: string }[] = [];
  const notes = new Set<string>();
  const alive = new Set(NAMES);
  const proxies = NAMES.map((name, index) => {
    const facts = createFacts({ proxy: name, clock });
    hub.join(facts);
    const devices = createDeviceRegistry();
    for (let phone = 0; phone < phones; phone++) {
      const home = NAMES[phone % 2];
      devices.relayed(`SEP${phone}`, 'a', 'other', false, clock.now());
      devices.setPlace(`SEP${phone}`, { address: `10.1.0.${phone}`, origin: `https://${home}.example.com` });
      if (phone % 2 === index) facts.set('devices', `SEP${phone}`, { service: 'a' });
    }
    const sharing = createPushSharing(
      facts,
      {
        latest: () => 'outage-1',
        wasPushed: (id, device, reason) => notes.has(`${name} ${id} ${device} ${reason}`),
        // As the register does, once it has arrived.
        notePush: (id, device, reason) => {
          for (const each of NAMES) notes.add(`${each} ${id} ${device} ${reason}`);
        },
      },
      (proxy) => alive.has(proxy),
      () => '0',
    );
    const announcer = createAnnouncer({
      ...{ config, devices, addresses: devices, clock, report: createEventRecord(clock).report, sharing },
      origins: [`https://${name}.example.com`],
      post: async (push: PhonePush) => {
        const url = /URL="([^"]*)"/.exec(new URLSearchParams(push.body.toString()).get('XML') ?? '')?.[1] ?? '';
        pushed.push({ by: name, device: url.slice(-4), origin: new URL(url).origin });
        return { ok: true, status: 200, contentType: null, authenticate: null, rawHeaders: [], body: Buffer.alloc(0) };
      },
    });
    return { name, facts, announcer, devices };
  });
  const by = (name: string) => pushed.filter((each) => each.by === name).map(({ device }) => device);
  return { clock, hub, proxies, pushed, alive, by, notes };
}

describe('phones of several proxies', () => {
  it('B685 are told once, each by the proxy that it used last', async () => {
    const { clock, proxies, by } = setUp();
    for (const { announcer } of proxies) announcer.announce('a', 'verdict');
    await clock.advance(5000);
    expect(by('one')).toEqual(['SEP0', 'SEP2', 'SEP4']);
    expect(by('two')).toEqual(['SEP1', 'SEP3', 'SEP5']);
  });

  it('B686 are told by another proxy if theirs is gone, those that were not told yet, with a URL of the one that lives', async () => {
    const { clock, proxies, pushed, alive, by } = setUp(12);
    const [one, two] = proxies;
    for (const { announcer } of proxies) announcer.announce('a', 'verdict');
    await clock.advance(250);
    // Killed after its third.
    one?.announcer.stop();
    alive.delete('one');
    two?.announcer.takeOver('one');
    await clock.advance(5000);
    expect(by('one')).toEqual(['SEP0', 'SEP2', 'SEP4']);
    expect(by('two').toSorted()).toEqual(
      ['SEP1', 'SEP3', 'SEP5', 'SEP6', 'SEP7', 'SEP8', 'SEP9', 'EP10', 'EP11'].toSorted(),
    );
    expect(new Set(pushed.map(({ device }) => device)).size).toBe(12);
    expect(pushed.filter((each) => each.by === 'two').map(({ origin }) => origin)).toContain('https://two.example.com');
    expect(pushed.some((each) => each.by === 'two' && each.origin === 'https://one.example.com')).toBe(false);
  });

  it('B846 are told of a recovery by another proxy only if they have asked for no page since, and were signed in before it', async () => {
    const { clock, proxies, alive, by } = setUp();
    const [one, two] = proxies;
    two?.announcer.announce('a', 'recovery');
    await clock.advance(5000);
    two?.devices.seen('SEP0', clock.now());
    two?.devices.relayed('SEP8', 'a', 'other', false, clock.now());
    two?.devices.setPlace('SEP8', { address: '10.1.0.8', origin: 'https://one.example.com' });
    one?.facts.set('devices', 'SEP8', { service: 'a' });
    one?.announcer.stop();
    alive.delete('one');
    two?.announcer.takeOver('one');
    await clock.advance(5000);
    expect(by('two')).toEqual(['SEP1', 'SEP3', 'SEP5', 'SEP2', 'SEP4']);
  });

  it('B846 are told of an outage that is on by another proxy whatever they have asked for since', async () => {
    const { clock, proxies, alive, by } = setUp(2);
    const [one, two] = proxies;
    two?.announcer.announce('a', 'verdict');
    await clock.advance(5000);
    two?.devices.seen('SEP0', clock.now());
    one?.announcer.stop();
    alive.delete('one');
    two?.announcer.takeOver('one');
    await clock.advance(5000);
    expect(by('two')).toEqual(['SEP1', 'SEP0']);
  });

  it('B844 are not told by another proxy of an outage that is over, where nobody is told of recoveries', async () => {
    const { clock, proxies, alive, by } = setUp(4, { ...CONFIG, onRecovery: false });
    const [one, two] = proxies;
    two?.announcer.announce('a', 'verdict');
    await clock.advance(150);
    two?.announcer.announce('a', 'recovery');
    await clock.advance(5000);
    // What was left of the round has ended with the outage.
    expect(by('two')).toEqual(['SEP1', 'SEP3'].slice(0, by('two').length));
    const told = by('two').length;
    one?.announcer.stop();
    alive.delete('one');
    two?.announcer.takeOver('one');
    await clock.advance(20_000);
    expect(by('two').length).toBe(told);
  });

  it('B686 a push that was claimed by a proxy that died before it was sent is not sent by another: at most once', async () => {
    const { clock, proxies, alive, by } = setUp(2);
    const [one, two] = proxies;
    two?.announcer.announce('a', 'verdict');
    await one?.facts.claim('push/outage-1/verdict/SEP0', 3_600_000);
    alive.delete('one');
    two?.announcer.takeOver('one');
    await clock.advance(5000);
    expect(by('two')).toEqual(['SEP1']);
  });

  it('B892 nor do they wait longer where the clock of the machine is set back meanwhile', async () => {
    const { clock, proxies, alive, by } = setUp(2);
    const [one, two] = proxies;
    two?.devices.looksAt('SEP0', 'a', clock.now());
    one?.announcer.stop();
    alive.delete('one');
    two?.announcer.takeOver('one');
    two?.announcer.announce('a', 'verdict');
    clock.set(-3_600_000);
    await clock.advance(15_000);
    expect(by('two').toSorted()).toEqual(['SEP0', 'SEP1']);
  });

  it('B892 are told by another proxy if theirs is gone and they asked nobody since, also those whose page should have refreshed itself', async () => {
    const { clock, proxies, alive, by } = setUp(6);
    const [one, two] = proxies;
    // Killed while its phones look at its page; one of them finds the other proxy, whose own phone looks at such a page too.
    const look = (name: string) => {
      two?.devices.seen(name, clock.now());
      two?.devices.looksAt(name, 'a', clock.now());
    };
    for (const name of ['SEP0', 'SEP2', 'SEP1']) look(name);
    one?.announcer.stop();
    await clock.advance(5000);
    alive.delete('one');
    two?.announcer.takeOver('one');
    two?.announcer.announce('a', 'verdict');
    for (let seconds = 0; seconds < 10; seconds += 5) {
      await clock.advance(5000);
      for (const name of ['SEP0', 'SEP1']) look(name);
    }
    expect(by('two')).not.toContain('SEP2');
    await clock.advance(5000);
    expect(by('two').toSorted()).toEqual(['SEP2', 'SEP3', 'SEP4', 'SEP5']);
  });

  it('B851 nor is one of a proxy that was only not heard, because the store could not be had: once it is heard it sees to its own', async () => {
    const { clock, hub, proxies, alive, by } = setUp(4);
    for (const { name } of proxies) hub.cut(name);
    alive.delete('one');
    proxies[1]?.announcer.takeOver('one');
    proxies[1]?.announcer.announce('a', 'verdict');
    await clock.advance(5000);
    for (const { name } of proxies) hub.heal(name);
    alive.add('one');
    await clock.advance(60_000);
    expect([by('one'), by('two')]).toEqual([[], ['SEP1', 'SEP3']]);
  });

  it('B687 while the store cannot be had each proxy tells its own phones, ten seconds later, and none of a proxy that is gone', async () => {
    const { clock, hub, proxies, alive, by } = setUp(4);
    for (const { name } of proxies) hub.cut(name);
    for (const { announcer } of proxies) announcer.announce('a', 'verdict');
    alive.delete('one');
    proxies[1]?.announcer.takeOver('one');
    await clock.advance(5000);
    expect([...by('one'), ...by('two')]).toEqual([]);
    await clock.advance(90_000);
    expect(by('one')).toEqual(['SEP0', 'SEP2']);
    expect(by('two')).toEqual(['SEP1', 'SEP3']);
  });
});
