import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OwnPushConfig } from '../../src/config/config.ts';
import { createAnnouncer } from '../../src/push/announcer.ts';
import { createPacer } from '../../src/push/pacing.ts';
import type { PhonePush, PhoneReply } from '../../src/push/phone-client.ts';
import { createDeviceRegistry, type DeviceRegistry } from '../../src/store/devices.ts';
import { createEventRecord, type EventRecord } from '../event-record.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';

const DELIVERED: PhoneReply = {
  ok: true,
  status: 200,
  contentType: null,
  authenticate: null,
  rawHeaders: [],
  body: Buffer.alloc(0),
};
const GONE: PhoneReply = { ok: false, code: 'push-phone-gone', connected: false, detail: 'ECONNREFUSED' };
const BROKEN: PhoneReply = { ok: false, code: 'push-phone-broken', connected: true, detail: 'ECONNRESET' };
const CONFIG: OwnPushConfig = {
  ...{ username: 'user', password: 'canary', onVerdict: true, onRecovery: true, atFirstFailure: false },
  ...{ priority: 1, scheme: 'https', concurrent: 50, perSecond: 100 },
};

let clock: FakeClock;
let devices: DeviceRegistry;
let posted: PhonePush[];
let record: EventRecord;
let lines: EventRecord['lines'];
let reply: (push: PhonePush) => Promise<PhoneReply>;

beforeEach(() => {
  clock = createFakeClock();
  devices = createDeviceRegistry();
  record = createEventRecord(clock);
  ({ lines } = record);
  posted = [];
  reply = async () => DELIVERED;
});
afterEach(() => {
  expect(JSON.stringify(lines)).not.toMatch(/canary|Basic/);
});

function create(config: Partial<OwnPushConfig> = {}) {
  return createAnnouncer({
    config: { ...CONFIG, ...config },
    ...{ devices, clock },
    addresses: devices,
    post: (push) => {
      posted.push(push);
      return reply(push);
    },
    report: record.report,
  });
}

const counted = () =>
  record.events.flatMap((event) =>
    event.kind === 'own-push-ended' ? [`${event.service} ${event.reason} ${event.outcome}`] : [],
  );

function signIn(count: number, service = 'a', first = 0) {
  for (let i = first; i < first + count; i++) {
    devices.relayed(`SEP${i}`, service, 'other', false, clock.now());
    devices.setPlace(`SEP${i}`, { address: `10.1.0.${i}`, origin: 'https://proxy.example.com:8445' });
  }
}

const urls = () =>
  posted.map(({ body }) => /URL="([^"]*)"/.exec(new URLSearchParams(body.toString()).get('XML') ?? '')?.[1]);

describe('phones signed in on a service', () => {
  it('B127 are told by the URL of their page, with the credentials and the priority configured', async () => {
    signIn(2);
    signIn(1, 'b', 7);
    create().announce('a', 'verdict');
    await clock.advance(1000);
    const [first] = posted;
    expect(first).toMatchObject({ address: '10.1.0.0', scheme: 'https' });
    expect(first?.authorization).toBe(`Basic ${Buffer.from('user:canary').toString('base64')}`);
    expect(new URLSearchParams(first?.body.toString()).get('XML')).toBe(
      '<CiscoIPPhoneExecute><ExecuteItem Priority="1" URL="https://proxy.example.com:8445/a/fippa/SEP0"/></CiscoIPPhoneExecute>',
    );
    expect(urls().map((url) => url?.slice(-4))).toEqual(['SEP0', 'SEP1']);
    expect(lines).toEqual([
      ['phones-told', { service: 'a', reason: 'verdict', delivered: 2, leftAlone: 0, failed: 0 }],
    ]);
  });

  it('B128 are left alone while they look at a page of ours that refreshes itself, and told when it has stopped', async () => {
    signIn(3);
    devices.looksAt('SEP1', 'a', clock.now());
    devices.looksAt('SEP2', 'b', clock.now());
    const announcer = create();
    announcer.announce('a', 'verdict');
    await clock.advance(1000);
    expect(urls().map((url) => url?.slice(-4))).toEqual(['SEP0', 'SEP2']);
    expect(counted()).toContain('a verdict left-alone');
    await clock.advance(30_000);
    announcer.announce('a', 'recovery');
    await clock.advance(1000);
    expect(
      urls()
        .slice(2)
        .map((url) => url?.slice(-4))
        .toSorted(),
    ).toEqual(['SEP0', 'SEP1', 'SEP2']);
  });

  it('B129 are told once more, and only once, when no connection was made; never when one was', async () => {
    signIn(2);
    reply = async ({ address }) => (address === '10.1.0.0' ? GONE : BROKEN);
    create().announce('a', 'verdict');
    await clock.advance(5000);
    expect(posted.map(({ address }) => address)).toEqual(['10.1.0.0', '10.1.0.1', '10.1.0.0']);
    expect(counted().toSorted()).toEqual(['a verdict push-phone-broken', 'a verdict push-phone-gone']);
    expect(lines.at(-1)?.[1]).toMatchObject({ delivered: 0, failed: 2 });
  });

  it('count what phones said', async () => {
    signIn(2);
    reply = async ({ address }) => ({
      ...DELIVERED,
      status: address === '10.1.0.0' ? 401 : 200,
      body: Buffer.from('<CiscoIPPhoneError Number="1"/>'),
    });
    create().announce('a', 'verdict');
    await clock.advance(1000);
    expect(counted()).toEqual(['a verdict push-credentials', 'a verdict push-refused']);
  });

  it('without a known address are counted and nothing else', async () => {
    devices.relayed('SEP1', 'a', 'other', false, clock.now());
    create().announce('a', 'verdict');
    await clock.advance(1000);
    expect(posted).toEqual([]);
    expect(counted()).toEqual(['a verdict push-unknown-device']);
  });

  it('who have signed in elsewhere before their turn are not told', async () => {
    signIn(30);
    create({ perSecond: 10 }).announce('a', 'verdict');
    await clock.advance(100);
    const told = posted.length;
    signIn(30, 'b');
    await clock.advance(10_000);
    expect(posted.length).toBeLessThanOrEqual(told + 1);
  });

  it('are told the news when it changes while they are being told: the earlier round ends', async () => {
    signIn(100);
    const announcer = create();
    announcer.announce('a', 'verdict');
    await clock.advance(500);
    announcer.announce('a', 'recovery');
    await clock.advance(5000);
    expect(posted.length).toBeLessThan(160);
    expect(counted().filter((each) => each === 'a recovery delivered')).toHaveLength(100);
    expect(lines.map(([, { reason }]) => reason)).toEqual(['recovery']);
  });

  it('are told only of what is configured', async () => {
    signIn(1);
    const announcer = create({ onVerdict: false, onRecovery: false });
    for (const event of ['first-failure', 'verdict', 'recovery'] as const) announcer.announce('a', event);
    await clock.advance(1000);
    expect(posted).toEqual([]);
  });

  it('are told nothing once the proxy stops', async () => {
    signIn(50);
    const announcer = create();
    announcer.announce('a', 'verdict');
    announcer.stop();
    const told = posted.length;
    await clock.advance(5000);
    expect(posted.length).toBe(told);
    expect(clock.armed()).toBe(0);
  });
});

describe('the pace', () => {
  const run = async (concurrent: number, perSecond: number, tasks: number, takesMs: number, forMs: number) => {
    const pacer = createPacer({ concurrent, perSecond }, clock);
    const began: number[] = [];
    let [running, most] = [0, 0];
    for (let i = 0; i < tasks; i++) {
      pacer.add({
        wanted: () => true,
        run: () => {
          began.push(clock.now());
          most = Math.max(most, ++running);
          return new Promise((resolve) => {
            clock.after(takesMs, () => {
              running -= 1;
              resolve();
            });
          });
        },
      });
    }
    await clock.advance(forMs);
    return { began, most };
  };

  it('B129 is so many a second', async () => {
    const { began } = await run(1000, 100, 1000, 1, 5000);
    expect(began.length).toBeGreaterThanOrEqual(499);
    expect(began.length).toBeLessThanOrEqual(502);
    for (const [i, at] of began.entries()) {
      const inOneSecond = began.filter((other, j) => j >= i && other < at + 1000).length;
      expect(inOneSecond).toBeLessThanOrEqual(102);
    }
  });

  it('B129 is so many at once', async () => {
    const { began, most } = await run(5, 10_000, 20, 1000, 2500);
    expect(most).toBe(5);
    expect(began).toHaveLength(15);
  });

  it('survives a clock that is set back', async () => {
    const pacer = createPacer({ concurrent: 10, perSecond: 10 }, clock);
    let ran = 0;
    const task = { wanted: () => true, run: async () => void ran++ };
    for (let i = 0; i < 20; i++) pacer.add(task);
    await clock.advance(500);
    clock.set(-3_600_000);
    await clock.advance(2000);
    expect(ran).toBe(20);
  });
});
