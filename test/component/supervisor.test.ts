import fc from 'fast-check';
import pRetry from 'p-retry';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSupervisor, type Supervisor } from '../../src/health/supervisor.ts';
import { createEventStream } from '../../src/ops/event-stream.ts';
import { createServiceStore } from '../../src/store/services.ts';
import { createFakeClock, type FakeClock, START } from '../fake-clock.ts';
import {
  type Behaviour,
  BUSY,
  CONFIRMED,
  createScriptedServer,
  FAULT,
  failed,
  REFUSES,
  RESETS,
  type ScriptedServer,
  SILENT,
  UP,
} from '../scripted-probe.ts';

const RECONNECT = { intervalMs: 5000, attempts: 3 };

interface Change {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly attempt: number | null;
}

interface World {
  readonly clock: FakeClock;
  readonly server: ScriptedServer;
  readonly supervisor: Supervisor;
  readonly store: ReturnType<typeof createServiceStore>;
  readonly changes: Change[];
  readonly faults: unknown[];
  status(): NonNullable<ReturnType<ReturnType<typeof createServiceStore>['get']>>;
  /** Probes started since, relative to `at`. */
  probesSince(at: number): { at: number; timeoutMs: number; repeatMs: number | null }[];
}

interface WorldOptions {
  readonly random?: () => number;
  readonly timeoutMs?: number;
  readonly initial?: Behaviour;
  /** Called with every change and every result of a probe. */
  readonly observer?: () => void;
}

function createWorld(options: WorldOptions = {}): World {
  const clock = createFakeClock();
  const server = createScriptedServer(clock, options.initial);
  const store = createServiceStore(
    [{ id: 'a', name: 'Finesse A', cluster: 'main', probeIntervalMs: 5000 }],
    RECONNECT,
    clock,
  );
  const changes: Change[] = [];
  const faults: unknown[] = [];
  const events = createEventStream((_subscriber, _event, error) => faults.push(error));
  const observer = () => options.observer?.();
  events.subscribe('changes', {
    'service-changed': ({ at, from, to, attempt }) => changes.push({ at, from, to, attempt }),
    'probe-fault': ({ error }) => faults.push(error),
  });
  events.subscribe('observer', { 'service-changed': observer, 'probe-ended': observer });
  const supervisor = createSupervisor({
    id: 'a',
    probe: server.probe,
    probeIntervalMs: 5000,
    probeTimeoutMs: options.timeoutMs ?? 4000,
    reconnect: RECONNECT,
    store,
    clock,
    random: options.random ?? (() => 0.5),
    report: events.report,
  });
  return {
    clock,
    server,
    supervisor,
    store,
    changes,
    faults,
    status: () => {
      const status = store.get('a');
      if (status === null) throw new Error('no status');
      return status;
    },
    probesSince: (at) =>
      server.probes.filter((probe) => probe.at >= at).map((probe) => ({ ...probe, at: probe.at - at })),
  };
}

/** A world whose service is in service, right after a poll. */
async function inService(options: Parameters<typeof createWorld>[0] = {}): Promise<World> {
  const world = createWorld(options);
  world.supervisor.start();
  await world.clock.advance(100);
  expect(world.status().state).toBe('in-service');
  return world;
}

/** The next poll finds the server so; time stands at t0. */
async function fail(world: World, behaviour: Parameters<ScriptedServer['behave']>[0]): Promise<number> {
  world.server.behave(behaviour);
  while (world.status().state !== 'reconnecting') await world.clock.advance(1);
  return world.status().since ?? Number.NaN;
}

async function outOfService(world: World, behaviour: Behaviour = REFUSES): Promise<number> {
  const t0 = await fail(world, behaviour);
  await world.clock.advance(t0 + 15_000 - world.clock.now());
  expect(world.status().state).toBe('out-of-service');
  return t0;
}

const FAILURES: readonly (readonly [string, Parameters<ScriptedServer['behave']>[0]])[] = [
  ['refused at once', REFUSES],
  ['reset at once', RESETS],
  ['silent until the time-out', SILENT],
  ['answering 503', BUSY],
  ['answering nonsense after 3.9 s', { afterMs: 3900, outcome: failed('not-system-info') }],
  ['alternately refusing and silent', (_at, request) => (request % 2 === 0 ? REFUSES : SILENT)],
];

describe('polls', () => {
  it('B1 the service is unknown until its first probe ended, and firstProbe resolves then', async () => {
    const world = createWorld();
    const order: string[] = [];
    void world.supervisor.firstProbe.then(() => order.push(world.status().state));
    expect(world.status()).toMatchObject({ state: 'unknown', since: null, attempt: null });
    world.supervisor.start();
    await world.clock.advance(10);
    expect([world.status().state, order]).toEqual(['unknown', []]);
    await world.clock.advance(10);
    expect(order).toEqual(['in-service']);
  });

  it('B1 firstProbe resolves also when the probe throws, and that is reported', async () => {
    const world = createWorld();
    world.server.behave(() => {
      throw new Error('a fault of the proxy');
    });
    world.supervisor.start();
    await world.supervisor.firstProbe;
    expect(world.faults).toHaveLength(1);
    expect(world.status().state).toBe('unknown');
    world.server.behave(UP);
    await world.clock.advance(6000);
    expect(world.status().state).toBe('in-service');
  });

  it('B6 a poll starts every 5 s, from start to start, however long the answer takes', async () => {
    const world = createWorld({ initial: { afterMs: 3000, outcome: CONFIRMED } });
    world.supervisor.start();
    await world.clock.advance(20_000);
    expect(world.probesSince(START).map(({ at }) => at)).toEqual([0, 5000, 10_000, 15_000, 20_000]);
    expect(world.server.mostInFlight()).toBe(1);
  });

  it.each([
    [0, 4500],
    [1, 5500],
  ])('B6 the interval is spread by a tenth: randomness %d gives %d ms', async (random, expected) => {
    const world = createWorld({ random: () => random });
    world.supervisor.start();
    await world.clock.advance(expected);
    expect(world.probesSince(START).map(({ at }) => at)).toEqual([0, expected]);
  });

  it('B7 a silent server that is out of service is polled on although probe and repeat outlast the interval', async () => {
    // Found here: the poll that fell due while the probe was in flight was dropped, and no other followed.
    const world = createWorld({ random: () => 0, initial: SILENT });
    world.supervisor.start();
    await world.clock.advance(5000);
    const t0 = world.status().since ?? 0;
    await world.clock.advance(15_000);
    const verdictAt = world.clock.now();
    expect(world.status()).toMatchObject({ state: 'out-of-service', since: t0 + 15_000 });
    await world.clock.advance(60_000);
    const starts = world.probesSince(verdictAt).map(({ at }) => at);
    expect(starts.length).toBeGreaterThanOrEqual(11);
    for (const [index, at] of starts.entries()) expect(at - (starts[index - 1] ?? at)).toBeLessThanOrEqual(5500);
    expect(world.server.mostInFlight()).toBeLessThanOrEqual(2);
  });

  it('B4 401 and 403 keep the state, whichever it is, and the reason says so', async () => {
    const world = await inService();
    world.server.behave({ afterMs: 5, outcome: FAULT });
    await world.clock.advance(60_000);
    expect(world.status()).toMatchObject({ state: 'in-service', failure: { code: 'unauthorized' } });
    const unknown = createWorld({ initial: { afterMs: 5, outcome: FAULT } });
    unknown.supervisor.start();
    await unknown.clock.advance(60_000);
    expect(unknown.status()).toMatchObject({ state: 'unknown', failure: { code: 'unauthorized' } });
    expect(unknown.probesSince(START)).toHaveLength(13);
  });

  it('B5 a poll may be repeated with 1 s; one time-out or reset that the repeat makes good is no failure', async () => {
    for (const behaviour of [SILENT, RESETS]) {
      const world = await inService();
      const requests = world.server.requests.length;
      world.server.behave((_at, request) => (request === requests + 1 ? behaviour : UP));
      await world.clock.advance(20_000);
      expect(world.changes.map(({ to }) => to)).toEqual(['in-service']);
      expect(world.server.probes.every(({ repeatMs }) => repeatMs === 1000)).toBe(true);
    }
  });

  it('B24 a probe cancelled by stop is no failure, and nothing is probed or armed afterwards', async () => {
    for (const behaviour of [SILENT, UP]) {
      const world = await inService();
      world.server.behave(behaviour);
      await world.clock.advance(4910);
      expect(world.server.probes).toHaveLength(2);
      world.supervisor.stop();
      // A timer that stayed armed would keep the process alive.
      await world.clock.advance(0);
      expect(world.clock.armed()).toBe(0);
      await world.clock.advance(60_000);
      await world.supervisor.requestFailed();
      expect(await world.supervisor.confirm(1500)).toBe(false);
      expect(world.server.probes).toHaveLength(2);
      expect(world.clock.armed()).toBe(0);
      expect([world.status().state, world.status().failure, world.faults]).toEqual(['in-service', null, []]);
    }
  });

  it('B24 nor is one cancelled in the middle of an outage; who asks afterwards is answered at once', async () => {
    const world = await inService({ timeoutMs: 4990 });
    await fail(world, SILENT);
    await world.clock.advance(4500);
    world.supervisor.stop();
    await world.clock.advance(30_000);
    expect(world.status()).toMatchObject({ state: 'reconnecting', attempt: 1 });
    const probes = world.server.probes.length;
    await world.supervisor.requestFailed();
    expect(await world.supervisor.confirm(1500)).toBe(false);
    expect(world.server.probes).toHaveLength(probes);
    expect(world.faults).toEqual([]);
  });
});

describe('the timeline', () => {
  it.each(FAILURES)(
    'B12 B13 attempts at t0, t0+5 and t0+10 s, the verdict at t0+15 s: %s',
    async (_name, behaviour) => {
      const world = await inService();
      const t0 = await fail(world, behaviour);
      await world.clock.advance(20_000);
      expect(world.changes.slice(1).map(({ at, to, attempt }) => [at - t0, to, attempt])).toEqual([
        [0, 'reconnecting', 1],
        [5000, 'reconnecting', 2],
        [10_000, 'reconnecting', 3],
        [15_000, 'out-of-service', null],
      ]);
      expect(world.status().since).toBe(t0 + 15_000);
    },
  );

  it.each(FAILURES)(
    "B14 a full probe at each attempt's start, a short one 1 s before its end: %s",
    async (_name, behaviour) => {
      const world = await inService();
      const t0 = await fail(world, behaviour);
      await world.clock.advance(t0 + 14_999 - world.clock.now());
      expect(world.probesSince(t0)).toEqual(
        [0, 5000, 10_000].flatMap((at) => [
          { at, timeoutMs: 4000, repeatMs: null },
          { at: at + 4000, timeoutMs: 1000, repeatMs: null },
        ]),
      );
      expect(world.server.mostInFlight()).toBeLessThanOrEqual(2);
    },
  );

  it('B10 t0 is the moment the failure is established, repeat included, and since shows it', async () => {
    for (const [behaviour, later] of [
      [REFUSES, 1],
      [RESETS, 2],
      [BUSY, 20],
    ] as const) {
      const world = await inService();
      const t0 = await fail(world, behaviour);
      expect(t0 - START).toBe(5000 + later);
      expect(world.status()).toMatchObject({ attempt: 1, attempts: 3, since: t0, attemptEndsAt: t0 + 5000 });
    }
  });

  it('B11 for a silent server t0 is the time-out and the repeat after the poll that met it', async () => {
    const world = await inService();
    expect((await fail(world, SILENT)) - START).toBe(5000 + 4000 + 1000);
  });

  it('B1 a server that is out at start goes through the same timeline', async () => {
    const world = createWorld({ initial: REFUSES });
    world.supervisor.start();
    await world.clock.advance(16_000);
    expect(world.changes.map(({ from, to }) => [from, to])).toEqual([
      ['unknown', 'reconnecting'],
      ['reconnecting', 'reconnecting'],
      ['reconnecting', 'reconnecting'],
      ['reconnecting', 'out-of-service'],
    ]);
  });

  it.each([1, 3999, 4000, 4001, 5000, 8999, 9000, 10_000, 13_999, 14_000 - 20])(
    'B15 B16 a server that hung and is back by t0+%d ms is in service before the verdict',
    async (backAfterMs) => {
      const world = await inService();
      const t0 = await fail(world, SILENT);
      await world.clock.advance(t0 + backAfterMs - world.clock.now());
      world.server.behave(UP);
      await world.clock.advance(t0 + 15_000 - world.clock.now());
      expect(world.status().state).toBe('in-service');
      expect(world.changes.some(({ to }) => to === 'out-of-service')).toBe(false);
      const seenAfterMs = (world.status().since ?? 0) - t0 - backAfterMs;
      // At the latest by the short probe at the attempt's end, or the full one of the next.
      expect(seenAfterMs).toBeLessThanOrEqual(4020);
      await world.clock.advance(60_000);
      expect(world.status().state).toBe('in-service');
    },
  );

  it.each([REFUSES, SILENT])(
    'B15 B20 one that is back in the last half second returns by two polls',
    async (behaviour) => {
      const world = await inService();
      const t0 = await fail(world, behaviour);
      await world.clock.advance(t0 + 14_500 - world.clock.now());
      world.server.behave(UP);
      await world.clock.advance(501);
      expect(world.status()).toMatchObject({ state: 'out-of-service', since: t0 + 15_000 });
      await world.clock.advance(11_000);
      expect(world.status().state).toBe('in-service');
    },
  );

  it.each([1, 2, 3])('B16 one confirmed probe during attempt %d is enough', async (attempt) => {
    const world = await inService();
    const t0 = await fail(world, REFUSES);
    const endsAt = t0 + attempt * 5000;
    await world.clock.advance(endsAt - 1001 - world.clock.now());
    expect(world.status().attempt).toBe(attempt);
    world.server.behave(UP);
    await world.clock.advance(30_000);
    expect(world.changes.at(-1)).toEqual({ at: endsAt - 980, from: 'reconnecting', to: 'in-service', attempt: null });
  });

  it('B17 no poll beside the grid while reconnecting, whatever the jitter', async () => {
    for (const random of [0, 0.3, 0.5, 0.9, 1]) {
      const world = await inService({ random: () => random });
      const t0 = await fail(world, REFUSES);
      await world.clock.advance(t0 + 14_999 - world.clock.now());
      expect(world.probesSince(t0).map(({ at }) => at)).toEqual([0, 4000, 5000, 9000, 10_000, 14_000]);
    }
  });

  it('B14 a probe that ends on the very edge of an attempt does not cost the next one its own', async () => {
    const world = await inService({ timeoutMs: 4990 });
    const t0 = await fail(world, SILENT);
    await world.clock.advance(t0 + 15_000 - world.clock.now());
    const full = world.probesSince(t0).filter(({ at, timeoutMs }) => timeoutMs === 4990 && at < 15_000);
    expect(full.map(({ at }) => at)).toEqual([0, 5000, 10_000]);
    expect(world.server.mostInFlight()).toBe(2);
    expect(world.status()).toMatchObject({ state: 'out-of-service', since: t0 + 15_000 });
  });

  it('B14 also when it lands a little after the edge, as real timers do', async () => {
    const world = await inService({ timeoutMs: 5010 });
    const t0 = await fail(world, SILENT);
    await world.clock.advance(t0 + 15_000 - world.clock.now());
    const full = world.probesSince(t0).filter(({ timeoutMs }) => timeoutMs === 5010);
    expect(full.map(({ at }) => at)).toEqual([0, 5010, 10_020]);
    expect(world.status()).toMatchObject({ state: 'out-of-service', since: t0 + 15_000 });
  });

  it('B21 a server too slow for the short probe, but in time for the full one, is not condemned', async () => {
    const world = await inService({ timeoutMs: 4900 });
    await fail(world, REFUSES);
    world.server.behave({ afterMs: 4500, outcome: CONFIRMED });
    await world.clock.advance(120_000);
    const last = world.changes.at(-1);
    expect(last?.to).toBe('in-service');
    expect(world.changes.filter(({ to }) => to === 'in-service')).toHaveLength(2);
    expect(world.status().state).toBe('in-service');
  });

  it('B20 out of service is left only by two confirmed probes in a row', async () => {
    const world = await inService();
    await outOfService(world);
    const before = world.server.requests.length;
    // confirmed, refused, confirmed, confirmed
    world.server.behave((_at, request) => (request - before === 2 ? REFUSES : UP));
    const states: string[] = [];
    while (world.server.requests.length < before + 4) {
      await world.clock.advance(50);
      states.push(world.status().state);
    }
    await world.clock.advance(50);
    expect(new Set(states.slice(0, -1))).toEqual(new Set(['out-of-service']));
    expect(world.status()).toMatchObject({ state: 'in-service', failure: null });
    expect((world.status().since ?? 0) - (world.server.requests.at(-1) ?? 0)).toBe(20);
  });

  it('B20 a 401 between two confirmed probes breaks the row', async () => {
    const world = await inService();
    await outOfService(world);
    const before = world.server.requests.length;
    world.server.behave((_at, request) => ((request - before) % 2 === 0 ? { afterMs: 1, outcome: FAULT } : UP));
    await world.clock.advance(60_000);
    expect(world.status().state).toBe('out-of-service');
  });

  it('B22 the grid stays on timers: waits of p-retry begin when an attempt ends and drift 4 s each', async () => {
    vi.useFakeTimers();
    const startedAt = Date.now();
    const starts: number[] = [];
    const hang = () => {
      starts.push(Date.now() - startedAt);
      return new Promise<never>((_, reject) => setTimeout(() => reject(new Error('silent')), 4000));
    };
    const verdict = pRetry(hang, { retries: 2, minTimeout: 5000, factor: 1, randomize: false }).catch(
      () => Date.now() - startedAt,
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(starts).toEqual([0, 9000, 18_000]);
    expect(await verdict).toBe(22_000);
    vi.useRealTimers();

    const world = await inService();
    const t0 = await fail(world, SILENT);
    await world.clock.advance(15_000);
    const full = world.probesSince(t0).filter(({ timeoutMs }) => timeoutMs === 4000);
    expect(full.map(({ at }) => at).slice(0, 3)).toEqual([0, 5000, 10_000]);
    expect((world.status().since ?? 0) - t0).toBe(15_000);
  });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('clocks and late timers', () => {
  it('B18 a process suspended for a minute in an outage dates the verdict on the grid', async () => {
    const world = await inService();
    const t0 = await fail(world, REFUSES);
    await world.clock.advance(2000);
    await world.clock.suspend(60_000);
    expect(world.status()).toMatchObject({ state: 'out-of-service', since: t0 + 15_000 });
    expect(world.changes.filter(({ to }) => to === 'out-of-service')).toHaveLength(1);
    world.server.behave(UP);
    await world.clock.advance(11_000);
    expect(world.status().state).toBe('in-service');
  });

  it('B18 an answer read after t0+15 s, before the late timers ran, does not undo the verdict', async () => {
    const world = await inService();
    const t0 = await fail(world, REFUSES);
    await world.clock.advance(4500);
    world.server.behave({ afterMs: 100, outcome: CONFIRMED });
    await world.clock.advance(t0 + 5000 - world.clock.now());
    await world.clock.suspend(60_000);
    expect(world.changes.filter(({ to }) => to === 'out-of-service')).toHaveLength(1);
    expect(world.store.health('a').phase).toMatchObject({ state: 'out-of-service', confirmedInARow: 1 });
  });

  it('B18 one suspended for a minute while in service probes again and is not condemned', async () => {
    const world = await inService();
    await world.clock.advance(4910);
    await world.clock.suspend(60_000);
    await world.clock.advance(20_000);
    expect(world.changes.map(({ to }) => to)).toEqual(['in-service']);
    expect(world.server.mostInFlight()).toBe(1);
  });

  it('B18 a clock set forward by an hour ends the outage with one verdict', async () => {
    const world = await inService();
    const t0 = await fail(world, SILENT);
    world.clock.set(3_600_000);
    await world.clock.advance(10_000);
    expect(world.status()).toMatchObject({ state: 'out-of-service', since: t0 + 15_000 });
    await world.clock.advance(60_000);
    expect(world.changes.filter(({ to }) => to === 'out-of-service')).toHaveLength(1);
    expect(world.server.mostInFlight()).toBeLessThanOrEqual(2);
  });

  it.each([1000, 4000, 60_000, 3_600_000])(
    'B19 a clock set back by %d ms lengthens an outage by 5 s at most',
    async (ms) => {
      const world = await inService();
      await fail(world, REFUSES);
      await world.clock.advance(7000);
      world.clock.set(-ms);
      await world.clock.advance(8000 + 5000 + 10);
      expect(world.status().state).toBe('out-of-service');
    },
  );

  it('B19 a clock set back while in service hides no failure', async () => {
    const world = await inService();
    world.clock.set(-3_600_000);
    world.server.behave(REFUSES);
    await world.clock.advance(21_000);
    expect(world.status().state).toBe('out-of-service');
  });

  it('B19 a clock set back while in service does not stop polls or failed requests', async () => {
    const world = await inService();
    void world.supervisor.requestFailed();
    await world.clock.advance(100);
    world.clock.set(-3_600_000);
    const at = world.clock.now();
    await world.clock.advance(20_000);
    expect(world.probesSince(at).length).toBeGreaterThanOrEqual(3);
    let done = false;
    void world.supervisor.requestFailed().then(() => {
      done = true;
    });
    await world.clock.advance(2000);
    expect(done).toBe(true);
  });

  it('B19 a clock set back while a failed request waits for its probe costs it one more, not one a second', async () => {
    const world = await inService();
    world.server.behave({ ...UP, afterMs: 500 });
    while (world.probesSince(0).length < 2) await world.clock.advance(1);
    await world.clock.advance(100);
    let done = false;
    void world.supervisor.requestFailed().then(() => {
      done = true;
    });
    world.clock.set(-3_600_000);
    const before = world.probesSince(0).length;
    await world.clock.advance(3000);
    expect(done).toBe(true);
    expect(world.probesSince(0).length - before).toBe(1);
  });

  it('B19 nor does one that is set back while a probe is in flight', async () => {
    const world = await inService();
    await world.clock.advance(4910);
    world.clock.set(-3_600_000);
    const at = world.clock.now();
    await world.clock.advance(16_000);
    expect(world.probesSince(at).length).toBeGreaterThanOrEqual(3);
  });

  it('B23 an outage that was written down and read back by a new process ends on the same grid', async () => {
    const world = await inService();
    const t0 = await fail(world, REFUSES);
    await world.clock.advance(6000);
    const written = JSON.parse(JSON.stringify(world.store.health('a')));
    world.supervisor.stop();
    const next = createWorld({ initial: SILENT });
    await next.clock.advance(world.clock.now() - next.clock.now());
    next.store.restore('a', { health: written });
    next.supervisor.start();
    expect(next.status()).toMatchObject({ state: 'reconnecting', attempt: 2, since: t0 });
    await next.clock.advance(t0 + 15_000 - next.clock.now());
    expect(next.probesSince(t0)).toContainEqual({ at: 9000, timeoutMs: 1000, repeatMs: null });
    expect(next.status()).toMatchObject({ state: 'out-of-service', since: t0 + 15_000 });
  });
});

describe('failed phone requests', () => {
  it('B30 2,000 failed requests start one probe and change nothing by themselves', async () => {
    const world = await inService();
    const at = world.clock.now();
    let answered = 0;
    for (let phone = 0; phone < 2000; phone++) void world.supervisor.requestFailed().then(() => answered++);
    expect(world.probesSince(at)).toHaveLength(1);
    expect(world.status().state).toBe('in-service');
    await world.clock.advance(19);
    expect(answered).toBe(0);
    await world.clock.advance(1);
    expect(answered).toBe(2000);
    expect(world.probesSince(at)).toHaveLength(1);
    expect(world.status().state).toBe('in-service');
  });

  it('B30 they learn of the outage as soon as that probe has failed', async () => {
    const world = await inService();
    world.server.behave(REFUSES);
    const states: string[] = [];
    for (let phone = 0; phone < 5; phone++) {
      void world.supervisor.requestFailed().then(() => states.push(world.status().state));
    }
    await world.clock.advance(1);
    expect(states).toEqual(Array(5).fill('reconnecting'));
  });

  it('B31 a probe asked before the request failed is not taken as the answer', async () => {
    const world = await inService();
    world.server.behave({ afterMs: 300, outcome: CONFIRMED });
    await world.clock.advance(4900);
    const at = world.clock.now();
    await world.clock.advance(10);
    // The poll in flight will be confirmed, but the server has died since it was asked.
    world.server.behave(REFUSES);
    const states: string[] = [];
    for (let phone = 0; phone < 3; phone++) {
      void world.supervisor.requestFailed().then(() => states.push(world.status().state));
    }
    await world.clock.advance(290);
    expect(states).toEqual([]);
    await world.clock.advance(1);
    expect(states).toEqual(['reconnecting', 'reconnecting', 'reconnecting']);
    expect(world.probesSince(at).map(({ at: start }) => start)).toEqual([0, 300, 301]);
  });

  it('B32 while SystemInfo is fine, requests that go on failing ask at most once a second', async () => {
    const world = await inService();
    await world.clock.advance(2000);
    const at = world.clock.now();
    let answered = 0;
    for (let request = 0; request < 300; request++) {
      void world.supervisor.requestFailed().then(() => answered++);
      await world.clock.advance(10);
    }
    await world.clock.advance(1500);
    expect(answered).toBe(300);
    const starts = world.probesSince(at).map(({ at: start }) => start);
    expect(starts.slice(0, 4)).toEqual([0, 1000, 2000, 3000]);
  });

  it('B32 one that has to wait for that second still learns of an outage that began meanwhile', async () => {
    const world = await inService();
    await world.clock.advance(2000);
    void world.supervisor.requestFailed();
    await world.clock.advance(100);
    world.server.behave(REFUSES);
    let state = '';
    void world.supervisor.requestFailed().then(() => {
      state = world.status().state;
    });
    await world.clock.advance(901);
    expect(state).toBe('reconnecting');
  });

  it('B33 during an outage a failed request is answered at once and starts no probe', async () => {
    const world = await inService();
    const t0 = await fail(world, REFUSES);
    await world.clock.advance(1000);
    await world.supervisor.requestFailed();
    await world.clock.advance(t0 + 14_999 - world.clock.now());
    expect(world.probesSince(t0).map(({ at }) => at)).toEqual([0, 4000, 5000, 9000, 10_000, 14_000]);
    await world.clock.advance(500);
    const probes = world.server.probes.length;
    await world.supervisor.requestFailed();
    expect(world.server.probes).toHaveLength(probes);
  });
});

describe('the choice of an alternate', () => {
  it('B40 a result under 1 s old serves, one of 1 s does not', async () => {
    const world = await inService();
    const probes = world.server.probes.length;
    const confirmedAt = world.status().confirmedAt ?? 0;
    await world.clock.advance(confirmedAt + 999 - world.clock.now());
    expect(await world.supervisor.confirm(1500)).toBe(true);
    expect(world.server.probes).toHaveLength(probes);
    await world.clock.advance(1);
    const later = world.supervisor.confirm(1500);
    expect(world.server.probes).toHaveLength(probes + 1);
    await world.clock.advance(20);
    expect(await later).toBe(true);
  });

  it('B41 one probe for all who choose, and the next poll is an interval after it', async () => {
    const world = await inService();
    await world.clock.advance(2000);
    const at = world.clock.now();
    const answers = Promise.all(Array.from({ length: 500 }, () => world.supervisor.confirm(1500)));
    await world.clock.advance(20);
    expect(new Set(await answers)).toEqual(new Set([true]));
    await world.clock.advance(5000);
    expect(world.probesSince(at).map(({ at: start }) => start)).toEqual([0, 5000]);
  });

  it('B42 no confirmation within the limit is none; the probe goes on and its result counts for health', async () => {
    const world = await inService();
    await world.clock.advance(2000);
    world.server.behave({ afterMs: 1501, outcome: CONFIRMED });
    let answer: boolean | null = null;
    void world.supervisor.confirm(1500).then((confirmed) => {
      answer = confirmed;
    });
    await world.clock.advance(1499);
    expect(answer).toBeNull();
    await world.clock.advance(1);
    expect(answer).toBe(false);
    await world.clock.advance(1);
    expect(world.status().confirmedAt).toBe(world.clock.now());
  });

  it.each([
    ['refused', REFUSES],
    ['401', { afterMs: 1, outcome: FAULT }],
  ])('B42 a probe that fails (%s) is no confirmation', async (_name, behaviour) => {
    const world = await inService();
    await world.clock.advance(2000);
    world.server.behave(behaviour);
    const answer = world.supervisor.confirm(1500);
    await world.clock.advance(10);
    expect(await answer).toBe(false);
  });

  it('B43 while reconnecting a choice is refused without a probe beside the grid', async () => {
    const world = await inService();
    const t0 = await fail(world, REFUSES);
    await world.clock.advance(3000);
    expect(await world.supervisor.confirm(1500)).toBe(false);
    world.server.behave(SILENT);
    await world.clock.advance(t0 + 14_999 - world.clock.now());
    expect(world.probesSince(t0).map(({ at }) => at)).toEqual([0, 4000, 5000, 9000, 10_000, 14_000]);
  });

  it('B43 unless the probe in flight brings it back in time', async () => {
    const world = await inService();
    const t0 = await fail(world, REFUSES);
    world.server.behave((at) => (at < t0 + 5000 ? REFUSES : { afterMs: 500, outcome: CONFIRMED }));
    await world.clock.advance(5000);
    const answer = world.supervisor.confirm(1500);
    await world.clock.advance(1500);
    expect(await answer).toBe(true);
  });

  it('B20 B42 one confirmation is not enough for a service that is out', async () => {
    const world = await inService();
    await outOfService(world);
    world.server.behave(UP);
    const answer = world.supervisor.confirm(1500);
    await world.clock.advance(20);
    expect(await answer).toBe(false);
  });
});

describe('random servers', () => {
  const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
    fc.constantFrom(UP, REFUSES, RESETS, BUSY, SILENT, { afterMs: 1, outcome: FAULT }),
    fc.record({ afterMs: fc.integer({ min: 0, max: 6000 }), outcome: fc.constantFrom(CONFIRMED, failed('reset')) }),
  );
  const act = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 9000 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('behave' as const), behaviour }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'requestFailed' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'confirm' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('suspend' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
    },
  );

  it('B13 B14 B20 keep the grid, the limits of probes and one verdict per outage', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { maxLength: 40 }),
        fc.integer({ min: 500, max: 4999 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        async (script, timeoutMs, randomness) => {
          const world = createWorld({ timeoutMs, random: () => randomness.next().value });
          let isLate = false;
          let waiting = 0;
          const ask = (asked: Promise<unknown>) => {
            waiting++;
            void asked.then(() => waiting--);
          };
          world.supervisor.start();
          for (const step of script) {
            if (step.kind === 'wait') await world.clock.advance(step.ms);
            else if (step.kind === 'behave') world.server.behave(step.behaviour);
            else if (step.kind === 'requestFailed') ask(world.supervisor.requestFailed());
            else if (step.kind === 'confirm') ask(world.supervisor.confirm(1500));
            else {
              isLate = true;
              await world.clock.suspend(step.ms);
            }
          }
          world.server.behave(UP);
          await world.clock.advance(40_000);
          // Whatever happened, a server that is up again is found, and nobody waits for ever.
          expect(world.status().state).toBe('in-service');
          expect(waiting).toBe(0);
          expect(world.faults).toEqual([]);
          expect(world.server.mostInFlight()).toBeLessThanOrEqual(2);
          checkChanges(world.changes, isLate);
        },
      ),
      { numRuns: 300 },
    );
  });

  function checkChanges(changes: readonly Change[], isLate: boolean): void {
    let t0 = Number.NaN;
    for (const { at, from, to, attempt } of changes) {
      if (to === 'reconnecting' && from !== 'reconnecting') t0 = at;
      else if (isLate) continue;
      else if (to === 'reconnecting') expect(at - t0).toBe(((attempt ?? 0) - 1) * 5000);
      else if (to === 'out-of-service') expect(at - t0).toBe(15_000);
      if (to === 'out-of-service') expect(from).toBe('reconnecting');
    }
  }
});

describe('an observer that throws', () => {
  it('B269 costs no result of a probe, no step of the timeline and no later poll', async () => {
    const { clock, server, supervisor, changes, faults, status } = createWorld({
      observer: () => {
        throw new Error('observer');
      },
    });
    supervisor.start();
    await clock.advance(20);
    expect(status()).toMatchObject({ state: 'in-service', confirmedAt: clock.now() });
    server.behave(REFUSES);
    await clock.advance(20_000);
    server.behave(UP);
    await clock.advance(20_000);
    expect(changes.map(({ to, attempt }) => attempt ?? to)).toEqual([
      'in-service',
      1,
      2,
      3,
      'out-of-service',
      'in-service',
    ]);
    expect(status().state).toBe('in-service');
    expect(faults.length).toBeGreaterThan(changes.length);
    supervisor.stop();
  });
});

describe('what the operator set', () => {
  it('B79 ends at its time or at once, whatever the service does', async () => {
    const { clock, server, supervisor, store, status } = createWorld();
    supervisor.start();
    await clock.advance(20);
    server.behave(SILENT);
    const forMs = 60_000;
    store.setAdmin('a', { admin: 'maint', reason: 'patches', until: clock.now() + forMs });
    supervisor.settingChanged();
    await clock.advance(forMs - 1);
    expect(status().admin.admin).toBe('maint');
    await clock.advance(1);
    expect(status()).toMatchObject({ admin: { admin: 'ready' }, state: 'out-of-service' });
    store.setAdmin('a', { admin: 'maint', reason: null, until: clock.now() });
    supervisor.settingChanged();
    await clock.advance(0);
    expect(status().admin.admin).toBe('ready');
    supervisor.stop();
  });
});
