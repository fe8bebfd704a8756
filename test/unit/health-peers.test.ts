/** Proxies that see the same service: one timeline, by whatever order they hear of each other. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServiceEffect, ServiceEvent } from '../../src/domain/health/events.ts';
import { joinWithinMs, selectDissenters, selectOwnT0 } from '../../src/domain/health/peers.ts';
import { reduceService, selectWake } from '../../src/domain/health/reduce.ts';
import { NEW_SERVICE, type PeerView, type ServiceState } from '../../src/domain/health/state.ts';
import { CONFIRMED, failed } from '../scripted-probe.ts';

const SETTINGS = { intervalMs: 5000, attempts: 3, advisory: true };
const START = 1_800_000_000_000;

/** One proxy's view of one service, driven event by event; what time brings is made up for before each. */
class Side {
  state: ServiceState = NEW_SERVICE;
  effects: ServiceEffect[] = [];
  verdictAt: number | null = null;
  ownT0: number | null = null;
  readonly name: string;

  constructor(name: string, confirmedAt: number | null = START - 1000) {
    this.name = name;
    if (confirmedAt !== null) this.probe(confirmedAt, true);
  }

  to(at: number): void {
    for (;;) {
      const wake = selectWake(this.state, SETTINGS);
      if (wake === null || wake > at) return;
      this.apply({ kind: 'time', at: wake });
    }
  }

  probe(at: number, isUp: boolean): void {
    this.to(at);
    const outcome = isUp ? CONFIRMED : failed('refused');
    this.apply({ kind: 'probe', at, startedAt: at - 10, latencyMs: 10, outcome });
  }

  hear(at: number, view: PeerView): void {
    this.to(at);
    this.apply({ kind: 'peer', at, view });
  }

  says(): PeerView {
    const { phase } = this.state.health;
    const isDown = phase.state === 'reconnecting' || phase.state === 'out-of-service';
    return {
      ...{ proxy: this.name, alive: true, state: phase.state },
      attempt: phase.state === 'reconnecting' ? phase.attempt : null,
      since: null,
      t0: isDown ? phase.t0 : null,
      ownT0: selectOwnT0(phase),
    };
  }

  private apply(event: ServiceEvent): void {
    const before = this.state.health.phase.state;
    const step = reduceService(this.state, event, SETTINGS);
    this.state = step.state;
    this.effects.push(...step.effects);
    const { phase } = this.state.health;
    if (phase.state === 'out-of-service' && before !== 'out-of-service') this.verdictAt = event.at;
    this.ownT0 ??= phase.state === 'in-service' ? null : selectOwnT0(phase);
  }
}

const phaseOf = ({ state }: Side) => state.health.phase;
const probes = ({ effects }: Side) => effects.filter(({ kind }) => kind === 'probe').length;

describe('one timeline', () => {
  it('B670 who established the same failure within two intervals counts from the earliest t0 and shows the same attempt', () => {
    const [one, other] = [new Side('one'), new Side('other')];
    one.probe(START, false);
    other.probe(START + 6300, false);
    expect(phaseOf(other)).toMatchObject({ state: 'reconnecting', t0: START + 6300, attempt: 1 });
    other.hear(START + 6400, one.says());
    expect(phaseOf(other)).toMatchObject({ state: 'reconnecting', t0: START, attempt: 2 });
    one.hear(START + 6500, other.says());
    one.to(START + 15_000);
    other.to(START + 15_000);
    expect(phaseOf(one)).toMatchObject({ state: 'out-of-service', since: START + 15_000, t0: START });
    expect(phaseOf(other)).toMatchObject({ state: 'out-of-service', since: START + 15_000, t0: START });
    const announced = other.effects.flatMap((each) => (each.kind === 'announce' ? [[each.to, each.attempt]] : []));
    expect(announced.slice(1)).toEqual([
      ['reconnecting', 1],
      ['reconnecting', 2],
      ['reconnecting', 3],
      ['out-of-service', null],
    ]);
  });

  it('B670 a failure established more than two intervals later has a timeline of its own', () => {
    const [one, other] = [new Side('one'), new Side('other')];
    one.probe(START, false);
    one.to(START + 11_000);
    other.probe(START + 11_000, false);
    other.hear(START + 11_001, one.says());
    expect(phaseOf(other)).toMatchObject({ state: 'reconnecting', t0: START + 11_000, attempt: 1 });
  });

  it('B671 who hears of a failure that it does not see asks its server at once, once, and joins nothing', () => {
    const [one, other] = [new Side('one'), new Side('other')];
    one.probe(START, false);
    const before = probes(other);
    for (let at = START + 100; at < START + 20_000; at += 1000) {
      one.to(at);
      other.hear(at, one.says());
    }
    expect(probes(other) - before).toBe(1);
    expect(other.effects.at(-1)).toEqual({ kind: 'probe', limit: 'fresh' });
    expect(phaseOf(other).state).toBe('in-service');
    expect(selectDissenters('in-service', other.state.peers)).toMatchObject([
      { proxy: 'one', state: 'out-of-service', t0: START },
    ]);
  });

  it('B672 who hears that a service is back asks at once too, and believes only its own two confirmed probes', () => {
    const [one, other] = [new Side('one'), new Side('other')];
    for (const each of [one, other]) {
      each.probe(START, false);
      each.to(START + 15_000);
    }
    one.probe(START + 20_000, true);
    other.hear(START + 20_001, one.says());
    const before = probes(other);
    one.probe(START + 21_000, true);
    other.hear(START + 21_001, one.says());
    other.hear(START + 22_001, one.says());
    expect(probes(other) - before).toBe(1);
    expect(phaseOf(other).state).toBe('out-of-service');
    other.probe(START + 22_100, true);
    other.probe(START + 23_100, true);
    expect(phaseOf(other).state).toBe('in-service');
  });

  it('B673 a proxy that has just started joins the timeline of the living, however old, by one failed probe of its own', () => {
    const [one, other] = [new Side('one'), new Side('other', null)];
    one.probe(START, false);
    one.to(START + 60_000);
    other.hear(START + 60_000, one.says());
    expect(phaseOf(other).state).toBe('unknown');
    other.probe(START + 60_100, false);
    expect(phaseOf(other)).toMatchObject({ state: 'out-of-service', t0: START, since: START + 15_000 });
    // It may hear of them after its probe, too.
    const late = new Side('late', null);
    late.probe(START + 60_100, false);
    expect(phaseOf(late)).toMatchObject({ state: 'reconnecting', attempt: 1 });
    late.hear(START + 60_200, { ...one.says(), alive: false });
    expect(phaseOf(late)).toMatchObject({ state: 'reconnecting', attempt: 1 });
    late.hear(START + 60_300, one.says());
    expect(phaseOf(late)).toMatchObject({ state: 'out-of-service', t0: START });
  });

  it('B670 B671 any order of messages between proxies ends with one t0 for those who see the failure, and no verdict is early or late', () => {
    const fault = fc.record({ atMs: fc.option(fc.nat(10_000), { freq: 4 }) });
    const message = fc.record({
      from: fc.nat(2),
      to: fc.nat(2),
      atMs: fc.nat(16_000),
      ageMs: fc.nat(4000),
    });
    fc.assert(
      fc.property(
        fc.array(fault, { minLength: 2, maxLength: 3 }),
        fc.array(message, { maxLength: 30 }),
        (faults, messages) => {
          const sides = faults.map((_, index) => new Side(String(index)));
          const said = sides.map((side): [number, PeerView][] => [[0, side.says()]]);
          const steps = [
            ...faults.flatMap(({ atMs }, index) => (atMs === null ? [] : [{ atMs, kind: 'fail' as const, index }])),
            ...messages
              .filter(({ from, to }) => from !== to && from < sides.length && to < sides.length)
              .map((each) => ({ ...each, kind: 'message' as const })),
          ].toSorted((one, other) => one.atMs - other.atMs);
          const note = (atMs: number) => {
            sides.forEach((side, index) => {
              side.to(START + atMs);
              said[index]?.push([atMs, side.says()]);
            });
          };
          for (const step of steps) {
            note(step.atMs);
            if (step.kind === 'fail') sides[step.index]?.probe(START + step.atMs, false);
            else {
              // Late and out of order: what was said up to so long ago.
              const old = said[step.from]?.findLast(([atMs]) => atMs <= step.atMs - step.ageMs);
              if (old !== undefined) sides[step.to]?.hear(START + step.atMs, old[1]);
            }
            note(step.atMs);
          }
          for (const from of sides) for (const to of sides) if (from !== to) to.hear(START + 16_000, from.says());
          note(30_000);
          const failing = sides.filter((_, index) => faults[index]?.atMs !== null);
          const t0s = failing.map((side) => side.says().t0 ?? 0);
          // Less than a tenth of a second is the same moment.
          if (t0s.length > 0) expect(Math.max(...t0s) - Math.min(...t0s)).toBeLessThanOrEqual(100);
          for (const side of failing) {
            const own = side.ownT0 ?? 0;
            expect(side.verdictAt).toBeLessThanOrEqual(own + 15_000);
            // The last attempt is its own in whole: it sees that one's probes fail.
            expect(side.verdictAt).toBeGreaterThanOrEqual(own + 15_000 - joinWithinMs(SETTINGS));
          }
          for (const side of sides) if (!failing.includes(side)) expect(phaseOf(side).state).toBe('in-service');
        },
      ),
      { numRuns: 500 },
    );
  });
});
