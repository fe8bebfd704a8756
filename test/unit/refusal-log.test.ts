import { describe, expect, it } from 'vitest';
import { createRefusalLog } from '../../src/phones/refusal-log.ts';
import { createFakeClock } from '../fake-clock.ts';

function create(maxKeys?: number) {
  const clock = createFakeClock();
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = createRefusalLog({
    clock,
    write: (line) => lines.push(line),
    quietMs: 1000,
    ...(maxKeys === undefined ? {} : { maxKeys }),
  });
  const refused = (address: string | null, code: 'request-flood' | 'request-path' = 'request-flood', times = 1) => {
    for (let n = 0; n < times; n++) log.refused({ code, address, detail: 'why' });
  };
  return { clock, lines, log, refused };
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
    await clock.advance(1000);
    expect(lines.slice(2)).toEqual([
      { code: 'request-flood', address: '10.0.0.1', detail: 'the same again', times: 999 },
    ]);
    refused('10.0.0.1');
    expect(lines).toHaveLength(4);
  });

  it('are apart for another kind of offence, and name the device where there is one', () => {
    const { lines, log, refused } = create();
    refused('10.0.0.1');
    log.refused({ code: 'request-path', address: '10.0.0.1', device: 'SEP1', detail: 'x' });
    expect(lines[1]).toEqual({ code: 'request-path', address: '10.0.0.1', device: 'SEP1', detail: 'x' });
  });

  it('are bounded also when every one comes from another address', async () => {
    const { clock, lines, refused } = create(3);
    for (let n = 0; n < 500; n++) refused(`10.0.0.${n}`);
    expect(lines).toHaveLength(3);
    await clock.advance(1000);
    expect(lines.slice(3)).toEqual([
      { code: null, address: null, detail: 'from more addresses than are kept apart', times: 497 },
    ]);
    refused('10.0.0.1');
    expect(lines).toHaveLength(5);
  });

  it('come when the time is over, however the system clock is set meanwhile', async () => {
    const { clock, lines, refused } = create();
    refused('10.0.0.1', 'request-flood', 2);
    clock.set(-3_600_000);
    await clock.advance(999);
    expect(lines).toHaveLength(1);
    await clock.advance(1);
    expect(lines).toHaveLength(2);
    refused('10.0.0.1', 'request-flood', 2);
    clock.set(3_600_000);
    await clock.advance(1000);
    expect(lines).toHaveLength(4);
    expect(clock.armed()).toBe(0);
  });

  it('leave no timer behind: neither when all is quiet nor after a stop', async () => {
    const { clock, log, refused } = create();
    refused('10.0.0.1');
    await clock.advance(1000);
    expect(clock.armed()).toBe(0);
    refused('10.0.0.1');
    expect(clock.armed()).toBe(1);
    log.stop();
    expect(clock.armed()).toBe(0);
  });
});
