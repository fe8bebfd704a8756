import { describe, expect, it } from 'vitest';
import { type AddressLimits, DEFAULT_LIMITS } from '../../src/config/limits.ts';
import { createClientLimits } from '../../src/http/server/client-limits.ts';
import { createFakeClock } from '../fake-clock.ts';

const LIMITS: AddressLimits = { connections: 2, requestsPerSecond: 1, burst: 2, exempt: ['10.9.0.0/16'] };
const FRONT = '10.0.0.1';

function create(limits = LIMITS, maxAddresses?: number) {
  const clock = createFakeClock();
  const bounds = createClientLimits({ limits, trustedFronts: [FRONT] }, clock, maxAddresses);
  const verdicts = (times: number, from: string, forwarded?: string) =>
    Array.from({ length: times }, () => bounds.requested(from, forwarded).verdict);
  return { clock, bounds, verdicts };
}

describe('connections', () => {
  it('of one address are counted, those of another are not touched', () => {
    const { bounds } = create();
    expect([bounds.opened('10.1.1.1'), bounds.opened('10.1.1.1'), bounds.opened('10.1.1.1')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(bounds.opened('10.1.1.2')).toBe(true);
    bounds.closed('10.1.1.1');
    expect(bounds.opened('::ffff:10.1.1.1')).toBe(true);
    expect(bounds.opened('10.1.1.1')).toBe(false);
  });

  it('of exempt addresses and trusted fronts are not limited', () => {
    const { bounds } = create();
    for (const address of ['10.9.1.1', FRONT]) {
      for (let n = 0; n < 100; n++) expect(bounds.opened(address)).toBe(true);
    }
  });

  it('of an address deep in debt are not even taken, until it has been quiet', async () => {
    const { bounds, verdicts, clock } = create();
    expect(verdicts(4, '10.1.1.1').at(-1)).toBe('drop');
    expect(bounds.opened('10.1.1.1')).toBe(false);
    await clock.advance(2000);
    expect(bounds.opened('10.1.1.1')).toBe(true);
  });
});

describe('requests', () => {
  it('count for the phone that a trusted front forwards, and for nobody when it forwards none', () => {
    const { verdicts } = create();
    expect(verdicts(3, FRONT, '10.2.0.1')).toEqual(['serve', 'serve', 'busy']);
    expect(verdicts(2, FRONT, '10.2.0.2')).toEqual(['serve', 'serve']);
    expect(new Set(verdicts(50, FRONT))).toEqual(new Set(['serve']));
  });

  it('are counted in time that passes: setting the system clock gives nothing and locks nobody out', async () => {
    const { verdicts, clock } = create();
    expect(verdicts(3, '10.1.1.1').at(-1)).toBe('busy');
    clock.set(3_600_000);
    expect(verdicts(1, '10.1.1.1')).toEqual(['drop']);
    clock.set(-7_200_000);
    await clock.advance(4000);
    expect(verdicts(3, '10.1.1.1')).toEqual(['serve', 'serve', 'busy']);
  });

  it('a header of anybody else is not believed', () => {
    const { bounds, verdicts } = create();
    expect(bounds.requested('10.1.1.1', '10.9.0.1').address).toBe('10.1.1.1');
    expect(verdicts(2, '10.1.1.1', '10.2.0.7').at(-1)).toBe('busy');
  });

  it('of many addresses take a bounded memory: the one silent for longest is forgotten', () => {
    const { verdicts } = create(LIMITS, 3);
    expect(verdicts(3, '10.1.1.1').at(-1)).toBe('busy');
    for (const last of [2, 3, 4]) verdicts(1, `10.1.1.${last}`);
    expect(verdicts(1, '10.1.1.1')).toEqual(['serve']);
  });

  it('other limits hold from the moment they are set', () => {
    const { bounds, verdicts } = create();
    verdicts(3, '10.1.1.1');
    bounds.reconfigure({ limits: { ...LIMITS, exempt: ['10.1.1.1'] }, trustedFronts: [] });
    expect(verdicts(5, '10.1.1.1')).toEqual(Array(5).fill('serve'));
  });

  it('by default never refuse 2,000 phones that come back within a second, each by 4 connections and 10 requests', () => {
    const { bounds } = create(DEFAULT_LIMITS.perAddress);
    for (let phone = 0; phone < 2000; phone++) {
      const address = `10.20.${phone >> 8}.${phone & 255}`;
      for (let n = 0; n < 4; n++) expect(bounds.opened(address)).toBe(true);
      for (let n = 0; n < 10; n++) expect(bounds.requested(address, undefined).verdict).toBe('serve');
    }
  });
});
