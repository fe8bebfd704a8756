import { beforeEach, describe, expect, it } from 'vitest';
import { type AddressFacts, classifyAddress, decideAddress } from '../../src/domain/phone-address.ts';
import { createPhoneAddresses } from '../../src/push/addresses.ts';
import { createPushSources } from '../../src/push/sources.ts';
import { createDeviceRegistry, type DeviceRegistry } from '../../src/store/devices.ts';
import { createEventRecord, type EventRecord } from '../event-record.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';

const PHONE: AddressFacts = { inNetworks: true, loopback: false, onlyLoopback: false, own: false, finesse: false };

describe('an address', () => {
  it.each([
    [{}, null],
    [{ inNetworks: false }, 'network'],
    [{ inNetworks: false, loopback: true, onlyLoopback: true }, 'network'],
    [{ loopback: true }, 'loopback'],
    [{ loopback: true, onlyLoopback: true }, null],
    [{ loopback: true, onlyLoopback: true, own: true, finesse: true }, null],
    [{ own: true }, 'own'],
    [{ own: true, onlyLoopback: true }, 'own'],
    [{ finesse: true }, 'finesse'],
  ] as const)('%o: %s', (facts, refusal) => {
    expect(classifyAddress({ ...PHONE, ...facts })).toBe(refusal);
  });

  it('is taken at first, by a sign-in or when the old one is gone; a mere request only asks', () => {
    expect(decideAddress(null, '10.1.1.1', 'request')).toBe('take');
    expect(decideAddress('10.1.1.1', '10.1.1.1', 'sign-in')).toBe('keep');
    expect(decideAddress('10.1.1.1', '10.1.1.2', 'request')).toBe('ask');
    expect(decideAddress('10.1.1.1', '10.1.1.2', 'sign-in')).toBe('take');
    expect(decideAddress('10.1.1.1', '10.1.1.2', 'old-gone')).toBe('take');
  });
});

describe('the addresses of phones', () => {
  let clock: FakeClock;
  let devices: DeviceRegistry;
  let alive: Set<string>;
  let asked: string[];
  let record: EventRecord;
  const create = () => {
    const addresses = createPhoneAddresses({
      ...{ devices, clock },
      isFinesse: (address) => address === '10.1.0.9',
      takesConnections: async (address) => {
        asked.push(address);
        return alive.has(address);
      },
      report: record.report,
      ownAddresses: () => new Set(['10.1.0.1']),
    });
    addresses.reconfigure({ networks: ['10.1.0.0/16'], onlyLoopback: false });
    return addresses;
  };
  beforeEach(() => {
    clock = createFakeClock();
    devices = createDeviceRegistry();
    devices.relayed('SEP1', 'a', 'other', false, clock.now());
    alive = new Set();
    asked = [];
    record = createEventRecord(clock);
  });
  const reasons = () => record.events.flatMap((event) => (event.kind === 'phone-address' ? [event.reason] : []));
  const addressOf = (device = 'SEP1') => devices.place(device)?.address ?? null;

  it('B125 are those of the first request, also of a phone that has not signed in', () => {
    const addresses = create();
    addresses.seen('SEP1', '10.1.1.1', 'http://p');
    addresses.seen('SEP2', '10.1.1.2', 'http://p');
    expect(devices.place('SEP1')).toEqual({ address: '10.1.1.1', origin: 'http://p' });
    expect(addressOf('SEP2')).toBe('10.1.1.2');
    expect(devices.size()).toBe(1);
    devices.relayed('SEP2', 'a', 'other', false, clock.now());
    expect(addressOf('SEP2')).toBe('10.1.1.2');
  });

  it('of invented names push out one another, and not those of phones that have signed in', () => {
    const addresses = create();
    addresses.seen('SEP1', '10.1.1.1', 'http://p');
    for (let i = 0; i <= 10_000; i++) addresses.seen(`invented-${i}`, '10.1.6.6', 'http://p');
    expect(addressOf('SEP1')).toBe('10.1.1.1');
    expect(addressOf('invented-0')).toBeNull();
    expect(addressOf('invented-1')).toBe('10.1.6.6');
    expect(devices.size()).toBe(1);
  });

  it('follow the listener that the phone uses', () => {
    const addresses = create();
    addresses.seen('SEP1', '10.1.1.1', 'http://p');
    addresses.seen('SEP1', '10.1.1.1', 'https://p');
    expect(devices.place('SEP1')?.origin).toBe('https://p');
  });

  it.each([
    ['10.2.1.1', 'network'],
    ['127.0.0.1', 'network'],
    ['10.1.0.1', 'own'],
    ['10.1.0.9', 'finesse'],
    ['', 'network'],
  ])('B125 are never %s (%s), not even by a sign-in', (address, reason) => {
    const addresses = create();
    addresses.seen('SEP1', address, 'http://p');
    addresses.signedIn('SEP1', address, 'http://p');
    expect(addressOf()).toBeNull();
    expect(record.events.map((event) => 'reason' in event && event.reason)).toEqual([reason, reason]);
    expect(record.lines).toEqual([['phone-address-refused', { device: 'SEP1', address, reason }]]);
  });

  it('B126 stay while the old one takes connections, whoever asks for pages under the name', async () => {
    const addresses = create();
    alive.add('10.1.1.1');
    addresses.seen('SEP1', '10.1.1.1', 'http://p');
    for (let i = 0; i < 5; i++) {
      addresses.seen('SEP1', '10.1.6.6', 'http://p');
      await clock.advance(1000);
    }
    expect(addressOf()).toBe('10.1.1.1');
    // One look in ten seconds, so that the name cannot be used to flood the phone.
    expect(asked).toEqual(['10.1.1.1']);
  });

  it('are not used any more when the configuration no longer has their network', () => {
    const addresses = create();
    addresses.seen('SEP1', '10.1.1.1', 'http://p');
    expect(addresses.place('SEP1')).toEqual({ address: '10.1.1.1', origin: 'http://p' });
    addresses.reconfigure({ networks: ['10.2.0.0/16'], onlyLoopback: false });
    expect(addresses.place('SEP1')).toBeNull();
  });

  it('B126 change when the old one takes none any more, and each change is logged', async () => {
    const addresses = create();
    addresses.seen('SEP1', '10.1.1.1', 'http://p');
    addresses.seen('SEP1', '10.1.1.2', 'http://p');
    await clock.advance(0);
    expect(addressOf()).toBe('10.1.1.2');
    const fields = { device: 'SEP1', from: '10.1.1.1', to: '10.1.1.2', reason: 'old-gone' };
    expect(record.lines).toEqual([['phone-address', fields]]);
    expect(reasons()).toEqual(['first', 'old-gone']);
  });

  it('B126 change by a sign-in from the new one, without asking', () => {
    const addresses = create();
    alive.add('10.1.1.1');
    addresses.seen('SEP1', '10.1.1.1', 'http://p');
    addresses.signedIn('SEP1', '10.1.1.2', 'http://p');
    expect(addressOf()).toBe('10.1.1.2');
    expect(asked).toEqual([]);
    expect(reasons()).toEqual(['first', 'sign-in']);
  });

  it('stay as a sign-in has set them while the old one was being asked', async () => {
    const addresses = create();
    addresses.seen('SEP1', '10.1.1.1', 'http://p');
    addresses.seen('SEP1', '10.1.6.6', 'http://p');
    addresses.signedIn('SEP1', '10.1.1.2', 'http://p');
    await clock.advance(0);
    expect(addressOf()).toBe('10.1.1.2');
  });

  it('are forgotten with the device, and survive its requests', () => {
    const addresses = create();
    addresses.seen('SEP1', '10.1.1.1', 'http://p');
    devices.seen('SEP1', clock.now() + 1);
    devices.relayed('SEP1', 'b', 'other', false, clock.now() + 2);
    devices.looksAt('SEP1', 'b', clock.now() + 3);
    expect(addressOf()).toBe('10.1.1.1');
    devices.forget(clock.now() + 4);
    expect(addressOf()).toBeNull();
  });
});

describe('whom pushes may come from', () => {
  const service = (id: string, url: string, pushFrom: readonly string[] | null = null) => ({ id, url, pushFrom });
  const create = (lookUp: (host: string) => Promise<readonly string[]>) => {
    const clock = createFakeClock();
    return { clock, sources: createPushSources(clock, lookUp) };
  };

  it('is the server itself unless pushFrom says otherwise', async () => {
    const hosts: Record<string, string[]> = { 'a.example': ['10.0.0.1', '2001:db8::1'], 'c.example': ['10.0.0.3'] };
    const { clock, sources } = create(async (host) => hosts[host] ?? []);
    sources.reconfigure([
      service('a', 'https://a.example:8445'),
      service('b', 'http://10.0.0.2:8082'),
      service('c', 'https://c.example', ['10.9.0.0/24', '10.8.0.1']),
      service('d', 'http://[2001:db8::1]:8082'),
    ]);
    await clock.advance(0);
    expect(sources.servicesAt('10.0.0.1')).toEqual(['a']);
    expect(sources.servicesAt('2001:db8::1')).toEqual(['a', 'd']);
    expect(sources.servicesAt('10.0.0.2')).toEqual(['b']);
    expect(sources.servicesAt('10.0.0.3')).toEqual([]);
    expect(sources.servicesAt('10.9.0.77')).toEqual(['c']);
    expect(sources.servicesAt('10.8.0.1')).toEqual(['c']);
    for (const address of ['10.0.0.1', '10.0.0.3', '10.9.0.1']) expect(sources.isFinesse(address)).toBe(true);
    expect(sources.isFinesse('10.0.0.4')).toBe(false);
    expect(sources.servicesAt('')).toEqual([]);
    sources.stop();
    expect(clock.armed()).toBe(0);
  });

  it('follows DNS within a minute, keeps what was known when DNS fails, and looks sooner for an unknown address', async () => {
    let answer: readonly string[] | null = ['10.0.0.1'];
    let asked = 0;
    const { clock, sources } = create(async () => {
      asked += 1;
      if (answer === null) throw new Error('ENOTFOUND');
      return answer;
    });
    sources.reconfigure([service('a', 'https://a.example')]);
    await clock.advance(0);
    answer = null;
    await clock.advance(60_000);
    expect(sources.servicesAt('10.0.0.1')).toEqual(['a']);
    answer = ['10.0.0.2'];
    for (let i = 0; i < 10; i++) {
      await clock.advance(1000);
      sources.refresh();
    }
    await clock.advance(0);
    expect(sources.servicesAt('10.0.0.2')).toEqual(['a']);
    expect(asked).toBe(4);
    sources.stop();
  });
});
