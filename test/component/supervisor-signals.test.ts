/** What a supervisor does with signals, on a clock that moves by hand. */

import { afterEach, describe, expect, it } from 'vitest';
import { createSupervisor, type Supervisor } from '../../src/health/supervisor.ts';
import { createServiceStore, type ServiceStore } from '../../src/store/services.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { BUSY, createScriptedServer, REFUSES, type ScriptedServer, SILENT, UP } from '../scripted-probe.ts';

const RECONNECT = { intervalMs: 5000, attempts: 3 };
const LOST = { code: 'notification-lost', detail: '' } as const;
let clock: FakeClock;
let server: ScriptedServer;
let store: ServiceStore;
let supervisor: Supervisor;

afterEach(() => {
  supervisor.stop();
  expect(clock.armed()).toBe(0);
});

async function start() {
  clock = createFakeClock();
  server = createScriptedServer(clock);
  const definition = {
    id: 'a',
    name: 'Finesse A',
    cluster: 'main',
    probeIntervalMs: 5000,
    notification: 'on',
  } as const;
  store = createServiceStore([definition], RECONNECT, clock);
  supervisor = createSupervisor({
    ...{
      id: 'a',
      probe: server.probe,
      probeIntervalMs: 5000,
      probeTimeoutMs: 4000,
      reconnect: RECONNECT,
      store,
      clock,
    },
    ...{ random: () => 0.5, report: () => {} },
  });
  supervisor.start();
  await clock.advance(2000);
  supervisor.signal({ kind: 'connected', at: clock.now() });
}

const probesSince = (at: number) => server.probes.filter((probe) => probe.at >= at).map((probe) => probe.at - at);
const status = () => store.get('a');
const lose = () => supervisor.signal({ kind: 'disconnected', at: clock.now(), cause: 'lost', failure: LOST });
const notify = () => supervisor.signal({ kind: 'notified', at: clock.now(), status: 'OUT_OF_SERVICE' });

describe('a signal', () => {
  it('of a lost connection: t0 at once, a probe beside it, one in every attempt, and the verdict at 15 s', async () => {
    await start();
    const t0 = clock.now();
    lose();
    expect(status()).toMatchObject({ state: 'reconnecting', attempt: 1, since: t0, failure: LOST });
    await clock.advance(14_999);
    expect(status()).toMatchObject({ state: 'reconnecting', attempt: 3 });
    expect(probesSince(t0)).toEqual([0, 4000, 5000, 9000, 10_000, 14_000]);
    await clock.advance(1);
    expect(status()).toMatchObject({ state: 'out-of-service', since: t0 + 15_000 });
    await clock.advance(10_000);
    supervisor.signal({ kind: 'connected', at: clock.now() });
    await clock.advance(20);
    expect(status()?.state).toBe('in-service');
  });

  it('of OUT_OF_SERVICE: a probe that starts after it, also while an older one hangs', async () => {
    await start();
    server.behave(SILENT);
    await clock.advance(3500);
    const at = clock.now();
    server.behave(REFUSES);
    notify();
    expect(probesSince(at)).toEqual([]);
    await clock.advance(4000);
    expect(probesSince(at)).toHaveLength(1);
  });

  it('B262 of OUT_OF_SERVICE is asked about again after 1 s and 3 s: a server that still changes keeps its lead', async () => {
    await start();
    const at = clock.now();
    notify();
    await clock.advance(900);
    server.behave(BUSY);
    await clock.advance(120);
    // The last one is that of the first attempt.
    expect(probesSince(at)).toEqual([0, 1000, 1020]);
    expect(status()).toMatchObject({ state: 'reconnecting', since: at + 1020 });
  });

  it('B262 that SystemInfo denies three times is set aside', async () => {
    await start();
    const at = clock.now();
    notify();
    await clock.advance(3020);
    expect(probesSince(at)).toEqual([0, 1000, 3000]);
    expect(status()?.signals.notified.undecided).toBeNull();
  });

  it('that comes a thousand times asks once a second', async () => {
    await start();
    await clock.advance(3500);
    server.behave(UP);
    const at = clock.now();
    for (let step = 0; step < 1000; step++) {
      notify();
      await clock.advance(3);
    }
    expect(probesSince(at).length).toBeLessThanOrEqual(5);
    expect(probesSince(at).length).toBeGreaterThanOrEqual(3);
  });

  it('that comes after the end does nothing', async () => {
    await start();
    supervisor.stop();
    const before = store.health('a');
    lose();
    expect(store.health('a')).toBe(before);
  });
});
