/** What one token, or none, can use up at the ops port: never what others have. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { OperatorConfig } from '../../src/config/config.ts';
import type { ProxyEvent } from '../../src/domain/events.ts';
import type { AdminSetting } from '../../src/domain/model.ts';
import { createSessions } from '../../src/ops/sessions.ts';
import { type AuditTrail, createAuditTrail } from '../../src/records/audit.ts';
import { createFakeClock } from '../fake-clock.ts';
import { request } from './checked-answers.ts';
import { OPERATORS, READ_TOKEN, startOps, TOKEN } from './ops-rig.ts';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
const start = async (...over: Parameters<typeof startOps>) => {
  const rig = await startOps(...over);
  stops.push(() => rig.server.stop());
  return rig;
};

const MAX = { changes: 3, sessions: 3, phones: 3 };
/** `times` times each; `at` counts up, so that each entry is another one. */
function floods(trail: AuditTrail, times: number) {
  const tell = (event: ProxyEvent) => (trail.handlers[event.kind] as ((told: ProxyEvent) => void) | undefined)?.(event);
  const [who, address] = ['wall', '10.0.0.1'];
  const ready: AdminSetting = { admin: 'ready', reason: null, until: null, by: { who: 'kim', at: 0 } };
  const flood = (make: (at: number) => ProxyEvent) => {
    for (let at = 1; at <= times; at++) tell(make(at));
  };
  return {
    drain: (at: number) =>
      tell({
        ...{ kind: 'service-set', at, service: 'a', from: ready, who: 'kim', address },
        to: { ...ready, admin: 'drain', reason: 'patching' },
      }),
    'sign-in': () => flood((at) => ({ kind: 'operator-session', at, who, address, change: 'sign-in' })),
    'sign-out': () => flood((at) => ({ kind: 'operator-session', at, who, address, change: 'sign-out' })),
    phone: () =>
      flood((at) => ({ kind: 'console-phone-began', at, who, address, device: 'CONSOLE-1', model: 'x' }) as ProxyEvent),
    'phone-end': () =>
      flood((at) => ({ kind: 'console-phone-ended', at, who, device: 'CONSOLE-1', because: 'operator' }) as ProxyEvent),
  };
}
const actions = (trail: AuditTrail) => trail.since(0).map(({ action }) => action);

describe('the audit trail', () => {
  it('B590 no `sign-in`, `sign-out`, `phone` or `phone-end` pushes out a change, in memory or in `audit.jsonl`', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ippa-bounds-'));
    stops.push(() => rm(folder, { recursive: true }));
    const open = () => {
      const trail = createAuditTrail({ clock: createFakeClock(), report: () => {}, maxEntries: MAX });
      trail.read(folder);
      trail.begin();
      return trail;
    };
    for (const kind of ['sign-in', 'sign-out', 'phone', 'phone-end'] as const) {
      const trail = open();
      floods(trail, 1).drain(5);
      floods(trail, 20)[kind]();
      expect(actions(trail), kind).toContain('drain');
      expect(actions(trail).filter((action) => action === kind)).toHaveLength(3);
      await trail.stop();
    }
    const again = open();
    await again.stop();
    expect(actions(again).filter((action) => action === 'drain')).toHaveLength(3);
    const lines = (await readFile(join(folder, 'audit.jsonl'), 'utf8')).split('\n');
    expect(lines.filter((line) => line.includes('"drain"'))).toHaveLength(3);
    expect(lines.filter((line) => line.includes('"sign-'))).toHaveLength(3);
  });

  it('B590 nor one of another proxy, nor does what is told to others grow', () => {
    const trail = createAuditTrail({ clock: createFakeClock(), report: () => {}, maxEntries: MAX });
    const told: string[] = [];
    const shared = trail.share('p1', 'one', (entry, part) => void told.push(`${part} ${entry}`));
    const hear = (at: number, action: string) =>
      shared.heard(
        JSON.stringify({ proxy: 'p2', name: 'two', at, who: 'kim', from: null, action, service: null, reason: null }),
      );
    hear(1, 'drain');
    for (let at = 2; at < 20; at++)
      for (const action of ['sign-in', 'sign-out', 'phone', 'phone-end']) hear(at, action);
    expect(actions(trail)).toContain('drain');
    expect(actions(trail)).toHaveLength(7);
    floods(trail, 1).drain(30);
    floods(trail, 20)['sign-in']();
    floods(trail, 20).phone();
    expect(told.map((text) => text.split(' ')[0])).toEqual([
      ...['changes', ...Array(20).fill('sessions'), ...Array(20).fill('phones')],
    ]);
    for (const part of ['changes', 'sessions', 'phones'] as const)
      expect([...shared.own(part)].length).toBe(part === 'changes' ? 1 : 3);
  });
});

it('B827 an entry of which a newer version has said more is the same entry: it is neither shown nor written twice', () => {
  const trail = createAuditTrail({ clock: createFakeClock(), report: () => {} });
  floods(trail, 1).drain(5);
  const told: string[] = [];
  const shared = trail.share('p1', 'one', (entry) => void told.push(entry));
  const [own = ''] = shared.own('changes');
  const newer = (entry: string) => JSON.stringify({ ...JSON.parse(entry), ticket: 'of tomorrow', by: { session: 1 } });
  expect(shared.heard(newer(own))).toBe(own);
  expect(trail.since(0)).toHaveLength(1);
  const other = own.replace('"p1"', '"p2"').replace('"one"', '"two"');
  expect([shared.heard(newer(other)), shared.heard(other)]).toEqual([other, other]);
  expect(trail.since(0).map(({ proxy }) => proxy)).toEqual(['one', 'two']);
  expect(shared.heard('{"action":"of tomorrow"}')).toBeNull();
  expect(told).toEqual([]);
});

describe('sessions', () => {
  it('B592 sign-ins with one token end no session of another operator, and the 32 newest of its own stay', () => {
    const sessions = createSessions(() => OPERATORS, createFakeClock());
    const [kim, wall] = OPERATORS as [OperatorConfig, OperatorConfig];
    const others = sessions.begin(kim);
    const own = Array.from({ length: 2000 }, () => sessions.begin(wall));
    expect(sessions.find(others, 'look')).not.toBeNull();
    expect(own.filter((id) => sessions.find(id, 'look') !== null)).toEqual(own.slice(-32));
  });

  it('B592 the one that was used longest ago goes', () => {
    const sessions = createSessions(() => OPERATORS, createFakeClock());
    const wall = OPERATORS[1] as OperatorConfig;
    const first = sessions.begin(wall);
    for (let n = 0; n < 100; n++) {
      expect(sessions.find(first, 'request')).not.toBeNull();
      sessions.begin(wall);
    }
  });
});

describe('an answer that nobody takes', () => {
  it('B593 is cut off when nothing of it was `taken` within the time, and the port goes on', async () => {
    const rig = await start({ takenWithinMs: 3000 });
    for (let n = 0; n < 5000; n++) {
      const reason = 'x'.repeat(1900);
      const to: AdminSetting = { admin: 'ready', reason, until: null, by: { who: 'kim', at: n } };
      rig.report({ kind: 'service-set', at: n, service: 'a', from: to, to, who: 'kim', address: null });
    }
    const accepted = new Promise<Socket>((resolve) => {
      const listener = (told: unknown) => {
        unsubscribe('net.server.socket', listener);
        resolve((told as { socket: Socket }).socket);
      };
      subscribe('net.server.socket', listener);
    });
    const socket = connect(rig.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write(`GET /audit HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${READ_TOKEN}\r\n\r\n`);
    const began = performance.now();
    await once(await accepted, 'close');
    expect(performance.now() - began).toBeGreaterThan(2500);
    let taken = 0;
    socket.on('data', (data) => {
      taken += data.length;
    });
    socket.resume();
    await once(socket, 'close');
    expect(taken).toBeLessThan(9_000_000);
    // Whoever takes it gets all of it.
    const whole = await request(rig.origin).get('/audit').set('Authorization', `Bearer ${TOKEN}`).expect(200);
    expect(whole.body.entries).toHaveLength(5000);
    const two = await request(rig.origin).get('/audit?limit=2').set('Authorization', `Bearer ${TOKEN}`).expect(200);
    expect(two.body.entries).toEqual(whole.body.entries.slice(0, 2));
  });
});
