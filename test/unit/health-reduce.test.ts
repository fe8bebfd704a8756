import { describe, expect, it } from 'vitest';
import type { ServiceEvent } from '../../src/domain/health/events.ts';
import { reduceService } from '../../src/domain/health/reduce.ts';
import { NEW_SERVICE, type ServiceState } from '../../src/domain/health/state.ts';
import type { ProbeOutcome } from '../../src/domain/model.ts';
import { CONFIRMED, FAULT, failed } from '../scripted-probe.ts';

const T0 = 1_700_000_000_000;
const SETTINGS = { intervalMs: 5000, attempts: 3, advisory: false };

function probe(at: number, outcome: ProbeOutcome): ServiceEvent {
  return { kind: 'probe', at, startedAt: at - 20, latencyMs: 20, outcome };
}

/** The effects of the last event. */
function effectsOf(...events: readonly ServiceEvent[]) {
  let state: ServiceState = NEW_SERVICE;
  let effects: ReturnType<typeof reduceService>['effects'] = [];
  for (const event of events) ({ state, effects } = reduceService(state, event, SETTINGS));
  return effects.filter(({ kind }) => kind !== 'probe');
}

describe('what is told of a change', () => {
  it('holds all that there is to know of it: since when, what failed, which signal decided', () => {
    const { failure } = failed('refused') as { failure: object };
    expect(effectsOf(probe(T0, CONFIRMED), probe(T0 + 5000, failed('refused')))).toEqual([
      {
        ...{ kind: 'announce', from: 'in-service', to: 'reconnecting', attempt: 1 },
        ...{ since: T0 + 5000, failure, decidedBy: 'systemInfo' },
      },
    ]);
  });

  it('after the last attempt is dated on the grid', () => {
    const down = [probe(T0, CONFIRMED), probe(T0 + 5000, failed('refused'))];
    expect(effectsOf(...down, { kind: 'time', at: T0 + 20_300 })).toMatchObject([
      { kind: 'announce', to: 'out-of-service', since: T0 + 20_000 },
    ]);
  });

  it('is told of a notification outage by the signal that brought it', () => {
    expect(
      effectsOf(
        probe(T0, CONFIRMED),
        { kind: 'connected', at: T0 + 10 },
        { kind: 'disconnected', at: T0 + 20, cause: 'lost', failure: { code: 'reset', detail: '' } },
      ),
    ).toMatchObject([{ kind: 'announce', to: 'reconnecting', decidedBy: 'connection' }]);
  });
});

describe('credentials that SystemInfo refuses', () => {
  it('are told of once, until a probe finds something else', () => {
    const { failure } = FAULT as { failure: object };
    const refused = [{ kind: 'credentials-refused', failure }];
    expect(effectsOf(probe(T0, CONFIRMED), probe(T0 + 5000, FAULT))).toEqual(refused);
    expect(effectsOf(probe(T0, CONFIRMED), probe(T0 + 5000, FAULT), probe(T0 + 10_000, FAULT))).toEqual([]);
    expect(effectsOf(probe(T0, FAULT), probe(T0 + 5000, CONFIRMED), probe(T0 + 10_000, FAULT))).toEqual(refused);
  });
});
