/** What of the outages stands on top of the console, and how their reasons are shortened (console/verdict.js, console/parts.js). */
import { describe, expect, it } from 'vitest';
import { failures } from '../../src/domain/failure.ts';

// Plain JavaScript for browsers: console/tsconfig.json checks its types.
const load = (file: string) => import(String(new URL(`../../console/${file}`, import.meta.url)));
const { outagesOfNow } = await load('verdict.js');
const { splitReason } = await load('parts.js');

const NOW = Date.parse('2026-11-27T02:00:00Z');
const MINUTE = 60_000;
/** Began so many minutes ago, and ended so many ago. */
const outage = (id: string, began: number, ended: number | null, over: object = {}) => ({
  ...{ id, service: 'a', drill: false, missing: 1, startedAt: new Date(NOW - began * MINUTE).toISOString() },
  endedAt: ended === null ? null : new Date(NOW - ended * MINUTE).toISOString(),
  ...over,
});
const shown = (...outages: { readonly id: string }[]) => {
  const { panels, lines } = outagesOfNow(new Map(outages.map((each) => [each.id, each])), NOW);
  return [panels, lines].map((each) => each.map(({ id }: { id: string }) => id));
};

describe('B960 what stands on top', () => {
  it('those that are on first, the newest on top, then drills, then those that are over', () => {
    const all = [
      outage('over', 4, 3, { service: 'c' }),
      outage('drill', 1, null, { service: 'd', drill: true }),
      outage('on before', 90, null, { service: 'b' }),
      outage('on', 2, null),
    ];
    expect(shown(...all)).toEqual([['on', 'on before', 'drill', 'over'], []]);
  });

  it('of each service the last one that is over, and none beside the one that is on; the others are lines', () => {
    expect(shown(outage('1', 4, 3.5), outage('2', 3, 2.5), outage('3', 2, 1))).toEqual([['3'], ['2', '1']]);
    expect(shown(outage('1', 4, 3.5), outage('2', 3, null))).toEqual([['2'], ['1']]);
  });

  it('for an hour a line says who still is missing', () => {
    expect(shown(outage('1', 20, 10))).toEqual([[], ['1']]);
    expect(shown(outage('1', 90, 61))).toEqual([[], []]);
    expect(shown(outage('1', 20, 10, { missing: 0 }), outage('2', 2, 1, { drill: true }))).toEqual([[], []]);
  });
});

it('no reason shows a key of the configuration before somebody asks for more', () => {
  expect(splitReason('Connection refused. Is Cisco Finesse Tomcat started?')).toEqual([
    'Connection refused. Is Cisco Finesse Tomcat started?',
    '',
  ]);
  for (const code of ['notification-presence', 'notification-awaited', 'certificate-untrusted'] as const) {
    const [first, rest] = splitReason(failures[code].operator);
    expect(first).not.toMatch(/notification\.|tls\./);
    expect(rest).toMatch(/notification\.advisory|tls\.ca/);
  }
});

it('B995 how many outages were over within the last day, and how long they lasted', async () => {
  const { downTimeOf } = await load('verdict.js');
  const now = Date.parse('2026-11-27T12:00:00Z');
  const outage = (startedAt: string, endedAt: string | null) => ({ startedAt, endedAt });
  const outages = [
    outage('2026-11-27T11:00:00Z', '2026-11-27T11:00:30Z'),
    outage('2026-11-26T11:58:00Z', '2026-11-26T12:01:00Z'),
    outage('2026-11-26T10:00:00Z', '2026-11-26T11:00:00Z'),
    outage('2026-11-27T11:59:00Z', null),
  ];
  expect(downTimeOf(outages, now)).toEqual({ count: 2, seconds: 210 });
});

it('B996 up to two services that are out are named, of more their number is said; that all are shut out comes first', async () => {
  const { statusWords, summary } = await load('verdict.js');
  const health = (status: string, ...states: string[]) => ({
    status,
    services: states.map((state, index) => ({ name: `S${index}`, state, admin: 'ready', drill: null })),
  });
  // Without words their keys stand there.
  const two = health('degraded', 'out-of-service', 'in-service', 'reconnecting');
  expect(summary(two)).toBe('S0 state.out-of-service · S2 state.reconnecting');
  expect(statusWords(two)).toBe(summary(two));
  expect(summary(health('degraded', 'out-of-service', 'out-of-service', 'out-of-service', 'in-service'))).toBe(
    'summary.out.other',
  );
  expect(summary(health('down', 'out-of-service', 'out-of-service'))).toBe('status.down · S0, S1 state.out-of-service');
  expect(statusWords(health('degraded', 'in-service'))).toBe('status.degraded');
  expect(statusWords(health('ok', 'in-service'))).toBe('status.ok');
});
