import { describe, expect, it } from 'vitest';
import type { ServiceEvent, SignalEvent } from '../../src/domain/health/events.ts';
import { reduceService, selectWake } from '../../src/domain/health/reduce.ts';
import { MAX_WAIT_MS, selectDecider, selectStanding } from '../../src/domain/health/signals.ts';
import { NEW_SERVICE, NO_SIGNALS, type ServiceState } from '../../src/domain/health/state.ts';
import type { Failure, ProbeOutcome } from '../../src/domain/model.ts';
import { CONFIRMED, FAULT, failed } from '../scripted-probe.ts';

const SETTINGS = { intervalMs: 5000, attempts: 3, advisory: false };
const T0 = 1_000_000;
const LOST: Failure = { code: 'notification-lost', detail: 'the server closed it' };
const OUT: ProbeOutcome = { kind: 'failed', failure: { code: 'out-of-service', detail: '' }, info: null };

/** A service as its events make it, one after the other. */
class Service {
  now: ServiceState = NEW_SERVICE;
  effects: readonly string[] = [];
  #advisory: boolean;

  constructor(advisory = false) {
    this.#advisory = advisory;
    this.probe(T0 - 60_000).says({ kind: 'connected', at: T0 - 59_000 });
    this.says({ kind: 'presence', at: T0 - 59_000, available: true });
  }

  says(event: SignalEvent): this {
    return this.#apply(event);
  }

  /** Another configuration, by which signals are words only, or count. */
  judge(advisory: boolean, at: number): this {
    this.#advisory = advisory;
    return this.#apply({ kind: 'settings', at });
  }

  probe(at: number, outcome: ProbeOutcome = CONFIRMED, startedAt = at): this {
    return this.#apply({ kind: 'probe', at, startedAt, latencyMs: at - startedAt, outcome });
  }

  time(at: number): this {
    return this.#apply({ kind: 'time', at });
  }

  lost(at: number): this {
    return this.says({ kind: 'disconnected', at, cause: 'lost', failure: LOST });
  }

  connected(at: number): this {
    return this.says({ kind: 'connected', at });
  }

  presence(at: number, available: boolean): this {
    return this.says({ kind: 'presence', at, available });
  }

  notified(at: number, status: 'IN_SERVICE' | 'OUT_OF_SERVICE'): this {
    return this.says({ kind: 'notified', at, status });
  }

  /** Confirmed probes every 5 s, from the first to the last time. */
  confirmedFrom(first: number, last: number): this {
    for (let at = first; at <= last; at += 5000) this.probe(at);
    return this;
  }

  get state() {
    return this.now.health.phase.state;
  }

  get wake() {
    return selectWake(this.now, SETTINGS);
  }

  get decider() {
    return selectDecider(this.now.signals, { advisory: this.#advisory });
  }

  #apply(event: ServiceEvent): this {
    const { state, effects } = reduceService(this.now, event, { ...SETTINGS, advisory: this.#advisory });
    this.now = state;
    this.effects = effects.map((effect) => {
      if (effect.kind === 'credentials-refused') return effect.kind;
      return effect.kind === 'probe' ? effect.limit : effect.to;
    });
    return this;
  }
}

describe('what each signal does', () => {
  it('B460 the loss of an established connection starts the timeline at once, with a probe beside it', () => {
    const service = new Service().lost(T0);
    expect(service.now.health).toMatchObject({
      phase: { state: 'reconnecting', t0: T0, attempt: 1, stage: 'full' },
      failure: LOST,
    });
    expect(service.effects).toEqual(['full', 'reconnecting']);
    expect(service.decider).toBe('connection');
  });

  it('B461 finesse becoming unavailable does the same', () => {
    const service = new Service().presence(T0, false);
    expect(service.now.health.phase).toMatchObject({ state: 'reconnecting', t0: T0 });
    expect(service.now.health.failure?.code).toBe('notification-presence');
    expect(service.effects).toEqual(['full', 'reconnecting']);
    expect(service.decider).toBe('presence');
  });

  it('B462 a notified OUT_OF_SERVICE asks at once, and only the answer decides', () => {
    const service = new Service().notified(T0, 'OUT_OF_SERVICE');
    expect([service.state, ...service.effects]).toEqual(['in-service', 'fresh']);
    expect(service.probe(T0 + 20).state).toBe('in-service');
    expect(service.notified(T0 + 100, 'OUT_OF_SERVICE').probe(T0 + 120, OUT).state).toBe('reconnecting');
  });

  it('what a probe says that was asked before the notification does not decide', () => {
    const service = new Service().notified(T0, 'OUT_OF_SERVICE').probe(T0 + 20, OUT, T0 - 10);
    expect(service.now.signals.notified.undecided).toEqual({ since: T0, asks: 1 });
    expect(service.now.signals.wait).toBeNull();
    expect(service.probe(T0 + 40, OUT, T0 + 20).now.signals.notified.undecided).toBeNull();
  });

  it('B262 an OUT_OF_SERVICE that SystemInfo denies is asked about again after 1 s and 3 s, and then set aside', () => {
    const service = new Service().notified(T0, 'OUT_OF_SERVICE').probe(T0 + 20);
    expect([service.wake, ...service.effects]).toEqual([T0 + 1000]);
    service.time(T0 + 1000);
    expect([service.wake, ...service.effects]).toEqual([T0 + 3000, 'fresh']);
    // A poll in between says no more than the question before it.
    service.probe(T0 + 1020).probe(T0 + 2500);
    expect(service.now.signals.notified.undecided).toEqual({ since: T0, asks: 2 });
    service.time(T0 + 3000);
    expect([service.wake, ...service.effects]).toEqual([null, 'fresh']);
    expect(service.probe(T0 + 3020).now.signals.notified.undecided).toBeNull();
    expect([service.state, service.wake]).toEqual(['in-service', null]);
  });

  it.each([
    ['the second', 1000],
    ['the third', 3000],
  ])('B262 %s answer still takes the service out, and IN_SERVICE is awaited then', (_, afterMs) => {
    const service = new Service().notified(T0, 'OUT_OF_SERVICE').probe(T0 + 20);
    for (let at = T0 + 1000; at < T0 + afterMs; at += 2000) service.time(at).probe(at + 20);
    service.time(T0 + afterMs).probe(T0 + afterMs + 20, OUT);
    expect([service.state, service.now.signals.wait?.for]).toEqual(['reconnecting', 'in-service']);
    expect(service.probe(T0 + afterMs + 2000).state).toBe('reconnecting');
  });

  it('B262 nothing more is asked once IN_SERVICE is notified or the connection is lost', () => {
    const denied = () => new Service().notified(T0, 'OUT_OF_SERVICE').probe(T0 + 20);
    for (const service of [denied().notified(T0 + 500, 'IN_SERVICE'), denied().connected(T0 + 500)]) {
      expect(service.wake).toBeNull();
      expect([service.time(T0 + 1000).state, ...service.effects]).toEqual(['in-service']);
    }
  });

  it('B262 of questions that were missed one is made up for, and a clock that is set back puts none off', () => {
    const late = new Service()
      .notified(T0, 'OUT_OF_SERVICE')
      .probe(T0 + 20)
      .time(T0 + 60_000);
    expect([late.wake, ...late.effects]).toEqual([null, 'fresh']);
    expect(late.probe(T0 + 60_020).now.signals.notified.undecided).toBeNull();
    const back = T0 - 3_600_000;
    expect(new Service().notified(T0, 'OUT_OF_SERVICE').probe(back).wake).toBe(back + 1000);
  });

  it('B466 what never was cannot be lost: no connection yet, a failed login, a presence that never came', () => {
    const never = new Service().says({ kind: 'reset', at: T0 });
    expect(never.lost(T0 + 1).state).toBe('in-service');
    expect(never.now.signals.connection).toEqual({ says: 'unknown', since: T0 + 1, failure: LOST });
    expect(never.connected(T0 + 2).presence(T0 + 3, false).state).toBe('in-service');
    const refused: Failure = { code: 'notification-login', detail: 'not-authorized' };
    never.says({ kind: 'disconnected', at: T0 + 4, cause: 'configuration', failure: refused });
    expect([never.state, never.now.signals.connection.says]).toEqual(['in-service', 'unknown']);
    expect(never.effects).toEqual([]);
  });

  it('advisory: words, and nothing else', () => {
    const service = new Service(true).presence(T0, false);
    expect([service.state, service.decider]).toEqual(['in-service', 'systemInfo']);
    service.lost(T0 + 1);
    expect([service.state, service.now.signals.connection.says]).toEqual(['in-service', 'lost']);
    service
      .connected(T0 + 2)
      .notified(T0 + 3, 'OUT_OF_SERVICE')
      .probe(T0 + 4, OUT);
    expect(service.now.signals.wait).toBeNull();
    expect(service.probe(T0 + 5).state).toBe('in-service');
  });

  it('a failure that comes while another stands neither restarts the timeline nor ends it', () => {
    const service = new Service()
      .probe(T0, failed('refused'))
      .presence(T0 + 1000, false)
      .lost(T0 + 2000);
    expect(service.now.health.phase).toMatchObject({ state: 'reconnecting', t0: T0 });
    expect(service.decider).toBe('systemInfo');
    expect(service.time(T0 + 15_000).state).toBe('out-of-service');
    expect(service.presence(T0 + 16_000, false).now.health.phase).toMatchObject({ since: T0 + 15_000 });
  });
});

describe('rule 1: the connection is down', () => {
  it('B463 confirmed probes do not bring the service back: out of service after three attempts', () => {
    const service = new Service()
      .lost(T0)
      .probe(T0 + 20)
      .time(T0 + 4000)
      .probe(T0 + 4020);
    expect(service.state).toBe('reconnecting');
    expect(service.now.health.failure).toEqual(LOST);
    expect(service.time(T0 + 15_000).state).toBe('out-of-service');
    service.confirmedFrom(T0 + 20_000, T0 + 120_000);
    expect(service.state).toBe('out-of-service');
  });

  it('B463 the connection alone does not either: it asks, and the answer does', () => {
    const service = new Service()
      .lost(T0)
      .probe(T0 + 20)
      .connected(T0 + 100);
    expect([service.state, ...service.effects]).toEqual(['reconnecting', 'fresh']);
    expect(service.probe(T0 + 120).state).toBe('in-service');
  });

  it('after the verdict one more confirmation is enough, if SystemInfo was fine before', () => {
    const service = new Service()
      .lost(T0)
      .time(T0 + 15_000)
      .confirmedFrom(T0 + 20_000, T0 + 30_000);
    service.connected(T0 + 30_100);
    expect(service.effects).toEqual(['fresh']);
    expect(service.probe(T0 + 30_120).state).toBe('in-service');
    const both = new Service()
      .lost(T0)
      .time(T0 + 15_000)
      .probe(T0 + 20_000, OUT)
      .connected(T0 + 30_000);
    expect(both.probe(T0 + 30_020).state).toBe('out-of-service');
    expect(both.probe(T0 + 35_000).state).toBe('in-service');
  });

  it('a login that is refused withdraws the failure: unknown, and a probe decides', () => {
    const failure: Failure = { code: 'certificate-untrusted', detail: '' };
    const service = new Service().lost(T0).says({ kind: 'disconnected', at: T0 + 50, cause: 'configuration', failure });
    expect([service.state, ...service.effects]).toEqual(['reconnecting', 'fresh']);
    expect(service.probe(T0 + 70).state).toBe('in-service');
  });

  it('a try that fails keeps the time of the loss and tells the newer reason', () => {
    const failure: Failure = { code: 'refused', detail: '' };
    const service = new Service().lost(T0).says({ kind: 'disconnected', at: T0 + 5000, cause: 'lost', failure });
    expect(service.now.signals.connection).toEqual({ says: 'lost', since: T0, failure });
  });
});

describe('rule 2: OUT_OF_SERVICE was notified', () => {
  const out = () => new Service().notified(T0, 'OUT_OF_SERVICE').probe(T0 + 20, OUT);

  it('B464 IN_SERVICE is awaited, though SystemInfo may say so before', () => {
    const service = out().probe(T0 + 3000);
    expect([service.state, service.decider]).toEqual(['reconnecting', 'notified']);
    service.notified(T0 + 3500, 'IN_SERVICE');
    expect(service.effects).toEqual(['fresh']);
    expect(service.probe(T0 + 3520).state).toBe('in-service');
  });

  it('nothing is awaited when the connection breaks: rule 1 takes over', () => {
    const service = out()
      .lost(T0 + 1000)
      .connected(T0 + 2000)
      .probe(T0 + 2020);
    expect(service.state).toBe('in-service');
  });

  it('the wait ends when SystemInfo has confirmed for 30 s without a break', () => {
    const service = out()
      .time(T0 + 15_000)
      .confirmedFrom(T0 + 16_000, T0 + 41_000);
    expect(service.state).toBe('out-of-service');
    expect(service.probe(T0 + 46_000).state).toBe('in-service');
  });

  it('an outage that polling noticed, and of which nothing was notified, waits for nothing', () => {
    expect(new Service().probe(T0, OUT).probe(T0 + 4000).state).toBe('in-service');
  });
});

describe('rule 3: finesse is unavailable', () => {
  it('B465 AVAILABLE, and then IN_SERVICE, are awaited in this order', () => {
    const service = new Service()
      .presence(T0, false)
      .probe(T0 + 20)
      .notified(T0 + 100, 'IN_SERVICE');
    expect(service.probe(T0 + 120).state).toBe('reconnecting');
    expect(selectStanding(service.now.signals, SETTINGS)?.failure.code).toBe('notification-presence');
    service.presence(T0 + 200, true);
    expect(service.probe(T0 + 220).state).toBe('reconnecting');
    expect(selectStanding(service.now.signals, SETTINGS)?.failure.code).toBe('notification-awaited');
    service.notified(T0 + 300, 'IN_SERVICE');
    expect(service.effects).toEqual(['fresh']);
    expect(service.probe(T0 + 320).state).toBe('in-service');
  });

  it('B260 while finesse says that it is unavailable, SystemInfo alone does not bring the service back', () => {
    const service = new Service().presence(T0, false).confirmedFrom(T0 + 10, T0 + 600_000);
    expect(service.state).toBe('out-of-service');
    expect(selectStanding(service.now.signals, SETTINGS)?.failure.code).toBe('notification-presence');
  });

  it('B260 nor after a reconnect that finds finesse away', () => {
    const service = new Service()
      .presence(T0, false)
      .lost(T0 + 1000)
      .connected(T0 + 2000);
    // Whether it is away still is not known before its presence comes.
    expect([service.probe(T0 + 2010).state, service.decider]).toEqual(['reconnecting', 'presence']);
    service.presence(T0 + 2020, false).confirmedFrom(T0 + 2030, T0 + 120_000);
    expect(service.state).toBe('out-of-service');
    const went = new Service().lost(T0).connected(T0 + 2000);
    expect(went.presence(T0 + 2010, false).probe(T0 + 2020).state).toBe('reconnecting');
  });

  it('B260 a reconnect that finds finesse available ends the wait; one after which it says nothing, in 30 s', () => {
    const away = () =>
      new Service()
        .presence(T0, false)
        .lost(T0 + 1000)
        .connected(T0 + 2000);
    const there = away().presence(T0 + 2010, true);
    expect(there.effects).toEqual(['fresh']);
    expect(there.probe(T0 + 2030).state).toBe('in-service');
    const mute = away().confirmedFrom(T0 + 2020, T0 + 31_000);
    expect(mute.state).not.toBe('in-service');
    expect(mute.confirmedFrom(T0 + 32_020, T0 + 37_020).state).toBe('in-service');
  });

  it('B260 a login that is refused ends the wait: SystemInfo alone decides then', () => {
    const failure: Failure = { code: 'notification-login', detail: 'not-authorized' };
    const service = new Service().presence(T0, false).lost(T0 + 1000);
    service.says({ kind: 'disconnected', at: T0 + 2000, cause: 'configuration', failure });
    expect(service.probe(T0 + 2020).state).toBe('in-service');
  });

  it('B261 once it is available, the wait ends when SystemInfo has confirmed for 30 s from then on', () => {
    const service = new Service().presence(T0, false).confirmedFrom(T0 + 10, T0 + 59_000);
    service.presence(T0 + 60_000, true).confirmedFrom(T0 + 60_010, T0 + 89_000);
    expect(service.state).toBe('out-of-service');
    expect(service.probe(T0 + 60_000 + MAX_WAIT_MS).state).toBe('in-service');
    expect(service.presence(T0 + 91_000, false).state).toBe('reconnecting');
  });

  it('B261 a break, by a failed probe or a 401, begins the 30 s anew', () => {
    for (const outcome of [failed('timeout'), FAULT]) {
      const service = new Service()
        .presence(T0, false)
        .presence(T0 + 5, true)
        .confirmedFrom(T0 + 10, T0 + 20_010)
        .probe(T0 + 22_000, outcome);
      service.confirmedFrom(T0 + 25_000, T0 + 50_000);
      expect(service.state).toBe('out-of-service');
      expect(service.probe(T0 + 55_000).state).toBe('in-service');
    }
  });

  it('B261 a presence that comes and goes is awaited anew each time', () => {
    const service = new Service().presence(T0, false);
    for (let at = T0 + 1000; at <= T0 + 60_000; at += 1000) service.presence(at, at % 2000 === 0).probe(at + 10);
    expect([service.state, service.now.signals.presence.says]).toEqual(['out-of-service', 'available']);
    expect(service.confirmedFrom(T0 + 61_000, T0 + 91_000).state).toBe('in-service');
  });

  it('a clock that is set back lengthens it by 30 s at most', () => {
    const service = new Service()
      .presence(T0, false)
      .presence(T0 + 5, true)
      .confirmedFrom(T0 + 10, T0 + 20_010);
    const back = T0 - 3_600_000;
    service.confirmedFrom(back, back + 25_000);
    expect(service.state).not.toBe('in-service');
    service.confirmedFrom(back + 30_000, back + 40_000);
    expect(service.state).toBe('in-service');
  });
});

describe('a new configuration', () => {
  it('of the connection forgets what another one said, and asks', () => {
    const service = new Service().lost(T0).says({ kind: 'reset', at: T0 + 100 });
    expect(service.now.signals).toEqual({ ...NO_SIGNALS, systemInfo: { says: 'in-service', since: T0 - 60_000 } });
    expect([service.state, ...service.effects]).toEqual(['reconnecting', 'fresh']);
    expect(service.probe(T0 + 120).state).toBe('in-service');
  });

  it('B268 that makes it advisory ends a wait, and asks', () => {
    const service = new Service()
      .presence(T0, false)
      .time(T0 + 15_000)
      .judge(true, T0 + 20_000);
    expect([service.state, service.now.signals.wait]).toEqual(['out-of-service', null]);
    expect(service.probe(T0 + 20_020).probe(T0 + 25_000).state).toBe('in-service');
    expect(service.judge(false, T0 + 26_000).state).toBe('in-service');
  });

  it('B268 by which a lost connection counts from now on takes the service out', () => {
    const service = new Service(true).lost(T0).judge(false, T0 + 1000);
    expect(service.now.health).toMatchObject({ phase: { state: 'reconnecting', t0: T0 + 1000 }, failure: LOST });
    expect(service.effects).toEqual(['full', 'reconnecting']);
  });

  it('B268 that leaves the judgement as it was changes nothing', () => {
    const service = new Service().presence(T0, false);
    const before = service.now;
    service.judge(false, T0 + 100);
    expect([service.now, ...service.effects]).toEqual([before]);
  });
});
