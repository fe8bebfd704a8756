import { describe, expect, it } from 'vitest';
import type { Failure, FailureCode } from '../../src/domain/failure.ts';
import type { HealthState } from '../../src/domain/model.ts';
import { createEventLog } from '../../src/ops/event-log.ts';
import type { Log, LogFields } from '../../src/ops/log.ts';
import { createFakeClock } from '../fake-clock.ts';

function create() {
  const clock = createFakeClock();
  const lines: LogFields[] = [];
  const note = (_: string, fields: LogFields = {}) => void lines.push(fields);
  const log: Log = { debug: () => {}, info: note, warn: note, error: note, child: () => log };
  const eventLog = createEventLog(log, clock);
  const refused = (
    address: string | null,
    code: FailureCode = 'request-flood',
    times = 1,
    device: string | null = null,
  ) => {
    const failure = { code, detail: 'why' };
    const event = { kind: 'request-refused', at: clock.now(), service: null, device, address, failure } as const;
    for (let n = 0; n < times; n++) eventLog.handlers['request-refused']?.(event);
  };
  return { clock, lines, eventLog, refused };
}

describe('lines about refused requests', () => {
  it('B235 are one for each offender, and a count of the rest when its time is over', async () => {
    const { clock, lines, refused } = create();
    refused('10.0.0.1', 'request-flood', 1000);
    refused('10.0.0.2');
    expect(lines).toEqual([
      { code: 'request-flood', address: '10.0.0.1', detail: 'why' },
      { code: 'request-flood', address: '10.0.0.2', detail: 'why' },
    ]);
    await clock.advance(60_000);
    expect(lines.slice(2)).toEqual([
      { code: 'request-flood', address: '10.0.0.1', detail: 'the same again', times: 999 },
    ]);
    refused('10.0.0.1');
    expect(lines).toHaveLength(4);
  });

  it('are apart for another kind of offence, and name the device where there is one', () => {
    const { lines, refused } = create();
    refused('10.0.0.1');
    refused('10.0.0.1', 'request-path', 1, 'SEP1');
    expect(lines[1]).toEqual({ code: 'request-path', address: '10.0.0.1', device: 'SEP1', detail: 'why' });
  });

  it('are bounded also when every one comes from another address', async () => {
    const { clock, lines, refused } = create();
    for (let n = 0; n < 500; n++) refused(`10.0.${n}.1`);
    expect(lines).toHaveLength(200);
    await clock.advance(60_000);
    expect(lines.slice(200)).toEqual([
      { code: null, address: null, detail: 'from more addresses than are kept apart', times: 300 },
    ]);
  });

  it('come when the time is over, however the system clock is set meanwhile', async () => {
    const { clock, lines, refused } = create();
    refused('10.0.0.1', 'request-flood', 2);
    clock.set(-3_600_000);
    await clock.advance(59_999);
    expect(lines).toHaveLength(1);
    await clock.advance(1);
    expect(lines).toHaveLength(2);
  });

  it('leave no timer behind: neither when all is quiet nor after a stop', async () => {
    const { clock, eventLog, refused } = create();
    refused('10.0.0.1');
    await clock.advance(60_000);
    expect(clock.armed()).toBe(0);
    refused('10.0.0.1');
    expect(clock.armed()).toBe(1);
    eventLog.stop();
    expect(clock.armed()).toBe(0);
  });
});

it('warns of overlong URLs of a service once in ten minutes, and then says how often', async () => {
  const { clock, lines, eventLog } = create();
  const report = (service: string) =>
    eventLog.handlers['url-overlong']?.({ kind: 'url-overlong', at: clock.now(), service, urls: 2 });
  for (const service of ['a', 'a', 'b', 'a']) report(service);
  expect(lines).toEqual([
    { service: 'a', urls: 2 },
    { service: 'b', urls: 2 },
  ]);
  await clock.advance(600_000);
  expect(lines.slice(2)).toEqual([{ service: 'a', times: 2 }]);
});

it('B450 the lines of an outage have the code of what failed, and that of its end has none', () => {
  const { clock, lines, eventLog } = create();
  const changed = (from: HealthState, to: HealthState, failure: Failure | null) => {
    const rest = { attempt: null, since: clock.now(), decidedBy: 'systemInfo' } as const;
    eventLog.handlers['service-changed']?.({
      kind: 'service-changed',
      at: clock.now(),
      service: 'a',
      from,
      to,
      failure,
      ...rest,
    });
  };
  changed('in-service', 'reconnecting', { code: 'cti-lost', detail: '' });
  changed('reconnecting', 'out-of-service', { code: 'refused', detail: '' });
  changed('out-of-service', 'in-service', null);
  expect(lines.map(({ code }) => code)).toEqual(['cti-lost', 'refused', null]);
});
